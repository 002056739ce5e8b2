"""What profile would read a file: a proposal from its first bytes, for a person to look at and correct.

A run never guesses. What is guessed here is tried by the code that a run reads with: of the forms that a date or a
value may have, the one that leaves the fewest rows rejected.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jobs.profile import Csv, Profile, parse_profile
from jobs.validation.encoding import as_utf8, utf8_chunks
from jobs.validation.header import SEARCHED
from jobs.validation.judgement import normalised, without_line_break
from jobs.validation.records import Grammar, cut
from recon.errors import UsageError
from recon.profile.draft import PIX, Draft, toml
from recon.profile.preview import CHUNK, Preview, preview
from shared.ptbr import listed

DELIMITERS = (";", ",", "\t", "|")
# Canonical column → names of a header, as `_plain` has them, the best first. A name is taken once.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "side": ("SIDE", "LADO", "ORIGEM"),
    "posted_on": (
        *("POSTED ON", "DATA LANCAMENTO", "DATA DO LANCAMENTO", "DATA DA VENDA", "DATA VENDA"),
        *(
            "DATA MOVIMENTO",
            "DATA DA TRANSACAO",
            "DATA",
            "DATE",
            "TRANSACTION DATE",
            "DT LANCAMENTO",
        ),
    ),
    "value_on": (
        *("VALUE ON", "DATA CREDITO", "DATA DO CREDITO", "DATA DE CREDITO", "DATA PAGAMENTO"),
        *("DATA DE PAGAMENTO", "DATA DO PAGAMENTO", "DATA DE RECEBIMENTO", "VENCIMENTO"),
    ),
    "debit": ("DEBITO", "DEBITO R", "DEBIT", "SAIDA", "SAIDAS"),
    "credit": ("CREDITO", "CREDITO R", "CREDIT", "ENTRADA", "ENTRADAS"),
    "gross": ("GROSS", "VALOR BRUTO", "BRUTO"),
    "fee": ("FEE", "TAXA", "TARIFA", "TAXA TARIFA", "VALOR DA TAXA", "VALOR DESCONTADO", "MDR"),
    "net": ("NET", "VALOR LIQUIDO", "LIQUIDO", "VALOR LIQUIDO DA VENDA"),
    "amount": (
        *("AMOUNT", "VALOR", "VALOR R", "VALOR DO LANCAMENTO", "VALOR DA VENDA", "VALOR TOTAL"),
        *("VALUE", "MONTANTE", "TOTAL"),
    ),
    "mark": ("D C", "DC", "C D", "DEBITO CREDITO", "NATUREZA", "TIPO", "TIPO LANCAMENTO", "SINAL"),
    "balance": ("BALANCE", "SALDO", "SALDO R"),
    "entry_id": (
        *("ENTRY ID", "ID", "IDENTIFICADOR", "NSU", "NSU DOC", "TRANSACTION ID", "FITID", "ID PIX"),
        *("END TO END ID", "ID TRANSACAO", "ID DA TRANSACAO"),
    ),
    "reference": (
        *("REFERENCE", "REFERENCIA", "DOCUMENTO", "DOCTO", "DOC", "NUMERO DO DOCUMENTO", "NF"),
        *("NOTA FISCAL", "INVOICE NUMBER", "CODIGO DE AUTORIZACAO"),
    ),
    "description": (
        *("DESCRIPTION", "DESCRICAO", "HISTORICO", "LANCAMENTO", "TITLE", "MEMO", "DETALHES"),
    ),
    "counterparty": ("COUNTERPARTY", "FAVORECIDO", "CONTRAPARTE", "NOME", "NAME", "CLIENTE"),
    "kind": ("KIND", "TIPO", "TYPE", "CATEGORIA", "CATEGORY", "FORMA DE PAGAMENTO", "HISTORICO"),
    "currency": ("CURRENCY", "MOEDA"),
    "account": ("ACCOUNT", "CONTA"),
    "group_key": ("GROUP KEY", "LOTE", "RESUMO DE VENDAS", "RESUMO DA OPERACAO", "NUMERO DO LOTE"),
}
SIDES = {
    **dict.fromkeys(("A", "RAZAO", "ERP", "LIVRO", "LEDGER", "VENDAS", "SISTEMA"), "A"),
    **dict.fromkeys(("B", "BANCO", "BANK", "EXTRATO", "ADQUIRENTE"), "B"),
}
MARKS = {
    **dict.fromkeys(("D", "DEBITO", "DEBIT", "-"), "debit"),
    **dict.fromkeys(("C", "CREDITO", "CREDIT", "+"), "credit"),
}
DATES = (
    *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d"),
    *("%Y%m%d", "%d%m%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S"),
    *("%d/%m/%Y %H:%M", "%m/%d/%y"),
)
_SKIPS = {"description": "(?i)^s ?a ?l ?d ?o", "posted_on": "(?i)^total"}


@dataclass(frozen=True)
class Proposal:
    """text: the profile's TOML; remarks (pt-BR): what a person should look at; reference: the ledger."""

    name: str
    text: str
    remarks: tuple[str, ...]
    seen: Preview
    reference: Preview | None = None


