"""A run that goes on takes nothing from a run of another metric or another program."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from dspyc import load
from dspyc.runtime import (
    BestOfN,
    Evaluate,
    Example,
    Module,
    Predict,
    Prediction,
    answer_exact_match,
)
from dspyc.runtime.errors import JournalError
from dspyc.runtime.work import behaviour
from dspyc.runtime.work.identity import running_digest, value_digest

ROWS = [Example(q=str(number), a="1").with_inputs("q") for number in range(4)]


def with_closure(value: Any) -> Callable[..., Any]:
    def metric(example: Any, pred: Any, trace: Any = None) -> Any:
        return value

    return metric


def with_default(value: Any) -> Callable[..., Any]:
    def metric(example: Any, pred: Any, trace: Any = None, least: Any = value) -> Any:
        return least

    return metric


def with_keyword(value: Any) -> Callable[..., Any]:
    def metric(example: Any, pred: Any, *, least: Any = value) -> Any:
        return least

    return metric


def of_three(example: Any, pred: Any, least: Any) -> Any:
    return least


class Judge:
    def __init__(self, least: Any) -> None:
        self.least = least

    def __call__(self, example: Any, pred: Any, trace: Any = None) -> Any:
        return self.least

    def judge(self, example: Any, pred: Any, trace: Any = None) -> Any:
        return self.least


class JudgeModule(Module):
    def __init__(self, least: Any) -> None:
        super().__init__()
        self.least = least

    def forward(self, example: Any, pred: Any, trace: Any = None) -> Any:
        return self.least


def file_with(text: str) -> Any:
    """A Python file of the user's, imported."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "somebodys.py"
        path.write_text(text, encoding="utf-8")
        spec = spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def with_constant(value: Any) -> Any:
    return file_with(f"LEAST = {value!r}\ndef metric(example, pred): return LEAST\n").metric


def with_helper(value: Any) -> Any:
    return file_with(f"def least(): return {value!r}\ndef metric(example, pred): return least()\n").metric


def with_table(value: Any) -> Any:
    text = f"TABLE = {{'least': [{value!r}]}}\ndef metric(example, pred): return TABLE['least'][0]\n"
    return file_with(text).metric


class Private:
    """A metric whose setting is its own matter."""

    def __init__(self, least: Any) -> None:
        self._least = least
        self._lock = threading.Lock()

    def __call__(self, example: Any, pred: Any) -> Any:
        return self._least


class Slotted:
    """A metric without a dict of attributes."""

    __slots__ = ("least",)

    def __init__(self, least: Any) -> None:
        self.least = least

    def __call__(self, example: Any, pred: Any) -> Any:
        return self.least


METRICS: list[Callable[[Any], Any]] = [
    with_table,
    Private,
    Slotted,
    lambda value: with_closure(Decimal(value)),
    lambda value: with_closure(re.compile(f"{value} or more")),
    lambda value: with_closure(Path(f"{value}.txt")),
    lambda value: with_closure((datetime.timedelta(days=value), b"x")),
    with_closure,
    with_default,
    with_keyword,
    with_constant,
    with_helper,
    lambda value: partial(of_three, least=value),
    lambda value: partial(of_three, value),
    lambda value: lru_cache(with_closure(value)),
    Judge,
    lambda value: Judge(value).judge,
    JudgeModule,
    lambda value: with_closure(with_closure(value)),
    lambda value: with_closure([{"least": value}]),
    lambda value: with_closure(Judge(value)),
    lambda value: with_closure(Predict(f"question -> answer{int(4 * value)}")),
]


@pytest.mark.parametrize("make", METRICS)
def test_metrics_that_differ_in_what_they_depend_on(make: Callable[[Any], Any]) -> None:
    assert value_digest(make(0.25)) == value_digest(make(0.25))
    assert value_digest(make(0.25)) != value_digest(make(0.75))


class Answer(Module):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, q: str) -> Prediction:
        return Prediction(a=self.answer)


class Inside(Module):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.parts = [Answer(answer)]

    def forward(self, q: str) -> Any:
        return self.parts[0](q=q)


def written(answer: Any) -> Module:
    """A module whose code, and nothing else, has the answer."""
    text = "from dspyc.runtime import Module, Prediction\n"
    text += f"class Written(Module):\n  def forward(self, q): return Prediction(a={answer!r})\n"
    made: Module = file_with(text).Written()
    return made


PROGRAMS: list[Callable[[Any], Module]] = [
    Answer,
    Inside,
    written,
    lambda value: BestOfN(Predict("q -> a"), N=3, reward_fn=with_closure(value), threshold=1.0),
    lambda value: BestOfN(Predict("q -> a"), N=3, reward_fn=len, threshold=float(value)),
]


@pytest.mark.parametrize("make", PROGRAMS)
def test_programs_that_differ_in_code_or_settings(make: Callable[[Any], Module]) -> None:
    assert running_digest(make(1)) == running_digest(make(1))
    assert running_digest(make(1)) != running_digest(make(2))


