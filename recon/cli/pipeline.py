"""Verbs about a deployed pipeline: the embedded one that `recon up` leaves running, or an account's (`--aws`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from recon.cli.options import RUNNING, Deployment, File, Job, Json, Reason
from recon.output import Output


def up(
    *,
    port: Annotated[int, Parameter(help="Port on 127.0.0.1 (default: a free one).")] = 0,
    state: Annotated[
        Path | None, Parameter(help="Folder that keeps everything between two runs.")
    ] = None,
    auth: Annotated[
        bool, Parameter(help="Let roles and policies count, as in an account.")
    ] = False,
    json: Json = False,
) -> int:
    """Leave the embedded AWS running with the pipeline deployed, until interrupted.

    Example: recon up --port 4566 --state ~/.recon
    """
    from recon.up import up

    return up(port, state, auth, Output(as_json=json))


def next_steps(*, at: Deployment = RUNNING, json: Json = False) -> int:
    from recon.next_steps import next_steps

    asked_for = at.aws or at.endpoint is not None
    return next_steps(at.intake, Output(as_json=json), asked_for=asked_for, in_account=at.aws)


def runs(
    *,
    limit: Annotated[int, Parameter(help="How many, the newest first (default: 20).")] = 20,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """List executions, and uploads that started none: refused ones and duplicates.

    Example: recon runs --limit 5
    """
    from recon import history

    return history.runs(*at.intake(), limit, Output(as_json=json))


def show(job: Job, /, *, at: Deployment = RUNNING, json: Json = False) -> int:
    """Explain one execution: its states, its result or its failure, where its outputs lie.

    Example: recon show JOB-20260216-default-0123456789abcdef
    """
    from recon import history

    return history.show(*at.intake(), job, Output(as_json=json))


def logs(job: Job, /, *, at: Deployment = RUNNING, json: Json = False) -> int:
    """What functions, jobs and the state machine wrote about one execution.

    Example: recon logs JOB-20260216-default-0123456789abcdef
    """
    from recon.logs import Logs, logs
    from recon.pipeline import Pipeline

    client, stack = at.connect()
    return logs(Pipeline(client, stack), Logs(client, stack.name), job, Output(as_json=json))


def resume(job: Job, /, *, at: Deployment = RUNNING, json: Json = False) -> int:
    """Start the next attempt of a job that failed, timed out or was aborted; finished stages are taken over.

    Example: recon resume JOB-20260216-default-0123456789abcdef
    """
    from recon.resumption import resume

    return resume(*at.intake(), job, Output(as_json=json))


def rerun(job: Job, /, *, reason: Reason, at: Deployment = RUNNING, json: Json = False) -> int:
    """Do everything of a job again, as a new attempt: after a profile was corrected, for example.

    Example: recon rerun JOB-20260216-default-0123456789abcdef --reason "perfil corrigido"
    """
    from recon.resumption import rerun

    return rerun(*at.intake(), job, reason, Output(as_json=json))


def abort(job: Job, /, *, reason: Reason, at: Deployment = RUNNING, json: Json = False) -> int:
    """Stop a run that is going on, with its jobs; it is told, and can be resumed.

    Example: recon abort JOB-20260216-default-0123456789abcdef --reason "arquivo errado"
    """
    from recon.interruption import abort

    return abort(at.pipeline(), job, reason, Output(as_json=json))


def retract(job: Job, /, *, reason: Reason, at: Deployment = RUNNING, json: Json = False) -> int:
    """Take a result back: its rows leave the curated tables, its bytes may be sent again, people are told.

    Example: recon retract JOB-20260216-default-0123456789abcdef --reason "extrato de outra conta"
    """
    from recon.retraction import retract

    return retract(*at.intake(), job, reason, Output(as_json=json))


def redrive_dlq(*, at: Deployment = RUNNING, json: Json = False) -> int:
    """Send uploads that could not be taken in to the queue again, once the cause is mended.

    Example: recon redrive-dlq
    """
    from recon.redrive import redrive_dlq

    return redrive_dlq(at.pipeline(), Output(as_json=json))


reference = App(
    name="reference",
    help="What uploads of a profile are reconciled against, where they hold one side only.",
)
ReferenceProfile = Annotated[str, Parameter(help="The published profile that it is for.")]


@reference.command(name="put")
def put_reference(
    file: File,
    /,
    *,
    profile: ReferenceProfile,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Make a file the reference from now on. It is read as a run would read it, and refused as a run would.

    Example: recon reference put razao.csv --profile inter-razao
    """
    from recon.reference import put

    return put(at.pipeline(), file, profile, Output(as_json=json))


@reference.command(name="list")
def list_references(
    *, profile: ReferenceProfile, at: Deployment = RUNNING, json: Json = False
) -> int:
    """List what was put, the newest last: that one counts.

    Example: recon reference list --profile inter-razao
    """
    from recon.reference import list_

    return list_(at.pipeline(), profile, Output(as_json=json))


def publish(
    *,
    force: Annotated[
        bool, Parameter(help="Also replace what somebody changed in the bucket by hand.")
    ] = False,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Put the jobs' code and the profiles into the data bucket: the last step of a deployment.

    Example: recon publish
    """
    from recon.publish import publish, tell

    client, stack = at.connect()
    return tell(publish(client("s3"), stack.data_bucket, force=force), Output(as_json=json))


def check(
    *,
    no_run: Annotated[
        bool, Parameter(help="Only look: send no file through the pipeline.")
    ] = False,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Answer the validation checklist by asking AWS. Sends a small file through, and takes its rows out again.

    Example: recon check
    """
    from recon.check import check

    client, stack = at.connect()
    return check(client, stack, Output(as_json=json), embedded=not at.aws, sends=not no_run)
