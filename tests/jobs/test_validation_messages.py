"""What analysts are told of each kind of wrong record and of wrong file, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.profile import Profile
from jobs.validation.judgement import Reader, Reject, judge
from jobs.validation.refusal import RefusedFileError
from tests.jobs.validation_case import GOOD, HEADER, lines, profile_of, reader_of, run

DEFAULT = reader_of(profile_of())
TWO_COLUMNS = reader_of(profile_of(columns='amount = { debit = "description", credit = "kind" }'))
PREAMBLE = profile_of('header_match = ["side", "amount"]')


_OF_COLUMNS = (
    "Confira se o arquivo é do tipo que o perfil descreve, ou corrija [columns] no perfil."
)


def refused(data: bytes, folder: Path, profile: Profile | None = None) -> RefusedFileError:
    with pytest.raises(RefusedFileError) as caught:
        run(data, folder, profile)
    return caught.value


def told(record: str, reader: Reader = DEFAULT) -> str:
    found = judge(record.encode(), 7, reader)
    assert isinstance(found, Reject)
    return found.message


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            "A,,,2026-02-30,1.00,BRL,,,",
            'linha 7, coluna "posted_on": "2026-02-30" não existe no calendário (DATE_RANGE)',
        ),
        (
            "A,,,1850-01-01,1.00,BRL,,,",
            'linha 7, coluna "posted_on": "1850-01-01" está fora dos anos de 1900 a 2099 (DATE_RANGE)',
        ),
        (
            "A,,,16/02/2026,1.00,BRL,,,",
            'linha 7, coluna "posted_on": "16/02/2026" não é uma data no formato aaaa-mm-dd (DATE_FORMAT)',
        ),
        (
            "A,,,2026-02-16,,BRL,,,",
            'linha 7, coluna "amount": está vazia e é obrigatória (REQUIRED_EMPTY)',
        ),
        (
            'A,,,2026-02-16,"1,00",BRL,,,',
            'linha 7, coluna "amount": "1,00" não é um valor no formato 1234.56 (AMOUNT_FORMAT)',
        ),
        (
            "A,,,2026-02-16,1.001,BRL,,,",
            'linha 7, coluna "amount": "1.001" tem mais casas decimais que as 2 da moeda (AMOUNT_SCALE)',
        ),
        (
            "A,,,2026-02-16,99999999999999999999,BRL,,,",
            'linha 7, coluna "amount": "99999999999999999999" tem mais algarismos do que cabem em um valor '
            "(AMOUNT_FORMAT)",
        ),
        (
            "A,,,2026-02-16,1.00,REAL,,,",
            'linha 7, coluna "currency": "REAL" não é um código de moeda ISO 4217 (CURRENCY_UNKNOWN)',
        ),
        (
            "C,,,2026-02-16,1.00,BRL,,,",
            'linha 7, coluna "side": "C" não é um lado conhecido (A, B) (SIDE_UNKNOWN)',
        ),
        (
            'A,"E1,,2026-02-16,1.00,BRL,,,',
            "linha 7: aspas sem par ou fora de lugar (UNBALANCED_QUOTE)",
        ),
        ("A", "linha 7: o registro tem 1 campo, e o cabeçalho 9 (FIELD_COUNT)"),
    ],
)
def test_of_a_wrong_record(record: str, message: str) -> None:
    assert told(record) == message


@pytest.mark.parametrize(
    ("debit", "credit", "message"),
    [
        (
            "",
            "",
            'linha 7, coluna "description": está vazia, e a do crédito também (REQUIRED_EMPTY)',
        ),
        (
            "1",
            "1",
            'linha 7, coluna "description": "1" está ao lado de um crédito: é um ou o outro (AMOUNT_FORMAT)',
        ),
        (
            "",
            "-1",
            'linha 7, coluna "kind": "-1" é negativo, e o arquivo o declara crédito (AMOUNT_FORMAT)',
        ),
        (
            "x",
            "",
            'linha 7, coluna "description": "x" não é um valor no formato 1234.56 (AMOUNT_FORMAT)',
        ),
    ],
)
def test_of_a_wrong_debit_or_credit(debit: str, credit: str, message: str) -> None:
    assert told(f"A,,,2026-02-16,,BRL,,{debit},{credit}", TWO_COLUMNS) == message


def test_of_a_net_that_is_not_gross_less_fee() -> None:
    columns = 'gross = "account"\nfee = "description"\nnet = "kind"'
    cards = reader_of(profile_of(columns=columns))
    assert told("A,,100.00,2026-02-16,97.01,BRL,,2.99,97.00", cards) == (
        'linha 7, coluna "kind": "97.00" não é o bruto menos a taxa (NET_NOT_GROSS_MINUS_FEE)'
    )


@pytest.mark.parametrize(
    ("data", "profile", "message", "hint", "quote"),
    [
        (b"", None, "O arquivo está vazio.", "Gere o arquivo de novo e reenvie.", None),
        (
            b"%PDF-1.7\n",
            None,
            "O arquivo não é um CSV: o conteúdo é de um PDF.",
            "Abra-o e use Salvar como > CSV (ou descompacte-o); mudar só o nome não converte o arquivo.",
            None,
        ),
        (
            "Saída\n".encode("cp1252"),
            None,
            "A linha 1 não é texto em utf-8, como o perfil declara.",
            "O arquivo parece estar em cp1252: salve-o como utf-8 ou corrija encoding no perfil.",
            None,
        ),
        (
            lines(GOOD).replace(b",", b"|"),
            None,
            'O arquivo não está delimitado por "," (vírgula), como o perfil declara: a linha 1 tem 1 coluna, '
            "e o perfil espera 9.",
            'O arquivo parece delimitado por "|" (barra vertical): use o perfil desse tipo de arquivo ou '
            "corrija delimiter no perfil.",
            None,
        ),
        (
            lines(GOOD, header="a,b"),
            None,
            'Cabeçalho não encontrado: a linha 1, a mais parecida, não tem "account", "amount", "currency", '
            '"description", "entry_id", "kind", "posted_on", "reference", "side"; tem 2 colunas.',
            _OF_COLUMNS,
            'A linha 1 tem "a", "b".',
        ),
        (
            b"a\nside,x\n" + b"c,d\n" * 1000,
            PREAMBLE,
            'Cabeçalho não encontrado: a linha 2, a mais parecida, não tem "amount"; tem 2 colunas, entre elas "side".',
            "Confira se o arquivo é do tipo que o perfil descreve, ou corrija header_match no perfil.",
            'A linha 2 tem "side", "x".',
        ),
        (
            b"x\n" + lines(GOOD, header="side,amount"),
            PREAMBLE,
            'O cabeçalho (linha 2) não tem "posted_on", "currency", "entry_id", "account", "reference", '
            '"description", "kind"; tem 2 colunas, entre elas "side", "amount".',
            _OF_COLUMNS,
            'A linha 2 tem "side", "amount".',
        ),
        (
            lines(GOOD, header=HEADER + ",amount,kind"),
            None,
            'O cabeçalho (linha 1) tem mais de uma coluna "amount", "kind".',
            _OF_COLUMNS,
            None,
        ),
        (
            lines(GOOD, header=HEADER + "," + ",".join(f"c{n}" for n in range(4088))),
            None,
            "O cabeçalho (linha 1) tem 4.097 colunas, e o limite é 4.096.",
            _OF_COLUMNS,
            None,
        ),
    ],
)
def test_of_a_refused_file(
    data: bytes,
    profile: Profile | None,
    message: str,
    hint: str,
    quote: str | None,
    tmp_path: Path,
) -> None:
    error = refused(data, tmp_path, profile)
    assert (error.message, error.hint, error.quote) == (message, hint, quote)


def test_as_many_columns_as_the_limit_are_accepted(tmp_path: Path) -> None:
    header = HEADER + "," + ",".join(f"c{n}" for n in range(4096 - 9))
    assert run(lines(GOOD + "," * (4096 - 9), header=header), tmp_path).figures.entries == 1


def test_twenty_names_are_told_and_the_others_counted(tmp_path: Path) -> None:
    def quoted(columns: int) -> str | None:
        header = ",".join(f"{n:02}{'x' * 70}" for n in range(columns))
        return refused(lines(header=header), tmp_path).quote

    shown = ", ".join(f'"{n:02}{"x" * 58}"' for n in range(20))
    assert quoted(20) == f"A linha 1 tem {shown}."
    assert quoted(21) == f"A linha 1 tem {shown} e mais 1."
    assert quoted(25) == f"A linha 1 tem {shown} e mais 5."


def test_where_no_line_has_a_name_of_header_match_the_line_of_the_columns_is_told(
    tmp_path: Path,
) -> None:
    profile = profile_of('header_match = ["Extrato"]')
    error = refused(b"Banco\nConta,1\n" + lines(GOOD), tmp_path, profile)
    assert error.message == (
        'Cabeçalho não encontrado: a linha 3, a mais parecida, não tem "Extrato"; tem 9 colunas.'
    )
