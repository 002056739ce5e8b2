"""`recon up`: the embedded AWS with the pipeline deployed, for any AWS client, until interrupted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from recon.embedded.aws import EmbeddedAWS, EmbeddedAWSError
from recon.embedded.deploy import deploy
from recon.embedded.mail import Mail
from recon.output import Output
from recon.pipeline import Pipeline
from recon.run import SUBSCRIBER, show_mail
from recon.target import Running, announced


def up(port: int, state: Path | None, auth: bool, output: Output) -> int:
    folder = state and state.resolve()
    with EmbeddedAWS(port=port, state_dir=folder, auth=auth) as aws:
        with output.step("AWS embarcada pronta, pilha implantada"):
            stack = deploy(aws)
        Pipeline(aws.client, stack).subscribe_email(SUBSCRIBER)
        running = Running(
            endpoint=aws.endpoint_url,
            region=aws.region,
            access_key_id=aws.credentials.access_key_id,
            secret_access_key=aws.credentials.secret_access_key,
            ingress_bucket=stack.ingress_bucket,
            data_bucket=stack.data_bucket,
            checkpoints_bucket=stack.checkpoints_bucket,
            topic_arn=stack.topic_arn,
            state_machine_arn=stack.state_machine_arn,
            queue_url=stack.queue_url,
            dlq_url=stack.dlq_url,
        )
        with announced(running, folder):
            if output.as_json:
                output.document(running.model_dump())
            for line in _how_to_use(running):
                output.line(line)
            until_interrupted(aws, output)
    output.line("AWS embarcada encerrada" + (f"; o estado ficou em {state}" if state else ""))
    return 0


def _how_to_use(running: Running) -> tuple[str, ...]:
    return (
        f"export AWS_ENDPOINT_URL={running.endpoint}",
        f"export AWS_REGION={running.region} AWS_DEFAULT_REGION={running.region}",
        f"export AWS_ACCESS_KEY_ID={running.access_key_id} "
        f"AWS_SECRET_ACCESS_KEY={running.secret_access_key}",
        f"aws s3 cp arquivo.csv s3://{running.ingress_bucket}/2026-02-16/",
        "Em outro terminal: recon runs. Os alertas aparecem aqui. Ctrl-C encerra.",
    )


class Mailbox(Protocol):
    @property
    def alive(self) -> bool: ...

    def mails(self) -> list[Mail]: ...


def until_interrupted(aws: Mailbox, output: Output, every: float = 1.0) -> None:
    """Shows each alert once: a repeated or refused upload is told of by nothing else."""
    shown: set[str] = set()
    try:
        while aws.alive:
            for mail in aws.mails():
                if mail.message_id not in shown:
                    shown.add(mail.message_id)
                    show_mail(mail, output)
            time.sleep(every)
    except KeyboardInterrupt:
        return
    except OSError:
        pass  # it died between the question and the answer
    raise EmbeddedAWSError("A AWS embarcada terminou por si mesma.")
