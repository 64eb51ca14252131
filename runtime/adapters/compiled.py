"""What an adapter works out once for a signature: constant messages, how fields are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ...base.frozen import frozen_record
from ..signature import description
from ..signature.fields import Field, InputField, Kind, OutputField
from ..signature.signature import Signature, make_signature
from ..types.annotations import is_history
from ..values import rendering
from ..values.reading import Reader, reader_for
from .demos import DemoMemory
from .sections import AsAsked, as_asked


class Formatter(Protocol):
    """What an adapter is asked here."""

    def format_system_message(self, signature: type[Signature]) -> str:
        """The system message."""
        ...

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format."""
        ...


@frozen_record
class Compiled:
    """What a signature's calls have in common."""

    signature: type[Signature]
    system: str
    inputs: tuple[tuple[str, str, rendering.Render], ...]
    requirements: str
    outputs: tuple[tuple[str, Field, Reader], ...]
    answer: tuple[tuple[str, str, rendering.Render], ...]
    names: frozenset[str]
    first_marker: str
    as_asked: AsAsked
    """How an answer is read that is written as it was asked for, with `first_marker`."""
    history: str | None
    turns: type[Signature]
    """The signature of the messages: without the history field."""
    demos: DemoMemory


def compile_for(plain: Formatter, signature: type[Signature]) -> Compiled:
    """What the calls of a signature have in common, as an adapter without hooks of its own writes it."""
    history = find_history(signature)
    outputs = tuple(
        (name, field, reader_for(field.annotation)) for name, field in signature.output_fields.items()
    )
    first_marker, fields = as_asked([(name, read.quick) for name, _, read in outputs])
    return Compiled(
        signature=signature,
        system=plain.format_system_message(signature),
        inputs=_written(signature.input_fields),
        requirements=plain.user_message_output_requirements(signature),
        outputs=outputs,
        answer=_written(signature.output_fields),
        names=frozenset(signature.output_fields),
        first_marker=first_marker,
        as_asked=fields,
        history=history,
        turns=signature if history is None else signature.delete(history),
        demos=DemoMemory(),
    )


def _written(fields: Mapping[str, Field]) -> tuple[tuple[str, str, rendering.Render], ...]:
    """How each field is written: its name, its marker's line, and what writes its value."""
    return tuple(
        (name, f"[[ ## {name} ## ]]\n", description.renderer(field)) for name, field in fields.items()
    )


def find_history(signature: type[Signature]) -> str | None:
    """The input that holds a `History`, or None."""
    return next(
        (name for name, field in signature.input_fields.items() if is_history(field.annotation)), None
    )


def signature_of_values(values: Mapping[str, Any], kind: Kind) -> type[Signature]:
    """A signature for values of any kind by name, as an adapter writes them that has no form for such."""
    make, annotation = (InputField, str) if kind == "input" else (OutputField, Any)
    fields = {name: (annotation, make()) for name in values}
    return make_signature(fields, "Write the fields.")
