"""The `recon` command. Results are told in Portuguese, help is English.

Exit codes: 0 agreed or pending; 1 divergent, refused, incomplete or failed; 2 wrong usage, profile or environment;
130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import App, CycloptsError, Parameter

from jobs.profile import ProfileError
from recon.errors import UsageError
from recon.output import Output
from shared.errors import ReconError

if TYPE_CHECKING:
    from recon.pipeline import Pipeline
    from recon.stack import Stack
    from services.trigger.gateway import Gateway

EXIT_CODES = (
    "Exit codes: 0 agreed or pending; 1 divergent, refused, incomplete or failed; "
    "2 wrong usage, profile or environment; 130 interrupted."
)
INTERRUPTED = 130

app = App(
    name="recon",
    help="Reconcile the two sides of a CSV file, and explain every difference.",
    help_epilogue=EXIT_CODES,
    help_format="plaintext",
    version_flags=(),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=(), show_default=False),
)

File = Annotated[Path, Parameter(help="The CSV file.")]
ProfileOrPath = Annotated[
    str, Parameter(help="A profile's name, or the path of a .toml file (default: default).")
]
LocalOut = Annotated[
    Path | None, Parameter(help="Folder for the results (default: recon-out/<file's name>).")
]
Reference = Annotated[
    Path | None,
    Parameter(help="The file of side A, where the profile reconciles against a reference."),
]
ResultPlace = Annotated[
    str,
    Parameter(
        help="A folder that `recon reconcile` or `recon run` wrote, a job id, or the name of one execution."
    ),
]
Json = Annotated[
    bool, Parameter(name="--json", help="One JSON document on stdout, the rest on stderr.")
]
Endpoint = Annotated[
    str | None,
    Parameter(
        help="A running `recon up` (default: AWS_ENDPOINT_URL, else the only one that is running)."
    ),
]
Aws = Annotated[
    bool,
    Parameter(
        name="--aws", help="A real account, by the ordinary AWS settings. Not run by the tests."
    ),
]
StackName = Annotated[str, Parameter(help="The deployed stack (default: reconciliation).")]


@app.command
def run(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    day: Annotated[
        str | None, Parameter(help="Day of the file, YYYY-MM-DD (default: today).")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for the results (default: recon-out/<job id>).")
    ] = None,
    json: Json = False,
) -> int:
    """Reconcile a file on an embedded AWS of its own: no account, no Docker.

    Example: recon run samples/conciliado.csv --day 2026-02-16
    """
    from recon.run import run

    return run(file, profile, reference, _day("--day", day), out, Output(as_json=json))


@app.command
def validate(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    out: Annotated[
        Path | None,
        Parameter(help="Folder for the results (default: recon-out/<file's name>-validation)."),
    ] = None,
    json: Json = False,
) -> int:
    """Only read a file: entries and explained rejects as Parquet. Needs no AWS.

    Example: recon validate extrato.csv --profile perfil.toml --out saida
    """
    from recon.stages import validate

    return validate(file, profile, reference, out, Output(as_json=json))


@app.command
def reconcile(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    engine: Annotated[
        Literal["duckdb", "spark", "auto"],
        Parameter(help="What runs the rules, to the same result; auto: by the number of entries."),
    ] = "duckdb",
    as_of: Annotated[
        str | None,
        Parameter(help="Day for ageing and pending, YYYY-MM-DD (default: the latest of the file)."),
    ] = None,
    out: LocalOut = None,
    json: Json = False,
) -> int:
    """Read and reconcile a file without AWS: matches, breaks and figures, but no alert and no report.

    Example: recon reconcile samples/conciliado.csv --out saida --json
    """
    from recon.stages import reconcile

    return reconcile(
        file, profile, reference, out, engine, _day("--as-of", as_of), Output(as_json=json)
    )


@app.command
def verify(
    out: ResultPlace,
    /,
    *,
    profile: Annotated[
        str | None,
        Parameter(
            help="A profile's name, or the path of a .toml file (default: what the run used)."
        ),
    ] = None,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Prove a result again from its files: sums, every match, the class of every row. Exit code 1: a check failed.

    Example: recon verify saida
    """
    from recon.verify import verify
    from recon.where import found

    with found(out, lambda: _pipeline(endpoint, aws, stack_name)) as result:
        return verify(result, profile, Output(as_json=json))


