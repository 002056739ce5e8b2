"""What `recon profile new` proposes for a file, tried on the samples: does it read what the ready profile reads?"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jobs.profile import load_profile, parse_profile
from recon.errors import UsageError
from recon.profile.against_reference import propose_against
from recon.profile.preview import preview
from recon.profile.proposal import Proposal, propose
from tests.jobs.test_samples_validation import SAMPLES

PROFILES = SAMPLES.parent / "profiles"
# Of the other three, each has what no file says: which of two amounts counts, a sign, the order of day and month.
ALIKE = (
    *("adquirente", "banco-do-brasil", "bradesco", "conciliado", "divergente", "extrato-br"),
    *("inter", "itau", "nubank-conta", "santander"),
)


def seen(entries: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    names = ("line_no", "side", "posted_on", "amount", "currency")
    return [tuple(entry[name] for name in names) for entry in entries]


def of_text(text: str, encoding: str = "utf-8") -> Proposal:
    return propose(text.encode(encoding), "x")


@pytest.mark.parametrize("sample", ALIKE)
def test_a_samples_rows_are_read_as_by_its_ready_profile(sample: str) -> None:
    file = SAMPLES / f"{sample}.csv"
    ready = sample if (PROFILES / f"{sample}.toml").exists() else "default"
    with file.open("rb") as source:
        wanted = preview(source, load_profile(str(PROFILES), ready).upload)

    proposal = propose(file.read_bytes(), sample)

    assert wanted.entries
    assert seen(proposal.seen.entries) == seen(wanted.entries)
    assert [reject.line_no for reject in proposal.seen.rejects] == [
        reject.line_no for reject in wanted.rejects
    ]
    assert parse_profile(proposal.text.encode(), "x").name == sample


@pytest.mark.parametrize("sample", ["cielo", "nubank-cartao", "paypal"])
def test_where_a_file_does_not_say_it_all_its_rows_are_read_all_the_same(sample: str) -> None:
    proposal = propose((SAMPLES / f"{sample}.csv").read_bytes(), sample)
    assert len(proposal.seen.entries) > len(proposal.seen.rejects)
    assert proposal.remarks


def test_a_fee_that_the_file_writes_negative_is_found_by_what_it_adds_up_to() -> None:
    proposal = propose((SAMPLES / "paypal.csv").read_bytes(), "paypal")
    assert 'fee = { column = "Fee", sign = "inverse" }' in proposal.text


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("data;valor;histórico\n16/02/2026;1,00;é\n", "cp1252", "cp1252"),
        ("data;valor;histórico\n16/02/2026;1,00;é\n", "utf-8", "utf-8"),
        ("data;valor;histórico\n16/02/2026;1,00;é\n", "utf-8-sig", "utf-8-sig"),
        ("data;valor;histórico\n16/02/2026;1,00;é\n", "utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(text: str, encoding: str, declared: str) -> None:
    proposal = of_text(text, encoding)
    assert f'encoding = "{declared}"' in proposal.text
    assert [entry["description"] for entry in proposal.seen.entries] == ["é"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_each_delimiter_is_found(delimiter: str) -> None:
    lines = (("Data", "Valor", "Documento"), ("2026-02-16", "10.50", "NF 1"))
    proposal = of_text("".join(delimiter.join(line) + "\n" for line in lines))
    assert parse_profile(proposal.text.encode(), "x").csv.delimiter == delimiter
    assert [entry["amount"] for entry in proposal.seen.entries] == [1050]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-02-16", date(2026, 2, 16)),
        ("16/02/2026", date(2026, 2, 16)),
        ("02/16/2026", date(2026, 2, 16)),
        ("16/02/26", date(2026, 2, 16)),
        ("16.02.2026", date(2026, 2, 16)),
        ("20260216", date(2026, 2, 16)),
        ("16/02/2026 10:15:00", date(2026, 2, 16)),
        ("2026-02-16T10:15:00", date(2026, 2, 16)),
    ],
)
def test_each_form_of_a_date_is_found(written: str, day: date) -> None:
    proposal = of_text(f"data;valor\n{written};1,00\n")
    assert [entry["posted_on"] for entry in proposal.seen.entries] == [day]


@pytest.mark.parametrize(
    ("written", "delimiter", "amount"),
    [
        ("1.234,56", ";", 123456),
        ("1234,56", ";", 123456),
        ("1234.56", ";", 123456),
        ("1,234.56", ";", 123456),
        ("1234.56", ",", 123456),
        ("-12,90", ";", -1290),
    ],
)
def test_each_form_of_a_value_is_found(written: str, delimiter: str, amount: int) -> None:
    proposal = of_text(f"data{delimiter}valor\n16/02/2026{delimiter}{written}\n")
    assert [entry["amount"] for entry in proposal.seen.entries] == [amount]


def test_what_fits_two_forms_is_said() -> None:
    told = " ".join(of_text("data;valor\n03/02/2026;100\n").remarks)
    assert "também em %m/%d/%Y" in told
    assert "também com decimal '.'" in told
    certain = " ".join(of_text("data;valor\n23/02/2026;100,25\n").remarks)
    assert "cabem" not in certain


def test_a_preamble_is_stepped_over_by_names_that_the_header_has() -> None:
    proposal = of_text("Banco X\n\nConta;1\nData;Valor\n16/02/2026;1,00\n")
    assert 'header_match = ["Data", "Valor"]' in proposal.text
    assert [entry["line_no"] for entry in proposal.seen.entries] == [5]


def test_marks_of_debit_and_credit_give_the_sign() -> None:
    proposal = of_text("Data;Valor;D/C\n16/02/2026;1,00;D\n16/02/2026;2,00;C\n")
    assert [entry["amount"] for entry in proposal.seen.entries] == [-100, 200]
    # The same column with other words is a kind of entry, and gives none.
    other = of_text("Data;Valor;Tipo\n16/02/2026;1,00;pix\n")
    assert [(e["amount"], e["kind"]) for e in other.seen.entries] == [(100, "pix")]


def test_a_column_of_sides_is_one_only_by_its_words() -> None:
    sides = of_text("Origem;Data;Valor\nRazão;16/02/2026;1,00\nBanco;16/02/2026;1,00\n")
    assert [entry["side"] for entry in sides.seen.entries] == ["A", "B"]
    origins = of_text("Origem;Data;Valor\nRecife;16/02/2026;1,00\n")
    assert [entry["side"] for entry in origins.seen.entries] == ["B"]
    assert any("o arquivo todo é o lado B" in remark for remark in origins.remarks)


def test_balances_and_totals_are_proposed_to_be_skipped_and_it_is_said() -> None:
    proposal = of_text(
        "Data;Histórico;Valor\n16/02/2026;Saldo;1,00\n16/02/2026;Pix;2,00\nTotal;;3,00\n"
    )
    assert [entry["description"] for entry in proposal.seen.entries] == ["Pix"]
    assert any("skip_rows_where" in remark for remark in proposal.remarks)


def test_a_pix_id_in_the_description_becomes_a_key() -> None:
    pix = "E00416968202603021430abcDEF12345"
    proposal = of_text(f"Data;Descrição;Valor\n16/02/2026;Ana {pix};1,00\n")
    assert [entry["entry_id"] for entry in proposal.seen.entries] == [pix]
    assert 'on = ["entry_id", "currency"]' in proposal.text


def test_what_a_file_writes_cannot_leave_its_text_in_the_profile() -> None:
    proposal = of_text('Data;Valor;"Descrição"\n16/02/2026;1,00;x\n')
    odd = of_text('Data;"Valor";Nome\n16/02/2026;1,00;"a""b\\c"\n')
    assert proposal.seen.entries and odd.seen.entries
    names = of_text('"Data";Valor;"Saldo ""R$"" \\"\n16/02/2026;1,00;2,00\n')
    assert names.seen.entries  # a name that is not known is left out, whatever it holds


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a;b\n1;2\n", "apenas texto corrido, sem tabela\n", "\x00\x01;\x02\n"]
)
def test_a_file_whose_columns_say_too_little_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UsageError, match="Não reconheci as colunas") as error:
        of_text(text)
    assert "docs/profiles.md" in (error.value.hint or "")


def test_a_head_that_ends_inside_a_record_is_no_fault_of_it(tmp_path: Path) -> None:
    whole = "data;valor;histórico\n" + "16/02/2026;1,00;ação\n" * 3
    head = whole.encode()[:-3]
    proposal = propose(head, "x")
    assert 'encoding = "utf-8"' in proposal.text
    assert len(proposal.seen.entries) >= 2


# Against a ledger in a file of its own


def against(ledger: str, statement: str) -> Proposal:
    return propose_against(ledger.encode(), statement.encode(), "x")


def passes(proposal: Proposal) -> list[tuple[str, str]]:
    return [(each.name, each.mode) for each in parse_profile(proposal.text.encode(), "x").passes]


def test_the_sample_with_a_ledger_of_its_own_is_read_as_by_its_ready_profile() -> None:
    statement, ledger = SAMPLES / "inter-razao.csv", SAMPLES / "reference" / "inter-razao.csv"
    ready = load_profile(str(PROFILES), "inter-razao")
    assert ready.reference_file
    proposal = propose_against(ledger.read_bytes(), statement.read_bytes(), "x")
    assert proposal.reference
    for file, read_as, found in (
        (statement, ready.upload, proposal.seen),
        (ledger, ready.reference_file, proposal.reference),
    ):
        with file.open("rb") as source:
            wanted = preview(source, read_as)
        assert wanted.entries
        assert seen(found.entries) == seen(wanted.entries)
        assert [entry["entry_id"] for entry in found.entries] == [
            entry["entry_id"] for entry in wanted.entries
        ]
    assert passes(proposal) == [("id-exato", "automatic"), ("valor-data", "suggest")]
    assert "com 3 valores em comum: há um passe por id" in proposal.remarks[0]
    assert any(remark.startswith("Razão: As datas") for remark in proposal.remarks)
    assert any(remark.startswith("Extrato: Linhas puladas") for remark in proposal.remarks)


def test_a_key_is_one_only_by_the_values_that_both_files_have() -> None:
    statement = "Data;Valor;Id;Documento\n17/02/2026;1,00;B1;nf  1\n18/02/2026;2,00;B2;\n"
    proposal = against(
        "Data;Valor;Id;Documento\n16/02/2026;1,00;9;NF 1\n16/02/2026;7,00;8;NF 2\n", statement
    )
    assert passes(proposal) == [("referencia", "automatic"), ("valor-data", "suggest")]
    told = " ".join(proposal.remarks)
    assert "Os dois têm id (entry_id), mas sem valor em comum" in told
    assert "Os dois têm referência (reference), com 1 valor em comum" in told
    none = against("Data;Valor;Documento\n16/02/2026;1,00;\n", statement)
    assert passes(none) == [("valor-data", "automatic")]
    assert "os pares saem de valor e data" in " ".join(none.remarks)


@pytest.mark.parametrize(
    "ledger",
    [
        "Data;Valor;Saldo\n16/02/2026;1,00;1,00\n17/02/2026;-2,50;-1,50\n",
        "Data;Débito;Crédito;Saldo\n16/02/2026;;1,00;1,00\n17/02/2026;2,50;;-1,50\n",
        "Data;Valor;D/C;Saldo\n16/02/2026;1,00;C;1,00\n17/02/2026;2,50;D;-1,50\n",
    ],
    ids=["a column", "debit and credit", "marks"],
)
@pytest.mark.parametrize(
    ("amounts", "inverse"), [(("1,00", "-2,50"), False), (("-1,00", "2,50"), True)]
)
def test_a_ledgers_sign_is_the_one_by_which_more_amounts_are_the_statements(
    ledger: str, amounts: tuple[str, str], inverse: bool
) -> None:
    """In the books a debit of the bank's account is money that came in."""
    proposal = against(ledger, "Data;Valor\n16/02/2026;{}\n17/02/2026;{}\n".format(*amounts))
    assert proposal.reference
    first, second = proposal.reference.entries
    assert [first["amount"], second["amount"]] == [e["amount"] for e in proposal.seen.entries]
    assert second["balance"] - first["balance"] == second["amount"]
    assert ('sign = "inverse"' in proposal.remarks[1]) is inverse


def test_where_nothing_is_in_common_it_is_said() -> None:
    proposal = against("Data;Valor\n16/02/2026;1,00\n", "Data;Valor\n16/02/2026;2,00\n")
    assert "da mesma conta e dos mesmos dias" in " ".join(proposal.remarks)
    assert passes(proposal) == [("valor-data", "automatic")]


def test_a_file_with_both_sides_is_said_to_need_no_reference() -> None:
    both = "Origem;Data;Valor\nRazão;16/02/2026;1,00\nBanco;16/02/2026;1,00\n"
    proposal = against("Data;Valor\n16/02/2026;1,00\n", both)
    assert {entry["side"] for entry in proposal.seen.entries} == {"B"}
    assert any("proponha sem --reference" in remark for remark in proposal.remarks)


@pytest.mark.parametrize("whose", ["razão", "extrato"])
def test_of_two_files_it_is_said_whose_columns_tell_too_little(whose: str) -> None:
    good, bad = "Data;Valor\n16/02/2026;1,00\n", "a;b\n1;2\n"
    with pytest.raises(UsageError, match=f"colunas de data e de valor do {whose}"):
        against(*((bad, good) if whose == "razão" else (good, bad)))
