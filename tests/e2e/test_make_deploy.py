"""`make deploy` as the platform team runs it: sam's own build and deploy, then the jobs; here to the embedded AWS.

The zips are built for this machine instead of Lambda's, or they could not run. What AWS would refuse is not seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.mail import Mail
from recon.packages import ROOT
from recon.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLE = (ROOT / "samples" / "conciliado.csv").read_bytes()
ADDRESS = "plataforma@example.com"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as running:
        yield running


def make_deploy(aws: EmbeddedAWS, **given: str) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": aws.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.credentials.secret_access_key,
        "AWS_REGION": aws.region,
        "AWS_DEFAULT_REGION": aws.region,
        "BUILD_FOR": "host",
    }
    done = subprocess.run(
        ["make", "deploy", "YES=1", *(f"{name}={value}" for name, value in given.items())],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def first_mail(aws: EmbeddedAWS, seconds: float = 120) -> Mail:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if mails := aws.mails():
            return mails[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail within {seconds} s")


def parameters(aws: EmbeddedAWS) -> dict[str, str]:
    (stack,) = aws.client("cloudformation").describe_stacks(StackName="teste")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def test_from_nothing_to_the_first_alert_and_again_without_a_change(aws: EmbeddedAWS) -> None:
    out = make_deploy(aws, STACK="teste", PARAMETERS=f"Prefix=teste AlertEmail={ADDRESS} Chat=yes")
    assert "Publicado: code/jobs.zip" in out
    stack = Stack.find(aws.client, "teste")

    version = aws.client("s3").put_object(
        Bucket=stack.ingress_bucket, Key="2026-02-16/primeiro.csv", Body=SAMPLE
    )["VersionId"]
    # By hand: sam passes numbers as text, and the emulator polls no queue whose concurrency is one.
    aws.client("stepfunctions").start_execution(
        stateMachineArn=stack.state_machine_arn,
        name="JOB-1",
        input=json.dumps(
            {
                "job_id": "JOB-1",
                "bucket_name": stack.ingress_bucket,
                "object_key": "2026-02-16/primeiro.csv",
                "object_version": version,
                "file_hash": hashlib.sha256(SAMPLE).hexdigest(),
            }
        ),
    )
    mail = first_mail(aws)
    assert (mail.to, mail.subject) == (
        ADDRESS,
        "[INFO] Conciliacao default 2026-02-16: conciliado, 14 lancamentos",
    )

    before = parameters(aws)
    out = make_deploy(aws, STACK="teste")
    assert "Publicado" not in out
    assert parameters(aws) == before
    assert (before["Chat"], before["AlertEmail"]) == ("yes", ADDRESS)
