"""Files as a whole: accepted and accounted for, or refused with what was found, expected and a hint."""

from __future__ import annotations

import hashlib
import io
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.profile import Profile, load_profile
from jobs.validation import acceptance
from jobs.validation.acceptance import validate
from jobs.validation.judgement import Reader
from jobs.validation.records import Block
from jobs.validation.refusal import RefusedFileError
from jobs.validation.sorting import Sorted, sort_out
from tests.jobs.validation_case import GOOD, HEADER, lines, profile_of, run

BAD = GOOD.replace("10.00", "x")
ROOT = Path(__file__).parents[2]
PREAMBLE = profile_of('header_match = ["side", "amount"]')


def refusal(
    data: bytes, folder: Path, profile: Profile | None = None, **options
) -> RefusedFileError:
    with pytest.raises(RefusedFileError) as refused:
        run(data, folder, profile, **options)
    assert not list(folder.iterdir()), "a refused file leaves nothing behind"
    assert refused.value.hint
    return refused.value


def test_both_files_are_written_with_their_types_even_when_one_is_empty(tmp_path: Path):
    result = validate(io.BytesIO(lines(GOOD)), profile_of(), tmp_path)
    assert pq.read_schema(result.entries).equals(
        pa.schema(
            [
                pa.field("side", pa.string(), nullable=False),
                pa.field("line_no", pa.int64(), nullable=False),
                pa.field("entry_id", pa.string()),
                pa.field("account", pa.string()),
                pa.field("posted_on", pa.date32(), nullable=False),
                pa.field("value_on", pa.date32()),
                pa.field("amount", pa.int64(), nullable=False),
                pa.field("currency", pa.string(), nullable=False),
                pa.field("reference", pa.string()),
                pa.field("description", pa.string()),
                pa.field("counterparty", pa.string()),
                pa.field("kind", pa.string()),
                pa.field("group_key", pa.string()),
                pa.field("gross", pa.int64()),
                pa.field("fee", pa.int64()),
                pa.field("net", pa.int64()),
                pa.field("balance", pa.int64()),
                pa.field("reference_norm", pa.string()),
            ]
        )
    )
    rejects = pq.read_table(result.rejects)
    assert rejects.num_rows == 0
    assert rejects.column_names == ["side", "line_no", "column", "raw_value", "code", "message"]


def test_every_record_is_counted_in_exactly_one_place(tmp_path: Path):
    found = run(lines("", GOOD, BAD, "", "a,b", GOOD), tmp_path)
    figures = found.figures
    assert (figures.header, figures.skipped, figures.entries, figures.rejected) == (1, 2, 2, 2)
    assert figures.lines == 7
    assert figures.codes == {"AMOUNT_FORMAT": 1, "FIELD_COUNT": 1}
    assert found.codes == {4: "AMOUNT_FORMAT", 6: "FIELD_COUNT"}


def test_entries_stay_in_the_order_of_the_file_however_each_was_read(tmp_path: Path):
    odd = GOOD.replace("Venda", 'cano 5" x 3"')  # only the definition reads it
    found = run(lines(*[GOOD, odd] * 50), tmp_path, chunk=500)
    assert [row["line_no"] for row in found.entries] == list(range(2, 102))


def test_columns_are_found_by_name_in_any_order_and_others_are_ignored(tmp_path: Path):
    header = " amount ,kind,extra,side,entry_id,account,posted_on,currency,reference,description"
    found = run(lines("1.50,k,?,B,E9,,2026-02-16,,NF 9,d", header=header), tmp_path)
    (row,) = found.entries
    assert (row["amount"], row["side"], row["entry_id"], row["kind"]) == (150, "B", "E9", "k")


def test_columns_that_the_profile_does_not_map_are_null_and_currency_is_the_profiles(
    tmp_path: Path,
):
    profile = load_profile(str(ROOT / "profiles"), "extrato-br")
    text = "Origem;Data;Documento;Histórico;Valor;Tipo\nRAZAO;01/02/2026;;x;1,00;\n"
    (row,) = run(text.encode("cp1252"), tmp_path, profile).entries
    assert row["entry_id"] is row["account"] is row["reference_norm"] is None
    assert row["currency"] == "BRL"


