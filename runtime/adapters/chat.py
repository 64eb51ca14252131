"""`ChatAdapter`: fields as sections under `[[ ## name ## ]]` markers; the format that every model can write.

What does not change between calls of a signature (the system message, the reminder at the end, how each field
is written and read) is worked out once and kept in the signature.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import AdapterParseError, ConfigurationError
from ..lm.callbacks import BaseCallback
from ..parameters import parameters
from ..signature import description
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import allows_none, is_history, plain_annotation, type_name
from ..values import rendering
from ..values.reading import Reader, ReadError, read_object, reader_for
from .base import INCOMPLETE_DEMO, MISSING_IN_DEMO, Adapter
from .sections import END, Section, split_sections

_SYSTEM_HOOKS = (
    "format_system_message",
    "format_field_description",
    "format_field_structure",
    "format_task_description",
)
_USER_HOOKS = ("format_user_message_content", "user_message_output_requirements")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a signature's calls have in common."""

    signature: type[Signature]
    system: str
    inputs: tuple[tuple[str, str, rendering.Render], ...]
    requirements: str
    outputs: tuple[tuple[str, Field, Reader], ...]
    names: frozenset[str]
    history: str | None
    turns: type[Signature]
    """The signature of the messages: without the history field."""


@parameters
class ChatAdapter(Adapter):
    """The default adapter.

    Every hook may be overridden; what a subclass does not override keeps its compiled form.
    """

    callbacks: list[BaseCallback] | None = None
    """What is told of the messages that it makes and the answers that it reads."""
    use_native_function_calling: bool = False
    """Whether to use a provider's own function calling. Not supported yet: tools are told in the prompt."""
    native_response_types: list[type] | None = None
    """Types of outputs that a provider fills by itself. Not supported yet: all are read from the answer."""

    _own_system: ClassVar[bool] = False
    _own_user: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._own_system = any(getattr(cls, name) is not getattr(ChatAdapter, name) for name in _SYSTEM_HOOKS)
        cls._own_user = any(getattr(cls, name) is not getattr(ChatAdapter, name) for name in _USER_HOOKS)

    def __post_init__(self) -> None:
        """Refuse what is not there yet.

        Raises:
            ConfigurationError: native function calling or native response types are asked for.
        """
        if self.use_native_function_calling or self.native_response_types:
            name = (
                "use_native_function_calling" if self.use_native_function_calling else "native_response_types"
            )
            raise ConfigurationError(
                f"`{name}` is not supported yet; leave it out: tools and types are described in the prompt"
            )

    # --- messages ---------------------------------------------------------------------------------------

    def format(
        self, signature: type[Signature], demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages of a request: system, few-shot examples, earlier turns, inputs and reminder."""
        plan = self._plan(signature)
        system = self.format_system_message(signature) if self._own_system else plan.system
        messages = [{"role": "system", "content": system}]
        if demos:
            messages += self.format_demos(signature, demos)
        if plan.history is not None:
            messages += self.format_conversation_history(plan.turns, plan.history, inputs)
        content = self.format_user_message_content(plan.turns, inputs, main_request=True)
        if content:
            messages.append({"role": "user", "content": content})
        return messages

    def format_system_message(self, signature: type[Signature]) -> str:
        """What the fields are, how they are laid out, and what to do."""
        return (
            f"{self.format_field_description(signature)}\n"
            f"{self.format_field_structure(signature)}\n"
            f"{self.format_task_description(signature)}"
        )

    def format_field_description(self, signature: type[Signature]) -> str:
        """The lists of input and output fields."""
        return (
            f"Your input fields are:\n{description.describe_fields(signature.input_fields)}\n"
            f"Your output fields are:\n{description.describe_fields(signature.output_fields)}"
        )

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of an exchange, with a placeholder for each value."""
        parts = [
            "All interactions will be structured in the following way, with the appropriate values filled in."
        ]
        # An empty half leaves its blank lines, as in DSPy.
        parts += [_placeholders(signature.input_fields), _placeholders(signature.output_fields)]
        parts.append(f"[[ ## {END} ## ]]")
        return "\n\n".join(parts).strip()

    def format_task_description(self, signature: type[Signature]) -> str:
        """The instructions."""
        lines = ["", *textwrap.dedent(signature.instructions).splitlines()]
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
        """The inputs that are there, with the reminder of the outputs when it is the request itself."""
        plan = self._plan(signature)
        parts = [prefix] if prefix else []
        parts += [f"{head}{render(inputs[name])}" for name, head, render in plan.inputs if name in inputs]
        if main_request:
            parts.append(
                self.user_message_output_requirements(signature) if self._own_user else plan.requirements
            )
        if suffix:
            parts.append(suffix)
        return "\n\n".join(parts).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format at the end of a request."""
        fields = [
            f"`[[ ## {name} ## ]]`{_reminder(field)}" for name, field in signature.output_fields.items()
        ]
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
        values = {
            field: outputs.get(name, missing_field_message) for name, field in signature.output_fields.items()
        }
        return f"{self.format_field_with_value(values)}\n\n[[ ## {END} ## ]]\n"

    def format_field_with_value(self, fields_with_values: Mapping[Field, Any]) -> str:
        """Fields with their values, as sections."""
        return "\n\n".join(
            f"[[ ## {field.name} ## ]]\n{description.renderer(field)(value)}"
            for field, value in fields_with_values.items()
        ).strip()

    def format_demos(self, signature: type[Signature], demos: Sequence[Any]) -> list[dict[str, Any]]:
        """Few-shot examples as turns: those that lack fields first, then the complete ones.

        An example without any input or any output is left out.
        """
        fields = signature.fields
        inputs, outputs = signature.input_fields, signature.output_fields
        complete: list[dict[str, Any]] = []
        incomplete: list[dict[str, Any]] = []
        for demo in demos:
            if all(_supplied(demo, name, field) for name, field in fields.items()):
                complete += self._demo_turns(signature, demo, "")
            elif any(name in demo for name in inputs) and any(name in demo for name in outputs):
                incomplete += self._demo_turns(signature, demo, INCOMPLETE_DEMO)
        return incomplete + complete

    def _demo_turns(self, signature: type[Signature], demo: Any, prefix: str) -> list[dict[str, Any]]:
        user = self.format_user_message_content(signature, demo, prefix=prefix)
        answer = self.format_assistant_message_content(signature, demo, missing_field_message=MISSING_IN_DEMO)
        return [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]

    def format_conversation_history(
        self, signature: type[Signature], history_field_name: str, inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The earlier turns of a conversation, each as it was asked and answered.

        Args:
            signature: without the history field.
            history_field_name: the input that holds the `History`.
            inputs: the inputs of the call.
        """
        history = inputs.get(history_field_name)
        messages: list[dict[str, Any]] = []
        for turn in getattr(history, "messages", ()):
            asked = any(name in turn for name in signature.input_fields)
            if "role" in turn and signature.fields.keys().isdisjoint(turn):
                messages.append({"role": turn["role"], "content": _chat_text(turn.get("content"))})
                continue
            if user := self.format_user_message_content(signature, turn, main_request=asked):
                messages.append({"role": "user", "content": user})
            if answer := self.format_assistant_message_content(signature, turn):
                messages.append({"role": "assistant", "content": answer})
        return messages

    def format_finetune_data(
        self,
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> dict[str, list[Any]]:
        """One example of training data: `{"messages": [...]}`, ending with the answer."""
        answer = {"role": "assistant", "content": self.format_assistant_message_content(signature, outputs)}
        return {"messages": [*self.format(signature, demos, inputs), answer]}

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
        string, the whole answer. Of several sections of one field the first counts, and nothing behind the
        end marker does.

        Raises:
            AdapterParseError: a field is missing, or its text is no value of its type.
        """
        plan = self._plan(signature)
        outputs = plan.outputs
        texts = _field_texts(split_sections(completion, plan.names))
        if plan.names.isdisjoint(texts):
            return self._parse_without_markers(signature, completion)
        values: dict[str, Any] = {}
        for name, field, read in outputs:
            if name in texts:
                try:
                    values[name] = read(texts[name])
                except ReadError as error:
                    raise self._unreadable(signature, completion, values, name, error) from error
            elif not field.is_required():
                values[name] = field.get_default()
            elif allows_none(field.annotation):
                values[name] = None
        if len(values) < len(outputs):
            raise AdapterParseError(type(self).__name__, signature, completion, parsed_result=values)
        return values

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers, when all outputs have closed types."""
        from .gbnf import gbnf_for

        return gbnf_for(signature)

    def _parse_without_markers(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        name = type(self).__name__
        outputs = self._plan(signature).outputs
        found = read_object(completion, [(field_name, read) for field_name, _, read in outputs])
        if found is not None:
            for field_name, field, _ in outputs:
                if field_name not in found:
                    found[field_name] = None if field.is_required() else field.get_default()
            return {field_name: found[field_name] for field_name, _, _ in outputs}
        if len(outputs) == 1 and outputs[0][1].annotation is not str and completion.strip():
            field_name, _, read = outputs[0]
            try:
                return {field_name: read(completion.strip())}
            except ReadError as error:
                raise self._unreadable(signature, completion, {}, field_name, error) from error
        message = "the answer is empty" if not completion.strip() else None
        raise AdapterParseError(name, signature, completion, message)

    def _unreadable(
        self, signature: type[Signature], completion: str, values: dict[str, Any], name: str, error: ReadError
    ) -> AdapterParseError:
        message = f"`{name}` {error}"
        return AdapterParseError(
            type(self).__name__, signature, completion, message, parsed_result=values, field=name
        )

    def _plan(self, signature: type[Signature]) -> _Plan:
        compiled = signature.__compiled__
        plan: _Plan | None = compiled.get(ChatAdapter)
        if plan is None:
            plan = compiled[ChatAdapter] = _compile(signature)
        return plan


def _compile(signature: type[Signature]) -> _Plan:
    plain = ChatAdapter()
    history = next(
        (name for name, field in signature.input_fields.items() if is_history(field.annotation)), None
    )
    return _Plan(
        signature=signature,
        system=plain.format_system_message(signature),
        inputs=tuple(
            (name, f"[[ ## {name} ## ]]\n", description.renderer(field))
            for name, field in signature.input_fields.items()
        ),
        requirements=plain.user_message_output_requirements(signature),
        outputs=tuple(
            (name, field, reader_for(field.annotation)) for name, field in signature.output_fields.items()
        ),
        names=frozenset(signature.output_fields),
        history=history,
        turns=signature if history is None else signature.delete(history),
    )


def _placeholders(fields: Mapping[str, Field]) -> str:
    return "\n\n".join(
        f"[[ ## {name} ## ]]\n{description.placeholder(field)}" for name, field in fields.items()
    )


def _chat_text(content: Any) -> Any:
    """A message's content as it is, save that markers in its text are no structure."""
    return rendering.escape_markers(content) if isinstance(content, str) else content


def _reminder(field: Field) -> str:
    annotation = plain_annotation(field.annotation)
    return "" if annotation is str else f" (must be formatted as a valid Python {type_name(annotation)})"


def _supplied(demo: Any, name: str, field: Field) -> bool:
    return name in demo and (demo[name] is not None or allows_none(field.annotation))


def _field_texts(sections: list[Section]) -> dict[str, str]:
    """Each field's text: its first section's; sections behind the end marker are another exchange."""
    texts: dict[str, str] = {}
    for section in sections:
        if section.name == END and texts:
            break
        texts.setdefault(section.name, section.text)
    return texts
