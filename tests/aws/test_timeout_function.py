"""The timeout handler's AWS calls and its three occasions, on moto.

Glue, the notifier and an execution's history are stubs: moto stops no Glue run, runs functions in
Docker, and invents its histories.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from services.timeout_handler import gateway as gateway_module
from services.timeout_handler import handler, tick
from services.timeout_handler.digest import DayRun
from services.timeout_handler.expected import Expect, Expectation
from services.timeout_handler.gateway import Gateway
from services.timeout_handler.runs import Execution, GlueRun
from services.timeout_handler.settings import TimeoutSettings
from services.timeout_handler.status_change import ENDS
from services.timeout_handler.tick import EndedRun, RunningRun, StoredUpload
from services.trigger.notification import Arrival, read_notification
from shared import layout
from shared.alert import ALERT_REQUEST, RunFailed
from shared.checkpoint import Checkpoint
from shared.intake import Upload
from shared.layout import Stage
from shared.observability import logger
from shared.taxonomy import Verdict
from shared.upload_key import TIME_ZONE
from tests.run_cases import EXECUTION_ARN, JOB, MANIFESTS

EVENTS = Path(__file__).parents[1] / "events"
INGRESS, DATA, CHECKPOINTS = "the-ingress", "the-data", "the-checkpoints"
JOBS = [
    "reconciliation-validation",
    "reconciliation-reconciliation",
    "reconciliation-quicksight-prep",
]
NOW = datetime.now(UTC)  # moto's objects and executions are of this very moment
AGO = timedelta(hours=1)


class Aws:
    """Everything that the handler talks to, and what a test has to say about it."""

    def __init__(self, clients: dict[str, Any]) -> None:
        self.s3 = clients["s3"]
        for bucket in (INGRESS, DATA, CHECKPOINTS):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
        self.s3.put_bucket_versioning(Bucket=INGRESS, VersioningConfiguration={"Status": "Enabled"})
        role = clients["iam"].create_role(RoleName="states", AssumeRolePolicyDocument="{}")
        self.stepfunctions = clients["stepfunctions"]
        self.machine = self.stepfunctions.create_state_machine(
            name="reconciliation-pipeline",
            definition='{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}',
            roleArn=role["Role"]["Arn"],
        )["stateMachineArn"]
        self.sqs = clients["sqs"]
        self.queue = self.sqs.create_queue(QueueName="uploads")["QueueUrl"]
        self.functions = clients["lambda"]
        self.told = Stubber(self.functions)
        self.glue = clients["glue"]
        self.runs = Stubber(self.glue)
        self.gateway = Gateway(
            TimeoutSettings(
                ingress_bucket=INGRESS,
                data_bucket=DATA,
                checkpoints_bucket=CHECKPOINTS,
                queue_url=self.queue,
                state_machine_arn=self.machine,
                notifier_function="the-notifier",
                glue_jobs=",".join(JOBS),
                limit_seconds=1200,
                digest_at="07:30",
                data_sets="",
                refreshes_a_day=24,
            ),
            self.s3,
            self.stepfunctions,
            self.glue,
            self.sqs,
            self.functions,
        )

    def abort(self, name: str = JOB.job_id, input_: str = JOB.to_json()) -> str:
        arn = self.stepfunctions.start_execution(
            stateMachineArn=self.machine, name=name, input=input_
        )["executionArn"]
        self.stepfunctions.stop_execution(executionArn=arn)
        return str(arn)

    def mark(self, kind: str, count: int = 0) -> None:
        key = layout.run_alert_marker_key(JOB.job_id, JOB.job_id, kind, count)
        self.s3.put_object(Bucket=DATA, Key=key)

    def upload(self, key: str = "2026-02-16/a.csv") -> Upload:
        version = self.s3.put_object(Bucket=INGRESS, Key=key, Body=b"abc")["VersionId"]
        return Upload(bucket=INGRESS, key=key, version=version, size=3)

    def glue_has(self, *runs: dict[str, Any]) -> None:
        """The first job's runs; the other two have none."""
        self.runs.add_response("get_job_runs", {"JobRuns": list(runs)}, {"JobName": JOBS[0]})
        for job in JOBS[1:]:
            self.runs.add_response("get_job_runs", {"JobRuns": []}, {"JobName": job})

    def messages(self) -> list[Any]:
        received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [message["Body"] for message in received.get("Messages", [])]


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    """Once for all tests: most of their time would go into building them."""
    names = ("s3", "iam", "stepfunctions", "sqs", "lambda", "glue")
    session: Any = boto3.Session()
    return {name: session.client(name) for name in names}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, clients: dict[str, Any]) -> Iterator[Aws]:
    with mock_aws():
        world = Aws(clients)
        monkeypatch.setattr(handler, "gateway", lambda: world.gateway)
        with world.runs, world.told:
            yield world
            world.runs.assert_no_pending_responses()
            world.told.assert_no_pending_responses()


