"""`CompactAdapter`: prompts for a model that was trained for its task, in as few tokens as that takes.

What the weights and the grammar know is not said again on every call: no layout, no types, no lists of
choices. A message is what differs from call to call, so a trained model reads a tenth of what `ChatAdapter`
writes for a type of 150 labels.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from ..errors import AdapterParseError
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import plain_annotation
from ..values.drafts import is_endless, without_drafts, without_leading_draft
from ..values.reading import ReadError
from ..values.rendering import Render
from .chat import ChatAdapter
from .incremental import BareReader, FieldReader
from .plan import Plan


class CompactAdapter(ChatAdapter):
    """Writes prompts for a model that is trained on them, such as `embedded/base`.

    The system message holds the instructions and the names of the fields. A single input or output stands
    alone, several stand as sections (`[[ ## name ## ]]`); a list of strings is written one to a line. A model
    that was not trained on this form does not know what it is asked, so give it `ChatAdapter`.
    """

    _is_origin = True

    # --- messages ---------------------------------------------------------------------------------------

    def format_system_message(self, signature: type[Signature]) -> str:
        """The instructions, and the names of the fields."""
        return f"{self.format_task_description(signature)}\n{_names(signature)}"

    def format_task_description(self, signature: type[Signature]) -> str:
        """The instructions as they are."""
        return textwrap.dedent(signature.instructions).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """Nothing: a trained model knows."""
        return ""

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs that are present; a single one without its name."""
        fields = self._compiled(signature).inputs
        if len(fields) != 1:
            return super().format_user_message_content(signature, inputs, prefix, suffix)
        [(name, _, render)] = fields
        parts = [prefix, render(inputs[name]) if name in inputs else "", suffix]
        return "\n\n".join(part for part in parts if part).strip()

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """An answer with these outputs; a single one without its name."""
        written = self._compiled(signature).answer
        if len(written) > 1:
            parts = [
                f"{head}{render(outputs.get(name, missing_field_message))}" for name, head, render in written
            ]
            return "\n\n".join(parts).strip()
        return "".join(
            _alone(signature.output_fields[name], outputs.get(name, missing_field_message), render)
            for name, _, render in written
        )

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """The follow-up turn: what is wrong with the answer."""
        return f"That answer cannot be used: {error.reason}.\n\nAnswer again."

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        Raises:
            AdapterParseError: a field is missing, or its text is not a value of its type.
        """
        single = _single(signature)
        if single is None or _is_section(single.name, completion):
            return super().parse(signature, completion)
        text = completion.strip()
        [(name, _, read)] = self._compiled(signature).outputs
        try:
            if not is_lines(single.annotation):
                return {name: read(text if single.annotation is str else without_drafts(text).strip())}
            if is_endless(text):
                raise ReadError("holds what was thought only, and no answer behind it")
            return {name: _read_lines(without_leading_draft(text))}
        except ReadError as error:
            raise self._unreadable(signature, completion, {}, name, error) from error

    def stream_reader(self, plan: Plan) -> FieldReader:
        """A single output comes as it is written; several are cut at their markers."""
        single = _single(plan.signature)
        return BareReader(single.name) if single is not None else super().stream_reader(plan)

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        if text.lstrip().startswith("[[ ## "):
            return super().value_start(name, text)
        return len(text) - len(text.lstrip())

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """No: this form has no end marker."""
        return False

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers; none for a single text, which may be anything."""
        from .gbnf import gbnf_of_bare

        single = _single(signature)
        return None if single is not None and single.annotation is str else gbnf_of_bare(signature)


def is_lines(annotation: Any) -> bool:
    """Whether values of a type are written one item to a line: lists of strings."""
    annotation = plain_annotation(annotation)
    return get_origin(annotation) is list and get_args(annotation) == (str,)


def _names(signature: type[Signature]) -> str:
    return f"{', '.join(signature.input_fields)} -> {', '.join(signature.output_fields)}"


def _single(signature: type[Signature]) -> Field | None:
    fields = list(signature.output_fields.values())
    return fields[0] if len(fields) == 1 else None


def _is_section(name: str, answer: str) -> bool:
    """Whether the answer is a section after all, as other models write it; a marker elsewhere is text."""
    return re.match(rf"\s*\[\[ ## {re.escape(name)} ## \]\]\s*\n", answer) is not None


def _alone(field: Field, value: Any, render: Render) -> str:
    """A value that is the whole answer; the items of a list of strings are one to a line.

    Behind a line's end stands a blank, so that a word's tokens are those that it has inside a sentence.
    """
    if not is_lines(field.annotation) or not isinstance(value, list):
        return render(value)
    if value and all(isinstance(item, str) and _is_plain(item) for item in value):
        return "\n ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _is_plain(item: str) -> bool:
    """Whether an item reads back from a line of its own."""
    is_line = bool(item) and item == item.strip() and len(item.splitlines()) == 1
    return is_line and item[0] != "[" and "[[ ##" not in item


def _read_lines(text: str) -> list[str]:
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return found
    return [line.strip() for line in text.splitlines() if line.strip()]
