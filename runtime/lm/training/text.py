"""Conversations as tokens: a GGUF file's chat template and tokenizer, applied to training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ..gguf.checkpoint import SPLITTERS, Vocabulary
from ..gguf.forms import CHATML

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from .loop import Row

Render = Callable[[list[dict[str, str]], bool], str]
CONTROL, USER_DEFINED = 3, 4  # token types of the GGUF format


@dataclass(frozen=True)
class Encoded:
    """Training data as rows of tokens, and the numbers of the conversations too long for the model."""

    rows: list[Row]
    too_long: list[int]


def make_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The tokenizer that the GGUF file describes; it cuts texts as llama.cpp does."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    ids = {token: index for index, token in enumerate(vocabulary.tokens)}
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in vocabulary.merges)]
    # Like llama.cpp, a piece that is a token as a whole stays whole in Llama 3's vocabulary.
    whole = vocabulary.splitter == "llama-bpe"
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges, ignore_merges=whole))
    split = pre_tokenizers.Split(Regex(SPLITTERS[vocabulary.splitter]), behavior="isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    tokenizer.decoder = decoders.ByteLevel()
    for wanted in (CONTROL, USER_DEFINED):
        pieces = [
            token for token, kind in zip(vocabulary.tokens, vocabulary.kinds, strict=True) if kind == wanted
        ]
        tokenizer.add_tokens(
            [AddedToken(piece, normalized=False, special=wanted == CONTROL) for piece in pieces]
        )
    return tokenizer


def encode(vocabulary: Vocabulary, context: int, data: Sequence[Mapping[str, Any]]) -> Encoded:
    """Every conversation `{"messages": [...]}` as a row in which what the assistant says is marked.

    Raises `DataError` for data that is no chat, naming the row.
    """
    tokenizer, render = make_tokenizer(vocabulary), _renderer(vocabulary)
    kinds = zip(vocabulary.tokens, vocabulary.kinds, strict=True)
    ends = (vocabulary.tokens[vocabulary.end], *(token for token, kind in kinds if kind == CONTROL))
    rows: list[Row] = []
    too_long: list[int] = []
    for number, conversation in enumerate(data, 1):
        row = _row(tokenizer, vocabulary, ends, render, read_messages(conversation, number), number)
        if len(row.ids) > context:
            too_long.append(number)
        else:
            rows.append(row)
    return Encoded(rows, too_long)


def texts_of(vocabulary: Vocabulary) -> Callable[[int], str]:
    """What gives the text of a token by its number; "" for control tokens, and with U+FFFD in it for one that
    is part of a character.
    """
    tokenizer = make_tokenizer(vocabulary)

    @cache
    def text(token: int) -> str:
        return "" if vocabulary.kinds[token] == CONTROL else tokenizer.decode([token])

    return text


def with_template(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary of a trained model: its file says how the conversations were written that it learned
    from, where that of its base model does not.
    """
    return vocabulary if vocabulary.chat_template else replace(vocabulary, chat_template=CHATML)


def read_messages(conversation: Mapping[str, Any], number: int) -> list[dict[str, str]]:
    """The messages of a row.

    Raises:
        DataError: the row is no conversation, or nobody answers in it; names the row.
    """
    messages = conversation.get("messages") if isinstance(conversation, Mapping) else None
    if not isinstance(messages, list) or not messages:
        raise DataError(f'row {number} of the training data is not in chat format, `{{"messages": […]}}`')
    for message in messages:
        if not isinstance(message, Mapping) or not all(
            isinstance(message.get(key), str) for key in ("role", "content")
        ):
            raise DataError(
                f"row {number} of the training data has a message whose `role` or `content` is not text"
            )
    if not any(message["role"] == "assistant" for message in messages):
        raise DataError(f"row {number} of the training data has no `assistant` message to learn from")
    return [dict(message) for message in messages]


def _row(
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    ends: tuple[str, ...],
    render: Render,
    messages: list[dict[str, str]],
    number: int,
) -> Row:
    from .loop import Row

    text = render(messages, False)
    ids: list[int] = []
    marks: list[bool] = []
    if (
        vocabulary.starts_with
        and vocabulary.start is not None
        and not text.startswith(vocabulary.tokens[vocabulary.start])
    ):
        ids, marks = [vocabulary.start], [False]
    done = 0
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before, after = render(messages[:index], True), render(messages[: index + 1], False)
        verify_grows(text, before, after, number)
        answer = after[len(before) :]
        stop = _end_of(answer, ends)
        learned = stop if stop is not None else _content_of(answer, message["content"])
        for piece, marked in ((text[done : len(before)], False), (answer[:learned], True)):
            tokens = tokenizer.encode(piece, add_special_tokens=False).ids
            ids += tokens
            marks += [marked] * len(tokens)
        if stop is None and index == len(messages) - 1:
            ids.append(vocabulary.end)
            marks.append(True)
        done = len(before) + learned
    return Row(
        tuple(ids), tuple(marks), task=messages[0]["content"] if messages[0]["role"] == "system" else ""
    )


def _end_of(answer: str, ends: tuple[str, ...]) -> int | None:
    """Where what is to be learned of an answer ends, as the template writes it: after the token that ends it.
    None where that is no token of the model, so that saying it would not end anything.

    The last thing to learn is to stop: what the template puts behind that token is not.

    Args:
        answer: the answer in the template.
        ends: the token that ends a text, then all control tokens: llama.cpp ends an answer at one that ends a
            turn, whatever the file says is the end of a text.
    """
    end = answer.rfind(ends[0])
    if end >= 0:
        return end + len(ends[0])
    written = answer.rstrip()
    return len(written) if written.endswith(ends) else None


def _content_of(answer: str, content: str) -> int:
    """Where the content of an answer ends in what the template writes; the whole where it is not found."""
    at = answer.find(content.strip())
    return at + len(content.strip()) if at >= 0 else len(answer.rstrip())


def verify_grows(text: str, before: str, after: str, number: int) -> None:
    """Raise `DataError` where the texts up to an answer and to its end do not begin the whole text."""
    if not text.startswith(before) or not text.startswith(after):
        raise DataError(
            f"row {number} of the training data: the model's chat template rewrites earlier messages, "
            "so the assistant's messages cannot be identified"
        )


def _renderer(vocabulary: Vocabulary) -> Render:
    """The chat template as a function of messages and of whether the assistant is to go on."""
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(reason: str) -> None:
        raise TemplateError(reason)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    template = environment.from_string(vocabulary.chat_template or CHATML)
    start = "" if vocabulary.start is None else vocabulary.tokens[vocabulary.start]

    def render(messages: list[dict[str, str]], goes_on: bool) -> str:
        try:
            return template.render(
                messages=messages,
                add_generation_prompt=goes_on,
                bos_token=start,
                eos_token=vocabulary.tokens[vocabulary.end],
            )
        except TemplateError as error:
            raise DataError(
                f"the model's chat template rejects the training data: {error.message}"
            ) from error

    return render
