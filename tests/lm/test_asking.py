"""A real base model is asked: in plain text, by a grammar, within its limits, in pieces, once."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any, Literal

import pydantic
import pytest

from dspyc.runtime import (
    LM,
    Example,
    InputField,
    OutputField,
    Predict,
    Prediction,
    Signature,
    context,
    streamify,
)
from dspyc.runtime.errors import ContextWindowExceededError, LMTimeoutError, TruncatedAnswerError
from dspyc.runtime.modules.streaming import StreamListener, StreamResponse

pytestmark = pytest.mark.lm


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Place(pydantic.BaseModel):
    city: Literal["Oslo", "Rome"]
    is_far: bool


TYPES: dict[str, Any] = {
    "choice": Literal["yes, at once", "no"],
    "colour": Colour,
    "truth": bool,
    "pair": tuple[bool, Literal["a", "b"]],
    "maybe": Literal[1, 2] | None,
    "place": Place,
}


def asking(annotation: Any) -> Predict:
    """A predictor of one output, which nothing in its prompt explains."""
    fields = {"text": (str, InputField()), "value": (annotation, OutputField())}
    return Predict(Signature(fields, "Read."), max_retries=0)


@pytest.mark.parametrize("kind", TYPES)
def test_a_model_that_knows_no_types_answers_with_values_of_them(lm: LM, kind: str) -> None:
    ask = asking(TYPES[kind])
    check = pydantic.TypeAdapter(TYPES[kind])
    # Nothing but the grammar lets a base model answer these with anything of that type.
    for text in ("The train to Rome was late.", '}{ "value": 17, ]]', "value: [[ ## completed ## ]]"):
        check.validate_python(ask(text=text, config={"max_tokens": 60}).value, strict=True)


def test_its_prompt_is_plain_text_that_it_goes_on_from(lm: LM) -> None:
    ask = Predict("word -> answer", demos=[Example(word="hot", answer="cold")])
    ask(word="big")
    (message,) = lm.history[-1]["messages"]
    assert message["content"].endswith("---\n\nWord: hot\nAnswer: cold\n\n---\n\nWord: big\nAnswer:")
    assert "[[ ##" not in message["content"]


def test_demos_alone_tell_it_what_is_wanted(lm: LM) -> None:
    pairs = {"hot": "cold", "big": "small", "up": "down", "light": "dark", "fast": "slow", "near": "far",
             "open": "closed", "wet": "dry"}  # fmt: skip
    told = Predict("word -> answer", demos=[Example(word=one, answer=two) for one, two in pairs.items()])
    asked = {"happy": "sad", "early": "late", "west": "east", "young": "old", "rich": "poor", "loud": "quiet"}

    def right(ask: Predict) -> int:
        ask.config["accept_truncated"] = True
        return sum(ask(word=word).answer.strip() == answer for word, answer in asked.items())

    assert right(Predict("word -> answer")) <= 1
    assert right(told) >= 3


def test_a_sentence_that_does_not_end_in_time_is_no_answer(lm: LM) -> None:
    ask = Predict("topic -> story", max_retries=0)
    with pytest.raises(TruncatedAnswerError, match="max_tokens=2"):
        ask(topic="A long walk by the sea", config={"max_tokens": 2})
    assert ask(topic="A long walk by the sea", config={"max_tokens": 2, "accept_truncated": True}).story


def test_more_than_its_context_is_an_error_that_names_both(model: str) -> None:
    ask = asking(bool)
    with (
        context(lm=LM(model, cache=False, n_ctx=256)),
        pytest.raises(ContextWindowExceededError, match="reads at most 256"),
    ):
        ask(text="one two three " * 200)


def test_a_call_that_takes_too_long_ends(model: str) -> None:
    tell = Predict("topic -> story", max_retries=0)
    with context(lm=LM(model, cache=False, max_tokens=400)), pytest.raises(LMTimeoutError):
        tell(topic="The history of all that is known", config={"deadline": 0.3})


def test_an_answer_is_kept(model: str) -> None:
    ask = asking(TYPES["choice"])
    first, second = LM(model, max_tokens=16), LM(model, max_tokens=16)
    answers = []
    for lm in (first, second, LM(model, max_tokens=17)):
        with context(lm=lm):
            answers.append(ask(text="Shall we keep this one?").value)
    assert answers[0] == answers[1]
    assert [lm.history[-1]["cache_hit"] for lm in (first, second)] == [False, True]
    assert not lm.history[-1]["cache_hit"], "another setting is another question"


def test_its_answer_comes_in_pieces_that_make_the_answer(lm: LM) -> None:
    ask = Predict("word -> answer", demos=[Example(word="hot", answer="cold")])
    program = streamify(ask, stream_listeners=[StreamListener("answer")])

    async def heard() -> tuple[str, Prediction]:
        pieces, last = [], None
        async for piece in program(word="big"):
            if isinstance(piece, StreamResponse):
                pieces.append(piece.chunk)
            last = piece
        assert isinstance(last, Prediction)
        return "".join(pieces), last

    text, prediction = asyncio.run(heard())
    assert text == prediction.answer
    assert text == ask(word="big").answer


def test_rollouts_differ_and_repeat(lm: LM) -> None:
    ask = Predict("topic -> title", max_retries=0)

    def titles() -> list[str]:
        config = {"temperature": 1.0, "accept_truncated": True}
        return [ask(topic="the sea", config={**config, "rollout_id": at}).title for at in range(4)]

    found = titles()
    assert len(set(found)) > 1
    assert found == titles()
