"""Regular expressions that take exponential time are told from those that do not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from dspyc.compiler.rules.values.backtracking import explodes

EXPLODES = [
    r"(a+)+$",
    r"(a*)*",
    r"(\w+\s?)+$",
    r"([a-z]+)*1",
    r"(?:\d+)+x",
    r"(.*)*",
    r"(a|aa)+$",
    r"(a|a)*b",
    r"(ab|ab)*c",
    r"((a+)b?)+$",
    r"(x+x+)+y",
    r"([^@]+)+@",
    r"(\s*\w*)*$",
    r"a*a*a*b",
    r"((?:[a-z]+)+)",
    r"(.+,?)+$",
    r"(\d{1,50})+$",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@)$",
    r"(a+?)+b",
    r"(foo|f.o)+$",
    r"(\w+.)+@",
    r"(a{1,3})+",
    r"(a?b?)+c",
    r"(\w?\d)+x",
    r"(ab|a.)+$",
    r"(?=(a+)+$)b",
    r"(a+){25}$",
    r"(a|b|ab)*c",
    r"(\w+|\s+|\d+)*x",
    r"(?i)(a+A?)+$",
    r"(é+)+$",
]
PASSES = [
    r"\d+",
    r"[A-Z]{2}\d{4}",
    r"(\w+\.)+\w+",
    r"(a+b)+",
    r"^\w+@\w+\.\w+$",
    r"(ab|cd)+",
    r"(?:\d{3}-)+\d",
    r".*foo.*bar.*",
    r"\w+\d+$",
    r"(a++)+",
    r"(?>a+)+",
    r"(\w+ )*\w+",
    r"\s*\w+\s*",
    r"(a|b)+",
    r"(\d+,)*\d+",
    r"\d{4}-\d{2}-\d{2}",
    r"[a-z]+(-[a-z]+)*",
    r"(?:https?://)?[\w.]+/?",
    r"^(\+\d{1,2}\s)?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}$",
    r"(?P<x>a)(?P=x)+",
    r"(\w{3})+",
    r"(?:[A-Z][a-z]+\s?)+",
    r"(-?\d)+",
    r"(\d+(\.\d+)?%)+",
    r"([A-Z][a-z]*)( [A-Z][a-z]*)*",
    r"^(?:[^,]+,)*[^,]+$",
    "",
]


@pytest.mark.parametrize("pattern", EXPLODES)
def test_explodes(pattern: str) -> None:
    assert explodes(pattern)


@pytest.mark.parametrize("pattern", PASSES)
def test_passes(pattern: str) -> None:
    assert explodes(pattern) is None


def test_what_passes_does_not_explode() -> None:
    texts = [each * 40 + end for each in ("a", "1", "a ", "a1", "1.", "-1", "x.") for end in ("", "!", "\n")]
    code = f"import re\nfor each in {PASSES!r}:\n    for text in {texts!r}: re.search(each, text)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_what_is_no_pattern() -> None:
    with pytest.raises(re.error):
        explodes("(a")