def test_a_preamble_is_skipped_and_counted(tmp_path: Path):
    data = b'Banco "X"\n\nPeriodo: "aberto\n' + lines(GOOD)
    found = run(data, tmp_path, PREAMBLE)
    assert (found.figures.skipped, found.figures.lines) == (3, 5)
    assert [row["line_no"] for row in found.entries] == [5]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "çX"),
        ("utf-8-sig", "çX"),
        ("cp1252", "–X€"),
        ("iso-8859-1", "çX"),
        ("latin-1", "çX"),
        ("utf-16", "çX\U0001f600"),
    ],
)
def test_each_encoding_is_read_in_pieces_of_any_size(encoding: str, text: str, tmp_path: Path):
    row = GOOD.replace("Venda", text)
    data = f"{HEADER}\r\n{row}\r\n".encode(encoding)
    profile = profile_of(f'encoding = "{encoding}"')
    for chunk in (1, 5, 1000):
        (entry,) = run(data, tmp_path, profile, chunk=chunk).entries
        assert entry["description"] == text
        assert entry["line_no"] == 2


def test_a_byte_order_mark_is_no_part_of_the_first_column_declared_or_not(tmp_path: Path):
    data = "\ufeff".encode() + lines(GOOD, header=HEADER.replace("side", '"side"'))
    for encoding in ("utf-8", "utf-8-sig"):
        for chunk in (1, 2, 1000):
            found = run(data, tmp_path, profile_of(f'encoding = "{encoding}"'), chunk=chunk)
            assert found.figures.entries == 1


def test_bytes_that_the_encoding_lacks_reject_their_record_only(tmp_path: Path):
    data = lines(GOOD, GOOD, GOOD).replace(b"Venda", b"caf\x81", 1)
    found = run(data, tmp_path, profile_of('encoding = "cp1252"'))
    assert found.codes == {2: "ENCODING"}
    assert found.figures.entries == 2
    assert "não são texto em cp1252" in found.rejects[0]["message"]
    half = f"{HEADER}\n{GOOD}\n{GOOD}\n".encode("utf-16").replace(b"V\0e\0", b"\0\xd8e\0", 1)
    assert run(half, tmp_path, profile_of('encoding = "utf-16"')).codes == {2: "ENCODING"}


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n\n"])
def test_an_empty_file_is_refused(data: bytes, tmp_path: Path):
    assert refusal(data, tmp_path).error_code == "EMPTY_FILE"


@pytest.mark.parametrize("data", [lines(), lines("", ""), HEADER.encode()])
def test_a_header_alone_is_refused(data: bytes, tmp_path: Path):
    error = refusal(data, tmp_path)
    assert error.error_code == "NO_DATA_ROWS"
    assert "cabeçalho e nenhuma linha de dados" in error.message


def test_a_wrong_delimiter_is_named_with_the_columns_found_and_expected(tmp_path: Path):
    error = refusal(lines(GOOD).replace(b",", b";"), tmp_path)
    assert error.error_code == "WRONG_DELIMITER"
    assert error.message == (
        'O arquivo não está delimitado por "," (vírgula), como o perfil declara: '
        "a linha 1 tem 1 coluna, e o perfil espera 9."
    )
    assert 'parece delimitado por ";" (ponto e vírgula)' in (error.hint or "")
    tabs = refusal(b"x\n" + lines(GOOD).replace(b",", b"\t"), tmp_path, PREAMBLE)
    assert "(tabulação)" in (tabs.hint or "")


def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path: Path):
    header = HEADER.replace("amount", "valor")
    error = refusal(lines(GOOD, header=header), tmp_path)
    assert error.error_code == "HEADER_NOT_FOUND"
    assert 'não tem "amount"; tem 9 colunas, entre elas "side", "entry_id"' in error.message
    assert '"valor"' not in error.message
    assert '"valor"' in (error.quote or "")
    assert "corrija [columns] no perfil" in (error.hint or "")
    after = refusal(b"x\n" + lines(GOOD, header="side,amount"), tmp_path, PREAMBLE)
    assert after.error_code == "HEADER_NOT_FOUND"
    assert 'O cabeçalho (linha 2) não tem "posted_on", "currency"' in after.message


