"""The engine that applies fixes: to the end, apart from each other, and never to a program's harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from dspyc.base.diagnostic import Applicability, Diagnostic, Edit, Fix
from dspyc.base.span import Span
from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.fixing import fix


def analyse(text: str) -> FileAnalysis:
    return Project({"case.dspy": text}.get).check("case.dspy")


def fixed(text: str, *, unsafe: bool = False) -> str:
    return fix(text, analyse, unsafe=unsafe).text


def finding(start: int, end: int, text: str, applicability: Applicability = "safe") -> Diagnostic:
    """A made-up warning with a fix."""
    change = Fix("Change it", (Edit(Span(start, end), text),), applicability)
    return Diagnostic("W999", "made-up", "warning", Span(start, end), "made up", fixes=(change,))


def with_findings(make: Callable[[str], Sequence[Diagnostic]]) -> Callable[[str], FileAnalysis]:
    """A check that finds other things, too."""

    def check(text: str) -> FileAnalysis:
        analysis = analyse(text)
        return replace(analysis, diagnostics=(*analysis.diagnostics, *make(text)))

    return check


def test_safe_fixes_are_applied_to_the_end() -> None:
    text = (
        "from statistics import mean, mode\na = x  # dspyc: ignore[E101, W101]\nb = 1  # dspyc: ignore[X]\n"
    )
    assert fixed(text) == "a = x  # dspyc: ignore[E101]\nb = 1\n"


def test_unsafe_fixes_are_applied_when_asked_for() -> None:
    text = "signature S:\n    input a: strr\n    output b: flaot\n"
    assert fixed(text) == text
    assert fixed(text, unsafe=True) == "signature S:\n    input a: str\n    output b: float\n"


def test_a_fix_brings_out_the_next() -> None:
    text = "x = Predikt('a -> b')\n"
    assert fixed(text, unsafe=True) == "module x = Predict('a -> b')\n"


def test_a_safe_fix_that_changes_what_a_program_means_is_left_out() -> None:
    text = "a = 1\nb = 2\n"
    wrong = with_findings(lambda text: [finding(4, 5, "3")] if text.startswith("a = 1") else [])
    assert fix(text, wrong).text == text


def test_it_does_not_keep_the_others_from_being_applied() -> None:
    text = "from statistics import mean\na = 1\n"
    wrong = with_findings(lambda text: [finding(len(text) - 2, len(text) - 1, "3")])
    result = fix(text, wrong)
    assert result.text == "a = 1\n"
    assert [each.title for each in result.fixes] == ["Remove the import"]


def test_a_fix_after_which_the_text_does_not_parse_is_left_out() -> None:
    text = "a = 1\n"
    broken = with_findings(lambda text: [finding(4, 5, "(", "unsafe")] if text == "a = 1\n" else [])
    assert fix(text, broken, unsafe=True).text == text


def test_a_fix_that_brings_an_error_is_left_out() -> None:
    broken = with_findings(lambda text: [finding(4, 5, "y", "unsafe")] if text == "a = 1\n" else [])
    assert fix("a = 1\n", broken, unsafe=True).text == "a = 1\n"


def test_a_sketch_is_never_applied() -> None:
    sketch = with_findings(lambda text: [finding(4, 5, "2", "display-only")])
    assert fix("a = 1\n", sketch, unsafe=True).text == "a = 1\n"


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    turning = with_findings(lambda text: [finding(4, 5, "2" if text == "a = 1\n" else "1", "unsafe")])
    assert fix("a = 1\n", turning, unsafe=True).text in ("a = 1\n", "a = 2\n")


def test_fixes_that_touch_each_other_are_applied_one_after_the_other() -> None:
    both = with_findings(
        lambda text: [finding(4, 5, "2", "unsafe"), finding(5, 5, "0", "unsafe")] if text == "a = 1\n" else []
    )
    assert fix("a = 1\n", both, unsafe=True).text == "a = 2\n"


def test_the_fix_of_a_near_code_is_not_taken_for_safe() -> None:
    assert fixed("a = 1  # dspyc: ignore[unknown-nam]\n") == "a = 1\n"


def test_a_program_with_a_hidden_error_is_fixed() -> None:
    text = "from statistics import mean\nmodule m = Predict(Missing)  # dspyc: ignore[E101]\n"
    assert fixed(text) == "module m = Predict(Missing)  # dspyc: ignore[E101]\n"
