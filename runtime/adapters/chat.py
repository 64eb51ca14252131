"""`ChatAdapter`: fields as sections under `[[ ## name ## ]]` markers; the format that every model can write.

What does not change between calls of a signature (the system message, the reminder at the end, how each field
is written and read) is worked out once and kept in the signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from ...base.text import dedented
from ..errors import AdapterParseError
from ..execution.callbacks import BaseCallback
from ..parameters import parameters
from ..signature import description
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import allows_none, is_text_type, plain_annotation, type_name
from ..types.content import in_parts
from ..values import rendering
from ..values.drafts import without_drafts
from ..values.objects import read_object, read_under
from ..values.reading import Reader, ReadError
from .base import Adapter
from .compiled import Compiled, compile_for
from .incremental import FieldReader, SectionReader
from .native import is_tool_calls
from .plan import Plan
from .sections import (
    ECHO_STARTS,
    END,
    Section,
    is_echo,
    is_reminder,
    is_whole_object,
    read_as_asked,
    split_sections,
)

_SYSTEM_HOOKS = (
    "format_system_message",
    "format_field_description",
    "format_field_structure",
    "format_field_with_value",
    "format_task_description",
)
_DEMO_HOOKS = (
    "format_user_message_content",
    "format_assistant_message_content",
    "format_field_with_value",
)
_USER_HOOKS = ("format_user_message_content", "user_message_output_requirements")


STRUCTURE = "All interactions will be structured in the following way, with the appropriate values filled in."
"""How the description of the layout begins."""


@parameters
class ChatAdapter(Adapter):
    """The default adapter.

    Every hook can be overridden; the others keep their compiled form.
    """

    callbacks: list[BaseCallback] | None = None
    """Called when messages are made and answers are read."""
    use_native_function_calling: bool = False
    """Whether tools go to the provider's own function calling, where the model has it, instead of into the
    prompt. This is for signatures with tools among the inputs and `ToolCalls` among the outputs.
    """
    native_response_types: list[type] | None = None
    """Types of outputs that the provider fills by its own means, where the model has them, instead of the
    answer's text; `[Reasoning, Citations]` when None.
    """
    use_json_adapter_fallback: bool = True
    """Whether an answer in another form than the one that was asked for is read, too: one JSON object with
    the fields, XML elements, lines of `Answer: 4`.
    """
    parallel_tool_calls: bool | None = None
    """Whether the model may ask for several tool calls at once; the provider's default when None."""

    _origin: ClassVar[type[ChatAdapter]]
    """The nearest class whose messages depend on the signature alone, so that they are worked out once."""
    _is_origin: ClassVar[bool] = True
    """Said by a class that is such a one: its messages do not look at what the object is made with."""
    _own_system: ClassVar[bool] = False
    _own_user: ClassVar[bool] = False
    _own_values: ClassVar[bool] = False
    _own_demos: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Find out which hooks a subclass overrides."""
        super().__init_subclass__(**options)
        if "_is_origin" in cls.__dict__:
            cls._origin = cls
        of = cls._origin
        cls._own_system = any(getattr(cls, name) is not getattr(of, name) for name in _SYSTEM_HOOKS)
        cls._own_user = any(getattr(cls, name) is not getattr(of, name) for name in _USER_HOOKS)
        cls._own_demos = any(getattr(cls, name) is not getattr(of, name) for name in _DEMO_HOOKS)
        cls._own_values = cls.format_field_with_value is not of.format_field_with_value

    # --- messages ---------------------------------------------------------------------------------------

    def format(
        self, signature: type[Signature], demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages of a request: system, few-shot examples, earlier turns, inputs and reminder."""
        compiled = signature.__compiled__.get(self._origin) or self._compiled(signature)
        system = self.format_system_message(signature) if self._own_system else compiled.system
        messages = [{"role": "system", "content": system}]
        if demos:
            messages += self.format_demos(signature, demos)
        if compiled.history is not None:
            messages += self.format_conversation_history(compiled.turns, compiled.history, inputs)
        if (
            compiled.history is not None
            or self._own_user
            or type(self).format_user_message_content is not _WRITES_MESSAGE
            or "format_user_message_content" in self.__dict__
        ):
            content = self.format_user_message_content(compiled.turns, inputs, main_request=True)
        else:
            content = _user_message(compiled, inputs)
        if content:
            messages.append({"role": "user", "content": content})
        return in_parts(messages)

    def format_demos(self, signature: type[Signature], demos: Sequence[Any]) -> list[dict[str, Any]]:
        """Few-shot examples as turns: those that lack fields first, then the complete ones.

        An example without any input or any output is left out.
        """
        if self._own_demos:
            return super().format_demos(signature, demos)
        return self._compiled(signature).demos.messages(demos, partial(self._demo_turns, signature))

    def format_field_description(self, signature: type[Signature]) -> str:
        """The lists of input and output fields."""
        return (
            f"Your input fields are:\n{description.describe_fields(signature.input_fields)}\n"
            f"Your output fields are:\n{description.describe_fields(signature.output_fields)}"
        )

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of an exchange, with a placeholder for each value."""
        parts = [STRUCTURE]
        # An empty half leaves its blank lines, as in DSPy.
        halves = [
            {field: Placeholder(description.placeholder(field)) for field in fields.values()}
            for fields in (signature.input_fields, signature.output_fields)
        ]
        parts += [self.format_field_with_value(half) for half in halves]
        parts.append(f"[[ ## {END} ## ]]")
        return "\n\n".join(parts).strip()

    def format_task_description(self, signature: type[Signature]) -> str:
        """The instructions."""
        lines = ["", *dedented(signature.instructions).splitlines()]
        objective = ("\n" + " " * 8).join(lines)
        return f"In adhering to this structure, your objective is: {objective}"

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs that are present, with the reminder of the outputs if this is the request itself."""
        compiled = self._compiled(signature)
        parts = [prefix] if prefix else []
        parts += [f"{head}{render(inputs[name])}" for name, head, render in compiled.inputs if name in inputs]
        if main_request:
            requirements = (
                self.user_message_output_requirements(signature) if self._own_user else compiled.requirements
            )
            parts += [requirements] if requirements else []
        if suffix:
            parts.append(suffix)
        return "\n\n".join(parts).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format at the end of a request; none where the provider fills all
        outputs.
        """
        if not signature.output_fields:
            return ""
        fields = [f"`[[ ## {name} ## ]]`{reminder(field)}" for name, field in signature.output_fields.items()]
        return (
            "Respond with the corresponding output fields, starting with the field "
            f"{', then '.join(fields)}, and then ending with the marker for `[[ ## {END} ## ]]`."
        )

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """An answer with these outputs, as the model should write it."""
        if self._own_values:
            fields = signature.output_fields
            written = self.format_field_with_value(
                {field: outputs.get(name, missing_field_message) for name, field in fields.items()}
            )
        else:
            written = "\n\n".join(
                [
                    f"{head}{render(outputs.get(name, missing_field_message))}"
                    for name, head, render in self._compiled(signature).answer
                ]
            ).strip()
        return f"{written}\n\n[[ ## {END} ## ]]\n"

    def format_field_with_value(self, fields_with_values: Mapping[Field, Any]) -> str:
        """Fields with their values, as sections."""
        return "\n\n".join(
            f"[[ ## {field.name} ## ]]\n"
            f"{value if isinstance(value, Placeholder) else description.renderer(field)(value)}"
            for field, value in fields_with_values.items()
        ).strip()

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as sections, without the end marker."""
        return "\n\n".join(f"[[ ## {name} ## ]]\n{rendering.render(value)}" for name, value in values.items())

    def format_untyped(self, values: Mapping[str, Any]) -> str:
        """Names and values of any kind as sections."""
        sections = [f"[[ ## {name} ## ]]\n{rendering.render_text(value)}" for name, value in values.items()]
        return "\n\n".join(sections).strip()

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """The follow-up turn: what is wrong with the answer, and the reminder of the format."""
        return (
            f"That answer cannot be used: {error.reason}.\n\nAnswer again, with all fields. "
            f"{self.user_message_output_requirements(signature)}"
        )

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        Sections under markers, else one JSON object with the fields, else, for a single output that is not a
        string, the whole answer. Of several sections of one field the first counts, and nothing after the
        end marker does.

        Raises:
            AdapterParseError: a field is missing, or its text is not a value of its type.
        """
        compiled = signature.__compiled__.get(self._origin) or self._compiled(signature)
        answer = without_drafts(completion) if "<" in completion or "[THINK]" in completion else completion
        try:
            quick = read_as_asked(answer, compiled.first_marker, compiled.as_asked)
        except ReadError:
            quick = None  # which field it is, is found below
        if quick is not None:
            return quick
        texts = _field_texts(split_sections(answer, compiled.names))
        if compiled.names.isdisjoint(texts):
            return self._parse_without_markers(signature, completion, answer)
        values: dict[str, Any] = {}
        for name, field, read in compiled.outputs:
            if name in texts:
                try:
                    values[name] = _read(name, texts[name], read)
                except ReadError as error:
                    raise self._unreadable(signature, completion, values, name, error) from error
            elif not field.is_required():
                values[name] = field.get_default()
            elif allows_none(field.annotation):
                values[name] = None
        if len(values) < len(compiled.outputs):
            raise AdapterParseError(type(self).__name__, signature, completion, parsed_result=values)
        return values

    def stream_reader(self, plan: Plan) -> FieldReader:
        """Cuts at the markers; a model that answers in JSON anyway is shown at the end."""
        return SectionReader(tuple(plan.signature.output_fields))

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        before, marker, _ = text.partition(f"[[ ## {name} ## ]]\n")
        return len(before) + len(marker) if marker else None

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off is complete anyway, with an end marker or as JSON."""
        names = self._compiled(signature).names
        completion = without_drafts(completion)
        sections = split_sections(completion, names)
        if any(name in names for name, _ in sections):
            return any(name == END for name, _ in sections)
        return is_whole_object(completion)

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers."""
        from .gbnf import gbnf_for

        return gbnf_for(signature)

    def _parse_without_markers(
        self, signature: type[Signature], completion: str, answer: str
    ) -> dict[str, Any]:
        name = type(self).__name__
        outputs = self._compiled(signature).outputs
        found = (
            read_object(answer, [(field_name, read) for field_name, _, read in outputs])
            if self.use_json_adapter_fallback
            else None
        )
        if found is not None:
            for field_name, field, _ in outputs:
                if field_name not in found:
                    found[field_name] = None if field.is_required() else field.get_default()
            return {field_name: found[field_name] for field_name, _, _ in outputs}
        if (other := self._read_otherwise(signature, completion, answer)) is not None:
            return other
        bare = answer.strip()
        if len(outputs) == 1 and outputs[0][1].annotation is not str and bare and not is_reminder(bare):
            field_name, _, read = outputs[0]
            try:
                return {field_name: read(bare)}
            except ReadError as error:
                raise self._unreadable(signature, completion, {}, field_name, error) from error
        message = "the answer is empty" if not bare else None
        raise AdapterParseError(name, signature, completion, message)

    def _read_otherwise(
        self, signature: type[Signature], completion: str, answer: str
    ) -> dict[str, Any] | None:
        """The outputs in an answer whose form was not asked for; None where it does not have them all."""
        if not self.use_json_adapter_fallback:
            return None
        from .other_forms import read_in_other_form  # few answers need it

        found = read_in_other_form(signature, answer)
        return None if found is None else self._in_order(signature, completion, found)

    def _in_order(
        self, signature: type[Signature], completion: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The values in the order of the fields; those that may be absent get what stands for them."""
        complete: dict[str, Any] = {}
        for name, field, _ in self._compiled(signature).outputs:
            if name in values:
                complete[name] = values[name]
            elif not field.is_required():
                complete[name] = field.get_default()
            elif allows_none(field.annotation):
                complete[name] = None
            else:
                raise AdapterParseError(
                    type(self).__name__, signature, completion, parsed_result=dict(values)
                )
        return complete

    def _unreadable(
        self, signature: type[Signature], completion: str, values: dict[str, Any], name: str, error: ReadError
    ) -> AdapterParseError:
        message = error.describe(name)
        return AdapterParseError(
            type(self).__name__, signature, completion, message, parsed_result=values, field=name
        )

    def _compiled(self, signature: type[Signature]) -> Compiled:
        kept, origin = signature.__compiled__, self._origin
        compiled: Compiled | None = kept.get(origin)
        if compiled is None:
            compiled = kept[origin] = compile_for(origin(), signature)
        return compiled


