"""`JSONAdapter`: the outputs as one JSON object; providers with structured outputs are given its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import dspy_paths
from ..errors import AdapterParseError
from ..lm.capabilities import Capabilities
from ..lm.messages import OutputFormat
from ..parameters import parameters
from ..signature import description
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.content import IN_ANSWER
from ..values import candidates, rendering
from ..values.drafts import without_drafts
from ..values.objects import read_json
from ..values.reading import Reader, ReadError
from .chat import STRUCTURE, ChatAdapter, Placeholder, reminder
from .incremental import FieldReader, ObjectReader
from .objects import find_object, object_in
from .plan import Plan
from .schemas import output_format
from .sections import has_sections, is_whole_object


@parameters
class JSONAdapter(ChatAdapter):
    """Asks for one JSON object with the outputs.

    A provider that has structured outputs is given their JSON schema, and one that has a JSON mode is told to
    use it; `lm.capabilities` says what a model has. Answers are read tolerantly in any case: in a code fence,
    with prose around it, with a trailing comma. Inputs look as in `ChatAdapter`'s messages.
    """

    _is_origin: ClassVar[bool] = True

    use_native_function_calling: bool = True
    """Whether tools go to the provider's own function calling, where the model has it, instead of into the
    prompt. This is for signatures with tools among the inputs and `ToolCalls` among the outputs.
    """

    def stream_reader(self, plan: Plan) -> FieldReader:
        """Cuts at the members of the object."""
        return ObjectReader(tuple(plan.signature.output_fields))

    def output_format(self, signature: type[Signature], capabilities: Capabilities) -> OutputFormat | None:
        """A schema, or JSON of any kind, by what the model can do."""
        return output_format(signature, capabilities)

    # --- messages ---------------------------------------------------------------------------------------

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of an exchange, with a placeholder for each value."""
        inputs, outputs = (
            {field: Placeholder(description.placeholder(field)) for field in fields.values()}
            for fields in (signature.input_fields, signature.output_fields)
        )
        parts = [
            STRUCTURE,
            "Inputs will have the following structure:",
            self.format_field_with_value(inputs, role="user"),
            "Outputs will be a JSON object with the following fields.",
            self.format_field_with_value(outputs, role="assistant"),
        ]
        return "\n\n".join(parts).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format at the end of a request; none where the provider fills all
        outputs.
        """
        if not signature.output_fields:
            return ""
        fields = [f"`{name}`{reminder(field)}" for name, field in signature.output_fields.items()]
        return f"Respond with a JSON object in the following order of fields: {', then '.join(fields)}."

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """An answer with these outputs, as the model should write it."""
        fields = signature.output_fields
        return self.format_field_with_value(
            {field: outputs.get(name, missing_field_message) for name, field in fields.items()},
            role="assistant",
        )

    def format_field_with_value(self, fields_with_values: Mapping[Field, Any], role: str = "user") -> str:
        """Fields with their values: a user's as sections, an assistant's as a JSON object."""
        if role == "user":
            return super().format_field_with_value(fields_with_values)
        return as_json({field.name: value for field, value in fields_with_values.items()})

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as a JSON object."""
        return as_json(values)

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        One JSON object with the fields, whatever is around it, and one inside a list or of an object that
        has no field itself. Keys that name no field are left out. For a single output that is not a string,
        the answer may be its value alone; sections as in `ChatAdapter` are read, too.

        Raises:
            AdapterParseError: a field is missing, or its value is not of its type.
        """
        compiled = self._compiled(signature)
        answer = without_drafts(completion) if "<" in completion or "[THINK]" in completion else completion
        exact = any(read.is_exact for _, _, read in compiled.outputs)
        # The common case, fast: the answer is the object and nothing else.
        whole = candidates.whole_json(answer, exact) if answer[:1] == "{" else None
        if whole is not None and (found := object_in(whole[0], compiled.names)) is not None:
            return self._typed(signature, completion, found)
        if answer.lstrip()[:2] == "[[" and has_sections(answer, compiled.names):
            return super().parse(signature, completion)
        try:
            among = find_object(answer, compiled.names, exact)
        except ReadError as error:
            message = f"the answer {error}"
            raise AdapterParseError(type(self).__name__, signature, completion, message) from error
        if among is not None:
            return self._typed(signature, completion, among)
        if has_sections(answer, compiled.names):
            return super().parse(signature, completion)
        return self._parse_without_object(signature, completion, answer.strip())

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        match = re.search(rf'"{re.escape(name)}"\s*:\s*', text)
        return match.end() if match else None

    def write_choice(self, choice: Any) -> str:
        """A choice of a closed type as it stands in an answer."""
        return json.dumps(rendering.to_json_types(choice), ensure_ascii=False)

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off is complete anyway: a JSON object with its end."""
        return is_whole_object(without_drafts(completion))

    def grammar(self, signature: type[Signature]) -> str | None:
        """None: servers that take a grammar take the JSON schema, too."""
        return None

    def _typed(self, signature: type[Signature], completion: str, found: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an object in the types of the fields."""
        try:
            return self._fields_of(signature, completion, found)
        except AdapterParseError:
            # The attributes of a record may stand beside the other fields.
            if (other := self._read_otherwise(signature, completion, as_json(found))) is None:
                raise
            return other

    def _fields_of(
        self, signature: type[Signature], completion: str, found: Mapping[str, Any]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, _, read in self._compiled(signature).outputs:
            if name in found:
                try:
                    values[name] = _read(name, read, found[name])
                except ReadError as error:
                    raise self._unreadable(signature, completion, values, name, error) from error
        return self._in_order(signature, completion, values)

    def _parse_without_object(
        self, signature: type[Signature], completion: str, answer: str
    ) -> dict[str, Any]:
        outputs = self._compiled(signature).outputs
        if (other := self._read_otherwise(signature, completion, answer)) is not None:
            return other
        if len(outputs) == 1 and outputs[0][1].annotation is not str and answer:
            name, _, read = outputs[0]
            try:
                return {name: read(answer)}
            except ReadError as error:
                raise self._unreadable(signature, completion, {}, name, error) from error
        message = "the answer is empty" if not answer else "there is no JSON object with the fields in it"
        raise AdapterParseError(type(self).__name__, signature, completion, message)


def as_json(values: Mapping[str, Any]) -> str:
    """Values by name as the JSON object that an answer is."""
    plain = {
        name: value if isinstance(value, Placeholder) else rendering.to_json_types(value, IN_ANSWER)
        for name, value in values.items()
    }
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _read(name: str, read: Reader, value: Any) -> Any:
    """A value of JSON as one of the type; a text field takes other kinds of value as text."""
    if read.annotation is str and not isinstance(value, str):
        if value is None:
            raise ReadError("is null, but must be a string")
        return rendering.render(value)
    return read_json(name, value, read)


dspy_paths.extend(__name__)