def test_no_header_within_the_first_records_is_refused_by_the_likest_line(tmp_path: Path):
    error = refusal(b"a,b\nside,x\n" + b"c,d\n" * 1000, tmp_path, PREAMBLE)
    assert error.error_code == "HEADER_NOT_FOUND"
    assert 'a linha 2, a mais parecida, não tem "amount"' in error.message
    assert "corrija header_match no perfil" in (error.hint or "")


def test_a_mapped_column_that_occurs_twice_is_refused(tmp_path: Path):
    error = refusal(lines(GOOD, header=HEADER + ",amount"), tmp_path)
    assert error.error_code == "HEADER_NOT_FOUND"
    assert 'mais de uma coluna "amount"' in error.message


@pytest.mark.parametrize(
    ("declared", "actual", "said"),
    [
        ("utf-8", "utf-16", "parece estar em utf-16"),
        ("utf-8", "utf-16-le", "parece estar em utf-16"),
        ("cp1252", "utf-16", "parece estar em utf-16"),
        ("utf-8", "cp1252", "parece estar em cp1252"),
        ("cp1252", "utf-8", "parece estar em utf-8"),
        ("iso-8859-1", "utf-8-sig", "parece estar em utf-8"),
        ("utf-16", "utf-8", "corrija encoding"),
    ],
)
def test_a_file_in_another_encoding_is_refused_with_the_likely_one(
    declared: str, actual: str, said: str, tmp_path: Path
):
    data = f"Saída;côlunas\n{GOOD}\n".encode(actual)
    error = refusal(data, tmp_path, profile_of(f'encoding = "{declared}"'))
    assert error.error_code == "ENCODING"
    assert f"não é texto em {declared}" in error.message
    assert said in (error.hint or "")


def test_other_bytes_than_those_declared_are_refused_with_both_hashes(tmp_path: Path):
    data = lines(GOOD)
    sha256 = hashlib.sha256(data).hexdigest()
    error = refusal(data, tmp_path, expected_hash="test-hash")
    assert error.error_code == "HASH_MISMATCH"
    assert sha256 in error.message
    assert '"test-hash"' in error.message
    assert run(data, tmp_path, expected_hash=sha256).sha256 == sha256


def test_the_hash_is_of_the_bytes_as_they_were_not_as_they_were_decoded(tmp_path: Path):
    data = "\ufeff".encode() + lines(GOOD)
    assert run(data, tmp_path).sha256 == hashlib.sha256(data).hexdigest()
    wide = data.decode("utf-8-sig").encode("utf-16")
    found = run(wide, tmp_path, profile_of('encoding = "utf-16"'))
    assert found.sha256 == hashlib.sha256(wide).hexdigest()


def test_rejects_up_to_the_profiles_ratio_are_accepted_and_more_are_refused(tmp_path: Path):
    quarter = profile_of(ratio="0.25")
    assert run(lines(GOOD, GOOD, GOOD, BAD), tmp_path / "at", quarter).figures.rejected == 1
    (tmp_path / "over").mkdir()
    error = refusal(lines(GOOD, GOOD, BAD, BAD), tmp_path / "over", quarter)
    assert error.error_code == "REJECT_RATIO"
    assert "2 linhas rejeitadas de 4; o perfil tolera até 25%" in error.message
    assert 'A primeira: linha 4, coluna "amount" (AMOUNT_FORMAT).' in error.message


def test_a_file_of_rejects_only_is_refused_whatever_the_ratio(tmp_path: Path):
    error = refusal(lines(BAD), tmp_path, profile_of(ratio="1"))
    assert error.error_code == "REJECT_RATIO"
    assert ": nenhuma pôde ser lida" in error.message
    assert (
        error.quote
        == 'linha 2, coluna "amount": "x" não é um valor no formato 1234.56 (AMOUNT_FORMAT)'
    )


