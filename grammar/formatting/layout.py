"""One logical line to the lines it is laid out on: spaces between tokens, broken brackets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct, field

LINE_LENGTH = 100
DECLARATION_LENGTH = 160
"""How long a declaration written on one line may be; why: `docs/decisions/040-how-long-a-line-is.md`."""

Kind: TypeAlias = Literal[
    "word",
    "keyword",
    "operator",
    "prefix",
    "string",
    "comma",
    "colon",
    "slice",
    "dot",
    "dots",
    "equal",
    "argument",
]
"""How a token is spaced: `prefix` is an operator with nothing on its left, `argument` the `=` behind an
argument's name, `slice` the colon of a slice, `dots` those before the name of an import."""


class Piece(NamedTuple):
    """A token as the layout sees it."""

    kind: Kind
    text: str


class Item(Struct):
    """What stands between two commas of a bracket."""

    above: list[str] = field(default_factory=list)
    """Comments on lines of their own before it."""
    elements: list[Element] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    """Comments inside it and behind it."""


class Bracket(Struct):
    """A pair of brackets and what stands between them."""

    opening: str
    is_call: bool
    """Whether something callable or subscriptable stands before it."""
    items: list[Item]
    ends_in_comma: bool
    opening_comments: list[str]
    below: list[str]
    """Comments on lines of their own behind the last item."""

    @property
    def closing(self) -> str:
        """The other bracket."""
        return {"(": ")", "[": "]", "{": "}"}[self.opening]

    @property
    def is_tuple_of_one(self) -> bool:
        """Whether the comma at the end makes the meaning, not the layout."""
        return self.ends_in_comma and len(self.items) == 1 and (self.opening == "[") == self.is_call

    @property
    def must_break(self) -> bool:
        """Whether a comment or the author's comma at the end asks for lines of their own."""
        has_comments = self.opening_comments or self.below or any(i.above or i.comments for i in self.items)
        magic = self.ends_in_comma and not (self.is_tuple_of_one and self.opening != "{")
        return bool(has_comments) or magic or any(contains_break(item.elements) for item in self.items)


Element: TypeAlias = Piece | Bracket


def contains_break(elements: list[Element]) -> bool:
    """Whether some bracket has to be broken."""
    return any(isinstance(element, Bracket) and element.must_break for element in elements)


def lay_out(elements: list[Element], indent: int, *, was_one_line: bool, is_declaration: bool) -> list[str]:
    """The lines of a logical line, without their indentation of `indent` blanks on the first."""
    limit = DECLARATION_LENGTH if is_declaration and was_one_line else LINE_LENGTH
    if not contains_break(elements) and not _fits(flat(elements), indent, 0, limit):
        elements = _with_brackets(elements)
    return _lay_out(elements, indent, 0, limit)


def _with_brackets(elements: list[Element]) -> list[Element]:
    """The outputs of a `return` or `demo` in brackets, so that they can be broken."""
    first = elements[0]
    if not (isinstance(first, Piece) and first.text in {"return", "demo"} and first.kind == "keyword"):
        return elements
    rest = elements[1:]
    if not any(isinstance(each, Piece) and each.kind == "argument" for each in rest):
        return elements
    items = [Item()]
    for element in rest:
        if isinstance(element, Piece) and element.kind == "comma":
            items.append(Item())
        else:
            items[-1].elements.append(element)
    return [first, Bracket("(", False, items, True, [], [])]


def _fits(text: str, indent: int, tail: int, limit: int) -> bool:
    if "\n" not in text:
        return indent + len(text) + tail <= limit
    first, *_, last = text.split("\n")
    return indent + len(first) <= limit and len(last) + tail <= limit


def _lay_out(elements: list[Element], indent: int, tail: int, limit: int = LINE_LENGTH) -> list[str]:
    """The lines of some elements, the last of which `tail` more characters follow."""
    text = flat(elements)
    if contains_break(elements):
        broken = {
            index for index, each in enumerate(elements) if isinstance(each, Bracket) and each.must_break
        }
    elif _fits(text, indent, tail, limit):
        return [text]
    else:
        best = _best_to_break(elements, indent, tail)
        if best is None:
            return [text]
        broken = {best}
    lines = [""]
    before: Element | None = None
    for index, element in enumerate(elements):
        lines[-1] += space_between(before, element)
        if isinstance(element, Bracket) and index in broken:
            inner = list(_broken(element, indent + 4))
            lines[-1] += element.opening + _comment(element.opening_comments)
            lines += [(" " * (indent + 4) + line) if line else "" for line in inner]
            lines.append(" " * indent + element.closing)
        else:
            lines[-1] += flat_element(element)
        before = element
    return lines


