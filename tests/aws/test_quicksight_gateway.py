"""The refreshes' calls: S3 is moto's, QuickSight answers as botocore's own model of it allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from services.notifier.gateway import Gateway as Notifier
from services.notifier.settings import NotifierSettings
from services.timeout_handler import gateway as gateway_module
from services.timeout_handler import handler
from services.timeout_handler.gateway import Gateway
from services.timeout_handler.quicksight_gateway import QuickSightGateway
from services.timeout_handler.refresh import Ingestion, Refresh, Refreshes, follow
from services.timeout_handler.settings import TimeoutSettings
from services.timeout_handler.tick import Snapshot
from shared import layout
from shared.alert import ALERT_REQUEST, AlertMarker, AlertRequest, RefreshFailed
from tests.aws.test_timeout_function import call

DATA, ACCOUNT, ID = "the-data", "123456789012", "recon-20260216T1501Z"
NOW = datetime.now(UTC)
EVENTS = Path(__file__).parents[1] / "events"


class World:
    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(
            Bucket=DATA, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
        )
        self.quicksight = boto3.client("quicksight")
        self.stub = Stubber(self.quicksight)
        self.data_sets = QuickSightGateway(
            self.s3, self.quicksight, DATA, ACCOUNT, ["execucoes"], 24
        )

    def starts(self, **error: Any) -> None:
        request = {"AwsAccountId": ACCOUNT, "DataSetId": "execucoes"}
        if error:
            self.stub.add_client_error("create_ingestion", **error)
        else:
            answer = {"IngestionId": ID, "IngestionStatus": "INITIALIZED", "Status": 201}
            self.stub.add_response("create_ingestion", answer, {**request, "IngestionId": ID})

    def shows(self, status: str, **more: Any) -> None:
        ingestion = {"Arn": "arn", "IngestionId": ID, "IngestionStatus": status, "CreatedTime": NOW}
        request = {"AwsAccountId": ACCOUNT, "DataSetId": "execucoes", "IngestionId": ID}
        self.stub.add_response(
            "describe_ingestion", {"Ingestion": ingestion | more, "Status": 200}, request
        )


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        world = World()
        with world.stub:
            yield world
            world.stub.assert_no_pending_responses()


def test_a_change_is_as_old_as_the_object_that_says_so(world: World) -> None:
    assert world.data_sets.changed_at() is None
    world.s3.put_object(Bucket=DATA, Key=layout.CURATED_CHANGED, Body=b"{}")
    found = world.data_sets.changed_at()
    assert found and abs(found - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_a_tick_saves_the_next_one_loads(world: World) -> None:
    assert world.data_sets.load() == Refreshes()
    refresh = Refresh(
        ingestion_id=ID, started_at=NOW, ingestions={"execucoes": Ingestion(status="LIVE")}
    )
    world.data_sets.save(Refreshes(complete_at=NOW, recent=(refresh,)))
    assert world.data_sets.load() == Refreshes(complete_at=NOW, recent=(refresh,))


def test_people_were_told_where_the_notifier_left_its_marker(world: World) -> None:
    day = date(2026, 2, 16)
    assert not world.data_sets.was_told(day)
    told = RefreshFailed(day=day, ingestion_id=ID, started_at=NOW, reasons={})
    marker = AlertMarker(
        kind=told.kind, severity="WARNING", subject="x", message_id="m", published_at=NOW
    )
    settings = NotifierSettings(
        data_bucket=DATA, checkpoints_bucket="checkpoints", topic_arn="t", chat_topic_arn=""
    )
    Notifier(settings, world.s3, boto3.client("sns")).mark(told, marker)
    assert world.data_sets.was_told(day)
    assert not world.data_sets.was_told(date(2026, 2, 17))


def test_an_ingestion_is_started_under_our_id(world: World) -> None:
    world.starts()
    assert world.data_sets.start("execucoes", ID) == Ingestion(status="LIVE")


@pytest.mark.parametrize(
    ("code", "ingestion"),
    [
        ("ResourceExistsException", Ingestion(status="LIVE")),  # another tick of that minute
        ("LimitExceededException", Ingestion(status="FAILED", reason="LimitExceededException")),
        ("AccessDeniedException", Ingestion(status="FAILED", reason="AccessDeniedException")),
    ],
)
def test_an_ingestion_that_is_refused_has_failed_unless_it_is_there(
    world: World, code: str, ingestion: Ingestion
) -> None:
    world.starts(service_error_code=code)
    assert world.data_sets.start("execucoes", ID) == ingestion


@pytest.mark.parametrize(
    ("status", "more", "ingestion"),
    [
        ("INITIALIZED", {}, Ingestion(status="LIVE")),
        ("QUEUED", {}, Ingestion(status="LIVE")),
        ("RUNNING", {}, Ingestion(status="LIVE")),
        (
            "COMPLETED",
            {"RowInfo": {"RowsIngested": 9, "RowsDropped": 0}},
            Ingestion(status="DONE"),
        ),
        (
            "COMPLETED",
            {"RowInfo": {"RowsIngested": 9, "RowsDropped": 1}},
            Ingestion(status="FAILED", reason="ROWS_DROPPED"),
        ),
        (
            "FAILED",
            {"ErrorInfo": {"Type": "PERMISSION_DENIED", "Message": "SELECT descricao FROM …"}},
            Ingestion(status="FAILED", reason="PERMISSION_DENIED"),
        ),
        ("FAILED", {}, Ingestion(status="FAILED", reason="UNKNOWN")),
        ("CANCELLED", {}, Ingestion(status="CANCELLED")),
    ],
)
def test_an_ingestion_is_what_quicksight_says_of_it_and_dropped_rows_are_a_failure(
    world: World, status: str, more: dict[str, Any], ingestion: Ingestion
) -> None:
    world.shows(status, **more)
    assert world.data_sets.look("execucoes", ID) == ingestion


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", "LIVE"),
        ("InternalFailureException", "LIVE"),
        ("ResourceNotFoundException", "FAILED"),
        ("AccessDeniedException", "FAILED"),
    ],
)
def test_an_answer_that_says_nothing_of_it_is_asked_for_again(
    world: World, code: str, status: str
) -> None:
    world.stub.add_client_error("describe_ingestion", service_error_code=code)
    assert world.data_sets.look("execucoes", ID).status == status


def test_so_is_one_that_never_came(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(**asked: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://quicksight")

    monkeypatch.setattr(world.quicksight, "describe_ingestion", nobody)
    assert world.data_sets.look("execucoes", ID) == Ingestion(status="LIVE")


def test_a_refresh_is_followed_from_its_start_to_its_warning(world: World) -> None:
    world.s3.put_object(Bucket=DATA, Key=layout.CURATED_CHANGED, Body=b"{}")
    told: list[AlertRequest] = []
    at = datetime(2026, 2, 16, 15, 1, tzinfo=UTC)
    world.starts()
    world.shows("RUNNING")
    world.shows("FAILED", ErrorInfo={"Type": "SQL_EXCEPTION"})
    steps = [
        [each.outcome for each in follow(world.data_sets, told.append, at + timedelta(minutes=n))]
        for n in range(3)
    ]
    assert steps == [[], [], ["refresh_failed"]]
    (alert,) = told
    assert isinstance(alert, RefreshFailed)
    assert alert.reasons == {"execucoes": "SQL_EXCEPTION"}


def test_the_tick_follows_refreshes_where_there_is_quicksight_and_tells_by_the_notifier(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = TimeoutSettings(
        ingress_bucket="in",
        data_bucket=DATA,
        checkpoints_bucket="checkpoints",
        queue_url="queue",
        state_machine_arn=f"arn:aws:states:sa-east-1:{ACCOUNT}:stateMachine:x",
        notifier_function="notifier",
        glue_jobs="a",
        limit_seconds=1200,
        digest_at="",
        data_sets="execucoes",
        refreshes_a_day=24,
    )
    functions = boto3.client("lambda")
    monkeypatch.setattr(
        gateway_module.boto3,
        "client",
        lambda name, config: {"quicksight": world.quicksight, "lambda": functions}.get(
            name, world.s3
        ),
    )
    gateway = Gateway.connect(settings)
    monkeypatch.setattr(handler, "gateway", lambda: gateway)
    monkeypatch.setattr(gateway, "snapshot", lambda since: Snapshot((), (), (), (), {}))
    world.s3.put_object(Bucket=DATA, Key=layout.CURATED_CHANGED, Body=b"{}")
    world.stub.add_client_error("create_ingestion", service_error_code="AccessDeniedException")
    with Stubber(functions) as notifier:
        sent: list[bytes] = []
        notifier.add_response("invoke", {"StatusCode": 202})
        functions.meta.events.register(
            "provide-client-params.lambda.Invoke",
            lambda params, **_: sent.append(params["Payload"]),
        )
        call("timeout_tick.json")
    alert = ALERT_REQUEST.validate_json(sent[0])
    assert isinstance(alert, RefreshFailed)
    assert alert.reasons == {"execucoes": "AccessDeniedException"}
    (metric,) = [
        line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line
    ]
    assert metric["RefreshFailed"] == [1.0]


def test_without_quicksight_nothing_of_it_is_asked(world: World) -> None:
    settings = TimeoutSettings.model_construct(data_sets="", data_bucket=DATA)
    assert settings.data_set_names == []
