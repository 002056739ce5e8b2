from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier import channels
from services.notifier.alerting import tell
from services.notifier.completed import notice as completed
from services.notifier.notice import Notice, day_of, plain
from services.notifier.places import Places
from shared.alert import (
    ALERT_REQUEST,
    Alert,
    AlertMarker,
    AlertRequest,
    Digest,
    FileOverdue,
    RefreshFailed,
    RunCompleted,
    RunFailed,
    RunLate,
    RunRetracted,
    UploadDuplicate,
    UploadRefused,
)
from shared.checkpoint import ErrorOutput, Failure
from shared.checkpointing import describe, stage_progress
from shared.currency import EXPONENTS
from shared.intake import Upload
from shared.layout import Stage
from shared.manifest import Manifest, PassFigures, ReferenceFigures, StageFile
from shared.taxonomy import ROW_CLASSES, Verdict
from shared.upload_key import CHECK
from tests.run_cases import (
    EXECUTION_ARN,
    JOB,
    MANIFESTS,
    NOW,
    PREPARED,
    REAIS,
    REPORT,
    RESULT,
    STAGE_ERROR,
    VALIDATION,
    manifest,
)

LIMIT = 262_144
COMPLETED = RunCompleted(job=JOB, execution_arn=EXECUTION_ARN, execution_name=JOB.job_id)
FAILED = RunFailed(
    job_id=JOB.job_id,
    job=JOB,
    status="FAILED",
    state="ReconcileData",
    error=REPORT.error,
    execution_arn=EXECUTION_ARN,
    execution_name=JOB.job_id,
    checkpoint_location=f"s3://checkpoints/{JOB.job_id}/checkpoint.json",
)
LATE = RunLate(
    job_id=JOB.job_id,
    job=JOB,
    state="ReconcileData",
    minutes=18,
    ends_at=NOW + timedelta(minutes=2),
    execution_arn=EXECUTION_ARN,
    execution_name=JOB.job_id,
)
RETRACTED = RunRetracted(job=JOB, execution_name=JOB.job_id, removed=4)
UPLOAD = Upload(bucket="ingress", key="default/2026-02-16/extrato (cópia).csv", version="v2")
OWNER = Upload(bucket="ingress", key="default/2026-02-15/extrato.csv", version="v1")
DUPLICATE = UploadDuplicate(
    upload=UPLOAD,
    profile="default",
    file_hash=JOB.file_hash,
    job_id=JOB.job_id,
    owner=OWNER,
    running=False,
)
REFUSED = UploadRefused(
    upload=Upload(bucket="ingress", key="extrato.xlsx", version="v1"),
    profile="default",
    code="NOT_CSV",
    message="extrato.xlsx é uma planilha.",
    hint="No Excel, salve como CSV UTF-8 e envie de novo.",
)


def explained(**changes: Any) -> Failure:
    progress = [stage_progress(Stage.VALIDATION, "s3://data/m", MANIFESTS[Stage.VALIDATION])]
    return describe(REPORT.model_copy(update=changes), progress, None, NOW)


def results(**changes: Any) -> dict[Stage, Manifest]:
    """The run's three manifests with another result."""
    result = RESULT.model_copy(update=changes)
    return MANIFESTS | {Stage.RECONCILIATION: manifest(result)}


@dataclass
class Desk:
    manifests_: Mapping[Stage, Manifest] = field(default_factory=lambda: MANIFESTS)
    failure_: Failure = field(default_factory=explained)
    told: bool = False
    attempted: bool = False
    published: list[tuple[str, dict[str, str], Mapping[str, str]]] = field(default_factory=list)
    markers: list[AlertMarker] = field(default_factory=list)
    places: Places = field(default_factory=lambda: Places("data", None))
    posts: list[dict[str, Any]] = field(default_factory=list)
    posts_arrive: bool = True

    def was_told(self, request: AlertRequest) -> bool:
        return self.told

    def was_attempted(self, request: RunCompleted | RunFailed) -> bool:
        return self.attempted

    def attempt(self, request: RunCompleted | RunFailed) -> None:
        assert not self.published
        self.attempted = True

    def manifests(self, request: RunCompleted) -> Mapping[Stage, Manifest]:
        return self.manifests_

    def failure(self, request: RunFailed, now: datetime) -> Failure:
        return self.failure_

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        assert size(message, attributes) <= LIMIT
        self.published.append((subject, json.loads(message), attributes))
        return "message-1"

    def mark(self, request: AlertRequest, marker: AlertMarker) -> None:
        self.markers.append(marker)

    def post(self, message: str, attributes: Mapping[str, str]) -> bool:
        assert size(message, attributes) <= LIMIT
        self.posts.append(json.loads(message))
        return self.posts_arrive


def size(message: str, attributes: Mapping[str, str]) -> int:
    """As SNS counts: the names, types and values of attributes, too."""
    return len(message.encode()) + sum(
        len((name + "String" + value).encode()) for name, value in attributes.items()
    )


@dataclass(frozen=True)
class Sent:
    subject: str
    email: str
    sms: str
    alert: Alert
    attributes: Mapping[str, str]


def sent(request: AlertRequest, desk: Desk | None = None) -> Sent:
    desk = desk or Desk()
    assert tell(request, desk, NOW) is not None
    [(subject, message, attributes)] = desk.published
    alert = Alert.from_json(message["default"])
    return Sent(subject, message["email"], message["sms"], alert, attributes)


# Once


def test_what_was_told_is_not_told_again() -> None:
    desk = Desk(told=True)
    assert tell(COMPLETED, desk, NOW) is None
    assert (desk.published, desk.markers) == ([], [])


def test_an_attempt_is_noted_before_it_is_published() -> None:
    for request in (COMPLETED, FAILED):
        desk = Desk()
        tell(request, desk, NOW)
        assert desk.attempted


@pytest.mark.parametrize("attempted", [True, False])
@pytest.mark.parametrize("plainly", [True, False])
def test_an_end_is_told_again_unless_it_was_told_plainly_and_perhaps_in_full(
    attempted: bool, plainly: bool
) -> None:
    for request in (COMPLETED, FAILED):
        desk = Desk(attempted=attempted)
        told = tell(request.model_copy(update={"told_plainly": plainly}), desk, NOW)
        assert (told is None) == (not desk.published) == (attempted and plainly)
        assert [marker.message_id for marker in desk.markers] == [told and told.message_id]


def test_the_marker_says_what_went_out() -> None:
    desk = Desk()
    tell(COMPLETED, desk, NOW)
    [marker] = desk.markers
    assert (marker.kind, marker.severity, marker.message_id) == (
        "run_completed",
        "INFO",
        "message-1",
    )
    assert marker.subject == desk.published[0][0]


# A run that reached its end


def test_a_run_that_agrees_is_told_in_all_its_forms() -> None:
    told = sent(COMPLETED)
    assert told.subject == "[INFO] Conciliacao default 2026-02-16: conciliado, 6 lancamentos"
    assert told.sms == "INFO Conciliacao default 2026-02-16: conciliado, 6 lancamentos"
    assert told.attributes == {
        "kind": "run_completed",
        "severity": "INFO",
        "status": "SUCCESS",
        "profile": "default",
        "job_id": JOB.job_id,
    }
    alert = told.alert
    assert (alert.severity, alert.status, alert.verdict) == ("INFO", "SUCCESS", "conciliado")
    assert (alert.message, alert.timestamp) == ("Conciliação concluída com sucesso", NOW)
    assert alert.results is not None
    assert alert.results["validation"]["entries"] == 6
    assert alert.results["reconciliation"]["counts"] == {"matched_exact": 3}
    assert alert.results["reconciliation"]["result_hash"] == RESULT.result_hash
    assert told.email == (
        "Conciliação concluída com sucesso\n\n"
        "RESULTADO\n"
        "Conciliado. Os dois lados batem.\n\n"
        "NÚMEROS\n"
        "Linhas do arquivo: 7\n"
        "Lançamentos: 6\n"
        "Linhas rejeitadas: 0\n"
        "Conciliações: 3\n"
        "Divergências: 0\n"
        "Pendências: 0\n"
        "Lado A em BRL: R$ 4.310,22 (3 lançamentos)\n"
        "Lado B em BRL: R$ 4.310,22 (3 lançamentos)\n"
        "Diferença líquida: R$ 0,00\n"
        "Diferença bruta (soma das divergências, todas sem sinal): R$ 0,00\n\n"
        "POR CLASSE\n"
        "Conciliado – exato: 3\n\n"
        "RELATÓRIOS\n"
        f"report.html: s3://data/runs/{JOB.job_id}/{JOB.job_id}/quicksight-prep/0a1b2c/report.html\n\n"
        "O QUE FAZER\n"
        "Nada a fazer. Para ver os detalhes:\n"
        f"    recon show {JOB.job_id}\n\n"
        "EXECUÇÃO\n"
        "Arquivo: s3://reconciliation-ingress/2026-02-16/extrato.csv\n"
        "Perfil: default\n"
        f"Job: {JOB.job_id}\n"
        "Tempos: Validação 2,0 s, Conciliação 2,0 s, Relatórios 2,0 s\n"
    )


@pytest.mark.parametrize(
    ("changes", "severity", "headline", "title"),
    [
        ({}, "INFO", "conciliado, 6 lancamentos", " com sucesso"),
        (
            {"verdict": Verdict.AGREED_WITH_PENDING, "pending": 1},
            "INFO",
            "conciliado, 1 pendencia",
            " com sucesso",
        ),
        (
            {"verdict": Verdict.AGREED_WITH_WARNINGS},
            "WARNING",
            "conciliado com avisos",
            ": conciliado com avisos",
        ),
        (
            {
                "verdict": Verdict.DIVERGENT,
                "breaks": 12,
                "currencies": (REAIS.model_copy(update={"gross": 431_022}),),
            },
            "WARNING",
            "12 divergencias, R$ 4.310,22",
            ": divergente",
        ),
        ({"verdict": Verdict.DIVERGENT, "breaks": 1}, "WARNING", "1 divergencia", ": divergente"),
        (
            {"verdict": Verdict.INCOMPLETE},
            "CRITICAL",
            "incompleta, uma prova falhou",
            ": incompleto",
        ),
    ],
)
def test_the_verdict_decides_severity_headline_and_title(
    changes: dict[str, Any], severity: str, headline: str, title: str
) -> None:
    told = sent(COMPLETED, Desk(results(**changes)))
    assert told.alert.severity == severity
    assert told.subject.endswith(f"default 2026-02-16: {headline}")
    assert told.alert.message == f"Conciliação concluída{title}"
    assert told.email.startswith(f"{told.alert.message}\n\n")


