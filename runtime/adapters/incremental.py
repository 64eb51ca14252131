"""Answers cut into fields while they come: which characters of a piece belong to which field's text.

    reader = SectionReader(("reasoning", "answer"))
    for piece in pieces:
        for chunk in reader.feed(piece):
            ...                        # chunk.field, chunk.text, chunk.is_last
    reader.end()

What a reader gives is what a person can be shown at once. The values of the prediction come from the whole
answer, which is read tolerantly when it is there. All readers take time that is linear in the answer's
length, and hold back only what may turn out to be the end of a field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from ...base.expressions import pattern
from ...base.frozen import frozen_record


@frozen_record
class Chunk:
    """The next characters of a field's text."""

    field: str
    text: str
    is_last: bool = False


class FieldReader(Protocol):
    """Cuts an answer into fields while it comes."""

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        ...

    def end(self) -> Iterator[Chunk]:
        """The answer has ended: what was held back."""
        ...


class Current:
    """The field that is being written, and the whitespace that is held back: it may be the field's end."""

    def __init__(self) -> None:
        self.name = ""
        self._held = ""
        self._has_begun = False

    def begin(self, name: str) -> None:
        """A field begins."""
        self.name, self._held, self._has_begun = name, "", False

    def write(self, text: str) -> Iterator[Chunk]:
        """The next characters; blanks around the whole text are no part of it."""
        if not self.name:
            return
        text = self._held + text
        if not self._has_begun:
            text = text.lstrip()
        written = text.rstrip()
        self._held = text[len(written) :]
        if written:
            self._has_begun = True
            yield Chunk(self.name, written)

    def finish(self) -> Iterator[Chunk]:
        """The field is complete."""
        if self.name:
            yield Chunk(self.name, "", True)
        self.begin("")


