"""The JSON schema of a signature's outputs, as providers that hold answers to a schema take it.

OpenAI's structured outputs know a part of JSON schema only: every object lists all of its properties,
requires each, and allows no others; a few keywords and formats are refused. The rest of what a type says
stays in the prompt, and is checked when the answer is read. See "Supported schemas" in OpenAI's guide to
structured outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

from ..lm.capabilities import Capabilities
from ..lm.messages import JsonObject, OutputFormat, Schema
from ..signature.fields import Field
from ..signature.signature import Signature

_REFUSED = frozenset(
    {
        "contains", "default", "dependentRequired", "dependentSchemas", "discriminator", "examples",
        "maxContains", "maxLength", "maxProperties", "minContains", "minLength", "minProperties",
        "propertyNames", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
    }
)  # fmt: skip
"""Keywords that OpenAI refuses in a strict schema."""
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_NAME = "outputs"


def output_format(signature: type[Signature], able: Capabilities) -> OutputFormat | None:
    """How a provider is to hold the answer, a JSON object of the outputs; None where it cannot.

    Types that a strict schema cannot say, such as `dict[str, int]`, are only held to being a JSON object,
    save by servers that make a grammar of any schema.
    """
    if able.response_schema:
        strict, schema = _kept(signature)
        if strict:
            return Schema(_NAME, schema)
        if able.grammar and schema:
            return Schema(_NAME, schema, strict=False)
    return JsonObject() if able.json_object else None


def _kept(signature: type[Signature]) -> tuple[bool, Mapping[str, Any]]:
    key = "schema"
    if key not in signature.__compiled__:
        signature.__compiled__[key] = _strict_or_not(signature)
    return cast("tuple[bool, Mapping[str, Any]]", signature.__compiled__[key])


def _strict_or_not(signature: type[Signature]) -> tuple[bool, Mapping[str, Any]]:
    from pydantic import PydanticUserError

    try:
        schema = schema_of(signature)
    except PydanticUserError:
        return False, {}
    return (True, cast("Mapping[str, Any]", _strict(schema))) if _is_closed(schema) else (False, schema)


def schema_of(signature: type[Signature]) -> dict[str, Any]:
    """The JSON schema of an object with a signature's outputs, in their order.

    Raises:
        pydantic.PydanticUserError: the type of an output has no schema.
    """
    from pydantic import TypeAdapter

    outputs = signature.output_fields
    given: list[tuple[str, Any, Any]] = [
        (name, "validation", TypeAdapter(_constrained(field))) for name, field in outputs.items()
    ]
    made, definitions = TypeAdapter.json_schemas(given)
    properties = {name: _described(made[name, "validation"], field) for name, field in outputs.items()}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": [name for name, field in outputs.items() if field.is_required()],
        "additionalProperties": False,
    }
    if found := definitions.get("$defs"):
        schema["$defs"] = found
    return schema


def _constrained(field: Field) -> Any:
    """A field's type with its bounds and lengths."""
    if not field.constraints:
        return field.annotation
    from pydantic import Field as Constraints

    return Annotated[field.annotation, Constraints(**dict(field.constraints))]


def _described(schema: Any, field: Field) -> dict[str, Any]:
    return {**schema, "description": field.desc} if field.desc else dict(schema)


# --- strict schemas -------------------------------------------------------------------------------------


def _is_closed(schema: Any) -> bool:
    """Whether a schema says all that may be there, as a strict one must."""
    if not isinstance(schema, Mapping):
        return not isinstance(schema, list) or all(map(_is_closed, schema))
    if schema.get("type") == "object" and "properties" not in schema:
        return False  # names of any kind
    if schema.get("additionalProperties") not in (None, False):
        return False
    if schema.get("type") == "array" and ("prefixItems" in schema or not schema.get("items")):
        return False  # places with types of their own, or items of any kind
    return all(_says_something(each) and _is_closed(each) for each in _inner(schema))


def _says_something(schema: Any) -> bool:
    """Whether a schema is not that of `Any`."""
    return not isinstance(schema, Mapping) or not _SAYING.isdisjoint(schema)


_SAYING = frozenset({"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"})


def _inner(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("properties", "$defs"):
        yield from schema.get(key, {}).values()
    for key in ("anyOf", "oneOf", "allOf"):
        yield from schema.get(key, ())
    if "items" in schema:
        yield schema["items"]


def _strict(schema: Any) -> Any:
    """The same schema in the words that a strict one may have."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _REFUSED or (key == "format" and value not in _FORMATS):
            continue
        if key in ("properties", "$defs"):
            made[key] = {name: _strict(each) for name, each in value.items()}
        elif key == "oneOf":
            made["anyOf"] = _strict(value)
        elif key in ("const", "enum"):
            made[key] = value
        else:
            made[key] = _strict(value)
    if made.get("type") == "object":
        made["required"] = list(made.get("properties", ()))
        made["additionalProperties"] = False
    if "$ref" in made and len(made) > 1:
        # Nothing may stand beside a reference.
        made = {"anyOf": [{"$ref": made.pop("$ref")}], **made}
    return made
