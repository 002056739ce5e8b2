"""What `sam build` makes of each function, unpacked; its handler is imported with nothing else around."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = {
    "Trigger": "trigger",
    "Checkpoint": "checkpoint",
    "TimeoutHandler": "timeout_handler",
    "Notifier": "notifier",
}
# What the Lambda runtime has of its own.
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six.py")
AARCH64 = 183  # e_machine
UNCHECKED_HASH = 1
IMPORT = """
import importlib, json, sys, zoneinfo
sys.path[:0] = sys.argv[2:]
zoneinfo.reset_tzpath(to=[])  # the runtime has no time zones of its own
handler = importlib.import_module(f"services.{sys.argv[1]}.handler")
assert callable(handler.lambda_handler)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def build(folder: Path, **environment: str) -> Path:
    subprocess.run(
        [ROOT / ".tools" / "bin" / "sam", "build", "--template", ROOT / "infra" / "template.yaml",
         "--build-dir", folder / "build"],
        cwd=folder, check=True, timeout=240, env=os.environ | {"SAM_CLI_TELEMETRY": "0"} | environment,
    )  # fmt: skip
    return folder / "build"


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("lambda"))


@pytest.fixture(scope="module")
def for_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("host"), BUILD_FOR="host", PYTHON=sys.executable)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with boto3 and what it needs, as the runtime brings them along."""
    import boto3

    installed, folder = Path(boto3.__file__).parents[1], tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        (folder / name).symlink_to(installed / name)
    return folder


@pytest.mark.parametrize(("logical_id", "service"), SERVICES.items())
def test_a_handler_needs_nothing_but_its_zip_and_boto3(
    for_this_machine: Path, runtime: Path, tmp_path: Path, logical_id: str, service: str
) -> None:
    archive = zipped(for_this_machine / logical_id, tmp_path / "function.zip")
    zipfile.ZipFile(archive).extractall(tmp_path / "task")
    imported = subprocess.run(
        # -I -S: neither this environment's packages nor the repository.
        [sys.executable, "-I", "-S", "-c", IMPORT, service, tmp_path / "task", runtime],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={"LAMBDA_TASK_ROOT": str(tmp_path / "task"), "POWERTOOLS_SERVICE_NAME": service},
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    modules = set(json.loads(imported.stdout))
    assert {"services", "shared", "aws_lambda_powertools"} <= modules
    assert not modules & {"jobs", "recon", "duckdb", "pyarrow", "pandas", "numpy", "pyspark"}


@pytest.mark.parametrize(("logical_id", "service"), SERVICES.items())
def test_a_function_carries_its_own_service_its_pins_and_no_sdk(
    for_lambda: Path, logical_id: str, service: str
) -> None:
    function = for_lambda / logical_id
    assert {p.name for p in (function / "services").iterdir()} - {"__pycache__"} == {
        "__init__.py",
        service,
    }
    for package in ("shared", f"services/{service}"):
        kept = {p.name for p in (function / package).glob("*.py")}
        assert kept == {p.name for p in (ROOT / package).glob("*.py")}
    lock = (ROOT / "requirements" / "lambda.txt").read_text()
    pins = {line.split()[0] for line in lock.splitlines() if "==" in line and line[0].isalpha()}
    carried = {
        "{}=={}".format(*p.name.removesuffix(".dist-info").replace("_", "-").rsplit("-", 1))
        for p in function.glob("*.dist-info")
    }
    assert carried == pins
    assert not [name for name in RUNTIME if (function / name).exists()]


@pytest.mark.parametrize("logical_id", SERVICES)
def test_compiled_code_is_for_lambdas_processor_and_python(
    for_lambda: Path, logical_id: str
) -> None:
    compiled = sorted((for_lambda / logical_id).rglob("*.so"))
    assert [path.name.split(".")[0] for path in compiled] == ["_pydantic_core", "_wrappers"]
    for path in compiled:
        assert path.name.split(".", 1)[1] == "cpython-313-aarch64-linux-gnu.so"
        assert struct.unpack_from("<H", path.read_bytes(), 18) == (AARCH64,)


@pytest.mark.parametrize("logical_id", SERVICES)
def test_bytecode_is_whole_of_the_runtimes_version_and_never_checked_again_or_there_is_none(
    for_lambda: Path, logical_id: str
) -> None:
    function = for_lambda / logical_id
    bytecode = list(function.rglob("*.pyc"))
    # None where there was no Python 3.13 to write it.
    assert len(bytecode) in (0, len(list(function.rglob("*.py"))))
    assert {path.name.rsplit(".", 2)[1] for path in bytecode} <= {"cpython-313"}
    flags = {struct.unpack_from("<I", path.read_bytes(), 4) for path in bytecode}
    assert flags <= {(UNCHECKED_HASH,)}


@pytest.mark.parametrize("logical_id", SERVICES)
def test_a_zip_is_at_most_five_megabytes(for_lambda: Path, tmp_path: Path, logical_id: str) -> None:
    archive = zipped(for_lambda / logical_id, tmp_path / "function.zip")
    assert archive.stat().st_size <= 5_000_000


def test_the_built_template_has_no_anchors_which_cloudformation_does_not_know(
    for_lambda: Path,
) -> None:
    written = (ROOT / "infra" / "template.yaml").read_text()
    built = (for_lambda / "template.yaml").read_text()
    assert "&function" in written
    assert not [line for line in built.splitlines() if " &id" in line or " *id" in line]
    assert built.count("BuildMethod: makefile") == len(SERVICES)


def zipped(folder: Path, archive: Path) -> Path:
    """As `sam package` does: deflated."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive
