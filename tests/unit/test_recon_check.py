"""`recon check` without sending a file: what a deployment answers, and what that means for the exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from recon.check import check
from recon.output import Output
from tests.stack_case import STACK
from tests.unit.test_recon_machine import deployed

GROUP = "/aws/stepfunctions/reconciliation"
LOGGING = {
    "level": "ALL",
    "destinations": [
        {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:x:1:log-group:{GROUP}:*"}}
    ],
}


@dataclass
class Account:
    """An account's answers, all as they should be unless a test changes them."""

    machine: dict[str, Any] = field(
        default_factory=lambda: {
            "definition": json.dumps(deployed()),
            "roleArn": "arn:aws:iam::1:role/ReconciliationStepFunctionsRole",
            "loggingConfiguration": LOGGING,
            "tracingConfiguration": {"enabled": True},
        }
    )
    trusted: str = "states.amazonaws.com"
    denied: tuple[str, ...] = ()
    groups: tuple[Mapping[str, Any], ...] = ({"logGroupName": GROUP, "retentionInDays": 90},)
    may_ask: bool = True

    def client(self, service: str) -> Any:
        assert service in ("stepfunctions", "iam", "logs")
        return self

    def describe_state_machine(self, *, stateMachineArn: str) -> Any:
        assert stateMachineArn == STACK.state_machine_arn
        return self.machine

    def get_role(self, *, RoleName: str) -> Any:
        if not self.may_ask:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")
        statement = {"Principal": {"Service": self.trusted}}
        return {"Role": {"AssumeRolePolicyDocument": {"Statement": [statement]}}}

    def simulate_principal_policy(
        self, *, PolicySourceArn: str, ActionNames: list[str], ResourceArns: list[str]
    ) -> Any:
        decision = "implicitDeny" if ActionNames[0] in self.denied else "allowed"
        return {"EvaluationResults": [{"EvalDecision": decision}]}

    def describe_log_groups(self, *, logGroupNamePrefix: str) -> Any:
        return {
            "logGroups": [
                g for g in self.groups if g["logGroupName"].startswith(logGroupNamePrefix)
            ]
        }


def asked(
    account: Account, capsys: pytest.CaptureFixture[str], *, embedded: bool = False
) -> tuple[int, dict[str, tuple[str, str]]]:
    output = Output(as_json=True)
    code = check(account.client, STACK, output, embedded=embedded, sends=False)
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is (code == 0)
    return code, {each["check"]: (each["status"], each["why"]) for each in told["checks"]}


def test_every_line_of_the_checklist_is_there_and_what_needs_a_run_is_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, lines = asked(Account(), capsys)
    assert code == 0
    assert [(line, status) for line, (status, _) in lines.items()] == [
        ("State Machine criada com definição correta", "ok"),
        ("IAM Role anexada corretamente", "ok"),
        ("CloudWatch Logs configurado", "ok"),
        ("X-Ray Tracing habilitado", "ok"),
        ("Timeout de 20 minutos configurado", "ok"),
        ("Retry policies configuradas", "ok"),
        ("Error handling configurado", "ok"),
        ("Execução iniciada pela Lambda trigger", "not_judged"),
        ("Execução completa", "not_judged"),
        ("Logs da execução: funções e jobs", "not_judged"),
        ("Logs da execução: máquina de estados", "not_judged"),
        ("Métricas publicadas: execuções (AWS/States)", "not_judged"),
        ("Métricas publicadas: envios (Reconciliation)", "not_judged"),
    ]
    assert lines["CloudWatch Logs configurado"][1] == f"nível ALL em {GROUP}, por 90 dias"


@pytest.mark.parametrize(
    ("account", "line", "why"),
    [
        (Account(trusted="lambda.amazonaws.com"), "IAM Role", "não confia em states"),
        (Account(denied=("sns:Publish",)), "IAM Role", "não pode sns:Publish em arn:TopicArn"),
        (Account(groups=()), "CloudWatch Logs", "não existe"),
        (
            Account(machine={**Account().machine, "loggingConfiguration": {}}),
            "CloudWatch Logs",
            "nível OFF",
        ),
        (
            Account(
                machine={**Account().machine, "loggingConfiguration": {**LOGGING, "level": "ERROR"}}
            ),
            "CloudWatch Logs",
            "nível ERROR",
        ),
        (
            Account(machine={**Account().machine, "tracingConfiguration": {"enabled": False}}),
            "X-Ray",
            "desabilitado",
        ),
        (Account(machine={**Account().machine, "definition": "{}"}), "State Machine", "difere"),
    ],
)
def test_a_line_that_does_not_hold_is_exit_code_one(
    account: Account, line: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = asked(account, capsys)
    assert code == 1
    (found,) = (said for name, said in lines.items() if name.startswith(line))
    assert found[0] == "failed"
    assert why in found[1]


def test_who_may_not_ask_is_told_that_the_line_was_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, lines = asked(Account(may_ask=False), capsys)
    assert code == 0
    assert lines["IAM Role anexada corretamente"] == (
        "not_judged",
        "sem permissão para perguntar (GetRole)",
    )


def test_what_the_embedded_aws_does_not_keep_is_not_judged_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bare = {"definition": json.dumps(deployed()), "roleArn": "arn:aws:iam::1:role/R"}
    code, lines = asked(Account(machine=bare), capsys, embedded=True)
    assert code == 0
    for line in ("CloudWatch Logs configurado", "X-Ray Tracing habilitado"):
        assert lines[line][0] == "not_judged"
        assert "AWS embarcada" in lines[line][1]
    assert asked(Account(machine=bare), capsys)[0] == 1, "in an account it is missing"
