"""GBNF grammars (llama.cpp's, which xgrammar's servers read, too) of the answers to a signature.

A model that is held to one can only write an answer that parses. Any type has a grammar: closed ones have
their choices, numbers their digits, records and lists the JSON of their schema, and texts may be all that
does not begin a line like a section's marker.
"""

from __future__ import annotations

import enum
import inspect
import json
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..signature.signature import Signature
from ..types.annotations import allows_none, plain_annotation
from ..values.rendering import ordered_schema, render
from .sections import END

_COMMON = {
    "line": r'([^[\n] [^\n]* | "[" ([^[\n] [^\n]*)?)?',
    "text": r'line ("\n" line)*',
    "integer": r'"-"? ("0" | [1-9] [0-9]{0,17})',  # a model that is lost would write digits for ever
    "number": r'integer ("." [0-9]{1,17})? ([eE] [-+]? [0-9]{1,3})?',
    "ws": r'(" " | "\n" [ \t]{0,20})?',  # not more: a model that is lost would write blanks for ever
    "item": r"[^[ \n\t] [^\n]*",
    "words": r"[^ \n] [^\n]*",
    "hex": "[0-9a-fA-F]",
    "string": r'"\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" hex hex hex hex))* "\""',
    "value": 'object | array | string | number | "true" | "false" | "null"',
    "object": '"{" ws (string ws ":" ws value (ws "," ws string ws ":" ws value)*)? ws "}"',
    "array": '"[" ws (value (ws "," ws value)*)? ws "]"',
    "loose": '([^<] | "<" [^/])*',
    "escaped": '([^<&] | "&" ("lt" | "gt" | "amp" | "quot" | "apos") ";")*',
}
"""Rules that others use."""


class Rules:
    """The rules of one grammar; those that are used by name come along.

    Args:
        one_line: whether JSON stands on one line.
    """

    def __init__(self, *, one_line: bool = False) -> None:
        self._common = {**_COMMON, "ws": '" "?'} if one_line else _COMMON
        self._own: dict[str, str] = {}
        self._used: list[str] = []
        self._count = 0

    def use(self, name: str) -> str:
        """A common rule."""
        if name not in self._used:
            self._used.append(name)
            for other in self._common:
                if other != name and other in _words(self._common[name]):
                    self.use(other)
        return name

    def add(self, body: str) -> str:
        """A rule of its own; gives its name."""
        name = self.named("value")
        self.define(name, body)
        return name

    def named(self, stem: str) -> str:
        """The name of a rule that is still to be defined, by which its body may refer to it."""
        name = f"{stem}{self._count}"
        self._count += 1
        self._own[name] = ""
        return name

    def define(self, name: str, body: str) -> None:
        """Say what a rule is."""
        self._own[name] = body

    def text(self, root: str) -> str:
        """The grammar."""
        own = [f"{name} ::= {body}" for name, body in self._own.items()]
        used = [f"{name} ::= {self._common[name]}" for name in self._used]
        return "\n".join([f"root ::= {root}", *own, *used]) + "\n"


def _words(body: str) -> set[str]:
    return {word.strip("()*?|") for word in body.split()}


def gbnf_for(signature: type[Signature]) -> str:
    """The grammar of the answers in `ChatAdapter`'s format."""
    return _kept(signature, "gbnf", _of_sections)


def gbnf_of_bare(signature: type[Signature]) -> str:
    """The grammar of the answers in `CompactAdapter`'s format."""
    return _kept(signature, "gbnf_bare", _of_bare)


def gbnf_of_elements(signature: type[Signature]) -> str:
    """The grammar of the answers in `XMLAdapter`'s format."""
    return _kept(signature, "gbnf_xml", _of_elements)


def _kept(signature: type[Signature], key: str, make: Callable[[type[Signature]], str]) -> str:
    if key not in signature.__compiled__:
        signature.__compiled__[key] = make(signature)
    found: str = signature.__compiled__[key]
    return found


# --- sections -------------------------------------------------------------------------------------------


def _of_sections(signature: type[Signature]) -> str:
    rules = Rules()
    pieces: list[str] = []
    for name, field in signature.output_fields.items():
        value = rules.add(_section(rules, field.annotation))
        pieces.append(f"{quoted(f'[[ ## {name} ## ]]' + chr(10))} {value} {quoted(chr(10) * 2)}")
    # Models that were asked for it end with a newline; those that stop at the marker are as good.
    return rules.text(f'{" ".join(pieces)} {quoted(f"[[ ## {END} ## ]]")} "\\n"?')


