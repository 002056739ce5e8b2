"""Each AWS call of a function fails, before its effect or after it, in each way that calls do, or the process dies.

Then whoever called the function does so again, as Step Functions, Lambda's own retries and the tick do. In the end
there is one checkpoint an attempt, and one alert; a second one only where the notifier died between publishing and
marking. The trigger's matrix is in tests/unit/test_trigger_admission.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.exceptions import ReadTimeoutError as BotoTimeoutError
from moto import mock_aws

from services.notifier.alerting import tell
from services.notifier.gateway import Gateway as Notifier
from services.notifier.settings import NotifierSettings
from services.timeout_handler import out_of_time, status_change, still_running, success
from services.timeout_handler.gateway import Gateway as TimeoutHandler
from services.timeout_handler.settings import TimeoutSettings
from services.timeout_handler.tick import StoredUpload
from shared import layout
from shared.alert import ALERT_REQUEST, AlertRequest, RunCompleted, RunFailed, UploadRefused
from shared.checkpoint import Checkpoint
from shared.checkpoint_store import CheckpointStore, record_failure
from shared.intake import Upload
from shared.run_store import RunStore
from tests.run_cases import EXECUTION_ARN, JOB, NOW, REPORT

DATA, CHECKPOINTS, INGRESS = "the-data", "the-checkpoints", "the-ingress"
LATE = NOW


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def answered(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Any")  # type: ignore[arg-type] # all that is read of it


FAULTS: dict[str, Callable[[], BaseException]] = {
    "throttled": lambda: answered("ThrottlingException", 400),
    "denied": lambda: answered("AccessDenied", 403),
    "timed-out": lambda: BotoTimeoutError(endpoint_url="https://aws"),
    "cut": lambda: EndpointConnectionError(endpoint_url="https://aws"),
    "killed": Killed,
}


@dataclass
class Calls:
    """Counts the AWS calls of all clients; the one numbered `fails` does, before or after its effect."""

    fails: int | None = None
    after: bool = False
    fault: Callable[[], BaseException] = Killed
    made: list[str] = field(default_factory=list)

    def make(self, name: str, call: Callable[[], Any]) -> Any:
        self.made.append(name)
        failing = len(self.made) - 1 == self.fails
        if failing and not self.after:
            raise self.fault()
        answer = call()
        if failing:
            raise self.fault()
        return answer

    @property
    def failed(self) -> str | None:
        return self.made[self.fails] if self.fails is not None else None


class Client:
    """A client whose calls are counted."""

    def __init__(self, client: Any, calls: Calls) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name == "get_paginator":
            return lambda operation: Paginator(found(operation), operation, self._calls)
        if name == "exceptions" or not callable(found):
            return found
        return lambda **given: self._calls.make(name, lambda: found(**given))


@dataclass
class Paginator:
    paginator: Any
    name: str
    calls: Calls

    def paginate(self, **given: Any) -> Any:
        return self.calls.make(self.name, lambda: list(self.paginator.paginate(**given)))


class StepFunctions:
    """One execution, told plainly or not. moto invents its histories."""

    def __init__(self, status: str, told_plainly: bool) -> None:
        self._status = status
        self._told_plainly = told_plainly

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return {
            "name": JOB.job_id,
            "status": self._status,
            "input": JOB.to_json(),
            "stopDate": NOW,
            "redriveCount": 0,
        }

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        plainly = [{"type": "TaskSucceeded"}, entered("AlertFailurePlainly")]
        return {"events": [*plainly * self._told_plainly, entered("ReconcileData")]}


def entered(state: str) -> dict[str, Any]:
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}}


class Glue:
    """One live run of the execution, until it is stopped."""

    def __init__(self) -> None:
        self.live = True

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, JobName: str) -> list[dict[str, Any]]:
        run = {
            "Id": "jr_1",
            "StartedOn": LATE.replace(year=LATE.year + 100),
            "JobRunState": "RUNNING" if self.live else "STOPPED",
            "Arguments": {"--execution_name": JOB.job_id},
        }
        return [{"JobRuns": [run]}]

    def batch_stop_job_run(self, **_: Any) -> dict[str, Any]:
        self.live = False
        return {}


@dataclass
class Functions:
    """The notifier: it marks what it is asked to tell, and tells nothing twice."""

    aws: Aws

    def invoke(self, Payload: bytes, **_: Any) -> None:
        tell(ALERT_REQUEST.validate_json(Payload), self.aws.notifier(Calls()), NOW)


class Aws:
    def __init__(self, clients: dict[str, Any]) -> None:
        self.s3, self.sns, self.sqs = clients["s3"], clients["sns"], clients["sqs"]
        for bucket in (DATA, CHECKPOINTS, INGRESS):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
        self.topic = self.sns.create_topic(Name="alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="uploads")["QueueUrl"]
        self.inbox = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.inbox, AttributeNames=["QueueArn"])
        self.sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        self.glue = Glue()
        self.status = "TIMED_OUT"
        self.told_plainly = False

    def notifier(self, calls: Calls) -> Notifier:
        settings = NotifierSettings(
            data_bucket=DATA,
            checkpoints_bucket=CHECKPOINTS,
            topic_arn=self.topic,
            chat_topic_arn="",
        )
        return Notifier(settings, Client(self.s3, calls), Client(self.sns, calls))  # type: ignore[arg-type]

    def timeout_handler(self, calls: Calls) -> TimeoutHandler:
        settings = TimeoutSettings(
            ingress_bucket=INGRESS,
            data_bucket=DATA,
            checkpoints_bucket=CHECKPOINTS,
            queue_url=self.queue,
            state_machine_arn=EXECUTION_ARN,
            notifier_function="notifier",
            glue_jobs="validation",
            limit_seconds=1200,
            digest_at="",
            data_sets="",
            refreshes_a_day=24,
        )
        states = StepFunctions(self.status, self.told_plainly)
        clients = (self.s3, states, self.glue, self.sqs, Functions(self))
        return TimeoutHandler(settings, *(Client(client, calls) for client in clients))  # type: ignore[arg-type]

    def tell_plainly(self) -> None:
        """As the state machine does where the notifier failed."""
        self.sns.publish(TopicArn=self.topic, Message="plain")
        self.told_plainly = True

    # What there is in the end

    def alerts(self) -> int:
        count = 0
        while got := self.sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            count += len(got)
        return count

    def checkpoint(self) -> Checkpoint:
        found = self.s3.get_object(Bucket=CHECKPOINTS, Key=layout.checkpoint_key(JOB.job_id))
        return Checkpoint.from_json(found["Body"].read())

    def messages(self) -> int:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return len(found.get("Messages", []))


COMPLETED = RunCompleted(job=JOB, execution_arn=EXECUTION_ARN, execution_name=JOB.job_id)
FAILED = RunFailed(
    job_id=JOB.job_id,
    job=JOB,
    status="FAILED",
    state="ReconcileData",
    error=REPORT.error,
    execution_name=JOB.job_id,
    checkpoint_location="s3://the-checkpoints",
)
REFUSED = UploadRefused(
    upload=Upload(bucket=INGRESS, key="a.xlsx", version="v1"), code="NOT_CSV", message="não é CSV"
)


def told(request: AlertRequest) -> Callable[[Aws, Calls], object]:
    return lambda aws, calls: tell(request, aws.notifier(calls), NOW)


def kept(aws: Aws, calls: Calls) -> object:
    s3: Any = Client(aws.s3, calls)
    return record_failure(REPORT, RunStore(s3, DATA), CheckpointStore(s3, CHECKPOINTS), NOW)


def out_of_time_(aws: Aws, calls: Calls) -> object:
    return out_of_time.end(REPORT, aws.timeout_handler(calls))


def ended_badly(aws: Aws, calls: Calls) -> object:
    return status_change.settle(EXECUTION_ARN, aws.timeout_handler(calls))


def ended_well(aws: Aws, calls: Calls) -> object:
    aws.status = "SUCCEEDED"
    return success.settle(EXECUTION_ARN, aws.timeout_handler(calls))


def late(aws: Aws, calls: Calls) -> object:
    aws.status = "RUNNING"
    handler = aws.timeout_handler(calls)
    return still_running.warn(EXECUTION_ARN, NOW, handler.limit, handler, NOW + handler.limit)


def missed(aws: Aws, calls: Calls) -> object:
    """As the tick does: only what has no receipt and was not sent before."""
    handler = aws.timeout_handler(calls)
    upload = Upload(bucket=INGRESS, key="a.csv", version="v1", size=1)
    found = handler._stored_upload((upload, NOW))
    return None if found.taken else handler.resend(StoredUpload(upload, NOW, taken=False))


@dataclass(frozen=True)
class Case:
    """attempt: what is called; checkpoints, alerts, messages: what there is when all went well."""

    name: str
    attempt: Callable[[Aws, Calls], object]
    checkpoints: int = 0
    alerts: int = 0
    messages: int = 0
    stopped: bool = False


CASES = (
    Case("notifier-completed", told(COMPLETED), alerts=1),
    Case("notifier-failed", told(FAILED), alerts=1),
    Case("notifier-refused", told(REFUSED), alerts=1),
    Case("checkpoint", kept, checkpoints=1),
    Case("timeout-handler-out-of-time", out_of_time_, checkpoints=1, stopped=True),
    Case("timeout-handler-ended-badly", ended_badly, checkpoints=1, alerts=1, stopped=True),
    Case("timeout-handler-ended-well", ended_well, alerts=1),
    Case("timeout-handler-late", late, alerts=1),
    Case("timeout-handler-missed-upload", missed, messages=1),
)


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    """Once for all: most of the time would go into building them."""
    session: Any = boto3.Session()
    return {name: session.client(name) for name in ("s3", "sns", "sqs")}


@pytest.fixture
def fresh(clients: dict[str, Any]) -> Iterator[Callable[[], Aws]]:
    """A new account each time."""
    with mock_aws() as mock:

        def account() -> Aws:
            mock.reset()
            return Aws(clients)

        yield account


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "killed")) for name in FAULTS],
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_wherever_a_call_fails_the_next_attempt_ends_as_if_it_had_not(
    fresh: Callable[[], Aws], case: Case, fault: str
) -> None:
    undisturbed = Calls()
    case.attempt(fresh(), undisturbed)
    assert undisturbed.made
    for number in range(len(undisturbed.made)):
        for after in (False, True):
            disturbed(fresh(), case, Calls(number, after, FAULTS[fault]))


def disturbed(aws: Aws, case: Case, calls: Calls) -> None:
    try:
        case.attempt(aws, calls)
    except (ClientError, BotoCoreError, Killed):
        case.attempt(aws, Calls())
    where = f"{'after' if calls.after else 'before'} call {calls.fails}, {calls.failed}"
    if case.checkpoints:
        assert aws.checkpoint().attempts == case.checkpoints, where
    # Published, and not marked: by the notifier's own death, or because the queue took a message whose answer was lost.
    twice = (calls.failed, calls.after) in (
        ("publish", True),
        *([("put_object", False)] if case.name.startswith("notifier") else []),
    )
    assert case.alerts <= aws.alerts() <= case.alerts + twice, where
    # Sent again, and not marked: the trigger takes an upload in once, however often its event comes.
    resent = (calls.failed, calls.after) in (("send_message", True), ("put_object", False))
    assert case.messages <= aws.messages() <= case.messages + resent, where
    if case.stopped:
        assert not aws.glue.live, where


@pytest.mark.parametrize(
    ("request_", "settle"),
    [
        pytest.param(COMPLETED, ended_well, id="completed"),
        pytest.param(FAILED, ended_badly, id="failed"),
    ],
)
def test_an_end_whose_notifier_died_is_told_once_or_twice_and_never_a_third_time(
    fresh: Callable[[], Aws], request_: AlertRequest, settle: Callable[[Aws, Calls], object]
) -> None:
    """The state machine tells it plainly; then the event comes, late and twice, and the tick."""
    undisturbed = Calls()
    told(request_)(fresh(), undisturbed)
    calls, died = undisturbed.made, 0
    for number, call in enumerate(calls):
        for after in (False, True):
            aws = fresh()
            try:
                told(request_)(aws, Calls(number, after))
            except Killed:
                died += 1
            else:  # what is not there answers by an error, after which nothing can die
                continue
            aws.tell_plainly()
            for _ in range(3):
                settle(aws, Calls())
            full = number > calls.index("publish") or (call == "publish" and after)
            begun = full or number == calls.index("publish") or (call == "put_object" and after)
            # In full where it may not have gone out so; the plain one is there in any case.
            assert aws.alerts() == 1 + (full or not begun), (number, call, after)
    assert died > len(calls)
