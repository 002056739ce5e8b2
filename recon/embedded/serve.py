"""The emulator's process: `python -m recon.embedded.serve`, started by `recon.embedded.aws`.

MiniStack has no plug-in hook, so this serves its ASGI application itself, patched. It ends on
SIGTERM, SIGINT or when its stdin closes, which is how it notices that whoever started it died
without a word.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import threading
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import hypercorn.asyncio
import hypercorn.config
from ministack import app as ministack_app
from ministack.core import hypercorn_compat, lambda_runtime

from recon.embedded.faults import FAULTS, FAULTS_PATH
from recon.embedded.mail import MAIL_PATH, MAILS
from recon.embedded.patches import faults, glue, glue_process, mail, tracing

CLEAN_STOP_SECONDS = 20.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] == FAULTS_PATH:
        faults.ACTIVE[:] = FAULTS.validate_json(await _body(receive))
        await _answer(send, b"")
    elif scope["type"] == "http" and scope["path"] == MAIL_PATH:
        await _answer(send, MAILS.dump_json(list(mail.KEPT)))
    else:
        tracing.INBOUND.set(_trace_header(scope))
        await ministack_app.app(scope, receive, send)


def _trace_header(scope: Scope) -> str | None:
    headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
    trace = headers.get(b"x-amzn-trace-id")
    return trace.decode("latin-1") if trace else None


async def _answer(send: Send, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = b""  # short: a test's faults
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def serve(listening_fd: int, end: Callable[[], object]) -> None:
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listening_fd}"]
    config.keep_alive_timeout = (
        75  # longer than boto3's pooled connections rest, as MiniStack's own main has it
    )
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    threading.Thread(
        target=lambda: (os.read(0, 1), loop.call_soon_threadsafe(stop.set)), daemon=True
    ).start()

    async def stopped() -> None:
        await stop.wait()
        # Saving the state must not be able to keep the process: nobody may be left to kill it.
        watchdog = threading.Timer(CLEAN_STOP_SECONDS, end)
        watchdog.daemon = True
        watchdog.start()

    await hypercorn.asyncio.serve(application, config, shutdown_trigger=stopped)  # type: ignore[arg-type]


def end(scratch: Path, exit_code: int) -> NoReturn:
    """Ends the process with all it started. Threads that wait for timed-out tasks would hold a
    normal exit.
    """
    lambda_runtime.reset()
    glue.kill_jobs()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(exit_code)


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="recon.embedded.serve")
    parser.add_argument("--listening-fd", type=int, required=True)
    parser.add_argument(
        "--jobs-root", type=Path, required=True, help="where `jobs` is importable from"
    )
    parser.add_argument(
        "--scratch", type=Path, required=True, help="ours alone; removed at the end"
    )
    options = parser.parse_args()
    glue_process.JOBS_ROOT = options.jobs_root
    hypercorn_compat.install()
    exit_code = 1
    try:
        asyncio.run(serve(options.listening_fd, lambda: end(options.scratch, 1)))
        exit_code = 0
    except Exception:
        traceback.print_exc()  # `end` leaves no time for anybody else to
        raise
    finally:
        end(options.scratch, exit_code)


if __name__ == "__main__":
    main()
