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
from dspyc.runtime.lm import cache, flights, history
from dspyc.runtime.lm.messages import Text, ToolCall
from dspyc.runtime.lm.request import Completion
from dspyc.runtime.lm.usage import observing
from support.callers import (
    USED,
    Around,
    AsDSPy,
    AsksToo,
    Awaited,
    AwaitedTwice,
    BothOfDSPy,
    Cached,
    CachedAsDSPy,
    Called,
    CalledBothWays,
    Heard,
    LooksAndIsKept,
    LooksWhetherToWait,
    OnlyAwaitedOfDSPy,
    Politely,
    Replies,
    Replying,
    Requests,
    Script,
    Scripted,
    Sends,
    Stops,
    TakesTools,
    Twice,
    left_as_found,
    state,
)


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


def in_one_piece(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return predict(**inputs)


def on_a_loop(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return asyncio.run(left_as_found(predict.acall(**inputs)))


def inside(predict: Any, inputs: Mapping[str, Any]) -> Any:
    return Around(predict)(**inputs)


def several(*texts: str) -> Any:
    return dspy.Response([Completion((Text(text),)) for text in texts], USED)


def cut(text: str) -> Any:
    return dspy.Response((text,), finish_reason="length")


Case = Callable[[], tuple[Any, dict[str, Any], dict[str, Any]]]
"""Makes a predictor, its inputs and the settings around."""
MESSAGE = {"message": "two lamps"}


def case(
    *script: Any, kind: type[Script] = Scripted, signature: Any = Order, own: Any = None, **more: Any
) -> Case:
    """One with a model that answers this.

    Args:
        script: what it answers.
        kind: its class.
        signature: what is asked.
        own: arguments of the model.
        more: `inputs`, `settings`, and arguments of the predictor.
    """

    def make() -> tuple[Any, dict[str, Any], dict[str, Any]]:
        given = dict(more)
        inputs, settings = given.pop("inputs", MESSAGE), given.pop("settings", {})
        predict = dspy.Predict(signature, **given)
        return predict, dict(inputs), {"lm": kind(*script, **(own or {})), **settings}

    return make


def look_up(word: str) -> str:
    """Look a word up."""
    return word


class WithTools(dspy.Signature):
    """Say what to call."""

    question: str = dspy.InputField()
    tools: list[dspy.Tool] = dspy.InputField()
    calls: dspy.ToolCalls = dspy.OutputField()


TOOLS = {"question": "?", "tools": [dspy.Tool(look_up)]}
TOKENS = {
    "content": [{"token": each, "logprob": -0.1, "top_logprobs": []} for each in (GOOD[:99], GOOD[99:])]
}
CALL = dspy.Response((Completion((ToolCall("1", "look_up", '{"word": "a"}'),)),), USED)

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
    "both ways of DSPy": case(GOOD, kind=BothOfDSPy),
    "an awaited model of DSPy": case(GOOD, kind=OnlyAwaitedOfDSPy),
    "its own way to send": case(GOOD, kind=Sends),
    "its own way to reply": case(WRONG, GOOD, kind=Replies),
    "its own requests": case(GOOD, kind=Requests),
    "wrapped both ways": case(GOOD, kind=CalledBothWays),
    "an adapter that is awaited": case(GOOD, settings={"adapter": AwaitedTwice()}),
    "an adapter that asks its way": case(JSON, settings={"adapter": Replying()}),
    "an adapter that asks another": case(GOOD, settings={"adapter": AsksToo()}),
    "an adapter that stops": case(GOOD, settings={"adapter": Stops()}),
    "callbacks of the model": case(WRONG, GOOD, own={"callbacks": [Heard()]}),
    "callbacks of the adapter": case(WRONG, GOOD, settings={"adapter": dspy.ChatAdapter([Heard()])}),
    "callbacks of all, in vain": case(
        KeyError("oh"),
        own={"callbacks": [Heard()]},
        callbacks=[Heard()],
        settings={"adapter": dspy.ChatAdapter([Heard()])},
    ),
    "log probabilities": case(dspy.Response((Completion((Text(GOOD),), "stop", TOKENS),), USED)),
    "native tools": case(
        CALL,
        kind=TakesTools,
        signature=WithTools,
        inputs=TOOLS,
        settings={"adapter": dspy.ChatAdapter(use_native_function_calling=True)},
    ),
    "two steps": case(
        "Two lamps.", settings={"adapter": lambda: dspy.TwoStepAdapter(Scripted(GOOD, model="test/reads"))}
    ),
    "a budget": case(GOOD, GOOD, settings={"budget": 0.75, "calls": 2}),
    "a short history": case(*[GOOD] * 12, settings={"max_history_size": 8, "calls": 12}),
    "a cached model of DSPy": case(GOOD, kind=CachedAsDSPy, settings={"calls": 2}),
    "other rollouts": case(
        GOOD,
        MENDED,
        kind=Cached,
        inputs={**MESSAGE, "config": {"rollout_id": 1, "temperature": 1.0}},
        settings={"calls": 3, "then": {"config": {"rollout_id": 2, "temperature": 1.0}}},
    ),
    "past the cache": case(
        GOOD, MENDED, kind=Cached, settings={"calls": 2, "then": {"config": {"cache": False}}}
    ),
    "a loop of the model's": case(GOOD, kind=LooksWhetherToWait),
    "a loop of a cached model's": case(GOOD, kind=LooksAndIsKept),
    "an error, then an answer": case(KeyError("oh"), GOOD, settings={"calls": 2, "goes_on": True}),
}


def seen(call: Callable[[Any, Mapping[str, Any]], Any], make: Case) -> Any:
    """Everything that can be seen of a call."""
    predict, inputs, settings = make()
    lm = settings["lm"]
    trace: list[Any] | None = settings.pop("trace", [])
    count, reason = settings.pop("calls", 1), settings.pop("feedback", None)
    then, goes_on = settings.pop("then", {}), settings.pop("goes_on", False)
    if callable(made := settings.get("adapter")) and not isinstance(made, dspy.Adapter):
        settings["adapter"] = made()
    heard = (settings, vars(predict), vars(lm), vars(settings.get("adapter") or object))
    listeners = [each for holder in heard for each in holder.get("callbacks") or ()]
    for listener in listeners:
        listener.told.clear()
    observed: list[Any] = []
    history.ALL.clear()
    cache.configure_cache(enable_disk_cache=False)
    token = feedback.set(reason)
    error: BaseException | None = None
    facts: dict[str, Any] = {}
    with dspy.context(trace=trace, **settings), observing(lambda found, asked: observed.append(found)):
        before = state()
        try:
            for number in range(count):
                try:
                    prediction = call(predict, {**inputs, **(then if number else {})})
                except KeyError:
                    if not goes_on or number:
                        raise
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
        assert state() == before
        assert not flights._flights
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
        "told": [event for listener in listeners for event in listener.told],
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
    if name == "an adapter that stops":
        assert at_once["error"] == (RuntimeError, "a part of the call raised StopIteration", None)
        at_once["error"] = (RuntimeError, "coroutine raised StopIteration", None)
    assert seen(other, CASES[name]) == at_once


@pytest.mark.parametrize("kind", [Scripted, Cached, AsDSPy, Called, Sends])
def test_a_stop_of_the_model_arrives_as_it_is(kind: type[Script]) -> None:
    class Stopping(kind):  # type: ignore[misc, valid-type]
        def complete(self, request: Any) -> Any:
            raise StopIteration("over")

        def forward(self, **kwargs: Any) -> Any:
            raise StopIteration("over")

    predict = dspy.Predict(Order)
    with dspy.context(lm=Stopping()), pytest.raises(StopIteration, match="over"):
        predict(**MESSAGE)


def test_a_hook_that_stops_does_not_end_a_loop_of_the_caller() -> None:
    class ThirdStops(dspy.ChatAdapter):
        seen = 0

        def parse(self, signature: Any, completion: str) -> Any:
            self.seen += 1
            return next(iter(())) if self.seen == 3 else super().parse(signature, completion)

    predict = dspy.Predict(Order)
    with (
        dspy.context(lm=Scripted(*[GOOD] * 6), adapter=ThirdStops()),
        pytest.raises(RuntimeError, match="raised StopIteration"),
    ):
        list(map(lambda message: predict(message=message), "abcdef"))  # noqa: C417 a generator would complain


def test_what_is_called_in_place_inside_of_a_loop_or_a_thread_is_the_same() -> None:
    async def in_place(predict: Any, inputs: Mapping[str, Any]) -> Any:
        return predict(**inputs)

    def in_a_loop(predict: Any, inputs: Mapping[str, Any]) -> Any:
        return asyncio.run(left_as_found(in_place(predict, inputs)))

    def in_a_thread(predict: Any, inputs: Mapping[str, Any]) -> Any:
        return asyncio.run(asyncio.to_thread(predict, **inputs))

    def driven(predict: Any, inputs: Mapping[str, Any]) -> Any:
        return drive.drive(predict.acall(**inputs))

    kinds = (
        "asked again",
        "an awaited model",
        "a loop of the model's",
        "a loop of a cached model's",
        "a stop",
    )
    for name in (*kinds, "an error of the program"):
        at_once = seen(in_one_piece, CASES[name])
        assert seen(driven, CASES[name]) == at_once, name
        if name == "a stop":
            continue  # neither a task nor a future takes one
        if "loop" not in name:
            assert seen(in_a_loop, CASES[name]) == at_once, name
        assert seen(in_a_thread, CASES[name]) == at_once, name


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


def test_what_stands_behind_a_predictor_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    module_call = dspy.Module.__call__

    class Logged(dspy.Module):
        def __call__(self, *args: Any, **inputs: Any) -> Any:
            called.append("mixin")
            return super().__call__(*args, **inputs)

    class Mixed(dspy.Predict, Logged):
        pass

    def patched(self: Any, *args: Any, **inputs: Any) -> Any:
        called.append("patched")
        return module_call(self, *args, **inputs)

    with dspy.context(lm=Scripted(*[GOOD] * 3)):
        assert Mixed(Order)(**MESSAGE).kind == "new"
        with monkeypatch.context() as changed:
            changed.setattr(dspy.Module, "__call__", patched)
            assert dspy.Predict(Order)(**MESSAGE).kind == "new"
        assert dspy.Predict(Order)(**MESSAGE).kind == "new"
    assert called == ["mixin", "patched"]


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
