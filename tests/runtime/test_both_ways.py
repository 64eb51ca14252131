"""A predictor asks in one piece where its caller waits in place, and by coroutines on an event loop: whatever
can be seen of a call is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.execution import drive
from dspyc.runtime.execution.assertions import feedback
from dspyc.runtime.execution.exits import Stopped
from dspyc.runtime.lm import cache, history
from dspyc.runtime.lm.messages import Text
from dspyc.runtime.lm.request import Completion
from dspyc.runtime.lm.usage import observing


class Item(BaseModel):
    name: str
    count: int
    note: str | None = None


class Order(dspy.Signature):
    """Read the order."""

    message: str = dspy.InputField()
    year: int = dspy.InputField(default=2020)
    items: list[Item] = dspy.OutputField()
    kind: Literal["new", "changed"] = dspy.OutputField()
    total: float = dspy.OutputField(ge=0)


def told(items: str, kind: str = "new", total: str = "3") -> str:
    return (
        f"[[ ## items ## ]]\n{items}\n\n[[ ## kind ## ]]\n{kind}\n\n[[ ## total ## ]]\n{total}\n\n"
        "[[ ## completed ## ]]"
    )


GOOD = told('[{"name": "lamp", "count": 2}, {"name": "bulb", "count": 1, "note": "n/a"}]')
MENDED = told("- name: lamp\n  count: two\n", "New.", "about 3.0 euros")
LAYOUT = told("{items}", "{kind}", "{total}")
WRONG = told("[]", "old", "3")
NEGATIVE = told("[]", "new", "-1")
JSON = '{"items": [], "kind": "changed", "total": 1}'
USED = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


class Script(dspy.BaseLM):
    """Answers what it is given, one after the other, and keeps what it was asked."""

    model = "test/scripted"

    def __init__(self, *script: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.script = list(script)
        self.asked: list[Any] = []

    def answer(self, request: Any) -> Any:
        self.asked.append((request.openai_messages, dict(request.settings)))
        answer = self.script.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return dspy.Response((answer,), USED, 0.5) if isinstance(answer, str) else answer


class Scripted(Script):
    """The same at once."""

    def complete(self, request: Any) -> Any:
        return self.answer(request)


class AsDSPy(Script):
    """The same in the way of DSPy's models."""

    def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        return {"choices": [{"message": {"content": self.script.pop(0)}}], "usage": USED, "model": "theirs"}


class Awaited(Script):
    """The same for an event loop only."""

    async def acomplete(self, request: Any) -> Any:
        await asyncio.sleep(0)
        return self.answer(request)


class Called(Scripted):
    """One that a wrapper stands around."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


class Cached(Scripted):
    """One whose answers are kept."""

    cache = True


class Politely(dspy.ChatAdapter):
    """An adapter with a hook of its own."""

    def format_task_description(self, signature: Any) -> str:
        return "Please: " + signature.instructions


class Twice(dspy.ChatAdapter):
    """An adapter whose call is its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) * 2


class Heard(dspy.BaseCallback):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        told = self.told

        def tell(call_id: str, **facts: Any) -> None:
            told.append((name, sorted(facts), repr(facts.get("exception")), str(facts.get("outputs"))))

        return tell


class Around(dspy.Module):
    """A module that awaits the predictor."""

    concurrent = False

    def __init__(self, predict: Any) -> None:
        self.predict = predict

    async def aforward(self, **inputs: Any) -> Any:
        return await self.predict.acall(**inputs)


