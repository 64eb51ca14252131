"""The work that is measured, written once and run on either library: `python workloads.py dspyc|dspy NAME`.

Prints one JSON object: CPU seconds of one round (the least of several) and how many calls a round makes.
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

ANSWER = """[[ ## label ## ]]
billing

[[ ## urgency ## ]]
3

[[ ## summary ## ]]
The customer wants a refund.

[[ ## completed ## ]]"""
ROUNDS = 7
CALLS = 300


def instant_lm(dspy: Any, library: str, answers: Sequence[str] = (ANSWER,)) -> Any:
    """A language model that answers at once, written in the way that each library documents.

    Args:
        dspy: the library.
        library: its name.
        answers: what it answers, one after the other and from the beginning again.
    """
    coming = itertools.cycle(answers)
    if library == "dspyc":

        class Instant(dspy.BaseLM):  # type: ignore[misc]
            model = "instant"

            def complete(self, request: Any) -> Any:
                return dspy.Response((next(coming),))

        return Instant()

    from types import SimpleNamespace

    class InstantDSPy(dspy.BaseLM):  # type: ignore[misc]
        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            message = SimpleNamespace(content=next(coming), tool_calls=None)
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


RECORD = """[[ ## order ## ]]
{"number": 17, "customer": {"name": "Ada", "address": {"street": "Baker Street 1", "city": "London"}}, \
"items": [{"name": "lamp", "count": 2, "price": 19.5}, {"name": "bulb", "count": 4, "price": 2.25}], \
"paid": true}

[[ ## completed ## ]]"""


def predict_record(dspy: Any) -> Callable[[], Any]:
    """`Predict` of a record that holds records and a list of records."""
    from pydantic import BaseModel

    class Address(BaseModel):
        street: str
        city: str

    class Customer(BaseModel):
        name: str
        address: Address

    class Item(BaseModel):
        name: str
        count: int
        price: float

    class Order(BaseModel):
        number: int
        customer: Customer
        items: list[Item]
        paid: bool

    namespace = {
        "__annotations__": {"message": str, "order": Order},
        "message": dspy.InputField(),
        "order": dspy.OutputField(),
        "__doc__": "Read the order.",
    }
    signature = type(dspy.Signature)("ReadOrder", (dspy.Signature,), namespace)
    dspy.configure(lm=instant_lm(dspy, "dspyc" if hasattr(dspy, "DspycError") else "dspy", [RECORD]))
    program = dspy.Predict(signature)
    assert program(message="x").order.items[1].count == 4
    return lambda: program(message=INPUTS["message"])


def format_with(count: int) -> Callable[[Any], Callable[[], Any]]:
    """`ChatAdapter.format` with so many demos, each with values of its own."""

    def work(dspy: Any) -> Callable[[], Any]:
        adapter, signature = dspy.ChatAdapter(), ticket_signature(dspy)
        demos = [
            dspy.Example(
                subject=f"Charged twice in week {number}",
                message=f"I was charged twice in week {number}, please pay one back.",
                customer_since=1990 + number % 30,
                label="billing",
                urgency=number % 5,
                summary="Wants a refund.",
            )
            for number in range(count)
        ]
        return lambda: adapter.format(signature, demos, INPUTS)

    return work


def parse_answer(dspy: Any) -> Callable[[], Any]:
    """`ChatAdapter.parse` of three fields."""
    adapter, signature = dspy.ChatAdapter(), ticket_signature(dspy)
    return lambda: adapter.parse(signature, ANSWER)


def evaluate_rows(dspy: Any) -> Callable[[], Any]:
    """`Evaluate` over 2,000 rows in 8 threads, with a metric that compares one field."""
    program = dspy.Predict(ticket_signature(dspy))
    rows = [dspy.Example(**INPUTS, label="billing").with_inputs(*INPUTS) for _ in range(ROWS)]

    def metric(example: Any, pred: Any, trace: Any = None) -> bool:
        return bool(example.label == pred.label)

    evaluate = dspy.Evaluate(devset=rows, metric=metric, num_threads=8, display_progress=False)
    return lambda: evaluate(program)


def make_signature(dspy: Any) -> Callable[[], Any]:
    """A signature from a string, a new one each time."""
    count = iter(range(10**9))
    return lambda: dspy.Signature(f"question{next(count)}, context: list[str] -> answer: float")


def call_server(dspy: Any) -> Callable[[], Any]:
    """A model behind a server on this machine, called from synchronous code."""
    lm = server_lm(dspy, 0.0)
    return lambda: lm("What colour is the sky?")


def calls_in_flight(dspy: Any) -> Callable[[], Any]:
    """Calls to a server that takes 50 ms for each, 64 at a time on an event loop."""
    import asyncio

    lm = server_lm(dspy, 0.05)

    async def ask(gate: asyncio.Semaphore) -> None:
        async with gate:
            await lm.acall("What colour is the sky?")

    async def ask_all() -> None:
        gate = asyncio.Semaphore(64)
        await asyncio.gather(*(ask(gate) for _ in range(IN_FLIGHT)))

    return lambda: asyncio.run(ask_all())


def stream_tokens(dspy: Any) -> Callable[[], Any]:
    """An answer of 400 pieces, listened to field by field on an event loop; the figure is for one piece."""
    import asyncio

    dspy.configure(lm=server_lm(dspy, 0.0))
    listener = dspy.streaming.StreamListener("answer", allow_reuse=True)
    program = dspy.streamify(dspy.Predict("question -> answer"), stream_listeners=[listener])

    async def listen() -> None:
        async for _ in program(question=INPUTS["message"]):
            pass

    return lambda: asyncio.run(listen())


def hit_in_memory(dspy: Any) -> Callable[[], Any]:
    """A `Predict` whose answer is in the cache's memory."""
    return cached_call(dspy, memory=True)


def hit_on_disk(dspy: Any) -> Callable[[], Any]:
    """A `Predict` whose answer is in the cache's file."""
    return cached_call(dspy, memory=False)


def cached_call(dspy: Any, memory: bool) -> Callable[[], Any]:
    """The same call again and again, answered once by a server."""
    import tempfile  # only here, as what one answer imports is measured, too

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    dspy.configure_cache(disk_cache_dir=folder.name, enable_memory_cache=memory)
    dspy.configure(lm=server_lm(dspy, 0.0, cache=True))
    program = dspy.Predict("question -> answer")
    return lambda: program(question=INPUTS["message"])


def server_lm(dspy: Any, seconds: float, cache: bool = False) -> Any:
    """A model behind a server that takes so long for each answer; the server ends with this process."""
    # Only here: what one answer imports is measured, too.
    import answering

    process, address = answering.start(seconds)
    atexit.register(process.kill)
    return dspy.LM("openai/m", api_base=address, api_key="none", cache=cache, num_retries=0)


IN_FLIGHT = 256
ROWS = 2_000
STREAMED = 400


REACT_STEPS = 3


def react(dspy: Any) -> Callable[[], Any]:
    """`ReAct` with one tool, of three steps and the answer; each of the four answers comes at once."""

    def search(query: str, k: int = 3) -> str:
        """Search the archive."""
        return f"{k} letters about {query}"

    def step(name: str, arguments: str) -> str:
        fields = {"next_thought": "I look.", "next_tool_name": name, "next_tool_args": arguments}
        return "\n\n".join(f"[[ ## {key} ## ]]\n{value}" for key, value in fields.items())

    answers = [step("search", '{"query": "Lisbon", "k": 2}')] * (REACT_STEPS - 1) + [step("finish", "{}")]
    answers.append("[[ ## reasoning ## ]]\nI read it.\n\n[[ ## answer ## ]]\n42")
    answers = [f"{text}\n\n[[ ## completed ## ]]" for text in answers]
    dspy.configure(lm=instant_lm(dspy, "dspyc" if hasattr(dspy, "DspycError") else "dspy", answers))
    agent = dspy.ReAct("question -> answer: int", tools=[search])
    assert agent(question="How many?").answer == 42
    return lambda: agent(question="How many letters are about Lisbon?")


class Work(NamedTuple):
    """What is measured."""

    make: Callable[[Any], Callable[[], Any]]
    runs: int = CALLS
    """How often it is run in a round."""
    calls: int = 1
    """How many calls a run makes."""


WORK = {
    "Predict, 3 inputs, 3 outputs": Work(predict),
    "Predict, a nested record": Work(predict_record),
    "ChatAdapter.format, no demos": Work(format_with(0)),
    "ChatAdapter.format, 16 demos": Work(format_with(16)),
    "ChatAdapter.format, 64 demos": Work(format_with(64)),
    "ChatAdapter.parse, 3 fields": Work(parse_answer),
    "Signature from a string": Work(make_signature),
    "Evaluate, a row of 2,000": Work(evaluate_rows, 1, ROWS),
    "ReAct, 3 steps": Work(react, 100),
    "a call to a server here": Work(call_server, 50),
    "64 calls in flight at 50 ms": Work(calls_in_flight, 1, IN_FLIGHT),
    "a piece of a streamed answer": Work(stream_tokens, 1, STREAMED),
    "Predict, cached in memory": Work(hit_in_memory),
    "Predict, cached on disk": Work(hit_on_disk),
}


def measure(library: str, name: str) -> dict[str, float]:
    """CPU microseconds of one call: the least over the rounds."""
    dspy = importlib.import_module("dspyc.runtime" if library == "dspyc" else "dspy")
    dspy.configure(lm=instant_lm(dspy, library))
    work = WORK[name]
    run = work.make(dspy)
    for _ in range(min(work.runs, 20)):
        run()
    best, wall = float("inf"), float("inf")
    for _ in range(ROUNDS):
        begin, started = time.process_time(), time.perf_counter()
        for _ in range(work.runs):
            run()
        best = min(best, time.process_time() - begin)
        wall = min(wall, time.perf_counter() - started)
    calls = work.runs * work.calls
    return {"microseconds": best / calls * 1e6, "calls_per_second": calls / wall}


def answer_once(library: str) -> None:
    """Import a library and make one call."""
    dspy = importlib.import_module("dspyc.runtime" if library == "dspyc" else "dspy")
    dspy.configure(lm=instant_lm(dspy, library))
    predict(dspy)()


if __name__ == "__main__":
    import json

    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