def _best_to_break(elements: list[Element], indent: int, tail: int) -> int | None:
    """The longest bracket such that what stands before and behind it fits when it is broken."""
    best, best_length = None, 12
    for index, element in enumerate(elements):
        if not isinstance(element, Bracket) or not element.items:
            continue
        length = len(flat_element(element))
        head = flat(elements[:index]) + element.opening
        rest = element.closing + flat(elements[index + 1 :])
        if (
            length >= best_length
            and _fits(head, indent, 1, LINE_LENGTH)
            and _fits(rest, indent, tail, LINE_LENGTH)
        ):
            best, best_length = index, length
    return best


def _broken(bracket: Bracket, indent: int) -> Iterator[str]:
    """The lines between two brackets, without the indentation that they share."""
    if _takes_comma(bracket):
        for item in bracket.items:
            yield from item.above
            yield from _relative(_lay_out(item.elements, indent, 1), indent, "," + _comment(item.comments))
    else:
        for item in bracket.items:
            yield from item.above
            parts = [item.elements]
            if not _fits(flat(item.elements), indent, 0, LINE_LENGTH) or contains_break(item.elements):
                parts = _parts(item.elements)
            for part in parts:
                comments = item.comments if part is parts[-1] else []
                yield from _relative(_lay_out(part, indent, 0), indent, _comment(comments))
    yield from bracket.below


def _relative(lines: list[str], indent: int, ending: str) -> Iterator[str]:
    """Lines of a nested layout, of which the first has no indentation and the others have too much."""
    lines = [*lines[:-1], lines[-1] + ending]
    for index, line in enumerate(lines):
        yield line if index == 0 else line[indent:]


def _comment(comments: list[str]) -> str:
    return "".join(f"  {comment}" for comment in comments)


def _takes_comma(bracket: Bracket) -> bool:
    """Whether a comma may stand behind the last item without changing the meaning."""
    if len(bracket.items) > 1:
        return True
    if not bracket.items:
        return False
    item = bracket.items[0]
    if any(
        isinstance(each, Piece) and each.text == "for" and each.kind == "keyword" for each in item.elements
    ):
        return False
    if bracket.is_tuple_of_one:
        return True
    if bracket.opening == "(" and not bracket.is_call:
        return bracket.ends_in_comma or any(
            isinstance(e, Piece) and e.kind == "argument" for e in item.elements
        )
    return not (bracket.opening == "[" and bracket.is_call)


def _parts(elements: list[Element]) -> list[list[Element]]:
    """Where a single expression is broken: at its clauses, or before its loosest operators."""
    words = [each.text if isinstance(each, Piece) and each.kind == "keyword" else "" for each in elements]
    if "for" in words:
        first = words.index("for")
        cuts = [index for index in range(first, len(words)) if words[index] in {"for", "if"}]
    elif "else" in words:
        cuts = [index for index, word in enumerate(words) if word in {"if", "else"}]
    elif "or" in words:
        cuts = [index for index, word in enumerate(words) if word == "or"]
    elif "and" in words:
        cuts = [index for index, word in enumerate(words) if word == "and"]
    else:
        cuts = [
            index
            for index, each in enumerate(elements)
            if isinstance(each, Piece) and each.kind == "operator" and each.text in {"+", "|"}
        ]  # fmt: skip
    bounds = [0, *cuts, len(elements)]
    return [elements[start:end] for start, end in pairwise(bounds) if start < end]


def flat(elements: list[Element]) -> str:
    """Elements on one line."""
    text: list[str] = []
    before: Element | None = None
    for element in elements:
        text += [space_between(before, element), flat_element(element)]
        before = element
    return "".join(text)


def flat_element(element: Element) -> str:
    """One element on one line."""
    if isinstance(element, Piece):
        return element.text
    inner = ", ".join(flat(item.elements) for item in element.items)
    comma = "," if element.is_tuple_of_one else ""
    return f"{element.opening}{inner}{comma}{element.closing}"


def space_between(before: Element | None, element: Element) -> str:
    """The space between two elements that stand side by side."""
    if before is None:
        return ""
    if isinstance(before, Piece):
        if before.kind in {"dot", "prefix", "argument", "slice"}:
            return ""
        if before.kind == "dots" and isinstance(element, Piece) and element.kind in {"word", "dots"}:
            return ""
    if isinstance(element, Bracket):
        return "" if element.is_call else " "
    return "" if element.kind in {"comma", "colon", "slice", "dot", "argument"} else " "
