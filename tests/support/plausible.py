"""Answers made from a ChatAdapter prompt: every output field with a plausible value of its type."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_FIELD = re.compile(r"^\d+\. `(\w+)` \((.*?)\):", re.MULTILINE)
_NOTE = re.compile(r"^\{(\w+)\}(?: {8}# note: the value you produce (.*))?$", re.MULTILINE)
_TOOL = re.compile(r"^\s*\(\d+\) (\w+)[,.].*It takes arguments (\{.*\})\.$", re.MULTILINE)


def answer_from_messages(messages: list[dict[str, Any]]) -> str:
    """An answer in the ChatAdapter's format to these messages; a plain text to other prompts."""
    system = "\n".join(str(message["content"]) for message in messages if message["role"] == "system")
    request = str(messages[-1]["content"]).partition("Respond with the corresponding output fields")[0]
    _, found, outputs = system.partition("Your output fields are:\n")
    if not found:
        return "This is a test!"
    listed, _, rest = outputs.partition("All interactions will be structured")
    notes = dict(_NOTE.findall(rest))
    parts: list[str] = []
    chosen: dict[str, str] = {}
    for match in _FIELD.finditer(listed):
        name, constraints = match[1], _constraints(listed, match.end())
        value = _tool_value(name, system, request, chosen) or _value(
            name, notes.get(name, ""), constraints, request
        )
        chosen[name] = value
        parts.append(f"[[ ## {name} ## ]]\n{value}")
    return "\n\n".join([*parts, "[[ ## completed ## ]]"])


def _constraints(listed: str, offset: int) -> str:
    rest = listed[offset:].partition("\n")[2]
    return rest.partition("\n")[0] if rest.startswith("Constraints:") else ""


def _value(name: str, note: str, constraints: str, request: str) -> str:
    if "one of: " in note:
        choices = note.split("one of: ", 1)[1].split("; ")
        named = [
            choice for choice in choices if re.search(rf"\b{re.escape(choice)}\b", request, re.IGNORECASE)
        ]
        return named[0] if len(named) == 1 else choices[0]
    if note == "must be True or False":
        return "True"
    if note.startswith("must be a single "):
        return _number(note.split()[4], constraints)
    if "JSON schema: " in note:
        schema = json.loads(note.split("JSON schema: ", 1)[1])
        return json.dumps(from_schema(schema, schema.get("$defs", {}), name))
    return f"A plausible {name.replace('_', ' ')}."


def _number(kind: str, constraints: str) -> str:
    bounds = dict(re.findall(r"(greater than|less than)(?: or equal to)?: (-?[\d.]+)", constraints))
    low, high = (float(bounds[key]) if key in bounds else None for key in ("greater than", "less than"))
    if low is not None and high is not None:
        value = (low + high) / 2
    else:
        value = low + 1 if low is not None else high - 1 if high is not None else 42.0
    return str(int(value) if kind == "int" else value)


def _tool_value(name: str, system: str, request: str, chosen: dict[str, str]) -> str | None:
    """For an agent's step: each tool once, in turn, then `finish`."""
    tools = dict(_TOOL.findall(system))
    if name == "next_tool_name":
        used = set(re.findall(r"\[\[ ## tool_name_\d+ ## \]\]\n(\w+)", request))
        return next((tool for tool in tools if tool not in used), "finish")
    if name == "next_tool_args":
        schemas = ast.literal_eval(tools[chosen["next_tool_name"]])
        return json.dumps(
            {arg: from_schema(schema, {}, arg) for arg, schema in schemas.items() if "default" not in schema}
        )
    return None


def from_schema(
    schema: dict[str, Any], definitions: dict[str, Any], name: str = "value", depth: int = 0
) -> Any:
    """A value that fits a JSON schema as pydantic writes them."""
    if "$ref" in schema:
        return from_schema(definitions[schema["$ref"].rpartition("/")[2]], definitions, name, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return from_schema(schema[key][0], definitions, name, depth)
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {
                key: from_schema(inner, definitions, key, depth + 1)
                for key, inner in schema["properties"].items()
            }
        case "object":
            inner = schema.get("additionalProperties")
            inner = inner if isinstance(inner, dict) else {"type": "string"}
            return {f"{name} {number}": from_schema(inner, definitions, name, depth + 1) for number in (1, 2)}
        case "array" if "prefixItems" in schema:
            return [from_schema(inner, definitions, name, depth + 1) for inner in schema["prefixItems"]]
        case "array":
            count = 2 if depth < 3 else 0
            return [from_schema(schema.get("items", {}), definitions, name, depth + 1) for _ in range(count)]
        case "integer":
            return int(schema.get("minimum", 42))
        case "number":
            return float(schema.get("minimum", 0.5))
        case "boolean":
            return True
        case "null":
            return None
    formats = {
        "date": "2024-02-29",
        "date-time": "2024-02-29T12:00:00",
        "time": "12:00:00",
        "duration": "PT1H",
    }
    return formats.get(
        schema.get("format", ""), "2" if name == "expression" else f"a {name.replace('_', ' ')}"
    )
