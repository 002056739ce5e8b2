from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.quicksight_prep.explanation import reason
from jobs.quicksight_prep.spreadsheet import cell_text, harmless, write_csv


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (Decimal("-123.45"), "-123,45"),
        (Decimal("0.05"), "0,05"),
        (Decimal("92233720368547758.07"), "92233720368547758,07"),
        (date(2026, 2, 3), "03/02/2026"),
        (1204, "1204"),
        ("NF 1020", "NF 1020"),
    ],
)
def test_a_cell_is_written_as_a_brazilian_excel_reads_it(cell: object, text: str) -> None:
    assert cell_text(cell) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "  =1+1", "＝1+1", "=cmd|' /C calc'!A0"]
)
def test_text_that_a_spreadsheet_would_run_is_shown_instead(formula: str) -> None:
    assert harmless(formula).startswith("'")


def test_a_line_break_before_a_formula_does_not_hide_it() -> None:
    assert harmless("\n=1+1") == "' =1+1"


@pytest.mark.parametrize("digits", ["001", "12345678901234567890", "1E10"])
def test_an_id_that_looks_like_a_number_keeps_every_digit(digits: str) -> None:
    assert harmless(digits) == f'="{digits}"'


def test_a_short_number_in_text_stays_as_it_is() -> None:
    assert harmless("1020") == "1020"


def test_the_file_opens_by_double_click_in_a_brazilian_excel(tmp_path: Path) -> None:
    written = write_csv(
        tmp_path / "x.csv", ["Valor", "Descrição"], [(Decimal("-0.05"), 'peça; 5"')]
    )
    assert written == 1
    assert (tmp_path / "x.csv").read_bytes() == (
        b'\xef\xbb\xbfValor;Descri\xc3\xa7\xc3\xa3o\r\n-0,05;"pe\xc3\xa7a; 5"""\r\n'
    )


@pytest.mark.parametrize(
    ("explain", "words"),
    [
        (
            '{"candidate":null}',
            "Nenhum lançamento do outro lado com a mesma chave, nem com o mesmo valor.",
        ),
        ('{"candidate":null,"failed":["max_candidates_per_row"]}', "A chave tem candidatos demais"),
        (
            '{"candidate":"x","failed":["key"],"delta":0,"days":-2}',
            "B 2 dias antes de A, mas com outra chave.",
        ),
        (
            '{"candidate":"x","candidates":1,"pass":"referencia","failed":["amount"],"delta":-5,"days":0}',
            "Passe referencia: o valor difere em R$ 0,05.",
        ),
        (
            '{"candidate":"x","candidates":3,"pass":"p","failed":["sign","date"],"delta":9,"days":1}',
            "Passe p (3 candidatos): o sinal está invertido e a data está fora da janela (B 1 dia depois de A).",
        ),
        (
            '{"candidate":"x","candidates":1,"pass":"p","failed":[],"delta":0,"days":0}',
            "o único candidato serve também a outra linha.",
        ),
        (
            '{"candidate":"x","candidates":2,"lines":[21,22],"pass":"p","failed":[],"delta":0,"days":0}',
            "2 candidatos servem igualmente: linhas 21 e 22.",
        ),
        (
            '{"candidate":"x","candidates":12,"lines":[1,2],"pass":"p","failed":[],"delta":0,"days":0}',
            "12 candidatos servem igualmente: linhas 1, 2 e mais 10.",
        ),
        (
            '{"candidate":"x","candidates":1,"lines":[7],"pass":"p","failed":[],"delta":0,"days":0}',
            "o único candidato, na linha 7, serve também a outra linha.",
        ),
        (
            '{"candidate":"x","candidates":2,"pass":"p","failed":[],"delta":0,"days":0}',
            "2 candidatos servem igualmente.",
        ),
    ],
)
def test_an_open_row_says_in_words_why_it_stayed_open(explain: str, words: str) -> None:
    assert words in reason("missing_in_b", explain, "BRL")


@pytest.mark.parametrize(
    ("equal", "words"),
    [
        ("true", "É igual em tudo à linha 14; esta sobra."),
        ("false", "Tem o mesmo identificador, valor e dia que a linha 14; esta sobra."),
    ],
)
def test_a_duplicate_names_the_line_that_it_repeats(equal: str, words: str) -> None:
    explain = f'{{"candidate":null,"twin":14,"equal":{equal}}}'
    assert reason("duplicate_a", explain, "BRL") == words


def test_a_balance_says_what_it_should_be() -> None:
    explain = '{"candidate":null,"failed":["balance"],"line":9,"balance":1000,"expected":900}'
    assert reason("balance_break", explain, "BRL").startswith(
        "O saldo é R$ 10,00 e deveria ser R$ 9,00"
    )


def test_another_currency_is_named() -> None:
    explain = '{"candidate":"x","candidates":1,"pass":"p","failed":["currency"],"delta":0,"days":0}'
    told = reason("currency_mismatch", explain, "BRL", ("BRL", "USD"))
    assert told == "Passe p: a moeda é outra (BRL em A, USD em B)."