def test_a_warning_without_breaks_or_rejects_says_what_it_is_about() -> None:
    words = "As diferenças que as tolerâncias deixaram passar somam um valor material."
    assert words in sent(COMPLETED, Desk(results(verdict=Verdict.AGREED_WITH_WARNINGS))).email
    with_a_break = results(verdict=Verdict.AGREED_WITH_WARNINGS, breaks=1)
    assert words not in sent(COMPLETED, Desk(with_a_break)).email


def test_a_run_against_a_reference_names_it_with_its_age_and_counts_both_files() -> None:
    reference = ReferenceFigures(
        lines=4,
        header=1,
        skipped=0,
        entries=2,
        rejected=1,
        codes={"DATE_FORMAT": 1},
        name="20260214T120000Z-0123456789abcdef.csv",
        sha256="0123456789abcdef" * 4,
        put_at=datetime(2026, 2, 14, 12, tzinfo=UTC),
        age_days=2,
    )
    figures = VALIDATION.model_copy(update={"reference": reference})
    told = sent(COMPLETED, Desk(MANIFESTS | {Stage.VALIDATION: manifest(figures)}))
    assert (
        "Referência: 20260214T120000Z-0123456789abcdef.csv, guardada em 14/02/2026 09:00:00, "
        "2 dias antes da execução\n" in told.email
    )
    assert "Linhas da referência: 4\n" in told.email
    assert f"Lançamentos: {VALIDATION.entries + 2}\n" in told.email
    assert "Fora da conciliação: 1 linha rejeitada da referência (DATE_FORMAT: 1)." in told.email
    assert told.alert.results is not None
    assert told.alert.results["validation"]["reference"]["age_days"] == 2
    assert "reference" not in sent(COMPLETED).alert.results["validation"]


def test_rejected_lines_are_a_warning_whatever_the_verdict() -> None:
    codes = {"AMOUNT_FORMAT": 1, "DATE_FORMAT": 1}
    figures = VALIDATION.model_copy(update={"rejected": 2, "lines": 9, "codes": codes})
    told = sent(COMPLETED, Desk(MANIFESTS | {Stage.VALIDATION: manifest(figures)}))
    assert told.alert.severity == "WARNING"
    assert told.subject.endswith("conciliado, 6 lancamentos, 2 rejeitadas")
    assert (
        "- Fora da conciliação: 2 linhas rejeitadas do envio (AMOUNT_FORMAT: 1, DATE_FORMAT: 1).\n"
    ) in told.email


def test_a_result_that_another_version_of_the_file_overtook_says_so() -> None:
    figures = PREPARED.model_copy(update={"published": False})
    told = sent(COMPLETED, Desk(MANIFESTS | {Stage.QUICKSIGHT_PREP: manifest(figures)}))
    assert told.alert.severity == "WARNING"
    assert "AVISOS\n- Chegou outra versão deste arquivo" in told.email


def test_a_run_whose_figures_cannot_be_read_is_told_all_the_same() -> None:
    told = sent(COMPLETED, Desk({}))
    assert (told.alert.severity, told.alert.verdict) == ("WARNING", None)
    assert told.subject.endswith("concluida, numeros indisponiveis")
    where = f"s3://data/runs/{JOB.job_id}/{JOB.job_id}/reconciliation/manifest.json"
    assert f"Os números da etapa Conciliação não puderam ser lidos: {where}" in told.email


def test_what_to_do_is_the_report_where_something_is_to_be_done_and_there_is_one() -> None:
    divergent = results(verdict=Verdict.DIVERGENT, breaks=1)
    assert (
        f"O QUE FAZER\nConfira o relatório. Ele também se abre com:\n    recon report {JOB.job_id}\n"
        in sent(COMPLETED, Desk(divergent)).email
    )
    without = {s: m for s, m in divergent.items() if s is not Stage.QUICKSIGHT_PREP}
    assert (
        f"O QUE FAZER\nNão há relatório. O que se sabe da execução:\n    recon show {JOB.job_id}\n"
        in sent(COMPLETED, Desk(without)).email
    )


def test_each_currency_has_its_own_lines() -> None:
    yen = REAIS.model_copy(update={"currency": "JPY", "gross": 5})
    told = sent(COMPLETED, Desk(results(verdict=Verdict.DIVERGENT, currencies=(REAIS, yen))))
    assert "Lado A em BRL: R$ 4.310,22" in told.email
    assert "Lado A em JPY: JPY 431.022" in told.email


def test_many_currencies_are_cut_short_and_that_is_said() -> None:
    many = tuple(
        REAIS.model_copy(update={"currency": code, "gross": 5}) for code in list(EXPONENTS)[:30]
    )
    told = sent(COMPLETED, Desk(results(verdict=Verdict.DIVERGENT, breaks=30, currencies=many)))
    assert told.subject.endswith("30 divergencias, BIF 5, CLP 5")
    assert told.email.count("Lado A em") == 20
    assert "… e mais 10 moedas, no relatório" in told.email


def test_classes_come_with_their_labels_and_the_most_urgent_first() -> None:
    counts = {"matched_exact": 9, "date_mismatch": 1, "pending_in_transit": 2, "missing_in_b": 3}
    told = sent(COMPLETED, Desk(results(counts=counts | {"amount_mismatch": 0, "odd": 1})))
    labels = [ROW_CLASSES[c].label for c in ("missing_in_b", "date_mismatch")]
    lines = told.email.split("POR CLASSE\n")[1].split("\n\n")[0].splitlines()
    assert lines == [
        f"{labels[0]}: 3",
        f"{labels[1]}: 1",
        "odd: 1",
        "Pendente – aguardando contraparte (dentro do prazo): 2",
        "Conciliado – exato: 9",
    ]


