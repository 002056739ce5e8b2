"""`recon explain`: what became of one line of the file and, where it found no counterpart, why not and by how much."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
from pydantic_core import to_jsonable_python

from jobs.quicksight_prep.explanation import reason
from recon.errors import UsageError
from recon.output import Output
from recon.verification.written import Written, read_written
from recon.where import Result
from shared import ptbr
from shared.layout import Stage
from shared.lines import REFERENCE_BASE, in_reference, line_of_file
from shared.lines import told as line_told
from shared.manifest import RecordCounts, ValidationFigures
from shared.taxonomy import ROW_CLASSES

Row = dict[str, Any]

SHOWN = 20
"""Counterparts that are named: a group may have any number."""
_CRITERIA = (
    "currency",
    "sign",
    "amount",
    "date",
)  # in the order in which a row is told what it fails
_FIELDS = (
    *("account", "entry_id", "reference", "description", "counterparty", "kind", "group_key"),
)
_LABELS = {
    "account": "Conta",
    "entry_id": "Id",
    "reference": "Referência",
    "description": "Descrição",
    "counterparty": "De/para",
    "kind": "Tipo",
    "group_key": "Lote",
}


def explain(place: Result, line: int, output: Output, *, reference: bool = False) -> int:
    """Raises UsageError where the folder holds no result, or the file has no such line.

    line: of the upload, or of the reference. What is told to machines has line numbers as the tables have them.
    """
    written = read_written(place.folder)
    line_no = REFERENCE_BASE + line if reference else line
    try:
        with _opened(written) as result:
            told = _entry(result, line_no) or _not_an_entry(result, written, line, line_no)
        if (nearest := told.get("nearest")) and nearest["failed"] == ["key"]:
            nearest["differs"] = _differing(told["entry"], nearest["entry"], _keys(place))
    except (duckdb.Error, KeyError, ValueError) as error:  # cut off, or of another version
        raise UsageError(f"{place.folder}: não é um resultado legível: {error}") from error
    for text in _lines(told):
        output.line(text)
    if output.as_json:
        output.document(to_jsonable_python(told))
    return 0


def _opened(written: Written) -> duckdb.DuckDBPyConnection:
    result = duckdb.connect()
    for name, path in written.tables.items():
        result.read_parquet(str(path)).create_view(name)
    return result


def _rows(result: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[Row]:
    found = result.execute(query, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _entry(result: duckdb.DuckDBPyConnection, line: int) -> Row | None:
    found = _rows(result, "from entries where line_no = ?", line)
    if not found:
        return None
    (entry,) = found
    told = _place(result, entry)
    return {
        "line": line,
        "status": ROW_CLASSES[told["class"]].outcome,
        "label": ROW_CLASSES[told["class"]].label,
        "entry": entry,
        **told,
        "near_misses": _near_misses(result, entry),
        "findings": _findings(result, line),
    }


def _place(result: duckdb.DuckDBPyConnection, entry: Row) -> Row:
    """The match or the break that has the line: every line is in one of them."""
    own = f"line_{entry['side'].lower()}"
    line = entry["line_no"]
    if matched := _rows(result, f"from matches where {own} = ?", line):
        (match,) = matched
        return {
            "class": match["class"],
            "pass": match["pass_name"],
            "delta": int(match["delta"]),
            "delta_days": match["delta_days"],
            **_counterparts(result, entry, match),
        }
    (broken,) = _rows(result, f"from breaks where {own} = ?", line)
    why = json.loads(broken["explain"])
    nearest = _nearest(result, entry, broken, why)
    currencies = _of_a_and_b(entry, nearest["entry"], "currency") if nearest else None
    return {
        "class": broken["class"],
        "break_id": broken["break_id"],
        "material": broken["material"],
        "break_on": broken["break_on"],
        "pass": why.get("pass"),
        "delta": int(broken["delta"]),
        "reason": reason(broken["class"], broken["explain"], broken["currency"], currencies),
        **_counterparts(result, entry, broken),
        "nearest": nearest,
    }


def _of_a_and_b(entry: Row, other: Row, column: str) -> tuple[Any, Any]:
    a, b = (entry, other) if entry["side"] == "A" else (other, entry)
    return a[column], b[column]


def _keys(place: Result) -> list[str]:
    """What the profile's passes compare for equality; every field of the file where the profile is not to be had."""
    try:
        passes = place.profile().passes
    except UsageError:
        return list(_FIELDS)
    used = {column for each in passes for column in (*each.on, each.group_by) if column}
    return sorted(used - {"amount", "currency"})


