"""What a prompt is made of: the fields, the form, the task, each demo, the inputs; with the size of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .question import Message, Piece

if TYPE_CHECKING:
    from ...runtime.modules.predict import Predict

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


def tokens_of(text: str) -> int:
    """About how many tokens a text is, by its length."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def pieces_of(predictor: Predict, messages: Sequence[Message]) -> list[Piece]:
    """The pieces of a prompt, in the order of the text; together they are all of it."""
    last = max((at for at, each in enumerate(messages) if each.role == "user"), default=-1)
    found: list[Piece] = []
    demo = 0
    for at, message in enumerate(messages):
        if message.role == "system":
            found += _of_system(predictor, at, message.text)
            continue
        if at == last:
            label = "the inputs"
        else:
            demo += message.role == "user"
            label = f"demo {demo}"
        found.append(Piece(label, at, 0, len(message.text), tokens_of(message.text) + TOKENS_PER_MESSAGE))
    return found


def _of_system(predictor: Predict, at: int, text: str) -> Iterator[Piece]:
    """The pieces of a system message, where its adapter says them in pieces."""
    marks = sorted((text.index(part), label) for label, part in _parts(predictor) if part and part in text)
    starts = [0, *(place for place, _ in marks[1:])] if marks else [0]
    labels = [label for _, label in marks] or ["the instructions"]
    for number, (start, label) in enumerate(zip(starts, labels, strict=True)):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        own = TOKENS_PER_MESSAGE if number == 0 else 0
        yield Piece(label, at, start, end, tokens_of(text[start:end]) + own)


def _parts(predictor: Predict) -> Iterator[tuple[str, str]]:
    """The texts that an adapter makes a system message of."""
    from ...runtime.execution.settings import lookup
    from ...runtime.modules.calling import default_adapter, in_force

    adapter: Any = lookup("adapter", predictor._defaults) or default_adapter(in_force(predictor)[0])
    for label, method in (
        ("the fields", "format_field_description"),
        ("the form", "format_field_structure"),
        ("the task", "format_task_description"),
    ):
        try:
            yield label, str(getattr(adapter, method)(predictor.signature)).strip()
        except NotImplementedError:
            continue