def glue_run(state: str = "RUNNING", execution: str = JOB.job_id, **changes: Any) -> dict[str, Any]:
    return {
        "Id": f"jr_{state.lower()}",
        "JobRunState": state,
        "StartedOn": NOW,
        "Arguments": {"--execution_name": execution},
    } | changes


# Executions


def test_an_execution_is_read_whole(aws: Aws) -> None:
    execution = aws.gateway.execution(aws.abort())
    assert (execution.name, execution.status) == (JOB.job_id, "ABORTED")
    assert execution.input == JOB.to_json()
    assert execution.stopped_at is not None
    assert execution.redrive_count == 0


def entered(number: int, name: str) -> dict[str, Any]:
    kind = "ChoiceStateEntered" if name.startswith("Check") else "TaskStateEntered"
    return {
        "timestamp": NOW,
        "type": kind,
        "id": number,
        "stateEnteredEventDetails": {"name": name},
    }


@pytest.mark.parametrize(
    ("names", "state"),
    [
        (["ReconcileData", "CheckTimeout", "ValidateCSV"], "ReconcileData"),
        (["Failure", "NotifyFailure", "SaveCheckpoint", "ReconcileData"], "ReconcileData"),
        (["TimeoutFailure", "CheckTimeout"], "CheckTimeout"),
        ([], None),
    ],
)
def test_the_last_state_is_not_one_that_reports(
    aws: Aws, names: list[str], state: str | None
) -> None:
    events = [{"timestamp": NOW, "type": "ExecutionAborted", "id": 99}]
    events += [entered(50 - n, name) for n, name in enumerate(names)]
    with Stubber(aws.stepfunctions) as history:
        history.add_response(
            "get_execution_history",
            {"events": events},
            {
                "executionArn": EXECUTION_ARN,
                "reverseOrder": True,
                "includeExecutionData": False,
                "maxResults": 100,
            },
        )
        assert aws.gateway.last_state(EXECUTION_ARN) == state


SUCCEEDED = {"timestamp": NOW, "type": "TaskSucceeded", "id": 98}
REDRIVEN = {"timestamp": NOW, "type": "ExecutionRedriven", "id": 97}


@pytest.mark.parametrize(
    ("newest_first", "plainly"),
    [
        (["Failure", SUCCEEDED, "AlertFailurePlainly", "NotifyFailure"], True),
        (["Success", SUCCEEDED, "AlertSuccessPlainly", "NotifySuccess"], True),
        (["Failure", "AlertFailurePlainly", SUCCEEDED, "SaveCheckpoint"], False),
        (["Failure", SUCCEEDED, "NotifyFailure"], False),
        (["Failure", REDRIVEN, "Failure", SUCCEEDED, "AlertFailurePlainly"], False),
        ([], False),
    ],
)
def test_an_end_was_told_plainly_where_the_topic_took_it_since_the_last_redrive(
    aws: Aws, newest_first: list[Any], plainly: bool
) -> None:
    events = [
        entered(50 - n, event) if isinstance(event, str) else event
        for n, event in enumerate(newest_first)
    ]
    with Stubber(aws.stepfunctions) as history:
        history.add_response("get_execution_history", {"events": events})
        assert aws.gateway.was_told_plainly(EXECUTION_ARN) is plainly


