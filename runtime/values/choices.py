"""One choice of several, as models write it: `Literal`s and enumerations.

An exact choice wins over everything. Then, in this order: without quotes and emphasis; in any case, and with
any of space, hyphen and underscore; in an object, an element or a fence that holds nothing else; before a
colon, a dash or a reason; behind "Answer:" and the like; as the only one that a sentence names and does not
deny.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...base.expressions import pattern
from .numbers import read_int
from .verdicts import unwrapped, verdict
from .words import NEGATION, TAKEN_BACK, ReadError, bare, is_neutral, shown

_HEAD = pattern(r"[:\n(]|\s[-–—]\s")
_REASON = pattern(r"[,;]\s+(?:because|since|as|given|due|for)\b", re.I)
_PYTHON = pattern(r"(?:Literal|str|Enum)\[(.*)\]|<(?:\w+\.)?(\w+):.*>|(?:\w+\.)(\w+)\.value", re.DOTALL)
_FIRST_WORD = pattern(r"\W*(\w+)\s*[,.:;!–—]")
_LETTER = pattern(r"(?:(?:option|choice|answer)\s+)?\(?([^\W_])[).]?\)?", re.I)
_LONGEST_WRAPPED = 10_000
_DOUBT = pattern(
    r"\b(?:almost|nearly|refus\w+|reject\w*|avoid\w*|declin\w+ to|rul\w+ out|den(?:y|ies|ied|ying)|disput\w+"
    r"|against|except|other than|anything but|unsure|uncertain|unclear)\b",
    re.I,
)
"""What besides a negation makes a sentence that names a choice say something else."""
_DENIED = pattern(r"[\W_]*(?:no|false|n|not sure|unlikely|0(?:\.0+)?\s*%?|✗|✘|❌)[\W_]*", re.I)
_SCORE = pattern(r"[\W_]*(\d+(?:\.\d+)?)\s*(%?)")
_OVER = pattern(r"(?<!\w)(?:(?:and|but)\s+)?(?:not|rather than|instead of|as opposed to)\s+", re.I)
_WHOLE = pattern(r"([-+]?\d{1,15})\.0+")
_LISTED = pattern(r"\W{0,3}(\w)[).:]+\s")
_NUMERIC = pattern(r"-?\d{1,15}")
_TYPOGRAPHIC = str.maketrans(dict.fromkeys('‘’‚′“”„″"', "'") | dict.fromkeys("–—‐‑‒−", "-"))
"""Quotes and dashes of all kinds as one."""


def read_choice(text: str, choices: Sequence[Any]) -> Any:
    """One of the choices, which may be strings, numbers, booleans or None.

    Raises:
        ReadError: the text is none of them, or names several.
    """
    if text in choices:
        return text
    named = {_written(choice): choice for choice in choices}
    found = _chosen(text, named)
    if found is None:
        raise ReadError(f"is {shown(text)}, which is not one of: {'; '.join(named)}")
    return found[0]


def choices_of(enumeration: type[enum.Enum]) -> dict[str, enum.Enum]:
    """The names by which members may be called: their values first, then their names."""
    names: dict[str, enum.Enum] = {str(member.value): member for member in enumeration}
    for name, member in enumeration.__members__.items():
        names.setdefault(name, member)
    return names


def read_enum(text: str, enumeration: type[enum.Enum]) -> enum.Enum:
    """A member, by its value or its name.

    Raises:
        ReadError: the text is none of them, or names several.
    """
    names = choices_of(enumeration)
    stripped = bare(text)
    own = f"{enumeration.__name__}."
    if stripped.startswith(own) and stripped[len(own) :] in enumeration.__members__:
        return enumeration.__members__[stripped[len(own) :]]
    call = re.fullmatch(rf"{re.escape(enumeration.__name__)}\((.*)\)", stripped, re.DOTALL)
    found = _chosen(text if call is None else call[1], names)
    if found is None:
        options = "; ".join(str(member.value) for member in enumeration)
        raise ReadError(f"is {shown(text)}, which is not one of: {options}")
    member: enum.Enum = found[0]
    return member


def _chosen(text: str, named: Mapping[str, Any], depth: int = 0) -> tuple[Any] | None:
    """The choice that a text means, in a tuple, because it may be None."""
    stripped = bare(text)
    if (python := _PYTHON.fullmatch(stripped)) is not None:
        stripped = bare(next(group for group in python.groups() if group is not None))
    if (found := _alone(stripped, named)) is not None:
        return found
    if depth == 0 and (inside := _inside(text)) is not None:
        return _chosen(inside, named, depth + 1)
    head = _HEAD.split(stripped, maxsplit=1)[0]
    if head != stripped and (found := _alone(bare(head), named)) is not None:
        return found if _is_explained(stripped[len(head) :], found, named) else None
    if (found := _preferred(stripped, named) or _of_a_list(stripped, named)) is not None:
        return found
    reason = _REASON.search(stripped)
    if reason is not None and (found := _alone(bare(stripped[: reason.start()]), named)) is not None:
        return found
    first = _FIRST_WORD.match(stripped)
    if first is not None and first[1].lower() in _YES_AND_NO and (found := _alone(first[1], named)):
        rest = stripped[first.end() :]
        other = _alone(bare(rest), named)
        is_other = other is not None and other[0] is not found[0]
        return None if is_other or TAKEN_BACK.match(rest) is not None else found
    said = verdict(text)
    if said is not None:
        found = _alone(bare(said), named) or _before_more(said, named)
        if found is not None:
            return found
    return _only_one(stripped, named)


def _is_explained(rest: str, found: tuple[Any], named: Mapping[str, Any]) -> bool:
    """Whether what stands behind a choice does not take it back: `spam: no`, `spam: 0.1`, scores for more."""
    line, _, more = rest.partition("\n")
    for each in (line.strip(":() "), *more.splitlines()[:_MOST_LINES]):
        other = _alone(bare(each), named)
        if other is not None and other[0] is not found[0]:
            return False
    if _DENIED.fullmatch(line) is not None and _alone(bare(line.lstrip(":( ")), named) is None:
        return False
    score = _SCORE.match(rest)
    if score is None:
        return True
    if any(named[name] is not found[0] for name in _mentioned(rest[score.end() :], named)):
        return False
    alone = not rest[score.end() :].strip(" \t.)")
    return not alone or float(score[1]) / (100 if score[2] else 1) >= _HALF


_HALF = 0.5
_MOST_LINES = 20
_BUT = pattern(r"\Anot\s+(.{1,100}?)[,;]?\s+but\s+(?:rather\s+)?(.{1,100})\Z", re.I)


def _preferred(stripped: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The meant one of two choices: `ham, not spam`, or `not spam, but ham`."""
    if (but := _BUT.match(stripped)) is not None:
        other, found = (_alone(bare(part), named) for part in but.groups())
        return found if found is not None and other is not None and other[0] is not found[0] else None
    over = _OVER.search(stripped)
    if over is None:
        return None
    found = _alone(bare(stripped[: over.start()].rstrip(" \n,;(–—-")), named)
    other = _alone(bare(stripped[over.end() :].rstrip(")")), named)
    return found if found is not None and other is not None and other[0] is not found[0] else None


