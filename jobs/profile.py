"""A reconciliation profile: what one kind of file looks like, and the rules that match its sides.

Only what this version executes is accepted, so that no key of a profile is silently without
effect. Each field's description (pt-BR) says what would be right: errors quote it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from string import ascii_letters, digits
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from jobs.runtime import join, read
from shared.contract import Currency, ProfileName, sha256_of
from shared.currency import EXPONENTS
from shared.errors import ReconError, StageInputError

Side = Literal["A", "B"]
TextColumn = Literal[
    "entry_id", "account", "reference", "description", "counterparty", "kind", "group_key"
]
Calendar = Literal["civil", "br-bank"]
AmountColumn = Literal["gross", "fee", "net", "balance"]  # beside the amount, and optional
Column = Literal["side", "posted_on", "value_on", "amount", "currency", TextColumn, AmountColumn]
KeyColumn = Literal["amount", "currency", "reference_norm", TextColumn]
GroupColumn = Literal["reference_norm", TextColumn]
MAX_AMOUNT = 10**18  # beyond any amount of a file, within what the engines compute with
MAX_DAYS = 36_600
_Days = Annotated[StrictInt, Field(ge=-MAX_DAYS, le=MAX_DAYS)]
TEXT_COLUMNS: tuple[str, ...] = get_args(TextColumn)
AMOUNT_COLUMNS: tuple[str, ...] = get_args(AmountColumn)


class ProfileError(ReconError):
    """A profile is missing or wrong. A retry does not help."""

    code = "PROFILE"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Csv(_Section):
    """The dialect, declared and never sniffed."""

    delimiter: str = Field(
        ",",
        description="um caractere ASCII que não seja letra, algarismo, aspas nem quebra de linha",
    )
    quote: str = Field(
        '"', description="um caractere ASCII que não seja letra, algarismo nem quebra de linha"
    )
    escape: str = Field(
        '"',
        description="o caractere de aspas (que então se dobra) ou outro, como a barra invertida",
    )
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "latin-1", "utf-16"] = Field(
        "utf-8", description="utf-8, utf-8-sig, cp1252, iso-8859-1, latin-1 ou utf-16"
    )
    encoding_fallback: Literal["cp1252", "iso-8859-1", "latin-1"] | None = Field(
        None,
        description="cp1252, iso-8859-1 ou latin-1: como ler as linhas que não são UTF-8",
    )
    decimal: Literal[".", ","] = Field(".", description='"." ou ","')
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "", description='"" (nenhum), ".", ",", " " ou "\'"'
    )
    date_format: str = Field(
        "%Y-%m-%d",
        description="%d, %m e %Y (ou %y: 00 a 68 são 2000 a 2068; 69 a 99, 1969 a 1999) uma vez cada, "
        'e %H, %M, %S se houver, como "%d/%m/%Y"',
    )
    header_match: tuple[str, ...] = Field(
        (),
        description="nomes de colunas que só o cabeçalho tem: acham-no depois de um preâmbulo",
    )
    skip_rows_where: dict[Column, str] = Field(
        default_factory=dict,
        description='coluna canônica = expressão regular (RE2), como { description = "^SALDO" }',
    )

    @field_validator("delimiter", "quote", "escape")
    @classmethod
    def _one_plain_byte(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in ascii_letters + digits + "\r\n\0":
            raise ValueError
        return value

    @field_validator("date_format")
    @classmethod
    def _a_whole_date(cls, value: str) -> str:
        directives = [part[:1] for part in value.split("%")[1:]]
        of_the_day = set(directives) - set("HMS")
        if len(set(directives)) < len(directives) or of_the_day not in (set("dmY"), set("dmy")):
            raise ValueError
        return value

    @field_validator("skip_rows_where")
    @classmethod
    def _compiles(cls, value: dict[str, str]) -> dict[str, str]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for column, pattern in value.items():
            try:
                pc.match_substring_regex(pa.scalar(""), pattern)
            except pa.ArrowInvalid:
                raise ValueError(
                    f"{pattern!r}, de {column}, não é uma expressão regular RE2"
                ) from None
        return value

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.delimiter in (self.quote, self.escape):
            raise ValueError("delimiter tem de ser diferente de quote e de escape")
        if self.decimal == self.thousands:
            raise ValueError("decimal e thousands têm de ser diferentes")
        if self.encoding_fallback and not self.encoding.startswith("utf-8"):
            raise ValueError("encoding_fallback só vale com encoding = utf-8 ou utf-8-sig")
        return self


class SideSource(_Section):
    """`"A"` or `"B"`: the whole file is that side. Another text: the column that says it.

    A table also gives the file's words for the sides.
    """

    constant: Side | None = Field(None, description='"A" ou "B"')
    column: str | None = Field(None, min_length=1, description="o nome de uma coluna do arquivo")
    values: dict[Annotated[str, Field(min_length=1)], Side] = Field(
        {"A": "A", "B": "B"},
        min_length=1,
        description='as palavras do arquivo, como { RAZAO = "A", BANCO = "B" }',
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"constant" if value in get_args(Side) else "column": value}
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.constant is None) == (self.column is None):
            raise ValueError
        return self


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_NAME = "o nome de uma coluna do arquivo ou uma lista (vale o primeiro que o cabeçalho tem)"
_TABLE = f'{_NAME}, ou {{ column = "…", optional = true }}'
_TEXT = f'{_NAME}, ou {{ column = "…", optional = true }} ou {{ constant = "…" }}'
_SIGNED = f'{_TABLE} ou sign = "inverse"'
_AMOUNT = (
    f'{_NAME}, {{ column = "…", sign = "inverse" }}, {{ debit = "…", credit = "…" }} ou '
    '{ column = "…", mark = "…", debit = ["D"], credit = ["C"] }'
)
_Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed), Field(min_length=1)
]


class Source(_Section):
    """A name, names (the first that the header has is taken), or a table that says more."""

    column: _Names = Field(description=_NAME)
    optional: StrictBool = Field(
        False, description="true ou false: se o cabeçalho pode não ter a coluna, então vazia"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str | list | tuple) else value

    @property
    def slots(self) -> dict[str, tuple[str, ...]]:
        """What is read of a record, "" the value itself → the file's names for it."""
        return {"": self.column}


