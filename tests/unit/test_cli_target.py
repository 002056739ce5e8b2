"""Which AWS a command talks to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recon.errors import UsageError
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
        with pytest.raises(UsageError, match="mais de um"):
            clients(None, aws=False)
        assert clients("http://127.0.0.1:4567/", aws=False)("s3").meta.endpoint_url.endswith(
            ":4567"
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
        assert clients(None, aws=False)("s3").meta.endpoint_url.endswith(":4566")


def test_an_account_needs_credentials_and_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError, match="credenciais ou região"):
        clients(None, aws=True)
    with pytest.raises(UsageError, match="se excluem"):
        clients("http://127.0.0.1:4566", aws=True)