def test_a_report_that_an_earlier_attempt_wrote_is_found_where_it_is() -> None:
    earlier = StageFile(path="../../E0/quicksight-prep/x/report.html", sha256="ab" * 32, bytes=1)
    prepared = manifest(PREPARED).model_copy(update={"files": {"report": earlier}})
    told = sent(COMPLETED, Desk(MANIFESTS | {Stage.QUICKSIGHT_PREP: prepared}))
    assert (
        f"report.html: s3://data/runs/{JOB.job_id}/E0/quicksight-prep/x/report.html" in told.email
    )


def test_a_resumed_run_names_its_execution() -> None:
    told = sent(COMPLETED.model_copy(update={"execution_name": f"{JOB.job_id}-R1"}))
    assert f"Execução: {JOB.job_id}-R1" in told.email


# A run that ended badly


def test_a_failure_says_what_why_what_was_done_and_how_to_go_on() -> None:
    told = sent(FAILED)
    assert told.subject == (
        "[CRITICO] Conciliacao default 2026-02-16: conciliacao falhou: Command failed with exit code 137"
    )
    assert told.attributes["status"] == "FAILED"
    assert told.email == (
        "Falha no processamento de conciliação\n\n"
        "O QUE ACONTECEU\n"
        "A conciliação falhou.\n"
        "Command failed with exit code 137\n"
        "A etapa terminou sem se explicar. "
        "O mais comum é falta de memória ou parada da máquina.\n\n"
        "O QUE JÁ ESTAVA PRONTO\n"
        "- validação: 6 lançamentos, 2,0 s\n\n"
        "O QUE FAZER\n"
        "Corrija a causa e retome; o que já está pronto é reaproveitado:\n"
        f"    recon resume {JOB.job_id}\n\n"
        "EXECUÇÃO\n"
        "Arquivo: s3://reconciliation-ingress/2026-02-16/extrato.csv\n"
        "Perfil: default\n"
        f"Job: {JOB.job_id}\n"
        f"Execução: {JOB.job_id}\n"
        "Estado: ReconcileData (States.TaskFailed)\n"
        f"Checkpoint: s3://checkpoints/{JOB.job_id}/checkpoint.json\n"
    )
    assert told.alert.error == {
        "state": "ReconcileData",
        "name": "States.TaskFailed",
        "code": "",
        "message": "Command failed with exit code 137",
        "hint": "A etapa terminou sem se explicar. "
        "O mais comum é falta de memória ou parada da máquina.",
        "done": ["validation"],
        "execution": JOB.job_id,
        "checkpoint_location": f"s3://checkpoints/{JOB.job_id}/checkpoint.json",
        "resume": f"recon resume {JOB.job_id}",
        "page": "",
    }


def test_a_file_that_cannot_be_read_is_explained_in_the_stage_s_own_words() -> None:
    report = REPORT.model_copy(update={"state": "ValidateCSV"})
    told = sent(
        FAILED.model_copy(update={"state": "ValidateCSV"}),
        Desk(failure_=describe(report, (), STAGE_ERROR, NOW)),
    )
    assert (
        "A validação falhou.\n"
        "O arquivo tem 1 coluna; eram esperadas 7.\n"
        "Ele parece separado por ';': use um perfil com delimiter = \";\"." in told.email
    )
    assert "Nenhuma etapa tinha terminado." in told.email
    assert "Corrija o arquivo e envie de novo." in told.email
    assert told.alert.error is not None
    assert told.alert.error["code"] == "WRONG_DELIMITER"


def test_only_a_file_that_was_refused_is_to_be_mended() -> None:
    advice = [
        sent(FAILED, Desk(failure_=describe(report, (), error, NOW))).email.split("O QUE FAZER\n")[
            1
        ]
        for report, error in (
            (REPORT, STAGE_ERROR),
            (REPORT.model_copy(update={"state": "ValidateCSV"}), None),
            (
                REPORT.model_copy(update={"state": "ValidateCSV"}),
                STAGE_ERROR.model_copy(update={"code": "INTERNAL"}),
            ),
            (
                REPORT.model_copy(update={"state": "ValidateCSV"}),
                STAGE_ERROR.model_copy(update={"code": "HASH_MISMATCH"}),
            ),
        )
    ]
    assert all(text.startswith("Corrija a causa e retome:\n") for text in advice)


def test_a_run_by_hand_with_what_is_no_job_is_not_to_be_resumed() -> None:
    told = sent(
        FAILED.model_copy(update={"job": None}), Desk(failure_=describe(REPORT, (), None, NOW))
    )
    assert "O QUE FAZER\nInicie outra execução com job_id, bucket_name" in told.email
    assert "recon resume" not in told.email


def test_a_wrong_profile_is_to_be_mended_and_not_the_file() -> None:
    report = REPORT.model_copy(update={"state": "ValidateCSV"})
    error = STAGE_ERROR.model_copy(update={"code": "PROFILE"})
    told = sent(FAILED, Desk(failure_=describe(report, (), error, NOW)))
    assert "O QUE FAZER\nCorrija o perfil, publique-o com recon publish" in told.email


