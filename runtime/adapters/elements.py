"""XML elements as models write them: values as elements, and elements in an answer as values of a type.

Reading is tolerant: a tag that is never closed, or never opened, is text, and so is `a < b`. It looks at
every character a bounded number of times.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin
from xml.sax.saxutils import quoteattr

from ...base.expressions import pattern
from ..types.annotations import allows_none, custom_types, plain_annotation
from ..types.records import record_fields
from ..values import rendering
from ..values.candidates import MOST_PARTS
from ..values.reading import Reader, ReadError, reader_for

_TAG = pattern(
    r"""<(?P<end>/?+)(?P<name>[^\W\d][\w.-]*+)
        (?P<attributes>(?:\s++[\w:.-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*+)\s*+(?P<empty>/?+)>""",
    re.VERBOSE,
)
_KEY = pattern(r"""\bkey\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_ENTITY = pattern(r"&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_DECLARATION = pattern(r"^\s*<\?xml[^>]*\?>")
_CDATA = pattern(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_DEEPEST = 100
_DEEPEST_ENVELOPE = 3
_ITEM, _ENTRY = "item", "entry"


# --- writing --------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Text in which nothing is a tag or an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def unescaped(text: str) -> str:
    """What `escaped` was given, and with XML's other entities read."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _ENTITIES[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]


def as_element(value: Any, tag: str, key: str | None = None) -> str:
    """A value of JSON's types as an element: lists as `<item>`s, dicts as elements with their keys' names."""
    opening = tag if key is None else f"{tag} key={quoteattr(key)}"
    if isinstance(value, list):
        items = "".join(as_element(item, _ITEM) for item in value)
        return f"<{opening}>{items}</{tag}>" if items else f"<{opening} />"
    if isinstance(value, Mapping):
        inner = "".join(_member(str(name), each) for name, each in value.items())
        return f"<{opening}>{inner}</{tag}>"
    return f"<{opening} />" if value is None else f"<{opening}>{escaped(str(value))}</{tag}>"


def _member(name: str, value: Any) -> str:
    plain = name[:1] + name[1:].replace("-", "_").replace(".", "_")
    return as_element(value, name) if plain.isidentifier() else as_element(value, _ENTRY, name)


def is_nested(annotation: Any) -> bool:
    """Whether values of a type are written as elements inside of their field's: records, lists, dicts."""
    core = core_of(annotation)
    origin = get_origin(core)
    inner = get_args(core)[0] if origin is list and get_args(core) else core
    if isinstance(inner, type) and custom_types(inner):
        return False
    return origin in (list, dict) or (
        inspect.isclass(core) and not inspect.isabstract(core) and _is_model(core)
    )


def _is_model(kind: type) -> bool:
    return (hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_validate")) or hasattr(
        kind, "__required_keys__"
    )


def core_of(annotation: Any) -> Any:
    """A type without notes, and without None where one other type is left."""
    annotation = plain_annotation(annotation)
    if get_origin(annotation) in (Union, UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return core_of(arms[0]) if len(arms) == 1 else annotation
    return annotation


def layout_of(tag: str, annotation: Any) -> str:
    """The elements of a type, with `...` for each value."""
    schema = rendering.ordered_schema(annotation)
    return _layout(tag, schema, schema.get("$defs", {}), frozenset())


def _layout(tag: str, schema: Any, definitions: Mapping[str, Any], seen: frozenset[str]) -> str:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        if name in seen:
            return f"<{tag}>...</{tag}>"
        return _layout(tag, definitions[name], definitions, seen | {name})
    if choices := schema.get("anyOf"):
        chosen = next((each for each in choices if each.get("type") != "null"), choices[0])
        return _layout(tag, chosen, definitions, seen)
    if schema.get("type") == "array":
        return f"<{tag}>{_layout(_ITEM, schema.get('items') or {}, definitions, seen)}</{tag}>"
    inner = "".join(
        _layout(name, each, definitions, seen) for name, each in schema.get("properties", {}).items()
    )
    return f"<{tag}>{inner or '...'}</{tag}>"


# --- the elements of a text -----------------------------------------------------------------------------


@dataclass(slots=True)
class Element:
    """An element: where its content begins and ends, and the elements inside."""

    name: str
    key: str | None
    before: int
    """Where its tag begins."""
    start: int
    end: int = -1
    is_closed: bool = False
    children: list[Element] = field(default_factory=list)


def elements_of(text: str) -> list[Element]:
    """The outermost elements of a text, each with those inside.

    An element that is not closed ends where the next one begins, or the one around it ends.

    Raises:
        ReadError: elements are nested too deeply, or there are too many.
    """
    root = Element("", None, 0, 0)
    stack = [root]
    names: list[str] = []
    for number, tag in enumerate(_TAG.finditer(text)):
        if number > _MOST_TAGS:
            raise ReadError(f"contains more than {_MOST_TAGS:,} tags")
        name = tag["name"]
        if tag["end"]:
            if name in names:
                while True:
                    element = stack.pop()
                    names.pop()
                    if element.name == name:
                        break
                    _leave_open(element, stack[-1], tag.start())
                element.end, element.is_closed = tag.start(), True
                stack[-1].children.append(element)
            continue
        key = _KEY.search(tag["attributes"]) if tag["attributes"] else None
        named = None if key is None else unescaped(key[1] if key[1] is not None else key[2])
        element = Element(name, named, tag.start(), tag.end())
        if tag["empty"]:
            element.end, element.is_closed = tag.end(), True
            stack[-1].children.append(element)
            continue
        if len(stack) > _DEEPEST:
            raise ReadError("is nested too deeply")
        stack.append(element)
        names.append(name)
    while len(stack) > 1:
        element = stack.pop()
        _leave_open(element, stack[-1], len(text))
    return root.children


_MOST_TAGS = 20 * MOST_PARTS


def _leave_open(element: Element, around: Element, end: int) -> None:
    """An element that is not closed: what seemed to be inside of it is beside it."""
    inside, element.children = element.children, []
    element.end = inside[0].before if inside else end
    around.children += [element, *inside]


def find_fields(text: str, names: Collection[str]) -> dict[str, list[tuple[str, Element]]]:
    """The elements of fields in an answer: by name, each with the text that it counts in.

    Raises:
        ReadError: there are too many elements, or they are nested too deeply.
    """
    if "<![CDATA[" in text:
        text = _CDATA.sub(lambda match: escaped(match[1]), text)
    spelled = {name.lower(): name for name in names}
    level = elements_of(text)
    for _ in range(_DEEPEST_ENVELOPE):
        found: dict[str, list[tuple[str, Element]]] = {}
        for each in level:
            name = each.name if each.name in names else spelled.get(each.name.lower())
            if name is not None:
                found.setdefault(name, []).append((text, each))
        if found or len(level) != 1:
            return found
        level = level[0].children
    return {}


def are_all(found: Mapping[str, Sequence[tuple[str, Element]]]) -> bool:
    """Whether elements, as `find_fields` gives them, are all that an answer says; tags may be around them."""
    offset = 0
    between: list[str] = []
    elements = [each for several in found.values() for each in several]
    for text, element in sorted(elements, key=lambda each: each[1].before):
        if not element.is_closed:
            return False
        between.append(text[offset : element.before])
        closing = _TAG.match(text, element.end)
        offset = element.end if closing is None else closing.end()
    between.append(elements[0][0][offset:])
    return not _DECLARATION.sub("", _TAG.sub("", "".join(between))).strip()


# --- values ---------------------------------------------------------------------------------------------


def read_field(found: Sequence[tuple[str, Element]], read: Reader) -> Any:
    """The value of a field.

    Args:
        found: its elements. The first counts, save that each is an item of a list.
        read: reads values of its type.

    Raises:
        ReadError: it is no value of the type.
    """
    text, first = found[0]
    core = core_of(read.annotation)
    if get_origin(core) is list and len(found) > 1:
        return read.from_json(_each_an_item(found, core))
    inner = unescaped(text[first.start : first.end]).strip()
    if not _takes_elements(core) or (inner and not first.children):
        return read(inner)
    return read.from_json(_value(text, first, read.annotation))


def members_of(found: Sequence[tuple[str, Element]], annotation: Any) -> Any:
    """What the elements of a field hold, those that its type does not have among it, as `read_field` sees
    it: before it is fitted to the type.

    Raises:
        ReadError: a part is no value of its type.
    """
    core = core_of(annotation)
    if get_origin(core) is list and len(found) > 1:
        return _each_an_item(found, core)
    return _value(*found[0], annotation)


def _each_an_item(found: Sequence[tuple[str, Element]], core: Any) -> list[Any]:
    return [_value(text, each, get_args(core)[0]) for text, each in found]


def _takes_elements(core: Any) -> bool:
    """Whether values of a type may be elements inside of an element."""
    if get_origin(core) in (Union, UnionType):
        return any(_takes_elements(core_of(arm)) for arm in get_args(core))
    return (
        get_origin(core) in (list, dict, tuple, set, frozenset)
        or core in (list, dict, Any)
        or (record_fields(core) is not None)
    )


def _value(text: str, element: Element, annotation: Any) -> Any:
    """An element as a value of JSON's types, or of the type itself."""
    core, children = core_of(annotation), element.children
    inner = unescaped(text[element.start : element.end]).strip()
    if not inner and allows_none(annotation):
        return None
    if get_origin(core) in (Union, UnionType):
        return _of_union(text, element, core)
    if not _takes_elements(core):
        return reader_for(annotation)(inner)
    origin = get_origin(core) or core
    if children:
        if origin in (list, tuple, set, frozenset):
            return _items(text, children, core)
        return _members(text, children, core)
    if not inner:
        return {} if origin is dict or record_fields(core) is not None else []
    return reader_for(annotation)(inner)


def _of_union(text: str, element: Element, core: Any) -> Any:
    """The first type of a union that an element is a value of."""
    arms = [arm for arm in get_args(core) if arm is not type(None)]
    if element.children:
        arms.sort(key=lambda arm: not _takes_elements(core_of(arm)))
    first: ReadError | None = None
    for arm in arms:
        try:
            return reader_for(arm).from_json(_value(text, element, arm))
        except ReadError as error:
            first = first or error
    raise first or ReadError("is not of its type")


def _items(text: str, children: Sequence[Element], core: Any) -> list[Any]:
    kinds = get_args(core) or (Any,)
    is_fixed = get_origin(core) is tuple and kinds[-1] is not ...
    return [
        _value(text, each, kinds[min(number, len(kinds) - 1)] if is_fixed else kinds[0])
        for number, each in enumerate(children)
    ]


def _members(text: str, children: Sequence[Element], core: Any) -> dict[str, Any]:
    kind_of = _kinds(core)
    grouped: dict[str, list[Element]] = {}
    for each in children:
        grouped.setdefault(
            each.key if each.name == _ENTRY and each.key is not None else each.name, []
        ).append(each)
    members: dict[str, Any] = {}
    for name, same in grouped.items():
        kind = kind_of(name)
        inner = core_of(kind)
        if get_origin(inner) is list and len(same) > 1:
            members[name] = [_value(text, each, get_args(inner)[0]) for each in same]
        else:
            members[name] = _value(text, same[0], kind)
    return members


def _kinds(core: Any) -> Callable[[str], Any]:
    """What says the type of each member."""
    fields = record_fields(core)
    if fields is None:
        arguments = get_args(core)
        return lambda name: arguments[1] if len(arguments) > 1 else Any
    folded = {name.lower(): kind for name, (kind, _) in fields.items()}
    return lambda name: fields[name][0] if name in fields else folded.get(name.lower(), Any)
