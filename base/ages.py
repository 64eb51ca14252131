"""How long ago something was, in words."""

from __future__ import annotations

from datetime import datetime, time


def age(then: datetime | None, now: datetime) -> str:
    """`today 14:32`, `yesterday`, `3 days ago`, by the clock of `now`; empty where it is unknown, to come
    or beyond what a date can be.

    A moment at midnight is a day without a time.
    """
    if then is None:
        return ""
    if then.tzinfo is not None:
        try:
            then = then.astimezone(now.tzinfo)
        except (ValueError, OverflowError):
            # The first or the last day that there is, in another zone.
            return ""
    days = (now.date() - then.date()).days
    if days < 0:
        return ""
    clock = f" {then:%H:%M}" if then.time() != time() else ""
    return {0: f"today{clock}", 1: "yesterday"}.get(days, f"{days} days ago")


def moment(text: str) -> datetime | None:
    """The moment that ISO 8601 writes so; None for what is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