def test_a_reference_that_is_missing_is_to_be_put_and_not_the_file_to_be_mended() -> None:
    report = REPORT.model_copy(update={"state": "ValidateCSV"})
    error = STAGE_ERROR.model_copy(update={"code": "REFERENCE_MISSING"})
    told = sent(FAILED, Desk(failure_=describe(report, (), error, NOW)))
    assert "O QUE FAZER\nGuarde uma referência com recon reference put e retome:" in told.email


def test_a_run_that_somebody_stopped_is_not_called_unexplained() -> None:
    stopped = ErrorOutput(Error="States.TaskFailed", Cause='{"JobRunState":"STOPPED"}')
    report = REPORT.model_copy(update={"error": stopped})
    told = sent(FAILED, Desk(failure_=describe(report, (), None, NOW)))
    assert "sem se explicar" not in told.email


@pytest.mark.parametrize(
    ("status", "message", "ended"),
    [
        ("FAILED", "Falha no processamento de conciliação", "A conciliação falhou"),
        ("TIMED_OUT", "Timeout de 20 minutos excedido", "A conciliação não terminou a tempo"),
        ("ABORTED", "Processamento de conciliação interrompido", "A conciliação foi interrompida"),
    ],
)
def test_every_bad_end_is_critical_and_has_its_own_words(
    status: str, message: str, ended: str
) -> None:
    told = sent(FAILED.model_copy(update={"status": status}))
    assert (told.alert.severity, told.alert.status, told.alert.message) == (
        "CRITICAL",
        status,
        message,
    )
    assert ended in told.email


def test_a_failure_without_checkpoint_job_or_known_state_is_told() -> None:
    bare = RunFailed.model_validate(
        {
            "job_id": "TEST-001",
            "job": {"job_id": "TEST-001"},
            "status": "FAILED",
            "state": "Odd",
            "error": {},
            "execution_name": "TEST-20260216-101500",
        }
    )
    told = sent(bare, Desk(failure_=explained(state="Odd")))
    assert told.subject.startswith("[CRITICO] Conciliacao: etapa Odd falhou: ")
    assert "Checkpoint: não foi possível salvar" in told.email
    assert "profile" not in told.attributes


def test_progress_without_figures_is_still_progress() -> None:
    failure = explained()
    [done] = failure.progress
    bare = done.model_copy(update={"seconds": None, "rows": None})
    told = sent(FAILED, Desk(failure_=failure.model_copy(update={"progress": (bare,)})))
    assert "- validação: concluída\n" in told.email


# A run that is late


def test_a_late_run_says_where_it_stands_and_when_it_ends() -> None:
    told = sent(LATE)
    assert told.subject == (
        "[AVISO] Conciliacao default 2026-02-16: em andamento ha 18 minutos, na conciliacao"
    )
    assert (told.alert.severity, told.alert.status, told.alert.job_id) == (
        "WARNING",
        "RUNNING",
        JOB.job_id,
    )
    assert told.alert.message == "Conciliação em andamento há 18 minutos"
    assert "Se não terminar até 16/02/2026 11:34:05 (horário de Brasília)" in told.email
    assert f"recon show {JOB.job_id}" in told.email
    assert told.attributes["kind"] == "run_late"


# A result that was taken back


def test_a_retraction_says_what_left_the_dashboards_and_not_why() -> None:
    told = sent(RETRACTED)
    assert told.subject == "[AVISO] Conciliacao default 2026-02-16: resultado retirado"
    assert (told.alert.severity, told.alert.status) == ("WARNING", "RETRACTED")
    assert told.alert.results == {
        "file": {"bucket": JOB.bucket_name, "key": JOB.object_key},
        "execution": JOB.job_id,
        "removed": 4,
    }
    assert "Suas linhas saíram de 4 tabelas curadas" in told.email
    assert f"O motivo está no registro:\n    recon show {JOB.job_id}" in told.email
    reason = "cliente 123.456.789-09"
    because = RETRACTED.model_copy(update={"job": JOB.model_copy(update={"reason": reason})})
    desk = Desk()
    assert reason not in f"{sent(because, desk)}{desk.posts}"


def test_a_retraction_of_what_no_table_shows_says_so() -> None:
    none = RETRACTED.model_copy(update={"removed": 0})
    assert "Nenhuma linha dele estava nos painéis." in sent(none).email


# A file that `recon check` sent

_CHECK_KEY = f"2026-02-16/{CHECK}20260216T120000.csv"
_CHECK_JOB = {"job": JOB.model_copy(update={"object_key": _CHECK_KEY})}
_CHECK_UPLOAD = {"upload": UPLOAD.model_copy(update={"key": _CHECK_KEY})}


@pytest.mark.parametrize(
    "request_of",
    [
        *(r.model_copy(update=_CHECK_JOB) for r in (COMPLETED, FAILED, LATE, RETRACTED)),
        *(r.model_copy(update=_CHECK_UPLOAD) for r in (DUPLICATE, REFUSED)),
    ],
    ids=lambda request: request.kind,
)
def test_what_recon_check_sent_is_told_as_a_test_in_every_form(request_of: AlertRequest) -> None:
    desk = Desk()
    told = sent(request_of, desk)
    assert "] TESTE, Conciliacao default 2026-02-16: " in told.subject
    assert told.sms.split(maxsplit=1)[1].startswith("TESTE, ")
    said = "Este arquivo foi enviado por recon check e não é de nenhuma conta.\n\n"
    assert told.email.startswith(f"{told.alert.message}\n\nTESTE\n{said}")
    assert told.alert.test
    [post] = desk.posts
    assert "] TESTE, Conciliação default 2026-02-16: " in post["content"]["title"]
    assert f"*Teste*\n{said}" in post["content"]["description"]