ChatAdapter._origin = ChatAdapter
_WRITES_MESSAGE = ChatAdapter.format_user_message_content


def _user_message(compiled: Compiled, inputs: Mapping[str, Any]) -> str:
    """The message of the request itself: what `format_user_message_content` writes where nobody has another
    one.
    """
    parts = []
    for name, head, render in compiled.inputs:
        if name in inputs:
            value = inputs[name]
            # Whatever writes a field leaves such a text as it is.
            plain = type(value) is str and "##" not in value
            parts.append(head + value if plain else head + render(value))
    if compiled.requirements:
        parts.append(compiled.requirements)
    return "\n\n".join(parts).strip()


class Placeholder(str):
    """What stands for a value in the layout of an exchange; it is written as it is."""

    __slots__ = ()


def reminder(field: Field) -> str:
    """What the reminder of the output format says of a field's form; nothing for a string."""
    annotation = plain_annotation(field.annotation)
    if is_tool_calls(annotation):
        return ' (must be a JSON object like {"tool_calls": [{"name": "...", "args": {...}}]})'
    if annotation is str or is_text_type(annotation):
        return ""
    return f" (must be formatted as a valid Python {type_name(annotation)})"


def _field_texts(sections: list[Section]) -> dict[str, str]:
    """Each field's text: its first section's; sections behind the end marker are another exchange.

    Sections that repeat the prompt, its layout with the placeholders or its reminder, are not an answer.
    """
    texts: dict[str, str] = {}
    for name, text in sections:
        if name == END and texts:
            break
        if text[:1] in ECHO_STARTS and is_echo(name, text):
            continue
        texts.setdefault(name, text)
    return texts


def _read(name: str, text: str, read: Reader) -> Any:
    """The value that a section holds, of itself or in an object under the field's name."""
    try:
        return read(text)
    except ReadError:
        if (own := read_under(name, text, read)) is None:
            raise
        return own[0]
