"""Models that say themselves what they can do, or only say that they are models, as in DSPy's programs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import weakref
from typing import Any
from unittest.mock import MagicMock

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.replacing import in_place_of
from dspyc.runtime.lm.capabilities import NOTHING_KNOWN


class Told(dspy.BaseLM):
    """Keeps what it is asked, and answers with a text."""

    answer = "[[ ## answer ## ]]\n4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(model="told", **kwargs)
        self.asked: list[dict[str, Any]] = []

    def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        self.asked.append({"messages": messages, **kwargs})
        return {"choices": [{"message": {"content": self.answer}}]}


class CallsTools(Told):
    """Says that it takes tools."""

    @property
    def supports_function_calling(self) -> bool:
        return True


class Thinks(CallsTools):
    """Says more than its base."""

    supports_reasoning = True


class KeepsSchemas(dspy.DummyLM):
    """A model of the runtime's own with another ability."""

    @property
    def supports_response_schema(self) -> bool:
        return super().supports_response_schema or True


class LooksItUp(Told):
    """Says what is known of it besides."""

    capabilities = NOTHING_KNOWN._replace(reasoning=True)


class SaysByWhatIsKnown(LooksItUp):
    """Says what it can do by what it can do."""

    @property
    def supports_function_calling(self) -> bool:
        return self.capabilities.reasoning and self.supports_reasoning


class SaysItToo(SaysByWhatIsKnown):
    """And one beneath it."""

    @property
    def supports_response_schema(self) -> bool:
        return self.capabilities.reasoning and self.supports_function_calling


class Ability:
    """A mixin, which is no model."""

    supports_function_calling = True


class Mixed(Ability, Told):
    """A model with a mixin."""


class MixedBehind(Told, Ability):
    """One whose mixin stands behind what every model has."""


class MixedAndSaid(Ability, Told):
    """One that says itself what it can do."""

    capabilities = NOTHING_KNOWN


class BeneathMixed(Mixed):
    """One that has it from there."""


@pytest.mark.parametrize(
    ("kind", "can"),
    [
        (SaysByWhatIsKnown, {"native_tools": True, "reasoning": True}),
        (SaysItToo, {"native_tools": True, "reasoning": True, "response_schema": True}),
        (Mixed, {"native_tools": True}),
        (BeneathMixed, {"native_tools": True}),
        (MixedBehind, {}),
        (MixedAndSaid, {}),
    ],
)
def test_what_a_class_says_may_build_on_what_is_known(kind: type[Told], can: dict[str, bool]) -> None:
    lm = kind()
    assert lm.capabilities == NOTHING_KNOWN._replace(**can)
    if kind not in (MixedAndSaid,):
        assert lm.supports_function_calling is bool(can.get("native_tools"))
    assert dspy.Predict("question -> answer", lm=lm)(question="x").answer == "4"


def test_the_class_itself_knows_what_is_said_without_its_properties() -> None:
    assert CallsTools.capabilities == NOTHING_KNOWN
    assert SaysItToo.capabilities == LooksItUp.capabilities

    class Sub(CallsTools):
        capabilities = CallsTools.capabilities._replace(logprobs=True)

    assert Sub().capabilities == NOTHING_KNOWN._replace(logprobs=True)


class WithTools(dspy.Signature):
    """Say what to call."""

    question: str = dspy.InputField()
    tools: list[dspy.Tool] = dspy.InputField()
    answer: str = dspy.OutputField()
    tool_calls: dspy.ToolCalls = dspy.OutputField()


def look_up(word: str) -> str:
    """What a word means."""
    return word


# --- supports_… -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "native"), [(Told, False), (CallsTools, True), (Thinks, True)])
def test_tools_go_to_a_model_that_says_it_takes_them(kind: type[Told], native: bool) -> None:
    lm = kind()
    adapter = dspy.ChatAdapter(use_native_function_calling=True)
    lm.answer = "[[ ## answer ## ]]\n4" + ("" if native else '\n[[ ## tool_calls ## ]]\n{"tool_calls": []}')
    with dspy.context(lm=lm, adapter=adapter):
        dspy.Predict(WithTools)(question="x", tools=[dspy.Tool(look_up)])
    assert ("tools" in lm.asked[0]) is native
    assert lm.supports_function_calling is native


