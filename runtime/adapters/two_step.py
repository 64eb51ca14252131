"""`TwoStepAdapter`: one model answers in its own words, and another one extracts the fields from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import AdapterParseError, ConfigurationError
from ..execution import drive
from ..execution.callbacks import BaseCallback
from ..execution.replacing import in_place_of, let_answer
from ..lm.base import BaseLM
from ..lm.request import Completion
from ..parameters import parameters
from ..signature import description
from ..signature.conditions import check_outputs
from ..signature.fields import Field, InputField
from ..signature.signature import Signature, make_signature
from ..types.annotations import custom_types
from ..values import rendering
from .base import Adapter
from .chat import ChatAdapter
from .native import asks_for_text, with_natives
from .plan import Plan

_EXTRACTOR = ChatAdapter()
_TEXT = "text"


@parameters
class TwoStepAdapter(Adapter):
    """Asks in plain words, and lets a second, smaller model extract the fields from the answer.

    It is for models that answer worse when they have to follow a format, as some reasoning models do. Each
    answer takes a call of the extraction model, too.
    """

    extraction_model: BaseLM
    """The model that extracts the fields; it is asked as by `ChatAdapter`."""
    callbacks: list[BaseCallback] | None = None
    """Called when messages are made and answers are read."""
    use_native_function_calling: bool = False
    """Whether tools go to the provider's own function calling; see `ChatAdapter`."""
    native_response_types: list[type] | None = None
    """Types of outputs that the provider fills by its own means; see `ChatAdapter`."""
    parallel_tool_calls: bool | None = None
    """Whether the model may ask for several tool calls at once; the provider's default when None."""

    asks_to_read: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Verify the model.

        Raises:
            ConfigurationError: it is not a model.
        """
        if not isinstance(self.extraction_model, BaseLM):
            raise ConfigurationError(
                f'`extraction_model` must be a model, such as LM("openai/gpt-4o-mini"), '
                f"not {self.extraction_model!r}"
            )
        let_answer(self.extraction_model)

    # --- messages ---------------------------------------------------------------------------------------

    def format_system_message(self, signature: type[Signature]) -> str:
        """The task, in words."""
        return self.format_task_description(signature)

    def format_task_description(self, signature: type[Signature]) -> str:
        """The fields and the instructions, in words."""
        parts = [
            "You are a helpful assistant that can solve tasks based on user input.",
            f"As input, you will be provided with:\n{description.describe_fields(signature.input_fields)}",
            f"Your outputs must contain:\n{description.describe_fields(signature.output_fields)}",
            "You should lay out your outputs in detail so that your answer can be understood by another "
            "agent",
        ]
        if signature.instructions:
            parts.append(f"Specific instructions: {signature.instructions}")
        return "\n".join(parts)

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs that are present."""
        given = [
            f"{name}: {_text(field, inputs[name])}"
            for name, field in signature.input_fields.items()
            if name in inputs
        ]
        return "\n\n".join([prefix, *given, suffix]).strip()

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """The outputs that are present, each after its name."""
        given = [
            f"{name}: {_text(field, outputs[name])}"
            for name, field in signature.output_fields.items()
            if name in outputs
        ]
        return "\n\n".join(given).strip()

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as sections, which the extraction model would write."""
        return _EXTRACTOR.format_answer(values)

    def format_untyped(self, values: Mapping[str, Any]) -> str:
        """Names and values of any kind."""
        return "\n\n".join(f"{name}: {rendering.render_text(value)}" for name, value in values.items())

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that the extraction model finds in an answer.

        Raises:
            AdapterParseError: it finds no values of the fields' types.
        """
        return drive.drive(self.extract(signature, completion))

    async def aread_completion(
        self, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The outputs that the extraction model finds in an answer; what the provider fills stays as it is.

        Raises:
            AdapterParseError: it finds no values of the fields' types.
            ConditionError: the values violate a condition.
        """
        text = completion.text
        if plan.natives is not None:
            values = {}
            if asks_for_text(self, plan, completion):
                values = await self.extract(plan.signature, text)
            return with_natives(self, plan, completion, inputs, values)
        values = await self.extract(plan.signature, text)
        check_outputs(type(self).__name__, plan.signature, text, inputs, values)
        return values

    async def extract(self, signature: type[Signature], text: str) -> dict[str, Any]:
        """Ask the extraction model for the outputs in a text.

        Raises:
            AdapterParseError: there are no values of the fields' types, after all retries.
        """
        lm = in_place_of(self.extraction_model)
        try:
            found = await _EXTRACTOR.acall(lm, {}, _extraction(signature), (), {_TEXT: text})
        except AdapterParseError as error:
            message = f"the extraction model found no fields in the answer: {error.reason}"
            raise AdapterParseError(
                type(self).__name__, signature, text, message, parsed_result=error.parsed_result
            ) from error
        return found[0]


def _text(field: Field, value: Any) -> str:
    """A value as these messages show it; a `Type` as it is told to models."""
    return description.renderer(field)(value) if custom_types(field.annotation) else f"{value}"


def _extraction(signature: type[Signature]) -> type[Signature]:
    """The signature of the second step: from a text to the outputs, whose conditions are checked later."""
    key = "extraction"
    kept = signature.__compiled__
    if key not in kept:
        outputs = {
            name: (field.annotation, field._replace(where=(), constraints=()))
            for name, field in signature.output_fields.items()
        }
        names = ", ".join(f"`{name}`" for name in outputs)
        kept[key] = make_signature(
            {_TEXT: (str, InputField()), **outputs},
            f"The text is an answer to a task. Extract the fields {names} from it, as they stand there; "
            "add nothing of your own.",
        )
    found: type[Signature] = kept[key]
    return found
