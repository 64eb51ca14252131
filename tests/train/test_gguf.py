"""GGUF files read and written, and torch beside llama.cpp on the same file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime.lm.gguf import checkpoint as gguf
from dspyc.runtime.lm.request import Request
from dspyc.runtime.lm.transports.embedded import SHIPPED, EmbeddedTransport

pytestmark = pytest.mark.train

TEXTS = [
    "My card still has not arrived",
    "I'd like to know what you've charged me for; it's £12.50!",
    "MY CARD WAS SWALLOWED   by the\n\nmachine\t(again) ",
    "Où est ma carte ? Карта не пришла 💳 カード",
    "[[ ## text ## ]]\n[[ ## completed ## ]] <|not a token|> 2024-11-21 1234567890",
    "   leading and trailing   ",
]


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Name the intent."}, {"role": "user", "content": text}]


def answer(path: Path, text: str, **settings: Any) -> Any:
    return EmbeddedTransport().complete(Request(f"gguf/{path}", messages(text), settings))


def test_what_is_read_and_written_is_the_same_file(tmp_path: Path) -> None:
    gguf.write(gguf.read(SHIPPED["banking"]), tmp_path / "again.gguf", "q8_0")
    assert (tmp_path / "again.gguf").read_bytes() == SHIPPED["banking"].read_bytes()


def test_both_precisions_answer_alike(tmp_path: Path) -> None:
    gguf.write(gguf.read(SHIPPED["banking"]), tmp_path / "half.gguf", "f16")
    for text in TEXTS:
        assert answer(tmp_path / "half.gguf", text).text == answer(SHIPPED["banking"], text).text
    assert (tmp_path / "half.gguf").stat().st_size > 1.5 * SHIPPED["banking"].stat().st_size


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    checkpoint = gguf.read(SHIPPED["banking"])
    del checkpoint.weights["blk.1.ffn_up.weight"]
    with pytest.raises(KeyError):
        gguf.write(checkpoint, tmp_path / "broken.gguf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_cut_into_the_tokens_that_llama_cpp_cuts(text: str) -> None:
    from dspyc.runtime.lm.training.text import encode

    vocabulary = gguf.read(SHIPPED["banking"]).vocabulary
    conversation = [*messages(text), {"role": "assistant", "content": "x"}]
    row = encode(vocabulary, 1_024, [{"messages": conversation}]).rows[0]
    assert row.answers.index(True) == answer(SHIPPED["banking"], text, max_tokens=1).usage["prompt_tokens"]


@pytest.mark.parametrize("text", TEXTS)
def test_torch_writes_what_llama_cpp_writes(text: str, tmp_path: Path) -> None:
    import torch

    from dspyc.runtime.lm.training.model import hidden_states, logits
    from dspyc.runtime.lm.training.text import encode, make_tokenizer

    checkpoint = gguf.read(SHIPPED["banking"])
    gguf.write(checkpoint, tmp_path / "half.gguf", "f16")
    weights = {name: torch.from_numpy(array) for name, array in checkpoint.weights.items()}
    conversation = [*messages(text), {"role": "assistant", "content": "x"}]
    row = encode(checkpoint.vocabulary, 1_024, [{"messages": conversation}]).rows[0]
    ids = list(row.ids[: row.answers.index(True)])
    prompt = len(ids)
    while ids[-1] != checkpoint.vocabulary.end and len(ids) < prompt + 20:
        states = hidden_states(
            weights, checkpoint.shape, torch.tensor([], dtype=torch.long), torch.tensor([ids])
        )
        ids.append(int(logits(weights, states[0, -1]).argmax()))
    written = [token for token in ids[prompt:] if token != checkpoint.vocabulary.end]
    tokenizer = make_tokenizer(checkpoint.vocabulary)
    assert (
        tokenizer.decode(written, skip_special_tokens=False)
        == answer(tmp_path / "half.gguf", text, max_tokens=20).text
    )


def test_a_shared_beginning_changes_nothing() -> None:
    import torch

    from dspyc.runtime.lm.training.model import hidden_states

    checkpoint = gguf.read(SHIPPED["banking-base"])
    weights = {name: torch.from_numpy(array) for name, array in checkpoint.weights.items()}
    generator = torch.Generator().manual_seed(0)
    prefix = torch.randint(checkpoint.shape.vocabulary, (7,), generator=generator)
    rows = torch.randint(checkpoint.shape.vocabulary, (3, 11), generator=generator)
    nothing = torch.tensor([], dtype=torch.long)
    whole = hidden_states(weights, checkpoint.shape, nothing, torch.cat([prefix.expand(3, -1), rows], dim=1))
    shared = hidden_states(weights, checkpoint.shape, prefix, rows)
    torch.testing.assert_close(shared, whole[:, 7:], atol=1e-4, rtol=1e-4)


def test_only_what_the_assistant_says_is_learned() -> None:
    from dspyc.runtime.lm.training.text import encode, make_tokenizer

    vocabulary = gguf.read(SHIPPED["banking-base"]).vocabulary
    turns = [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "second"},
    ]
    row = encode(vocabulary, 1_024, [{"messages": turns}]).rows[0]
    tokenizer = make_tokenizer(vocabulary)
    learned = [token for token, marked in zip(row.ids, row.answers, strict=True) if marked]
    assert tokenizer.decode(learned, skip_special_tokens=False) == "first<|end|>second<|end|>"
    assert tokenizer.decode(list(row.ids), skip_special_tokens=False) == (
        "<|system|>Answer.<|end|><|user|>one<|end|><|assistant|>first<|end|><|user|>two<|end|><|assistant|>second<|end|>"
    )


@pytest.mark.parametrize(
    "template", ["", "{{ messages[0].content }}\n> {% for m in messages[1:] %}{{ m.content }}\n{% endfor %}"]
)
def test_a_model_learns_to_stop_whatever_its_template_puts_behind_an_answer(
    template: str, tmp_path: Path
) -> None:
    from dspyc.runtime import LM
    from dspyc.runtime.lm.training.text import encode

    base = gguf.read(SHIPPED["base"])
    # Neither ChatML, which stands for a missing template, nor the other one has the token that ends a text.
    tokens = ["</s>" if token == "<|end|>" else token for token in base.vocabulary.tokens]
    vocabulary = replace(base.vocabulary, tokens=tuple(tokens), chat_template=template)
    assert vocabulary.tokens[vocabulary.end] == "</s>"
    gguf.write(replace(base, vocabulary=vocabulary, prompts="chat"), tmp_path / "plain.gguf")
    asked = [{"role": "user", "content": text} for text in ("one", "two")]
    answers = [{"role": "assistant", "content": text} for text in ("first", "second thing")]
    rows = [{"messages": [question, said]} for question, said in zip(asked, answers, strict=True)]
    for row, said in zip(encode(vocabulary, 1_024, rows).rows, answers, strict=True):
        assert row.ids[-1] == vocabulary.end, said
        assert row.answers[-1]
    settings = {"steps": 60, "batch_size": 2, "dropout": 0.0, "output": tmp_path / "trained.gguf"}
    trained = LM(f"gguf/{tmp_path / 'plain.gguf'}").finetune(rows, "chat", settings).result()
    for question, said in zip(asked, answers, strict=True):
        response = EmbeddedTransport().complete(Request(trained.model, [question], {"max_tokens": 40}))
        assert response.text == said["content"]
        assert response.completions[0].finish_reason == "stop"


def test_the_token_of_a_turn_ends_an_answer_where_that_of_a_text_does_not() -> None:
    from dspyc.runtime.lm.training.text import encode, make_tokenizer

    base = gguf.read(SHIPPED["base"]).vocabulary
    other = next(index for index, kind in enumerate(base.kinds) if kind == 3 and index != base.end)
    vocabulary = replace(base, end=other)
    turns = [{"role": role, "content": role} for role in ("user", "assistant", "user", "assistant")]
    [row] = encode(vocabulary, 1_024, [{"messages": turns}]).rows
    learned = [token for token, marked in zip(row.ids, row.answers, strict=True) if marked]
    tokenizer = make_tokenizer(vocabulary)
    assert tokenizer.decode(learned, skip_special_tokens=False) == " assistant<|end|> assistant<|end|>"