def test_reasoning_of_a_model_that_says_it_thinks() -> None:
    class Thought(dspy.Signature):
        question: str = dspy.InputField()
        reasoning: dspy.Reasoning = dspy.OutputField()
        answer: str = dspy.OutputField()

    for lm, effort in ((Thinks(), "low"), (CallsTools(), None)):
        lm.answer = "[[ ## reasoning ## ]]\nso\n[[ ## answer ## ]]\n4"
        with dspy.context(lm=lm):
            assert dspy.Predict(Thought)(question="x").answer == "4"
        assert lm.asked[0].get("reasoning_effort") == effort


def test_a_schema_goes_to_a_model_that_says_it_keeps_it() -> None:
    adapter = dspy.JSONAdapter()
    signature = dspy.Signature("question -> answer: int")
    able, unable = KeepsSchemas([{"answer": "4"}]), dspy.DummyLM([{"answer": "4"}])
    assert adapter.plan(signature, able, {}, {}).output is not None
    assert adapter.plan(signature, unable, {}, {}).output is None


def test_capabilities_that_are_set_count_beside_them() -> None:
    lm = CallsTools()
    lm.capabilities = NOTHING_KNOWN._replace(images=True)
    assert (lm.capabilities.images, lm.capabilities.native_tools) == (True, True)
    assert CallsTools().capabilities.images is False

    class Service(dspy.LM):
        supports_reasoning = True

    service = Service("openai/unknown")
    assert service.capabilities.reasoning
    assert not service.capabilities.native_tools
    service.capabilities = NOTHING_KNOWN._replace(native_tools=True)
    assert service.capabilities.reasoning
    assert service.supports_function_calling

    class Own(CallsTools):
        capabilities = NOTHING_KNOWN

    assert Own().capabilities.native_tools is False


# --- stand-ins ------------------------------------------------------------------------------------------


def fake(*answers: str, **attributes: Any) -> MagicMock:
    """What tests put in a model's place."""
    lm = MagicMock(spec=dspy.LM, **attributes)
    lm.side_effect = [[answer] for answer in answers]
    lm.kwargs = {"temperature": 1.0}
    return lm


def test_a_stand_in_answers_for_the_program() -> None:
    lm = fake("[[ ## answer ## ]]\n4", model="openai/gpt-4o")
    with dspy.context(lm=lm):
        assert dspy.settings.lm is lm
        assert dspy.Predict("question -> answer: int")(question="x", config={"n": 1}).answer == 4
    lm.assert_called_once()
    assert [message["role"] for message in lm.call_args.kwargs["messages"]] == ["system", "user"]
    assert lm.call_args.kwargs["n"] == 1


class Program(dspy.Module):
    """A predictor beneath a module."""

    def __init__(self) -> None:
        self.predict = dspy.Predict("question -> answer")

    def forward(self, question: str) -> Any:
        return self.predict(question=question)


@pytest.mark.parametrize("spec", [dspy.LM, dspy.BaseLM, Told])
@pytest.mark.parametrize("door", ["a call", "a call of a module", "the parts of a module"])
def test_a_stand_in_goes_in_by_every_door(spec: type, door: str) -> None:
    lm = MagicMock(spec=spec, return_value=["[[ ## answer ## ]]\n4"])
    program: Any = dspy.Predict("question -> answer") if door == "a call" else Program()
    given = {"lm": lm}
    if door == "the parts of a module":
        program.use_for_parts(**given)
        given = {}
    assert program(question="x", **given).answer == "4"
    lm.assert_called_once()


