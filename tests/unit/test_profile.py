from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from jobs.profile import ProfileError, load_profile, minor_units, parse_profile

PROFILES = Path(__file__).parents[2] / "profiles"
DEFAULT = (PROFILES / "default.toml").read_text()


def parse(text: str):
    return parse_profile(text.encode(), "p.toml")


def refusal(old: str, new: str) -> str:
    """What is said about the default profile with one text in it replaced."""
    assert old in DEFAULT
    with pytest.raises(ProfileError) as refused:
        parse(DEFAULT.replace(old, new, 1))
    assert refused.value.error_code == "PROFILE"
    return refused.value.message


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_valid_and_named_as_its_file(path: Path):
    assert load_profile(str(PROFILES), path.stem).name == path.stem


def test_the_default_profile_says_what_the_contract_says():
    profile = load_profile(str(PROFILES), "default")
    assert profile.layout == "single_file"
    assert (profile.csv.delimiter, profile.csv.decimal, profile.csv.thousands) == (",", ".", "")
    assert set(profile.columns.sources) == {
        *("side", "entry_id", "account", "posted_on", "amount", "currency"),
        *("reference", "description", "kind"),
    }
    exact, reference = profile.passes
    assert (exact.name, exact.on, exact.amount.abs, exact.days, exact.unique) == (
        *("id-exato", ("entry_id", "currency"), 0, (0, 0), False),
    )
    assert (
        reference.name,
        reference.on,
        reference.amount.abs,
        reference.days,
        reference.unique,
    ) == (*("referencia", ("reference_norm", "currency"), Decimal("0.05"), (0, 2), True),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('delimiter = ","', 'delimiter = ";;"', "csv.delimiter = ';;': use um caractere ASCII"),
        ('delimiter = ","', "delimiter = '\"'", "delimiter tem de ser diferente de quote"),
        ('decimal = "."', 'decimal = "."\nthousands = "."', "decimal e thousands têm de ser"),
        ('"%Y-%m-%d"', '"%y%Y-%m-%d"', "csv.date_format = '%y%Y-%m-%d': use %d, %m e %Y (ou %y"),
        ('"%Y-%m-%d"', '"%Y-%m"', "csv.date_format"),
        ('encoding = "utf-8"', 'encoding = "ebcdic"', "use utf-8, utf-8-sig, cp1252"),
        ("[csv]", "[cvs]", "a chave cvs não existe nesta versão; aqui existem: schema, name"),
        ("unique = true", "uniqe = true", "a chave passes[2].uniqe não existe nesta versão"),
        ("unique = true", "unique = 1", "passes[2].unique = 1: use true ou false"),
        ("days = [0, 2]", "days = [2, 0]", "passes[2].days = [2, 0]: use [menor, maior]"),
        ('abs = "0.05"', 'abs = "-1"', "passes[2].amount.abs = '-1': use um valor na moeda"),
        ('abs = "0.05"', 'abs = "1e40"', "passes[2].amount.abs = '1e40': use um valor na moeda"),
        ("days = [0, 2]", "days = [0, 99999]", "passes[2].days[2] = 99999: use [menor, maior]"),
        ('abs = "0.05"', "bps = true", "passes[2].amount.bps = true: use pontos-base"),
        ("single_file", "paired_files", "layout = 'paired_files': use \"single_file\" (os dois"),
        ("unique = true", 'kind = "sum"', "passes[2].kind = 'sum': use \"match\""),
        (
            "unique = true",
            'kind = "group"',
            "o passe referencia (kind = group) precisa de group_by",
        ),
        (
            "unique = true",
            'kind = "group"\ngroup_by = "reference_norm"',
            "o passe referencia (kind = group) não tem days, on",
        ),
        ("unique = true", 'compare = "net"', "o passe referencia usa net, que falta em [columns]"),
        (
            "unique = true",
            'group_by = "kind"',
            "o passe referencia (kind = match) não tem group_by",
        ),
        ("unique = true", 'mode = "auto"', "passes[2].mode = 'auto': use \"automatic\""),
        ('amount = "amount"\n', "", "falta a chave columns.amount: o nome de uma coluna"),
        (
            'kind = "kind"',
            '[reversals]\nkinds = ["estorno"]',
            "reversals usa kind, que falta em [columns]",
        ),
        ("[columns]", "[fees]\nrates = { x = 1 }\n[columns]", "fees usa fee, gross, que falta em"),
        ("[columns]", "[fees]\nrates = { x = -1 }\n[columns]", "fees.rates.x = -1: use valor"),
        (
            '"kind"',
            "[]",
            "columns.kind.column = []: use o nome de uma coluna do arquivo ou uma lista",
        ),
        ('"kind"', "{}", "columns.kind: use o nome de uma coluna do arquivo ou uma lista"),
        ('"kind"', '{ constant = "x", column = "y" }', "columns.kind: use"),
        ('"kind"', '{ constant = "x", optional = true }', "columns.kind: use"),
        (
            '"amount"',
            '{ debit = "D" }',
            "columns.amount: use o nome de uma coluna",
        ),
        ('"amount"', '{ column = "v", mark = "m", debit = "D" }', "columns.amount: use"),
        ('"amount"', '{ debit = "v", credit = "v" }', "columns.amount: use"),
        (
            '"amount"',
            '{ column = "v", sign = "-" }',
            "columns.amount.sign = '-': use \"normal\" ou",
        ),
        ("[columns]", "extract = { kind = '(x)' }\n[columns]", "a chave csv.extract não existe"),
        (
            "[columns]",
            "[extract]\nkind = '(x)'\n[columns]",
            "extract.kind.pattern = '(x)': use uma exp",
        ),
        (
            "[columns]",
            "[extract]\nkind = { from = 'amount', pattern = 'x' }\n[columns]",
            "extract.kind.from",
        ),
        (
            "[columns]",
            "[extract]\nkind = { from = 'group_key', pattern = 'x' }\n[columns]",
            "extract usa group_key, que",
        ),
        ('"utf-8"', '"cp1252"\nencoding_fallback = "cp1252"', "encoding_fallback só vale com"),
        (
            '"utf-8"',
            '"utf-8"\nencoding_fallback = "utf-16"',
            "csv.encoding_fallback = 'utf-16': use cp1252",
        ),
        ('"amount"', '{ constant = "1" }', "a chave columns.amount.constant não existe nesta"),
        ('"amount"', '{ column = "v", optional = true }', "columns.amount: use"),
        ('side = "side"', "side = {}", 'columns.side: use "A", "B", o nome'),
        ('side = "side"', 'side = { column = "x", values = { R = "C" } }', "RAZAO"),
        ('reference = "reference"\n', "", "o passe referencia usa reference, que falta em"),
        (
            "[columns]",
            'skip_rows_where = { kind = "(" }\n[columns]',
            "'(', de kind, não é uma expressão regular RE2",
        ),
        ('kind = "kind"', "[csv.skip_rows_where]\nkind = 'x'", "skip_rows_where usa kind, que"),
        ('"referencia"', '"id-exato"', "dois [[passes]] têm o mesmo name"),
        ("schema = 1", "schema = 2", "schema = 2: use 1"),
        ("schema = 1", "schema = true", "schema = true: use 1"),
        ("schema = 1", "schema = 1.0", "schema = 1.0: use 1"),
        ('side = "side"', 'side = { column = "x", values = {} }', "columns.side.values: use as"),
        (
            'side = "side"',
            'side = { column = "x", values = { "" = "A" } }',
            "columns.side.values. = '': use as palavras do arquivo",
        ),
        ('"reference_norm", "currency"', '"currency"', "on precisa de uma coluna além de currency"),
        ('"reference_norm", "currency"', '"kind", "kind"', "o passe referencia repete uma coluna"),
        ('"reference_norm", "currency"', '"amount"', "e a tolerância não age"),
        (
            "[columns]",
            '[extract]\nside = "x"\n[columns]',
            "a chave extract.side não existe nesta versão; aqui existem: entry_id, account,",
        ),
        (
            "[columns]",
            'skip_rows_where = { foo = "x" }\n[columns]',
            "a chave csv.skip_rows_where.foo não existe nesta versão; aqui existem: side,",
        ),
        ('"BRL"', '"XXX"', "currency = 'XXX': use um código ISO 4217"),
        ("schema = 1", "schema = ", "p.toml não é um TOML válido em UTF-8"),
    ],
)
def test_a_wrong_profile_is_refused_by_key_value_and_what_would_be_right(old, new, said):
    assert said in refusal(old, new)


