"""A default that is written as text, for a field of another type, becomes that type wherever it comes in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import dspyc
from support.built import as_python

PROGRAM = """
enum Kind:
    A
    B

type Part:
    name: str

type Whole:
    price: Decimal = "1.50"
    since: date | None = "2024-01-02"
    at: datetime = "2024-01-02T10:00:00"
    kind: Kind = "A"
    part: Part = {"name": "x"}
    text: str | None = "2024-01-02"

module m(start: date = "2024-01-01"):
    input q: str
    input since: date = "2023-01-01"
    output years: list[int]
    forward:
        limit: Decimal = "2.5"
        return years=[since.year, start.year, int(limit)]

def f(day: date = "2024-01-01", whole: Whole = {}) -> str:
    return f"{day.year} {whole.price * 2}"

LIMIT: Decimal = "3.50"
"""


@pytest.fixture(params=["loaded", "built"])
def module(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    source = tmp_path / "defaults.dspy"
    source.write_text(PROGRAM, encoding="utf-8")
    return dspyc.load(source) if request.param == "loaded" else as_python(source, tmp_path)


def test_records(module) -> None:  # type: ignore[no-untyped-def]
    whole = module.Whole()
    assert (whole.price, whole.since) == (Decimal("1.50"), date(2024, 1, 2))
    assert (whole.at, whole.kind) == (datetime(2024, 1, 2, 10), module.Kind.A)
    assert whole.part == module.Part(name="x")
    assert whole.text == "2024-01-02"


def test_parameters_variables_and_constants(module) -> None:  # type: ignore[no-untyped-def]
    assert module.m()(q="x").years == [2023, 2024, 2]
    assert module.f() == "2024 3.00"
    assert Decimal("3.50") == module.LIMIT