@pytest.mark.parametrize("request_of", [COMPLETED, DUPLICATE, REFUSED], ids=lambda r: r.kind)
def test_any_other_file_is_not(request_of: AlertRequest) -> None:
    told = sent(request_of)
    assert not told.alert.test
    assert "TESTE" not in f"{told.subject}{told.email}{told.sms}"


# Where things are


def test_in_an_account_the_email_links_to_the_console_and_says_who_may_open_it() -> None:
    desk = Desk(places=Places("data", "sa-east-1"))
    told = sent(COMPLETED, desk)
    prefix = f"runs/{JOB.job_id}/{JOB.job_id}/quicksight-prep/0a1b2c/report.html"
    page = (
        f"https://sa-east-1.console.aws.amazon.com/s3/object/data?region=sa-east-1&prefix={prefix}"
    )
    assert (
        f"RELATÓRIOS\nreport.html: {page}\n"
        "Os links não vencem. Abrem para quem entra no console da AWS desta conta com leitura do bucket "
        "de dados (e da chave KMS, onde há uma).\n" in told.email
    )
    assert page in desk.posts[0]["content"]["description"]
    assert "X-Amz-" not in told.email  # no presigned URL, which ends with its signer's credentials


def test_a_page_of_the_console_keeps_its_key_whole() -> None:
    page = Places("data", "sa-east-1").page("runs/a b&c#d/é.html")
    assert page is not None
    assert page.endswith("&prefix=runs/a%20b%26c%23d/%C3%A9.html")


def test_a_failed_or_late_run_links_to_its_execution() -> None:
    page = (
        "https://sa-east-1.console.aws.amazon.com/states/home?region=sa-east-1"
        f"#/v2/executions/details/{EXECUTION_ARN}"
    )
    for request in (FAILED, LATE):
        told = sent(request, Desk(places=Places("data", "sa-east-1")))
        assert told.email.endswith(f"Console: {page}\n")
    by_hand = FAILED.model_copy(update={"execution_arn": None})
    assert "Console:" not in sent(by_hand, Desk(places=Places("data", "sa-east-1"))).email


# In a chat


def test_a_chat_gets_its_own_schema_with_what_to_do_apart() -> None:
    desk = Desk()
    sent(DUPLICATE, desk)
    [post] = desk.posts
    assert post == {
        "version": "1.0",
        "source": "custom",
        "id": "message-1",
        "content": {
            "textType": "client-markdown",
            "title": "[AVISO] Conciliação default 2026-02-16: arquivo repetido, extrato (cópia).csv",
            "description": "Arquivo repetido: nada foi processado de novo\n\n"
            "*O que aconteceu*\n"
            "s3://ingress/default/2026-02-16/extrato (cópia).csv tem exatamente o conteúdo de\n"
            f"s3://ingress/default/2026-02-15/extrato.csv, que já foi processado como {JOB.job_id}.",
            "nextSteps": [
                "Se o envio foi engano, nada. Para processar de novo o mesmo conteúdo:",
                f'`recon rerun {JOB.job_id} --reason "por que"`',
            ],
            "keywords": ["WARNING", "upload_duplicate"],
        },
        "metadata": {
            "threadId": JOB.job_id,
            "summary": "arquivo repetido, extrato (cópia).csv",
            "eventType": "upload_duplicate",
            "additionalContext": {
                "kind": "upload_duplicate",
                "severity": "WARNING",
                "status": "DUPLICATE",
                "profile": "default",
                "job_id": JOB.job_id,
            },
        },
    }


def test_a_files_name_pings_nobody_in_a_chat() -> None:
    desk = Desk()
    upload = Upload(bucket="ingress", key="<!channel> @here <http://x|y>.csv", version="1")
    sent(REFUSED.model_copy(update={"upload": upload}), desk)
    assert not set("<>@") & set(json.dumps(desk.posts, ensure_ascii=False))


def test_a_long_text_ends_in_a_chat_with_a_whole_line() -> None:
    currencies = tuple(REAIS.model_copy(update={"currency": code}) for code in list(EXPONENTS)[:20])
    desk = Desk(results(currencies=currencies))
    sent(COMPLETED, desk)
    *lines, last = desk.posts[0]["content"]["description"].splitlines()
    assert last == "…"
    assert sum(map(len, lines)) < 2900
    assert re.fullmatch(r"(Lado|Diferença).*[\d)]", lines[-1])


def test_that_the_chat_did_not_get_it_is_known_and_the_alert_is_told() -> None:
    desk = Desk(posts_arrive=False)
    told = tell(COMPLETED, desk, NOW)
    assert told is not None and not told.posted
    assert len(desk.markers) == 1


# By the clock


def test_a_file_that_did_not_come_is_named_by_profile_day_and_hour() -> None:
    told = sent(FileOverdue(profile="itau", day=date(2026, 2, 18), by="09:00"))
    assert told.subject == (
        "[AVISO] Conciliacao itau 2026-02-18: arquivo esperado ate 09:00 nao chegou"
    )
    assert (told.alert.severity, told.alert.status) == ("WARNING", "OVERDUE")
    assert told.attributes == {
        "kind": "file_overdue",
        "severity": "WARNING",
        "status": "OVERDUE",
        "profile": "itau",
    }
    assert "O perfil itau espera um arquivo até 09:00" in told.email


