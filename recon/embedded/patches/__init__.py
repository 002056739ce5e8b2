"""Where MiniStack differs from AWS in what this pipeline relies on, corrected; one module a
subject.

Importing this package applies every patch. Each reaches into internals, so the version is exact,
and a name that moved is an AttributeError at import, before anything is served.
"""

from __future__ import annotations

from importlib.metadata import version

MINISTACK = "1.5.33"

if version("ministack") != MINISTACK:
    raise ImportError(
        f"the patches were written for ministack {MINISTACK}, found {version('ministack')}: "
        "read what changed, run tests/aws/test_embedded_*.py, then move the pin"
    )

from recon.embedded.patches import (  # noqa: E402 (the version is checked first)
    cloudwatch,
    executions,
    faults,
    glue,
    iam,
    lambda_functions,
    language,
    mail,
    sns,
    tasks,
    tracing,
)

__all__ = [
    "cloudwatch",
    "executions",
    "faults",
    "glue",
    "iam",
    "lambda_functions",
    "language",
    "mail",
    "sns",
    "tasks",
    "tracing",
]
