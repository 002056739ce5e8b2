"""What the READMEs show is what their commands print. `python tests/e2e/test_readme.py` writes it anew."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "LEIAME.md")
BLOCK = re.compile(r"```console\n\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)```\n")
# It would run itself. Its block holds the closing line of a whole run.
NOT_RUN = "make test"


def blocks(readme: str) -> list[tuple[str, str]]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return [(found["command"], found["output"]) for found in BLOCK.finditer(text)]


@cache
def printed(command: str) -> str:
    """stdout and stderr, as a terminal shows them: a make below `make test` would name the folders it enters."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        env=ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    return done.stdout


def stable(output: str) -> str:
    """Without what differs from run to run: days, durations, the blanks that align them, a stage's own folder."""
    output = re.sub(r"\d{4}-\d\d-\d\d", "DAY", output)
    output = re.sub(r"JOB-\d{8}", "JOB-DAY", output)
    output = re.sub(r"(\d+ h )?(\d+ min )?\d+(,\d)? s\b", "TIME", output)
    output = re.sub(r"/[0-9a-f]{12}/", "/FOLDER/", output)
    return re.sub(r" +", " ", output)


def test_both_readmes_show_the_same_commands_first_of_all_the_two() -> None:
    english, portuguese = map(blocks, READMES)
    assert english == portuguese
    assert [command for command, _ in english][:2] == ["make run", "make test"]


@pytest.mark.parametrize(
    ("command", "output"), [block for block in blocks("README.md") if block[0] != NOT_RUN]
)
def test_a_command_prints_what_the_readme_shows(command: str, output: str) -> None:
    assert stable(printed(command)) == stable(output)


def refresh() -> None:
    for readme in READMES:
        path = ROOT / readme
        text = path.read_text(encoding="utf-8")
        path.write_text(BLOCK.sub(_with_output, text), encoding="utf-8")


def _with_output(block: re.Match[str]) -> str:
    if block["command"] == NOT_RUN:
        return block[0]
    return f"```console\n$ {block['command']}\n{printed(block['command'])}```\n"


if __name__ == "__main__":
    refresh()
