"""What no event told is found by the tick and told once, on the embedded AWS with the pipeline deployed.

The tick runs here, because its clock is set forward; everybody it calls is real.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from recon.embedded.deploy import deploy
from recon.embedded.faults import Fault
from services.timeout_handler.runs import Outcome
from shared.upload_key import TIME_ZONE
from tests.e2e.pipeline_world import World, until
from tests.state_machine.pipeline import EVERYTHING_WORKS

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("parameters", [{}, {"DigestAt": "00:00"}], ids=["default", "digest"])
def test_the_deployed_function_takes_a_tick(world: World, parameters: dict[str, str]) -> None:
    deploy(world.aws, parameters=parameters)
    answer = world.aws.client("lambda").invoke(
        FunctionName="reconciliation-timeout-handler", Payload=b'{"source": "recon.tick"}'
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    if parameters:
        assert until(lambda: world.told("digest"))


def test_a_run_that_takes_long_is_told_once_while_it_runs(world: World) -> None:
    world.aws.fault(Fault(state="ReconcileData", seconds=90, result={}), *EVERYTHING_WORKS)
    execution = world.execution_of(world.upload())
    gateway = world.gateway()
    assert world.tick(gateway, timedelta(minutes=17)) == []
    assert [each.outcome for each in world.tick(gateway, timedelta(minutes=18))] == ["late"]
    (alert,) = until(lambda: world.told("run_late"))
    assert (alert["severity"], alert["status"]) == ("WARNING", "RUNNING")
    assert alert["results"]["execution"] == execution["name"]
    assert alert["results"]["state"] == "ReconcileData"
    until(lambda: world.tick(gateway, timedelta(minutes=19)) == [])
    assert len(world.told("run_late")) == 1


def test_a_good_run_whose_every_alert_failed_is_told_once(world: World) -> None:
    down = [
        Fault(state=state, error="Lambda.Unknown")
        for state in ("NotifySuccess", "AlertSuccessPlainly")
    ]
    world.aws.fault(*down, *EVERYTHING_WORKS)
    key = world.upload()
    until(lambda: world.execution_of(key)["status"] == "SUCCEEDED")
    assert world.told("run_completed") == []
    gateway, later = world.gateway(), timedelta(minutes=3)
    assert [each.outcome for each in world.tick(gateway, later)] == ["told"]
    (alert,) = until(lambda: world.told("run_completed"))
    assert alert["job_id"] == world.execution_of(key)["name"]
    until(lambda: world.tick(gateway, later) == [])
    assert len(world.told("run_completed")) == 1


def test_a_file_that_did_not_come_is_told_once_and_one_that_came_is_not(world: World) -> None:
    world.aws.fault(*EVERYTHING_WORKS)
    expecting = '\n[expect]\nby = "00:00"\ndays = "civil"\n'
    default = (ROOT / "profiles" / "default.toml").read_text()
    for name in ("veio", "falta"):
        body = default.replace('name = "default"', f'name = "{name}"') + expecting
        world.aws.client("s3").put_object(
            Bucket=world.stack.data_bucket, Key=f"profiles/{name}.toml", Body=body.encode()
        )
    world.execution_of(world.upload("veio"))
    gateway = world.gateway(digest_at="00:00")
    until(lambda: Outcome("file_overdue", profile="veio") not in world.tick(gateway))
    overdue = until(lambda: world.told("file_overdue"))
    assert {alert["profile"] for alert in overdue} <= {"veio", "falta"}
    (digest,) = until(lambda: world.told("digest"))
    assert digest["results"]["day"] == f"{datetime.now(TIME_ZONE):%Y-%m-%d}"
    assert "falta" in digest["results"]["overdue"]
    until(lambda: world.tick(gateway) == [])
    told = [alert["profile"] for alert in world.told("file_overdue")]
    assert told.count("falta") == 1
    assert len(world.told("digest")) == 1
