"""Who may import whom, read from the source, imports inside functions included."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("trigger", "checkpoint", "timeout_handler", "notifier")
OURS = ("services", "shared", "jobs", "recon")
DATAFRAMES = ("duckdb", "pyarrow", "pandas", "polars", "numpy", "pyspark")
# shared.observability is Powertools under a name of ours.
AWS = ("boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk", "shared.observability")
# The modules that are there to talk to AWS.
IMPURE = re.compile(
    r"services/\w+/(handler|\w*gateway|store)\.py"
    r"|shared/observability\.py"
    r"|jobs/runtime\.py|jobs/\w+/__main__\.py"
)
# Written so that this file does not hold what it looks for.
INDEX_TRACE = re.compile(
    r"""py(?:pi|thonhosted)\.org|registry\.(?:npmjs|yarnpkg)|--(?:extra-)?index-url[ =]"""
    r"""|"resolved":\s*"http|registry\s*=\s*['"]?http"""
)


def imports(source: str) -> set[str]:
    """All a module imports; of `from a import b` both a and a.b, as b may be a module."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def forbidden(path: PurePosixPath) -> set[str]:
    """The packages and modules that a file may not import. recon/ alone may import across."""
    layer = path.parts[0]
    banned: set[str] = set()
    if layer == "services":
        siblings = {f"services.{name}" for name in SERVICES if name != path.parts[1]}
        banned = {"jobs", "recon", *DATAFRAMES, *siblings}
    elif layer == "shared":
        banned = {"services", "jobs", "recon", *DATAFRAMES}
    elif layer == "jobs":
        banned = {"services", "recon"}
    if layer != "recon" and not IMPURE.fullmatch(str(path)):
        banned |= set(AWS)
    return banned


def breaches(path: PurePosixPath, source: str) -> set[str]:
    return {
        ban
        for ban in forbidden(path)
        for name in imports(source)
        if name == ban or name.startswith(f"{ban}.")
    }


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing is tracked")
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_module_imports_what_its_layer_may_not() -> None:
    modules = [path for layer in OURS for path in (ROOT / layer).rglob("*.py")]
    assert len(modules) > 20
    found = {
        str(relative): names
        for path in modules
        for relative in [PurePosixPath(path.relative_to(ROOT).as_posix())]
        if (names := breaches(relative, path.read_text()))
    }
    assert not found
    assert {p.parent.name for p in (ROOT / "services").glob("*/*.py")} <= set(SERVICES)


@pytest.mark.parametrize(
    ("path", "source", "breach"),
    [
        ("services/trigger/intake.py", "def f():\n    import boto3", "boto3"),
        ("services/trigger/intake.py", "from botocore.exceptions import ClientError", "botocore"),
        ("services/trigger/intake.py", "from shared import observability", "shared.observability"),
        ("services/trigger/handler.py", "import jobs.runtime", "jobs"),
        ("services/trigger/gateway.py", "from pyarrow import parquet", "pyarrow"),
        ("shared/layout.py", "from services.trigger import handler", "services"),
        ("shared/money.py", "import numpy as np", "numpy"),
        ("jobs/validation/judge.py", "from aws_lambda_powertools import Logger", AWS[2]),
        ("jobs/runtime.py", "from recon.embedded import aws", "recon"),
    ],
)
def test_a_breach_is_seen(path: str, source: str, breach: str) -> None:
    assert breaches(PurePosixPath(path), source) == {breach}


def test_a_service_may_not_import_another_but_may_import_itself() -> None:
    handler = PurePosixPath("services/trigger/handler.py")
    assert breaches(handler, "from services import notifier") == {"services.notifier"}
    assert breaches(handler, "import services.checkpoint.store") == {"services.checkpoint"}
    assert not breaches(handler, "from services.trigger.settings import Settings")


def test_wiring_and_the_command_may_import_what_they_wire() -> None:
    assert not breaches(PurePosixPath("services/trigger/gateway.py"), "import boto3")
    assert not breaches(PurePosixPath("jobs/validation/__main__.py"), "import boto3")
    assert not breaches(
        PurePosixPath("recon/cli/files.py"), "import boto3, jobs.runtime, shared.layout"
    )


def test_no_tracked_file_names_a_package_index() -> None:
    files = tracked_files()
    assert ROOT / "requirements" / "dev.txt" in files
    found = [
        str(path.relative_to(ROOT))
        for path in files
        if path.name == "uv.lock"
        or (path.is_file() and INDEX_TRACE.search(path.read_text(errors="replace")))
    ]
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "source = { regis~try = 'https://mirror.example/simple' }",
        '"resol~ved": "https://mirror.example/a.tgz"',
        "--extra-index~-url https://mirror.example/simple",
        "# from files.pythonhosted~.org",
    ],
)
def test_a_package_index_is_seen(line: str) -> None:
    assert INDEX_TRACE.search(line.replace("~", ""))  # in two pieces, or this file were found


def test_every_lock_is_hashed_and_made_by_make_lock() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert {lock.stem for lock in locks} >= {"run", "dev", "lambda", "jobs", "spark"}
    for lock in locks:
        text = lock.read_text()
        pins = re.findall(r"^[\w.-]+==.*(?:\n    .*)*", text, re.MULTILINE)
        assert pins and all("--hash=sha256:" in pin for pin in pins), lock.name
        assert "make lock" in text, lock.name
