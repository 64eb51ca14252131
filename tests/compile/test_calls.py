"""How many model calls a run makes at most: what the schedule says, and what a run then makes.

Each file of `calls/` is a program; its `#!` lines say what is run, and what is expected:

    #! run: article(topic="x")         the call; its arguments are literals
    #! calls: len(plan.titles) + 1     how many calls at most, when every answer can be read
    #! retries: 9                      and when each is asked for until the last try
    #! sizes: {"len(plan.titles)": 3}  the sizes that are left open, for this run
    #! unseen: search                  what may make further calls
    #! turns: text 0                   the follow-up turns of predictors with this first output, if not 2
    #! answer: titles ["a", "b"]       what the model answers for an output, if not a text
    #! at last: text ["no", "yes"]     what it answers one after the other, so that an `assert` holds at last

Every program is run twice: with a model whose answers can be read and are the last ones, and with one that
answers nothing until the last follow-up turn. Both make exactly as many calls as the schedule says.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.compiler import catalog
from dspyc.compiler.analysis import Project
from dspyc.compiler.query.describe import describe_bound
from dspyc.compiler.schedule.bounds import most_calls
from dspyc.compiler.schedule.count import Count
from dspyc.project.workspace import Workspace
from dspyc.runtime import BaseLM, ChatAdapter, context
from dspyc.runtime.lm.request import Request, Response

PROGRAMS = sorted((Path(__file__).parent / "calls").glob("*.dspy"))
_OUTPUT = re.compile(r"(?:field|then) `\[\[ ## (\w+) ## ")


class StubbornLM(BaseLM):
    """Answers with what is wanted, once it has been asked often enough; counts the requests."""

    model = "stubborn"

    def __init__(self, wanted: Mapping[str, list[str]], *, is_stubborn: bool) -> None:
        self.kwargs = {}
        self.calls = 0
        self._turns = {name: int(text) for name, text in map(str.split, wanted["turns"])}
        self._answers = {name: ast.literal_eval(text) for name, text in map(_split, wanted["answer"])}
        self._later = {name: ast.literal_eval(text) for name, text in map(_split, wanted["at last"])}
        self._is_stubborn = is_stubborn
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()

    def complete(self, request: Request) -> Response:
        self.calls += 1
        number = request.settings.get("n", 1)
        if request.prompt is not None:
            return Response(("said",), finish_reason="stop")
        conversation = str(request.openai_messages[:2])
        names = _OUTPUT.findall(conversation)
        turns = self._turns.get(names[0], 2)
        is_first = len(request.given) == 2
        self._asked[conversation] += not is_first
        if self._is_stubborn and turns and (is_first or self._asked[conversation] % turns):
            return Response(("",) * number, finish_reason="stop")
        answer = ChatAdapter().format_answer({name: self._answer(name) for name in names})
        return Response((answer,) * number, finish_reason="stop")

    async def acomplete(self, request: Request) -> Response:
        return self.complete(request)

    def _answer(self, name: str) -> Any:
        later = self._later.get(name)
        if later is None:
            return self._answers.get(name, f"some {name}")
        self._answered[name] += 1
        return later[(self._answered[name] - 1) % len(later)] if self._is_stubborn else later[-1]


def _split(text: str) -> tuple[str, str]:
    name, _, value = text.partition(" ")
    return name, value


def expectations(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in re.findall(r"^#! ([a-z ]+): (.*)$", text, re.M):
        found[key].append(value)
    return found


def evaluate(count: Count, wanted: Mapping[str, list[str]]) -> int:
    sizes = ast.literal_eval(wanted["sizes"][0]) if wanted["sizes"] else {}
    return sum(prod((sizes[str(each)] for each in factors), start=number) for factors, number in count.terms)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_run_makes_as_many_calls_as_it_may(path: Path) -> None:
    wanted = expectations(path.read_text(encoding="utf-8"))
    call = ast.parse(wanted["run"][0], mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    analysis = Workspace().analyse(str(path))
    assert [each.message for each in analysis.diagnostics if each.severity == "error"] == []
    bound = most_calls(analysis.program, analysis.program.symbols[call.func.id])
    assert bound is not None
    assert (str(bound.without_retries), str(bound.with_retries)) == (wanted["calls"][0], wanted["retries"][0])
    assert sorted(bound.with_retries.unseen) == " ".join(wanted["unseen"]).split()
    for count, is_stubborn in ((bound.without_retries, False), (bound.with_retries, True)):
        lm = StubbornLM(wanted, is_stubborn=is_stubborn)
        loaded = dspyc.load(path)
        with context(lm=lm):
            vars(loaded)[call.func.id](**{each.arg: ast.literal_eval(each.value) for each in call.keywords})
        assert lm.calls == evaluate(count, wanted)


PART = 'module p = Predict("a -> b")\n'
SENTENCES = [
    (
        'module x = Predict("a -> b")',
        "at most 1 model call per run (3 with retries)",
    ),
    (
        'module x = Predict("a -> b", max_retries=0)',
        "at most 1 model call per run",
    ),
    (
        'module x = Predict("a -> b", max_retries=None)',
        "at most 1 model call per run (3 with retries)",
    ),
    (
        'lm m = LM("a/b", n=2)\nmodule x = Predict("a -> b", lm=m)',
        "at most 1 model call per run (5 with retries)",
    ),
    (
        'lm m = LM("a/b", n=2)\nconfigure(lm=m)\nmodule x = Predict("a -> b")',
        "at most 1 model call per run (5 with retries)",
    ),
    (
        'lm m = LM("a/b")\ndef x(a: str) -> list[str]:\n    return m(a)',
        "at most 1 model call per run",
    ),
    (
        "def x(a: str) -> str:\n    return a",
        None,
    ),
    (
        "from tools import search\ndef x(a: str) -> list[str]:\n    return search(a)",
        None,
    ),
    (
        PART + "def x(a: str) -> str:\n    print(a, len(a))\n    return p(a=a).b",
        "at most 1 model call per run (3 with retries)",
    ),
    (
        "from tools import search\n" + PART + "def x(a: str) -> str:\n    return p(a=search(a)[0]).b",
        "at most 1 model call per run (3 with retries), not counting any made by `search`",
    ),
    (
        PART
        + (
            "def y(a: str) -> str:\n"
            "    return p(a=a).b\n"
            "def x(xs: list[str]) -> str:\n"
            "    return p(a=sorted(xs, key=y)[0]).b"
        ),
        "at most 1 model call per run (3 with retries), not counting any made by `sorted`",
    ),
    (
        PART + ("def x(xs: list[str]) -> str:\n    return p(a=sorted(xs, key=lambda a: p(a=a).b)[0]).b"),
        "at most 1 model call per run (3 with retries), not counting any made by `sorted`",
    ),
    (
        PART + "def x(a: str) -> str:\n    return p(a=x(a)).b",
        "at most 1 model call per run (3 with retries), not counting any made by `x`",
    ),
    (
        PART + "def x(a: str) -> str:\n    found = p.batch([])\n    return p(a=a).b",
        "at most 1 model call per run (3 with retries), not counting any made by `p.batch`",
    ),
    (
        PART
        + (
            "def y(xs: list[str]) -> list[str]:\n"
            "    return [p(a=a).b for a in xs]\n"
            "def x(xs: list[str]) -> list[str]:\n"
            "    return [p(a=a).b for a in [*y(xs), *xs]]"
        ),
        "at most `len(x.xs) + len(y.xs) + len(y(xs))` model calls per run (`3 * "
        "len(x.xs) + 3 * len(y.xs) + 3 * len(y(xs))` with retries)",
    ),
    (
        "module x(n: int, inner: Module):\n"
        "    input a: str\n"
        "    output b: str\n"
        "    p = BestOfN(inner, N=n, reward_fn=lambda args, pred: 1.0)\n"
        "    forward:\n"
        "        return b=p(a=a).b",
        "at most `inner * n` model calls per run",
    ),
    (
        "def y(args, pred) -> float:\n"
        "    return 1.0\n"
        'module x = Refine(Predict("a -> b"), N=10**13, reward_fn=y)',
        "at most `2 * 10**13 - 1` model calls per run (`6 * 10**13 - 3` with retries)",
    ),
    (
        "optimizer t = LabeledFewShot()\n"
        'dataset d = Dataset("x.csv", inputs=["a"])\n'
        'module p = ChainOfThought("a -> b", max_retries=1)\n'
        "program x = t.compile(p, trainset=d)",
        "at most 1 model call per run (2 with retries)",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_what_is_said(text: str, sentence: str | None) -> None:
    tools = "def search(query: str) -> list[str]:\n    return [query]\n"
    program = Project({"main.dspy": f"{text}\n", "tools.py": tools}.get).check("main.dspy").program
    bound = most_calls(program, program.symbols["x"])
    assert (None if bound is None else describe_bound(bound)) == sentence


def test_what_would_take_too_long_to_count_is_not_said() -> None:
    doubled = "".join(f"def f{n}(a: str) -> str:\n    return f{n - 1}(f{n - 1}(a))\n" for n in range(1, 40))
    text = f'module p = Predict("a -> b")\ndef f0(a: str) -> str:\n    return p(a=a).b\n{doubled}'
    program = Project({"main.dspy": text}.get).check("main.dspy").program
    assert str(most_calls(program, program.symbols["f8"]).without_retries) == "256"
    assert most_calls(program, program.symbols["f39"]) is None
    chained = "".join(f"def f{n}(a: str) -> str:\n    return f{n - 1}(a)\n" for n in range(1, 400))
    text = f'module p = Predict("a -> b")\ndef f0(a: str) -> str:\n    return p(a=a).b\n{chained}'
    program = Project({"main.dspy": text}.get).check("main.dspy").program
    assert most_calls(program, program.symbols["f399"]) is None


def test_a_change_in_another_file_is_seen() -> None:
    texts = {
        "main.dspy": "from other import p\nmodule x = BestOfN(p, N=2, reward_fn=lambda args, pred: 1.0)\n",
        "other.dspy": 'module p = Predict("a -> b")\n',
    }
    project = Project(texts.get)

    def said() -> str:
        program = project.check("main.dspy").program
        bound = most_calls(program, program.symbols["x"])
        assert bound is not None
        return describe_bound(bound)

    assert said() == "at most 2 model calls per run (6 with retries)"
    texts["other.dspy"] = 'configure(max_retries=0)\nmodule p = Predict("a -> b")\n'
    assert said() == "at most 2 model calls per run"


def test_every_module_of_the_runtime_says_how_many_calls_it_makes() -> None:
    for name in catalog.names():
        definition = catalog.definition(name)
        if definition is not None and definition.shape is not None:
            names = {each.name for each in definition.parameters or ()}
            formula = ast.parse(definition.shape.calls or "", mode="eval")
            used = {each.id for each in ast.walk(formula) if isinstance(each, ast.Name)}
            assert used - names <= {"answer"}, name
            asks_no_model = definition.shape.calls == "0"
            assert "answer" in used or "module" in used or asks_no_model, name