def test_a_refused_file_takes_an_earlier_results_place(tmp_path: Path):
    run(lines(GOOD), tmp_path)
    assert refusal(b"", tmp_path).error_code == "EMPTY_FILE"


def test_a_refusal_late_in_the_file_takes_back_what_was_written(tmp_path: Path):
    rows = [GOOD] * 200 + [BAD] * 800
    assert refusal(lines(*rows), tmp_path, profile_of(ratio="0.5"), chunk=1000)


# Hostile files: a right result or a clear refusal, at once


def test_nuls_inside_a_text_are_kept_and_a_file_of_nuls_is_refused(tmp_path: Path):
    (row,) = run(lines(GOOD.replace("Venda", "a\0b")), tmp_path).entries
    assert row["description"] == "a\0b"
    (tmp_path / "nuls").mkdir()
    assert refusal(bytes(20 << 20), tmp_path / "nuls").error_code == "LINE_TOO_LONG"


def test_an_unclosed_quote_costs_its_own_line(tmp_path: Path):
    rows = [GOOD.replace("Venda", '"Venda'), *[GOOD] * 1000]
    found = run(lines(*rows), tmp_path, chunk=4096)
    assert found.codes == {2: "UNBALANCED_QUOTE"}
    assert found.figures.entries == 1000


def test_of_short_lines_no_more_than_so_many_are_sorted_out_at_a_time(monkeypatch, tmp_path: Path):
    """Four megabytes of them may be millions of rejects, each with its message."""
    sizes = []

    def sized(block: Block, reader: Reader) -> Sorted:
        sizes.append(len(block))
        return sort_out(block, reader)

    monkeypatch.setattr(acceptance, "RECORDS", 2)
    monkeypatch.setattr(acceptance, "sort_out", sized)
    found = run(lines("x", GOOD, "", "x", GOOD), tmp_path)
    assert sizes == [2, 2, 1]
    assert found.codes == {2: "FIELD_COUNT", 5: "FIELD_COUNT"}
    assert [row["line_no"] for row in found.entries] == [3, 6]
    assert found.figures.skipped == 1


def test_a_field_of_ten_megabytes_is_a_field(tmp_path: Path):
    long = "x" * (10 << 20)
    found = run(lines(GOOD, GOOD.replace("Venda", long), GOOD), tmp_path)
    assert [len(row["description"]) for row in found.entries] == [5, 10 << 20, 5]
    reject = run(lines(GOOD, GOOD.replace("10.00", long)), tmp_path).rejects[0]
    assert len(reject["raw_value"]) == 1000


def test_lone_carriage_returns_and_mixed_line_breaks_end_lines(tmp_path: Path):
    data = f"{HEADER}\r{GOOD}\r{GOOD}\r\n{GOOD}\n{BAD}\r".encode()
    found = run(data, tmp_path)
    assert [row["line_no"] for row in found.entries] == [2, 3, 4]
    assert found.codes == {5: "AMOUNT_FORMAT"}


def test_a_byte_order_mark_in_the_middle_is_part_of_its_value(tmp_path: Path):
    data = lines(GOOD, "\ufeff" + GOOD, GOOD.replace("Venda", "\ufeffVenda"))
    for chunk in (1, 1000):  # by itself in a block, and among others
        found = run(data, tmp_path, chunk=chunk)
        assert found.codes == {3: "SIDE_UNKNOWN"}
        assert found.entries[1]["description"] == "\ufeffVenda"