def _of_a_list(stripped: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The choice whose letter stands before what it says: `A) Paris`."""
    match = _LISTED.match(stripped)
    if match is None or any(len(name) != 1 for name in named):
        return None
    others = "".join(re.escape(name) for name in named if name != match[1])
    if others and re.search(rf"(?<!\w)[{others}][).]", stripped[match.end() :]) is not None:
        return None
    return _alone(match[1], named)


_YES_AND_NO = frozenset({"yes", "no", "true", "false"})


def _before_more(said: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The choice that an answer begins with, before a reason or a remark in parentheses."""
    head = re.split(r"[(,;.]|\s[-–—]\s|\sbecause\b", said, maxsplit=1)[0]
    found = _alone(bare(head), named)
    return found if found is not None and len(_mentioned(said, named)) == 1 else None


def _alone(stripped: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The choice that a text is, in any case and with any separators."""
    if stripped in named:
        return (named[stripped],)
    if not stripped:
        return None
    for fold in (str.lower, _folded):
        wanted = fold(stripped)
        found = [choice for name, choice in named.items() if fold(name) == wanted]
        if wanted and len({id(choice) for choice in found}) == 1:
            return (found[0],)
    if (whole := _WHOLE.fullmatch(stripped)) is not None and whole[1] in named:
        return (named[whole[1]],)
    letter = _LETTER.fullmatch(stripped)
    if letter is None:
        return None
    if letter[1] in named:
        return (named[letter[1]],)
    meant = [choice for name, choice in named.items() if name.lower() == letter[1].lower()]
    return (meant[0],) if len(meant) == 1 else None


def _inside(text: str) -> str | None:
    """What the one element, fence, object or list that a text is holds, where that is one text or number, and
    the object's key says nothing else of it.
    """
    if len(text) > _LONGEST_WRAPPED:
        return None
    inside = unwrapped(text)
    stripped = (text if inside is None else inside).strip()
    if stripped[:1] not in ("{", "["):
        return inside
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return bare(stripped[1:-1]) if re.fullmatch(r"\[[^\[\],]*\]", stripped) else inside
    if isinstance(value, dict) and len(value) == 1:
        value = next((inner for key, inner in value.items() if is_neutral(key)), None)
    elif isinstance(value, list) and len(value) == 1:
        value = value[0]
    return str(value) if isinstance(value, (str, int, float)) else None


def _only_one(stripped: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The only choice that a sentence names, unless it denies it."""
    if all(_NUMERIC.fullmatch(name) for name in named):
        return _number_of(stripped, named)
    spans = _spans(stripped, named)
    members = {id(named[name]): named[name] for _, _, name in spans}
    if len(members) != 1:
        return None
    # What the choice's own words deny (`not spam`) is not denied.
    outside = list(stripped)
    for start, end, _ in spans:
        outside[start:end] = " " * (end - start)
    around = "".join(outside)
    if NEGATION.search(around) is not None or _DOUBT.search(around) is not None:
        return None
    if any(NEGATION.fullmatch(name) or len(name) == 1 for _, _, name in spans):
        return _only_word(stripped, named, spans)
    return (next(iter(members.values())),)


def _number_of(stripped: str, named: Mapping[str, Any]) -> tuple[Any] | None:
    """The choice that is the only number of a text: `2 stars`."""
    if "/" in stripped:
        return None  # `4/5` is four of five, and no choice of its own
    try:
        number = read_int(stripped)
    except ReadError:
        return None
    return (named[str(number)],) if str(number) in named else None


def _only_word(
    stripped: str, named: Mapping[str, Any], spans: list[tuple[int, int, str]]
) -> tuple[Any] | None:
    """A choice that is an ordinary word ("no") or a letter ("A") counts at the end of a sentence only,
    spelled as it is.
    """
    start, end, name = spans[-1]
    whole = stripped[start:end] == name and not stripped[end:].strip(" .)")
    return (named[name],) if whole and len(spans) == 1 and not name.islower() else None


def _mentioned(text: str, named: Mapping[str, Any]) -> list[str]:
    kept = {name for _, _, name in _spans(text, named)}
    return [name for name in named if name in kept]


def _spans(text: str, named: Iterable[str]) -> list[tuple[int, int, str]]:
    """Where a text names choices as whole words; one inside a longer one does not count."""
    spans: list[tuple[int, int, str]] = []
    for name in named:
        words = [re.escape(word) for word in re.split(r"[\s_-]+", name) if word]
        if not words:
            continue
        pattern = r"(?<!\w)" + r"[\s_-]+".join(words) + r"(?!\w)"
        spans += [(match.start(), match.end(), name) for match in re.finditer(pattern, text, re.I)]
    # From left to right, the longest first: a span that ends before a longer one does is inside it.
    spans.sort(key=lambda span: (span[0], -span[1]))
    kept: list[tuple[int, int, str]] = []
    around: tuple[int, int] = (0, -1)
    for span in spans:
        if span[1] > around[1] or span[:2] == around:
            kept.append(span)
            around = span[:2]
    return kept


def _folded(text: str) -> str:
    """A text without what is written one way or the other: case, separators, typographic marks, entities."""
    if "&" in text and ";" in text:
        from html import unescape  # a table of two thousand names

        text = unescape(text)
    text = bare(text.translate(_TYPOGRAPHIC))
    text = re.sub(r"[\s_]+", "", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text))
    return re.sub(r"(?<=\D)-|-(?!\d)", "", text).lower()  # 5-10 is not 510


def _written(choice: Any) -> str:
    return str(choice.value) if isinstance(choice, enum.Enum) else str(choice)