@pytest.mark.parametrize(
    "pattern",
    ["(?P<value>x)|(?P<value>b)", "[(?P<value>]", "(?<value>a)", r"\(?P<value>x", "(?P<value>a)|("],
)
def test_a_pattern_that_does_not_capture_one_value_is_refused(pattern: str):
    said = refusal("[columns]", f"[extract]\nkind = '{pattern}'\n[columns]")
    assert "extract.kind.pattern = " in said
    assert "vale o grupo (?P<value>…)" in said


@pytest.mark.parametrize("pattern", ["x", "(?P<value>a)(?P<x>b)", "(?P<value>[(?P<value>])"])
def test_a_pattern_captures_one_value_whatever_else_is_in_it(pattern: str):
    parse(DEFAULT.replace("[columns]", f"[extract]\nkind = '{pattern}'\n[columns]"))


@pytest.mark.parametrize("kind", ["a = " + "[" * 3000 + "]" * 3000, "name" + ".a" * 3000 + " = 1"])
def test_a_profile_of_too_many_levels_is_refused_as_any_other(kind: str):
    assert "p.toml" in refusal('name = "default"', kind)


def test_a_wrong_column_of_a_pass_is_the_only_thing_said():
    said = refusal('"reference_norm", "currency"', '"foo"')
    assert said.startswith("p.toml: passes[2].on[1] = 'foo': use uma lista destas: amount, ")
    assert said.endswith(", group_key")


