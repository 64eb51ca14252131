"""Models that llama.cpp answers in this process: the shipped ones, and any GGUF file."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    ContextWindowExceededError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMUnknownModelError,
)
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.lm.transports import embedded
from dspyc.runtime.lm.transports.embedded import SHIPPED, EmbeddedTransport, stop

SYSTEM = """Your input fields are:
1. `text` (str):
Your output fields are:
1. `label` (str):
All interactions will be structured in the following way, with the appropriate values filled in.

[[ ## text ## ]]
{text}

[[ ## label ## ]]
{label}

[[ ## completed ## ]]
In adhering to this structure, your objective is: \n\
        Name the intent of a bank customer's message."""
USER = """[[ ## text ## ]]
%s

Respond with the corresponding output fields, starting with the field `[[ ## label ## ]]`, and then \
ending with the marker for `[[ ## completed ## ]]`."""
MESSAGES = {
    "My card still has not arrived, and it is two weeks now": "card_arrival",
    "someone stole my wallet with the card in it": "lost_or_stolen_card",
    "The machine swallowed my card!": "card_swallowed",
    "I forgot my passcode": "passcode_forgotten",
    "How do I change my PIN?": "change_pin",
    "What is the exchange rate today?": "exchange_rate",
    "I want to close my account": "terminate_account",
    "Why was I charged twice for the same thing?": "transaction_charged_twice",
}


def ask(text: str, model: str = "embedded/banking", **kwargs: object) -> Response:
    return EmbeddedTransport().complete(request(text, model, **kwargs))


def request(text: str, model: str = "embedded/banking", **kwargs: object) -> Request:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER % text}]
    return Request(model, messages, kwargs)


def answer(label: str) -> str:
    return f"[[ ## label ## ]]\n{label}\n\n[[ ## completed ## ]]\n"


def test_the_shipped_model_names_intents_in_the_adapters_format() -> None:
    answers = {text: ask(text).text for text in MESSAGES}
    assert answers == {text: answer(label) for text, label in MESSAGES.items()}


def test_the_base_model_keeps_the_format_and_knows_little() -> None:
    texts = [ask(text, "embedded/banking-base").text for text in MESSAGES]
    assert all(text.startswith("[[ ## label ## ]]\n") and "[[ ## completed ## ]]" in text for text in texts)
    right = sum(text == answer(label) for text, label in zip(texts, MESSAGES.values(), strict=True))
    assert right < len(texts) / 2


def test_any_gguf_file_is_a_model() -> None:
    text = next(iter(MESSAGES))
    assert ask(text, f"gguf/{SHIPPED['banking']}").texts == ask(text).texts


def test_usage_and_the_reason_of_the_end() -> None:
    response = ask("I forgot my passcode")
    assert response.finish_reason == "stop"
    assert not response.is_truncated
    assert response.cost == 0
    assert 30 < response.usage["prompt_tokens"] < 120, "the adapter's boilerplate is a few tokens"
    assert (
        response.usage["total_tokens"]
        == response.usage["prompt_tokens"] + response.usage["completion_tokens"]
    )
    cut = ask("I forgot my passcode", max_tokens=3)
    assert cut.is_truncated
    assert cut.usage["completion_tokens"] == 3


def test_several_answers_repeat_with_a_seed() -> None:
    first = ask("money", n=6, temperature=1.5, seed=7)
    assert len(first.texts) == 6
    assert len(set(first.texts)) > 1
    assert ask("money", n=6, temperature=1.5, seed=7).texts == first.texts
    assert first.usage["completion_tokens"] > ask("money").usage["completion_tokens"]


def test_rollouts_differ_and_each_repeats() -> None:
    rollouts = [ask("money", temperature=1.5, rollout_id=number).text for number in range(6)]
    assert len(set(rollouts)) > 1
    assert rollouts == [ask("money", temperature=1.5, rollout_id=number).text for number in range(6)]


def test_stop_ends_an_answer() -> None:
    assert ask("I forgot my passcode", stop=["\n\n"]).text == "[[ ## label ## ]]\npasscode_forgotten"


def test_a_grammar_is_kept() -> None:
    text = "The machine swallowed my card!"
    assert ask(text).text == answer("card_swallowed")
    assert ask(text, grammar='root ::= "yes" | "no"').text in ("yes", "no")
    choices = '("exchange_rate" | "terminate_account")'
    grammar = rf'root ::= "[[ ## label ## ]]\n" {choices} "\n\n[[ ## completed ## ]]\n"'
    assert ask(text, grammar=grammar).text in (answer("exchange_rate"), answer("terminate_account"))


def test_a_json_schema_is_kept() -> None:
    schema = {"type": "object", "properties": {"label": {"enum": ["x", "y"]}}, "required": ["label"]}
    response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    assert ask("hello", response_format=response_format).text.startswith("{")


def test_a_text_model_goes_on_from_the_prompt() -> None:
    user = USER % "I forgot my passcode"
    prompt = f"<|system|>{SYSTEM}<|end|><|user|>{user}<|end|><|assistant|>[[ ## label ## ]]\n"
    response = EmbeddedTransport().complete(Request("embedded/banking", [], {}, "text", prompt))
    assert response.text.startswith("passcode_forgotten")


def test_threads_get_their_own_answers() -> None:
    texts = list(MESSAGES) * 12
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: ask(text).text, texts))
    assert answers == [answer(MESSAGES[text]) for text in texts]


def test_tasks_of_an_event_loop_get_their_own_answers() -> None:
    async def all_of_them() -> list[Response]:
        return await asyncio.gather(*(EmbeddedTransport().acomplete(request(text)) for text in MESSAGES))

    assert [response.text for response in asyncio.run(all_of_them())] == [
        answer(label) for label in MESSAGES.values()
    ]


class Counting(EmbeddedTransport):
    """Counts how many requests are with llama.cpp at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.may_end = threading.Event()
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        """See `EmbeddedTransport`."""
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.may_end.wait(60)
        try:
            return super().complete(request)
        finally:
            with self._lock:
                self.running -= 1


def test_who_goes_away_lets_nobody_in_before_its_end() -> None:
    transport = Counting()

    async def come_and_go() -> Response:
        for _ in range(5):
            tasks = [asyncio.ensure_future(transport.acomplete(request("a", n_parallel=1))) for _ in range(4)]
            await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        transport.may_end.set()
        return await transport.acomplete(request("Where is my card?", n_parallel=1))

    assert asyncio.run(come_and_go()).text
    assert transport.most <= 2


def test_event_loops_that_have_ended_are_forgotten() -> None:
    for _ in range(3):
        asyncio.run(EmbeddedTransport().acomplete(request("Where is my card?")))
    assert sum(loop.is_closed() for loop in embedded._queues) <= 1


def test_a_forked_process_answers_too() -> None:
    expected = ask("I forgot my passcode").text
    child = os.fork()
    if child == 0:
        os._exit(0 if ask("I forgot my passcode").text == expected else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_file_written_anew_is_loaded_anew(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    model, text = f"gguf/{path}", "How do I change my PIN?"
    shutil.copy(SHIPPED["banking-base"], path)
    before, identity = (
        ask(text, model, n_ctx=256, n_parallel=1),
        EmbeddedTransport().identity(request(text, model)),
    )
    shutil.copy(SHIPPED["banking"], path)
    assert ask(text, model, n_ctx=256, n_parallel=1).text == answer("change_pin")
    assert EmbeddedTransport().identity(request(text, model)) != identity
    assert before.text == ask(text, "embedded/banking-base").text
    stop(model)


@pytest.mark.parametrize(
    ("model", "kwargs", "kind", "words"),
    [
        ("embedded/bankin", {}, LMUnknownModelError, "did you mean `embedded/banking`?"),
        ("gguf/no/such/file.gguf", {}, LMUnknownModelError, "there is no model file"),
        ("gguf/folder", {}, LMUnknownModelError, "there is no model file"),
        ("gguf/text.gguf", {}, LMConfigurationError, "is not a GGUF file"),
        ("gguf/empty.gguf", {}, LMConfigurationError, "is not a GGUF file"),
        ("gguf/header.gguf", {}, LMConfigurationError, "truncated or damaged"),
        ("gguf/half.gguf", {}, LMConfigurationError, "truncated or damaged"),
        ("gguf/vision.gguf", {}, LMConfigurationError, "not a language model"),
        ("embedded/banking", {"n_ctx": 99_999}, LMConfigurationError, "at most 1024 tokens"),
        (
            "embedded/banking",
            {"n_parallel": 0},
            LMConfigurationError,
            "`n_parallel` must be a whole number of at least 1, not 0",
        ),
        ("embedded/banking", {"n": "two"}, LMInvalidRequestError, "`n` must be a whole number, not 'two'"),
        ("embedded/banking", {"n": -1}, LMInvalidRequestError, "`n` must be a whole number, not -1"),
        ("embedded/banking", {"seed": "x"}, LMInvalidRequestError, "`seed` must be a whole number, not 'x'"),
        ("embedded/banking", {"temperature": "hot"}, LMInvalidRequestError, "temperature"),
        ("embedded/banking", {"grammar": "root ::= (("}, LMInvalidRequestError, "grammar"),
    ],
)
def test_what_cannot_be_is_said(
    model: str, kwargs: dict[str, object], kind: type[LMError], words: str, files: Path
) -> None:
    with pytest.raises(kind) as caught:
        ask("hello", model.replace("gguf/", f"gguf/{files}/"), **kwargs)
    assert words in str(caught.value)
    assert caught.value.model is not None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    whole = SHIPPED["banking"].read_bytes()
    (folder / "folder").mkdir()
    (folder / "text.gguf").write_text("not a model")
    (folder / "empty.gguf").touch()
    (folder / "header.gguf").write_bytes(whole[:60])
    (folder / "half.gguf").write_bytes(whole[: len(whole) // 2])
    (folder / "vision.gguf").write_bytes(whole.replace(b"llama.context_length", b"llama.kontext_length"))
    return folder


def test_more_than_the_context_holds() -> None:
    with pytest.raises(ContextWindowExceededError, match="reads at most 1024"):
        ask("my card " * 2_000)


def test_a_picture_is_refused() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(LMInvalidRequestError, match="image input is not supported"):
        EmbeddedTransport().complete(Request("embedded/banking", [{"role": "user", "content": [picture]}]))


def test_without_llama_cpp_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(SHIPPED["banking"], tmp_path / "other.gguf")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(LMConfigurationError, match=r"pip install 'dspyc\[embedded\]'"):
        ask("hello", f"gguf/{tmp_path}/other.gguf")


STANDING_START = """
import sys
import threading
before = len(sys.modules)
from dspyc.runtime.lm.client import LM
lm = LM("embedded/banking", cache=False)
assert "xllamacpp" not in sys.modules, "loaded before the first call"
print(lm("hello")[0].strip() != "")
print(len(sys.modules) - before)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"litellm", "httpx", "torch", "numpy", "gguf"}))
"""


def test_from_a_standing_start_it_is_quick_and_quiet() -> None:
    child = subprocess.run(
        [sys.executable, "-c", STANDING_START], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")
    answered, loaded, heavy = child.stdout.splitlines()
    assert answered == "True"
    assert int(loaded) < 260, "161 modules when this was written"
    assert heavy == "[]"


def test_the_card_tells_the_size_of_both_models() -> None:
    card = (SHIPPED["banking"].parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name, path in SHIPPED.items():
        assert f"`embedded/{name}`" in card
        assert f"{path.stat().st_size:,} bytes" in card


@pytest.mark.parametrize("adapter", [dspy.ChatAdapter(), dspy.XMLAdapter(), dspy.JSONAdapter()])
def test_answers_of_every_type_are_held_to_the_format(adapter: Any) -> None:
    # The model was never told of such fields: only the grammar makes it write them.
    signature = dspy.Signature("text -> kind: Literal['a', 'b'], sure: bool, count: int | None")
    with dspy.context(lm=dspy.LM("embedded/banking-base", cache=False, max_tokens=200), adapter=adapter):
        found = dspy.Predict(signature, max_retries=0)(text="My card has not arrived")
    assert found.kind in ("a", "b")
    assert isinstance(found.sure, bool)
    assert found.count is None or isinstance(found.count, int)