def test_a_program_that_is_loaded_again_is_the_same(tmp_path: Path) -> None:
    def digest(body: str) -> str:
        text = "module ask = Predict('q -> a')\n\nmodule twice:\n    input q: str\n    output a: str\n\n"
        text += f"    forward:\n        {body}\n"
        (tmp_path / "p.dspy").write_text(text, encoding="utf-8")
        return running_digest(load(tmp_path / "p.dspy").twice())

    first = digest("return ask(q=q)")
    assert digest("return ask(q=q)") == first
    assert digest("return ask(q=f'{q}!')") != first


class Stopped(BaseException):
    pass


def test_nothing_is_taken_from_a_run_of_another_metric(tmp_path: Path) -> None:
    stops = {"at": "2"}

    class Stopping:
        def __init__(self, score: float) -> None:
            self.score = score

        def __call__(self, example: Any, pred: Any) -> float:
            if example.q == stops["at"]:
                raise Stopped
            return self.score

    def measured(metric: Any, answer: str = "1") -> list[float]:
        evaluate = Evaluate(devset=ROWS, metric=metric, num_threads=1, journal=str(tmp_path / "j.jsonl"))
        return [row.value for row in evaluate(lambda q: Prediction(a=answer))]

    with pytest.raises(Stopped):
        measured(Stopping(0.25))
    stops["at"] = ""
    with pytest.raises(JournalError, match="`settings` changed since"):
        measured(Stopping(0.75))
    with pytest.raises(JournalError, match="`program` changed since"):
        measured(Stopping(0.25), "2")
    assert measured(Stopping(0.25)) == [0.25] * 4


def test_what_a_metric_takes_notes_in_is_no_setting_of_the_process_that_goes_on() -> None:
    notes: list[str] = []

    def metric(example: Any, pred: Any) -> bool:
        notes.append(example.q)
        return len(notes) > limit

    class Noting:
        def __init__(self) -> None:
            self.notes: dict[str, int] = {}

    limit, noting = 1, Noting()
    before = value_digest([metric, with_closure(noting)])
    notes.append("q")
    noting.notes["q"] = 1
    assert value_digest([metric, with_closure(noting)]) == before
    limit = 2
    assert value_digest([metric, with_closure(noting)]) != before


def test_what_is_too_large_counts_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "MOST_ITEMS", 3)
    assert value_digest(with_closure([1, 2, 3, 4])) == value_digest(with_closure([1, 2, 3, 5]))
    assert value_digest(with_closure([1, 2, 3, 4])) != value_digest(with_closure([1, 2, 3, 4, 5]))
    endless: list[Any] = [1]
    endless.append(endless)
    assert value_digest(with_closure(endless)) == value_digest(with_closure(endless))
    monkeypatch.setattr(behaviour, "MOST_VALUES", 3)
    assert value_digest(with_closure([[[[1]]]])) == value_digest(with_closure([[[[2]]]]))


SCRIPT = """
import datetime, re, threading
from functools import partial
from dspyc.runtime import Module, Predict, answer_exact_match
from dspyc.runtime.work.identity import running_digest, value_digest

class Kind:
    words = {"a", "b", "c"}

class Own(Module):
    def __init__(self):
        super().__init__()
        self.ask = Predict("q -> a")
        self.kinds = {"x", "y", "z"}
        self.kind = Kind()

    def forward(self, q):
        return self.ask(q=q) if q in {"one", "two", "three"} else None

def metric(example, pred, kinds=frozenset({"k", "l", "m"})):
    return example.a in {"one", "two", "three"} and helper() and TABLE and PATTERN and HOLDER

class Holder:
    def __init__(self):
        self._lock, self._found, self.kinds = threading.Lock(), {}, {"x", "y"}

HOLDER = Holder()
TABLE = {"a": {"x", "y", "z"}, "b": [Holder(), re.compile("x"), datetime.date(2020, 1, 1)]}
PATTERN = re.compile("a|b")

def helper():
    return object

print(running_digest(Own()), value_digest([metric, partial(metric, kinds={1, 2}), answer_exact_match]))
"""


def test_the_digests_are_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    found = {
        subprocess.run(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_the_code_of_packages_is_not_followed() -> None:
    facts = behaviour.behaviour(answer_exact_match, str)
    assert len(facts) == 2


def test_notes_say_the_same_wherever_they_are_met_first() -> None:
    first: list[Any] = [1, 2]
    one, other = with_closure(first), with_closure(first)
    together = value_digest([one, other])
    again: list[Any] = [1, 2]
    alone = with_closure(again)
    value_digest(alone)
    assert value_digest([alone, with_closure(again)]) == together
    assert value_digest(other) == value_digest(alone)
    again.append(alone)
    assert value_digest(with_closure(again)) == value_digest(with_closure(again))
