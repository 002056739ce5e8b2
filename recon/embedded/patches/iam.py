"""With AUTH on, tasks act under the state machine's role; MiniStack runs them in its own process
under nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

from recon.embedded.patches.replace import replaces


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{rest}"


@dataclass(frozen=True)
class Need:
    actions: tuple[str, ...]
    target: Callable[[dict[str, Any]], str]
    error: (
        str  # what a refused task fails with; seen in public reports, not recorded from AWS by us
    )


GLUE_RUN = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun")
NEEDS = {
    "arn:aws:states:::lambda:invoke": Need(
        ("lambda:InvokeFunction",), lambda a: a["FunctionName"], "Lambda.AWSLambdaException"
    ),
    "arn:aws:states:::sns:publish": Need(
        ("sns:Publish",), lambda a: a["TopicArn"], "SNS.AuthorizationErrorException"
    ),
    "arn:aws:states:::glue:startJobRun": Need(
        GLUE_RUN, lambda a: arn("glue", f"job/{a['JobName']}"), "Glue.AccessDeniedException"
    ),
}


def require_permissions(role: str, resource: str, arguments: dict[str, Any]) -> None:
    need = NEEDS.get(resource.removesuffix(".sync"))
    if not app.AUTH or need is None:
        return
    policies = iam_evaluator._gather_role_policies(role.rsplit("/", 1)[-1], get_account_id())
    for action in need.actions:
        request = iam_evaluator.EvalContext(
            principal_arn=role,
            principal_type="AssumedRole",
            principal_account=get_account_id(),
            action=action,
            resource_arn=need.target(arguments),
            region=get_region(),
        )
        if iam_evaluator.evaluate(request, policies).decision != "Allow":
            raise stepfunctions._ExecutionError(
                need.error,
                f"{role} is not authorized to perform {action} on {request.resource_arn}",
            )


# Bucket policies deny aws:SecureTransport=false. The embedded AWS speaks plain HTTP on loopback, so
# they would refuse every role; to them a request counts as TLS.
@replaces(app, "pin_request_origin")
def loopback_is_secure(original: Any, source_ip: str, secure_transport: bool) -> None:
    original(source_ip, True)
