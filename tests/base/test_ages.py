"""How long ago something was, in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from dspyc.base.ages import age, moment

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("2026-05-04T09:30:00+00:00", "today 11:30"),
        ("2026-05-03T09:30:00+02:00", "yesterday"),
        ("2026-05-01", "3 days ago"),
        ("2026-05-06T00:00:00+02:00", ""),
        ("0001-01-01T00:00:00+14:00", ""),
        ("9999-12-31T23:59:59-12:00", ""),
        ("yesterday", ""),
    ],
)
def test_age(then: str, words: str) -> None:
    assert age(moment(then), NOW) == words
