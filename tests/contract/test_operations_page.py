"""The operations pages, in both languages: every alarm, failed state and error code there is, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from services.notifier import failed

ROOT = Path(__file__).parents[2]
PAGES = {"operations.md": ("Means", "See", "Do"), "operations.pt-BR.md": ("Significa", "Ver", "Fazer")}  # fmt: skip
BASES = {"RECON_ERROR", "REFUSED_FILE"}  # of classes whose every error has a code of its own


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def tables(name: str) -> list[set[str]]:
    """The first cells of each table."""
    return [
        set(re.findall(r"^\| `(.+?)` ", table, re.MULTILINE))
        for table in re.findall(r"(?:^\|.*\n)+", page(name), re.MULTILINE)
    ]


@pytest.mark.parametrize("name", PAGES)
def test_each_alarm_has_its_section_and_each_section_its_alarm(template: Any, name: str) -> None:
    alarms = {a["AlarmName"] for a in template.of_type("AWS::CloudWatch::Alarm").values()}
    sections = re.findall(r"^## (.+)$", page(name), re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert set(sections) == alarms


@pytest.mark.parametrize(("name", "labels"), PAGES.items())
def test_a_section_says_what_it_means_how_to_see_it_and_what_to_do(
    name: str, labels: tuple[str, ...]
) -> None:
    for section in re.split(r"^#+ ", page(name), flags=re.MULTILINE):
        if section.startswith("reconciliation-"):
            assert tuple(re.findall(r"^- \*\*(\w+)\*\*: .", section, re.MULTILINE)) == labels


@pytest.mark.parametrize("name", PAGES)
def test_every_state_that_an_alert_may_name_is_explained(name: str) -> None:
    assert set(failed._STATES) in tables(name)


def codes() -> set[str]:
    """Those that our own errors have, by class or by call, and the refusals of uploads."""
    found = set()
    for path in (p for top in ("services", "shared", "jobs") for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                    found.add(code)
                case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code))):
                    found.add(code)
                case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                    found.add(code)
                case ast.Call(
                    func=ast.Name(id="Refusal"), args=[ast.Constant(value=str(code)), *_]
                ):
                    found.add(code)
    return {code for code in found if re.fullmatch(r"[A-Z_]+", code)} - BASES


@pytest.mark.parametrize("name", PAGES)
def test_every_error_code_is_explained_and_no_other(name: str) -> None:
    assert len(codes()) > 25
    assert codes() in tables(name)


def test_both_languages_have_the_same_rows_commands_and_addresses() -> None:
    english, portuguese = PAGES
    assert tables(english) == tables(portuguese)
    commands = [set(re.findall(r"`(recon [a-z-]+|[\w-]+/[\w/-]+)", page(p))) for p in PAGES]
    assert commands[0] == commands[1]
