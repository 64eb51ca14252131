"""`XMLAdapter`: fields as XML elements, records and lists as elements inside of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import dspy_paths
from ..errors import AdapterParseError
from ..parameters import parameters
from ..signature import description
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.content import IN_ANSWER
from ..values import rendering
from ..values.drafts import without_drafts
from ..values.reading import ReadError
from .chat import STRUCTURE, ChatAdapter, Placeholder
from .elements import as_element, escaped, find_fields, is_nested, layout_of, read_field
from .incremental import FieldReader, TagReader
from .plan import Plan
from .sections import has_sections


@parameters
class XMLAdapter(ChatAdapter):
    """Asks for each output as an XML element: `<answer>…</answer>`.

    Records, lists and dicts are elements inside their field's: `<person><name>Ada</name></person>`.
    Answers are read tolerantly: text that is not quite XML, as `a < b`, is text.
    """

    _is_origin: ClassVar[bool] = True

    def stream_reader(self, plan: Plan) -> FieldReader:
        """Cuts at the elements."""
        return TagReader(tuple(plan.signature.output_fields))

    # --- messages ---------------------------------------------------------------------------------------

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of an exchange, with a placeholder for each value."""
        halves = [
            "\n\n".join(self._layout(field) for field in fields.values())
            for fields in (signature.input_fields, signature.output_fields)
        ]
        return "\n\n".join([STRUCTURE, *halves])

    def _layout(self, field: Field) -> str:
        if field.kind == "output" and is_nested(field.annotation):
            return layout_of(field.name, field.annotation)
        return self.format_field_with_value({field: Placeholder(description.placeholder(field))})

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs that are present, with the reminder of the outputs if this is the request itself."""
        given = {field: inputs[name] for name, field in signature.input_fields.items() if name in inputs}
        parts = [prefix, self.format_field_with_value(given)]
        if main_request:
            parts.append(
                self.user_message_output_requirements(signature)
                if self._own_user
                else self._compiled(signature).requirements
            )
        parts.append(suffix)
        return "\n\n".join(parts).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format at the end of a request; none where the provider fills all
        outputs.
        """
        outputs = signature.output_fields
        if not outputs:
            return ""
        tags = ", then ".join(f"`<{name}>`" for name in outputs)
        words = f"Respond with the corresponding output fields wrapped in XML tags {tags}."
        nested = [
            layout_of(name, field.annotation)
            for name, field in outputs.items()
            if is_nested(field.annotation)
        ]
        return f"{words} Use this nested XML structure: {' '.join(nested)}" if nested else words

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """An answer with these outputs, as the model should write it."""
        return self.format_field_with_value(
            {
                field: outputs.get(name, missing_field_message)
                for name, field in signature.output_fields.items()
            }
        )

    def format_field_with_value(self, fields_with_values: Mapping[Field, Any]) -> str:
        """Fields with their values, as elements."""
        return "\n\n".join(_written(field, value) for field, value in fields_with_values.items()).strip()

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as elements."""
        return "\n\n".join(
            _element(name, rendering.to_json_types(value, IN_ANSWER)) for name, value in values.items()
        )

    def format_untyped(self, values: Mapping[str, Any]) -> str:
        """Names and values of any kind as elements."""
        texts = [f"<{name}>\n{rendering.render_text(value)}\n</{name}>" for name, value in values.items()]
        return "\n\n".join(texts).strip()

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        Of several elements of one field the first counts, save for a list, of which each is an item.

        Raises:
            AdapterParseError: a field is missing, or its element is not a value of its type.
        """
        compiled = self._compiled(signature)
        answer = without_drafts(completion) if "<" in completion or "[THINK]" in completion else completion
        try:
            found = find_fields(answer, compiled.names)
        except ReadError as error:
            message = f"the answer {error}"
            raise AdapterParseError(type(self).__name__, signature, completion, message) from error
        values: dict[str, Any] = {}
        for name, _, read in compiled.outputs:
            elements = [each for each in found.get(name, ()) if not is_echo(name, *each)]
            if elements:
                try:
                    values[name] = read_field(elements, read)
                except ReadError as error:
                    raise self._unreadable(signature, completion, values, name, error) from error
        if not values:
            if has_sections(answer, compiled.names):
                return super().parse(signature, completion)
            return self._parse_without_markers(signature, completion, answer)
        return self._in_order(signature, completion, values)

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        match = re.search(rf"<{re.escape(name)}>\s*", text)
        return match.end() if match else None

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off is complete anyway: every output's element is closed."""
        names = self._compiled(signature).names
        try:
            found = find_fields(without_drafts(completion), names)
        except ReadError:
            return False
        return len(found) == len(names) and all(each[-1][1].is_closed for each in found.values())

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers."""
        from .gbnf import gbnf_of_elements

        return gbnf_of_elements(signature)


def is_echo(name: str, text: str, element: Any) -> bool:
    """Whether an element repeats the prompt's layout, with its placeholder."""
    inner = text[element.start : element.end].strip()
    return inner in ("...", f"{{{name}}}") or inner.startswith(f"{{{name}}}        # note:")


def _written(field: Field, value: Any) -> str:
    """A field with its value as an element."""
    name = field.name
    if isinstance(value, Placeholder):
        return f"<{name}>\n{value}\n</{name}>"
    if field.kind == "output":
        if is_nested(field.annotation) and not isinstance(value, str):
            plain = rendering.to_json_types(value, IN_ANSWER)
            if isinstance(plain, (dict, list)):
                return as_element(plain, name)
        text = description.renderer(field)(value)
        return f"<{name}>\n{escaped(text) if field.annotation is str else text}\n</{name}>"
    # A value cannot close its own element, and so not pose as another field.
    text = description.renderer(field)(value).replace(f"</{name}", f"&lt;/{name}")
    return f"<{name}>\n{text}\n</{name}>"


def _element(name: str, value: Any) -> str:
    """A value of JSON's types as an element that holds it in a line of its own, or its elements."""
    if isinstance(value, (dict, list)):
        return as_element(value, name)
    return f"<{name}>\n{escaped(str(value))}\n</{name}>"


dspy_paths.extend(__name__)
