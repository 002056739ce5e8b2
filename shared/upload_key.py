"""What an object key says: `[<profile>/][<YYYY-MM-DD>/]<name>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.errors import UploadKeyError

TIME_ZONE = ZoneInfo("America/Sao_Paulo")
CHECK = "recon-check-"  # how the name of the file begins that `recon check` sends
# The days that the curated tables show (their projection in infra/template.yaml): from here to a year ahead.
FIRST_DAY = date(2000, 1, 1)
_AHEAD = timedelta(days=365)
_LOOKS_LIKE_A_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}", re.ASCII)
_PROFILE = re.compile(r"[a-z0-9-]{1,24}", re.ASCII)
_EXPECTED = "Use [perfil/][AAAA-MM-DD/]arquivo.csv, por exemplo default/2026-02-16/extrato.csv."


@dataclass(frozen=True)
class UploadKey:
    """profile: the first folder, else `default`; day: the date folder, else None."""

    profile: str
    day: date | None
    name: str

    def day_or(self, event_time: datetime) -> date:
        """The day of the job: the folder's, else the event's day in America/Sao_Paulo.

        Raises UploadKeyError where no table would show the folder's.
        """
        today = event_time.astimezone(TIME_ZONE).date()
        if self.day and not FIRST_DAY <= self.day <= today + _AHEAD:
            raise UploadKeyError(
                f"A pasta '{self.day}' está fora dos dias que as tabelas mostram: de {FIRST_DAY} a "
                f"{today + _AHEAD}, um ano depois do envio.",
                hint=_EXPECTED,
            )
        return self.day or today


def parse_upload_key(key: str) -> UploadKey:
    """Raises UploadKeyError where the key has another form, an impossible date or no file name."""
    *folders, name = key.split("/")
    if not name:
        raise UploadKeyError(f"A chave {key!r} não tem nome de arquivo.", hint=_EXPECTED)
    day = _day(key, folders.pop()) if folders and _LOOKS_LIKE_A_DAY.fullmatch(folders[-1]) else None
    profile = folders.pop() if folders else "default"
    if len(folders) == 1 and day is None:
        raise UploadKeyError(
            f"A pasta {profile!r} da chave {key!r} não é uma data AAAA-MM-DD.", hint=_EXPECTED
        )
    if folders:
        raise UploadKeyError(f"A chave {key!r} tem pastas demais.", hint=_EXPECTED)
    if not _PROFILE.fullmatch(profile):
        raise UploadKeyError(
            f"A pasta {profile!r} da chave {key!r} não é um nome de perfil"
            " (a-z, 0-9 e hífen, até 24).",
            hint=_EXPECTED,
        )
    return UploadKey(profile, day, name)


def _day(key: str, folder: str) -> date:
    try:
        return datetime.strptime(folder, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise UploadKeyError(
            f"A pasta {folder!r} da chave {key!r} não é uma data que existe.", hint=_EXPECTED
        ) from error
