"""What verbs have in common: their arguments and options, each written once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from recon.errors import UsageError

if TYPE_CHECKING:
    from recon.pipeline import Pipeline
    from recon.stack import Stack
    from services.trigger.gateway import Gateway

File = Annotated[Path, Parameter(help="The CSV file.")]
ProfileOrPath = Annotated[
    str, Parameter(help="A profile's name, or the path of a .toml file (default: default).")
]
Reference = Annotated[
    Path | None,
    Parameter(help="The file of side A, where the profile reconciles against a reference."),
]
Job = Annotated[str, Parameter(help="A job id, or the name of one execution.")]
Reason = Annotated[str, Parameter(help="Why; it is kept on the record.")]
Result = Annotated[
    str,
    Parameter(
        help="A folder that `recon run` or `recon reconcile` wrote, a job id, or the name of one execution."
    ),
]
Json = Annotated[
    bool, Parameter(name="--json", help="One JSON document on stdout, the rest on stderr.")
]


@Parameter(name="*")
@dataclass(frozen=True)
class Deployment:
    """Which deployed pipeline is meant. Nothing is asked of any AWS before a verb needs it."""

    endpoint: Annotated[
        str | None,
        Parameter(
            help="A running `recon up` (default: AWS_ENDPOINT_URL, else the only one that is running)."
        ),
    ] = None
    aws: Annotated[bool, Parameter(help="A real account, by the ordinary AWS settings.")] = False
    stack_name: Annotated[str, Parameter(help="The deployed stack (default: reconciliation).")] = (
        "reconciliation"
    )

    def connect(self) -> tuple[Callable[[str], Any], Stack]:
        """Clients by service, and what is deployed there. Raises UsageError."""
        from recon.stack import Stack
        from recon.target import clients

        client = clients(self.endpoint, aws=self.aws)
        return client, Stack.find(client, self.stack_name)

    def pipeline(self) -> Pipeline:
        from recon.pipeline import Pipeline

        return Pipeline(*self.connect())

    def intake(self) -> tuple[Pipeline, Gateway]:
        """With the chain of claims, which is the trigger's."""
        from recon.intake import gateway
        from recon.pipeline import Pipeline

        client, stack = self.connect()
        return Pipeline(client, stack), gateway(client, stack)


RUNNING = Deployment()


def day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{option} {text}: não é uma data AAAA-MM-DD.") from error