def test_a_wrong_table_is_named_and_not_repeated():
    said = refusal('decimal = "."', 'decimal = "."\nthousands = "."')
    assert said == "p.toml: csv: decimal e thousands têm de ser diferentes"


def test_an_amount_of_the_key_may_have_a_tolerance_for_another_that_is_compared():
    text = DEFAULT.replace('"reference_norm", "currency"', '"amount"').replace(
        "unique = true", 'compare = "net"'
    )
    assert parse(text.replace("[columns]", '[columns]\nnet = "liquido"')).passes[1].on == (
        "amount",
    )


def test_all_that_is_wrong_is_said_at_once():
    said = refusal('decimal = "."\ndate_format = "%Y-%m-%d"', 'decimal = "x"\ndate_format = ""')
    assert "csv.decimal" in said
    assert "csv.date_format" in said


TWO_FILES = (PROFILES / "inter-razao.toml").read_text()


def test_each_side_of_two_files_is_read_by_its_own_words():
    profile = parse(TWO_FILES)
    ledger, upload = profile.reference_file, profile.upload
    assert ledger is not None
    assert (ledger.columns.side.constant, upload.columns.side.constant) == ("A", "B")
    assert (ledger.csv.date_format, upload.csv.date_format) == ("%d/%m/%y", "%d/%m/%Y")
    assert (ledger.at, set(ledger.extract), set(upload.extract)) == (
        "sides.A.",
        set(),
        {"entry_id"},
    )
    assert profile.mapped >= {"balance", "counterparty"}
    assert parse(DEFAULT).reference_file is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "[reference]",
            '[csv]\ndelimiter = ";"\n[reference]',
            'layout = "against_reference" não tem csv: usa [sides.A.csv], [sides.A.columns], o mesmo',
        ),
        ("[reference]\nmax_age_days = 7", "", 'layout = "against_reference" precisa de reference'),
        (
            '"against_reference"',
            '"single_file"',
            'layout = "single_file" não tem reference, sides: usa [csv], [columns] e [extract]',
        ),
        ("max_age_days = 7", "max_age_days = -1", "reference.max_age_days = -1: use dias, um"),
        ("max_age_days = 7", "", "falta a chave reference.max_age_days: dias, um inteiro"),
        (
            'posted_on = "data"',
            'side = "A"\nposted_on = "data"',
            "a chave sides.A.columns.side não existe nesta versão; aqui existem: posted_on,",
        ),
        (
            'decimal = ","\nthousands = "."\ndate_format = "%d/%m/%y"',
            'decimal = ";"',
            "sides.A.csv.decimal = ';': use \".\" ou",
        ),
        (
            'entry_id = "id_pix"\n',
            "",
            "o passe pix usa entry_id, que falta em [sides.A.columns]",
        ),
        (
            'kind = "tipo"',
            '[sides.A.extract]\nkind = { from = "account", pattern = "x" }',
            "extract usa account, que falta em [sides.A.columns]",
        ),
        (
            'mode = "suggest"',
            'mode = "suggest"\ncompare = "net"',
            "valor-data usa net, que falta em [sides.A.columns] e em [sides.B.columns]",
        ),
        ("[sides.B.extract]", "[sides.C.extract]", "a chave sides.C não existe nesta versão"),
    ],
)
def test_a_profile_of_two_files_is_refused_by_what_is_wrong_in_which_of_them(old, new, said):
    assert old in TWO_FILES
    with pytest.raises(ProfileError) as refused:
        parse(TWO_FILES.replace(old, new, 1))
    assert said in refused.value.message