class SectionReader:
    """Reads `[[ ## field ## ]]` sections; see `ChatAdapter`.

    Args:
        fields: the names of the outputs.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._markers = {f"[[ ## {name} ## ]]": name for name in (*fields, "completed")}
        self._pattern = re.compile("|".join(re.escape(each) for each in self._markers))
        self._longest = max(map(len, self._markers))
        self._current = Current()
        self._pending = ""

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        self._pending += text
        while (found := self._pattern.search(self._pending)) is not None:
            yield from self._current.write(self._pending[: found.start()])
            yield from self._current.finish()
            name = self._markers[found[0]]
            self._current.begin("" if name == "completed" else name)
            self._pending = self._pending[found.end() :]
        kept = self._start_of_marker()
        yield from self._current.write(self._pending[: len(self._pending) - kept])
        self._pending = self._pending[len(self._pending) - kept :]

    def _start_of_marker(self) -> int:
        """How many characters at the end may be the beginning of a marker."""
        tail = self._pending[-self._longest :]
        at = tail.find("[")
        while at >= 0:
            if any(marker.startswith(tail[at:]) for marker in self._markers):
                return len(tail) - at
            at = tail.find("[", at + 1)
        return 0

    def end(self) -> Iterator[Chunk]:
        """The answer has ended."""
        yield from self._current.write(self._pending)
        self._pending = ""
        yield from self._current.finish()


_LONGEST_ENTITY = len("&quot")


def unescape(text: str) -> str:
    """A text without XML's escapes; `xml.sax.saxutils` does the same, and takes 25 ms to import."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class TagReader:
    """Reads `<field>…</field>` elements; see `XMLAdapter`.

    Args:
        fields: the names of the outputs.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._opening = re.compile("<(" + "|".join(map(re.escape, fields)) + ")>") if fields else None
        self._current = Current()
        self._pending = ""
        self._longest = max(map(len, fields), default=0) + len("</>")

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        self._pending += text
        while self._opening is not None:
            if self._current.name:
                inside, closing, rest = self._pending.partition(f"</{self._current.name}>")
                if closing:
                    yield from self._current.write(unescape(inside))
                    yield from self._current.finish()
                    self._pending = rest
                    continue
                kept = max(self._start_of(f"</{self._current.name}>"), self._start_of_entity())
                yield from self._current.write(unescape(self._pending[: len(self._pending) - kept]))
                self._pending = self._pending[len(self._pending) - kept :]
                return
            found = self._opening.search(self._pending)
            if found is None:
                self._pending = self._pending[-self._longest :]
                return
            self._current.begin(found[1])
            self._pending = self._pending[found.end() :]

    def _start_of(self, tag: str) -> int:
        """How many characters at the end may be the beginning of a tag."""
        for length in range(min(len(tag) - 1, len(self._pending)), 0, -1):
            if self._pending.endswith(tag[:length]):
                return length
        return 0

    def _start_of_entity(self) -> int:
        """How many characters at the end may be the beginning of `&lt;` and the like."""
        tail = self._pending[-_LONGEST_ENTITY:]
        at = tail.rfind("&")
        return len(tail) - at if at >= 0 and ";" not in tail[at:] else 0

    def end(self) -> Iterator[Chunk]:
        """The answer has ended."""
        yield from self._current.write(unescape(self._pending))
        yield from self._current.finish()


_STOPS = pattern(r'["\\]')
_STRUCTURE = pattern(r'["{}\[\],]')
_KEY = pattern(r'\s*,?\s*"((?:[^"\\]|\\.)*)"\s*:\s*')
_ESCAPE = pattern(r"\\(?:u[0-9a-fA-F]{4}|[^u])")


class ObjectReader:
    """Reads the members of one JSON object; see `JSONAdapter`. A string's characters come without escapes,
    another value as it is written.

    Args:
        fields: the names of the outputs; other members are passed over.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = frozenset(fields)
        self._pending = ""
        self._state = "before"
        self._name = ""
        self._depth = 0
        self._quoted = False
        self._surrogate = ""

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        self._pending += text
        while self._pending:
            step = {"before": self._before, "key": self._key, "text": self._text, "value": self._value}
            before = (self._state, len(self._pending))
            if self._state == "after":
                self._pending = ""
                return
            yield from step[self._state]()
            if before == (self._state, len(self._pending)):
                return

    def _before(self) -> Iterator[Chunk]:
        _, brace, rest = self._pending.partition("{")
        self._pending = rest
        if brace:
            self._state = "key"
        return iter(())

    def _key(self) -> Iterator[Chunk]:
        found = _KEY.match(self._pending)
        if found is None:
            if self._pending.lstrip().startswith("}"):
                self._state = "after"
            return iter(())
        if found.end() == len(self._pending):
            return iter(())  # the value has not begun
        self._name = json.loads(f'"{found[1]}"', strict=False)
        self._pending = self._pending[found.end() :]
        self._state = "value"
        self._depth, self._quoted = 0, False
        if self._pending[0] == '"':
            self._pending = self._pending[1:]
            self._state = "text"
        return iter(())

    def _text(self) -> Iterator[Chunk]:
        """The characters of a string, up to its end or to an escape that is not there whole."""
        written: list[str] = []
        at, ended = 0, False
        pending = self._pending
        while at < len(pending):
            found = _STOPS.search(pending, at)
            if found is None:
                written.append(pending[at:])
                at = len(pending)
            elif found[0] == '"':
                written.append(pending[at : found.start()])
                at, ended = found.end(), True
                break
            else:
                written.append(pending[at : found.start()])
                escape = _ESCAPE.match(pending, found.start())
                at = found.start()
                if escape is None:
                    break
                at = escape.end()
                written.append(self._unescaped(escape[0]))
        self._pending = pending[at:]
        yield from self._chunk("".join(written))
        if ended:
            self._state = "key"
            yield from self._last()

    def _unescaped(self, escape: str) -> str:
        """What an escape means; the first half of a surrogate pair waits for the second."""
        try:
            text: str = json.loads(f'"{self._surrogate}{escape}"')
        except ValueError:
            return escape[1:]
        is_half = len(text) == 1 and "\ud800" <= text < "\udc00"
        self._surrogate = escape if is_half else ""
        return "" if is_half else text

    def _value(self) -> Iterator[Chunk]:
        """The characters of a value that is no string, up to the comma or brace behind it."""
        at, start = 0, 0
        pending = self._pending
        while True:
            if self._quoted:
                found = _STOPS.search(pending, at)
                if found is None:
                    at = len(pending)
                    break
                if found[0] == "\\":
                    if found.end() == len(pending):
                        at = found.start()
                        break
                    at = found.end() + 1
                    continue
                self._quoted = False
                at = found.end()
                continue
            found = _STRUCTURE.search(pending, at)
            if found is None:
                at = len(pending)
                break
            at = found.end()
            sign = found[0]
            if sign == '"':
                self._quoted = True
            elif sign in "{[":
                self._depth += 1
            elif self._depth:
                self._depth -= sign in "}]"
            else:
                yield from self._chunk(pending[start : found.start()].rstrip())
                yield from self._last()
                self._pending = pending[found.end() if sign == "," else found.start() :]
                self._state = "key"
                return
        yield from self._chunk(pending[start:at])
        self._pending = pending[at:]

    def _chunk(self, text: str) -> Iterator[Chunk]:
        if text and self._name in self._fields:
            yield Chunk(self._name, text)

    def _last(self) -> Iterator[Chunk]:
        if self._name in self._fields:
            yield Chunk(self._name, "", True)
        self._name = ""

    def end(self) -> Iterator[Chunk]:
        """The answer has ended."""
        if self._state in ("text", "value"):
            yield from self._last()
        self._state = "after"


class BareReader:
    """Reads an answer that is one field's value and nothing else; see `CompactAdapter`."""

    def __init__(self, name: str) -> None:
        self._current = Current()
        self._current.begin(name)

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        return self._current.write(text)

    def end(self) -> Iterator[Chunk]:
        """The answer has ended."""
        return self._current.finish()


class WholeReader:
    """Reads nothing before the end: for adapters whose answers show their fields only as a whole."""

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        return iter(())

    def end(self) -> Iterator[Chunk]:
        """The answer has ended; its fields come from the prediction."""
        return iter(())