def propose(head: bytes, name: str) -> Proposal:
    """head: the file's first bytes. Raises UsageError where its columns tell too little."""
    draft, remarks = found_out(head, name)
    return Proposal(name, toml(draft), (*remarks, *_remarks_of_one(draft)), read(draft, head))


def found_out(head: bytes, name: str, whose: str = "") -> tuple[Draft, list[str]]:
    """What one file says, and remarks on what it leaves open. whose: it is, where there are two."""
    draft = _with_words(_columns_of(head, name, whose), head)
    amounts = [(",", "."), (",", ""), (".", ""), (".", ",")]
    if draft.delimiter == ",":
        amounts = [*amounts[2:], *amounts[:2]]
    tried = [replace(draft, date_format=text) for text in DATES]
    tried = [replace(d, decimal=amounts[0][0], thousands=amounts[0][1]) for d in tried]
    draft, other_dates = _best(tried, head, ("DATE_FORMAT", "DATE_RANGE"))
    tried = [replace(draft, decimal=d, thousands=t) for d, t in amounts]
    draft, other_amounts = _best(tried, head, ("AMOUNT_FORMAT", "AMOUNT_SCALE"))
    if {"gross", "fee", "net"} <= draft.columns.keys():
        signs = [replace(draft, inverse_fee=inverse) for inverse in (False, True)]
        draft, _ = _best(signs, head, ("NET_NOT_GROSS_MINUS_FEE",))
    draft = _with_skips(draft, head)
    return draft, list(_remarks(draft, other_dates, other_amounts))


def _records(head: bytes, encoding: str, grammar: Grammar) -> Iterator[bytes]:
    """Without their line breaks."""
    chunks = utf8_chunks(io.BytesIO(head), encoding, hashlib.sha256(), CHUNK)
    for block in cut(chunks, grammar):
        for i in range(len(block)):
            yield without_line_break(block.record(i))


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:  # the last character may be cut in two
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _columns_of(head: bytes, name: str, whose: str) -> Draft:
    """The record, read with one of the delimiters, in which the most columns are known by name."""
    encoding = _encoding(head)
    best: tuple[int, int, Draft] | None = None
    widest: tuple[int, list[str]] = (0, [])
    for delimiter in DELIMITERS:
        grammar = Grammar(Csv(delimiter=delimiter))
        for number, record in enumerate(islice(_records(head, encoding, grammar), SEARCHED)):
            fields = grammar.split(as_utf8(record, None)) or []
            names = [text.decode(errors="replace").strip() for text in fields]
            widest = max(widest, (len(names), names), key=lambda found: found[0])
            columns = _known(names)
            if not _enough(columns):
                continue
            marks = (columns["posted_on"], columns.get("amount") or columns["credit"])
            draft = Draft(name, encoding, delimiter, columns, marks if number else ())
            if best is None or (len(columns), -number) > best[:2]:
                best = (len(columns), -number, draft)
    if best:
        return best[2]
    raise UsageError(
        f"Não reconheci as colunas de data e de valor{whose}. As colunas parecem ser: "
        + (listed([name for name in widest[1] if name][:20] or ["nenhuma"]))
        + ".",
        hint="Copie profiles/extrato-br.toml e diga em [columns] qual coluna é qual: docs/profiles.md.",
    )


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", " ", normalised(name) or "").strip()


def _known(names: Sequence[str]) -> dict[str, str]:
    left = {_plain(name): name for name in reversed(names) if name}
    found: dict[str, str] = {}
    for column, aliases in ALIASES.items():
        if alias := next((alias for alias in aliases if alias in left), None):
            found[column] = left[alias]
            if column not in ("mark", "side"):  # what their words say decides: `_with_words`
                del left[alias]
    both = {"debit", "credit"} <= found.keys()
    if "amount" not in found and not both and (amount := found.get("net") or found.get("gross")):
        found["amount"] = amount
    return found


def _enough(columns: Mapping[str, str]) -> bool:
    return "posted_on" in columns and ("amount" in columns or {"debit", "credit"} <= columns.keys())


