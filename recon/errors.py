"""What the command itself can get wrong. Each kind of failure has one exit code, given in `recon.cli`."""

from __future__ import annotations

import errno

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from shared.errors import ReconError

_SYSTEM = {
    errno.ENOENT: "não existe",
    errno.EACCES: "sem permissão",
    errno.EPERM: "sem permissão",
    errno.EISDIR: "é uma pasta",
    errno.ENOTDIR: "não é uma pasta",
    errno.EEXIST: "já existe",
    errno.ENOSPC: "o disco está cheio",
    errno.EROFS: "só se pode ler ali",
    errno.ENAMETOOLONG: "o nome é longo demais",
    errno.EADDRINUSE: "a porta está em uso",
}


class UsageError(ReconError):
    """Wrong arguments, or an environment that lacks something: exit code 2."""

    code = "USAGE"


class PipelineError(ReconError):
    """The pipeline did not answer as it must: no receipt, no alert, an execution that never ends."""

    code = "PIPELINE"


def reason(error: OSError) -> str:
    """In Portuguese where it is one of the usual; the system's own words else."""
    return _SYSTEM.get(error.errno or 0) or error.strerror or str(error)


def said_by_the_system(error: OSError) -> str:
    """With what it is about, where the system says that."""
    return f"{error.filename}: {reason(error)}" if error.filename else reason(error)


def said_by_aws(error: BotoCoreError | ClientError) -> tuple[str, str | None]:
    """Message and hint. AWS's own words stay: they are what one looks for."""
    settings = "Confira as configurações da AWS (AWS_PROFILE, AWS_REGION), ou as permissões de quem as usa."
    match error:
        case ClientError():
            said = error.response["Error"]
            told = (
                f"A AWS recusou {error.operation_name}: {said.get('Code')}: {said.get('Message')}"
            )
            return told, settings
        case EndpointConnectionError() | ConnectionError() | HTTPClientError():
            hint = "Confira a rede e, se usa recon up, se ele continua no ar."
            return f"A AWS não respondeu: {error}", hint
        case NoCredentialsError() | NoRegionError():
            return f"Faltam credenciais ou região da AWS: {error}", settings
    return f"A AWS não pôde ser usada: {error}", settings
