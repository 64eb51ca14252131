"""What single values have in common: the decoration around them, words for nothing and for denial, and the
error of a text that is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...base.expressions import pattern

NONE_WORDS = frozenset({"", "none", "null", "nil", "~", "n/a", "na", "not available", "not applicable"})
_MARKED_WORDS = NONE_WORDS - {"", "~"}
"""What says so in brackets, too: `(none)`."""
_NEUTRAL = frozenset(
    {
        "value", "answer", "result", "output", "response", "choice", "label", "category", "class",
        "classification", "decision", "verdict", "prediction", "selection",
    }
)  # fmt: skip
NEGATION = pattern(
    r"\b(?:not|no|never|neither|nor|none|cannot|without|hardly|barely|scarcely|unlikely|rather than"
    r"|instead of|far from|isn't|wasn't|doesn't|don't)\b|n't\b|n’t\b|\b(?:non|anti|un|in|dis)-",
    re.I,
)

TAKEN_BACK = pattern(
    r"\W*(?:but|however|although|though|except|unless|or|only|wait|actually|maybe|perhaps|partly|partially"
    r"|to some extent|in part|it depends|not (?:really|entirely|quite|fully|exactly|always))\b",
    re.I,
)
"""What behind a "yes," makes it less than that."""
_WRAPPING = "*_`\"'“”‘’ \t\r\n"
_ENDS = ".;!"
_LONGEST_SHOWN = 120


class ReadError(ValueError):
    """A text that is no value of the type; the message goes on where a field's name stood.

    Attributes:
        inside: what is wrong inside of the value: paths like `address.country`, the values there as text,
            and the reasons; the value is empty where there is none. The message has them all.
    """

    def __init__(self, message: str, inside: Sequence[tuple[str, str, str]] = ()) -> None:
        super().__init__(message)
        self.inside = tuple(inside)

    def describe(self, name: str) -> str:
        """The whole sentence: "`seller.address.country` is 'xx': …"."""
        if not self.inside:
            return f"`{name}` {self}"
        return "; ".join(
            f"`{name}{path}` is {value}: {reason}" if value else f"`{name}{path}` {reason}"
            for path, value, reason in self.inside
        )


def bare(text: str) -> str:
    """The text without emphasis, quotes and a full stop around it."""
    stripped = text.strip(_WRAPPING)
    if stripped[-1:] in _ENDS and not stripped.endswith("..."):
        stripped = stripped.rstrip(_WRAPPING + _ENDS)
    return stripped


def is_none(text: str) -> bool:
    """Whether the text says that there is no value."""
    said = bare(text).lower()
    if said[:1] in ("(", "<") and said[-1:] in (")", ">"):
        return said[1:-1] in _MARKED_WORDS
    return said in NONE_WORDS


def is_dash(text: str) -> bool:
    """Whether a text is the dash that stands for nothing in a table."""
    return text.strip() in ("-", "–", "—")


def is_neutral(key: str) -> bool:
    """Whether a key says no more than that its value is what was asked for: `answer`, `Final answer`."""
    words = re.sub(r"[\W_]+", " ", key).lower().split()
    return len(words) in (1, 2) and words[-1] in _NEUTRAL and words[0] in ("final", words[-1])


def shown(text: str) -> str:
    """A text in an error, cut where it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}…")
