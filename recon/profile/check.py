"""`recon profile check`: whether a profile is right as a whole, what it means, and what it reads of a file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from jobs.profile import Calendar, Csv, FileFormat, Pass, Profile
from recon.errors import UsageError
from recon.output import Output
from recon.profile import preview
from recon.profile.chosen import find_profile
from recon.profile.preview import Preview
from shared import ptbr

_DAYS = {"civil": ("dia", "dias"), "br-bank": ("dia útil bancário", "dias úteis bancários")}
_NAMES = {
    "side": "lado",
    "posted_on": "data",
    "value_on": "data de crédito",
    "amount": "valor",
    "debit": "débito",
    "credit": "crédito",
    "mark": "débito ou crédito",
    "currency": "moeda",
    "entry_id": "id",
    "account": "conta",
    "reference": "referência",
    "reference_norm": "referência normalizada",
    "description": "descrição",
    "counterparty": "de/para",
    "kind": "tipo",
    "group_key": "lote",
    "gross": "bruto",
    "fee": "taxa",
    "net": "líquido",
    "balance": "saldo",
}
_COMPARED = {"amount": "o valor", "gross": "o bruto", "net": "o líquido"}


def check(name: str, file: Path | None, output: Output, *, reference: bool) -> int:
    profile = find_profile(name)
    seen = _read(profile, file, reference=reference)
    meaning = list(means(profile))
    output.line(f"O perfil {profile.name} está certo.")
    for line in meaning:
        output.line(f"  {line}")
    if seen:
        output.line()
        preview.show(seen, output)
    if output.as_json:
        output.document(
            {
                "profile": profile.name,
                "sha256": profile.sha256,
                "means": meaning,
                "read": seen and preview.document(seen),
            }
        )
    return 1 if seen and not seen.entries else 0


def _read(profile: Profile, file: Path | None, *, reference: bool) -> Preview | None:
    if file is None:
        if reference:
            raise UsageError("--reference diz de que é o arquivo: falta o arquivo.")
        return None
    read_as = profile.reference_file if reference else profile.upload
    if read_as is None:
        raise UsageError(f"O perfil {profile.name} não usa referência: --reference não se aplica.")
    with preview.opened(file) as source:
        return preview.preview(source, read_as)


def means(profile: Profile) -> Iterator[str]:
    """In sentences (pt-BR), the whole of it."""
    if of_reference := profile.reference_file:
        yield "Dois arquivos: o lado A é a referência guardada antes, o lado B o que se envia."
        for side, file in (("A", of_reference), ("B", profile.upload)):
            yield from (f"{side}: {line}" for line in _file(file))
    else:
        yield from _file(profile.upload)
    if profile.reference:
        yield f"Uma referência serve por {ptbr.count(profile.reference.max_age_days, 'dia', 'dias')}."
    if (limit := profile.validation.max_reject_ratio) < 1:
        yield f"Com mais de {_percent(limit)} de linhas rejeitadas, o arquivo é recusado."
    for number, each in enumerate(profile.passes, 1):
        yield f"Passe {number}, {each.name}: {_pass(each)}."
    yield from _rules(profile)


def _file(file: FileFormat) -> Iterator[str]:
    csv = file.csv
    yield _dialect(csv)
    if csv.header_match:
        yield f"O cabeçalho é a primeira linha que tem {_quoted(csv.header_match)}."
    for column, pattern in csv.skip_rows_where.items():
        yield f"Pula-se a linha em que {_named(column)} casa com {pattern}."
    side = file.columns.side
    if side.column:
        words = ", ".join(f"{word} é {of}" for word, of in side.values.items())
        yield f'O lado vem da coluna "{side.column}": {words}.'
    else:
        yield f"O arquivo todo é o lado {side.constant}."
    for slot, names in file.columns.sources.items():
        if slot == "side":
            continue
        inverse = ", com o sinal trocado" if slot in file.columns.inverse else ""
        needed = "" if slot in file.columns.required else ", se houver"
        yield f"{_named(slot)}: {_quoted(names, ' ou ')}{inverse}{needed}."
    for name, text in file.columns.constants.items():
        yield f'{_named(name)}: sempre "{text}".'
    for filled, extract in file.extract.items():
        yield f"{_named(filled)}, onde está vazia: o que {extract.pattern} acha em {extract.source}."


def _dialect(csv: Csv) -> str:
    fallback = f" (linhas que não o são: {csv.encoding_fallback})" if csv.encoding_fallback else ""
    delimiter = {"\t": "tabulação"}.get(csv.delimiter, f'"{csv.delimiter}"')
    return (
        f"CSV em {csv.encoding}{fallback}, delimitado por {delimiter}, valores como "
        f"1{csv.thousands}234{csv.decimal}56, datas como {csv.date_format}."
    )


def _pass(each: Pass) -> str:
    tolerance = _tolerance(each)
    if each.kind == "group":
        key = _NAMES[each.group_by or ""]
        return f"as linhas de mesmo {key} e moeda, lado a lado, com a soma d{_COMPARED[each.compare]} {tolerance}"
    first, last = each.days
    days = (
        "no mesmo dia"
        if first == last == 0
        else f"B de {first} a {_days(last, each.calendar)} depois de A"
    )
    keys = ptbr.listed([_NAMES[column] for column in each.on if column != "currency"])
    unique = ", só se nenhum dos dois tem outro candidato" if each.unique else ""
    suggests = "; só sugere, não concilia" if each.mode == "suggest" else ""
    amounts = (
        ""
        if "amount" in each.on and each.compare == "amount"
        else f", {_COMPARED[each.compare]} {tolerance}"
    )
    return f"pares com {keys} e moeda iguais{amounts}, {days}{unique}{suggests}"


def _tolerance(each: Pass) -> str:
    limits = []
    if each.amount.abs:
        limits.append(_plain(each.amount.abs))
    if each.amount.bps:
        limits.append(_percent(Decimal(each.amount.bps) / 10_000))
    return f"a até {' ou '.join(limits)} de diferença" if limits else "igual"


def _rules(profile: Profile) -> Iterator[str]:
    grace = profile.grace
    for side, days in (("A", grace.A), ("B", grace.B)):
        if days:
            yield f"{side} pode chegar até {_days(days, grace.calendar)} depois: até lá, o que falta é pendência."
    if not (grace.A or grace.B):
        yield "O que não tem contraparte é divergência no mesmo dia."
    limits = profile.materiality
    if limits.break_:
        yield f"Uma divergência é material a partir de {_plain(limits.break_)}."
    else:
        yield "Toda divergência é material."
    for which, limit in (("líquida", limits.run_net), ("bruta", limits.run_gross)):
        if limit is not None:
            always = "" if limit else ": sempre que há divergência"
            yield f"Uma execução é divergente se a diferença {which} alcança {_plain(limit)}{always}."
    if profile.fees:
        rates = ptbr.count(len(profile.fees.rates), "taxa", "taxas")
        yield f"A taxa cobrada é conferida, por {_NAMES[profile.fees.by]}: {rates}."
    if profile.reversals:
        yield f"São estornos: {_quoted(profile.reversals.kinds)}."
    if profile.validation.on_balance_break == "halt":
        yield "Um saldo que não fecha deixa a execução sem conclusão."
    if profile.expect:
        when = "todo dia" if profile.expect.days == "civil" else "todo dia útil bancário"
        yield f"Espera-se um arquivo {when} até as {profile.expect.by}; se não vem, avisa-se."


def _named(column: str) -> str:
    """As people and as the profile say it."""
    return f"{_NAMES[column]} ({column})"


def _days(days: int, calendar: Calendar) -> str:
    return ptbr.count(days, *_DAYS[calendar])


def _quoted(names: tuple[str, ...], sign: str = ", ") -> str:
    return sign.join(f'"{name}"' for name in names)


def _percent(ratio: Decimal) -> str:
    return _plain(ratio * 100) + "%"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")