_LINES = '"[]" | item ("\\n" " "? item){0,63}'  # not more: a model that is lost would write lines for ever


def _of_bare(signature: type[Signature]) -> str:
    """Values without markers where there is one, sections without the end marker where there are several."""
    rules = Rules()
    fields = list(signature.output_fields.items())
    if len(fields) == 1:
        annotation = fields[0][1].annotation
        lines = plain_annotation(annotation) == list[str]
        if lines:
            rules.use("item")
        value = rules.add(_LINES if lines else _section(rules, annotation))
        return rules.text(f'" "? {value} "\\n"?')
    pieces = [
        f"{quoted(f'[[ ## {name} ## ]]' + chr(10))} {rules.add(_section(rules, field.annotation))}"
        for name, field in fields
    ]
    between = f" {quoted(chr(10) * 2)} "
    return rules.text(f'" "? {between.join(pieces)} "\\n"?')


def _section(rules: Rules, annotation: Any) -> str:
    """A value as it stands in a section."""
    if (choices := closed_choices(annotation)) is not None:
        return " | ".join(quoted(choice) for choice in choices)
    core, suffix = core_type(annotation), ' | "None"' if allows_none(annotation) else ""
    if core is int:
        return rules.use("integer") + suffix
    if core is float:
        return rules.use("number") + suffix
    schema = ordered_schema(core)
    if schema.get("type") in ("object", "array") or "$ref" in schema:
        return json_rule(rules, schema) + suffix
    return rules.use("text")


def plain_value(rules: Rules, annotation: Any) -> str:
    """A value as it stands on a line of `PlainAdapter`'s format."""
    if _section(Rules(), annotation) == "text":
        return rules.use("words")
    return _section(rules, annotation)