def test_ended_runs_are_those_of_late_and_whether_they_were_told(aws: Aws) -> None:
    told, untold = aws.abort(), aws.abort("by-hand", "{}")
    aws.mark("run_failed")
    found = {run.arn: run.told for run in aws.gateway.snapshot(NOW - AGO).ended_badly}
    assert found == {told: True, untold: False}
    assert aws.gateway.snapshot(datetime.now(UTC) + AGO).ended_badly == []


def test_of_runs_that_ended_badly_only_the_untold_are_described(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds that fail in an hour would use up what Step Functions answers, each minute anew."""
    described, execution = [], aws.gateway.execution

    def describe(arn: str) -> Execution:
        described.append(arn)
        return execution(arn)

    monkeypatch.setattr(aws.gateway, "execution", describe)
    aws.abort()
    aws.mark("run_failed")
    untold = aws.abort("by-hand", "{}")
    assert len(aws.gateway.snapshot(NOW - AGO).ended_badly) == 2
    assert described == [untold]


def test_an_alert_of_either_kind_counts_for_its_own_redrive_only(aws: Aws) -> None:
    assert not aws.gateway.was_told(JOB.job_id, JOB.job_id, 0, *ENDS)
    aws.mark("run_completed", 1)
    assert not aws.gateway.was_told(JOB.job_id, JOB.job_id, 0, *ENDS)
    assert not aws.gateway.was_told(JOB.job_id, JOB.job_id, 1, "run_late")
    assert aws.gateway.was_told(JOB.job_id, JOB.job_id, 1, *ENDS)


def test_running_and_good_runs_are_found_and_their_markers_by_their_names(aws: Aws) -> None:
    """Without being described, one by one."""

    def listed(status: str, *names: str) -> dict[str, Any]:
        times = {"startDate": NOW - timedelta(minutes=19)}
        times |= {} if status == "RUNNING" else {"stopDate": NOW}
        return {
            "executions": [
                {
                    "executionArn": f"arn:aws:states:sa-east-1:123456789012:execution:p:{name}",
                    "stateMachineArn": aws.machine,
                    "name": name,
                    "status": status,
                    **times,
                }
                for name in names
            ]
        }

    aws.mark("run_completed")
    second = layout.run_alert_marker_key(JOB.job_id, f"{JOB.job_id}-R1", "run_late", 0)
    aws.s3.put_object(Bucket=DATA, Key=second)
    with Stubber(aws.stepfunctions) as states:
        for status in ("FAILED", "TIMED_OUT", "ABORTED"):
            states.add_response("list_executions", listed(status))
        states.add_response("list_executions", listed("SUCCEEDED", JOB.job_id, "by-hand"))
        states.add_response("list_executions", listed("RUNNING", f"{JOB.job_id}-R1", "JOB-2"))
        found = aws.gateway.snapshot(NOW - AGO)
    assert [run.told for run in found.succeeded] == [True, False]
    assert [run.warned for run in found.running] == [True, False]
    assert found.running[0].began_at == NOW - timedelta(minutes=19)


def test_a_redriven_run_s_clock_begins_at_its_redrive(aws: Aws) -> None:
    with Stubber(aws.stepfunctions) as states:
        for _ in range(4):
            states.add_response("list_executions", {"executions": []})
        states.add_response(
            "list_executions",
            {
                "executions": [
                    {
                        "executionArn": EXECUTION_ARN,
                        "stateMachineArn": aws.machine,
                        "name": JOB.job_id,
                        "status": "RUNNING",
                        "startDate": NOW - timedelta(days=1),
                        "redriveDate": NOW,
                        "redriveCount": 1,
                    }
                ]
            },
        )
        assert aws.gateway.snapshot(NOW - AGO).running == [
            RunningRun(EXECUTION_ARN, NOW, warned=False)
        ]


def test_a_bucket_that_cannot_be_asked_is_no_missing_marker(aws: Aws) -> None:
    aws.s3.delete_bucket(Bucket=DATA)
    with Stubber(aws.s3) as denied, pytest.raises(ClientError):
        denied.add_client_error("head_object", "403", http_status_code=403)
        aws.gateway.was_told(JOB.job_id, JOB.job_id, 0, *ENDS)


# Glue runs


def test_live_runs_are_those_of_the_execution_that_are_not_over(aws: Aws) -> None:
    states = [
        "STARTING",
        "RUNNING",
        "WAITING",
        "SUCCEEDED",
        "FAILED",
        "STOPPED",
        "STOPPING",
        "TIMEOUT",
    ]
    aws.glue_has(
        *(glue_run(state) for state in states),
        glue_run(execution=f"{JOB.job_id}-R1"),
        glue_run(Arguments={}),
    )
    assert aws.gateway.live_glue_runs(JOB.job_id) == [
        GlueRun(JOBS[0], "jr_starting", waiting=False),
        GlueRun(JOBS[0], "jr_running", waiting=False),
        GlueRun(JOBS[0], "jr_waiting", waiting=True),
    ]


def test_pages_are_read_until_runs_are_too_old_to_be_live(aws: Aws) -> None:
    old = NOW - timedelta(days=2)
    first = {"JobRuns": [glue_run("SUCCEEDED")], "NextToken": "2"}
    second = {"JobRuns": [glue_run(StartedOn=old), glue_run(Id="jr_2")], "NextToken": "3"}
    third = {"JobRuns": [glue_run(StartedOn=old)], "NextToken": "4"}
    aws.runs.add_response("get_job_runs", first, {"JobName": JOBS[0]})
    aws.runs.add_response("get_job_runs", second, {"JobName": JOBS[0], "NextToken": "2"})
    aws.runs.add_response("get_job_runs", third, {"JobName": JOBS[0], "NextToken": "3"})
    for job in JOBS[1:]:
        aws.runs.add_response("get_job_runs", {"JobRuns": []}, {"JobName": job})
    assert aws.gateway.live_glue_runs(JOB.job_id) == [GlueRun(JOBS[0], "jr_2", waiting=False)]


def test_runs_are_stopped_a_job_at_a_time_and_no_more_than_glue_takes(aws: Aws) -> None:
    ids = [f"jr_{n}" for n in range(30)]
    for part in (ids[:25], ids[25:]):
        aws.runs.add_response("batch_stop_job_run", {}, {"JobName": JOBS[0], "JobRunIds": part})
    aws.gateway.stop([GlueRun(JOBS[0], name, waiting=False) for name in ids])


def test_a_run_that_glue_does_not_stop_is_logged(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    error = {"JobRunId": "jr_1", "ErrorDetail": {"ErrorCode": "IllegalState"}}
    aws.runs.add_response("batch_stop_job_run", {"Errors": [error]})
    aws.gateway.stop([GlueRun(JOBS[0], "jr_1", waiting=False)])
    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["level"], line["errors"]) == ("WARNING", [error])


# Uploads


def test_each_version_of_an_upload_has_a_receipt_of_its_own(aws: Aws) -> None:
    first, second = aws.upload(), aws.upload()
    aws.upload("folder/")
    receipt = layout.receipt_key(first.bucket, first.key, first.version)
    aws.s3.put_object(Bucket=DATA, Key=receipt)
    found = {each.upload.version: each.taken for each in aws.gateway.snapshot(NOW - AGO).uploads}
    assert found == {first.version: True, second.version: False}
    assert aws.gateway.snapshot(datetime.now(UTC) + AGO).uploads == []


def test_a_missed_upload_is_sent_as_s3_would_have_and_only_once(aws: Aws) -> None:
    upload = aws.upload("default/2026-02-16/extrato + cópia.csv")
    [missed] = aws.gateway.snapshot(NOW - AGO).uploads
    aws.gateway.resend(missed)
    [body] = aws.messages()
    assert read_notification(body) == [Arrival(upload, missed.stored_at, upload.version)]
    assert aws.gateway.snapshot(NOW - AGO).uploads == [
        StoredUpload(upload, missed.stored_at, taken=True)
    ]


def test_a_tick_reads_so_many_versions_and_the_next_goes_on_from_there(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "_PAGES", 2)
    uploads = [aws.upload(f"{n}.csv") for n in range(5)]
    real = aws.s3.list_object_versions

    def one_a_page(**asked: Any) -> Any:
        return real(**asked, MaxKeys=1)

    monkeypatch.setattr(aws.s3, "list_object_versions", one_a_page)
    ticks = [
        [each.upload.key for each in aws.gateway.snapshot(NOW - AGO).uploads] for _ in range(4)
    ]
    assert ticks == [["0.csv", "1.csv"], ["2.csv", "3.csv"], ["4.csv"], ["0.csv", "1.csv"]]
    assert len(uploads) == 5


# By the clock


def test_what_is_expected_is_read_of_the_published_profiles(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    profiles = {
        "nothing": b'name = "nothing"',
        "itau": b'[expect]\nby = "09:00"',
        "inter": b'[expect]\nby = "18:30"\ndays = "civil"',
        "broken": b"[expect",
        "wrong": b'[expect]\nby = "x"',
    }
    for name, text in profiles.items():
        aws.s3.put_object(Bucket=DATA, Key=layout.profile_key(name), Body=text)
    today = datetime.now(TIME_ZONE).date()
    aws.s3.put_object(Bucket=DATA, Key=layout.arrival_key("itau", today))
    marker = layout.daily_alert_marker_key("file_overdue", "inter", today)
    aws.s3.put_object(Bucket=DATA, Key=marker)
    assert aws.gateway.snapshot(NOW - AGO).expected == {
        "itau": Expectation(Expect(by=time(9)), arrived=True),
        "inter": Expectation(Expect(by=time(18, 30), days="civil"), told=True),
    }
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["key"] for line in lines] == ["profiles/broken.toml", "profiles/wrong.toml"]


def test_the_day_s_runs_are_those_that_ended_or_run_with_their_verdicts(aws: Aws) -> None:
    manifest = MANIFESTS[Stage.RECONCILIATION]
    key = layout.manifest_key(JOB.job_id, JOB.job_id, Stage.RECONCILIATION)
    aws.s3.put_object(Bucket=DATA, Key=key, Body=manifest.to_json().encode())
    broken = layout.manifest_key("JOB-2", "JOB-2-R1", Stage.RECONCILIATION)
    aws.s3.put_object(Bucket=DATA, Key=broken, Body=b"{}")
    ended = {"startDate": NOW, "stopDate": NOW}
    listed = {
        "SUCCEEDED": [(JOB.job_id, ended), ("JOB-2-R1", ended), ("by-hand", ended)],
        "FAILED": [("JOB-3", ended), ("JOB-4", {"startDate": NOW - AGO, "stopDate": NOW - AGO})],
        "TIMED_OUT": [],
        "ABORTED": [],
        "RUNNING": [("JOB-5", {"startDate": NOW})],
    }
    with Stubber(aws.stepfunctions) as states:
        for status, runs in listed.items():
            executions = [
                {
                    "executionArn": f"{EXECUTION_ARN}-{name}",
                    "stateMachineArn": aws.machine,
                    "name": name,
                    "status": status,
                    **times,
                }
                for name, times in runs
            ]
            states.add_response("list_executions", {"executions": executions})
        assert aws.gateway.runs_of_the_day(NOW - timedelta(minutes=5)) == [
            DayRun("SUCCEEDED", Verdict.AGREED),
            DayRun("SUCCEEDED"),
            DayRun("SUCCEEDED"),
            DayRun("FAILED"),
            DayRun("RUNNING"),
        ]


def test_a_digest_is_told_once_a_day_by_its_marker(aws: Aws) -> None:
    today = NOW.date()
    assert aws.gateway.digest_at == time(7, 30)
    assert not aws.gateway.digest_was_told(today)
    aws.s3.put_object(Bucket=DATA, Key=layout.daily_alert_marker_key("digest", "all", today))
    assert aws.gateway.digest_was_told(today)


# The function


class Context:
    function_name = "reconciliation-timeout-handler"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:sa-east-1:123456789012:function:timeout-handler"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"


@pytest.fixture(autouse=True)
def _no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick.digest, "is_due", lambda at, now: False)


def call(name: str, **changes: Any) -> dict[str, Any]:
    event = json.loads((EVENTS / name).read_text()) | changes
    return handler.lambda_handler(event, Context())  # type: ignore[arg-type] # all that is read


def kept(aws: Aws) -> Checkpoint:
    body = aws.s3.get_object(Bucket=CHECKPOINTS, Key=layout.checkpoint_key(JOB.job_id))["Body"]
    return Checkpoint.from_json(body.read())


def test_the_state_machine_gets_the_checkpoint_s_place_and_stray_runs_are_stopped(aws: Aws) -> None:
    aws.glue_has(glue_run("WAITING"))
    aws.runs.add_response(
        "batch_stop_job_run", {}, {"JobName": JOBS[0], "JobRunIds": ["jr_waiting"]}
    )
    assert call("timeout_failure.json") == {
        "checkpoint_location": f"s3://{CHECKPOINTS}/{JOB.job_id}/checkpoint.json"
    }
    checkpoint = kept(aws)
    assert (checkpoint.status, checkpoint.state) == ("TIMED_OUT", "ReconcileData")
    assert checkpoint.error.message == (
        "Timeout de 20 minutos excedido: reconciliation-validation ainda esperava na fila do Glue "
        "(limite de execuções simultâneas)."
    )


def test_a_person_s_own_timeout_report_is_taken(aws: Aws) -> None:
    aws.glue_has()
    reason = "Timeout de 20 minutos excedido"
    event = {"job_id": JOB.job_id, "reason": reason}
    handler.lambda_handler(event, Context())  # type: ignore[arg-type] # all that is read
    assert kept(aws).error.message == reason


def test_an_execution_that_was_stopped_is_kept_and_the_notifier_is_asked_to_tell(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = aws.abort()
    monkeypatch.setattr(aws.gateway, "last_state", lambda arn: "ReconcileData")
    aws.glue_has()
    aws.told.add_response(
        "invoke",
        {"StatusCode": 202},
        {"FunctionName": "the-notifier", "InvocationType": "Event", "Payload": ANY},
    )
    payloads: list[bytes] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        payloads.append(params["Payload"])

    aws.functions.meta.events.register("provide-client-params.lambda.Invoke", note)
    call("execution_status_change.json", detail={"executionArn": arn, "status": "ABORTED"})
    aws.functions.meta.events.unregister("provide-client-params.lambda.Invoke", note)
    [alert] = [ALERT_REQUEST.validate_json(payload) for payload in payloads]
    assert isinstance(alert, RunFailed)
    assert (alert.status, alert.state, alert.job) == ("ABORTED", "ReconcileData", JOB)
    assert (kept(aws).status, kept(aws).state) == ("ABORTED", "ReconcileData")


def test_an_execution_that_was_told_but_not_kept_is_kept_by_its_event_and_not_told(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = aws.abort()
    monkeypatch.setattr(aws.gateway, "last_state", lambda arn: "ReconcileData")
    aws.mark("run_failed")
    aws.glue_has()
    call("execution_status_change.json", detail={"executionArn": arn})
    assert (kept(aws).status, kept(aws).state) == ("ABORTED", "ReconcileData")


def test_a_tick_with_nothing_to_find(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.abort()
    aws.mark("run_completed")
    aws.upload()
    assert call("timeout_tick.json") == {}
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["Outcomes"] == [0.0]


def test_a_tick_tells_what_no_event_told_and_sends_what_no_event_brought(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, upload = aws.abort(), aws.upload()
    seen = aws.gateway.snapshot(NOW - AGO)
    old = NOW - timedelta(minutes=30)
    monkeypatch.setattr(
        aws.gateway,
        "snapshot",
        lambda since: type(seen)(
            [EndedRun(arn, old, told=False)], (), (), [StoredUpload(upload, old, taken=False)], {}
        ),
    )
    monkeypatch.setattr(aws.gateway, "last_state", lambda arn: "ValidateCSV")
    aws.glue_has()
    aws.told.add_response("invoke", {"StatusCode": 202})
    call("timeout_tick.json")
    assert kept(aws).state == "ValidateCSV"
    assert len(aws.messages()) == 1
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (metric["Told"], metric["UploadResent"]) == ([1.0], [1.0])


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_an_event_of_no_known_kind_is_refused(aws: Aws) -> None:
    with pytest.raises(ValueError, match="validation error"):
        call("timeout_tick.json", source="aws.ec2")
