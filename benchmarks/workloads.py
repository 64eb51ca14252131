"""The work that is measured, written once and run on either library: `python workloads.py dspyc|dspy NAME`.

Prints one JSON object: CPU seconds of one round (the least of several) and how many calls a round makes.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

ANSWER = """[[ ## label ## ]]
billing

[[ ## urgency ## ]]
3

[[ ## summary ## ]]
The customer wants a refund.

[[ ## completed ## ]]"""
ROUNDS = 7
CALLS = 300


def instant_lm(dspy: Any, library: str) -> Any:
    """A language model that answers at once, written in the way that each library documents."""
    if library == "dspyc":

        class Instant(dspy.BaseLM):  # type: ignore[misc]
            model = "instant"

            def complete(self, request: Any) -> Any:
                return dspy.Response((ANSWER,))

        return Instant()

    from types import SimpleNamespace

    class InstantDSPy(dspy.BaseLM):  # type: ignore[misc]
        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            message = SimpleNamespace(content=ANSWER, tool_calls=None)
            choice = SimpleNamespace(message=message, finish_reason="stop")
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            return SimpleNamespace(choices=[choice], usage=usage, model="instant")

    return InstantDSPy(model="instant")


def ticket_signature(dspy: Any) -> Any:
    """Three inputs, three outputs."""

    class Ticket(dspy.Signature):  # type: ignore[misc]
        """Sort a customer's message."""

        subject: str = dspy.InputField()
        message: str = dspy.InputField(desc="as the customer wrote it")
        customer_since: int = dspy.InputField()
        label: Literal["billing", "technical", "other"] = dspy.OutputField()
        urgency: int = dspy.OutputField()
        summary: str = dspy.OutputField(desc="one sentence")

    return Ticket


INPUTS = {
    "subject": "Charged twice",
    "message": "I was charged twice in May, please pay one back.",
    "customer_since": 2019,
}


def predict(dspy: Any) -> Callable[[], Any]:
    """`Predict` with three inputs and three outputs."""
    program = dspy.Predict(ticket_signature(dspy))
    return lambda: program(**INPUTS)


def format_demos(dspy: Any) -> Callable[[], Any]:
    """`ChatAdapter.format` with 16 demos."""
    adapter, signature = dspy.ChatAdapter(), ticket_signature(dspy)
    demo = {**INPUTS, "label": "billing", "urgency": 3, "summary": "Wants a refund."}
    demos = [dspy.Example(**demo) for _ in range(16)]
    return lambda: adapter.format(signature, demos, INPUTS)


def parse_answer(dspy: Any) -> Callable[[], Any]:
    """`ChatAdapter.parse` of three fields."""
    adapter, signature = dspy.ChatAdapter(), ticket_signature(dspy)
    return lambda: adapter.parse(signature, ANSWER)


def make_signature(dspy: Any) -> Callable[[], Any]:
    """A signature from a string, a new one each time."""
    count = iter(range(10**9))
    return lambda: dspy.Signature(f"question{next(count)}, context: list[str] -> answer: float")


WORK: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "Predict, 3 inputs, 3 outputs": predict,
    "ChatAdapter.format, 16 demos": format_demos,
    "ChatAdapter.parse, 3 fields": parse_answer,
    "Signature from a string": make_signature,
}


def measure(library: str, name: str) -> dict[str, float]:
    """CPU microseconds of one call: the least over the rounds."""
    dspy = importlib.import_module("dspyc.runtime" if library == "dspyc" else "dspy")
    dspy.configure(lm=instant_lm(dspy, library))
    call = WORK[name](dspy)
    for _ in range(20):
        call()
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, time.process_time() - begin)
    return {"microseconds": best / CALLS * 1e6}


def answer_once(library: str) -> None:
    """Import a library and make one call."""
    dspy = importlib.import_module("dspyc.runtime" if library == "dspyc" else "dspy")
    dspy.configure(lm=instant_lm(dspy, library))
    predict(dspy)()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
