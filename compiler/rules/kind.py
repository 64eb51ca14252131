"""What a code stands for, whoever finds it: a rule, the grammar, the settings, the suppressions."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Literal, TypeAlias

from msgspec import Struct

from ...base.diagnostic import Diagnostic, Fix, Label, Severity
from ...base.span import Span
from ...grammar import syntax
from ...grammar.pages import Page

FixAvailability: TypeAlias = Literal["none", "sometimes", "always"]
"""Whether findings of a kind bring a fix."""

_BLOCK = re.compile(r"^```dspy\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Kind(Struct, frozen=True):
    """A kind of finding."""

    code: str
    """Like `E201`. `E` is an error, `W` a lint; the first digit is the group."""
    name: str
    """Like `unknown-field`."""
    severity: Severity
    """What it counts as where the settings say nothing else."""
    category: str
    """The family that it belongs to, which settings select as a whole."""
    fix: FixAvailability
    since: str
    """The version that brought it."""
    documentation: str | Page
    """A page, or the docstring that it is read from."""

    @property
    def page(self) -> Page:
        """What is said of findings of this kind, with a wrong and a right example."""
        return self.documentation if isinstance(self.documentation, Page) else read_page(self.documentation)

    def at(
        self,
        location: syntax.Node | Span,
        message: str,
        help: str | None = None,  # noqa: A002 - the word that a reader of `Diagnostic` knows
        fix: Fix | tuple[Fix, ...] | None = None,
        labels: tuple[Label, ...] = (),
    ) -> Diagnostic:
        """A finding of this kind. The range, and those of the fixes, count from the start of the item."""
        span = location.span if isinstance(location, syntax.Node) else location
        fixes = fix if isinstance(fix, tuple) else () if fix is None else (fix,)
        return Diagnostic(self.code, self.name, self.severity, span, message, labels, help, fixes)


def read_page(docstring: str) -> Page:
    """A page out of a docstring: words, and two blocks, of which the first has the mistake with carets."""
    text = cleandoc(docstring)
    blocks = _BLOCK.findall(text)
    words = re.sub(r"\n{3,}", "\n\n", _BLOCK.sub("", text)).strip()
    wrong, right = blocks if blocks else ("", "")
    return Page(words, wrong, right)
