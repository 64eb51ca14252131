"""The values that a text may mean: JSON as it is or repaired, XML, calls, tables, lists, YAML.

What a type is made of says where it pays to look; whether a value is one of the type, the reader asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from ...base.expressions import pattern
from ..types.annotations import is_custom_type, plain_annotation
from ..types.records import record_fields
from . import candidates, markup, outlines, repair
from .items import holds_marks
from .kinds import is_choice
from .numbers import are_numbers, is_number, is_one_or_several, refuse_commas_inside
from .records import LISTS
from .words import bare, is_none

_SHOWN_BY = frozenset({"print", "repr", "str", "return", "json.dumps", "console.log"})
_ASSIGNED = pattern(r"^[^\W\d]\w*(?:\s*:\s*\w+)?\s*=\s*(?:new\s+)?")
_DECORATION = " \t\n`*_$\"'."
_IS = pattern(r"\b(?:is|are|was|were|be)\Z", re.I)
_LONGEST_VERB = 5


class Meanings:
    """Finds what texts may mean where values of one type are asked for.

    Args:
        core: the type, without `None` and notes.
        is_exact: whether numbers of JSON have to come with every digit.

    Attributes:
        names: what the attributes of a record are called, in lower case.
    """

    def __init__(self, core: Any, is_exact: bool) -> None:
        self._core = core
        self._is_exact = is_exact
        self.names = frozenset(name.lower() for name in record_fields(core) or ())

    def of(self, text: str) -> Iterator[Iterable[Any]]:
        """Groups of values that the text may be, the most literal first.

        Raises:
            ReadError: it holds more values than an answer may, or numbers with commas in and between them.
        """
        if (found := self.whole_json(text)) is not None:
            yield found
            if isinstance(found[0], str) and (inner := self.whole_json(found[0])) is not None:
                yield inner
        spans, fences = candidates.parts(text)
        if self._of_texts:
            spans = [span for span in spans if span.alone or _is_list_in_sentence(text, span)]
        yield from self._as_written(text, spans, fences)
        self._without_commas_inside(text)
        for source in (text, *fences[:1]):
            if (element := markup.elements(source)) is not None:
                yield self._of_element(*element)
        if (call := self._python(text)) is not None:
            yield [call]
        elif "=" in text and (names := self._record_names):
            yield repair.calls(text, names, self._is_exact)
        yield from self.itemized(text)
        yield from self._mended(text, spans)
        if text[:1] not in "{[":
            yield from self._outlined(text)
        if len(fences) == 1:
            yield from self.itemized(fences[0])
            yield from self._outlined(fences[0])
        if self._of_records and self.is_list:
            for source in (text, *fences[:1]):
                if (rows := outlines.comma_separated(source, self._item_names)) is not None:
                    yield [rows]
        if not spans:
            yield from self._plain(
                fences[0].strip() if len(fences) == 1 and text[:3] in ("```", "~~~") else text
            )

    def _as_written(
        self, text: str, spans: list[candidates.Span], fences: list[str]
    ) -> Iterator[Iterable[Any]]:
        """What stands in fences and in brackets; first what has its lines for itself."""
        yield from self._values_of(fences)
        if self.is_list and outlines.BOX.match(text) is not None:
            yield from self.itemized(text)
        alone = [span.text for span in spans if span.alone]
        if 0 < len(alone) < len(spans):
            # What has its lines for itself is meant before what a sentence mentions, such as `[2]`.
            yield from self._values_of(alone)
        yield self._all_json(
            span.text if span.alone else self._without_commas_inside(span.text) for span in spans
        )

    def _mended(self, text: str, spans: list[candidates.Span]) -> Iterator[Iterable[Any]]:
        """JSON that is broken, cut off, or without its brackets."""
        if spans:
            if text[:1] in "{[":
                yield self._all_repaired([text])
            yield self._all_repaired(span.text for span in spans)
            yield self._all_repaired([text[spans[0].start :]])
            if '\\"' in text and (unescaped := _unescaped(spans[0].text)) is not None:
                yield self._all_repaired([unescaped])
        elif '":' in text:
            yield self._all_repaired(["{" + text + "}"])

    def _plain(self, text: str) -> Iterator[Iterable[Any]]:
        """A text without brackets: items with commas between them, or one value."""
        if (
            self._is_collection
            and not (any(map(is_number, get_args(self._core))) and is_one_or_several(text))
            and (listed := outlines.listed(text)) is not None
        ):
            yield [listed]
        yield from self._as_text(text)

    def _of_element(self, name: str, content: Any) -> list[Any]:
        """What XML may mean: its content, or a record that has the element as a field."""
        wrapped = {name: content} if name else content
        if isinstance(content, markup.Element) and (called := markup.called_with(content)) is not None:
            return [called]
        if isinstance(content, str):
            found = self.whole_json(content) or repair.repaired(content, self._is_exact)
            return [wrapped, *(found or [content])]
        return [wrapped, content]

    def itemized(self, text: str) -> Iterator[Iterable[Any]]:
        """Tables and lists with dashes or numbers."""
        if "|" in text and (rows := outlines.table(text)) is not None:
            yield [rows, *_as_pairs(rows)]
            if self._is_collection and not self._of_records and (column := _as_column(rows)) is not None:
                yield [column]
        if (items := outlines.bullets(text)) is not None:
            kind = (*get_args(self._core), Any)[0]
            if self.is_list and len(items) == 1 and is_none(items[0]) and not is_choice(items[0], kind):
                yield [[]]  # a list of which the only item says that there is none
            if self._is_collection and not self._of_records:
                yield [items]
            if not self.is_list and (found := outlines.pairs("\n".join(items))) is not None:
                yield [found]

    def _outlined(self, text: str) -> Iterator[Iterable[Any]]:
        """Headings, lines of `key: value`, YAML."""
        if (headed := outlines.headed(text)) is not None:
            yield [headed]
        if (found := outlines.pairs(text)) is not None:
            yield [found]
        if (tree := self.yaml(text)) is not None:
            yield [tree]
        if self.is_list and self._of_records and (several := outlines.paragraphs(text)) is not None:
            yield [several]
        if self.names and (said := outlines.labelled(text, self.names)) is not None:
            yield [said]

    def yaml(self, text: str) -> Any:
        """What a text is as YAML; None where it is not clearly that."""
        return outlines.yaml(text)

    def _as_text(self, text: str) -> Iterator[Iterable[Any]]:
        """What is plain text may still be a value: a date, a list of one, a type with a reader of its own."""
        if self._is_collection and self._core is not dict:
            if is_none(text) and text.strip() and not is_choice(text, self._core):
                yield [{} if get_origin(self._core) is dict else []]
                return
            if not text.strip() or "\n" in text.strip() or _is_prose(text):
                return
        is_value = record_fields(self._core) is None or is_custom_type(self._core)
        if is_value:
            yield [text]

    def _values_of(self, parts: list[str]) -> Iterator[Iterable[Any]]:
        yield self._all_json(parts)
        yield self._all_repaired(parts)

    def _all_json(self, parts: Iterable[str]) -> Iterator[Any]:
        return (value for part in parts for value in self.whole_json(part) or ())

    def _all_repaired(self, parts: Iterable[str]) -> Iterator[Any]:
        return (
            value
            for part in map(self._without_commas_inside, parts)
            for value in repair.repaired(part, self._is_exact) or ()
            if not (self._of_texts and holds_marks(part.lstrip(), value))
        )

    def _without_commas_inside(self, text: str) -> str:
        """The text, which is no JSON or stands in a sentence. Raises ReadError where a list of numbers is
        asked for, and it has one with commas in and between them.
        """
        if self._of_numbers and outlines.bullets(text) is None:
            refuse_commas_inside(text)
        return text

    def whole_json(self, text: str) -> tuple[Any] | None:
        """The value that the whole text is as JSON, alone in a tuple."""
        return candidates.whole_json(text, self._is_exact)

    def _python(self, text: str) -> Any:
        """What Python writes for a value: `(1, "a")`, `set()`, `Note(title='…')`."""
        stripped = bare(text)
        name, opening, rest = stripped.partition("(")
        if not opening or stripped[-1:] != ")" or is_none(text):
            return None
        core = get_origin(self._core) or self._core
        name = _ASSIGNED.sub("", name)
        stripped = stripped[-len(name) - len(rest) - 1 :]
        allowed = {"set", "frozenset", "list", "tuple", "dict"} if self._is_collection else set()
        if core in (tuple, list, set, frozenset):
            allowed.add("")
        named = name.rpartition(".")[2] in allowed
        # A record's own name, another's of a union, or any function that is called with the attributes.
        if name in _SHOWN_BY and repair.is_call_by_name(rest):
            named = True  # print(Note(title='…'))
        if not named and (self._is_collection or not repair.is_call_by_name(stripped)):
            return None
        found = repair.repaired(stripped, self._is_exact)
        return None if found is None else found[0]

    @property
    def _of_records(self) -> bool:
        """Whether a list's items are records."""
        arguments = get_args(self._core)
        return bool(arguments) and record_fields(arguments[0]) is not None

    @property
    def _record_names(self) -> list[str]:
        """What the records that a value may be, or hold as items, are called."""
        kinds = (self._core, *map(plain_annotation, get_args(self._core)))
        return [kind.__name__ for kind in kinds if isinstance(kind, type) and record_fields(kind) is not None]

    @property
    def _of_texts(self) -> bool:
        """Whether a value is a list of texts, of which brackets may be a part: `Buy milk [urgent]`."""
        return self.is_list and get_args(self._core)[:1] == (str,)

    @property
    def _of_numbers(self) -> bool:
        """Whether the items of a list, set or tuple are numbers, all of them."""
        return get_origin(self._core) in LISTS and are_numbers(get_args(self._core))

    @property
    def _item_names(self) -> frozenset[str]:
        """What a list's records call their attributes, in lower case."""
        return frozenset(name.lower() for name in record_fields(get_args(self._core)[0]) or ())

    @property
    def is_list(self) -> bool:
        """Whether a list is asked for."""
        return (get_origin(self._core) or self._core) is list

    @property
    def _is_collection(self) -> bool:
        core = get_origin(self._core) or self._core
        return core in (list, dict, set, tuple, frozenset)


