"""Which result `recon verify` and `recon explain` look at: a folder here, or a deployed run with its profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from jobs.profile import parse_profile
from recon.errors import UsageError
from recon.pipeline import Execution, Pipeline
from recon.where import found
from shared.layout import MANIFEST, Stage
from shared.manifest import Manifest
from tests.run_cases import JOB, MANIFESTS, NOW

ROOT = Path(__file__).parents[2]
PROFILE = (ROOT / "profiles" / "default.toml").read_bytes()
USED = parse_profile(PROFILE, "default.toml").sha256
RUN = Execution("arn", JOB.execution_name, "SUCCEEDED", NOW, NOW, JOB.model_dump(mode="json"))


def _done() -> dict[Stage, Manifest]:
    return {
        stage: manifest.model_copy(update={"inputs": {"profile": USED}})
        for stage, manifest in MANIFESTS.items()
    }


@dataclass
class Deployed:
    runs: list[Execution] = field(default_factory=lambda: [RUN])
    done: dict[Stage, Manifest] = field(default_factory=_done)
    profile: bytes | None = PROFILE

    def attempts(self, job: str) -> list[Execution]:
        return [run for run in self.runs if job in (run.job_id, run.name)]

    def manifests(self, job_id: str, execution: str) -> dict[Stage, Manifest]:
        assert (job_id, execution) == (JOB.job_id, RUN.name)
        return self.done

    def fetch_outputs(self, job_id: str, execution: str, folder: Path) -> None:
        for stage in self.manifests(job_id, execution):
            (folder / stage).mkdir()
            (folder / stage / MANIFEST).touch()

    def published_profile(self, name: str) -> bytes | None:
        assert name == "default"
        return self.profile


def place(out: str, deployed: Deployed | None = None) -> Any:
    return found(out, lambda: cast(Pipeline, deployed or Deployed()))


def nothing_runs() -> Pipeline:
    raise UsageError("Não há `recon up` em execução.", hint="Inicie um com `recon up`.")


def test_a_folder_is_looked_at_where_it_is_and_nothing_is_asked(tmp_path: Path) -> None:
    with found(str(tmp_path), nothing_runs) as result:
        assert (result.folder, result.published) == (tmp_path, None)


def test_a_jobs_files_are_fetched_for_as_long_as_they_are_looked_at() -> None:
    with place(JOB.job_id) as result:
        assert {path.parent.name for path in result.folder.glob(f"*/{MANIFEST}")} == set(Stage)
        assert result.published and result.published().sha256 == USED
    assert not result.folder.exists()


@pytest.mark.parametrize("published", [None, PROFILE.replace(b'"0.05"', b'"0.06"')])
def test_a_profile_that_is_no_longer_what_the_run_used_judges_nothing(
    published: bytes | None,
) -> None:
    with place(JOB.job_id, Deployed(profile=published)) as result:
        assert result.published
        with pytest.raises(UsageError, match="não é mais o que a execução usou"):
            result.published()


def test_a_run_without_a_result_is_told_by_its_state() -> None:
    manifests = {Stage.VALIDATION: _done()[Stage.VALIDATION]}
    with (
        pytest.raises(UsageError, match="não tem resultado"),
        place(JOB.job_id, Deployed(done=manifests)),
    ):
        pass


def test_a_job_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="Não há execução 'JOB-x'"), place("JOB-x"):
        pass


@pytest.mark.parametrize("path", ["./saida", "a/b", "saída"])
def test_what_can_be_no_jobs_name_is_a_folder_that_is_not_there(path: str) -> None:
    with pytest.raises(UsageError, match=f"Não há pasta {path}"), found(path, nothing_runs):
        pass


def test_a_name_that_may_be_a_folders_says_both() -> None:
    with pytest.raises(UsageError) as error, found("saida", nothing_runs):
        pass
    assert "não é uma pasta daqui" in error.value.message
    assert "Não há `recon up`" in error.value.message
    assert error.value.hint == "Inicie um com `recon up`."
