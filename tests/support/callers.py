"""Models, adapters and listeners of every kind that a call goes through, as users write them."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from typing import Any

import dspyc.runtime as dspy
from dspyc.runtime.execution import drive

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


class CachedAsDSPy(AsDSPy):
    """The same, kept."""

    cache = True


class BothOfDSPy(AsDSPy):
    """One that can be awaited too."""

    async def aforward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return self.forward(prompt, messages, **kwargs)


class OnlyAwaitedOfDSPy(Script):
    """One that can only be awaited."""

    async def aforward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return {"choices": [{"message": {"content": self.script.pop(0)}}], "usage": USED, "model": "theirs"}


class Sends(Scripted):
    """One that looks at what goes out and comes back."""

    async def send(self, request: Any) -> Any:
        self.asked.append("sends")
        return await super().send(request)


class Replies(Scripted):
    """One that looks at what adapters ask."""

    def reply(self, *args: Any, **kwargs: Any) -> Any:
        self.asked.append("replies")
        return super().reply(*args, **kwargs)


class Requests(Scripted):
    """One that looks at direct calls, which predictors do not make."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self.asked.append("requests")
        return super().request(*args, **kwargs)


class CalledBothWays(Called):
    """One that a wrapper stands around, in both ways."""

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        return await super().acall(*args, **kwargs)


class TakesTools(Scripted):
    """One that answers with calls of tools."""

    capabilities = dspy.BaseLM.capabilities._replace(native_tools=True)


class LooksWhetherToWait(Scripted):
    """One whose own code may run an event loop, as it is not inside of one."""

    def complete(self, request: Any) -> Any:
        self.asked.append(drive.blocking.get())
        return asyncio.run(self.looked(request))

    async def looked(self, request: Any) -> Any:
        self.asked.append(drive.blocking.get())
        return self.answer(request)


class LooksAndIsKept(LooksWhetherToWait):
    """The same, kept."""

    cache = True


class Politely(dspy.ChatAdapter):
    """An adapter with a hook of its own."""

    def format_task_description(self, signature: Any) -> str:
        return "Please: " + signature.instructions


class Twice(dspy.ChatAdapter):
    """An adapter whose call is its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) * 2


class AwaitedTwice(dspy.ChatAdapter):
    """An adapter whose asynchronous call is its own."""

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        return [*await super().acall(*args, **kwargs)] * 2


class Replying(dspy.ChatAdapter):
    """An adapter with a way to ask of its own."""

    def reply(self, *args: Any) -> Any:
        return dspy.JSONAdapter().reply(*args)


class Stops(dspy.ChatAdapter):
    """An adapter with a hook that stops."""

    def parse(self, signature: Any, completion: str) -> Any:
        return next(iter(()))


class AsksToo(dspy.ChatAdapter):
    """An adapter that asks another predictor."""

    def parse(self, signature: Any, completion: str) -> Any:
        with dspy.context(adapter=dspy.ChatAdapter(), lm=Scripted("[[ ## answer ## ]]\nfour")):
            inner = dspy.Predict("question -> answer")
            assert inner(question="?").answer == "four"
            assert len(inner.history) == 1
        return super().parse(signature, completion)


class Heard(dspy.BaseCallback):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.around: str | None = None

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        told = self.told

        def tell(call_id: str, **facts: Any) -> None:
            if isinstance(facts.get("instance"), Around):
                self.around = call_id
            if call_id == self.around:
                return
            told.append((name, sorted(facts), repr(facts.get("exception")), str(facts.get("outputs"))))

        return tell


class Around(dspy.Module):
    """A module that awaits the predictor, on the event loop of another thread."""

    concurrent = True

    def __init__(self, predict: Any) -> None:
        self.predict = predict

    async def aforward(self, **inputs: Any) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        assert not drive.blocking.get()
        return await left_as_found(self.predict.acall(**inputs))


def state() -> dict[Any, Any]:
    """All that holds here: who calls, whether to wait in place, the settings, the identity of the call …"""
    return {variable: value for variable, value in copy_context().items() if value is not None}


async def left_as_found(work: Any) -> Any:
    """Await it, and look whether it leaves everything of the task as it was."""
    before = state()
    try:
        return await work
    finally:
        assert state() == before
