"""The report in a real browser, its policy in force: `make setup-browser` brings one, and `make test-all` runs this."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jobs.quicksight_prep import people
from jobs.validation.judgement import Reject
from shared import ptbr
from shared.taxonomy import ROW_CLASSES
from tests.jobs.prep_case import HOSTILE, Told, everything, told
from tests.jobs.reconciliation_case import Entry

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CHROMIUM = ROOT / ".tools" / "bin" / "chromium"
AXE = ROOT / ".tools" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
READY = "html[data-ready]"
ROWS = "#body [role=row]:not([hidden])"
MANY = 100_000


@dataclass
class Opened:
    """A page, and whatever it did that it should not have."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def count(self) -> str:
        return str(self.page.locator("#count").inner_text())

    def cells(self, name: str) -> list[str]:
        found: list[str] = self.page.locator(f"{ROWS} .c-{name}").all_inner_texts()
        return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = CHROMIUM if CHROMIUM.exists() else Path(shutil.which("chromium") or "")
    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        running = driver.chromium.launch(executable_path=str(path), args=flags)
        yield running
        running.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Told:
    entries, profile = everything()
    reject = Reject("A", 24, "valor", HOSTILE[0], "AMOUNT_FORMAT", f"linha 24: {HOSTILE[1]}")
    return told(tmp_path_factory.mktemp("browser"), entries, profile, [reject])


def opened(browser: Any, page_file: Path, **context: Any) -> Opened:
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(20_000)
    seen = Opened(page)
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(page_file.as_uri())
    if context.get("java_script_enabled", True):
        page.locator(READY).wait_for(state="attached")
    return seen


