"""Regular expressions that take exponential time are told from those that do not."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dspyc.compiler.rules.values.backtracking import explodes
from dspyc.compiler.rules.values.effort import ways_through

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


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("", 1),
        (r"\s*", 5),
        (r"(?s)(a)?.*", 15),
        (r"\A\Z|(?:a?|){200}b", math.inf),
        (r"(?:(?:a|b)?|c?){24}x", math.inf),
        (r"(?:a*)*" * 8, math.inf),
        (r"(?=(?:a?|){200}b)", math.inf),
    ],
)
def test_how_many_ways_there_are_through_a_short_text(pattern: str, most: float) -> None:
    found = ways_through(pattern, 4)
    assert found > 1e6 if most == math.inf else found <= most


@pytest.mark.parametrize(
    "use", [r're.search(r"\A\Z|(?:a?|){200}b", text).group()', r'"" if matches(text, r"[[a-z]+") else text']
)
def test_a_check_tries_no_pattern_for_long_and_says_nothing_of_its_own(use: str, tmp_path: Path) -> None:
    program = tmp_path / "a.dspy"
    program.write_text(f"import re\n\ndef f(text: str) -> str:\n    return {use}\n", encoding="utf-8")
    command = [sys.executable, "-m", "dspyc", "check", "--no-cache", "--exit-zero", program.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