class TextSource(Source):
    column: _Names = Field((), description=_NAME)
    constant: str | None = Field(
        None, min_length=1, description="um texto, igual em todas as linhas"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.column) == (self.constant is not None) or (self.constant and self.optional):
            raise ValueError
        return self

    @property
    def slots(self) -> dict[str, tuple[str, ...]]:
        return {"": self.column} if self.column else {}


class SignedSource(Source):
    sign: Literal["normal", "inverse"] = Field(
        "normal",
        description='"normal" ou "inverse": se o arquivo escreve o valor com o sinal trocado',
    )


class AmountSource(SignedSource):
    """One column; one whose direction another column marks; or one column for debits and one for credits.

    A debit is negative, whether or not the file also gives it a minus sign. A credit with one is a reject.
    """

    column: _Names = Field((), description=_NAME)
    mark: _Names = Field((), description=_NAME)
    debit: _Names = Field((), description=f'{_NAME}; com mark: as marcas de débito, como ["D"]')
    credit: _Names = Field((), description=f'{_NAME}; com mark: as marcas de crédito, como ["C"]')

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = {name for name in ("column", "mark", "debit", "credit") if getattr(self, name)}
        forms = {"column"}, {"debit", "credit"}, {"column", "mark", "debit", "credit"}
        if given not in forms or self.optional or set(self.debit) & set(self.credit):
            raise ValueError
        return self

    @property
    def directions(self) -> dict[str, int]:
        """Mark → its sign; none without a column of marks."""
        if not self.mark:
            return {}
        return dict.fromkeys(self.debit, -1) | dict.fromkeys(self.credit, 1)

    @property
    def slots(self) -> dict[str, tuple[str, ...]]:
        if not self.column:
            return {"debit": self.debit, "credit": self.credit}
        return {"": self.column} | ({"mark": self.mark} if self.mark else {})


