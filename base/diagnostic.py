"""The one record of a finding, whether the lexer, the parser, a rule or the settings found it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from .span import Span

Severity: TypeAlias = Literal["error", "warning", "info"]

Applicability: TypeAlias = Literal["safe", "unsafe", "display-only"]
"""Who may apply a fix.

- `safe`: a program that runs means the same afterwards; one that does not parse can mean nothing else.
  `check --fix` applies it.
- `unsafe`: probably what is meant, but the author has to look. `check --fix --unsafe-fixes` applies it, and
  an editor offers it.
- `display-only`: a sketch of what to write; nothing applies it.
"""


class Edit(Struct, frozen=True):
    """A replacement of a range of the text; an empty range inserts."""

    span: Span
    replacement: str

    def shifted(self, offset: int) -> Edit:
        """The same edit, `offset` code points further on."""
        return Edit(self.span.shifted(offset), self.replacement)


class Fix(Struct, frozen=True):
    """Edits that remove a finding, made together or not at all."""

    title: str
    """What the edits do, as an order: "Write `==`"."""
    edits: tuple[Edit, ...]
    applicability: Applicability

    @property
    def is_safe(self) -> bool:
        """Whether the fix may be applied without a look at it."""
        return self.applicability == "safe"

    def shifted(self, offset: int) -> Fix:
        """The same fix, `offset` code points further on."""
        return Fix(self.title, tuple(edit.shifted(offset) for edit in self.edits), self.applicability)


class Label(Struct, frozen=True):
    """A second location that a diagnostic talks about; without a `path` it is in the same file."""

    span: Span
    message: str
    path: str | None = None
    item: str = ""
    """In a finding that is kept across edits: the item of `path` from whose start the span counts."""
    name: str = ""
    """What the label is at, by which it is found when that item has changed."""

    def shifted(self, offset: int) -> Label:
        """The same label, `offset` code points further on where it is in the same file."""
        return self if self.path is not None else Label(self.span.shifted(offset), self.message)


class Diagnostic(Struct, frozen=True):
    """One finding. Its spans, those of its labels and of its fixes count from the same point: the start of an
    item where the grammar found it, the start of the file in a report.
    """

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
    fixes: tuple[Fix, ...] = ()
    """The likeliest first."""

    @property
    def fix(self) -> Fix | None:
        """The likeliest fix, where there is one."""
        return self.fixes[0] if self.fixes else None

    def shifted(self, offset: int) -> Diagnostic:
        """The same finding, `offset` code points further on."""
        if offset == 0:
            return self
        return replace(
            self,
            span=self.span.shifted(offset),
            labels=tuple(label.shifted(offset) for label in self.labels),
            fixes=tuple(fix.shifted(offset) for fix in self.fixes),
        )
