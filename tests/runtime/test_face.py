"""The runtime's public names, and what importing, constructing and calling bring into a process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge

import dspyc.runtime as dspy
from dspyc.runtime.parameters import parameters


def test_public_names_are_where_they_are_said_to_be() -> None:
    stub = Path(dspy.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    named = {alias.name for node in imports for alias in node.names}
    assert named - set(dspy.__all__) == {"attributes", "compiled", "evaluate", "flow"}
    assert set(dspy.__all__) < named <= set(dir(dspy))
    for name in named:
        assert getattr(dspy, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        dspy.Nonsense  # noqa: B018 the access is what raises


HEAVY = ("litellm", "httpx", "openai", "aiohttp", "torch", "numpy", "xllamacpp", "asyncio", "requests")


def test_importing_is_cheap_and_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "before = len(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "loaded = len(sys.modules) - before\n"
        f"early = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "for name in ('Predict', 'ReAct', 'Refine', 'LM', 'ChatAdapter', 'Signature'): getattr(dspy, name)\n"
        "lm = dspy.LM('openai/gpt-4o-mini')\n"
        "dspy.Predict('question -> answer: float').messages(question='x')\n"
        f"late = [name for name in {(*HEAVY, 'pydantic')!r} if name in sys.modules and name != 'asyncio']\n"
        "print(loaded, early, late)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, _, heavy = ended.stdout.partition(" ")
    assert int(loaded) < 40, "20 modules when this was written"
    assert heavy == "[] []\n"


NEEDED_BY_CALLS = ("asking", "request", "messages", "cache", "history")


def test_making_a_module_imports_nothing_that_only_calls_need() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "dspy.configure(lm=dspy.LM('openai/gpt-4o-mini'))\n"
        "dspy.ChainOfThought('question -> answer: float')\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert not {"inspect", "dataclasses", "logging", "json", "annotated_types"} & loaded
    ours = [name.split(".") for name in loaded if name.startswith("dspyc.")]
    assert {parts[1] for parts in ours} == {"base", "loader", "runtime"}
    assert not [parts for parts in ours if parts[2:3] in (["adapters"], ["values"], ["state"])]
    assert not {f"dspyc.runtime.lm.{name}" for name in NEEDED_BY_CALLS} & loaded


NEEDED_BY_FEW = {
    "concurrent.futures", "dataclasses", "datetime", "decimal", "fractions", "hashlib", "html", "inspect",
    "logging", "pydantic", "secrets", "sqlite3", "textwrap", "ujson", "uuid",
}  # fmt: skip


def test_a_first_answer_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "class Instant(dspy.BaseLM):\n"
        "    def complete(self, request):\n"
        "        return dspy.Response(['[[ ## answer ## ]]\\n3\\n\\n[[ ## completed ## ]]'])\n"
        "dspy.configure(lm=Instant())\n"
        "assert dspy.Predict('question, year: int -> answer: int')(question='x', year=2).answer == 3\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not NEEDED_BY_FEW & set(ended.stdout.split())


WRITES = """
import json, sys
import dspyc.runtime as dspy

value = [{"a": [1, 2.5, None], "é": {"b": [True, "ok"]}}]
messages = dspy.JSONAdapter().format(dspy.Signature("rows: list -> answer"), [], {"rows": value})
assert json.dumps(value, ensure_ascii=False) in messages[-1]["content"]
print("pydantic_core" in sys.modules)
"""


def test_lists_and_dicts_of_plain_values_are_written_without_a_library() -> None:
    ended = subprocess.run([sys.executable, "-c", WRITES], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_what_is_not_given_needs_no_check_and_brings_no_library() -> None:
    @parameters
    class Local:
        unknown: Annotated[NotThere, Ge(1)] = 0  # type: ignore[name-defined]  # noqa: F821
        known: Annotated[int, Ge(1)] = 1

    assert Local(unknown=-1).unknown == -1
    with pytest.raises(dspy.ConfigurationError, match="`known` of `Local` must be at least 1, not 0"):
        Local(known=0)


RACE = """
import os, sys, threading
import dspyc.runtime as dspy

lm = dspy.DummyLM([{"answer": "1"}] * 100)
predict = dspy.Predict("question -> answer")
barrier = threading.Barrier(9)
answers = []

def first():
    barrier.wait()
    answers.append(predict(question="x", lm=lm).answer)

threads = [threading.Thread(target=first) for _ in range(8)]
for thread in threads:
    thread.start()
barrier.wait()
children = [os.fork() for _ in range(1)]
if children == [0]:
    os._exit(0 if predict(question="y", lm=lm).answer == "1" else 1)
for thread in threads:
    thread.join()
print(os.waitpid(children[0], 0)[1], answers)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this platform")
def test_first_calls_of_many_threads_beside_a_fork() -> None:
    for _ in range(5):
        ended = subprocess.run(
            [sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.stderr, ended.stdout) == ("", f"0 {['1'] * 8}\n")
