"""What is deployed, as archives whose bytes depend on nothing but their content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say


def function_archive(service: str) -> bytes:
    """A service's own code; third-party packages are the build's matter, or the interpreter's."""
    folder = ROOT / "services" / service
    if not folder.is_dir():
        raise FileNotFoundError(f"no service {service!r}: {folder}")
    return _archive([ROOT / "services" / "__init__.py", *_files(folder), *_files(ROOT / "shared")])


def jobs_archive() -> bytes:
    return _archive([*_files(ROOT / "jobs"), *_files(ROOT / "shared")])


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _archive(paths: Iterable[Path]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(paths):
            entry = zipfile.ZipInfo(path.relative_to(ROOT).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target.getvalue()
