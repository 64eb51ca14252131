"""XML as models write it: `<person><name>Ada</name></person>`, also without one element around all.

What is not well formed stays text, and text that holds tags can be had as it stands (`Element.raw`).
Every character is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ...base.expressions import pattern

_TAG = pattern(
    r"<!\[CDATA\[(?P<data>.*?)\]\]>|<(?P<slash>/?)(?P<name>[^\W\d][\w.-]*+)"
    r"(?P<attributes>(?:\s++[\w:.-]++\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'))*+)\s*+(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE = pattern(r"([\w:.-]++)\s*+=\s*+(?:\"([^\"<]*+)\"|'([^'<]*+)')")
MOST_TAGS = 5_000
"""How many tags an answer may have; more are a runaway."""


class Element(dict[str, Any]):
    """What stands in an element: its attributes and children by name, those of one name as a list.

    `raw` is the same as text. `is_clear` is false where a child has the name of an attribute, and hides it.
    """

    raw: str = ""
    is_clear: bool = True


class _Open:
    """An element that has begun."""

    __slots__ = ("attributes", "children", "name", "start")

    def __init__(self, name: str, start: int, attributes: dict[str, Any]) -> None:
        self.name = name
        self.start = start
        self.attributes = attributes
        self.children: list[tuple[str, Any, int, int]] = []


def elements(text: str) -> tuple[str, Any] | None:
    """The XML that a text is: the name of its one element, empty where there are several, and its content.

    The content is an `Element`, or a text. None for a text that is no XML.
    """
    if "<" not in text:
        return None
    if text[:5] == "<?xml":
        text = text[text.find("?>") + 2 :]
    top = _Open("", 0, {})
    stack = [top]
    opened: dict[str, int] = {}
    data: list[tuple[int, int]] = []
    for number, tag in enumerate(_TAG.finditer(text)):
        if number >= MOST_TAGS:
            return None
        name = tag["name"]
        if name is None:
            data.append(tag.span())
        elif tag["empty"] and not tag["slash"]:
            stack[-1].children.append((name, _empty(tag), tag.start(), tag.end()))
        elif not tag["slash"]:
            stack.append(_Open(name, tag.end(), _attributes(tag)))
            opened[name] = opened.get(name, 0) + 1
        elif opened.get(name):
            while stack[-1].name != name:
                inner = stack.pop()  # an element without an end is text
                opened[inner.name] -= 1
                stack[-1].children += inner.children
            opened[name] -= 1
            _close(text, stack, tag.start(), tag.end())
    return _whole(text, top) if len(stack) == 1 else None


def called_with(content: Element) -> dict[str, Any] | None:
    """The arguments of a call in XML: `<invoke name="f"><parameter name="title">T</parameter></invoke>`.

    None for what is no call, or has two arguments of one name.
    """
    while len(content) <= 2 and "parameter" not in content:
        inside = [value for value in content.values() if isinstance(value, Element)]
        if len(inside) != 1:
            return None
        content = inside[0]
    given = content.get("parameter")
    found = given if isinstance(given, list) else [given]
    named = [each for each in found if isinstance(each, Element) and each.is_clear and "name" in each]
    values = {each["name"]: _argument(each) for each in named if isinstance(each["name"], str)}
    return values if len(values) == len(found) else None


def _argument(element: Element) -> Any:
    """What a parameter holds besides its name: a text, or elements."""
    inside = {key: value for key, value in element.items() if key != "name"}
    if not inside:
        return _plain(element.raw)
    content = Element(inside)
    content.raw = element.raw
    return content


def _close(text: str, stack: list[_Open], end: int, after: int) -> None:
    done = stack.pop()
    before = text.rfind("<", 0, done.start)
    stack[-1].children.append((done.name, _content(text, done, end), before, after))


def _content(text: str, done: _Open, end: int) -> Any:
    raw = text[done.start : end]
    if not done.children and not done.attributes:
        return _plain(raw)
    found = Element(done.attributes)
    found.raw = raw.strip()
    times = Counter(name for name, *_ in done.children)
    found.is_clear = times.keys().isdisjoint(done.attributes)
    for name, value, *_ in done.children:
        if times[name] == 1:
            found[name] = value
        elif isinstance(several := found.setdefault(name, []), list):
            several.append(value)
    return found


def _whole(text: str, top: _Open) -> tuple[str, Any] | None:
    """The elements of a text between which stands nothing."""
    if not top.children:
        return None
    offset = 0
    for _, _, start, end in top.children:
        if text[offset:start].strip():
            return None
        offset = end
    if text[offset:].strip():
        return None
    if len(top.children) == 1:
        name, value, *_ = top.children[0]
        return name, value
    return "", _content(text, top, len(text))


def _empty(tag: re.Match[str]) -> Any:
    attributes = _attributes(tag)
    return Element(attributes) if attributes else ""


def _attributes(tag: re.Match[str]) -> dict[str, Any]:
    from html import unescape  # a table of two thousand names

    found = _ATTRIBUTE.finditer(tag["attributes"] or "")
    return {each[1]: unescape(each[2] or each[3] or "") for each in found}


def _plain(raw: str) -> str:
    """An element's text: with its entities read, and the inside of `CDATA` as it is."""
    stripped = raw.strip()
    if stripped.startswith("<![CDATA[") and stripped.endswith("]]>") and stripped.count("]]>") == 1:
        return stripped[9:-3]
    if "&" not in stripped:
        return stripped
    from html import unescape

    return unescape(stripped)
