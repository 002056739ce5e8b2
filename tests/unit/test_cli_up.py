"""What `recon up` says while it runs."""

from __future__ import annotations

import pytest

from recon.embedded.aws import EmbeddedAWSError
from recon.embedded.mail import Mail
from recon.output import Output
from recon.up import until_interrupted

FIRST = Mail(message_id="1", to="a@exemplo.com.br", subject="[AVISO] um", text="repetido")
SECOND = Mail(message_id="2", to="a@exemplo.com.br", subject="[INFO] dois", text="conciliado")


class AWS:
    """Alive for as many looks as there are mailboxes."""

    def __init__(self, *mailboxes: list[Mail]) -> None:
        self._mailboxes = list(mailboxes)

    @property
    def alive(self) -> bool:
        return bool(self._mailboxes)

    def mails(self) -> list[Mail]:
        return self._mailboxes.pop(0)


def test_each_alert_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    aws = AWS([], [FIRST], [FIRST, SECOND], [FIRST, SECOND])
    with pytest.raises(EmbeddedAWSError, match="terminou por si mesma"):
        until_interrupted(aws, Output(), every=0)
    shown = capsys.readouterr().out
    assert shown.count("[AVISO] um") == 1
    assert shown.count("[INFO] dois") == 1
    assert "Alerta recebido por a@exemplo.com.br" in shown


def test_an_aws_that_dies_while_it_is_asked_has_ended_by_itself() -> None:
    class Dying(AWS):
        def mails(self) -> list[Mail]:
            raise ConnectionRefusedError

    with pytest.raises(EmbeddedAWSError, match="terminou por si mesma"):
        until_interrupted(Dying([]), Output(), every=0)
