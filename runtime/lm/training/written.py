"""Conversations as the tokens that a model in a folder of safetensors reads, by its own tokenizer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ..gguf.folder import prompts_of
from ..transports import in_torch
from .settings import FinetuneSettings
from .text import read_messages, verify_grows

if TYPE_CHECKING:
    from .loop import Row

logger = logging.getLogger(__name__)


def form_of(folder: Path, tokenizer: Any, settings: FinetuneSettings) -> str:
    """How the new model is asked: as the data were made, as the base model was trained, or as it is made."""
    return settings.prompts or prompts_of(folder) or ("chat" if tokenizer.chat_template else "plain")


class Writer:
    """Writes conversations as the model reads them."""

    def __init__(self, network: Any, tokenizer: Any, form: str) -> None:
        self.tokenizer, self.context = tokenizer, in_torch.context_of(network)
        self._is_plain = form == "plain"
        self._ends = tokenizer.convert_ids_to_tokens(sorted(in_torch.ends_of(network, tokenizer)))

    def prompt(self, messages: list[dict[str, str]]) -> str:
        """What the model reads before it answers."""
        if self._is_plain:
            return "\n\n".join(message["content"] for message in messages)
        return in_torch.render(self.tokenizer, messages, goes_on=True)

    def answered(self, messages: list[dict[str, str]]) -> str:
        """The same with the answer that ends the messages, up to what says that it has ended."""
        before = self.prompt(messages[:-1])
        if self._is_plain or not self.tokenizer.chat_template:
            return f"{before}{messages[-1]['content']}{self.tokenizer.eos_token}"
        text = in_torch.render(self.tokenizer, messages, goes_on=False)
        ends = [(text.rfind(end, len(before)), len(end)) for end in self._ends]
        where, length = max(ends)
        return text[: where + length] if where >= 0 else text + self.tokenizer.eos_token


def rows_of(writer: Writer, data: Sequence[Mapping[str, Any]], model: str) -> list[Row]:
    """Every conversation as tokens in which what the assistant says is marked.

    Raises:
        DataError: a row is no conversation, or all are longer than the model's context.
    """
    from jinja2.exceptions import TemplateError

    try:
        rows = [_row(writer, read_messages(each, number), number) for number, each in enumerate(data, 1)]
    except TemplateError as error:
        raise DataError(f"the model's chat template rejects the training data: {error.message}") from error
    kept = [row for row in rows if writer.context is None or len(row.ids) <= writer.context]
    if not kept:
        raise DataError(f"every row is longer than the {writer.context} tokens that `{model}` accepts")
    if len(kept) < len(rows):
        logger.warning("%d rows are too long for `%s` and left out", len(rows) - len(kept), model)
    return kept


def _row(writer: Writer, messages: list[dict[str, str]], number: int) -> Row:
    from .loop import Row

    last = max(index for index, message in enumerate(messages) if message["role"] == "assistant")
    text = writer.answered(messages[: last + 1])
    ids: list[int] = []
    marks: list[bool] = []
    done = 0
    for index, message in enumerate(messages[: last + 1]):
        if message["role"] != "assistant":
            continue
        before, after = writer.prompt(messages[:index]), writer.answered(messages[: index + 1])
        if index < last and not text.startswith(after):
            # A template need not end earlier answers as it ends the last one.
            after = before + message["content"]
        verify_grows(text, before, after, number)
        for piece, marked in ((text[done : len(before)], False), (text[len(before) : len(after)], True)):
            tokens = in_torch.encode(writer.tokenizer, piece, begins=not ids)
            ids += tokens
            marks += [marked] * len(tokens)
        done = len(after)
    return Row(tuple(ids), tuple(marks))