def test_a_million_columns_are_refused_in_the_header_and_rejected_in_a_row(tmp_path: Path):
    many = "," * 999_991
    error = refusal(lines(GOOD, header=HEADER + many), tmp_path)
    assert error.error_code == "HEADER_NOT_FOUND"
    assert "1.000.000 colunas" in error.message
    assert run(lines(GOOD, GOOD + many), tmp_path).codes == {3: "FIELD_COUNT"}


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04\x14\x00", "uma planilha do Excel (.xlsx) ou um arquivo .zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "uma planilha antiga do Excel (.xls)"),
        (b"%PDF-1.7\n", "um PDF"),
        (b"\x1f\x8b\x08\x00", "um arquivo compactado (.gz)"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_what_is_no_text_is_named_for_what_it_is_whatever_its_name(
    start: bytes, kind: str, encoding: str, tmp_path: Path
):
    error = refusal(
        start + bytes(range(256)) * 40, tmp_path, profile_of(f'encoding = "{encoding}"')
    )
    assert (error.error_code, kind in error.message) == ("NOT_CSV", True)


def test_dates_far_away_and_amounts_at_the_edge_survive_parquet(tmp_path: Path):
    rows = [
        "A,,,1900-01-01,92233720368547758.07,,,,",
        "B,,,2099-12-31,-92233720368547758.08,,,,",
    ]
    low, high = run(lines(*rows), tmp_path).entries
    assert (low["posted_on"], low["amount"]) == (date(1900, 1, 1), 2**63 - 1)
    assert (high["posted_on"], high["amount"]) == (date(2099, 12, 31), -(2**63))


def test_doubled_quotes_mean_nothing_where_another_escape_is_declared(tmp_path: Path):
    rows = [GOOD.replace("Venda", text) for text in ('"a ""b"', '"a""b"', r'"a \"b"')]
    found = run(lines(*rows), tmp_path, profile_of(r"escape = '\'"))
    assert found.codes == {2: "UNBALANCED_QUOTE", 3: "UNBALANCED_QUOTE"}
    assert found.entries[0]["description"] == 'a "b'


VARIANTS = """description = ["Histórico", "Descrição"]
balance = { column = "Saldo", optional = true }
reference = { column = "Documento", optional = true }
kind = { constant = "extrato" }"""


def test_of_several_names_the_first_that_the_header_has_is_read(tmp_path: Path):
    head = "side,entry_id,account,posted_on,amount,currency"
    row = "B,E1,1,2026-02-16,10.00,BRL"
    for more, value, read in (
        ("Descrição", "b", "b"),
        ("Histórico", "a", "a"),
        ("Descrição,Histórico", "b,a", "a"),
    ):
        data = lines(f"{row},{value}", header=f"{head},{more}")
        found = run(data, tmp_path, profile_of(columns=VARIANTS))
        assert found.entries[0]["description"] == read


def test_an_optional_column_may_be_absent_and_a_constant_is_every_rows(tmp_path: Path):
    profile = profile_of(columns=VARIANTS)
    head = "side,entry_id,account,posted_on,amount,currency,Descrição"
    row = "B,E1,1,2026-02-16,10.00,BRL,x"
    without = run(lines(row, header=head), tmp_path, profile).entries[0]
    with_it = run(lines(f"{row},7.00,NF 1", header=f"{head},Saldo,Documento"), tmp_path, profile)
    assert (without["balance"], without["reference"], without["kind"]) == (None, None, "extrato")
    entry = with_it.entries[0]
    assert (entry["balance"], entry["reference"], entry["kind"]) == (700, "NF 1", "extrato")


def test_a_header_with_none_of_a_columns_names_is_refused_with_all_of_them(tmp_path: Path):
    head = "side,entry_id,account,posted_on,amount,currency"
    with pytest.raises(RefusedFileError, match='não tem "Histórico" ou "Descrição"; tem '):
        run(lines(GOOD, header=head), tmp_path, profile_of(columns=VARIANTS))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_header_may_be_in_the_fallback_too(encoding: str, tmp_path: Path):
    profile = profile_of('encoding_fallback = "cp1252"', columns='kind = "Histórico"')
    text = f"{HEADER.replace('kind', 'Histórico')}\n{GOOD}\n{GOOD.replace('venda', 'São João')}\n"
    found = run(text.encode(encoding), tmp_path, profile)
    assert [row["kind"] for row in found.entries] == ["venda", "São João"]