class SideColumns(_Section):
    """Canonical column → the file's column, of a file whose side is known."""

    posted_on: Source = Field(description=_NAME)
    value_on: Source | None = Field(None, description=_TABLE)
    amount: AmountSource = Field(description=_AMOUNT)
    currency: Source | None = Field(None, description=_TABLE)
    entry_id: TextSource | None = Field(None, description=_TEXT)
    account: TextSource | None = Field(None, description=_TEXT)
    reference: TextSource | None = Field(None, description=_TEXT)
    description: TextSource | None = Field(None, description=_TEXT)
    counterparty: TextSource | None = Field(None, description=_TEXT)
    kind: TextSource | None = Field(None, description=_TEXT)
    group_key: TextSource | None = Field(None, description=_TEXT)
    gross: SignedSource | None = Field(None, description=_SIGNED)
    fee: SignedSource | None = Field(None, description=_SIGNED)
    net: SignedSource | None = Field(None, description=_SIGNED)
    balance: SignedSource | None = Field(None, description=_SIGNED)

    @field_validator("posted_on")
    @classmethod
    def _always_there(cls, value: Source) -> Source:
        if value.optional:
            raise ValueError
        return value


class Columns(SideColumns):
    side: SideSource = Field(
        description='"A", "B", o nome de uma coluna ou { column = "…", values = { RAZAO = "A" } }'
    )

    @property
    def _mapped(self) -> dict[str, Source]:
        named = {name: getattr(self, name) for name in type(self).model_fields if name != "side"}
        return {name: source for name, source in named.items() if source is not None}

    @property
    def names(self) -> set[str]:
        """Canonical columns that it maps, be it to a constant."""
        return {*self._mapped, *(["side"] if self.side.column else [])}

    @property
    def constants(self) -> dict[str, str]:
        given = {name: getattr(source, "constant", None) for name, source in self._mapped.items()}
        return {name: text for name, text in given.items() if text is not None}

    @property
    def inverse(self) -> set[str]:
        """Amounts that the file writes with the opposite sign."""
        signs = {name: getattr(source, "sign", "normal") for name, source in self._mapped.items()}
        return {name for name, sign in signs.items() if sign == "inverse"}

    @property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """What is read of a record → the file's names for it, the preferred first."""
        read: dict[str, tuple[str, ...]] = {}
        if self.side.column:
            read["side"] = (self.side.column,)
        for name, source in self._mapped.items():
            read |= {slot or name: names for slot, names in source.slots.items()}
        return read

    @property
    def required(self) -> dict[str, tuple[str, ...]]:
        """Of `sources`, what every header has to have."""
        optional = {name for name, source in self._mapped.items() if source.optional}
        return {slot: names for slot, names in self.sources.items() if slot not in optional}

    def among(self, header: Collection[str]) -> dict[str, str]:
        """What is read of a record → the name that this header has for it."""
        found = {
            slot: next((name for name in names if name in header), None)
            for slot, names in self.sources.items()
        }
        return {slot: name for slot, name in found.items() if name is not None}


_VALUE = "(?P<value>"
_PATTERN = (
    f"uma expressão regular (RE2) em que só os grupos com nome capturam; vale o grupo {_VALUE}…) "
    "ou, sem ele, o trecho todo"
)


class Extract(_Section):
    """What a column's own value does not say: the first match of a pattern in another column."""

    source: TextColumn = Field(
        "description", alias="from", description=f"uma destas: {', '.join(TEXT_COLUMNS)}"
    )
    pattern: str = Field(description=_PATTERN)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"pattern": value} if isinstance(value, str) else value

    @field_validator("pattern")
    @classmethod
    def _extracts(cls, value: str) -> str:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            found = pc.extract_regex(pa.scalar(""), _with_value(value))
        except pa.ArrowInvalid:
            raise ValueError from None  # the description says more, and in Portuguese
        if [group.name for group in found.type].count("value") != 1:  # none, as in `[(?P<value>]`
            raise ValueError
        return value

    @property
    def named_pattern(self) -> str:
        """Its group `value` is what is extracted."""
        return _with_value(self.pattern)


def _with_value(pattern: str) -> str:
    return pattern if _VALUE in pattern else f"{_VALUE}{pattern})"


_EXTRACT = (
    'coluna canônica = expressão regular, ou { from = "description", pattern = "…" }: '
    "o que encher a coluna onde está vazia"
)


class SideFile(_Section):
    """The file that one side is."""

    csv: Csv = Field(default_factory=Csv, description="uma tabela")
    columns: SideColumns = Field(description="uma tabela")
    extract: dict[TextColumn, Extract] = Field(default_factory=dict, description=_EXTRACT)


