"""The `recon` command. Results are told in Portuguese, help is English.

Exit codes: 0 agreed or pending, or done; 1 divergent, refused, incomplete or failed; 2 wrong usage, profile or
environment; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import App, CycloptsError, Group, Parameter

from jobs.profile import ProfileError
from recon.cli import files, pipeline, results
from recon.cli.usage import in_portuguese
from recon.errors import UsageError, said_by_aws, said_by_the_system
from recon.output import Output
from shared.errors import ReconError

EXIT_CODES = (
    "Exit codes: 0 agreed or pending, or done; 1 divergent, refused, incomplete or failed; "
    "2 wrong usage, profile or environment; 130 interrupted."
)
INTERRUPTED = 130

app = App(
    name="recon",
    help="Reconcile the two sides of a CSV file, and explain every difference. "
    "Without a command: what can be done next.",
    help_epilogue=EXIT_CODES,
    help_format="plaintext",
    version_flags=(),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=(), show_default=False),
)


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell it is for.")], /
) -> int:
    """Print the completion of a shell, to be read by it: verbs, options and choices.

    Example: recon completion bash
    """
    script = app.generate_completion(shell=shell)
    # Bash: a folder of results is no path by its type, and may be one all the same.
    sys.stdout.write(script.replace("complete -F", "complete -o default -F"))
    return 0


app.default(pipeline.next_steps)
for title, verbs in {
    "A file of this machine": (files.run, files.validate, files.reconcile, files.profile),
    "A result: a folder, or a run": (results.report, results.explain, results.verify),
    "A pipeline: that of `recon up`, or an account's with --aws": (
        *(pipeline.up, pipeline.runs, pipeline.show, pipeline.logs),
        *(pipeline.resume, pipeline.rerun, pipeline.abort, pipeline.retract),
        *(pipeline.reference, pipeline.publish, pipeline.redrive_dlq, pipeline.check),
    ),
    "The shell": (completion,),
}.items():
    group = Group.create_ordered(title)
    for verb in verbs:
        if isinstance(verb, App):  # with verbs of its own
            verb.group = group
            app.command(verb)
        else:
            app.command(verb, group=group)


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
        failed(*in_portuguese(error))
        return 2
    except (UsageError, ProfileError) as error:
        failed(error.message, error.hint, error.error_code)
        return 2
    except ReconError as error:
        failed(f"{error.message} ({error.error_code})", error.hint, error.error_code)
        return 1
    except (BotoCoreError, ClientError) as error:
        failed(*said_by_aws(error), code="AWS")
        return 2
    except OSError as error:  # a folder that cannot be written, a disk that is full
        failed(said_by_the_system(error), code="OS")
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
