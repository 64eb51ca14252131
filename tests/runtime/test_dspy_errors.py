"""Errors that DSPy's programs catch, by more classes than one, and what they say."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    ConfigurationError,
    OptimizerError,
    SignatureError,
    StateError,
    also_as,
)
from support.hops import Hop


def test_a_field_without_a_kind_is_a_type_error_too() -> None:
    for value in (1, "text"):
        with pytest.raises(TypeError, match="InputField\\(\\) or OutputField\\(\\)") as caught:
            type(dspy.Signature)("Bare", (dspy.Signature,), {"a": value, "__annotations__": {"a": int}})
        assert isinstance(caught.value, SignatureError)


def test_names_of_inputs_and_outputs_are_distinct() -> None:
    for text in ("value -> value", "a, a -> b", "a -> b, b"):
        with pytest.raises(ValueError, match="distinct names"):
            dspy.Signature(text)


def test_a_state_without_a_part_is_a_key_error_too(tmp_path: Path) -> None:
    hop = Hop()
    hop.ask.demos = [dspy.Example(question="q", query="w")]
    hop.save(tmp_path / "hop.json")
    state = json.loads((tmp_path / "hop.json").read_text())
    del state["answer"]
    (tmp_path / "hop.json").write_text(json.dumps(state))
    fresh = Hop()
    with pytest.raises(KeyError) as caught:
        fresh.load(tmp_path / "hop.json")
    assert str(caught.value).startswith("the state has no entry for `answer`")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 our own
    assert fresh.ask.demos == []


def test_no_single_model() -> None:
    hop = Hop()
    assert hop.get_lm() is None
    hop.set_lm(lm := dspy.DummyLM([]))
    assert hop.get_lm() is lm
    hop.ask.lm = dspy.DummyLM([])
    with pytest.raises(ValueError, match="Multiple LMs: the predictors of Hop use 2"):
        hop.get_lm()
    with pytest.raises(ValueError, match="Module has no predictors"):
        dspy.Module().get_lm()


class Broken(dspy.Module):
    """A program that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.answer = dspy.Predict("question -> answer")
        self.error = error

    def forward(self, question: str) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("simulated"), KeyError("simulated"), FileNotFoundError("simulated")]
)
def test_an_optimizer_fails_with_the_programs_error(error: Exception) -> None:
    rows = [dspy.Example(question="q", answer="a").with_inputs("question")] * 3
    optimizer = dspy.BootstrapFewShot(max_errors=1)
    with pytest.raises(type(error), match="simulated") as caught:
        optimizer.compile(Broken(error), trainset=rows)
    assert isinstance(caught.value, OptimizerError)
    assert type(caught.value.__cause__) is type(error)


def test_errors_of_two_classes() -> None:
    both = also_as(StateError("what is wrong"), LookupError("x"))
    assert isinstance(both, StateError)
    assert isinstance(both, LookupError)
    assert str(both) == "what is wrong"
    again = pickle.loads(pickle.dumps(both))  # noqa: S301 our own
    assert type(again) is StateError
    assert str(again) == "what is wrong"
    plain = StateError("alone")
    assert also_as(plain, ValueError()) is plain
    assert also_as(plain, KeyboardInterrupt()) is plain
    broken = also_as(ConfigurationError("no"), UnicodeDecodeError("utf-8", b"", 0, 1, "x"))
    assert isinstance(broken, ConfigurationError)
