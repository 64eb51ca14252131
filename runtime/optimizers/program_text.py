"""A program in words: what a model is shown of it that has to write instructions for it."""

from __future__ import annotations

import inspect
import linecache
import textwrap
from collections.abc import Mapping
from typing import Any

from ...base.secrets import redact
from ..modules.base import Module
from ..modules.predict import Predict
from ..modules.tree import Predictor
from ..values.rendering import render

LONGEST_CODE = 8_000
"""The number of characters up to which code is shown."""
_OWN = Predict.__module__.rpartition(".modules.")[0] + "."
"""Where the modules are that every model may be taken to know by their names."""
LONGEST_VALUE = 1_000
"""The number of characters up to which a value of an example is shown."""


def program_text(program: Module) -> str:
    """The signatures and modules of a program, and the code of its own classes; keys are masked.

    Nothing is executed. Code that cannot be found is left out.
    """
    parts: list[str] = []
    for predictor in program.predictors():
        if (shown := signature_text(predictor.signature)) not in parts:
            parts.append(shown)
    kinds = dict.fromkeys(type(module) for _, module in program.named_sub_modules())
    parts += [code for kind in kinds if (code := _code(kind)) is not None]
    parts.append("\n".join(f"{name} = {_made(one)}" for name, one in program.named_predictors()))
    text = redact("\n\n".join(parts))
    return text if len(text) <= LONGEST_CODE else f"{text[:LONGEST_CODE]}\n…"


def signature_text(signature: Any) -> str:
    """A signature with its instructions."""
    instructions = textwrap.indent(signature.instructions, "    ")
    return f"signature {signature.signature}\n{instructions}"


def module_text(predictor: Any) -> str:
    """One predictor, as a line: `Predict(text, topic) -> label`."""
    signature = predictor.signature
    return (
        f"{type(predictor).__name__}({', '.join(signature.input_fields)}) "
        f"-> {', '.join(signature.output_fields)}"
    )


def example_text(signature: Any, example: Mapping[str, Any]) -> str:
    """The fields of an example that a signature has, one a line."""
    return "\n".join(f"{name}: {_clipped(example[name])}" for name in signature.fields if name in example)


def rows_text(rows: Any) -> str:
    """Rows of a data set, one a line, inputs before labels."""
    lines = []
    for row in rows:
        inputs = dict(row.inputs().items())
        labels = {name: value for name, value in row.items() if name not in inputs}
        shown = [
            ", ".join(f"{name}: {_clipped(value)}" for name, value in part.items())
            for part in (inputs, labels)
        ]
        lines.append(f"- {' => '.join(part for part in shown if part)}")
    return "\n".join(lines)


def _clipped(value: Any) -> str:
    text = render(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _made(predictor: Any) -> str:
    return f"{type(predictor).__name__}({predictor.signature.signature})"


def _code(kind: type) -> str | None:
    """The code of a class that a user has written."""
    if issubclass(kind, Predictor) or kind.__module__.startswith(_OWN):
        return None
    try:
        return textwrap.dedent(inspect.getsource(kind)).rstrip()
    except (OSError, TypeError, SyntaxError):
        return _lines(kind)


def _lines(kind: type) -> str | None:
    """The lines of a class's functions, where no parser of Python's finds the class: a `.dspy` file."""
    codes = [code for value in vars(kind).values() if (code := getattr(value, "__code__", None)) is not None]
    found = [
        (code.co_filename, line)
        for code in codes
        for _, _, line in code.co_lines()
        if line is not None and line > 0
    ]
    if not found:
        return None
    file = found[0][0]
    numbers = [line for name, line in found if name == file]
    lines = linecache.getlines(file)[min(numbers) - 1 : max(numbers)]
    return f"module {kind.__name__}:\n{''.join(lines).rstrip()}" if lines else None
