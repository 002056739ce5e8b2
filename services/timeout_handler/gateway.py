"""The timeout handler's only way to AWS: Step Functions, Glue, S3, the uploads' queue, the notifier."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote_plus

import boto3
from botocore.config import Config

from services.timeout_handler.digest import DayRun
from services.timeout_handler.expected import Expect, Expectation
from services.timeout_handler.quicksight_gateway import QuickSightGateway
from services.timeout_handler.runs import Execution, GlueRun
from services.timeout_handler.settings import TimeoutSettings
from services.timeout_handler.status_change import BAD_ENDS, ENDS, job_id_of
from services.timeout_handler.tick import EndedRun, RunningRun, Snapshot, StoredUpload
from shared import layout
from shared.alert import AlertRequest
from shared.checkpoint import FailureReport
from shared.checkpoint_store import CheckpointStore, record_failure
from shared.checkpointing import PLAIN_ALERTS, REPORTING_STATES
from shared.intake import Upload
from shared.layout import Stage
from shared.manifest import ReconciliationFigures
from shared.observability import logger
from shared.run_store import RunStore, UnreadableError
from shared.upload_key import TIME_ZONE

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.literals import ExecutionStatusType
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef, HistoryEventTypeDef

# Inside the function's 40 s, so that a hanging call ends as an error that the log names.
_CLIENTS = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3}
)
# Five data sets, one after the other, within the function's 40 seconds. The next tick asks again.
_QUICKSIGHT = Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 1})
_LIVE = ("STARTING", "RUNNING", "WAITING")
# No run of ours lives longer; Glue lists the newest first.
_GLUE_HISTORY = timedelta(days=1)
_MOST_STOPPED = 25  # Glue's own limit of a call
_AT_A_TIME = 16
_PAGES = 50  # of up to 1,000 versions each, in a tick: some ten seconds
_LONGEST_RUN = timedelta(minutes=25)  # the state machine's own limit
RESENT = "upload_resent"  # the kind of marker that a missed upload gets

T = TypeVar("T")
R = TypeVar("R")


class Gateway:
    """services.timeout_handler.tick.World, on the real services."""

    def __init__(
        self,
        settings: TimeoutSettings,
        s3: S3Client,
        stepfunctions: SFNClient,
        glue: GlueClient,
        sqs: SQSClient,
        functions: LambdaClient,
        data_sets: QuickSightGateway | None = None,
    ) -> None:
        """data_sets: None where there is no QuickSight."""
        self.data_sets = data_sets
        self._settings = settings
        self._s3 = s3
        self._stepfunctions = stepfunctions
        self._glue = glue
        self._sqs = sqs
        self._functions = functions
        self._runs = RunStore(s3, settings.data_bucket)
        self._checkpoints = CheckpointStore(s3, settings.checkpoints_bucket)

    @classmethod
    def connect(cls, settings: TimeoutSettings) -> Self:
        s3 = boto3.client("s3", config=_CLIENTS)
        return cls(
            settings,
            s3,
            boto3.client("stepfunctions", config=_CLIENTS),
            boto3.client("glue", config=_CLIENTS),
            boto3.client("sqs", config=_CLIENTS),
            boto3.client("lambda", config=_CLIENTS),
            _data_sets(settings, s3) if settings.data_sets else None,
        )

    # Executions

    def execution(self, arn: str) -> Execution:
        found = self._stepfunctions.describe_execution(executionArn=arn)
        return Execution(
            arn=arn,
            name=found["name"],
            status=found["status"],
            input=found.get("input", ""),
            error=found.get("error"),
            cause=found.get("cause"),
            stopped_at=found.get("stopDate"),
            redrive_count=found.get("redriveCount", 0),
        )

    def last_state(self, arn: str) -> str | None:
        entered = map(_entered, self._newest_events(arn))
        return next((name for name in entered if name and name not in REPORTING_STATES), None)

    def was_told_plainly(self, arn: str) -> bool:
        """The task of a plain alert succeeded, since the last redrive if there was one."""
        published = False
        for event in self._newest_events(arn):
            if event["type"] == "ExecutionRedriven":
                return False
            published = published or event["type"] == "TaskSucceeded"
            if state := _entered(event):
                if state in PLAIN_ALERTS:
                    return published
                published = False
        return False

    def _newest_events(self, arn: str) -> list[HistoryEventTypeDef]:
        """The last one first; the end of a run has no more of them."""
        return self._stepfunctions.get_execution_history(
            executionArn=arn, reverseOrder=True, includeExecutionData=False, maxResults=100
        )["events"]

    # Glue runs

    def live_glue_runs(self, execution_name: str) -> list[GlueRun]:
        return [
            GlueRun(job, run["Id"], waiting=run["JobRunState"] == "WAITING")
            for job in self._settings.job_names
            for run in self._recent_glue_runs(job)
            if run["JobRunState"] in _LIVE
            and run.get("Arguments", {}).get("--execution_name") == execution_name
        ]

    def _recent_glue_runs(self, job: str) -> Iterator[Any]:
        oldest = datetime.now(UTC) - _GLUE_HISTORY
        for page in self._glue.get_paginator("get_job_runs").paginate(JobName=job):
            recent = [run for run in page["JobRuns"] if run["StartedOn"] >= oldest]
            yield from recent
            if not recent:
                return

    def stop(self, runs: Sequence[GlueRun]) -> None:
        for job in {run.job for run in runs}:
            ids = [run.id for run in runs if run.job == job]
            for start in range(0, len(ids), _MOST_STOPPED):
                answer = self._glue.batch_stop_job_run(
                    JobName=job, JobRunIds=ids[start : start + _MOST_STOPPED]
                )
                if errors := answer.get("Errors"):
                    # Mostly runs that ended meanwhile; Glue's own timeout ends the others.
                    logger.warning("glue runs not stopped", errors=errors)

    # What is kept and told

    def record(self, report: FailureReport) -> str:
        record_failure(report, self._runs, self._checkpoints, datetime.now(UTC))
        return self._checkpoints.address(report.job_id)

    def was_told(self, job_id: str, execution_name: str, redrive_count: int, *kinds: str) -> bool:
        return any(
            self._exists(layout.run_alert_marker_key(job_id, execution_name, kind, redrive_count))
            for kind in kinds
        )

    def tell(self, alert: AlertRequest) -> None:
        self._functions.invoke(
            FunctionName=self._settings.notifier_function,
            InvocationType="Event",
            Payload=alert.to_json().encode(),
        )

    # The tick

    @property
    def limit(self) -> timedelta:
        return timedelta(seconds=self._settings.limit_seconds)

    def snapshot(self, since: datetime) -> Snapshot:
        return Snapshot(
            ended_badly=_all_at_once(
                self._ended_badly,
                (run for status in BAD_ENDS for run in self._ended(status, since)),
            ),
            succeeded=_all_at_once(self._succeeded, self._ended("SUCCEEDED", since)),
            running=_all_at_once(self._running, self._executions("RUNNING")),
            uploads=_all_at_once(self._stored_upload, self._stored_versions(since)),
            expected=self._expected(datetime.now(TIME_ZONE).date()),
        )

    def _expected(self, today: date) -> dict[str, Expectation]:
        found = {}
        for key in self._profiles():
            expect = self._expect(key)
            if expect is None:
                continue
            profile = key.removeprefix(layout.PROFILES).removesuffix(".toml")
            marker = layout.daily_alert_marker_key("file_overdue", profile, today)
            found[profile] = Expectation(
                expect,
                arrived=self._exists(layout.arrival_key(profile, today)),
                told=self._exists(marker),
            )
        return found

    def _profiles(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._settings.data_bucket, Prefix=layout.PROFILES
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [key for key in keys if key.endswith(".toml")]

    def _expect(self, key: str) -> Expect | None:
        """None where the profile expects nothing, or cannot be read: its next run says what is wrong with it."""
        body = self._s3.get_object(Bucket=self._settings.data_bucket, Key=key)["Body"].read()
        try:
            declared = tomllib.loads(body.decode()).get("expect")
            return None if declared is None else Expect.model_validate(declared)
        except (ValueError, RecursionError) as error:  # of TOML, UTF-8, the model; nested deep
            logger.warning("profile not readable", key=key, reason=type(error).__name__)
            return None

    @property
    def digest_at(self) -> time | None:
        return self._settings.digest_time

    def digest_was_told(self, day: date) -> bool:
        return self._exists(layout.daily_alert_marker_key("digest", "all", day))

    def runs_of_the_day(self, since: datetime) -> list[DayRun]:
        good, running = self._ended("SUCCEEDED", since), self._executions("RUNNING")
        bad = (run for status in BAD_ENDS for run in self._ended(status, since))
        return _all_at_once(self._day_run, itertools.chain(good, bad, running))

    def _day_run(self, run: ExecutionListItemTypeDef) -> DayRun:
        if run["status"] != "SUCCEEDED":
            return DayRun(run["status"])
        try:
            found = self._runs.manifest(_likely_job(run["name"]), run["name"], Stage.RECONCILIATION)
        except UnreadableError:
            found = None
        if found is None:
            return DayRun(run["status"])
        return DayRun(run["status"], found.figures_of(ReconciliationFigures).verdict)

    def _executions(self, status: ExecutionStatusType) -> Iterator[ExecutionListItemTypeDef]:
        for page in self._stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=self._settings.state_machine_arn,
            statusFilter=status,
            PaginationConfig={"PageSize": 1000},
        ):
            yield from page["executions"]

    def _ended(
        self, status: ExecutionStatusType, since: datetime
    ) -> Iterator[ExecutionListItemTypeDef]:
        """Step Functions lists the newest first, by their start."""
        for run in self._executions(status):
            if run["stopDate"] >= since:
                yield run
            elif run["startDate"] < since - _LONGEST_RUN:
                return

    def _ended_badly(self, run: ExecutionListItemTypeDef) -> EndedRun:
        told = self._seems_told(run, *ENDS)
        if not told:  # somebody may have named it otherwise
            execution = self.execution(run["executionArn"])
            job_id = job_id_of(execution)
            told = self.was_told(job_id, execution.name, execution.redrive_count, *ENDS)
        return EndedRun(run["executionArn"], run["stopDate"], told)

    def _succeeded(self, run: ExecutionListItemTypeDef) -> EndedRun:
        return EndedRun(
            run["executionArn"], run["stopDate"], self._seems_told(run, "run_completed")
        )

    def _running(self, run: ExecutionListItemTypeDef) -> RunningRun:
        began_at = run.get("redriveDate", run["startDate"])
        return RunningRun(run["executionArn"], began_at, self._seems_told(run, "run_late"))

    def _seems_told(self, run: ExecutionListItemTypeDef, *kinds: str) -> bool:
        """By the execution's name, as we name ours: runs may be hundreds, and each would have to be described. Step
        Functions limits that by the second, and a tick that is refused finds nothing."""
        job_id = _likely_job(run["name"])
        return self.was_told(job_id, run["name"], run.get("redriveCount", 0), *kinds)

    def _stored_versions(self, since: datetime) -> Iterator[tuple[Upload, datetime]]:
        """S3 cannot list by time. So a tick reads so many versions, and the next one goes on from there."""
        bucket = self._settings.ingress_bucket
        start = at = self._where_to_go_on()
        for _ in range(_PAGES):
            page = self._s3.list_object_versions(Bucket=bucket, **at)  # type: ignore[arg-type]  # a plain dict
            for found in page.get("Versions", []):
                # Folder markers are no uploads.
                if found["LastModified"] >= since and not found["Key"].endswith("/"):
                    upload = Upload(
                        bucket=bucket,
                        key=found["Key"],
                        version=found["VersionId"],
                        size=found["Size"],
                    )
                    yield upload, found["LastModified"]
            if not page["IsTruncated"]:
                at = {}
                break
            at = {
                "KeyMarker": page["NextKeyMarker"],
                "VersionIdMarker": page["NextVersionIdMarker"],
            }
        if at != start:
            self._s3.put_object(
                Bucket=self._settings.data_bucket,
                Key=layout.TICK_CURSOR,
                Body=json.dumps(at).encode(),
            )

    def _where_to_go_on(self) -> dict[str, str]:
        try:
            found = self._s3.get_object(Bucket=self._settings.data_bucket, Key=layout.TICK_CURSOR)
        except self._s3.exceptions.NoSuchKey:
            return {}
        cursor: dict[str, str] = json.loads(found["Body"].read())
        return cursor

    def _stored_upload(self, stored: tuple[Upload, datetime]) -> StoredUpload:
        upload, stored_at = stored
        receipt = layout.receipt_key(upload.bucket, upload.key, upload.version)
        taken = self._exists(receipt) or self._exists(_resent_marker(upload))
        return StoredUpload(upload, stored_at, taken)

    def resend(self, upload: StoredUpload) -> None:
        self._sqs.send_message(
            QueueUrl=self._settings.queue_url, MessageBody=json.dumps(_s3_event(upload))
        )
        self._s3.put_object(
            Bucket=self._settings.data_bucket, Key=_resent_marker(upload.upload), Body=b"{}"
        )

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._settings.data_bucket, Key=key)
        except self._s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True


def _data_sets(settings: TimeoutSettings, s3: S3Client) -> QuickSightGateway:
    return QuickSightGateway(
        s3,
        boto3.client("quicksight", config=_QUICKSIGHT),
        settings.data_bucket,
        settings.state_machine_arn.split(":")[4],  # the account
        settings.data_set_names,
        settings.refreshes_a_day,
    )


def _entered(event: HistoryEventTypeDef) -> str | None:
    """The name of the state, where the event is that it was entered."""
    entered = event.get("stateEnteredEventDetails")
    return entered["name"] if entered else None


def _likely_job(execution_name: str) -> str:
    return re.sub(r"-R[0-9]+$", "", execution_name)


def _resent_marker(upload: Upload) -> str:
    return layout.intake_alert_marker_key(upload.bucket, upload.key, upload.version, RESENT)


def _s3_event(upload: StoredUpload) -> dict[str, Any]:
    """As S3 would have sent it, as far as the trigger reads it."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": upload.stored_at.isoformat(),
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": upload.upload.bucket},
                    "object": {
                        "key": quote_plus(upload.upload.key),
                        "size": upload.upload.size,
                        "versionId": upload.upload.version,
                    },
                },
            }
        ]
    }


def _all_at_once(look: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Each look is a call or two that mostly waits."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(look, items))
