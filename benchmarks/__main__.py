"""`make bench`: every competitor on one generated file, in turn, each run a process of its own.

Figures are those that the operating system keeps of a process that has ended, imports and all. On a busy machine wall
times say little; CPU times and the ratios of one call may be compared.

Our own modules are compiled first, as they are wherever `recon` ran before. Those of the libraries are so by set-up.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.competitors import COMPETITORS, ROOT, Competitor
from benchmarks.file import write_file

BASELINE = "sql"
OURS = ("recon", "jobs", "shared")
OF_VALIDATION = {"validate": "sql-text"}  # measured by another baseline


@dataclass(frozen=True)
class Run:
    """CPU and wall in seconds, peak memory in MB."""

    cpu: float
    wall: float
    peak: float


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows a side")
    parser.add_argument("--runs", type=int, default=3, help="of each competitor")
    parser.add_argument("--only", nargs="*", default=list(COMPETITORS), choices=list(COMPETITORS))
    asked = parser.parse_args(arguments)
    for package in OURS:
        compileall.compile_dir(ROOT / package, quiet=1)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = write_file(asked.rows, Path(folder) / "file.csv")
        runs: dict[str, list[Run]] = {name: [] for name in asked.only}
        for _ in range(asked.runs):
            for name in asked.only:
                runs[name].append(measure(COMPETITORS[name], file, Path(folder) / name))
        print(table(runs, asked.rows, file.stat().st_size))  # noqa: T201 - what it is for
    return 0


def measure(competitor: Competitor, file: Path, out: Path) -> Run:
    """Raises RuntimeError where the process fails."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = [str(word) for word in competitor.command(file, out)]
    with (out / "stdout").open("wb") as stdout, (out / "stderr").open("wb") as stderr:
        began = time.monotonic()
        streams = [
            (os.POSIX_SPAWN_DUP2, stdout.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, stderr.fileno(), 2),
        ]
        child = os.posix_spawn(command[0], command, os.environ, file_actions=streams)
        _, status, usage = os.wait4(child, 0)
        wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) not in competitor.exit_codes:
        raise RuntimeError(f"{command} failed:\n{(out / 'stderr').read_text(encoding='utf-8')}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(usage.ru_utime + usage.ru_stime, wall, kilobytes / 1024)


def table(runs: Mapping[str, Sequence[Run]], rows: int, size: int) -> str:
    """The least time, as what is above it is the machine's, and the highest peak."""
    best = {name: _best(of) for name, of in runs.items()}
    lines = [
        f"{rows:,} rows a side, {size / 1e6:,.0f} MB, {os.cpu_count()} CPUs; "
        f"best of {max(map(len, runs.values()))} runs, in turn",
        "",
        "| | CPU s | wall s | peak MB | CPU ratio | wall ratio | of |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in best.items():
        against = OF_VALIDATION.get(name, BASELINE)
        ratios = ["", "", ""]
        if name != against and against in best:
            other = best[against]
            ratios = [f"{run.cpu / other.cpu:.2f}", f"{run.wall / other.wall:.2f}", against]
        figures = [f"{run.cpu:.2f}", f"{run.wall:.2f}", f"{run.peak:.0f}", *ratios]
        lines.append(f"| {COMPETITORS[name].title} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _best(runs: Sequence[Run]) -> Run:
    return Run(min(r.cpu for r in runs), min(r.wall for r in runs), max(r.peak for r in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
