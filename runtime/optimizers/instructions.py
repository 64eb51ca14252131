"""Instructions as candidates: reading them off a program, putting them into one, and cleaning proposals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import OptimizerError
from ..modules.base import Module


def instructions_of(program: Module) -> dict[str, str]:
    """The instructions of each predictor, by its name.

    Raises:
        OptimizerError: the program has no predictor.
    """
    found = {name: predictor.signature.instructions for name, predictor in program.named_predictors()}
    if not found:
        raise OptimizerError(
            f"{type(program).__name__} has no predictor whose instructions an optimizer could change"
        )
    return found


def with_instructions(student: Module, texts: Mapping[str, str]) -> Module:
    """A copy of a program with other instructions.

    Args:
        student: the program.
        texts: the new instructions, by the names of predictors; others keep theirs.
    """
    program = student.deepcopy()
    for name, predictor in program.named_predictors():
        give_instructions(predictor, texts.get(name))
    return program


def give_instructions(predictor: Any, text: str | None) -> None:
    """Give a predictor other instructions; None leaves it alone."""
    if text is not None and text != predictor.signature.instructions:
        predictor.signature = predictor.signature.with_instructions(text)


_LABEL = re.compile(r"[*\s]*(?:[\w'’\-]+\s+){0,4}[\w'’\-]+:\s*(?=\S)")
_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)


def cleaned(text: str) -> str:
    """A proposed instruction without what models write around one: a label before it ("Proposed instruction:
    …"), a code fence, quotes.
    """
    text = text.strip()
    if (fenced := _FENCE.fullmatch(text)) is not None:
        text = fenced.group(1).strip()
    if (label := _LABEL.match(text)) is not None and "instruction" in label.group().lower():
        text = text[label.end() :]
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text.strip()
