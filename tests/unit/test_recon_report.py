"""`recon report`: which page it is, where it is put, and whether a browser is called."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Execution
from recon.report import report
from shared.intake import Claim, Upload
from tests.run_cases import JOB, NOW

RUN = Execution("arn", f"{JOB.job_id}-R1", "SUCCEEDED", NOW, NOW, JOB.model_dump(mode="json"))


@dataclass
class Browser:
    there: bool = True
    opened: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> bool:
        self.opened.append(url)
        return self.there


class Deployed:
    def __init__(self, has_report: bool = True) -> None:
        self.has_report = has_report

    def attempts(self, job: str) -> list[Execution]:
        return [RUN] if job in (RUN.job_id, RUN.name) else []

    def fetch_report(self, job_id: str, execution: str, folder: Path) -> str | None:
        assert (job_id, execution) == (RUN.job_id, RUN.name)
        if not self.has_report:
            return None
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("<p>")
        return "s3://data/report.html"


class Intake:
    def __init__(self, reason: str | None) -> None:
        event = JOB.model_copy(update={"reason": reason})
        upload = Upload(bucket=JOB.bucket_name, key=JOB.object_key, version="v1")
        claims = [Claim(number=0, event=JOB, upload=upload)]
        if reason:
            claims.append(Claim(number=1, origin="retract", event=event, upload=upload))
        self.claims = claims

    def chain(self, profile: str, file_hash: str) -> list[Claim]:
        assert (profile, file_hash) == ("default", JOB.file_hash)
        return self.claims


def no_pipeline() -> Any:
    raise UsageError("Não há `recon up` em execução.")


def ask(
    result: str,
    browser: Browser,
    deployed: Deployed | None = None,
    out: Path | None = None,
    output: Output | None = None,
    retracted: str | None = None,
) -> int:
    found: Any = (lambda: (deployed, Intake(retracted))) if deployed else no_pipeline
    return report(result, found, out, output or Output(), browser)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "saida" / "quicksight-prep" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>")
    return tmp_path / "saida"


class Terminal(Output):
    seen = True


def test_on_a_terminal_the_page_is_opened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    browser = Browser()
    assert ask(str(folder), browser, output=Terminal()) == 0
    page = folder / "quicksight-prep" / "report.html"
    assert browser.opened == [page.as_uri()]
    assert capsys.readouterr().out == f"Relatório: {page}\n"


def test_where_there_is_no_browser_its_address_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(str(folder), Browser(there=False), output=Terminal()) == 0
    assert "Abra no navegador: file://" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [True, False])
def test_a_script_gets_the_address_and_no_browser(
    folder: Path, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = Browser()
    assert ask(str(folder), browser, output=Output(as_json=as_json)) == 0
    assert not browser.opened
    page = folder / "quicksight-prep" / "report.html"
    seen = capsys.readouterr().out
    if as_json:
        told = {"report": str(page), "url": page.as_uri(), "stored": None}
        assert json.loads(seen) == told
    else:
        assert page.as_uri() in seen


def test_a_jobs_page_is_copied_here_under_its_executions_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask(JOB.job_id, Browser(), Deployed()) == 0
    assert (tmp_path / "recon-out" / RUN.name / "report.html").is_file()
    told = capsys.readouterr().out
    assert "Copiado de s3://data/report.html" in told
    assert "Retirado" not in told
    assert ask(RUN.name, Browser(), Deployed(), tmp_path / "aqui") == 0
    assert (tmp_path / "aqui" / "report.html").is_file()


def test_the_page_of_a_retracted_result_is_told_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(JOB.job_id, Browser(), Deployed(), tmp_path / "x", retracted="outra conta") == 0
    assert "Retirado, e fora das tabelas curadas: outra conta" in capsys.readouterr().out


def test_what_has_no_report_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"Não há relatório em {tmp_path}"):
        ask(str(tmp_path), Browser())
    with pytest.raises(UsageError, match="não tem relatório: SUCCEEDED"):
        ask(JOB.job_id, Browser(), Deployed(has_report=False), tmp_path / "x")
    with pytest.raises(UsageError, match="Não há execução"):
        ask("JOB-x", Browser(), Deployed())
    with pytest.raises(UsageError, match="Não há `recon up`"):
        ask("JOB-x", Browser())
