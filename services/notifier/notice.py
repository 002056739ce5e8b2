"""What is to be said, before any channel gives it its form."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from shared import identity
from shared.alert import Alert
from shared.errors import UploadKeyError
from shared.upload_key import CHECK, parse_upload_key

KEY = 1024  # S3's own limit; other texts are cut shorter
# Titles that more than one notice has, and by which a form knows what belongs where.
HAPPENED, DO, RUN = "O que aconteceu", "O que fazer", "Execução"


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """subject: what it is about; headline: the news in a few words; sections: the e-mail's."""

    alert: Alert
    subject: str
    headline: str
    sections: tuple[Section, ...]


def plain(text: str, most: int = 500) -> str:
    """One line without control characters, however long or odd it was; every form is built of these."""
    # The first cut keeps a text of megabytes cheap, the last one is exact.
    visible = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[: 8 * most])
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def day_of(job_id: str, object_key: str | None) -> str | None:
    """The day that the run is about, ISO: the key's folder, else the one in our own job ids."""
    try:
        day = parse_upload_key(object_key).day if object_key else None
    except UploadKeyError:
        day = None
    day = day or identity.day_of(job_id)
    return day.isoformat() if day else None


def about(profile: str | None, day: str | None) -> str:
    return " ".join(("Conciliação", *filter(None, (profile, day))))


def about_run(profile: str | None, job_id: str, object_key: str | None) -> str:
    return about(profile, day_of(job_id, object_key))


def is_test(object_key: str | None) -> bool:
    """Whether `recon check` sent that file."""
    return (object_key or "").rpartition("/")[2].startswith(CHECK)


def as_test(notice: Notice) -> Notice:
    """The same, told as a test in every form, so that nobody looks for the file in the books."""
    said = Section("Teste", ("Este arquivo foi enviado por recon check e não é de nenhuma conta.",))
    return replace(
        notice,
        alert=notice.alert.model_copy(update={"test": True}),
        subject=f"TESTE, {notice.subject}",
        sections=(said, *notice.sections),
    )
