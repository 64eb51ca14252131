"""Single values as models write them: numbers with units, booleans in words, one choice of several in a
sentence.

Tolerant of form, never of doubt: two different readings are an error, not a guess.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

NONE_WORDS = frozenset({"", "none", "null", "nil", "n/a", "na", "not available", "not applicable"})

_TRUE = frozenset({"true", "yes", "y", "t", "1", "1.0", "on"})
_FALSE = frozenset({"false", "no", "n", "f", "0", "0.0", "off"})
_WRAPPING = "*_`\"'“”‘’ \t\r\n"
_ENDS = ".;!"
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|isn't|wasn't|doesn't|don't|rather than|instead of)\b|n't\b",
    re.I,
)
_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:[,_ ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[eE][-+]?\d+)?(?![\d]|[.,]\d)"
)
_EUROPEAN = re.compile(r"[-+−]?(?<!\d)\d{1,3}(?:\.\d{3})+,\d+|[-+−]?(?<!\d)\d++,\d{1,2}")
_FRACTION = re.compile(r"([-+−]?\d+)\s*/\s*(\d+)")
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]+|[-+]?0[bB][01]+|[-+]?0[oO][0-7]+")
_VERDICT = re.compile(
    r"\b(?:answer|choice|decision|verdict|label|category|classification|result|conclusion|output)\b"
    r"[\"'*_`]*+\s*+(?:is\s*+)?[:=]",
    re.I,
)
_LONGEST_NUMBER = 4000
"""Digits and signs; Python itself refuses to read more, and an answer of that length is a runaway."""


_LARGEST = 10**_LONGEST_NUMBER
"""What is not smaller could not be written in decimal again."""
_LONG_NUMBER = re.compile(rf"[\d,._]{{{_LONGEST_NUMBER},}}")


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


def _bounded(number: int, text: str) -> int:
    if abs(number) >= _LARGEST:
        raise _too_long(text)
    return number


def _too_long(text: str) -> ReadError:
    return ReadError(f"is {_shown(text)}, which contains a number of more than {_LONGEST_NUMBER} digits")


def bare(text: str) -> str:
    """The text without emphasis, quotes and a full stop around it."""
    stripped = text.strip(_WRAPPING)
    if stripped[-1:] in _ENDS and not stripped.endswith("..."):
        stripped = stripped.rstrip(_WRAPPING + _ENDS)
    return stripped


def is_none(text: str) -> bool:
    """Whether the text says that there is no value."""
    return bare(text).lower() in NONE_WORDS


def read_bool(text: str) -> bool:
    """A truth value: `True`, `yes.`, `0`, or a sentence that says one of them and not the other."""
    word = bare(text).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    first = re.match(r"\W*(yes|no|true|false)\b\s*[,.:;–—-]", text, re.I)
    if first is not None:
        return first[1].lower() in _TRUE
    said = {found.lower() for found in re.findall(r"\b(true|false)\b", text, re.I)}
    if len(said) == 1 and not _NEGATION.search(text):
        return said == {"true"}
    raise ReadError(f"is {_shown(text)}, which is neither True nor False")


def read_number(text: str) -> int | float:
    """A number: `1,234`, `$5`, `45%` (45), `1/4`, `-1.5e3`, or the only one in a sentence."""
    if len(text) > _LONGEST_NUMBER and _LONG_NUMBER.search(text) is not None:
        raise _too_long(text)
    stripped = bare(text)
    try:
        if _HEXADECIMAL.fullmatch(stripped):
            return _bounded(int(stripped, 0), text)
        return _number(stripped)
    except ReadError:
        raise
    except ValueError:
        pass
    if (fraction := _FRACTION.fullmatch(stripped)) and int(fraction[2]):
        return float(Fraction(int(fraction[1].replace("−", "-")), int(fraction[2])))
    core = _strip_units(stripped)
    if _EUROPEAN.fullmatch(core) and core != stripped:
        # 1.234,50 € – the comma can only be the decimal one; alone, `1,234` is read as thousands above.
        return float(core.replace(".", "").replace(",", ".").replace("−", "-"))
    if re.search(r"\d\s*/\s*\d", stripped) or _EUROPEAN.search(_without_thousands(stripped)):
        raise ReadError(f"is {_shown(text)}, which is not one number")
    found = {_number(match) for match in _NUMBER.findall(stripped)}
    if len(found) == 1:
        return found.pop()
    problem = "no number" if not found else f"{len(found)} different numbers"
    raise ReadError(f"is {_shown(text)}, which contains {problem}")


def read_int(text: str) -> int:
    """A whole number; `3.0` is one, `3.5` is not."""
    try:
        return int(text)
    except ValueError:
        return whole(read_number(text), text)


def whole(number: float, text: object) -> int:
    """The number as an int.

    Raises:
        ReadError: it is not whole.
    """
    if isinstance(number, float) and (not math.isfinite(number) or not number.is_integer()):
        raise ReadError(f"is {_shown(str(text))}, which is not a whole number")
    return int(number)


def read_float(text: str) -> float:
    """A number as a float."""
    try:
        return float(text)
    except ValueError:
        number = read_number(text)
    try:
        return float(number)
    except OverflowError:
        raise ReadError(f"is {_shown(text)}, which is too large") from None


def read_decimal(text: str) -> Decimal:
    """A number as a decimal, exactly as written."""
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return Decimal(str(read_number(text)))


def read_choice(text: str, choices: Sequence[Any]) -> Any:
    """One of the choices, which may be strings, numbers, booleans or None.

    Tried in this order: as it is; without quotes, emphasis and full stop; in any case and with any of space,
    hyphen and underscore; before a colon or dash; as the only one that a sentence names.
    """
    if text in choices:
        return text
    stripped = bare(text)
    if (wrapped := re.fullmatch(r"(?:Literal|str|Enum)\[(.*)\]", stripped)) is not None:
        stripped = bare(wrapped[1])
    named = {_written(choice): choice for choice in choices}
    if stripped in named:
        return named[stripped]
    if (found := _same(stripped, named)) is not None:
        return found[0]
    head = re.split(r"[:\n(]|\s[-–—]\s", stripped, maxsplit=1)[0]
    if head != stripped and (found := _same(bare(head), named)) is not None:
        return found[0]
    if (verdict := _verdict(text)) is not None and (found := _same(verdict, named)) is not None:
        return found[0]
    mentioned = _mentioned(stripped, named)
    if len(mentioned) == 1 and not _NEGATION.search(_outside(stripped, mentioned[0])):
        return named[mentioned[0]]
    raise ReadError(f"is {_shown(text)}, which is not one of: {'; '.join(named)}")


def choices_of(enumeration: type[enum.Enum]) -> dict[str, enum.Enum]:
    """The names by which members may be called: their values first, then their names."""
    names: dict[str, enum.Enum] = {str(member.value): member for member in enumeration}
    for name, member in enumeration.__members__.items():
        names.setdefault(name, member)
    return names


def read_enum(text: str, enumeration: type[enum.Enum]) -> enum.Enum:
    """A member, by its value or its name, as `read_choice` reads."""
    names = choices_of(enumeration)
    stripped = bare(text)
    if stripped.startswith(f"{enumeration.__name__}."):
        stripped = stripped.removeprefix(f"{enumeration.__name__}.")
    if stripped in names:
        return names[stripped]
    if (found := _same(stripped, names)) is not None:
        return _one(found[0])
    mentioned: list[enum.Enum] = []
    for name in _mentioned(stripped, names):
        if names[name] not in mentioned:
            mentioned.append(names[name])
    head = re.split(r"[:\n(]|\s[-–—]\s", stripped, maxsplit=1)[0]
    if head != stripped and (found := _same(bare(head), names)) is not None:
        return _one(found[0])
    if (verdict := _verdict(text)) is not None and (found := _same(verdict, names)) is not None:
        return _one(found[0])
    if len(mentioned) == 1 and not _NEGATION.search(stripped):
        return mentioned[0]
    options = "; ".join(str(member.value) for member in enumeration)
    raise ReadError(f"is {_shown(text)}, which is not one of: {options}")


def _verdict(text: str) -> str | None:
    """What the last line of a text gives as its answer: "Decision: review"."""
    ends = [match.end() for match in _VERDICT.finditer(text)]
    if not ends:
        return None
    verdict = text[ends[-1] :].strip()
    return None if "\n" in verdict else bare(verdict)


def _one(member: Any) -> enum.Enum:
    found: enum.Enum = member
    return found


def _number(text: str) -> int | float:
    plain = text.replace("−", "-").replace("_", "")
    if re.fullmatch(r"[-+]?\d{1,3}([, ]\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "").replace(" ", "")
    try:
        return int(plain)
    except ValueError:
        return float(plain)


def _strip_units(text: str) -> str:
    start = next((at for at, char in enumerate(text) if char.isdigit() or char in "+-−."), len(text))
    end = next((at for at in range(len(text), start, -1) if text[at - 1].isdigit()), start)
    return text[start:end]


def _without_thousands(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def _written(choice: Any) -> str:
    return str(choice.value) if isinstance(choice, enum.Enum) else str(choice)


def _same(text: str, named: Iterable[str] | dict[str, Any]) -> tuple[Any] | None:
    """The one choice that differs by case and word separators only, in a tuple, because it may be None."""
    table = dict(named) if isinstance(named, dict) else {name: name for name in named}
    for fold in (str.lower, _folded):
        wanted = fold(text)
        found = [choice for name, choice in table.items() if fold(name) == wanted]
        if len({id(choice) for choice in found}) == 1 and wanted:
            return (found[0],)
    return None


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)).lower()


def _mentioned(text: str, named: Iterable[str]) -> list[str]:
    """The choices that the text names as whole words; one inside a longer one does not count."""
    spans: list[tuple[int, int, str]] = []
    for name in named:
        words = [re.escape(word) for word in re.split(r"[\s_-]+", name) if word]
        if not words:
            continue
        pattern = r"(?<!\w)" + r"[\s_-]+".join(words) + r"(?!\w)"
        spans += [(match.start(), match.end(), name) for match in re.finditer(pattern, text, re.I)]
    # From left to right, the longest first: a span that ends before a longer one does is inside it.
    spans.sort(key=lambda span: (span[0], -span[1]))
    kept: set[str] = set()
    around: tuple[int, int] = (0, -1)
    for start, end, name in spans:
        if end > around[1] or (start, end) == around:
            kept.add(name)
            around = (start, end)
    return [name for name in named if name in kept]


def _outside(text: str, name: str) -> str:
    return re.sub(re.escape(name), " ", text, flags=re.I)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "…")