def _differing(entry: Row, other: Row, keys: Sequence[str]) -> Row:
    """Column → A's and B's value, as the file has them."""
    return {
        name: _of_a_and_b(entry, other, name)
        for name, key in ((key.removesuffix("_norm"), key) for key in keys)
        if entry[key] != other[key] or entry[key] is None  # nothing is equal to nothing
    }


def _counterparts(result: duckdb.DuckDBPyConnection, entry: Row, place: Row) -> Row:
    """The rows of the other side that belong to the line's match or break, the first of them named."""
    other = "line_b" if entry["side"] == "A" else "line_a"
    if group := place.get("match_id"):
        lines = f"select {other} from matches where match_id = ?"
        values = [group]
    elif "break_id" in place:
        lines = f"select {other} from breaks where break_id = ?"
        values = [place["break_id"]]
    else:
        lines, values = "select ?::bigint", [place[other]]
    found = _rows(result, f"from entries where line_no in ({lines}) order by line_no", *values)
    return {"counterparts": found[:SHOWN], "counterparts_in_all": len(found)}


def _nearest(result: duckdb.DuckDBPyConnection, entry: Row, broken: Row, why: Row) -> Row | None:
    """The candidate that the explanation means; of a pair that is told under A, B's is A."""
    if broken["line_a"] and broken["line_b"] and entry["side"] == "B":
        line = broken["line_a"]
    else:
        row_id = why["candidate"]
        rows = _rows(
            result,
            "select case when row_id = $1 then coalesce(line_a, line_b) else line_b end as line_no "
            "from breaks where (row_id = $1 or counterpart_row_id = $1) "
            "and (line_a is not null or line_b is not null)",
            row_id,
        )
        if not rows:
            return None
        line = rows[0]["line_no"]
    (candidate,) = _rows(result, "from entries where line_no = ?", line)
    return {"entry": candidate, "pass": why.get("pass"), "failed": why.get("failed", [])}


def _findings(result: duckdb.DuckDBPyConnection, line: int) -> list[Row]:
    """What is wrong with the row besides, wherever it went: such a break takes no line, and names it."""
    found = _rows(
        result,
        "from breaks where line_a is null and line_b is null "
        "and cast(explain ->> '$.line' as bigint) = ? order by priority, class",
        line,
    )
    return [
        {
            "class": finding["class"],
            "label": ROW_CLASSES[finding["class"]].label,
            "break_id": finding["break_id"],
            "material": finding["material"],
            "delta": int(finding["delta"]),
            "reason": reason(finding["class"], finding["explain"], finding["currency"]),
        }
        for finding in found
    ]


def _near_misses(result: duckdb.DuckDBPyConnection, entry: Row) -> list[Row]:
    """Pass by pass, the nearest first: each row that the line was compared with."""
    own, other = ("line_a", "line_b") if entry["side"] == "A" else ("line_b", "line_a")
    rows = _rows(
        result,
        f"select near.*, {other} as candidate, a.currency as currency_a, b.currency as currency_b from near "
        "join entries as a on a.line_no = line_a join entries as b on b.line_no = line_b "
        f"where {own} = ? order by pass_number, failures, abs(delta), abs(delta_days), {other}",
        entry["line_no"],
    )
    return [_miss(row) for row in rows]


def _miss(row: Row) -> Row:
    """by: how far beyond what the pass allows, in minor units or in days of its calendar."""
    allowed = int(row["allowed_10000"]) // 10000
    delta = int(row["delta"])
    first, last, days = row["first_day"], row["last_day"], row["days_apart"]
    failed = [name for name in _CRITERIA if row[f"fails_{name}"]]
    by = {
        "currency": None,
        "sign": None,
        "amount": abs(delta) - allowed,
        "date": max(first - days, days - last),
    }
    return {
        "pass": row["pass_name"],
        "line": row["candidate"],
        "suggests": row["suggests"],
        "failed": failed,
        "first_failed": {"criterion": failed[0], "by": by[failed[0]]} if failed else None,
        "delta": delta,
        "allowed": allowed,
        "days": days,
        "window": [first, last],
        "currencies": [row["currency_a"], row["currency_b"]],
    }


