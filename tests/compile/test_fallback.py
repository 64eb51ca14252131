"""What a `fallback` answers for, and what it does not hide."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.runtime import InputError, context
from support.scripted import ScriptedLM, echo

PROGRAM = '''\
from helpers import broken

signature Ask:
    """Answer."""
    input text: str
    output answer: str

module M:
    input q: str
    output s: str

    part = Predict(Ask)

    forward:
        a = part(text=q)
        return s=broken(a.answer)
    fallback:
        return s=f"instead of {error}"

module m = M()
'''

HELPERS = '''\
"""A helper of the program."""


def broken(text: str) -> str:
    {statement}
    return text
'''


def load(folder: Path, statement: str) -> Any:
    (folder / "helpers.py").write_text(HELPERS.format(statement=statement), encoding="utf-8")
    (folder / "p.dspy").write_text(PROGRAM, encoding="utf-8")
    return dspyc.load(folder / "p.dspy")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("text.nothing", AttributeError),
        ("text + 1", TypeError),
        ("nowhere", NameError),
        ("[][0]", IndexError),
        ("{}['x']", KeyError),
        ("1 // 0", ZeroDivisionError),
    ],
)
def test_a_mistake_is_not_hidden(statement: str, kind: type[Exception], tmp_path: Path) -> None:
    program = load(tmp_path, statement)
    with context(lm=ScriptedLM(echo)), pytest.raises(kind):
        program.m(q="x")


@pytest.mark.parametrize("statement", ["raise ValueError('no data')", "raise OSError('no data')"])
def test_a_failure_is_answered_for_and_logged(
    statement: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = load(tmp_path, statement)
    with context(lm=ScriptedLM(echo)), caplog.at_level(logging.INFO, logger="dspyc"):
        assert program.m(q="x").s == "instead of no data"
    assert any(
        text.startswith("the fallback of `M` is used, because it failed with") for text in caplog.messages
    )


def test_a_model_that_fails_is_answered_for(tmp_path: Path) -> None:
    program = load(tmp_path, "pass")
    with context(lm=ScriptedLM(lambda inputs: InputError("refused"))):
        assert program.m(q="x").s == "instead of refused"
