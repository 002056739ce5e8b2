"""`recon run`: one file through the whole pipeline on an embedded AWS of its own, shown as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jobs.profile import Profile
from recon import figures, history
from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.embedded.mail import Mail
from recon.errors import UsageError
from recon.follow import follow, wait_for
from recon.output import Output
from recon.pipeline import PRELIMINARY, Pipeline, Received
from recon.profile.chosen import find_profile
from recon.reference import keep
from recon.stages import check_reference
from recon.verification.written import USED_PROFILE
from shared import ptbr
from shared.alert import Alert
from shared.intake import Receipt
from shared.layout import Stage
from shared.manifest import Manifest
from shared.upload_key import TIME_ZONE

SUBSCRIBER = "analista@exemplo.com.br"
OUT = Path("recon-out")
# Generous, for many of these may share the machine.
TAKEN_IN_SECONDS = 120.0
ALERT_SECONDS = 60.0
POLL_SECONDS = 0.1


def run(
    file: Path,
    profile: str,
    reference: Path | None,
    day: date | None,
    out: Path | None,
    output: Output,
) -> int:
    if not file.is_file():
        raise UsageError(f"Arquivo não encontrado: {file}")
    loaded = find_profile(profile)  # a wrong one is known before anything is started
    check_reference(loaded, reference)
    key = f"{loaded.name}/{day or datetime.now(TIME_ZONE).date():%Y-%m-%d}/{file.name}"
    with EmbeddedAWS() as aws:
        with output.step("AWS embarcada pronta, pilha implantada"):
            pipeline = Pipeline(aws.client, deploy(aws))
            inbox = Inbox(aws, pipeline)
            if profile.endswith(".toml"):
                pipeline.publish_profile(loaded.name, Path(profile).read_bytes())
        if reference:
            kept, _ = keep(pipeline, reference, loaded)
            output.line(f"{reference.name} guardado como s3://{pipeline.stack.data_bucket}/{kept}")
        receipt = _uploaded(pipeline, file, key, output)
        if receipt.outcome != "started":
            told = inbox.first()
            show_mail(told.mail, output)
            if output.as_json:
                output.document({"outcome": receipt.outcome, "object_key": key, **told.document()})
            return 1
        return _reconciled(pipeline, inbox, receipt, loaded, out, output)


def _uploaded(pipeline: Pipeline, file: Path, key: str, output: Output) -> Receipt:
    version = pipeline.upload(file, key)
    output.line(f"{file.name} enviado para s3://{pipeline.stack.ingress_bucket}/{key}")
    return wait_for(
        f"o recibo do envio {key}",
        lambda: pipeline.receipt(key, version),
        TAKEN_IN_SECONDS,
        POLL_SECONDS,
    )


def _reconciled(
    pipeline: Pipeline,
    inbox: Inbox,
    receipt: Receipt,
    loaded: Profile,
    out: Path | None,
    output: Output,
) -> int:
    job_id, name = str(receipt.job_id), str(receipt.execution_name)
    output.line(f"Execução {name} iniciada")
    with output.follow() as watch:
        execution, timeline = follow(pipeline, job_id, name, watch, POLL_SECONDS)
    told = inbox.first()
    manifests = pipeline.manifests(job_id, name)
    folder = out or OUT / job_id
    pipeline.fetch_outputs(job_id, name, folder)
    told.keep(folder)
    if text := pipeline.published_profile(loaded.name):
        (folder / USED_PROFILE).write_bytes(text)

    show_mail(told.mail, output)
    output.line()
    for line in figures.of_run(manifests):
        output.line(line)
    output.line()
    output.line(
        "Esta AWS terminou com a execução: o que o alerta manda fazer vale para `recon up` e uma conta."
    )
    if Stage.RECONCILIATION in manifests:
        verbs = [f"report {folder}"] if Stage.QUICKSIGHT_PREP in manifests else []
        verbs += [f"explain {folder} LINHA", f"verify {folder}"]
        output.line("Aqui: " + "; ".join(f"recon {verb}" for verb in verbs))
    output.line(f"Saídas em {folder}")
    for line in _files(manifests):
        output.line(f"  {line}")
    if (preliminary := folder / Stage.RECONCILIATION / PRELIMINARY).is_file():
        output.line(f"O que os passes anteriores conciliaram, sem ser resultado: {preliminary}")
    if output.as_json:
        output.document(
            {
                "outcome": receipt.outcome,
                **history.document(execution, timeline, manifests),
                **told.document(),
                "outputs": str(folder),
            }
        )
    return history.exit_code(execution, history.verdict_of(manifests))


@dataclass(frozen=True)
class Told:
    """An alert as its two subscribers got it: a queue and a mailbox."""

    alert: Alert
    mail: Mail

    def keep(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = f"{self.mail.subject}\n\n{self.mail.text}\n"
        (folder / "alerta.txt").write_text(text, encoding="utf-8")
        (folder / "alerta.json").write_text(self.alert.to_json(), encoding="utf-8")

    def document(self) -> dict[str, Any]:
        return {
            "alert": self.alert.model_dump(mode="json", exclude_none=True),
            "alert_email": {"subject": self.mail.subject, "text": self.mail.text},
        }


class Inbox:
    """Both subscribers. Made before the upload, so that nothing is missed."""

    def __init__(self, aws: EmbeddedAWS, pipeline: Pipeline) -> None:
        self._aws = aws
        self._pipeline = pipeline
        self._queue = pipeline.subscribe_queue()
        pipeline.subscribe_email(SUBSCRIBER)

    def first(self) -> Told:
        received = wait_for(
            "o alerta no tópico",
            lambda: next(filter(_of_an_end, self._pipeline.receive(self._queue, 1)), None),
            ALERT_SECONDS,
            every=0,
        )
        mail = next(m for m in self._aws.mails() if m.message_id == received.message_id)
        return Told(received.alert, mail)


def _of_an_end(received: Received) -> bool:
    """Not that the run is late, nor what the tick tells by the clock."""
    return received.alert.status not in ("RUNNING", "OVERDUE", "DIGEST")


def show_mail(mail: Mail, output: Output) -> None:
    output.line()
    output.line(f"Alerta recebido por {mail.to}")
    output.block(f"{mail.subject}\n\n{mail.text}")


def _files(manifests: dict[Stage, Manifest]) -> list[str]:
    lines = []
    for stage, manifest in manifests.items():
        for _, file in sorted(manifest.files.items()):
            rows = "" if file.rows is None else f" ({ptbr.count(file.rows, 'linha', 'linhas')})"
            lines.append(f"{stage}/{file.path.rsplit('/', 1)[-1]}{rows}")
    return lines