class Sides(_Section):
    A: SideFile = Field(description="uma tabela: o arquivo de referência")
    B: SideFile = Field(description="uma tabela: o arquivo enviado")


class ReferenceRules(_Section):
    max_age_days: StrictInt = Field(
        ge=0, le=MAX_DAYS, description="dias, um inteiro de 0 a 36600: mais velha, não serve"
    )


class Validate(_Section):
    max_reject_ratio: Decimal = Field(
        Decimal(1),
        ge=0,
        le=1,
        description="de 0 a 1: acima disso o arquivo é recusado (sem nenhum lançamento, sempre)",
    )
    on_balance_break: Literal["warn", "halt"] = Field(
        "warn",
        description='"warn" (uma divergência) ou "halt" (sem conclusão): o que é um saldo que não é o anterior mais os '
        "lançamentos desde ele",
    )


class AmountTolerance(_Section):
    """Inclusive; either is enough. abs: units of the currency; bps: basis points of A's amount."""

    abs: Decimal = Field(
        Decimal(0), ge=0, le=MAX_AMOUNT, description='um valor na moeda, como 0 ou "0.05"'
    )
    bps: StrictInt = Field(0, ge=0, le=10_000, description="pontos-base, um inteiro de 0 a 10000")


class Pass(_Section):
    """One pass. match: pairs of rows with equal keys whose amounts and days are near enough. group: all rows of both
    sides with one group key and currency, where their sums are near enough."""

    name: str = Field(
        pattern=r"^[a-z0-9+-]{1,40}$", description="a-z, 0-9, + e hífen, até 40 caracteres"
    )
    kind: Literal["match", "group"] = Field(
        "match", description='"match" (linha a linha) ou "group" (a soma de um lote)'
    )
    on: tuple[KeyColumn, ...] = Field(
        (),
        description=f"uma lista destas: amount, currency, reference_norm, {', '.join(TEXT_COLUMNS)}",
    )
    amount: AmountTolerance = Field(
        default_factory=AmountTolerance, description='como { abs = "0.05", bps = 10 }'
    )
    days: tuple[_Days, _Days] = Field(
        (0, 0), description="[menor, maior] de B.posted_on − A.posted_on, em dias, como [0, 2]"
    )
    calendar: Calendar = Field(
        "civil", description='"civil" (todos os dias) ou "br-bank": days em dias úteis bancários'
    )
    unique: StrictBool = Field(False, description="true ou false: se só vale um candidato único")
    mode: Literal["automatic", "suggest"] = Field(
        "automatic",
        description='"automatic" ou "suggest": propõe pares entre o que os outros passes deixaram, e nada concilia',
    )

    group_by: GroupColumn | None = Field(
        None, description=f"uma destas: reference_norm, {', '.join(TEXT_COLUMNS)}"
    )
    compare: Literal["amount", "gross", "net"] = Field(
        "amount",
        description='"amount", "gross" ou "net": o que se compara ou soma; amount onde a linha não tem o valor',
    )

    @field_validator("days")
    @classmethod
    def _in_order(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1]:
            raise ValueError
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        needed, foreign = (
            ("group_by", {"on", "days", "calendar", "unique", "mode"})
            if self.kind == "group"
            else ("on", {"group_by"})
        )
        if not getattr(self, needed):
            raise ValueError(f"o passe {self.name} (kind = {self.kind}) precisa de {needed}")
        if without_effect := foreign & self.model_fields_set:
            raise ValueError(
                f"o passe {self.name} (kind = {self.kind}) não tem {', '.join(sorted(without_effect))}"
            )
        if len(set(self.on)) < len(self.on):
            raise ValueError(f"o passe {self.name} repete uma coluna em on")
        if self.on == ("currency",):  # every pass compares it already
            raise ValueError(f"o passe {self.name}: on precisa de uma coluna além de currency")
        if (
            "amount" in self.on
            and self.compare == "amount"
            and (self.amount.abs or self.amount.bps)
        ):
            raise ValueError(
                f"o passe {self.name} tem amount em on: os valores são iguais, e a tolerância não age"
            )
        return self

    @property
    def key(self) -> set[str]:
        """Canonical columns of its key, but amount and currency, which every file has."""
        named = {*self.on, self.group_by or "amount"}
        return {column.removesuffix("_norm") for column in named} - {"amount", "currency"}