def core_type(annotation: Any) -> Any:
    """A type without notes, and without None where one other type is left."""
    annotation = plain_annotation(annotation)
    if get_origin(annotation) in (Union, UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return plain_annotation(arms[0]) if len(arms) == 1 else annotation
    return annotation


def closed_choices(annotation: Any) -> list[str] | None:
    """All values of a type as the adapter writes them, or None when the type is open."""
    choices = listed_choices(annotation)
    return None if choices is None else list(dict.fromkeys(map(render, choices)))


def listed_choices(annotation: Any) -> list[Any] | None:
    """All values of a type, or None when the type is open."""
    annotation = plain_annotation(annotation)
    if annotation is bool:
        return [True, False]
    if annotation is type(None):
        return [None]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return list(annotation)
    if get_origin(annotation) in (Union, UnionType):
        arms = [listed_choices(arm) for arm in get_args(annotation)]
        if any(arm is None for arm in arms):
            return None
        return [choice for arm in arms if arm is not None for choice in arm]
    return None


# --- JSON -----------------------------------------------------------------------------------------------


def json_rule(rules: Rules, schema: Mapping[str, Any]) -> str:
    """The rule of the JSON that a schema allows: objects with all of their properties, in their order."""
    return _Json(rules, schema.get("$defs", {})).of(schema)


class _Json:
    """The rules of one schema and its definitions."""

    def __init__(self, rules: Rules, definitions: Mapping[str, Any]) -> None:
        self._rules = rules
        self._definitions = definitions
        self._made: dict[str, str] = {}

    def of(self, schema: Mapping[str, Any]) -> str:
        """The name or the body of what a schema allows."""
        use = self._rules.use
        if reference := schema.get("$ref"):
            return self._defined(reference.rpartition("/")[2])
        if "const" in schema:
            return quoted(_as_json(schema["const"]))
        if "enum" in schema:
            return f"({' | '.join(quoted(_as_json(each)) for each in schema['enum'])})"
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return f"({' | '.join(self.of(each) for each in schema[key])})"
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string" | "integer" | "number" as kind:
                return use(kind)
            case "boolean":
                return '("true" | "false")'
            case "null":
                return '"null"'
        return use("value")

    def _defined(self, name: str) -> str:
        if name not in self._made:
            rule = self._made[name] = self._rules.named("json")
            self._rules.define(rule, self.of(self._definitions[name]))
        return self._made[name]

    def _object(self, schema: Mapping[str, Any]) -> str:
        ws = self._rules.use("ws")
        properties = schema.get("properties")
        if properties:
            pairs = [
                f'{quoted(_as_json(name))} {ws} ":" {ws} {self.of(each)}' for name, each in properties.items()
            ]
            return f'"{{" {ws} ' + f' {ws} "," {ws} '.join(pairs) + f' {ws} "}}"'
        more = schema.get("additionalProperties")
        value = self.of(more) if isinstance(more, Mapping) else self._rules.use("value")
        pair = f'{self._rules.use("string")} {ws} ":" {ws} {value}'
        return f'"{{" {ws} ({pair} ({ws} "," {ws} {pair})*)? {ws} "}}"'

    def _array(self, schema: Mapping[str, Any]) -> str:
        ws = self._rules.use("ws")
        if places := schema.get("prefixItems"):
            return f'"[" {ws} ' + f' {ws} "," {ws} '.join(self.of(each) for each in places) + f' {ws} "]"'
        items = schema.get("items")
        item = self.of(items) if isinstance(items, Mapping) and items else self._rules.use("value")
        return f'"[" {ws} ({item} ({ws} "," {ws} {item})*)? {ws} "]"'


# --- elements -------------------------------------------------------------------------------------------


def _of_elements(signature: type[Signature]) -> str:
    from .elements import is_nested

    rules = Rules()
    pieces = []
    for name, field in signature.output_fields.items():
        if is_nested(field.annotation):
            schema = ordered_schema(field.annotation)
            pieces.append(_Elements(rules, schema.get("$defs", {})).of(name, schema))
            continue
        choices = closed_choices(field.annotation)
        if choices is not None:
            value = f"({' | '.join(quoted(choice) for choice in choices)})"
        else:
            core = core_type(field.annotation)
            kind = {int: "integer", float: "number", str: "escaped"}.get(core, "loose")
            value = rules.use(kind)
            if core in (int, float) and allows_none(field.annotation):
                value += ' | "None"'
        rule = rules.add(value)
        pieces.append(f"{quoted(f'<{name}>' + chr(10))} {rule} {quoted(chr(10) + f'</{name}>')}")
    between = f" {quoted(chr(10) * 2)} "
    return rules.text(f'{between.join(pieces)} "\\n"?')


class _Elements:
    """The rules of one schema's elements."""

    def __init__(self, rules: Rules, definitions: Mapping[str, Any]) -> None:
        self._rules = rules
        self._definitions = definitions
        self._made: dict[str, str] = {}

    def of(self, tag: str, schema: Mapping[str, Any]) -> str:
        """An element of a schema."""
        may_be_empty = schema.get("type") == "array"
        if choices := schema.get("anyOf"):
            may_be_empty = any(each.get("type") in ("array", "null") for each in choices)
            schema = next((each for each in choices if each.get("type") != "null"), choices[0])
        element = f"{quoted(f'<{tag}>')} {self._content(schema)} {quoted(f'</{tag}>')}"
        return f"({quoted(f'<{tag} />')} | {element})" if may_be_empty else element

    def _content(self, schema: Mapping[str, Any]) -> str:
        if reference := schema.get("$ref"):
            name = reference.rpartition("/")[2]
            if name not in self._made:
                rule = self._made[name] = self._rules.named("inside")
                self._rules.define(rule, self._content(self._definitions[name]))
            return self._made[name]
        if "enum" in schema:
            return f"({' | '.join(quoted(str(each)) for each in schema['enum'])})"
        if "const" in schema:
            return quoted(str(schema["const"]))
        use = self._rules.use
        match schema.get("type"):
            case "array":
                return f"({self.of('item', schema.get('items') or {})})*"
            case "object" if properties := schema.get("properties"):
                return " ".join(self.of(name, each) for name, each in properties.items())
            case "object":
                more = schema.get("additionalProperties")
                inner = self._content(more) if isinstance(more, Mapping) else use("escaped")
                return f'("<entry key=\\"" [^"<&]* "\\">" {inner} "</entry>")*'
            case "integer" | "number" as kind:
                return use(kind)
            case "boolean":
                return '("True" | "False")'
            case "null":
                return '""'
        return use("escaped")


def quoted(text: str) -> str:
    """A text as a grammar writes it."""
    # GBNF's string literals are JSON's, apart from the surrogate pairs that escaping would make.
    return json.dumps(text, ensure_ascii=False)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
