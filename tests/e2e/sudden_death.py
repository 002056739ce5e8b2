"""Jobs and functions of the embedded AWS that die by SIGKILL just before or just after a certain AWS call of theirs.

Both run as processes of their own, from this checkout. What Python imports first in them wraps each client's calls,
counts them, and ends the process when the plan, a file, says so. It does so once: whoever comes next lives.
"""

from __future__ import annotations

import json
import shutil
import textwrap
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from recon.embedded.aws import EmbeddedAWS

ROOT = Path(__file__).parents[2]
Moment = Literal["before", "after"]
Death = tuple[
    int | str, Moment
]  # at the call of this number, from one, or at the first of this name
MOMENTS: tuple[Moment, ...] = ("before", "after")
WRAPPED = """
    import json, os, signal
    from pathlib import Path
    from botocore.client import BaseClient

    HERE = Path(__file__).parent

    def count(process):
        plan = json.loads((HERE / "plan.json").read_text()).get(process, [])
        real, made = BaseClient._make_api_call, []

        def call(client, operation, given):
            made.append(operation)
            with (HERE / "calls").open("a") as log:
                log.write(f"{process} {operation}\\n")
            here = [*plan[:1]] in ([len(made)], [operation])
            die_if(here and plan[1] == "before")
            try:
                return real(client, operation, given)
            finally:  # an answer may be that there is nothing
                die_if(here and plan[1] == "after")

        def die_if(it_is_time):
            if it_is_time:
                try:
                    (HERE / f"{process}.died").touch(exist_ok=False)
                except FileExistsError:
                    return
                os.kill(os.getpid(), signal.SIGKILL)

        BaseClient._make_api_call = call
"""
JOBS = """
    import sys
    from counted import count

    __path__ = [{real!r}]
    given = dict(zip(sys.argv, sys.argv[1:]))
    count(sys.argv[0].removeprefix("jobs.") + "@" + given["--execution_name"])
"""
FUNCTION = """
    import os
    from counted import count

    count(os.environ["AWS_LAMBDA_FUNCTION_NAME"])
"""


class Deaths:
    """`root` is the jobs' root for the emulator."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        (folder / "jobs").mkdir()
        (folder / "jobs" / "__init__.py").write_text(
            textwrap.dedent(JOBS).format(real=str(ROOT / "jobs"))
        )
        (folder / "shared").symlink_to(ROOT / "shared")
        (folder / "counted.py").write_text(textwrap.dedent(WRAPPED))
        self._functions = folder / "functions"
        self._functions.mkdir()
        (self._functions / "sitecustomize.py").write_text(textwrap.dedent(FUNCTION))
        shutil.copy(folder / "counted.py", self._functions)
        self.of_jobs({})

    def of_jobs(self, plan: Mapping[tuple[str, str], Death]) -> None:
        """plan: (module, execution) → its death."""
        named = {f"{module}@{execution}": death for (module, execution), death in plan.items()}
        (self.root / "plan.json").write_text(json.dumps(named))

    def calls_of_job(self, module: str, execution: str) -> list[str]:
        return _calls(self.root, f"{module}@{execution}")

    def of_function(
        self, aws: EmbeddedAWS, name: str, death: Death | None, **configuration: Any
    ) -> None:
        """Its next processes count their calls from here; configuration: of the function, besides."""
        for left in ("calls", f"{name}.died"):
            (self._functions / left).unlink(missing_ok=True)
        (self._functions / "plan.json").write_text(json.dumps({name: death or []}))
        functions = aws.client("lambda")
        given = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        fresh = {"PYTHONPATH": str(self._functions), "PLAN": uuid.uuid4().hex}
        functions.update_function_configuration(  # another one: the processes that there are end
            FunctionName=name,
            Environment={"Variables": given | fresh},
            **configuration,
        )

    def calls_of_function(self, name: str) -> list[str]:
        return _calls(self._functions, name)

    def has_died(self, function: str) -> bool:
        return (self._functions / f"{function}.died").exists()


def _calls(folder: Path, process: str) -> list[str]:
    lines = (folder / "calls").read_text().splitlines()
    return [call for who, call in map(str.split, lines) if who == process]
