"""What the command prints, and the only place where it prints.

People read Portuguese. On a terminal progress is drawn live; on a pipe it is plain lines. Under `--json` stdout carries
one JSON document and everything for people goes to stderr.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from recon.timeline import Timeline, Visit
from shared import ptbr


class Watch(Protocol):
    """Is shown the whole timeline again and again while it grows."""

    def __call__(self, timeline: Timeline) -> None: ...


class Output:
    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        # A pipe has no width: a line there stays a line.
        self._people = Console(stderr=as_json, highlight=False, soft_wrap=True)

    @property
    def seen(self) -> bool:
        """Whether somebody sits before it."""
        return self._people.is_terminal and not self.as_json

    @property
    def can_ask(self) -> bool:
        return sys.stdin.isatty() and self.seen

    def line(self, text: str = "", style: str | None = None) -> None:
        self._people.print(Text(printable(text)), style=style)

    def document(self, content: Mapping[str, Any]) -> None:
        """The one JSON document of `--json`."""
        sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def error(self, message: str, hint: str | None = None) -> None:
        errors = Console(stderr=True, highlight=False, soft_wrap=True)
        for row in f"Erro: {message}".split("\n"):  # that of a library may have several
            errors.print(Text(printable(row)), style="red")
        for row in (hint or "").splitlines():
            errors.print(Text(printable(row)))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """On a pipe tabs part the cells: no width is right for what comes after it.

        The first column is never broken: it is what one copies. Where it leaves too little room, the rest is below.
        """
        rows = [[printable(cell) for cell in row] for row in rows]
        if not self._people.is_terminal:
            # Not by the console, which would make blanks of the tabs.
            self._people.file.writelines("\t".join(row) + "\n" for row in (head, *rows))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(head[0], no_wrap=True)
        for name in head[1:]:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        width = self._people.width
        wanted = Measurement.get(self._people, self._people.options.update(width=1 << 10), table)
        if wanted.maximum > width and max(len(row[0]) for row in (head, *rows)) > width // 3:
            for row in rows:
                self.line(row[0], style="bold")
                self.line("    " + " · ".join(cell for cell in row[1:] if cell))
            return
        self._people.print(table)

    def ask(self, question: str) -> bool:
        """False where nobody is there to answer."""
        if not self.can_ask:
            return False
        self._people.print(Text(printable(f"{question} [s/N] ")), end="")
        return sys.stdin.readline().strip().casefold() in ("s", "sim")

    def block(self, text: str) -> None:
        """Text as somebody else wrote it, set apart."""
        for row in text.splitlines():
            self.line(f"  │ {row}" if row else "  │")

    def timeline(self, timeline: Timeline) -> None:
        _Lines(self)(timeline)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Work of unknown length: a running clock on a terminal, and one line when it is done."""
        began = datetime.now(UTC)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description} …", markup=False),
            TimeElapsedColumn(),
        )
        terminal = self._people.is_terminal
        with Progress(
            *columns, console=self._people, transient=True, disable=not terminal
        ) as progress:
            progress.add_task(doing, total=None)
            yield
        self.line(f"{doing} ({ptbr.duration((datetime.now(UTC) - began).total_seconds())})")

    @contextmanager
    def follow(self) -> Iterator[Watch]:
        if not self._people.is_terminal:
            yield _Lines(self)
            return
        with Live(console=self._people, refresh_per_second=10) as live:
            yield lambda timeline: live.update(_drawing(timeline))


def printable(text: str) -> str:
    """What others wrote may not steer the terminal, nor part a line in two."""
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029"
        else sign
        for sign in text
    )


class _Lines:
    """One line for each state entered and each state left, once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._told = 0

    def __call__(self, timeline: Timeline) -> None:
        lines = [line for visit in timeline.visits for line in _lines(timeline, visit)]
        for line in lines[self._told :]:
            self._output.line(line)
        self._told = len(lines)


def _lines(timeline: Timeline, visit: Visit) -> Iterator[str]:
    yield f"{_clock(timeline, visit.entered_at)}  → {visit.state}"
    if visit.left_at:
        yield f"{_clock(timeline, visit.left_at)}  {_mark(visit)} {visit.state} {_told(timeline, visit)}"


def _clock(timeline: Timeline, at: datetime) -> str:
    """Elapsed and left, both of the execution's time."""
    elapsed, left = ptbr.duration(timeline.elapsed_at(at)), ptbr.duration(timeline.left_at(at))
    return f"{elapsed:>11}  restam {left:<11}"


def _mark(visit: Visit) -> str:
    return "✗" if visit.error else "✓"


def _told(timeline: Timeline, visit: Visit) -> str:
    parts = [ptbr.duration(visit.seconds(visit.left_at or datetime.now(UTC)))]
    if visit.attempts > 1:
        parts.append(f"{visit.attempts} tentativas")
    if visit.error:
        parts.append(visit.error)
    elif note := timeline.notes.get(visit.state):
        parts.append(note)
    return " · ".join(parts)


def _drawing(timeline: Timeline) -> RenderableType:
    now = datetime.now(UTC)
    table = Table.grid(padding=(0, 1))
    for visit in timeline.visits:
        mark: RenderableType = Spinner("dots") if visit.left_at is None else Text(_mark(visit))
        style = "red" if visit.error else "green" if visit.left_at else "bold"
        table.add_row(mark, Text(visit.state, style=style), Text(printable(_told(timeline, visit))))
    elapsed, left = timeline.elapsed_at(now), timeline.left_at(now)
    clock = f"{ptbr.duration(elapsed)} decorridos, restam {ptbr.duration(left)}"
    return Group(table, Text(clock, style="dim"))