def test_a_stand_in_of_the_base_needs_no_other_model() -> None:
    # In a process in which `LM` was never looked at.
    text = (
        "from unittest.mock import MagicMock\n"
        "import dspyc.runtime as dspy\n"
        "lm = MagicMock(spec=dspy.BaseLM, return_value=['[[ ## answer ## ]]\\n4'])\n"
        "dspy.configure(lm=lm)\n"
        "print(dspy.Predict('question -> answer')(question='x').answer)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "4\n"


def test_what_a_stand_in_says_that_it_can_do_counts() -> None:
    lm = fake("[[ ## answer ## ]]\n4", supports_function_calling=True, supports_reasoning=False)
    with dspy.context(lm=lm):
        can = in_place_of(lm).capabilities
    assert can == NOTHING_KNOWN._replace(native_tools=True)


class Proxy:
    """Says that it is what it hands everything on to, as proxies of libraries do."""

    __slots__ = ("__weakref__", "_real")

    def __init__(self, real: Any) -> None:
        object.__setattr__(self, "_real", real)

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return type(object.__getattribute__(self, "_real"))

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_real"), name)


class WholeProxy(Proxy):
    """One that hands on all attributes and calls."""

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return object.__getattribute__(self, "_real").__dict__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return object.__getattribute__(self, "_real")(*args, **kwargs)


@pytest.mark.parametrize("kind", [weakref.proxy, Proxy, WholeProxy])
def test_a_proxy_of_a_model_hands_on_what_it_is_asked(kind: Any) -> None:
    real = Told()
    proxy = kind(real)
    predict = dspy.Predict("question -> answer", lm=proxy)
    before = set(vars(real))
    for settings in ({"lm": proxy}, {}):
        with dspy.context(**settings):
            assert predict(question="x").answer == "4"
            assert predict(question="x", lm=proxy).answer == "4"
    assert set(vars(real)) - before <= {"_history"}
    assert real("x") == [Told.answer]
    assert len(real.asked) == 5


@pytest.mark.parametrize("place", ["attribute", "argument", "set_lm", "configure"])
def test_a_stand_in_is_asked_wherever_it_is_put(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = fake("[[ ## answer ## ]]\n4")
    predict = dspy.Predict("question -> answer", **({"lm": lm} if place == "argument" else {}))
    if place == "attribute":
        predict.lm = lm
    elif place == "set_lm":
        predict.set_lm(lm)
    if place == "configure":
        before = dspy.settings.lm
        dspy.configure(lm=lm)
        try:
            assert predict(question="x").answer == "4"
        finally:
            dspy.configure(lm=before)
    else:
        with dspy.context(lm=dspy.DummyLM([{"answer": "other"}])):
            assert predict(question="x").answer == "4"
    lm.assert_called_once()


def test_stand_ins_of_adapters() -> None:
    extractor = fake('{"answer": 12}')
    adapter = dspy.TwoStepAdapter(extraction_model=extractor)
    with dspy.context(lm=fake("twelve"), adapter=adapter):
        assert dspy.Predict("question -> answer: int")(question="x").answer == 12
    assert "twelve" in extractor.call_args.kwargs["messages"][-1]["content"]
    signature = dspy.Signature("question -> answer")
    found = dspy.ChatAdapter()(fake("[[ ## answer ## ]]\n4"), {}, signature, [], {"question": "x"})
    assert found == [{"answer": "4"}]


def test_a_stand_in_from_asynchronous_code() -> None:
    lm = fake()
    lm.acall.return_value = ["[[ ## answer ## ]]\n4"]

    async def ask() -> Any:
        with dspy.context(lm=lm):
            return await dspy.Predict("question -> answer").acall(question="x")

    assert asyncio.run(ask()).answer == "4"
    lm.acall.assert_awaited_once()


# --- types of one's own ---------------------------------------------------------------------------------


def test_a_type_reads_the_text_of_an_answer_that_is_nothing_else() -> None:
    class Headline(dspy.Type):
        text: str

        @classmethod
        def adapt_to_native_lm_feature(cls, signature: Any, field_name: str, lm: Any, lm_kwargs: Any) -> Any:
            return signature.delete(field_name)

        @classmethod
        def parse_lm_response(cls, response: Any) -> Any:
            return cls(text=response.split("\n")[0])

    class News(dspy.Signature):
        question: str = dspy.InputField()
        answer: str = dspy.OutputField()
        headline: Headline = dspy.OutputField()

    lm = Told()
    lm.answer = "Rain\n[[ ## answer ## ]]\n4"
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(native_response_types=[Headline])):
        found = dspy.Predict(News)(question="x")
    assert (found.answer, found.headline.text) == ("4", "Rain")


# --- citations ------------------------------------------------------------------------------------------

PLACE = {
    "type": "char_location",
    "cited_text": "water boils at 100 °C",
    "document_index": 0,
    "document_title": "Physics",
    "start_char_index": 0,
    "end_char_index": 21,
}


class Sourced(dspy.Signature):
    """Answer from the documents."""

    documents: list[dspy.Document] = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField()
    citations: dspy.Citations = dspy.OutputField()


def _litellm_message(text: str) -> Any:
    from litellm.types.utils import Choices, Message, ModelResponse

    message = Message(content=text, provider_specific_fields={"citations": [[PLACE], None]})
    return ModelResponse(choices=[Choices(message=message, finish_reason="stop")], model="claude")


def test_places_that_anthropics_models_cite(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm

    monkeypatch.setattr(litellm, "completion", lambda **_: _litellm_message("[[ ## answer ## ]]\nAt 100."))
    lm = dspy.LM("anthropic/claude-3-5-sonnet-20241022", api_key="k")
    with dspy.context(lm=lm):
        for _ in range(2):  # from the model, and from the cache
            found = dspy.Predict(Sourced)(documents=[dspy.Document(data="Water …")], question="When?")
            assert found.answer == "At 100."
            assert [place.cited_text for place in found.citations] == ["water boils at 100 °C"]
    assert lm("x", cache=False) == [{"text": "[[ ## answer ## ]]\nAt 100.", "citations": [PLACE]}]


@pytest.mark.parametrize("listens", [True, False])
def test_places_are_streamed(listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm
    from litellm.types.utils import Delta, ModelResponseStream, StreamingChoices

    async def pieces(**_: Any) -> Any:
        async def give() -> Any:
            for text, fields in (
                ("[[ ## answer ## ]]\nAt ", None),
                ("", {"citation": PLACE}),
                ("100.\n\n[[ ##", None),
                ("", {"citation": {**PLACE, "document_index": 1}}),
                (" completed ## ]]", None),
            ):
                delta = Delta(content=text, provider_specific_fields=fields)
                yield ModelResponseStream(model="claude", choices=[StreamingChoices(delta=delta)])

        return give()

    monkeypatch.setattr(litellm, "acompletion", pieces)
    predict = dspy.Predict(Sourced)
    inputs = {"documents": [dspy.Document(data="Water …")], "question": "When?"}
    listeners = [dspy.streaming.StreamListener(name) for name in ("answer", "citations")]
    with dspy.context(lm=dspy.LM("anthropic/claude-3-5-sonnet-20241022", api_key="k", cache=False)):
        if listens:
            streamed = dspy.streamify(predict, stream_listeners=listeners, async_streaming=False)
            got = list(streamed(**inputs))
        else:
            got = list(predict.stream(**inputs))
    *shown, prediction = got
    answer = [piece.chunk for piece in shown if piece.signature_field_name == "answer"]
    places = [piece for piece in shown if piece.signature_field_name == "citations"]
    assert "".join(answer) == "At 100."
    assert [piece.chunk[0].document_index for piece in places if piece.chunk] == [0, 1]
    assert [piece.is_last_chunk for piece in places][-1]
    assert [place.document_index for place in prediction.citations] == [0, 1]


def test_an_answer_that_cites_nothing_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm
    from litellm.types.utils import Delta, ModelResponseStream, StreamingChoices

    async def pieces(**_: Any) -> Any:
        async def give() -> Any:
            delta = Delta(content="[[ ## answer ## ]]\nAt 100.")
            yield ModelResponseStream(model="claude", choices=[StreamingChoices(delta=delta)])

        return give()

    monkeypatch.setattr(litellm, "acompletion", pieces)
    with dspy.context(lm=dspy.LM("anthropic/claude-3-5-sonnet-20241022", api_key="k", cache=False)):
        got = list(dspy.Predict(Sourced).stream(documents=[dspy.Document(data="Water …")], question="When?"))
    assert got[-1].citations is None
    assert [piece.chunk for piece in got[:-1] if piece.signature_field_name == "citations"] == [""]