def in_one_piece(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return predict(**inputs)


def on_a_loop(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return asyncio.run(predict.acall(**inputs))


def inside(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return Around(predict)(**inputs)


def several(*texts: str) -> Any:
    return dspy.Response([Completion((Text(text),)) for text in texts], USED)


def cut(text: str) -> Any:
    return dspy.Response((text,), finish_reason="length")


Case = Callable[[], tuple[Any, dict[str, Any], dict[str, Any]]]
"""Makes a predictor, its inputs and the settings around."""
MESSAGE = {"message": "two lamps"}


def case(*script: Any, kind: type[Script] = Scripted, signature: Any = Order, **more: Any) -> Case:
    """One with a model that answers this.

    Args:
        script: what it answers.
        kind: its class.
        signature: what is asked.
        more: `inputs`, `settings`, and arguments of the predictor.
    """

    def make() -> tuple[Any, dict[str, Any], dict[str, Any]]:
        own = dict(more)
        inputs, settings = own.pop("inputs", MESSAGE), own.pop("settings", {})
        predict = dspy.Predict(signature, **own)
        return predict, dict(inputs), {"lm": kind(*script), **settings}

    return make


CASES: dict[str, Case] = {
    "as asked": case(GOOD),
    "mended": case(MENDED),
    "another form": case(JSON),
    "an echo of the layout": case(LAYOUT + "\n\n" + GOOD, GOOD),
    "asked again": case(WRONG, "no idea", GOOD),
    "in vain": case(WRONG, WRONG, WRONG),
    "a broken condition": case(NEGATIVE, GOOD),
    "cut off": case(cut(GOOD[:40]), GOOD, max_tokens=50),
    "cut off at the end": case(cut(GOOD)),
    "several": case(several(GOOD, WRONG, MENDED), GOOD, n=3),
    "no answer": case(dspy.Response(())),
    "filtered": case(dspy.Response(("x",), finish_reason="content_filter")),
    "an error of the model": case(dspy.LMError("down", model="test/scripted")),
    "an error of the program": case(KeyError("oh")),
    "a stop": case(StopIteration("over")),
    "a wrong input": case(GOOD, inputs={"message": "x", "year": "soon"}),
    "an unknown input": case(GOOD, inputs={"mesage": "x"}),
    "typed inputs": case(GOOD, inputs={"message": "zwölf ## Lampen", "year": "2021"}),
    "settings of the call": case(
        GOOD, inputs={**MESSAGE, "config": {"temperature": 0.3}, "max_retries": 0, "demos": []}
    ),
    "demos": case(GOOD, demos=[{"message": "one bulb", "items": [], "kind": "new", "total": 0.0}]),
    "one text": case(
        "[[ ## answer ## ]]\n  four  \n", signature="question -> answer", inputs={"question": "?"}
    ),
    "nothing said": case(
        '[[ ## words ## ]]\n["none", "N/A"]\n\n[[ ## completed ## ]]',
        signature="question -> words: list[str]",
        inputs={"question": "?"},
    ),
    "DSPy's way": case(GOOD, kind=AsDSPy),
    "an awaited model": case(GOOD, kind=Awaited),
    "a wrapped model": case(GOOD, kind=Called),
    "a cached model": case(GOOD, kind=Cached, settings={"calls": 2}),
    "after a failed assertion": case(GOOD, settings={"feedback": "too long"}),
    "an adapter with a hook": case(GOOD, settings={"adapter": Politely()}),
    "an adapter with a call": case(GOOD, settings={"adapter": Twice()}),
    "JSON": case(JSON, settings={"adapter": dspy.JSONAdapter()}),
    "XML": case("<items>[]</items><kind>new</kind><total>1</total>", settings={"adapter": dspy.XMLAdapter()}),
    "usage": case(GOOD, settings={"track_usage": True}),
    "no history": case(GOOD, settings={"disable_history": True}),
    "callbacks": case(WRONG, GOOD, settings={"callbacks": [Heard()]}),
    "callbacks of its own": case(WRONG, WRONG, WRONG, callbacks=[Heard()]),
    "not recorded": case(GOOD, settings={"trace": None}),
}


def seen(call: Callable[[Any, Mapping[str, Any]], Any], make: Case) -> Any:
    """Everything that can be seen of a call."""
    predict, inputs, settings = make()
    lm = settings["lm"]
    trace: list[Any] | None = settings.pop("trace", [])
    count, reason = settings.pop("calls", 1), settings.pop("feedback", None)
    listeners = [*settings.get("callbacks", ()), *predict.callbacks]
    for listener in listeners:
        listener.told.clear()
    observed: list[Any] = []
    history.ALL.clear()
    cache.configure_cache(enable_disk_cache=False)
    token = feedback.set(reason)
    error: BaseException | None = None
    facts: dict[str, Any] = {}
    with dspy.context(trace=trace, **settings), observing(lambda found, asked: observed.append(found)):
        try:
            prediction = [call(predict, inputs) for _ in range(count)][-1]
        except Exception as raised:  # noqa: BLE001  what it is, is compared
            error = raised
        else:
            facts = {
                "fields": {name: (type(value), value) for name, value in prediction.items()},
                "repairs": prediction.repairs,
                "completions": prediction.completions.items(),
                "usage": prediction.get_lm_usage(),
                "cost": prediction.get_lm_cost(),
                "probabilities": prediction.probabilities,
            }
    feedback.reset(token)
    return {
        **facts,
        "error": (type(error), str(error), getattr(error, "attempts", None) and len(error.attempts)),  # type: ignore[union-attr]
        "asked": lm.asked,
        "observed": observed,
        "lm": entries(lm.history),
        "module": entries(predict.history),
        "all": entries(history.ALL),
        "trace": [(step[0] is predict, step[1], dict(step[2].items())) for step in trace or ()],
        "told": [event for listener in listeners for event in listener.told if "module" not in event[0]],
    }


def entries(calls: Any) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in entry.items() if name not in ("timestamp", "uuid")} for entry in calls
    ]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("other", [on_a_loop, inside])
def test_a_call_is_the_same_both_ways(name: str, other: Callable[..., Any]) -> None:
    at_once = seen(in_one_piece, CASES[name])
    if name == "a stop" and other is on_a_loop:
        # No coroutine lets a StopIteration through.
        at_once["error"] = (Stopped, "StopIteration: over", None)
    assert seen(other, CASES[name]) == at_once


def test_a_call_that_waits_in_place_makes_no_coroutine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: Any) -> Any:
        work.close()
        raise AssertionError("a coroutine was made")

    predict = dspy.Predict(Order)
    with dspy.context(lm=Scripted(GOOD, GOOD)):
        with monkeypatch.context() as patched:
            patched.setattr(drive, "drive", refuse)
            assert predict(**MESSAGE).kind == "new"
        assert Around(predict)(**MESSAGE).kind == "new"


def test_what_a_program_puts_in_the_place_of_a_call_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    async def other(self: Any, **inputs: Any) -> Any:
        return "other"

    class Own(dspy.Predict):
        async def aforward(self, /, **inputs: Any) -> Any:
            return (await super().aforward(**inputs)).kind

    class First(dspy.Predict):
        def forward(self, **inputs: Any) -> Any:
            return "first"

    with dspy.context(lm=Scripted(*[GOOD] * 2)):
        assert Own(Order)(**MESSAGE) == "new"
        assert First(Order)(**MESSAGE) == "first"
        predict = dspy.Predict(Order)
        assert predict(**MESSAGE).kind == "new"
        for name in ("aforward", "acall"):
            with monkeypatch.context() as patched:
                patched.setattr(dspy.Predict, name, other)
                assert predict(**MESSAGE) == "other"
            with monkeypatch.context() as patched:
                patched.setattr(predict, name, other.__get__(predict), raising=False)
                assert predict(**MESSAGE) == "other"
