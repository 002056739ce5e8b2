"""Which AWS a command talks to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recon.errors import UsageError
from recon.packages import ROOT
from recon.target import Running, announced, clients


def running(port: int) -> Running:
    return Running(
        endpoint=f"http://127.0.0.1:{port}",
        region="sa-east-1",
        access_key_id="000000000000",
        secret_access_key="embedded",
        ingress_bucket="reconciliation-ingress-000000000000-sa-east-1",
        data_bucket="reconciliation-data-000000000000-sa-east-1",
        checkpoints_bucket="reconciliation-checkpoints-000000000000-sa-east-1",
        topic_arn="arn:aws:sns:sa-east-1:000000000000:reconciliation-alerts",
        state_machine_arn="arn:aws:states:sa-east-1:000000000000:stateMachine:reconciliation-pipeline",
        queue_url=f"http://127.0.0.1:{port}/000000000000/reconciliation-uploads",
        dlq_url=f"http://127.0.0.1:{port}/000000000000/reconciliation-uploads-dlq",
    )


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "recon"


def test_the_only_running_up_is_found_and_forgotten_when_it_ends() -> None:
    with announced(running(4566)):
        s3 = clients(None, aws=False)("s3")
        assert s3.meta.endpoint_url == "http://127.0.0.1:4566"
        assert s3.meta.region_name == "sa-east-1"
    with pytest.raises(UsageError, match="Não há `recon up`"):
        clients(None, aws=False)


def test_what_a_killed_up_left_behind_is_not_taken_for_a_running_one(runtime_folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    runtime_folder.mkdir()
    (runtime_folder / f"{process.pid}.json").write_text(running(4566).model_dump_json())
    with pytest.raises(UsageError, match="Não há `recon up`"):
        clients(None, aws=False)
    assert not list(runtime_folder.iterdir())


def test_of_several_one_is_chosen_by_its_endpoint(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime_folder.mkdir()
    (runtime_folder / f"{os.getppid()}.json").write_text(running(4566).model_dump_json())
    with announced(running(4567)):
        with pytest.raises(UsageError, match="mais de um") as error:
            clients(None, aws=False)
        assert f"http://127.0.0.1:4567 (de {ROOT})" in error.value.message
        assert "http://127.0.0.1:4566 (de uma versão anterior)" in error.value.message
        assert "AWS_ENDPOINT_URL" in str(error.value.hint)
        assert clients("http://127.0.0.1:4567/", aws=False)("s3").meta.endpoint_url.endswith(
            ":4567"
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
        assert clients(None, aws=False)("s3").meta.endpoint_url.endswith(":4566")


def test_one_of_another_folder_is_named_unless_it_was_asked_for(
    runtime_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with announced(running(4567), Path("/state")):
        clients(None, aws=False)
        assert capsys.readouterr().err == ""
        (note,) = runtime_folder.iterdir()
        note.write_text(note.read_text().replace(str(ROOT), "/elsewhere"))
        clients("http://127.0.0.1:4567", aws=False)
        assert capsys.readouterr().err == ""
        clients(None, aws=False)
        seen = capsys.readouterr()
    told = "http://127.0.0.1:4567 (de /elsewhere, estado em /state)"
    assert (seen.out, seen.err) == ("", f"Usando o `recon up` de outra pasta: {told}\n")


def test_an_account_needs_credentials_and_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError, match="credenciais ou região"):
        clients(None, aws=True)
    with pytest.raises(UsageError, match="se excluem"):
        clients("http://127.0.0.1:4566", aws=True)
