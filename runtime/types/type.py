"""`Type`: the base of field types that say themselves how a model is told of their values."""

from __future__ import annotations

import json
from typing import Any, ClassVar, get_args, get_origin

from pydantic import BaseModel, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from . import content

CUSTOM_TYPE_START_IDENTIFIER = "<<CUSTOM-TYPE-START-IDENTIFIER>>"
CUSTOM_TYPE_END_IDENTIFIER = "<<CUSTOM-TYPE-END-IDENTIFIER>>"


class Type(BaseModel):
    """A field type whose values become content parts, or text of their own, in a prompt.

    A subclass has attributes, as any pydantic model, and `format`:

        class Page(Type):
            address: str

            def format(self):
                return [{"type": "image_url", "image_url": {"url": self.address}}]

    It can be used in lists, dicts, optional fields and records. In states, caches and results a value is kept
    as its attributes.
    """

    is_text: ClassVar[bool] = False
    """Whether a value is a text, written and read as it is, with no JSON around it."""
    prompt_name: ClassVar[str | None] = None
    """What the type is called in prompts; its own name if None."""

    def format(self) -> list[dict[str, Any]] | str:
        """The value as content parts in OpenAI's form, or as text.

        A type without a `format` of its own is written as JSON.
        """
        raise NotImplementedError

    @classmethod
    def description(cls) -> str:
        """What the model is told about the type, besides the field's own description; empty for nothing."""
        return ""

    @classmethod
    def extract_custom_type_from_annotation(cls, annotation: Any) -> list[type[Any]]:
        """The types of this kind in an annotation, at any depth, from left to right."""
        if isinstance(annotation, type) and get_origin(annotation) is None:
            return [annotation] if issubclass(annotation, cls) else []
        found: list[type[Any]] = []
        for argument in get_args(annotation):
            found += cls.extract_custom_type_from_annotation(argument)
        return found

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Let the provider fill an output by its own means, if the model has them.

        Args:
            signature: the signature of the call.
            field_name: its output of this type.
            lm: the language model.
            lm_kwargs: the settings of the call; what the provider needs is added here.

        Returns:
            The signature without the field, or the signature itself if the prompt has to ask for it.
        """
        return signature

    @classmethod
    def is_streamable(cls) -> bool:
        """Whether the provider streams values of this type alongside the text."""
        return False

    @classmethod
    def parse_stream_chunk(cls, chunk: Any) -> Any:
        """What a piece of a stream, in OpenAI's form, holds of a value of this type; None for nothing."""
        return None

    @classmethod
    def parse_lm_response(cls, response: str | dict[str, Any]) -> Any:
        """The value of this type that an answer contains besides its text; None for none.

        Args:
            response: the answer: its text, or a dict with `text`, `reasoning_content`, `citations`,
                `tool_calls` as far as the provider gave them.
        """
        return None

    def serialize_model(self) -> Any:
        """The value as DSPy writes it into a text: `format`'s text, or its parts as JSON between two
        markers.
        """
        formatted = self.format()
        if not isinstance(formatted, list):
            return formatted
        parts = json.dumps(formatted, ensure_ascii=False)
        return f"{CUSTOM_TYPE_START_IDENTIFIER}{parts}{CUSTOM_TYPE_END_IDENTIFIER}"

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        """The schema without the class's docstring, which is for programmers; `description` is for models."""
        schema = handler(core_schema)
        found = handler.resolve_ref_schema(schema)
        extra = cls.model_config.get("json_schema_extra")
        if not (isinstance(extra, dict) and "description" in extra):
            found.pop("description", None)
        return schema

    @model_serializer(mode="wrap")
    def _serialized(self, plain: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        """The value in a prompt, or its attributes everywhere else."""
        if self.is_text:
            return self.format()
        if not isinstance(info.context, content.InPrompt) or type(self).format is Type.format:
            return plain(self)
        formatted = self.format()
        return content.as_token(formatted) if isinstance(formatted, list) else formatted
