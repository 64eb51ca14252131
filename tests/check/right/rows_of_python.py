"""Rows that a Python function makes."""

from __future__ import annotations

from typing import Any


def rows_from_python(text: str) -> list[dict[str, Any]]:
    return [{"text": text, "label": "x"}]


def untyped_rows(text):
    return [{"text": text, "label": "x"}]
