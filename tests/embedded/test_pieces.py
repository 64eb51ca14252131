"""Models in this process write in pieces, and stop when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import ContextWindowExceededError, LMInvalidRequestError, LMTimeoutError
from dspyc.runtime.lm.reproducible import reproducible
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.lm.stream import Delta, collect
from dspyc.runtime.lm.transports import embedded
from dspyc.runtime.lm.transports.embedded import EmbeddedTransport

MODEL = "embedded/banking"
LONG = {"max_tokens": 900, "grammar": 'root ::= ("a" | "b"){900}'}
"""What takes this model seconds to write."""
TRANSPORT = EmbeddedTransport()


def request(text: str = "I lost my card", **settings: Any) -> Request:
    content = f"[[ ## text ## ]]\n{text}"
    return Request(MODEL, [{"role": "user", "content": content}], {"max_tokens": 30, **settings})


async def pieces_of(asked: Request) -> list[Delta]:
    return [delta async for delta in TRANSPORT.astream(asked)]


def said(response: Response) -> Any:
    return [
        (one.text, one.finish_reason, one.logprobs) for one in response.completions
    ], response.usage, response.cost, response.model  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n": 3, "seed": 5, "temperature": 1.5},
        {"max_tokens": 3},
        {"logprobs": True, "top_logprobs": 2},
        {"grammar": 'root ::= "yes" | "no"'},
        {"stop": ["## ]]"]},
    ],
    ids=str,
)
def test_pieces_make_the_whole_answer(settings: dict[str, Any]) -> None:
    with reproducible():
        whole = TRANSPORT.complete(request(**settings))
        pieces = asyncio.run(pieces_of(request(**settings)))
        limited = TRANSPORT.complete(request(**settings, timeout=60))
    assert said(collect(pieces)) == said(whole) == said(limited)
    assert collect(pieces).id
    assert limited.id
    # llama.cpp gives probabilities of all tokens to whole answers only.
    assert (len(pieces) > len(whole.completions) + 1) is ("logprobs" not in settings)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"grammar": "root ::= ("}, LMInvalidRequestError),
        ({"text": "a card " * 1000}, ContextWindowExceededError),
    ],
)
def test_errors_are_those_of_a_whole_answer(settings: dict[str, Any], error: type[Exception]) -> None:
    told = []
    for ask in (
        lambda: TRANSPORT.complete(request(**settings)),
        lambda: TRANSPORT.complete(request(**settings, timeout=60)),
        lambda: asyncio.run(pieces_of(request(**settings))),
    ):
        with pytest.raises(error) as raised:
            ask()
        told.append(str(raised.value))
    assert len(set(told)) == 1


@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_an_answer_that_takes_too_long_is_given_up(limit: str) -> None:
    ask = dspy.Predict("text -> label", max_retries=0)
    lm = dspy.LM(MODEL, cache=False, num_retries=0, **LONG)
    with dspy.context(lm=lm), pytest.raises(LMTimeoutError, match=r"did not answer within 0\.0"):
        ask(text="a", config={limit: 0.05})


def test_llama_stops_where_nobody_waits_any_more() -> None:
    told: list[Delta] = []
    server, bodies = embedded._asked(request(**LONG))
    write = embedded._writing(server, [*bodies, *bodies], request(**LONG))
    write(told.append, lambda: len(told) >= 3)
    assert len(told) == 3
    assert not any(delta.finish_reason or delta.usage for delta in told)


def test_a_stream_that_is_left_leaves_nobody_at_work() -> None:
    async def left() -> int:
        stream = TRANSPORT.astream(request(n_parallel=1, **LONG))
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]
        return len(await asyncio.gather(*[TRANSPORT.acomplete(request(n_parallel=1)) for _ in "ab"]))

    assert asyncio.run(left()) == 2


def test_a_thread_of_its_own_sees_the_settings_of_here() -> None:
    before = threading.active_count()
    with reproducible():
        first = TRANSPORT.complete(request(timeout=60))
        assert said(first) == said(TRANSPORT.complete(request()))
    assert threading.active_count() <= before + 1


def test_a_programs_stream_comes_while_the_model_writes() -> None:
    ask = dspy.Predict("text -> label")
    program = dspy.streamify(ask, stream_listeners=[dspy.streaming.StreamListener("label")])

    async def heard() -> list[Any]:
        with dspy.context(lm=dspy.LM(MODEL, cache=False)):
            return [piece async for piece in program(text="I lost my card")]

    *pieces, last = asyncio.run(heard())
    assert len(pieces) > 1
    assert "".join(piece.chunk for piece in pieces) == last.label