def test_a_digest_says_how_many_runs_ended_how_and_what_did_not_come() -> None:
    told = sent(
        Digest(
            day=date(2026, 2, 18),
            until=NOW,
            verdicts={"conciliado": 10, "divergente": 1, "?": 1},
            failures={"TIMED_OUT": 2},
            running=3,
            overdue=("itau", "inter"),
        )
    )
    assert told.subject == (
        "[INFO] Conciliacao 2026-02-18: resumo do dia, 14 execucoes, 2 sem resultado, "
        "2 arquivos faltando"
    )
    assert told.alert.severity == "INFO"
    for line in ("Conciliado: 10", "Divergente: 1", "Resultado ilegível: 1", "itau\ninter"):
        assert line in told.email
    assert "Execuções que não terminaram a tempo: 2\nEm andamento: 3" in told.email


def test_a_digest_of_nothing_says_so() -> None:
    quiet = Digest(day=NOW.date(), until=NOW, verdicts={}, failures={}, running=0, overdue=())
    assert "Nenhuma execução terminou." in sent(quiet).email


def test_a_dashboard_that_was_not_refreshed_is_a_warning_that_blames_no_run() -> None:
    told = sent(
        RefreshFailed(
            day=date(2026, 2, 18),
            ingestion_id="recon-20260218T1501Z",
            started_at=datetime(2026, 2, 18, 15, 1, tzinfo=UTC),
            reasons={"recon-b": "SQL_EXCEPTION", "recon-a": "PERMISSION_DENIED\n" * 100},
        )
    )
    assert told.subject == (
        "[AVISO] Conciliacao 2026-02-18: painel desatualizado, 2 conjuntos de dados sem atualizar"
    )
    assert (told.alert.severity, told.alert.status) == ("WARNING", "STALE")
    assert set(told.attributes) == {"kind", "severity", "status"}
    assert told.alert.results is not None
    assert told.alert.results["reasons"]["recon-b"] == "SQL_EXCEPTION"
    assert "iniciada em 18/02/2026" in told.email
    assert "Nenhuma conciliação falhou" in told.email
    assert "- recon-b: SQL_EXCEPTION" in told.email
    assert "--data-set-id recon-a --ingestion-id recon-20260218T1501Z" in told.email
    assert all(len(line) < 300 for line in told.email.splitlines())


# Uploads


@pytest.mark.parametrize(
    ("running", "state"), [(True, "ainda está em execução"), (False, "já foi processado")]
)
def test_a_duplicate_names_the_job_that_owns_the_bytes(running: bool, state: str) -> None:
    told = sent(DUPLICATE.model_copy(update={"running": running}))
    assert told.subject == (
        "[AVISO] Conciliacao default 2026-02-16: arquivo repetido, extrato (copia).csv"
    )
    assert (
        "s3://ingress/default/2026-02-16/extrato (cópia).csv tem exatamente o conteúdo de\n"
        f"s3://ingress/default/2026-02-15/extrato.csv, que {state} como {JOB.job_id}."
    ) in told.email
    assert f'recon rerun {JOB.job_id} --reason "por que"' in told.email
    assert (told.alert.severity, told.alert.status, told.alert.job_id) == (
        "WARNING",
        "DUPLICATE",
        JOB.job_id,
    )
    assert told.alert.results is not None
    assert told.alert.results["owner"]["key"] == OWNER.key


def test_a_refusal_says_why_and_what_to_do() -> None:
    told = sent(REFUSED)
    assert told.subject == (
        "[AVISO] Conciliacao default: arquivo recusado, extrato.xlsx: nao e .csv"
    )
    assert "s3://ingress/extrato.xlsx\nextrato.xlsx é uma planilha." in told.email
    assert "No Excel, salve como CSV UTF-8 e envie de novo." in told.email
    assert (told.alert.severity, told.alert.status, told.alert.job_id) == (
        "WARNING",
        "REFUSED",
        None,
    )
    assert "job_id" not in told.attributes
    assert told.alert.error is not None
    assert told.alert.error["code"] == "NOT_CSV"


# Any input

HOSTILE = [
    "a\nSubject: b\r\n\r\nc",
    "\x00\x1b[31m\x7f\u202e\u2028\u2029",
    "🧾" * 300,
    "ç" * 512,
    "x" * 1024,
    '"\\' * 512,
    "  ",
    "\x00",
    "{}[]^~|`",
]


@pytest.mark.parametrize("text", [*HOSTILE, "y" * 3_000_000], ids=range(len(HOSTILE) + 1))
def test_no_text_from_outside_breaks_a_form(text: str) -> None:
    for request, desk in hostile(text):
        assert_every_form_holds(request, desk)


@settings(deadline=None)
@given(st.text(max_size=2000), st.sampled_from([None, "sa-east-1"]))
def test_every_form_keeps_its_rules_for_any_text(text: str, region: str | None) -> None:
    for request, desk in hostile(text):
        desk.places = Places("data", region)
        assert_every_form_holds(request, desk)