def _is_list_in_sentence(text: str, span: candidates.Span) -> bool:
    """Whether what stands in brackets in a sentence is a list of texts, rather than a remark or a source."""
    if span.text[:1] != "[" or any(quote in span.text for quote in "\"'“‘`"):
        return True
    before, behind = text[: span.start], text[span.start + len(span.text) :]
    if span.text == "[]" and not before[-1:].isalnum() and _is_only_empty(text, behind):
        return True  # nobody remarks nothing
    if text.strip(_DECORATION) == span.text.strip("."):
        return True  # only decoration around it
    said = before.rstrip(_DECORATION)
    if said[-1:] in (":", "="):
        return True
    if (
        span.text[-1:] == "]"
        and not behind.strip(_DECORATION)
        and _IS.search(said[-_LONGEST_VERB:]) is not None
    ):
        return True  # "The tags are [red]."
    return "," in span.text and any(char.isalpha() for char in span.text)


def _is_only_empty(text: str, behind: str) -> bool:
    """Whether a text has `[]` once, no brackets behind it, and not in an item, where it may be a box."""
    return text.count("[]") == 1 and "[" not in behind and outlines.bullets(text) in (None, ["[]"])


def _as_pairs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table of two columns as one dict, names in the first, and a table's only row."""
    if len(rows) == 1:
        return [rows[0]]
    cells = [list(row.values()) for row in rows]
    if len(cells[0]) != 2 or len({name for name, _ in cells}) < len(cells):
        return []
    return [{name.strip("*_`"): value for name, value in cells}]


def _as_column(rows: list[dict[str, Any]]) -> list[Any] | None:
    """The cells of a table of one column, or of one beside a column that numbers them."""
    cells = [list(row.values()) for row in rows]
    if cells and len(cells[0]) == 2 and all(row[0].rstrip(".") == str(at) for at, row in enumerate(cells, 1)):
        return [row[1] for row in cells]
    return [row[0] for row in cells] if cells and len(cells[0]) == 1 else None


def _unescaped(text: str) -> str | None:
    r"""What `{\"name\": \"Ada\"}` means, a text of JSON that was written as text once more."""
    try:
        found = json.loads('"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"')
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence rather than an item."""
    return text.rstrip().endswith((".", "!", "?")) and " " in text.strip()