@app.command
def explain(
    out: ResultPlace,
    line: Annotated[int, Parameter(help="A line of the reconciled file, the first is 1.")],
    /,
    *,
    reference: Annotated[
        bool, Parameter(help="The line is one of the reference, not of the upload.")
    ] = False,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Tell what became of a line: its class, its counterpart, or what every near miss failed and by how much.

    Example: recon explain saida 21
    """
    from recon.explain import explain
    from recon.where import found

    with found(out, lambda: _pipeline(endpoint, aws, stack_name)) as result:
        return explain(result.folder, line, Output(as_json=json), reference=reference)


@app.command
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


@app.command
def runs(
    *,
    limit: Annotated[int, Parameter(help="How many, the newest first (default: 20).")] = 20,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """List executions.

    Example: recon runs --limit 5
    """
    from recon import history

    return history.runs(_pipeline(endpoint, aws, stack_name), limit, Output(as_json=json))


@app.command
def show(
    job: Annotated[str, Parameter(help="A job id, or the name of one execution.")],
    /,
    *,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Explain one execution: its states, its result or its failure, where its outputs lie.

    Example: recon show JOB-20260216-default-0123456789abcdef
    """
    from recon import history

    return history.show(*_intake(endpoint, aws, stack_name), job, Output(as_json=json))


@app.command
def resume(
    job: Annotated[str, Parameter(help="A job id whose last execution ended badly.")],
    /,
    *,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Start the next attempt of a job that failed, timed out or was aborted; finished stages are taken over.

    Example: recon resume JOB-20260216-default-0123456789abcdef
    """
    from recon.resumption import resume

    return resume(*_intake(endpoint, aws, stack_name), job, Output(as_json=json))


@app.command
def rerun(
    job: Annotated[str, Parameter(help="A job id whose last execution is over.")],
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept on the record.")],
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Do everything of a job again, as a new attempt: after a profile was corrected, for example.

    Example: recon rerun JOB-20260216-default-0123456789abcdef --reason "perfil corrigido"
    """
    from recon.resumption import rerun

    return rerun(*_intake(endpoint, aws, stack_name), job, reason, Output(as_json=json))


@app.command
def abort(
    job: Annotated[str, Parameter(help="A job id whose execution is going on.")],
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept on the record and told.")],
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Stop a run that is going on, with its jobs; it is told, and can be resumed.

    Example: recon abort JOB-20260216-default-0123456789abcdef --reason "arquivo errado"
    """
    from recon.interruption import abort

    return abort(_pipeline(endpoint, aws, stack_name), job, reason, Output(as_json=json))


@app.command
def retract(
    job: Annotated[str, Parameter(help="A job id whose last execution is over.")],
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept on the record.")],
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Take a result back: its rows leave the curated tables, and the same bytes may be sent again.

    Example: recon retract JOB-20260216-default-0123456789abcdef --reason "extrato de outra conta"
    """
    from recon.retraction import retract

    return retract(*_intake(endpoint, aws, stack_name), job, reason, Output(as_json=json))


@app.command
def logs(
    job: Annotated[str, Parameter(help="A job id, or the name of one execution.")],
    /,
    *,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """What functions, jobs and the state machine wrote about one execution.

    Example: recon logs JOB-20260216-default-0123456789abcdef
    """
    from recon.logs import Logs, logs
    from recon.pipeline import Pipeline

    client, stack = _deployed(endpoint, aws, stack_name)
    return logs(Pipeline(client, stack), Logs(client, stack.name), job, Output(as_json=json))


@app.command(name="redrive-dlq")
def redrive_dlq(
    *,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Send uploads that could not be taken in to the queue again, once the cause is mended.

    Example: recon redrive-dlq
    """
    from recon.redrive import redrive_dlq

    return redrive_dlq(_pipeline(endpoint, aws, stack_name), Output(as_json=json))


references = App(
    name="reference",
    help="What uploads of a profile are reconciled against, where they hold one side only.",
)
app.command(references)
ReferenceProfile = Annotated[str, Parameter(help="The published profile that it is for.")]


@references.command(name="put")
def put_reference(
    file: File,
    /,
    *,
    profile: ReferenceProfile,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Make a file the reference from now on. It is read as a run would read it, and refused as a run would.

    Example: recon reference put razao.csv --profile inter-razao
    """
    from recon.reference import put

    return put(_pipeline(endpoint, aws, stack_name), file, profile, Output(as_json=json))


@references.command(name="list")
def list_references(
    *,
    profile: ReferenceProfile,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """List what was put, the newest last: that one counts.

    Example: recon reference list --profile inter-razao
    """
    from recon.reference import list_

    return list_(_pipeline(endpoint, aws, stack_name), profile, Output(as_json=json))


@app.command
def publish(
    *,
    force: Annotated[
        bool, Parameter(help="Also replace what somebody changed in the bucket by hand.")
    ] = False,
    endpoint: Endpoint = None,
    aws: Aws = False,
    stack_name: StackName = "reconciliation",
    json: Json = False,
) -> int:
    """Put the jobs' code and the profiles into the data bucket: the last step of a deployment.

    Example: recon publish --aws
    """
    from dataclasses import asdict

    from recon.publish import publish

    output = Output(as_json=json)
    client, stack = _deployed(endpoint, aws, stack_name)
    published = publish(client("s3"), stack.data_bucket, force=force)
    for key in published.written:
        output.line(f"Publicado: {key}")
    for key in published.kept:
        output.line(f"Mantido, porque foi alterado à mão (--force substitui): {key}")
    output.line(f"Já estavam iguais: {len(published.unchanged)}")
    if json:
        output.document(asdict(published))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: see the module."""
    output = Output()
    as_json = "--json" in (sys.argv[1:] if argv is None else argv)

    def failed(message: str, hint: str | None = None, code: str = "USAGE") -> None:
        output.error(message, hint)
        if as_json:  # whoever reads stdout as JSON gets a document in any case
            output.document({"error": {"code": code, "message": message, "hint": hint}})

    try:
        with _termination_as_interrupt():
            result: int | None = app(argv)
    except CycloptsError as error:
        # cyclopts speaks English
        failed(str(error), f"Try: recon {' '.join(error.command_chain or ())} --help")
        return 2
    except (UsageError, ProfileError) as error:
        failed(error.message, error.hint, error.error_code)
        return 2
    except ReconError as error:
        failed(f"{error.message} ({error.error_code})", error.hint, error.error_code)
        return 1
    except (BotoCoreError, ClientError) as error:
        failed(str(error), code="AWS")
        return 2
    except OSError as error:  # a folder that cannot be written, a disk that is full
        failed(str(error), code="OS")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return result or 0  # None: help was asked for


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """SIGTERM and a closed terminal end the command as Ctrl-C does: what it started is stopped with it."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    # nohup relies on an ignored SIGHUP. An ignored SIGINT only says that a script started us with `&`: who then sends
    # one means it.
    if before[signal.SIGHUP] == signal.SIG_IGN:
        del before[signal.SIGHUP]
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{option} {text}: não é uma data AAAA-MM-DD.") from error


def _deployed(
    endpoint: str | None, aws: bool, stack_name: str
) -> tuple[Callable[[str], Any], Stack]:
    from recon.stack import Stack
    from recon.target import clients

    client = clients(endpoint, aws=aws)
    return client, Stack.find(client, stack_name)


def _intake(endpoint: str | None, aws: bool, stack_name: str) -> tuple[Pipeline, Gateway]:
    from recon.pipeline import Pipeline
    from services.trigger.gateway import Gateway
    from services.trigger.settings import TriggerSettings

    client, stack = _deployed(endpoint, aws, stack_name)
    # The chain of claims is the trigger's; it tells nobody here, so it needs no notifier.
    settings = TriggerSettings(
        data_bucket=stack.data_bucket,
        state_machine_arn=stack.state_machine_arn,
        notifier_function="",
        queue_url=stack.queue_url,
    )
    gateway = Gateway(settings, client("s3"), client("stepfunctions"), client("lambda"))
    return Pipeline(client, stack), gateway


def _pipeline(endpoint: str | None, aws: bool, stack_name: str) -> Pipeline:
    from recon.pipeline import Pipeline

    return Pipeline(*_deployed(endpoint, aws, stack_name))