def hostile(text: str) -> list[tuple[AlertRequest, Desk]]:
    """Every kind whose request holds text from outside, with this one wherever it may stand."""
    upload = Upload(bucket="ingress", key=text[:1024], version=text)
    failure = explained(state="PrepareQuickSight", reason=text)
    job = JOB.model_copy(update={"object_key": text[:1024], "reason": text})
    return [
        (
            REFUSED.model_copy(update=dict.fromkeys(("profile", "code", "message", "hint"), text)),
            Desk(),
        ),
        (REFUSED.model_copy(update={"upload": upload}), Desk()),
        (DUPLICATE.model_copy(update={"upload": upload, "owner": upload, "job_id": text}), Desk()),
        (
            FAILED.model_copy(
                update={
                    "job_id": text,
                    "state": text,
                    "execution_name": text,
                    "execution_arn": text,
                    "checkpoint_location": text,
                    "job": job,
                }
            ),
            Desk(failure_=failure),
        ),
        (COMPLETED.model_copy(update={"job": job}), Desk(many_of(text))),
        (RETRACTED.model_copy(update={"job": job, "execution_name": text}), Desk()),
        (LATE.model_copy(update={"job_id": text, "state": text, "execution_name": text}), Desk()),
    ]


def assert_every_form_holds(request: AlertRequest, desk: Desk) -> None:
    """The sizes are the desk's to check, as SNS would."""
    told = sent(request, desk)
    assert re.fullmatch(r"\[(INFO|AVISO|CRITICO)\] [\x20-\x7e]{1,98}", told.subject)
    assert len(told.subject) < 100
    assert re.fullmatch(r"[\x20-\x7e]{1,140}", told.sms)
    assert not set("[]{}^~|`\\") & set(told.sms)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202e]", told.email)
    assert all(value.strip() for value in told.attributes.values())
    [post] = desk.posts
    assert not set("<>@") & set(json.dumps(post["content"], ensure_ascii=False))
    assert len(post["content"]["description"]) < 3000
    assert "\n" not in post["content"]["title"]


WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=120), min_size=1, max_size=40)


@given(WORDS, st.sampled_from([channels.subject, channels.sms]))
def test_a_line_that_is_cut_ends_with_a_whole_word(
    words: list[str], form: Callable[[Notice], str]
) -> None:
    alert = Alert(kind="x", severity="INFO", status="SUCCESS", timestamp=NOW, message="m")
    whole = " ".join(("x:", *words))
    line = form(Notice(alert, "x", " ".join(words), ()))
    line = line.removeprefix("[INFO] ").removeprefix("INFO ")
    if line != whole:
        head, dots = line[:-3], line[-3:]
        assert dots == "..."
        assert f"{whole} ".startswith(f"{head} ")


def many_of(text: str) -> dict[Stage, Manifest]:
    """Manifests with more of everything than an alert may hold."""
    names = {f"{n}{text}": n for n in range(300)}
    currencies = [
        REAIS.model_copy(update={"currency": code}) for code in ("BRL", "USD", "JPY")
    ] * 60
    return {
        Stage.VALIDATION: manifest(VALIDATION.model_copy(update={"codes": names})),
        Stage.RECONCILIATION: manifest(
            RESULT.model_copy(
                update={
                    "counts": names,
                    "currencies": tuple(currencies),
                    "passes": tuple(PassFigures(name=name, matches=1) for name in names),
                }
            )
        ),
        Stage.QUICKSIGHT_PREP: manifest(PREPARED.model_copy(update={"tables": names})).model_copy(
            update={
                "files": {
                    name: StageFile(path=f"{name}.html", sha256="ab" * 32, bytes=1)
                    for name in names
                }
            }
        ),
    }


@given(st.text(), st.integers(2, 600))
def test_plain_text_is_one_clean_line_of_limited_length(text: str, most: int) -> None:
    line = plain(text, most)
    assert len(line) <= most
    assert line == line.strip()
    assert line.isprintable()


def test_plain_text_says_where_it_was_cut() -> None:
    assert plain("abcdef", 4) == "abc…"
    assert plain("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("job_id", "key", "day"),
    [
        ("JOB-20260216-default-x", None, "2026-02-16"),
        ("JOB-20260216-default-x", "default/2026-01-31/a.csv", "2026-01-31"),
        ("JOB-20260216-default-x", "a/b/c/d.csv", "2026-02-16"),
        ("JOB-20260231-default-x", None, None),
        ("JOB-2026021٦-x", None, None),
        ("TEST-001", "2026-02-16/test.csv", "2026-02-16"),
        ("TEST-001", "test.csv", None),
    ],
)
def test_the_day_is_the_folder_s_or_the_job_s(
    job_id: str, key: str | None, day: str | None
) -> None:
    assert day_of(job_id, key) == day


def test_a_subscriber_that_is_no_mailbox_and_no_phone_gets_the_envelope() -> None:
    told: Notice = completed(COMPLETED, MANIFESTS, Places("data", None), NOW)
    message = json.loads(channels.message(told))
    assert set(message) == {"default", "email", "sms"}
    assert ALERT_REQUEST.validate_json(COMPLETED.to_json()) == COMPLETED
    assert json.loads(message["default"])["schema_version"] == 1


def test_a_dash_stays_one_in_ascii() -> None:
    assert sent(REFUSED.model_copy(update={"code": "OTHER", "message": "a – b"})).subject.endswith(
        ": a - b"
    )


def test_a_subject_says_that_it_was_cut() -> None:
    told = sent(REFUSED.model_copy(update={"code": "OTHER", "message": "muito longa " * 20}))
    assert len(told.subject) == 99
    assert told.subject.endswith("...")
