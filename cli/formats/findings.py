"""What the formats for programs say of each finding: where it is, in which file, and by which fingerprint."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from ...base.diagnostic import Diagnostic
from ...base.secrets import mask
from ...base.span import Span
from ...compiler.render import CheckedFile, Report
from ...grammar.source import Encoding, Source


class Place(NamedTuple):
    """A range as lines and columns, all from 1; its end is the first character behind it."""

    line: int
    column: int
    end_line: int
    end_column: int


def place_of(source: Source, span: Span, encoding: Encoding = "utf-32") -> Place:
    """Where a range stands; columns count the units of an encoding."""
    start, end = source.position(span.start, encoding), source.position(span.end, encoding)
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def with_slashes(path: str) -> str:
    """A path as it is shown, with `/` on every platform."""
    return path.replace(os.sep, "/")


class Finding(NamedTuple):
    """A finding, with what every format tells of it; the message has no secrets."""

    file: CheckedFile
    found: Diagnostic
    path: str
    message: str

    @property
    def text(self) -> str:
        """The message, and under it the help."""
        return self.message if self.found.help is None else f"{self.message}\nhelp: {mask(self.found.help)}"

    def place(self, encoding: Encoding = "utf-32") -> Place:
        """Where it stands."""
        return place_of(self.file.source, self.found.span, encoding)


def findings_of(file: CheckedFile) -> Iterator[Finding]:
    """The findings of a file."""
    path = with_slashes(file.path)
    for found in file.diagnostics:
        yield Finding(file, found, path, mask(found.message))


def all_findings(report: Report) -> Iterator[Finding]:
    """The findings of all files, in their order."""
    for file in report.files:
        yield from findings_of(file)


# --- fingerprints ---------------------------------------------------------------------------------------


def fingerprints(file: CheckedFile) -> list[str]:
    """For each finding of a file what it is known by from run to run.

    It stays the same while lines are added or removed around a declaration, and while a line is indented in
    another way: it is made of the code, the path, the declaration and the text that the finding is about. Of
    several alike, each also has its number, so no two of a file are equal.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    result = []
    declarations = _Declarations(file.source) if file.diagnostics else None
    for found in file.diagnostics:
        assert declarations is not None
        parts = (
            found.code,
            with_slashes(file.path),
            declarations.around(found.span.start),
            _line_at(file.source, found.span),
            " ".join(file.source.text[found.span.start : found.span.end].split()),
        )
        seen[parts] += 1
        hashed = blake2b(
            "\0".join((*parts, str(seen[parts]))).encode("utf-8", "surrogatepass"), digest_size=16
        )
        result.append(hashed.hexdigest())
    return result


class _Declarations:
    """The declarations of a text, by what stands in their first line up to `=`, `:` or `(`."""

    def __init__(self, source: Source) -> None:
        from ...grammar.split import split

        self._chunks = split(source.text) if source.uri.endswith(".dspy") else []

    def around(self, offset: int) -> str:
        """The head of the declaration that holds an offset: `signature Answer`."""
        from bisect import bisect_right

        at = bisect_right(self._chunks, offset, key=lambda each: each.start) - 1
        if at < 0:
            return ""
        lines = (line for line in self._chunks[at].text.splitlines() if line.strip() and line[0] != "#")
        head = next(lines, "")
        for sign in "=:(":
            head = head.partition(sign)[0]
        return " ".join(head.split())


def _line_at(source: Source, span: Span) -> str:
    return " ".join(source.line_text(source.line_of(span.start)).split())
