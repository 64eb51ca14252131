"""`BAMLAdapter`: as `JSONAdapter`, with types in a short form instead of their JSON schema."""

from __future__ import annotations

from typing import ClassVar

from .. import dspy_paths
from ..parameters import parameters
from ..signature import description
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import plain_annotation
from .chat import STRUCTURE, Placeholder
from .json_adapter import JSONAdapter
from .native import is_tool_calls
from .simplified import simplified


@parameters
class BAMLAdapter(JSONAdapter):
    """Asks for one JSON object and describes its type as BAML does: `{name: string, age: int or null}`.

    The prompt of nested records takes about a third of the tokens that their JSON schema takes. Descriptions
    and limits of attributes are in it as comments. Everything else is as in `JSONAdapter`.
    """

    _is_origin: ClassVar[bool] = True

    def format_field_description(self, signature: type[Signature]) -> str:
        """The list of input fields; the outputs are described by their type."""
        return f"Your input fields are:\n{description.describe_fields(signature.input_fields)}"

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of the inputs, and the type of the output."""
        inputs = {
            field: Placeholder(description.placeholder(field)) for field in signature.input_fields.values()
        }
        parts = [
            STRUCTURE,
            "Inputs will have the following structure:",
            self.format_field_with_value(inputs, role="user"),
            "Outputs will be a JSON object of the following type.",
            simplified(signature.output_fields),
        ]
        return "\n\n".join(parts).strip()

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """The reminder of the output format at the end of a request; none where the provider fills all
        outputs.
        """
        names = [f"`{name}`{_form(field)}" for name, field in signature.output_fields.items()]
        if not names:
            return ""
        return f"Respond with a JSON object in the following order of fields: {', then '.join(names)}."


def _form(field: Field) -> str:
    """What has to be said again of a field's form; its type stands above."""
    if is_tool_calls(plain_annotation(field.annotation)):
        return ' (like {"tool_calls": [{"name": "...", "args": {...}}]})'
    return ""


dspy_paths.extend(__name__)
