"""What a reader is told about a program: a code, a place, a sentence, and where one exists a fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..grammar.source import Span

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of a range of the file's text; an empty range inserts."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that remove a finding; `safe` when they cannot change what a working program does."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic talks about; without a `path` it is in the same file."""

    span: Span
    message: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. Spans count code points from the start of the file."""

    code: str
    """Like `E201`; what `# dspyc: ignore[…]` and `explain` take."""
    name: str
    """Like `unknown-field`; reads well in "allow NAME"."""
    severity: Severity
    span: Span
    message: str
    """One sentence in the present tense, names in backticks."""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    """What would do, where the sentence does not say it already."""
    fix: Fix | None = None
