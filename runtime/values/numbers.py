"""Numbers as models write them: `1,234`, `$5`, `45%` (45), `1/4`, `1.5 × 10^3`, the only one in a sentence.

What could be read in two ways is an error.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ...base.expressions import pattern
from ...base.later import Later, loaded
from .verdicts import unwrapped, verdict
from .words import ReadError, bare, shown

if TYPE_CHECKING:
    import decimal
    import fractions
else:
    # Most numbers are written plainly, and are read without these.
    decimal = Later(globals(), "decimal", "decimal")
    fractions = Later(globals(), "fractions", "fractions")

_NUMBER = pattern(
    r"(?<![\w.,])(?<![^\W\d]-)[-+−]?(?:\d{1,3}(?:[,_ '’ ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[eE][-+]?\d+)?(?!\d|[.,]\d|\.\.|[eE][-+]?\d)"
)
_EUROPEAN = pattern(r"[-+−]?(?<!\d)\d{1,3}(?:\.\d{3})+,\d+|[-+−]?(?<!\d)\d++,\d{1,2}")
_THOUSANDS_BY_DOT = pattern(r"[-+−]?\d{1,3}(?:\.\d{3}){2,}")
_WITH_COMMAS = pattern(r"[-+]?\d{1,3}(?:,\d{3})++")
_GROUPED = pattern(r"[-+]?\d{1,3}(?:([, '’ ])\d{3})(?:\1\d{3})*+(?:\.\d+)?")
_SIGN_AWAY = pattern(r"\A([-+−–])(?:\s?[$€£¥₹]\s?|(?<=[−–])\s+|[A-Z]{3}\s)(?=\.?\d)")
"""A sign before a currency, or before a space."""
_MIXED = pattern(r"([-+−]?)(\d+)\s?([½⅓⅔¼¾⅕⅛])")
_MILLIONS = pattern(r"[$€£¥₹]\s?\d[\d.,]*\s?m\b")
_SIGN_IN_WORDS = pattern(r"\bminus\s+(?=\.?\d)|\A\s*negative\s+(?=\.?\d)", re.I)
_LOSS = pattern(r"\(\s*\W?\s*\d{1,3}(?:,?\d{3})*+\.\d\d\s*\)")
"""How books are kept: (1,234.50) is less than nothing."""
_EQUATION = pattern(r"\d\s*[-+*×÷·−]\s*[\d.,]+[\s)\]]*\Z")
_FRACTION = pattern(r"([-+−]?\d+)\s*/\s*(\d+)")
_POWER = pattern(r"([-+−]?\d+(?:\.\d+)?)\s*[x×*·]\s*10\s*(?:\^|\*\*)\s*\{?([-+−]?\d{1,4})\}?")
_HEXADECIMAL = pattern(r"[-+]?0[xX][0-9a-fA-F]+|[-+]?0[bB][01]+|[-+]?0[oO][0-7]+")
_SCALED = pattern(r"(?<=\d)\s*(thousand|million|billion|trillion|[kKMB]|mn|bn|mio|dozen|hundred)\b")
_NO_VALUE = pattern(
    r"\b(?:below zero|below freezing|negative \d|not|never|(?:less|more|fewer|greater) than|up to|at most"
    r"|at least|between)\b|n't\b"
    r"|(?<![-+−–])[-+−–]{2,}+\s*+\d|[±<>≤≥≠]|!=|\d\s?\+(?!\s*[\d.])|\d[-−]\Z|\d{4}s\b|[¼-¾⅐-⅞²³¹⁰-₉]",
    re.I,
)
"""What makes a sentence with one number deny it, or give a bound."""
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}

_LONGEST_TERM = 200
"""How much of a sum is looked at before its equals sign."""
LONGEST_NUMBER = 4000
"""Digits and signs; Python itself refuses to read more, and an answer of that length is a runaway."""
_LARGEST = 10**LONGEST_NUMBER
"""What is not smaller could not be written in decimal again."""
_LONG_NUMBER = pattern(rf"[\d,._]{{{LONGEST_NUMBER},}}")


def read_number(text: str) -> int | float:
    """A number.

    Raises:
        ReadError: the text has none, or several.
    """
    found = _exactly(text)
    if isinstance(found, decimal.Decimal):
        return float(found)
    return found


def read_int(text: str) -> int:
    """A whole number; `3.0` is one, `3.5` is not."""
    try:
        return int(text)
    except ValueError:
        number = read_number(text)
    if type(number) is _Ratio:
        # `5/5` is five of five more often than one.
        raise ReadError(f"is {shown(text)}, which is not a whole number")
    return whole(number, text)


class _Ratio(float):
    """A number that was written as two: 3/4."""


def whole(number: float, text: object) -> int:
    """The number as an int.

    Raises:
        ReadError: it is not whole.
    """
    if isinstance(number, float) and (not math.isfinite(number) or not number.is_integer()):
        raise ReadError(f"is {shown(str(text))}, which is not a whole number")
    return int(number)


def read_float(text: str) -> float:
    """A number as a float."""
    try:
        found = float(text)
    except ValueError:
        try:
            found = float(read_number(text))
        except OverflowError:
            raise ReadError(f"is {shown(text)}, which is too large") from None
    if math.isinf(found) and "inf" not in text.lower():
        raise ReadError(f"is {shown(text)}, which is too large")
    return found


def read_decimal(text: str) -> decimal.Decimal:
    """A number as a decimal, exactly as written."""
    try:
        return decimal.Decimal(text.strip())
    except decimal.InvalidOperation:
        found = _exactly(text)
        return found if isinstance(found, decimal.Decimal) else decimal.Decimal(str(found))


def _exactly(text: str) -> int | float | decimal.Decimal:
    """The number that a text is or says: a Decimal for one with digits behind its point."""
    if len(text) > LONGEST_NUMBER and _LONG_NUMBER.search(text) is not None:
        raise _too_long(text)
    stripped = bare(text)
    if (found := _written(stripped, text)) is not None:
        return found
    if stripped[:1] == "(" and _LOSS.fullmatch(stripped) is not None:
        raise ReadError(f"is {shown(text)}, which may be a loss; write its sign")
    text = _SIGN_IN_WORDS.sub("-", text)
    stripped = _SIGN_AWAY.sub(lambda sign: sign[1].replace("–", "-"), bare(text))
    if stripped != bare(text):
        text = stripped
    for part in (unwrapped(text), verdict(text)):
        if part is not None:
            return _said(bare(part), text)
    return _said(stripped, text)


def _written(stripped: str, text: str) -> int | float | decimal.Decimal | None:
    """The number that a text is, and nothing else; None where it is more."""
    try:
        if _HEXADECIMAL.fullmatch(stripped):
            return _bounded(int(stripped, 0), text)
        return _plain(stripped)
    except ReadError:
        raise
    except (ValueError, decimal.InvalidOperation):
        pass
    if (mixed := _MIXED.fullmatch(stripped)) is not None:
        part = float(fractions.Fraction(_VULGAR[mixed[3]]))
        return (int(mixed[2]) + part) * (-1 if mixed[1] in ("-", "−") else 1)
    stripped = _VULGAR.get(stripped, stripped)
    if (fraction := _FRACTION.fullmatch(stripped)) and int(fraction[2]):
        return _Ratio(fractions.Fraction(_signed(fraction[1]), int(fraction[2])))
    if power := _POWER.fullmatch(stripped):
        return float(f"{power[1].replace('−', '-')}e{power[2].replace('−', '-')}")
    return None


def _said(stripped: str, text: str) -> int | float | decimal.Decimal:
    """The only number in a text, which may have a unit."""
    if (found := _written(stripped, text)) is not None:
        return found
    if _NO_VALUE.search(stripped) is not None:
        raise ReadError(f"is {shown(text)}, which does not say which number it is")
    left, equals, right = stripped.rpartition("=")
    if equals and "=" not in left and _EQUATION.search(left[-_LONGEST_TERM:]) is not None:
        return _said(bare(right), text)
    core = _strip_units(stripped)
    if _THOUSANDS_BY_DOT.fullmatch(core):
        return _signed(core.replace(".", ""))
    if _EUROPEAN.fullmatch(core) and ("." in core or core != stripped):
        # 1.234,50 or 1,50 € – the comma can only be the decimal one; a bare `1,5` may be two numbers.
        return decimal.Decimal(core.replace(".", "").replace(",", ".").replace("−", "-"))
    if re.search(r"\d\s*/\s*\d", stripped) or _EUROPEAN.search(_without_thousands(stripped)):
        raise ReadError(f"is {shown(text)}, which is not one number")
    numbers = {_plain(match[0]) for match in _NUMBER.finditer(stripped)}
    if len(numbers) != 1:
        problem = "no number" if not numbers else f"{len(numbers)} different numbers"
        raise ReadError(f"is {shown(text)}, which contains {problem}")
    return _scaled(numbers.pop(), stripped, text)


def _scaled(number: int | float | decimal.Decimal, stripped: str, text: str) -> int | float | decimal.Decimal:
    """A number times the word behind it: "2.5 million"."""
    scales = set(_SCALED.findall(stripped))
    if _MILLIONS.search(stripped) is not None:
        scales.add("m")
    if not scales:
        return number
    if len(scales) > 1 or (word := scales.pop()) not in _SCALES:
        raise ReadError(f"is {shown(text)}; write the number in digits")
    scaled = decimal.Decimal(str(number)).scaleb(_SCALES[word])
    return int(scaled) if scaled == scaled.to_integral_value() else scaled


def _plain(text: str) -> int | decimal.Decimal:
    """A number that stands alone, with its digits perhaps in groups."""
    plain = text.replace("−", "-").replace("_", "")
    if plain[:1] == "–":
        plain = f"-{plain[1:]}"
    if (grouped := _GROUPED.fullmatch(plain)) is not None:
        plain = plain.replace(grouped[1], "")
    try:
        return int(plain)
    except ValueError:
        found = decimal.Decimal(plain)
    if not found.is_finite():
        raise ValueError(text)
    return found


def _signed(digits: str) -> int:
    return int(digits.replace("−", "-"))


def _strip_units(text: str) -> str:
    start = next((at for at, char in enumerate(text) if char.isdigit() or char in "+-−."), len(text))
    end = next((at for at in range(len(text), start, -1) if text[at - 1].isdigit()), start)
    return text[start:end]


def _without_thousands(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def _bounded(number: int, text: str) -> int:
    if abs(number) >= _LARGEST:
        raise _too_long(text)
    return number


def _too_long(text: str) -> ReadError:
    return ReadError(f"is {shown(text)}, which contains a number of more than {LONGEST_NUMBER} digits")


def is_one_or_several(text: str) -> bool:
    """Whether a text of digits may be one number with commas, or several: `1,234`."""
    return _WITH_COMMAS.fullmatch(text.strip()) is not None


def is_number(kind: Any) -> bool:
    """Whether values of a type are numbers."""
    return kind in (int, float) or kind in loaded("decimal", "Decimal")


def are_numbers(kinds: tuple[Any, ...]) -> bool:
    """Whether all items of a list, set or tuple are numbers; `...` in a tuple's types says how many."""
    return bool(kinds) and all(kind is ... or is_number(kind) for kind in kinds)


def is_group(before: Any, value: Any) -> bool:
    """Whether two items of a list are one number with a comma inside: what of `1,000` stands behind it."""
    return (
        type(value) is str
        and _GROUP.fullmatch(value) is not None
        and _FIRST.fullmatch(str(before)) is not None
    )


def refuse_commas_inside(text: str) -> None:
    """Refuse a list of numbers with commas in and between them, which would be read as more numbers.

    Raises:
        ReadError: the text is such a list: `1,200, 3,400` or `0,5; 0,7`.
    """
    if _THOUSANDS.search(text) is not None or (";" in text and _FRACTIONS.search(text) is not None):
        raise ReadError(COMMAS)


COMMAS = "contains numbers with commas inside; write them without"
_THOUSANDS = pattern(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})++(?:\.\d++)?(?:,[ \t]|[ \t]*+;)\s*+[^\w\s]?\d"
    r"|\d(?:,[ \t]|[ \t]*+;)\s*+[^\w\s]?\d{1,3}(?:,\d{3})++(?!\d)"
)
_FRACTIONS = pattern(r"\d,\d++\s*+;")
_FIRST = pattern(r"[^\w\s]{0,2}[1-9]\d{0,2}")
_GROUP = pattern(r"0\d\d(?:\.\d++)?")
