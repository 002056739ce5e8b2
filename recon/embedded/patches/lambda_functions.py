"""Errors of a Lambda function as AWS reports them, and workers that end with the emulator."""

from __future__ import annotations

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from recon.embedded.patches.replace import replaces

AT_A_TIME = 8  # processes of one function
_PLACES: dict[str, threading.BoundedSemaphore] = {}
LAST = threading.local()  # the worker's answer to the invocation that this thread is in


def _edit_worker(old: str, new: str) -> None:
    if lambda_runtime._PYTHON_WORKER_SCRIPT.count(old) != 1:
        raise ImportError(f"ministack's worker script changed: {old!r} is not there exactly once")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(old, new)


# errorType is the exception's class name, and it is the error that Retry and Catch of lambda:invoke
# see; errorMessage, requestId and stackTrace lie beside it in Cause (Lambda developer guide, Python
# exceptions). MiniStack says Runtime.HandlerError whatever was raised.
_edit_worker('"error": str(e), "trace"', '"error": str(e), "type": type(e).__name__, "trace"')

# A worker whose handler is busy would outlive an emulator that was killed: its own parent is all it
# can watch.
_edit_worker(
    "\ndef run():\n",
    """
def _end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

import threading
threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()

def run():
""",
)


@replaces(lambda_runtime.Worker, "invoke")
def remember_the_answer(original: Any, *args: Any, **kwargs: Any) -> Any:
    LAST.answer = original(*args, **kwargs)
    return LAST.answer


# MiniStack gives each of 500 invocations at once a process: this machine's memory and processors are no
# account's. To the caller, who waits here, it is a slow cold start. No function of ours calls itself.
def _places_of(function: Any) -> threading.BoundedSemaphore:
    arn = (function.get("config") or function)["FunctionArn"]
    return _PLACES.setdefault(arn, threading.BoundedSemaphore(AT_A_TIME))


@replaces(lambda_svc, "_execute_function_warm")
def error_type_is_the_exception(original: Any, function: Any, event: Any, request_id: str) -> Any:
    with _places_of(function):
        LAST.answer = {}
        outcome = original(function, event, request_id)
    if outcome.get("error") and "type" in LAST.answer:
        outcome["body"] |= {
            "errorType": LAST.answer["type"],
            "requestId": request_id,
            "stackTrace": LAST.answer["trace"].splitlines(),
        }
    return outcome