class Limits(_Section):
    max_candidates_per_row: StrictInt = Field(
        50, ge=1, le=10_000, description="um inteiro de 1 a 10000"
    )
    max_pairs: StrictInt = Field(50_000_000, ge=1, le=10**12, description="um inteiro de 1 a 10¹²")


class Materiality(_Section):
    """Absent: every break is material."""

    break_: Decimal | None = Field(
        None, alias="break", ge=0, le=MAX_AMOUNT, description='um valor na moeda, como "1.00"'
    )
    run_net: Decimal | None = Field(
        None, ge=0, le=MAX_AMOUNT, description='um valor na moeda, como "100.00"'
    )
    run_gross: Decimal | None = Field(
        None, ge=0, le=MAX_AMOUNT, description='um valor na moeda, como "1000.00"'
    )

    @property
    def judges_run(self) -> bool:
        """Whether the sums of a run count, and not each of its breaks alone."""
        return self.run_net is not None or self.run_gross is not None


class Grace(_Section):
    """Days that this side may come after the other: so long the other's row waits before it is a break."""

    A: StrictInt = Field(
        0, ge=0, le=MAX_DAYS, description="quantos dias A pode atrasar, um inteiro de 0 a 36600"
    )
    B: StrictInt = Field(
        0, ge=0, le=MAX_DAYS, description="quantos dias B pode atrasar, um inteiro de 0 a 36600"
    )
    calendar: Calendar = Field(
        "civil", description='"civil" (todos os dias) ou "br-bank": A e B em dias úteis bancários'
    )


class Fees(_Section):
    """What the acquirer may keep of the gross amount: checked in every matched row that has gross and fee."""

    by: TextColumn = Field("kind", description=f"uma destas: {', '.join(TEXT_COLUMNS)}")
    rates: dict[str, Annotated[StrictInt, Field(ge=0, le=10_000)]] = Field(
        min_length=1,
        description="valor da coluna by = pontos-base, um inteiro de 0 a 10000, como { credito = 199 }",
    )
    tolerance: Decimal = Field(
        Decimal(0),
        ge=0,
        le=MAX_AMOUNT,
        description='um valor na moeda, como "0.01", além do arredondamento',
    )


class Reversals(_Section):
    """Rows that undo another one. One that stays open, and whose original the file does not have, is an orphan."""

    kinds: tuple[str, ...] = Field(
        min_length=1, description='valores da coluna kind, como ["estorno", "chargeback"]'
    )
    on: tuple[GroupColumn, ...] = Field(
        ("reference_norm",),
        min_length=1,
        description="o que o estorno e o original têm em comum: reference_norm, "
        + ", ".join(TEXT_COLUMNS),
    )


class Aging(_Section):
    buckets: tuple[_Days, ...] = Field(
        (1, 7, 30, 90), description="dias, em ordem crescente, como [1, 7, 30, 90]"
    )

    @field_validator("buckets")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or value[0] < 0:
            raise ValueError
        return value


@dataclass(frozen=True)
class FileFormat:
    """How one file is read. at: where the profile says it, as in `[sides.A.columns]`."""

    csv: Csv
    columns: Columns
    extract: Mapping[TextColumn, Extract]
    currency: str
    at: str = ""

    @property
    def filled(self) -> set[str]:
        """Canonical columns that its entries may have."""
        return self.columns.names | self.extract.keys()


class Expect(_Section):
    """A file of this profile is to come by that hour on each of those days; where none did, people are told."""

    by: str = Field(
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description='uma hora de São Paulo entre aspas, como "09:00"',
    )
    days: Calendar = Field("br-bank", description='"civil" ou "br-bank"')


