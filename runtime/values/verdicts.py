r"""What a text gives as its answer: behind "Answer:" or "####", in `\boxed{…}`, in an element or a fence.

Each function gives the words of the answer, or None where the text does not say one; none of them decides
what these words mean. Every character is looked at a bounded number of times.
"""

from __future__ import annotations

import re

from ...base.expressions import pattern

_NOUNS = (
    "answer|choice|decision|verdict|label|category|classification|result|conclusion|output|prediction|rating"
)
_LABEL = pattern(
    rf"\b(?:{_NOUNS}|sentiment|score|value)\b[\"'*_`]*+\s*+(?:(?:is|was|would be|=>|->|→)\s*+[:=]?|[:=])"
    r"[\"'*_`]*+\s*+|^\s{0,8}#{3,6}\s++(?=\S+\s*\Z)"
    r"|\bI(?:'d|’d| would| will|'ll|’ll)?\s++(?:choose|pick|select|say|go\s++with|decide\s++on)\s*+:?\s*+",
    re.I | re.MULTILINE,
)
_BOXED = pattern(r"\\boxed\s*+\{([^{}]*+)\}")
_REASONS = pattern(
    r"\s*+[*_#>-]*\s*+(?:reason(?:ing|s)?|explanation|because|rationale|justification|confidence|note|why|evidence)\b",
    re.I,
)
_REASON = pattern(r"(?:[,;]\s+|\s\()(?:because|since|as|given|due|for)\b", re.I)
_ELEMENT = pattern(r"\A\s*+<([A-Za-z][\w-]{0,40})>(.*)</\1>\s*+\Z", re.DOTALL)
_FENCE = pattern(r"\A\s*+```[^\n`]*+\n(.*)\n[ \t]*```\s*+\Z", re.DOTALL)
_INLINE_FENCE = pattern(r"\A\s*+```([^`\n]++)```\s*+\Z")
_LONGEST = 20_000


def verdict(text: str) -> str | None:
    """What the text gives as its answer: on the line where it last names one, or on its first line.

    Behind that line may stand only why it is so.
    """
    if len(text) > _LONGEST:
        text = text[-_LONGEST:]
    boxed = {match[1].strip() for match in _BOXED.finditer(text)}
    if boxed:
        return boxed.pop() if len(boxed) == 1 else None
    last = None
    for match in _LABEL.finditer(text):
        last = match
    said, _, rest = text[0 if last is None else last.end() :].strip().partition("\n")
    reason = _REASONS.match(rest) if rest.strip() else None
    if (rest.strip() or last is None) and reason is None:
        return None
    return _REASON.split(said, maxsplit=1)[0].strip() or None


def unwrapped(text: str) -> str | None:
    """The inside of the one element or fence that a text is."""
    if "<" in text and (element := _ELEMENT.match(text)) is not None:
        return element[2].strip()
    if "```" in text and (fence := _FENCE.match(text) or _INLINE_FENCE.match(text)) is not None:
        return fence[1].strip()
    return None