def _not_an_entry(
    result: duckdb.DuckDBPyConnection, written: Written, line: int, line_no: int
) -> Row:
    if rejects := _rows(result, "from rejects where line_no = ?", line_no):
        return {"line": line_no, "status": "rejected", "class": "rejected", "rejects": rejects}
    of_reference = in_reference(line_no)
    (last,) = _rows(
        result,
        "select max(line_no) as line_no from "
        "(select line_no from entries union all select line_no from rejects) "
        "where (line_no > $1) = $2",
        REFERENCE_BASE,
        of_reference,
    )
    figures = written.figures.get(Stage.VALIDATION)
    of_file: RecordCounts | None = None
    if isinstance(figures, ValidationFigures):
        of_file = figures.reference if of_reference else figures
    records = of_file.lines if of_file else 0
    if not 1 <= line <= max(line_of_file(last["line_no"] or 0), records):
        where = "na referência" if of_reference else "no arquivo conciliado"
        raise UsageError(
            f"A linha {ptbr.number(line)} não existe {where}.",
            hint="As linhas contam-se como num editor: a primeira do arquivo é a 1.",
        )
    return {"line": line_no, "status": "skipped", "class": None}


# In words


def _lines(told: Row) -> Iterator[str]:
    line = line_told(told["line"]).capitalize()
    if told["status"] == "skipped":
        yield (
            f"{line}: não é um lançamento. É do cabeçalho, em branco, pulada pelo perfil, "
            "ou continua o registro de uma linha anterior."
        )
        return
    if told["status"] == "rejected":
        yield f"{line}: rejeitada na validação, não entrou na conciliação."
        for reject in told["rejects"]:
            yield f"  {reject['message']}"
        return
    yield f"{line}: {told['label']}"
    yield f"  {_described(told['entry'])}"
    yield from _outcome(told)
    for finding in told["findings"]:
        yield f"Além disso: {finding['label']}. {finding['reason']}"
    if told["near_misses"]:
        yield "Com quem foi comparada, passe a passe:"
    for miss in told["near_misses"]:
        yield f"  {miss['pass']}, {line_told(miss['line'])}: {_failure(miss)}"


def _outcome(told: Row) -> Iterator[str]:
    if told["status"] == "ok":
        yield f"  Passe {told['pass']}"
    else:
        yield f"  {told['reason']}"
        if told["break_on"]:
            yield f"  Vira divergência em {ptbr.day(told['break_on'])}."
    for other in told["counterparts"]:
        yield f"Contraparte, {line_told(other['line_no'])}: {_described(other)}"
    if more := told["counterparts_in_all"] - len(told["counterparts"]):
        yield f"… e mais {ptbr.number(more)}"
    nearest = told.get("nearest")
    if nearest and not told["counterparts"]:
        entry = nearest["entry"]
        yield f"Candidato mais próximo, {line_told(entry['line_no'])}: {_described(entry)}"
        if differs := nearest.get("differs"):
            yield "Chaves que diferem (A × B): " + "; ".join(
                f"{_LABELS[name]} {a or 'vazia'} × {b or 'vazia'}"
                for name, (a, b) in differs.items()
            )


def _described(entry: Row) -> str:
    money = ptbr.money(entry["amount"], entry["currency"])
    fields = [f"{_LABELS[name]} {entry[name]}" for name in _FIELDS if entry.get(name)]
    return " · ".join([f"lado {entry['side']}", ptbr.day(entry["posted_on"]), money, *fields])


def _failure(miss: Row) -> str:
    currency, other = miss["currencies"]
    first, last = miss["window"]
    days = miss["days"]
    apart = ptbr.count(abs(days), "dia", "dias")
    said = {
        "currency": f"a moeda é outra ({currency} em A, {other} em B)",
        "sign": "o sinal está invertido",
        "amount": f"o valor difere em {ptbr.money(abs(miss['delta']), currency)}, "
        f"e a tolerância é de {ptbr.money(miss['allowed'], currency)}",
        "date": f"B vem {apart} {'antes' if days < 0 else 'depois'} de A, e a janela vai de {first} a {last}",
    }
    parts = [said[name] for name in miss["failed"]]
    told = "; ".join(parts) if parts else "serve em tudo"
    return f"{told} (passe que só sugere)" if miss["suggests"] else told
