"""Thousands of broken answers: each is a value of its type or an error of ours, in work linear in its length.

`DSPYC_TEST_MUTATIONS=20000` (or more) makes as many; a failure names the seed of its answer.
"""

from __future__ import annotations

import os
import sys
import time
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

import dspyc.runtime as dspy
from dspyc.runtime.signature.typenames import read_type
from dspyc.runtime.values import outlines
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.validation import validator_for
from support.mutations import mutated

from .test_forms import CASES, TYPES

COUNT = int(os.environ.get("DSPYC_TEST_MUTATIONS", "1500"))
PARTS = 10
TEXTS = [text for _, text, _ in CASES]
KINDS = sorted({kind for kind, _, _ in CASES})
ADAPTERS: list[tuple[dspy.Adapter, tuple[str, ...]]] = [
    (dspy.ChatAdapter(), ("…", "[[ ## x ## ]]\n…", "[[ ## x ## ]]\n…\n[[ ## completed ## ]]")),
    (dspy.JSONAdapter(), ("…", '{"x": …}', '{"x": "…"}', '```json\n{"x": …}\n```')),
    (dspy.XMLAdapter(), ("…", "<x>…</x>", "<x>\n…", "<y>…</y><x>…</x>")),
    (dspy.CompactAdapter(), ("…", "[[ ## x ## ]]\n…")),
    (dspy.BAMLAdapter(), ("…", '{"x": …}')),
]
LINES_A_CHARACTER = 150
LINES_AT_LEAST = 20_000


def steps(annotation: Any, text: str) -> int:
    """How many lines of Python are run to read a text."""
    lines = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        value_or_error(annotation, text)
    finally:
        sys.settrace(before)
    return lines


def value_or_error(annotation: Any, text: str) -> Any:
    """The value, or the error of ours; anything else is raised."""
    try:
        return reader_for(annotation)(text)
    except ReadError as error:
        return error


@pytest.mark.parametrize("part", range(PARTS))
def test_a_broken_answer_is_a_value_or_an_error(part: int) -> None:
    counted = max(1, COUNT // 2_000)
    for number in range(part, COUNT, PARTS):
        random = Random(number)
        kind, text = random.choice(KINDS), mutated(TEXTS, random)
        annotation = read_type(kind, TYPES)
        place = f"seed {number}: {kind} of {text!r}"
        try:
            found = value_or_error(annotation, text)
            if number % (counted * PARTS) == part:
                lines = steps(annotation, text)
                assert lines <= LINES_AT_LEAST + LINES_A_CHARACTER * len(text), f"{lines} lines, {place}"
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, {place}") from error
        if isinstance(found, ReadError):
            assert str(found), place
            continue
        try:
            again = validator_for(annotation).validate_python(found)
        except ValidationError:
            pytest.fail(f"no value of its type: {found!r}, {place}")
        assert again == found or again != again or _has_nan(found), place


def _has_nan(value: Any) -> bool:
    return "nan" in repr(value)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_broken_answer_is_read_by_an_adapter_or_asked_again(part: int) -> None:
    signatures = [
        dspy.make_signature({"x": (read_type(kind, TYPES), dspy.OutputField())})
        for kind in ("str", "int", "Ticket", "list[str]", "Person | None", "dict[str, int]")
    ]
    for number in range(part, COUNT // 3, PARTS):
        random = Random(f"adapter {number}")
        adapter, forms = random.choice(ADAPTERS)
        text = random.choice(forms).replace("…", mutated(TEXTS, random))
        try:
            found = adapter.parse(random.choice(signatures), text)
        except dspy.AdapterParseError:
            continue
        except Exception as error:
            place = f"{type(adapter).__name__}, seed {number}: {text!r}"
            raise AssertionError(f"{type(error).__name__}: {error}, {place}") from error
        assert found.keys() == {"x"}


@pytest.mark.parametrize("seed", range(40))
def test_twice_the_answer_is_twice_the_work(seed: int) -> None:
    """A broken answer many times in a row: four times as long is at most about four times the work."""
    random = Random(seed)
    kind, text = random.choice(KINDS), mutated(TEXTS, random)[:200] + "\n"
    annotation = read_type(kind, TYPES)
    value_or_error(annotation, text * 2)  # what is made once is made
    small, large = (steps(annotation, text * times) for times in (20, 80))
    assert large <= 5 * small + 4_000, f"{small} and {large} lines, {kind} of {text!r}"


@pytest.mark.parametrize(
    "text", ["a" + ' "x' * 200_000 + ", b", "x, " + "“a " * 100_000, "x, " + "(a and b " * 50_000]
)
def test_marks_that_open_and_never_close_cost_little(text: str) -> None:
    """In the time of this thread alone: a look from each mark to the end takes many times as long."""
    started = time.thread_time()
    outlines.listed(text)
    assert time.thread_time() - started < 3