class Profile(_Section):
    schema_version: StrictInt = Field(alias="schema", ge=1, le=1, description="1")
    name: ProfileName = Field(description="a-z, 0-9 e hífen, até 24 caracteres")
    layout: Literal["single_file", "against_reference"] = Field(
        description='"single_file" (os dois lados em um arquivo) ou "against_reference" (o arquivo '
        "enviado é o lado B, e uma referência guardada antes é o A)"
    )
    timezone: Literal["America/Sao_Paulo"] = Field(
        "America/Sao_Paulo", description='"America/Sao_Paulo"'
    )
    currency: Currency = Field(
        "BRL", description="um código ISO 4217, como BRL: vale onde o arquivo não diz a moeda"
    )
    csv: Csv = Field(default_factory=Csv, description="uma tabela")
    columns: Columns | None = Field(None, description="uma tabela")
    extract: dict[TextColumn, Extract] = Field(default_factory=dict, description=_EXTRACT)
    sides: Sides | None = Field(None, description="as tabelas A e B")
    reference: ReferenceRules | None = Field(None, description="uma tabela")
    validation: Validate = Field(
        default_factory=Validate, alias="validate", description="uma tabela"
    )
    passes: tuple[Pass, ...] = Field(min_length=1, description="pelo menos um [[passes]]")
    limits: Limits = Field(default_factory=Limits, description="uma tabela")
    materiality: Materiality = Field(default_factory=Materiality, description="uma tabela")
    fees: Fees | None = Field(None, description="uma tabela")
    reversals: Reversals | None = Field(None, description="uma tabela")
    grace: Grace = Field(default_factory=Grace, description="uma tabela")
    aging: Aging = Field(default_factory=Aging, description="uma tabela")
    expect: Expect | None = Field(None, description="uma tabela")

    @field_validator("currency")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in EXPONENTS:
            raise ValueError
        return value

    @model_validator(mode="after")
    def _of_its_layout(self) -> Self:
        of_one_file, of_two = {"csv", "columns", "extract"}, {"sides", "reference"}
        needed, foreign, instead = (
            ({"columns"}, of_two, "[csv], [columns] e [extract]")
            if self.layout == "single_file"
            else (
                of_two,
                of_one_file,
                "[sides.A.csv], [sides.A.columns], o mesmo de B, e [reference]",
            )
        )
        layout = f'layout = "{self.layout}"'
        if wrong := foreign & self.model_fields_set:
            raise ValueError(f"{layout} não tem {', '.join(sorted(wrong))}: usa {instead}")
        if missing := [name for name in sorted(needed) if getattr(self, name) is None]:
            raise ValueError(f"{layout} precisa de {', '.join(missing)}: usa {instead}")
        return self

    @property
    def upload(self) -> FileFormat:
        if self.sides:
            return self._of_side(self.sides.B, "B")
        if self.columns is None:
            raise TypeError(f"no columns in layout {self.layout}")
        return FileFormat(self.csv, self.columns, self.extract, self.currency)

    @property
    def reference_file(self) -> FileFormat | None:
        """None: both sides are in the upload."""
        return self._of_side(self.sides.A, "A") if self.sides else None

    @property
    def mapped(self) -> set[str]:
        """Canonical columns that a file of it may have."""
        return set().union(*(file.columns.names for file in self._files))

    @property
    def _files(self) -> list[FileFormat]:
        return [file for file in (self.reference_file, self.upload) if file]

    def _of_side(self, file: SideFile, side: Side) -> FileFormat:
        columns = Columns.model_validate({**dict(file.columns), "side": side})
        return FileFormat(file.csv, columns, file.extract, self.currency, f"sides.{side}.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        names = [p.name for p in self.passes]
        if len(set(names)) < len(names):
            raise ValueError("dois [[passes]] têm o mesmo name")
        if all(p.mode == "suggest" for p in self.passes):
            raise ValueError('falta um [[passes]] com mode = "automatic": sugestões nada conciliam')
        files = self._files
        for file in files:
            mapped = file.columns.names
            _require("extract", {e.source for e in file.extract.values()}, mapped, file)
            _require("skip_rows_where", file.csv.skip_rows_where, mapped, file)
            for p in self.passes:
                _require(f"o passe {p.name}", p.key, file.filled, file)
        # What a row may lack, one side may lack.
        sources = set().union(*(file.filled for file in files))
        for p in self.passes:
            _require(f"o passe {p.name}", {p.compare} - {"amount"}, sources, *files)
        if self.reversals:
            linked = {column.removesuffix("_norm") for column in self.reversals.on}
            _require("reversals", {"kind", *linked}, sources, *files)
        if self.fees:
            _require("fees", {self.fees.by, "gross", "fee"}, sources, *files)
        if "on_balance_break" in self.validation.model_fields_set:
            _require("validate.on_balance_break", {"balance"}, sources, *files)
        return self

    @property
    def sha256(self) -> str:
        """Of the canonical form: comments, order and spelling of the TOML do not change it; nor when a file is due."""
        return sha256_of(self.model_dump(mode="json", exclude={"expect"}))


def _require(user: str, columns: Iterable[str], sources: set[str], *files: FileFormat) -> None:
    if missing := set(columns) - sources:
        where = " e em ".join(f"[{file.at}columns]" for file in files)
        raise ValueError(f"{user} usa {', '.join(sorted(missing))}, que falta em {where}")


def minor_units(value: Decimal, exponent: int) -> int:
    """A limit in a currency's minor units, rounded down: inclusive comparisons stay exact."""
    return int(value.scaleb(exponent).to_integral_value(ROUND_FLOOR))


def load_profile(folder: str, name: str) -> Profile:
    """Raises ProfileError where the folder has no such profile or it is wrong."""
    uri = join(folder, f"{name}.toml")
    try:
        text = read(uri)
    except StageInputError as error:
        raise ProfileError(
            f"O perfil {name} não existe: {uri} não foi encontrado.",
            hint="Publique o perfil com recon publish, ou use um dos publicados, por exemplo default."
            if uri.startswith("s3://")
            else f"Crie {uri}, ou use um dos que existem, por exemplo default.",
        ) from error
    profile = parse_profile(text, uri)
    if profile.name != name:
        raise ProfileError(
            f'{uri}: name = "{profile.name}" não é o nome do arquivo; use name = "{name}".'
        )
    return profile


def parse_profile(text: bytes, origin: str) -> Profile:
    """Raises ProfileError naming origin, key, value and what would be right."""
    try:
        return Profile.model_validate(tomllib.loads(text.decode(), parse_float=Decimal))
    except ValidationError as error:
        found = error.errors()
        # A table of which a part is wrong lacks that part: what it says for itself is no fault of its own.
        inner = {e["loc"][:depth] for e in found for depth in range(len(e["loc"]))}
        wrong = "; ".join(
            _explain(e["loc"], e["type"], e["input"], e.get("ctx", {}))
            for e in found
            if e["loc"] not in inner
        )
        raise ProfileError(f"{origin}: {wrong}") from error
    except RecursionError as error:
        raise ProfileError(
            f"{origin} tem listas ou tabelas demais umas dentro das outras."
        ) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ProfileError(f"{origin} não é um TOML válido em UTF-8: {error}") from error


def _explain(
    loc: tuple[int | str, ...], kind: str, value: object, context: Mapping[str, Any]
) -> str:
    path = _path(loc)
    keys, field = _field_at(loc)
    if field is None and kind in ("extra_forbidden", "literal_error"):
        return f"a chave {path} não existe nesta versão; aqui existem: {', '.join(keys)}"
    if kind == "missing":
        return f"falta a chave {path}: {field.description if field else ''}"
    reason = str(context.get("error", "")) or f"use {field.description if field else ''}"
    return f"{path}{_shown(value)}: {reason}" if path else reason


def _path(loc: tuple[int | str, ...]) -> str:
    """As people count: `passes[1]` is the first."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removesuffix(".[key]").removeprefix(".")


def _shown(value: object) -> str:
    """As TOML writes it. A whole table is not repeated."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) for item in items):
        return ""
    written = [
        str(i).lower() if isinstance(i, bool) else repr(i) if isinstance(i, str) else str(i)
        for i in items
    ]
    return f" = [{', '.join(written)}]" if items is value else f" = {written[0]}"


def _field_at(loc: tuple[int | str, ...]) -> tuple[list[str], FieldInfo | None]:
    """The keys that an error's location could name, and the field that it does name, if any."""
    model: type[BaseModel] | None = Profile
    keys: list[str] = []
    field = None
    of_table = False
    for part in loc:
        if part == "[key]" and field:
            names = get_args(field.annotation)[0]
            return (list(get_args(names)), None) if get_origin(names) is Literal else ([], field)
        if model is None or isinstance(part, int):
            continue
        if of_table:  # the table's own key, a column's name
            of_table = False
            continue
        fields = {f.alias or name: f for name, f in model.model_fields.items()}
        keys, field = list(fields), fields.get(part)
        model = section_in(field.annotation) if field else None
        of_table = field is not None and get_origin(field.annotation) is dict
    return keys, field


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's type holds, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(section_in, get_args(annotation))), None)
