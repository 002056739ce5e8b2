"""What the command itself can get wrong. Each kind of failure has one exit code, given in `recon.cli`."""

from __future__ import annotations

from shared.errors import ReconError


class UsageError(ReconError):
    """Wrong arguments, or an environment that lacks something: exit code 2."""

    code = "USAGE"


class PipelineError(ReconError):
    """The pipeline did not answer as it must: no receipt, no alert, an execution that never ends."""

    code = "PIPELINE"