def test_the_columns_of_a_profile_of_one_file_are_asked_for():
    no_columns = DEFAULT.partition("[columns]")[0] + '[[passes]]\nname = "x"\non = ["amount"]\n'
    with pytest.raises(ProfileError, match='layout = "single_file" precisa de columns: usa'):
        parse(no_columns)


def test_what_one_side_alone_has_may_be_the_fee_or_the_kind_of_a_reversal():
    both = 'gross = "bruto"\nfee = "taxa"\nkind = "tipo"'
    rules = '[fees]\nrates = { x = 1 }\n[reversals]\nkinds = ["x"]\non = ["counterparty"]\n'
    assert parse(TWO_FILES.replace('kind = "tipo"', both) + rules).fees


def test_a_missing_profile_is_named_with_the_place_that_was_searched(tmp_path: Path):
    with pytest.raises(ProfileError, match=r"O perfil banco-x não existe: .*banco-x\.toml"):
        load_profile(str(tmp_path), "banco-x")


def test_a_profile_under_another_files_name_is_refused(tmp_path: Path):
    (tmp_path / "outro.toml").write_text(DEFAULT)
    with pytest.raises(ProfileError, match='use name = "outro"'):
        load_profile(str(tmp_path), "outro")


def test_a_file_may_be_expected_by_an_hour_and_that_changes_no_result():
    expecting = parse(DEFAULT + '\n[expect]\nby = "09:00"\n')
    assert expecting.expect is not None
    assert (expecting.expect.by, expecting.expect.days) == ("09:00", "br-bank")
    assert expecting.sha256 == parse(DEFAULT).sha256


@pytest.mark.parametrize("by", ['"9:00"', '"24:00"', '"09:60"', "09:00:00", "9"])
def test_an_hour_that_is_none_is_refused(by: str):
    with pytest.raises(ProfileError, match=r'expect.by.*como "09:00"'):
        parse(DEFAULT + f"\n[expect]\nby = {by}\n")


def test_the_hash_ignores_comments_and_order_but_no_value():
    same = "# nota\n" + DEFAULT.replace(
        'schema = 1\nname = "default"', 'name = "default"\nschema = 1'
    )
    other = DEFAULT.replace("days = [0, 2]", "days = [0, 3]")
    assert parse(same).sha256 == parse(DEFAULT).sha256
    assert parse(other).sha256 != parse(DEFAULT).sha256


@pytest.mark.parametrize("written", ["0.05", '"0.05"'])
def test_a_tolerance_is_read_exactly_however_it_is_written(written: str):
    profile = parse(DEFAULT.replace('"0.05"', written))
    assert profile.passes[1].amount.abs == Decimal("0.05")


@pytest.mark.parametrize(
    ("value", "exponent", "units"),
    [("0.05", 2, 5), ("0.05", 0, 0), ("1.239", 2, 123), ("2", 3, 2000)],
)
def test_a_limit_in_minor_units_is_rounded_down(value: str, exponent: int, units: int):
    assert minor_units(Decimal(value), exponent) == units


def test_the_side_may_be_a_constant_a_column_or_a_column_with_its_own_words():
    def side(written: str):
        return parse(DEFAULT.replace('side = "side"', f"side = {written}")).columns.side

    assert side('"B"').constant == "B"
    assert side('"Origem"').column == "Origem"
    words = side('{ column = "Origem", values = { RAZAO = "A", BANCO = "B" } }')
    assert (words.column, words.values) == ("Origem", {"RAZAO": "A", "BANCO": "B"})
