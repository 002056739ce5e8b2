"""`recon report`: the page that a run wrote for people, opened where there is a browser."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path

from recon.errors import UsageError
from recon.history import retraction
from recon.output import Output
from recon.pipeline import Pipeline, last_of
from recon.resumption import Intake
from recon.where import by_name
from shared.layout import Stage

OUT = Path("recon-out")
REPORT = "report.html"


def report(
    result: str,
    find: Callable[[], tuple[Pipeline, Intake]],
    out: Path | None,
    output: Output,
    browse: Callable[[str], bool] = webbrowser.open,
) -> int:
    """result: a folder, a job id, or the name of one execution. find: only called where it is no folder."""
    page, stored, retracted = (
        (_in_folder(Path(result)), None, None)
        if Path(result).is_dir()
        else (_fetched(result, find, out))
    )
    url = page.resolve().as_uri()
    opened = output.seen and browse(url)
    output.line(f"Relatório: {page}")
    if stored:
        output.line(f"Copiado de {stored}")
    if retracted:
        output.line(f"Retirado, e fora das tabelas curadas: {retracted}", style="yellow")
    if not opened:
        output.line(f"Abra no navegador: {url}")
    if output.as_json:
        output.document({"report": str(page), "url": url, "stored": stored})
    return 0


def _in_folder(folder: Path) -> Path:
    for page in (folder / Stage.QUICKSIGHT_PREP / REPORT, folder / REPORT):
        if page.is_file():
            return page
    raise UsageError(
        f"Não há relatório em {folder}.",
        hint="Quem o escreve é o pipeline: recon run ARQUIVO. recon reconcile e recon validate deixam só tabelas.",
    )


def _fetched(
    job: str, find: Callable[[], tuple[Pipeline, Intake]], out: Path | None
) -> tuple[Path, str, str | None]:
    """The page, where it lies in the data bucket, and why its result was taken back, if it was."""
    deployed, intake = by_name(job, find)
    run = last_of(deployed.attempts(job), job)
    folder = out or OUT / run.name
    stored = deployed.fetch_report(run.job_id, run.name, folder)
    if not stored:
        raise UsageError(
            f"{run.name} não tem relatório: {run.status}.",
            hint=f"`recon show {run.name}` diz o que houve.",
        )
    return folder / REPORT, stored, retraction(intake, run)
