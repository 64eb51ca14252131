"""Agents that run a model's code: what says that they may, and what the fix writes."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.fixing import fix

AGENT = 'module agent = ReAct("q -> a", tools=[run_python])\n'


def codes(text: str) -> list[str]:
    return [each.code for each in Project({"a.dspy": text}.get).check("a.dspy").diagnostics]


ALLOWING = [
    "configure(allow_code=True)\n\n",
    'configure(lm=LM("openai/gpt-4o-mini"), allow_code=True)\n\n',
    "configure(interpreter_factory=PythonInterpreter)\n\n",
]


@pytest.mark.parametrize("head", ALLOWING)
def test_allowed(head: str) -> None:
    assert codes(head + AGENT) == []
    assert codes(AGENT + "\n" + head.rstrip("\n") + "\n") == []


@pytest.mark.parametrize("head", ["", "configure(max_retries=1)\n\n", "configure(allow_code=False)\n\n"])
def test_not_allowed(head: str) -> None:
    text = head + AGENT
    assert codes(text) == ["W405"]
    fixed = fix(text, lambda text: Project({"a.dspy": text}.get).check("a.dspy"), unsafe=True)
    assert codes(fixed.text) == []


def test_another_tool_of_that_name_is_none() -> None:
    own = 'def run_python(code: str) -> str:\n    """Not really."""\n    return code\n\n'
    assert codes(own + AGENT) == []
