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


@pytest.mark.parametrize(
    "text",
    [
        'from os import system\nx = list(map(system, ["a"]))\n',
        'from os import system\nx = [f("a") for f in [system]]\n',
        'from os import system\nx = {"a": system}["a"]("a")\n',
        'from os import system\nx = max(["a"], key=system)\n',
        'import os\nfrom operator import call\nx = call(os.system, "a")\n',
        'import typing\nx = typing.ForwardRef("a")\n',
        'from operator import attrgetter\nx = attrgetter("a")("b")\n',
        'from re import enum\nx = enum.sys.modules["os"].system("a")\n',
        'from statistics import sys\nx = sys.modules["os"].system("a")\n',
    ],
)
def test_functions_of_python_that_are_reached_another_way(text: str) -> None:
    assert codes(text) == ["E305"]


@pytest.mark.parametrize(
    "text",
    [
        "from statistics import mean as average\nx = average([1, 2])\n",
        'import datetime\nx = datetime.datetime.fromisoformat("2026-01-01").date()\n',
        'import re as patterns\nx = patterns.compile("a").sub("b", "a")\n',
        'from collections import Counter\nx = [each[0] for each in Counter("aab").most_common(2)]\n',
        "import math\nx = sorted([1.5, 2.5], key=math.floor)\n",
        "from functools import reduce\nfrom operator import add\nx = reduce(add, [1, 2])\n",
        "from os import sep\nx = len(sep)\n",
    ],
)
def test_names_of_python_that_only_make_values(text: str) -> None:
    assert codes(text) == []
