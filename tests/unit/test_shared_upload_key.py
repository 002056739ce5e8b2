"""What the key of an upload says: its profile, its day, its name."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shared.errors import UploadKeyError
from shared.upload_key import FIRST_DAY, parse_upload_key


@pytest.mark.parametrize("day", [FIRST_DAY, date(2026, 2, 16), date(2027, 2, 28)])
def test_the_folder_of_a_day_is_the_jobs_day_whenever_it_came(day: date) -> None:
    key = parse_upload_key(f"itau/{day}/extrato.csv")
    assert key.day_or(datetime(2026, 3, 1, tzinfo=UTC)) == day  # 21:00 of February 28 in São Paulo
    assert (key.profile, key.name) == ("itau", "extrato.csv")


def test_without_it_the_day_is_that_on_the_clock_of_sao_paulo() -> None:
    key = parse_upload_key("extrato.csv")
    assert key.day_or(datetime(2026, 2, 17, 2, 59, tzinfo=UTC)) == date(2026, 2, 16)
    assert key.day_or(datetime(2026, 2, 17, 3, 0, tzinfo=UTC)) == date(2026, 2, 17)


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2027-03-01", "2062-02-16"])
def test_a_day_that_no_table_would_show_is_no_jobs_day(day: str) -> None:
    key = parse_upload_key(f"{day}/extrato.csv")
    with pytest.raises(UploadKeyError, match=f"{day}.*de 2000-01-01 a 2027-02-28") as error:
        key.day_or(datetime(2026, 3, 1, tzinfo=UTC))
    assert "AAAA-MM-DD" in (error.value.hint or "")


@pytest.mark.parametrize(
    "key",
    [
        "2026-02-30/extrato.csv",
        "itau/16-02-2026/extrato.csv",
        "2026-02-16/",
        "a/b/c.csv",
    ],
)
def test_a_key_of_another_form_is_named_and_told_what_is_expected(key: str) -> None:
    with pytest.raises(UploadKeyError) as error:
        parse_upload_key(key)
    assert key in error.value.message
    assert "AAAA-MM-DD" in (error.value.hint or "")
