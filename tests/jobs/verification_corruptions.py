"""For each check of the verification, the corruptions that it must see. Line numbers: those of the case's file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.layout import Stage
from tests.jobs.verification_case import Step


@dataclass(frozen=True)
class Corruption:
    what: str
    steps: tuple[Step, ...]


def rewritten(what: str, *steps: tuple[str, str]) -> Corruption:
    return Corruption(what, steps)


def replaced(what: str, table: str, column: str, value: str, where: str) -> Corruption:
    case = f"case when {where} then {value} else {column} end"
    return Corruption(what, ((table, f"select * replace ({case} as {column}) from {table}"),))


def misstated(
    what: str, edit: Callable[[dict[str, Any]], object], stage: Stage = Stage.RECONCILIATION
) -> Corruption:
    """Of the manifest's figures."""
    return Corruption(what, ((stage, lambda manifest: edit(manifest["figures"])),))


def without(table: str, where: str) -> tuple[str, str]:
    return (table, f"from {table} where not ({where})")


REFERENCE = {
    **{"lines": 1, "header": 1, "skipped": 0, "entries": 0, "rejected": 0},
    **{"name": "razao.csv", "sha256": "0" * 64, "put_at": "2026-02-20T00:00:00Z", "age_days": 0},
}
BALANCE = "class = 'balance_break'"
GROUP_FEE = "class = 'fee_mismatch' and line_a is null"