def _with_words(draft: Draft, head: bytes) -> Draft:
    """Whether a column tells the side, or the direction of the value: by the words in it."""
    columns = dict(draft.columns)
    if "amount" in columns:
        for part in ("debit", "credit"):
            columns.pop(part, None)
    sides = _words(draft, head, columns.get("side"), SIDES)
    marks = _words(draft, head, columns.get("mark"), MARKS) if "amount" in columns else {}
    if set(sides.values()) != {"A", "B"}:
        sides = {}
    if set(marks.values()) != {"debit", "credit"}:
        marks = {}
    if not sides:
        columns.pop("side", None)
    if not marks:
        columns.pop("mark", None)
    elif columns.get("kind") == columns["mark"]:
        del columns["kind"]
    return replace(draft, columns=columns, sides=sides, marks=marks)


def _words(
    draft: Draft, head: bytes, column: str | None, known: Mapping[str, str]
) -> dict[str, str]:
    """The column's words with what they mean; none where one of them is unknown."""
    if column is None:
        return {}
    grammar = Grammar(Csv(delimiter=draft.delimiter))
    rows = (grammar.split(record) or [] for record in _records(head, draft.encoding, grammar))
    for row in rows:
        names = [text.decode(errors="replace").strip() for text in row]
        if column in names and draft.columns["posted_on"] in names:
            place, width = names.index(column), len(names)
            break
    words = {
        row[place].decode(errors="replace")
        for row in islice(rows, 1000)
        if len(row) == width and row[place]
    }
    meant = {word: known.get(normalised(word) or "") for word in sorted(words)}
    if None in meant.values():
        return {}
    return {word: meaning for word, meaning in meant.items() if meaning}


def _best(drafts: Sequence[Draft], head: bytes, codes: Sequence[str]) -> tuple[Draft, list[Draft]]:
    """The draft that leaves the fewest rows rejected for one of these reasons, and those that are as good."""
    faults = [sum(reject.code in codes for reject in read(draft, head).rejects) for draft in drafts]
    equal = [draft for draft, count in zip(drafts, faults, strict=True) if count == min(faults)]
    return equal[0], equal[1:]


def _with_skips(draft: Draft, head: bytes) -> Draft:
    """Rows of totals and balances, where there are some."""
    seen = read(draft, head)
    texts = [e["description"] or "" for e in seen.entries]
    # What is rejected for its date or its value has no other column in the reject.
    rejected = [reject.raw_value for reject in seen.rejects]
    skips: dict[str, str] = {}
    for column, pattern in _SKIPS.items():
        if column not in draft.columns:
            continue
        without = replace(draft, skips={**skips, column: pattern})
        if read(without, head).skipped > read(replace(draft, skips=skips), head).skipped:
            skips[column] = pattern
    pix = "description" in draft.columns and "entry_id" not in draft.columns
    found = pix and any(re.search(PIX, text) for text in texts + rejected)
    return replace(draft, skips=skips, pix=found)


def read(draft: Draft, head: bytes) -> Preview:
    """By itself, whatever else the profile will say."""
    return preview(io.BytesIO(head), _profile(draft).upload)


def _profile(draft: Draft) -> Profile:
    return parse_profile(toml(draft).encode(), draft.name)


# For whoever decides


def _remarks(
    draft: Draft, other_dates: Sequence[Draft], other_amounts: Sequence[Draft]
) -> Iterator[str]:
    if other_dates:
        forms = listed([other.date_format for other in other_dates])
        yield f"As datas destas linhas cabem em {draft.date_format} e também em {forms}: confira date_format."
    if other_decimals := {o.decimal for o in other_amounts} - {draft.decimal}:
        yield f"Os valores destas linhas cabem também com decimal {' ou '.join(sorted(other_decimals))!r}: confira."
    columns = draft.columns
    if (amount := columns.get("amount")) and amount in (columns.get("net"), columns.get("gross")):
        yield f"O valor que se concilia é o da coluna {amount!r}: confira se não é outro."
    if "currency" not in draft.columns:
        yield "Não há coluna de moeda: vale BRL."
    if draft.skips:
        yield f"Linhas puladas por skip_rows_where: {listed(list(draft.skips))}. Confira se nenhuma é um lançamento."


def _remarks_of_one(draft: Draft) -> Iterator[str]:
    if not draft.sides:
        yield (
            'Não há coluna que diga o lado: o arquivo todo é o lado B (banco). Se for o razão, use side = "A"; com o '
            "razão num arquivo à parte, use --reference RAZAO."
        )
    if not draft.keys:
        yield "Não há coluna de id nem de referência: os pares saem de valor e data, se forem únicos."
