"""Values while they are being written: what of a field's text is already a value of its type.

    partial = PartialReader(list[Person])
    for piece in pieces:
        partial.feed(piece)
        partial.value         # the persons so far; the last one is a dict as long as it grows
    partial.end()             # what the whole text is, as `reader_for` reads it

Texts grow, lists grow by their items, records by their attributes; numbers and other single values are there
when they are complete. What is complete has its type already, as far as it can be read by itself.

A feed costs time for its own characters only, so that the whole costs time that is linear in its length.
Asking for `value` puts together the text that is growing, and nothing else: lists and dicts are the same
objects each time, and grow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from ...base.expressions import pattern
from ..types.annotations import is_text_type, plain_annotation
from ..types.records import record_fields
from .keys import field_named
from .reading import reader_for
from .repair import MOST_NESTED
from .words import ReadError

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()
"""The value of a text that has not brought any yet."""

_LISTS = (list, tuple, set, frozenset)
_SPACE = pattern(r"\s*")
_STOP = pattern(r'["\\]')
_ESCAPE = pattern(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_BARE = pattern(r"[-+.\w]*")
_LONGEST_BARE = 5_000
_LONGEST_ESCAPE = 12


class PartialReader:
    """Reads a value of a type while its text comes.

    Args:
        annotation: the type.
    """

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        core = _core(annotation)
        self._is_text = core is str or is_text_type(core)
        self._json = None if self._is_text or not _grows(core) else _Growing(core)
        self._pieces: list[str] = []
        self._final: Any = MISSING

    @property
    def value(self) -> Any:
        """What there is so far; `MISSING` for nothing."""
        if self._final is not MISSING:
            return self._final
        if self._is_text:
            if len(self._pieces) > 1:
                self._pieces = ["".join(self._pieces)]
            return self._pieces[0] if self._pieces else MISSING
        return MISSING if self._json is None else self._json.value()

    def feed(self, text: str) -> None:
        """Take the next characters."""
        self._pieces.append(text)
        if self._json is not None:
            self._json.feed(text)

    def end(self) -> Any:
        """The value of the whole text.

        Raises:
            ReadError: it is none of the type.
        """
        self._final = reader_for(self._annotation)("".join(self._pieces).strip())
        return self._final


class _Frame:
    """A list or an object that has begun."""

    __slots__ = ("annotation", "fields", "holder", "item", "key")

    def __init__(self, holder: Any, annotation: Any) -> None:
        self.holder = holder
        self.annotation = annotation
        self.key: Any = None
        self.fields: Mapping[str, Any] | None = None
        self.item: Any = Any
        core, arguments = _core(annotation), get_args(_core(annotation))
        if isinstance(holder, list):
            is_list = (get_origin(core) or core) in _LISTS
            self.item = arguments[0] if is_list and arguments and arguments[-1:] != () else Any
            if get_origin(core) is tuple and arguments[-1] is not ...:
                self.item = Any
        elif get_origin(core) is dict:
            self.item = arguments[1]
        elif (fields := record_fields(core)) is not None:
            self.fields = fields

    def wanted(self) -> Any:
        """The type of the value that comes next."""
        if self.fields is None:
            return self.item
        found = self.fields.get(self.key)
        return Any if found is None else found[0]

    def put(self, value: Any) -> None:
        """The next value, complete or not."""
        if isinstance(self.holder, list):
            self.holder.append(value)
        else:
            self.holder[self.key] = value

    def replace(self, value: Any) -> None:
        """Another value in the place of the last one."""
        if isinstance(self.holder, list):
            self.holder[-1] = value
        else:
            self.holder[self.key] = value


class _Growing:
    """One list or object of JSON that is being written, in the types of what it holds.

    What is no JSON stops it: there is no more to see until the end. Text in front of the first bracket is
    passed over.
    """

    def __init__(self, core: Any) -> None:
        self._core = core
        self._opening = re.compile(r"[\[{]" if (get_origin(core) or core) in _LISTS else r"\{")
        self._stack: list[_Frame] = []
        self._root: Any = MISSING
        self._pending = ""
        self._keep = 0
        """Where in `_pending` begins what is needed again with the next characters."""
        self._expected = "start"
        self._text: list[str] | None = None
        self._is_key = False

    def value(self) -> Any:
        """The whole so far, with the text that is growing in its place."""
        if self._text is not None and not self._is_key and self._stack:
            self._text[:] = ["".join(self._text)]
            self._stack[-1].replace(self._text[0])
        return self._root

    def feed(self, text: str) -> None:
        """Take the next characters."""
        if self._expected in ("nothing", "broken"):
            return
        self._pending += text
        at = 0
        while True:
            moved = self._step(at)
            if moved is None or self._expected in ("nothing", "broken"):
                break
            at = moved
        ended = self._expected in ("nothing", "broken")
        self._pending = "" if ended else self._pending[self._keep :]

    def _step(self, at: int) -> int | None:
        """Read one token from here: where the next begins, or None where more characters are needed."""
        text = self._pending
        self._keep = len(text)
        if self._expected == "start":
            opening = self._opening.search(text)
            return None if opening is None else self._open(text, opening.start())
        if self._text is not None:
            return self._characters(text, at)
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            return None
        char = text[at]
        if char in "]}":
            return self._close(char, at)
        if self._expected == "comma":
            return self._punctuation(char == ",", "key" if self._in_object else "value", at)
        if self._expected == "colon":
            return self._punctuation(char == ":", "value", at)
        if char == '"':
            self._text, self._is_key = [], self._expected == "key"
            if not self._is_key:
                self._stack[-1].put("")
            return at + 1
        if self._expected == "key":
            return self._break()
        if char in "[{":
            return self._open(text, at)
        return self._bare(text, at)

    @property
    def _in_object(self) -> bool:
        return isinstance(self._stack[-1].holder, dict)

    def _punctuation(self, is_there: bool, expected: str, at: int) -> int | None:
        if not is_there:
            return self._break()
        self._expected = expected
        return at + 1

    def _break(self) -> int | None:
        if self._text is None or not self._is_key:
            self.value()
        self._expected = "broken"
        return None

    def _open(self, text: str, at: int) -> int | None:
        if len(self._stack) >= MOST_NESTED:
            return self._break()
        holder: Any = [] if text[at] == "[" else {}
        annotation = self._stack[-1].wanted() if self._stack else self._core
        if self._stack:
            self._stack[-1].put(holder)
        elif isinstance(holder, dict) and (get_origin(self._core) or self._core) in _LISTS:
            return self._break()  # one record for a list, or a list inside of an envelope
        else:
            self._root = holder
        self._stack.append(_Frame(holder, annotation))
        self._expected = "value" if isinstance(holder, list) else "key"
        return at + 1

    def _close(self, char: str, at: int) -> int | None:
        frame = self._stack[-1]
        if (char == "]") != isinstance(frame.holder, list) or self._expected == "colon":
            return self._break()
        self._stack.pop()
        made = _typed(frame.holder, frame.annotation)
        if self._stack:
            self._stack[-1].replace(made)
            self._expected = "comma"
        else:
            if not isinstance(frame.holder, list):
                self._root = made
            self._expected = "nothing"
        return at + 1

    def _characters(self, text: str, at: int) -> int | None:
        """The characters of a text, up to its end or to an escape that is not there whole."""
        assert self._text is not None
        while at < len(text):
            stop = _STOP.search(text, at)
            if stop is None:
                self._text.append(text[at:])
                return None
            self._text.append(text[at : stop.start()])
            if stop[0] == '"':
                return self._finish_text(stop.end())
            escape = _whole_escape(text, stop.start())
            if escape is None:
                self._keep = stop.start()
                return self._break() if len(text) - self._keep >= _LONGEST_ESCAPE else None
            self._text.append(json.loads(f'"{escape}"'))
            at = stop.start() + len(escape)
        return None

    def _finish_text(self, at: int) -> int:
        assert self._text is not None
        found = "".join(self._text)
        self._text = None
        frame = self._stack[-1]
        if self._is_key:
            named = None if frame.fields is None else field_named(found, frame.fields)
            frame.key = found if named is None else named
            self._expected = "colon"
        else:
            frame.replace(_typed(found, frame.wanted()))
            self._expected = "comma"
        return at

    def _bare(self, text: str, at: int) -> int | None:
        """A number, `true`, `false` or `null`, once it has ended."""
        end = _BARE.match(text, at).end()  # type: ignore[union-attr]
        if end == len(text):
            if end - at > _LONGEST_BARE:
                return self._break()
            self._keep = at
            return None
        try:
            found = json.loads(text[at:end])
        except ValueError:
            return self._break()
        frame = self._stack[-1]
        frame.put(_typed(found, frame.wanted()))
        self._expected = "comma"
        return end


def _whole_escape(text: str, at: int) -> str | None:
    """The escape that begins here, with both halves of a surrogate pair; None where it is not there whole."""
    first = _ESCAPE.match(text, at)
    if first is None:
        return None
    if not "\\ud8" <= first[0].lower() < "\\udc":
        return first[0]
    second = _ESCAPE.match(text, first.end())
    if second is None:
        return first[0] if len(text) - first.end() >= len(r"\udc00") else None
    is_pair = "\\udc" <= second[0].lower() <= "\\udfff"
    return first[0] + second[0] if is_pair else first[0]


def _typed(value: Any, annotation: Any) -> Any:
    """A complete value in its type; as it is where it cannot be read by itself."""
    if annotation is Any:
        return value
    try:
        return reader_for(annotation).from_json(value)
    except ReadError:
        return value


def _core(annotation: Any) -> Any:
    """The type without notes and without None."""
    plain = plain_annotation(annotation)
    if type(None) in get_args(plain) and (get_origin(plain) is Union or not isinstance(plain, type)):
        arms = [arm for arm in get_args(plain) if arm is not type(None)]
        return plain_annotation(arms[0]) if len(arms) == 1 else plain
    return plain


def _grows(core: Any) -> bool:
    kind = get_origin(core) or core
    return kind in (*_LISTS, dict) or record_fields(core) is not None