CORRUPTIONS: dict[str, tuple[Corruption, ...]] = {
    "records_accounted": (
        rewritten("an entry is lost", without("entries", "line_no = 2")),
        rewritten("a reject is lost", without("rejects", "line_no = 38")),
        misstated(
            "a skipped record is not counted", lambda f: f.update(skipped=1), Stage.VALIDATION
        ),
        misstated(
            "a reference that no table has",
            lambda f: f.update(reference={**REFERENCE, "entries": 1, "lines": 2}),
            Stage.VALIDATION,
        ),
    ),
    "records_rejected_by_code": (
        replaced("a reject gets another code", "rejects", "code", "'DATE_FORMAT'", "line_no = 38"),
        misstated(
            "a reference's code that no table has",
            lambda f: f.update(reference={**REFERENCE, "codes": {"DATE_RANGE": 1}}),
            Stage.VALIDATION,
        ),
    ),
    "rejects_explained": (
        replaced("a code that does not exist", "rejects", "code", "'OUTRO'", "line_no = 38"),
        replaced(
            "a message that names another line",
            "rejects",
            "message",
            "replace(message, '38', '39')",
            "line_no = 38",
        ),
    ),
    "entries_complete": (
        replaced("a currency that does not exist", "entries", "currency", "'ZZZ'", "line_no = 2"),
        replaced("an entry without a date", "entries", "posted_on", "null", "line_no = 2"),
    ),
    "entries_sides": (
        replaced(
            "a line of a reference that there is none",
            "entries",
            "line_no",
            "1_000_000_000_002",
            "line_no = 2",
        ),
    ),
    "entries_lines_unique": (
        rewritten(
            "a line is two entries",
            ("entries", "from entries union all from entries where line_no = 2"),
        ),
        replaced("a rejected line is an entry too", "entries", "line_no", "38", "line_no = 2"),
    ),
    "lines_exist": (
        replaced("a match cites a line that is none", "matches", "line_a", "999", "line_a = 2"),
        replaced("a break cites a line of the other side", "breaks", "line_a", "31", "line_a = 30"),
    ),
    "lines_once": (
        rewritten("a break is lost", without("breaks", "line_a = 30")),
        rewritten("a match is lost", without("matches", "line_a = 2")),
        rewritten(
            "a matched row is a break too",
            (
                "breaks",
                "from breaks union all select * replace (2 as line_a) from breaks where line_a = 30",
            ),
        ),
    ),
    "match_lines_once": (
        replaced("a row of B is in two matches", "matches", "line_b", "3", "line_b = 5"),
    ),
    "sides_conserved": (
        replaced("a break's amount is a cent off", "breaks", "amount_a", "41", "line_a = 30"),
        rewritten("a break of B is lost", without("breaks", "line_b = 31")),
    ),
    "balances_close": (
        replaced("a balance break is a cent off", "breaks", "delta", "delta + 1", BALANCE),
        replaced("the last balance is a cent off", "entries", "balance", "24001", "line_no = 60"),
    ),
    "finding_balances": (
        rewritten("a balance break is not told", without("breaks", BALANCE)),
        replaced("a balance is a cent off", "entries", "balance", "balance + 1", "line_no = 32"),
        replaced("another difference is told", "breaks", "delta", "delta + 1", BALANCE),
        rewritten(
            "an entry between two balances",
            (
                "entries",
                """
            from entries union all by name
            select * replace (33 as line_no, null as balance) from entries where line_no = 32
        """,
            ),
        ),
    ),
    "finding_fees": (
        rewritten("the wrong fee of a group's row is not told", without("breaks", GROUP_FEE)),
        replaced("another difference is told", "breaks", "delta", "delta + 1", GROUP_FEE),
        replaced("the fee was the right one", "entries", "fee", "398", "line_no = 58"),
    ),
    "finding_shape": (
        replaced("it has an amount", "breaks", "amount_a", "1", BALANCE),
        replaced("its line is none", "breaks", "explain", "replace(explain, '60', '99')", BALANCE),
        replaced("another currency", "breaks", "currency", "'USD'", GROUP_FEE),
        replaced("a class of lines", "breaks", "class", "'missing_in_b'", BALANCE),
    ),
    "bridge_totals": (
        replaced("ΣA is a cent off", "bridge", "amount", "amount + 1", "line = 'total_a'"),
        replaced("rows of B counted wrong", "bridge", "count", "count + 1", "line = 'total_b'"),
    ),
    "bridge_classes": (
        replaced(
            "a class's sum is a cent off",
            "bridge",
            "amount",
            "amount + 1",
            "line = 'matched_tolerance'",
        ),
        replaced(
            "a class counts one more", "bridge", "count", "count + 1", "line = 'missing_in_b'"
        ),
        rewritten("a class has no line", without("bridge", "line = 'pending_in_transit'")),
    ),
    "bridge_closes": (
        replaced("a residual of a cent", "bridge", "amount", "1", "line = 'residual'"),
        rewritten("a class has no line", without("bridge", "line = 'missing_in_a'")),
        rewritten("no residual is shown", without("bridge", "line = 'residual'")),
    ),
    "bridge_labels": (
        replaced(
            "a class under another's label",
            "bridge",
            "label_pt",
            "'Divergência de valor'",
            "line = 'missing_in_b'",
        ),
        replaced("a line that is no class", "bridge", "line", "'outros'", "line = 'missing_in_b'"),
    ),
    "match_pass_known": (
        replaced("a pass that the profile lacks", "matches", "pass_name", "'outro'", "line_a = 2"),
        replaced("a pass that only suggests", "matches", "pass_name", "'valor'", "line_a = 2"),
        replaced("a pair without its B", "matches", "line_b", "null", "line_a = 2"),
        replaced("a group's row that is called a pair", "matches", "kind", "'pair'", "line_a = 40"),
    ),
    "match_keys_equal": (
        replaced(
            "two matches swap their B",
            "matches",
            "line_b",
            "case line_b when 3 then 8 else 3 end",
            "line_b in (3, 8)",
        ),
        replaced(
            "rows whose key of that pass is null",
            "matches",
            "pass_name",
            "'referencia'",
            "line_a = 2",
        ),
    ),
    "match_currency_equal": (
        replaced("a match in another currency", "matches", "currency", "'USD'", "line_a = 2"),
        replaced("its B is in another currency", "entries", "currency", "'USD'", "line_no = 3"),
    ),
    "match_amount_fits": (
        replaced(
            "three cents in an exact pass", "matches", "pass_name", "'id-exato'", "line_a = 12"
        ),
        replaced(
            "one cent above the absolute tolerance", "entries", "amount", "5006", "line_no = 13"
        ),
        replaced("one cent above the basis points", "entries", "amount", "8009", "line_no = 20"),
    ),
    "match_days_fit": (
        replaced(
            "a day after the window", "entries", "posted_on", "date '2026-02-07'", "line_no = 15"
        ),
        replaced(
            "a pair with a wrong fee, a day late",
            "entries",
            "posted_on",
            "date '2026-02-17'",
            "line_no = 49",
        ),
        replaced(
            "a day before the window", "entries", "posted_on", "date '2026-02-03'", "line_no = 15"
        ),
    ),
    "match_delta_stated": (
        replaced("the difference's sign is turned", "matches", "delta", "-delta", "line_a = 12"),
        replaced("a day too many", "matches", "delta_days", "delta_days + 1", "line_a = 14"),
    ),
    "match_class_follows": (
        replaced(
            "a tolerated difference is called exact",
            "matches",
            "class",
            "'matched_exact'",
            "line_a = 12",
        ),
        replaced(
            "a late pair is called exact", "matches", "class", "'matched_exact'", "line_a = 14"
        ),
        replaced(
            "a pair by the net amount is called tolerated",
            "matches",
            "class",
            "'matched_tolerance'",
            "line_a = 46",
        ),
    ),
    "match_unique_guard": (
        rewritten(
            "an ambiguous row is matched all the same",
            (
                "matches",
                "from matches union all select * replace (16 as line_a, 17 as line_b) "
                "from matches where line_a = 14",
            ),
            without("breaks", "line_a = 16 or line_b = 17"),
        ),
    ),
    "match_is_closest": (
        rewritten(
            "the farther of two candidates is matched",
            (
                "matches",
                "select * replace (case line_b when 20 then 21 else line_b end as line_b) from matches",
            ),
            (
                "breaks",
                "select * replace (case line_b when 21 then 20 else line_b end as line_b) from breaks",
            ),
        ),
        replaced(
            "two pairs swap their B",
            "matches",
            "line_b",
            "case line_b when 55 then 57 else 55 end",
            "line_b in (55, 57)",
        ),
    ),
    "group_is_whole": (
        rewritten("a row of the group is lost", without("matches", "line_a = 41")),
        rewritten(
            "a row of another group is in it",
            (
                "matches",
                "from matches union all select * replace (43 as line_a) from matches where line_a = 40",
            ),
        ),
        replaced("a group in two", "matches", "match_id", "'00'", "line_b = 42"),
    ),
    "group_sums_fit": (
        replaced("a sum a cent above the tolerance", "entries", "amount", "3006", "line_no = 42"),
        replaced("another sum is said", "matches", "group_amount_a", "3001", "line_a = 40"),
    ),
    "group_rows_stated": (
        replaced("the sign of B is not turned", "matches", "delta", "-delta", "line_b = 42"),
        replaced("another currency", "matches", "currency", "'USD'", "line_b = 42"),
    ),
    "pass_takes_groups": (
        rewritten("a group that fits is left", without("matches", "kind = 'group'")),
        rewritten("one row of it is left", without("matches", "line_a = 41")),
    ),
    "break_group_sums": (
        replaced(
            "a row of it is called missing", "breaks", "class", "'missing_in_a'", "line_b = 44"
        ),
        replaced("a row of no group is in it", "breaks", "line_b", "31", "line_b = 44"),
        replaced("a group in two breaks", "breaks", "break_id", "'00'", "line_b = 44"),
    ),
    "pass_exact_complete": (
        rewritten("an exact match is lost", without("matches", "line_a = 2")),
        rewritten(
            "of two rows that differ one is chosen",
            (
                "matches",
                "from matches union all select * replace ("
                "'conta-exato' as pass_name, 51 as line_a, 53 as line_b) from matches where line_a = 2",
            ),
            without("breaks", "line_a = 51 or line_b = 53"),
        ),
        replaced(
            "a later pass takes an exact pair", "matches", "pass_name", "'descricao'", "line_a = 2"
        ),
    ),
    "pass_takes_closest": (
        rewritten("a match of a window pass is lost", without("matches", "line_a = 12")),
        rewritten("a match of a second round is lost", without("matches", "line_a = 56")),
        rewritten("equal rows are taken for a tie", without("matches", "line_a = 62")),
        replaced(
            "a later pass takes such a pair", "matches", "pass_name", "'descricao'", "line_a = 12"
        ),
    ),
    "break_labels": (
        replaced(
            "another class's label", "breaks", "label_pt", "'Divergência de moeda'", "line_a = 30"
        ),
        replaced("another priority", "breaks", "priority", "3", "line_a = 30"),
        replaced("a class of matches", "breaks", "class", "'matched_exact'", "line_a = 30"),
    ),
    "break_shape": (
        replaced("the side is the other", "breaks", "side", "'B'", "line_a = 30"),
        replaced("a pair without its B", "breaks", "line_b", "null", "line_a = 22"),
        replaced("a row without its row_id", "breaks", "row_id", "null", "line_a = 30"),
        replaced("an amount for a row that is none", "breaks", "amount_b", "0", "line_a = 30"),
    ),
    "break_amounts": (
        replaced("an amount is a cent off", "breaks", "amount_b", "amount_b + 1", "line_a = 22"),
        replaced("another currency", "breaks", "currency", "'USD'", "line_a = 30"),
    ),
    "break_delta": (
        replaced("the difference's sign is turned", "breaks", "delta", "-delta", "line_a = 22"),
        replaced(
            "two currencies are subtracted", "breaks", "delta", "0", "class = 'currency_mismatch'"
        ),
    ),
    "break_duplicates": (
        replaced(
            "the surplus of a match is called missing",
            "breaks",
            "class",
            "'missing_in_b'",
            "class = 'duplicate_a' and amount_a = 300",
        ),
        replaced("a row like no other is one", "breaks", "class", "'duplicate_a'", "line_a = 30"),
        replaced(
            "no occurrence stands for itself",
            "breaks",
            "class",
            "'duplicate_a'",
            "amount_a = 14000",
        ),
        replaced(
            "a duplicate of the other side",
            "breaks",
            "class",
            "'duplicate_a'",
            "class = 'duplicate_b'",
        ),
    ),
    "break_ambiguous": (
        replaced(
            "an ambiguous row is called missing", "breaks", "class", "'missing_in_b'", "line_a = 16"
        ),
        replaced(
            "a missing one is called ambiguous", "breaks", "class", "'ambiguous'", "line_a = 30"
        ),
    ),
    "break_mismatches": (
        replaced(
            "another criterion is blamed", "breaks", "class", "'date_mismatch'", "line_a = 22"
        ),
        rewritten("a mismatched pair is lost", without("breaks", "line_a = 24")),
        replaced("it is paired with another row", "breaks", "line_b", "31", "line_a = 22"),
    ),
    "break_missing": (
        replaced(
            "a missing row is called ambiguous", "breaks", "class", "'ambiguous'", "line_a = 30"
        ),
        replaced(
            "an ambiguous row is called pending",
            "breaks",
            "class",
            "'pending_in_transit'",
            "line_a = 16",
        ),
    ),
    "break_pending": (
        replaced(
            "a pending row is called a break",
            "breaks",
            "class",
            "'missing_in_b'",
            "class = 'pending_in_transit'",
        ),
        replaced(
            "a break is called pending", "breaks", "class", "'pending_in_transit'", "line_b = 31"
        ),
        replaced(
            "another day on which it would be late",
            "breaks",
            "break_on",
            "break_on + 1",
            "class = 'pending_in_transit'",
        ),
        replaced("missing from the wrong side", "breaks", "class", "'missing_in_a'", "line_a = 30"),
    ),
    "break_suggested": (
        replaced(
            "a suggestion that no pass makes", "breaks", "line_b", "31", "class = 'suggested'"
        ),
        replaced(
            "a suggestion is not made", "breaks", "class", "'missing_in_b'", "class = 'suggested'"
        ),
    ),
    "break_fees": (
        replaced("the fee was the right one", "entries", "fee", "796", "line_no = 48"),
        replaced("a matched pair has a wrong fee", "entries", "fee", "996", "line_no = 46"),
    ),
    "break_orphans": (
        replaced(
            "an orphan is called missing",
            "breaks",
            "class",
            "'missing_in_a'",
            "class = 'reversal_orphan'",
        ),
        replaced(
            "no reversal, called an orphan", "breaks", "class", "'reversal_orphan'", "line_b = 31"
        ),
        replaced(
            "its original is in the file", "entries", "reference_norm", "'R9'", "line_no = 31"
        ),
    ),
    "break_material": (
        replaced(
            "ten days apart are called immaterial", "breaks", "material", "false", "line_a = 24"
        ),
        replaced("a finding is called immaterial", "breaks", "material", "false", BALANCE),
        replaced("a small break is called material", "breaks", "material", "true", "line_a = 30"),
        replaced("a big one is called immaterial", "breaks", "material", "false", "line_a = 22"),
        replaced(
            "a pending row is called material",
            "breaks",
            "material",
            "true",
            "class = 'pending_in_transit'",
        ),
    ),
    "break_age": (
        replaced("a day older", "breaks", "age_days", "age_days + 1", "line_a = 30"),
        replaced("another bucket", "breaks", "bucket", "'31-90'", "line_a = 30"),
    ),
    "break_ids_unique": (
        replaced("two breaks of one id", "breaks", "break_id", "'00'", "line_a in (22, 24)"),
        replaced("a break without id", "breaks", "break_id", "null", "line_a = 22"),
    ),
    "break_row_ids": (
        replaced("two rows of one id", "breaks", "row_id", "'00'", "line_a in (22, 24)"),
        replaced(
            "it says another occurrence", "breaks", "row_id", "left(row_id, 32)", "line_a = 7"
        ),
        replaced("a finding has another row's", "breaks", "row_id", "'00'", BALANCE),
        replaced("the row is another", "entries", "description", "'outra'", "line_no = 30"),
    ),
    "break_ids_follow": (
        replaced("another id", "breaks", "break_id", "'00'", "line_a = 22"),
        replaced("a group's is another", "breaks", "break_id", "'00'", "line_a = 43"),
        replaced("a finding's is another", "breaks", "break_id", "'00'", BALANCE),
    ),
    "group_ids_follow": (
        replaced("another id", "matches", "match_id", "'00'", "match_id is not null"),
    ),
    "near_compared": (
        rewritten("a comparison is lost", without("near", "line_a = 22")),
        replaced("a row that was matched is compared", "near", "line_b", "3", "line_a = 22"),
    ),
    "near_criteria": (
        replaced(
            "a criterion that failed is not told", "near", "fails_amount", "false", "line_a = 22"
        ),
        replaced("another difference", "near", "delta", "delta - 1", "line_a = 22"),
        replaced("a tolerance that the pass lacks", "near", "allowed_10000", "10", "line_a = 22"),
        replaced("another window", "near", "last_day", "9", "line_a = 24"),
    ),
    "break_nearest": (
        replaced(
            "another candidate is called the nearest",
            "breaks",
            "explain",
            "replace(explain, explain::json->>'candidate', (select row_id from breaks where line_b = 31))",
            "line_a = 16",
        ),
        replaced(
            "there are fewer candidates than it says",
            "breaks",
            "explain",
            """replace(explain, '"candidates":2', '"candidates":3')""",
            "line_a = 16",
        ),
        replaced(
            "a row without candidate has one",
            "breaks",
            "explain",
            """replace(explain, 'null', '"' || (select row_id from breaks where line_b = 31) || '"')""",
            "line_a = 30",
        ),
    ),
    "break_twins": (
        replaced(
            "another row is repeated",
            "breaks",
            "explain",
            "replace(explain, '6', '9')",
            "line_a = 7",
        ),
        replaced(
            "it is not equal to it",
            "breaks",
            "explain",
            "replace(explain, 'true', 'false')",
            "line_a = 7",
        ),
    ),
    "break_lifecycle": (
        replaced("an unknown state", "breaks", "lifecycle", "'reopened'", "line_a = 22"),
        replaced("a new break of yesterday", "breaks", "opened_on", "opened_on - 1", "line_a = 22"),
        replaced(
            "an open break that was resolved", "breaks", "resolved_on", "opened_on", "line_a = 22"
        ),
    ),
    "break_explained": (
        replaced("no JSON", "breaks", "explain", "'{'", "line_a = 22"),
        replaced(
            "another criterion failed",
            "breaks",
            "explain",
            """replace(explain, '"amount"', '"date"')""",
            "line_a = 22",
        ),
        replaced(
            "another distance",
            "breaks",
            "explain",
            "replace(explain, '-150', '-151')",
            "line_a = 22",
        ),
        replaced(
            "a candidate that is not open",
            "breaks",
            "explain",
            "replace(explain, counterpart_row_id, '00')",
            "line_a = 22",
        ),
        replaced(
            "an ambiguous row without candidate",
            "breaks",
            "explain",
            """'{"candidate":null}'""",
            "line_a = 16",
        ),
    ),
    "summary_currencies": (
        rewritten("a currency has no line", without("summary", "currency = 'USD'")),
        replaced("two verdicts", "summary", "verdict", "'conciliado'", "currency = 'USD'"),
        rewritten(
            "a currency has two lines",
            ("summary", "from summary union all from summary where currency = 'USD'"),
        ),
    ),
    "summary_totals": tuple(
        replaced(f"{column} is one off", "summary", column, f"{column} + 1", "currency = 'BRL'")
        for column in (
            *("rows_a", "rows_b", "total_a", "total_b"),
            *("net", "gross", "matched_a", "matched_b"),
        )
    ),
    "summary_counts": tuple(
        replaced(f"{column} is one off", "summary", column, f"{column} + 1", "true")
        for column in ("matches", "breaks", "pending", "material_breaks")
    ),
    "summary_verdict": (
        replaced("a divergent run is called agreed", "summary", "verdict", "'conciliado'", "true"),
        rewritten(
            "no break is material, and the verdict stays",
            ("breaks", "select * replace (false as material) from breaks"),
        ),
    ),
    "summary_hash": (
        replaced("another match", "matches", "line_b", "17", "line_a = 2"),
        replaced("another class", "breaks", "class", "'missing_in_a'", "line_a = 30"),
        replaced("no hash", "summary", "result_hash", "null", "true"),
        replaced("half a hash", "summary", "result_hash", "left(result_hash, 32)", "true"),
    ),
    "figures_verdict": (
        misstated("the manifest tells another verdict", lambda f: f.update(verdict="conciliado")),
        misstated("another result hash", lambda f: f.update(result_hash="0" * 64)),
        misstated("another day of reference", lambda f: f.update(as_of="2026-02-21")),
    ),
    "figures_counts": (
        misstated("a match more", lambda f: f.update(matches=f["matches"] + 1)),
        misstated("a material break less", lambda f: f.update(material_breaks=0)),
    ),
    "figures_classes": (
        misstated("a class counts one more", lambda f: f["counts"].update(missing_in_b=99)),
        misstated("a class is not told", lambda f: f["counts"].pop("ambiguous")),
    ),
    "figures_passes": (
        misstated("a pass counts one more", lambda f: f["passes"][0].update(matches=99)),
        misstated("a pass is not told", lambda f: f["passes"].pop(0)),
    ),
    "figures_currencies": (
        misstated("a sum is a cent off", lambda f: f["currencies"][0].update(total_a=1)),
        misstated("a currency is not told", lambda f: f["currencies"].pop()),
    ),
    "figures_bridge": (
        misstated("a line's sum is a cent off", lambda f: f["bridge"][0].update(amount=1)),
        misstated("a line is not told", lambda f: f["bridge"].pop()),
    ),
    "figures_identities": (
        misstated(
            "one failed, and the run concluded", lambda f: f["identities"][0].update(held=False)
        ),
        misstated(
            "one is said to hold and does not", lambda f: f["identities"][0].update(found="0")
        ),
    ),
    "files_unchanged": (
        rewritten("a table is written again", without("rejects", "line_no = 38")),
        Corruption(
            "the manifest tells another number of rows",
            ((Stage.VALIDATION, lambda m: m["files"]["entries"].update(rows=1)),),
        ),
    ),
    "inputs_linked": (
        Corruption(
            "the run used another profile",
            ((Stage.RECONCILIATION, lambda m: m["inputs"].update(profile="0" * 64)),),
        ),
        Corruption(
            "the run read another validation",
            ((Stage.RECONCILIATION, lambda m: m["inputs"].update(validation="0" * 64)),),
        ),
    ),
}