@pytest.fixture(params=["light", "dark"])
def report(browser: Any, run: Told, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Whatever a test does with the page, it made no request and nothing was complained of."""
    seen = opened(browser, run.page, color_scheme=request.param)
    yield seen
    assert seen.complaints == []
    assert seen.requests == [run.page.as_uri()]
    assert seen.page.evaluate("window.owned") is None
    seen.page.context.close()


def test_the_charts_are_drawn_and_their_figures_are_beside_them(report: Opened) -> None:
    charts = report.page.locator("figure svg.wide")
    assert charts.count() == 6  # two bridges, and four
    for chart in charts.all():
        assert chart.bounding_box()["height"] > 40
        assert chart.locator(".mark, .curve").count() >= 1
    report.page.locator("details summary").first.click()
    assert report.page.locator("details table").first.is_visible()


def test_the_table_says_the_totals_of_the_parquet(report: Opened, run: Told) -> None:
    items = {row["break_id"] for row in run.breaks}
    sums = []
    for currency in ("BRL", "USD"):
        lines = [line for line in run.figures.bridge if line.currency == currency]
        outcomes = {code: kind.outcome for code, kind in ROW_CLASSES.items()}
        open_lines = [line for line in lines if outcomes.get(line.line) in ("break", "pending")]
        sums.append(ptbr.money(sum(line.amount for line in open_lines), currency))
    told_sums = ", ".join(sums).replace(" ", "\u00a0").replace(",\u00a0", ", ")
    told_sums = told_sums.replace("-", "-\u2060")
    assert report.count().startswith(f"{len(items)} de {len(items)} itens")
    assert f"soma A − B {told_sums}" in report.count()
    assert report.page.locator("#grid").get_attribute("aria-rowcount") == str(len(items) + 1)


def test_sorting_by_a_column_sorts_it_and_says_so(report: Opened) -> None:
    head = report.page.locator("#head .c-date")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    days = [day[6:] + day[3:5] + day[:2] for day in report.cells("date")]
    assert days == sorted(days, reverse=True)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    days = [day[6:] + day[3:5] + day[:2] for day in report.cells("date")]
    assert days == sorted(days)
    report.page.locator("#head .c-class button").click()
    names = [name.strip("● ") for name in report.cells("class")]
    assert names == sorted(names)


def test_each_filter_leaves_what_it_names(report: Opened, run: Told) -> None:
    page = report.page
    missing = sum(row["class"] == "missing_in_b" for row in run.breaks)
    page.locator("#f-class").select_option("missing_in_b")
    assert report.count().startswith(f"{missing} de ")
    page.locator("#f-class").select_option("pending")
    assert report.count().startswith("1 de ")
    page.locator("#f-class").select_option("")
    page.locator("#f-side").select_option("B")
    assert report.count().startswith("1 de ")
    page.locator("#f-side").select_option("")
    page.locator("#f-least").fill("450,00")
    page.locator("#count", has_text=re.compile("^1 de")).wait_for()
    assert report.cells("delta") == ["R$\u00a0450,00"]
    page.locator("#f-least").fill("")
    page.locator("#count", has_text=re.compile("^(?!1 de)")).wait_for()
    page.locator("#f-text").fill("MANUTENCAO tarifa")  # no accents, no order
    page.locator("#count", has_text=re.compile("^1 de")).wait_for()
    page.locator(f"{ROWS} .c-description", has_text="Tarifa de manutenção").wait_for()
    assert report.count().startswith("1 de ")


def test_a_break_opens_by_keyboard_with_its_reason_and_both_rows_side_by_side(
    report: Opened,
) -> None:
    page = report.page
    page.locator("#f-class").select_option("amount_mismatch")
    page.locator(f"{ROWS}").first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    assert "Passe id-exato: o valor difere em R$" in dialog.inner_text()
    assert dialog.locator("thead th").all_inner_texts() == ["Lado A", "Lado B"]
    assert dialog.locator("tr.differs th").all_inner_texts() == ["Valor ≠"]
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_lot_is_one_row_that_opens_into_its_entries(report: Opened) -> None:
    page = report.page
    page.locator("#f-class").select_option("group_sum_mismatch")
    assert report.cells("description") == ["Lote de 3 lançamentos"]
    page.locator(ROWS).first.click()
    lines = page.locator("dialog table.lot tbody tr")
    assert lines.count() == 3
    assert "R$\u00a0345,00" in lines.nth(2).inner_text()


def test_arrows_walk_the_rows(report: Opened, run: Told) -> None:
    page = report.page
    page.locator(ROWS).first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    focused = "document.activeElement.getAttribute('aria-rowindex')"
    assert page.evaluate(focused) == "7"
    page.keyboard.press("End")
    assert page.evaluate(focused) == str(len({row["break_id"] for row in run.breaks}) + 1)


def test_the_switch_says_all_of_it_in_english(report: Opened) -> None:
    page = report.page
    page.locator("#language").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text().startswith("Net difference of")
    assert "items · sum A − B" in report.count()
    assert "Missing at the bank" in "".join(report.cells("class"))
    assert "16 Feb" in page.locator("svg.wide").nth(4).text_content()
    page.locator(ROWS).first.click()
    assert "No entry of the other side" in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    page.locator("#language").click()
    assert page.locator("h1").inner_text().startswith("Diferença líquida de")


def test_the_theme_can_be_turned(report: Opened) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    before = report.page.evaluate(colour)
    report.page.locator("#theme").click()
    assert report.page.evaluate(colour) != before


def test_hostile_cells_are_text_in_table_and_details(report: Opened) -> None:
    page = report.page
    for text in HOSTILE[:5]:
        page.locator("#f-text").fill(text)
        page.locator(f"{ROWS} .c-description", has_text=text).wait_for()
        page.locator("#count", has_text=re.compile("^1 de")).wait_for()
        page.locator(ROWS).first.click()
        assert text in page.locator("dialog[open]").inner_text()
        page.keyboard.press("Escape")
    assert HOSTILE[1] in page.locator("#rejects ~ .scroll").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_who_uses_a_screen_reader(browser: Any, run: Told, scheme: str) -> None:
    """axe finds no violation: with the page alone, and with the details of a break open."""
    seen = opened(browser, run.page, color_scheme=scheme, bypass_csp=True)
    seen.page.add_script_tag(path=str(AXE))
    for _ in range(2):
        found = seen.page.evaluate("axe.run().then(result => result.violations)")
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
        seen.page.locator(ROWS).first.focus()
        seen.page.keyboard.press("Enter")
    seen.page.context.close()


def test_nothing_is_wider_than_a_phone(browser: Any, run: Told) -> None:
    seen = opened(browser, run.page, viewport={"width": 390, "height": 844})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.page.locator("figure svg.narrow").first.is_visible()
    assert not seen.page.locator("figure svg.wide").first.is_visible()
    seen.page.context.close()


def test_on_a_phone_rejects_are_stacked_and_no_amount_or_date_breaks(
    browser: Any, run: Told
) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = opened(browser, run.page, **phone).page
    assert not page.locator("#keyboard").is_visible()
    reason = page.locator(".rejects .keep").first.bounding_box()
    assert reason["x"] + reason["width"] <= 390
    assert page.evaluate("document.getElementById('body').clientHeight") % 64 == 0
    page.locator(ROWS).first.tap()
    lines = page.locator("#detail .whole").evaluate_all(
        "cells => cells.map(cell => { const text = document.createRange();"
        " text.selectNodeContents(cell);"
        " return new Set([...text.getClientRects()].map(box => box.top)).size; })"
    )
    assert len(lines) >= 3 and set(lines) == {1}
    assert page.evaluate("document.querySelector('#detail').scrollWidth") <= 390
    page.context.close()


def test_without_scripts_charts_and_first_breaks_are_there(browser: Any, run: Told) -> None:
    seen = opened(browser, run.page, java_script_enabled=False)
    assert seen.page.locator("figure svg.wide").first.is_visible()
    assert seen.page.locator(".still tbody tr").count() == min(20, run.figures.breaks + 1)
    assert seen.page.locator(".still").is_visible()
    assert not seen.page.locator(".live").is_visible()
    seen.page.context.close()


def test_a_run_that_agrees_says_so_and_has_no_table(browser: Any, tmp_path: Path) -> None:
    run = told(tmp_path, [Entry("A", 500, "x"), Entry("B", 500, "x")])
    seen = opened(browser, run.page)
    title = "Os dois lados conferem: 2 lançamentos conciliados, diferença de R$\u00a00,00."
    assert seen.page.locator("h1").inner_text() == title
    assert not seen.page.locator("#grid").count()
    seen.page.locator("#language").click()
    assert seen.page.locator("h1").inner_text().startswith("The two sides agree: 2 entries")
    assert seen.complaints == []
    seen.page.context.close()


def test_a_hundred_thousand_breaks_stay_fluid(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds are many times what a calm machine takes: what they catch is a table that holds every row."""
    monkeypatch.setattr(people, "write_workbook", lambda *_: None)
    monkeypatch.setattr(people, "write_divergences", lambda *_: MANY)
    entries = [
        Entry("AB"[n % 2], 100 + n, f"E{n}", description=f"lançamento {n}", day=-(n % 90))
        for n in range(MANY)
    ]
    run = told(tmp_path, entries)
    seen = opened(browser, run.page)
    page = seen.page
    assert seen.count().startswith("100.000 de 100.000 itens")
    assert page.locator("#body [role=row]").count() < 40
    timed = """async button => {
      const before = performance.now();
      document.querySelector(button).click();
      await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - before;
    }"""
    for column in ("delta", "date", "class", "description"):
        assert page.evaluate(timed, f"#head .c-{column} button") < 3_000
    page.locator("#f-text").fill("lancamento E99999")
    page.locator("#count", has_text=re.compile("^1 de")).wait_for(timeout=5_000)
    page.locator("#f-text").fill("")
    page.locator("#count", has_text="100.000 de 100.000").wait_for()
    page.locator(ROWS).first.focus()
    for keys, row in (("ArrowDown", 32), ("PageDown", 43), ("End", MANY + 1), ("Home", 2)):
        for _ in range(30 if keys == "ArrowDown" else 1):
            page.keyboard.press(keys)
        page.locator(f"[aria-rowindex='{row}']:focus").wait_for()
    assert seen.complaints == []
    page.context.close()
