"""The independent checker: it accepts what the job writes, and each of its checks sees the corruption made for it."""

from __future__ import annotations

import io
import json
import re
import shutil
from datetime import date
from pathlib import Path
from random import Random

import pytest

from jobs.profile import parse_profile
from jobs.reconciliation.reconcile import reconcile
from jobs.runtime import CODE_VERSION
from jobs.validation.acceptance import validate
from recon.cli import main
from recon.local_run import LOCAL_RUN, LocalRun
from recon.verification.checks import checker, queries, verify
from tests.jobs.verification_case import PROFILE, corrupt, profile, write_run
from tests.jobs.verification_corruptions import CORRUPTIONS, Corruption
from tests.jobs.verification_random import random_csv, random_profile

ROOT = Path(__file__).parents[2]

QUERIES = {query.name: query for query in queries()}
# One corruption a check shows that it fires; the others show that it sees all it claims.
CASES = [
    pytest.param(
        name,
        corruption,
        id=f"{name}: {corruption.what}",
        marks=[pytest.mark.slow] if number else [],
    )
    for name, corruptions in CORRUPTIONS.items()
    for number, corruption in enumerate(corruptions)
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verification") / "run"
    write_run(folder)
    return folder


def test_every_check_holds_on_what_the_job_writes(run: Path) -> None:
    assert [check for check in verify(run, profile()) if not check.held] == []


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(1200)  # seven passes are many small jobs: minutes where the machine is busy
def test_every_check_holds_on_what_spark_writes(tmp_path: Path) -> None:
    write_run(tmp_path / "run", engine="spark")
    assert [check for check in verify(tmp_path / "run", profile()) if not check.held] == []


def test_every_check_has_a_corruption_made_for_it() -> None:
    assert set(CORRUPTIONS) == set(QUERIES)


@pytest.mark.parametrize(("name", "corruption"), CASES)
def test_a_check_fires_on_its_corruption(
    name: str, corruption: Corruption, run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    corrupt(folder, corruption.steps)
    with checker(folder, profile()) as check:
        seen = check(QUERIES[name])
    assert seen.held is False
    assert seen.rows


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 10 else []) for seed in range(100)],
)
def test_what_the_job_makes_of_a_random_file_is_verified(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    used = parse_profile(random_profile(random).encode(), "random.toml")
    validation = validate(io.BytesIO(random_csv(random).encode()), used, tmp_path)
    result = reconcile(
        validation.entries,
        used,
        tmp_path,
        validation.figures,
        engine="duckdb",
        as_of=date(2026, 2, random.randint(1, 14)) if random.random() < 0.3 else None,
    )
    LocalRun.of(used, validation.figures, result.figures).keep(tmp_path)
    assert [check for check in verify(tmp_path, used) if check.held is False] == []


SAMPLES = re.findall(
    r"^\| ([\w-]+\.csv) \| ([\w-]+) \| [a-z_]+ \|$",
    (ROOT / "samples" / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("sample", "profile_name"), SAMPLES)
def test_recon_verify_accepts_what_recon_reconcile_makes_of_a_sample(
    sample: str, profile_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(ROOT / "samples" / sample)
    ledger = ROOT / "samples" / "reference" / sample
    given = ["--reference", str(ledger)] if ledger.exists() else []
    main(["reconcile", file, "--profile", profile_name, *given, "--out", str(tmp_path)])
    capsys.readouterr()
    assert main(["verify", str(tmp_path), "--json"]) == 0
    seen = capsys.readouterr()
    told = json.loads(seen.out)
    assert told["verified"] is True
    assert told["failed"] == []
    assert told["not_checked"] == ["files_unchanged", "inputs_linked"]  # they are about manifests
    assert len(told["held"]) == len(QUERIES) - 2
    assert seen.err.endswith(
        f"{len(QUERIES) - 2} verificações fecham, "
        "2 não se aplicam (sem manifestos: files_unchanged, inputs_linked), 0 falham\n"
    )


def test_recon_verify_shows_the_rows_of_a_check_that_fails(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    corrupt(folder, CORRUPTIONS["break_pending"][0].steps)
    toml = tmp_path / "verificado.toml"
    toml.write_text(PROFILE)
    assert main(["verify", str(folder), "--profile", str(toml)]) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = lines.index(f"✗ break_pending: {QUERIES['break_pending'].sentence}")
    assert "expected = pending_in_transit" in lines[failed + 1]
    assert any(line.startswith("✓ match_keys_equal") for line in lines)
    assert re.fullmatch(r"\d+ verificações fecham, \d+ falham?", lines[-1])


def test_recon_verify_needs_a_result_and_its_profile(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "falta entries.parquet" in capsys.readouterr().err
    assert main(["verify", str(run)]) == 2  # made with a profile that is not among the ready ones
    assert "verificado" in capsys.readouterr().err
    flat = tmp_path / "flat"
    main(["reconcile", str(ROOT / "samples" / "conciliado.csv"), "--out", str(flat)])
    (flat / LOCAL_RUN).unlink()
    capsys.readouterr()
    assert main(["verify", str(flat)]) == 2
    assert "--profile" in capsys.readouterr().err


def test_recon_verify_knows_what_it_can_no_longer_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["reconcile", str(ROOT / "samples" / "conciliado.csv"), "--out", str(tmp_path)])
    document = json.loads((tmp_path / LOCAL_RUN).read_text(encoding="utf-8"))
    assert document.pop("code_version") == CODE_VERSION
    (tmp_path / LOCAL_RUN).write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    assert main(["verify", str(tmp_path)]) == 2
    assert "é de uma versão anterior: concilie o arquivo de novo" in capsys.readouterr().err


def test_recon_verify_refuses_a_table_that_lacks_columns(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    corrupt(folder, (("matches", "select * exclude (line_a) from matches"),))
    toml = tmp_path / "verificado.toml"
    toml.write_text(PROFILE)
    assert main(["verify", str(folder), "--profile", str(toml)]) == 2
    assert "line_a" in capsys.readouterr().err


def test_the_documentation_lists_every_check_with_its_sentence_and_its_corruptions() -> None:
    text = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert listed == [
        (name, query.sentence, "; ".join(c.what for c in CORRUPTIONS[name]))
        for name, query in QUERIES.items()
    ]
