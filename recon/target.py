"""Which AWS a command talks to: a running `recon up`, an endpoint, or a real account by the ordinary settings."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from recon.embedded.clients import client
from recon.errors import UsageError
from recon.output import Output
from recon.packages import ROOT


class Running(BaseModel):
    """What `recon up` prints, and leaves for other commands to find: all that an AWS client needs."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    ingress_bucket: str
    data_bucket: str
    checkpoints_bucket: str
    topic_arn: str
    state_machine_arn: str
    queue_url: str
    dlq_url: str


class Announced(Running):
    """Whose it is: the folder of its code, and that of its state. An older version says neither."""

    checkout: Path | None = None
    state: Path | None = None

    def __str__(self) -> str:
        state = f", estado em {self.state}" if self.state else ""
        return f"{self.endpoint} (de {self.checkout or 'uma versão anterior'}{state})"


def clients(endpoint: str | None, *, aws: bool) -> Callable[[str], Any]:
    """Raises UsageError where it is not clear which AWS is meant."""
    if aws:
        if endpoint:
            raise UsageError("--aws e --endpoint se excluem.")
        import boto3

        session = boto3.Session()
        if session.get_credentials() is None or session.region_name is None:
            raise UsageError(
                "Faltam credenciais ou região da AWS.",
                hint="Use as configurações usuais: AWS_PROFILE e AWS_REGION, por exemplo.",
            )
        return session.client  # type: ignore[return-value]
    chosen = endpoint or os.environ.get("AWS_ENDPOINT_URL")
    running = _running(chosen)
    if not chosen and running.checkout != ROOT:
        # Always on stderr: whoever reads stdout did not ask for it.
        Output(as_json=True).line(f"Usando o `recon up` de outra pasta: {running}", style="yellow")
    return partial(
        client,
        endpoint=running.endpoint,
        region=running.region,
        access_key_id=running.access_key_id,
        secret_access_key=running.secret_access_key,
    )


@contextmanager
def announced(running: Running, state: Path | None = None) -> Iterator[None]:
    """Other commands find `running` while the block lasts. The note is named for our process: a leftover is known."""
    note = _folder() / f"{os.getpid()}.json"
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    note.touch(mode=0o600)
    whose = Announced(**running.model_dump(), checkout=ROOT, state=state)
    note.write_text(whose.model_dump_json(), encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _running(endpoint: str | None) -> Announced:
    found = [running for note in sorted(_folder().glob("*.json")) if (running := _read(note))]
    if endpoint:
        found = [running for running in found if running.endpoint == endpoint.rstrip("/")]
    if len(found) == 1:
        return found[0]
    if not found:
        where = f" em {endpoint}" if endpoint else ""
        raise UsageError(
            f"Não há `recon up` em execução{where}.",
            hint="Inicie um com `recon up`, ou use --aws para uma conta real.",
        )
    raise UsageError(
        f"Há mais de um `recon up` em execução: {', '.join(map(str, found))}",
        hint="Escolha um com --endpoint, ou com a variável AWS_ENDPOINT_URL.",
    )


def _read(note: Path) -> Announced | None:
    """None where its process is gone; one that was killed could not take its note away."""
    try:
        os.kill(int(note.stem), 0)
        return Announced.model_validate_json(note.read_bytes())
    except (
        ProcessLookupError,
        PermissionError,
        FileNotFoundError,
        ValidationError,
    ):  # or another user's by now
        note.unlink(missing_ok=True)
        return None


def _folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base, "recon") if base else Path(tempfile.gettempdir(), f"recon-{os.getuid()}")
