"""XML documents of elements with attributes and texts."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped."""


class Element:
    """An element that is being written."""

    def __init__(self, tag: str, text: str = "", /, **attributes: str | int) -> None:
        self.tag = tag
        self.text = text
        self.attributes = attributes
        self.children: list[Element] = []

    def add(self, tag: str, text: str = "", /, **attributes: str | int) -> Element:
        """A new element at the end of this one."""
        child = Element(tag, text, **attributes)
        self.children.append(child)
        return child


def document(root: Element) -> str:
    """The document of a root element, indented; characters that XML cannot hold are replaced."""
    tree = _tree(root)
    ElementTree.indent(tree)
    text = ElementTree.tostring(tree, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tree(element: Element) -> ElementTree.Element:
    found = ElementTree.Element(
        element.tag, {name: _clean(str(value)) for name, value in element.attributes.items()}
    )
    found.text = _clean(element.text) or None
    found.extend(_tree(each) for each in element.children)
    return found


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
