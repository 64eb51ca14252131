"""Lines in the first column that Python would run when the file is loaded: calls, loops, conditions."""

from __future__ import annotations

from ...base.span import Span
from ..lexing.tokens import vocabulary
from ..problems import problem, replacement
from ..words import CLAUSE_WORDS, MEMBER_WORDS, STATEMENT_WORDS
from .edits import Repair, RepairRule, Stuck, read_as

_WHERE = 'write it inside `test "…":` or `def`'


def _qualified_configure(stuck: Stuck) -> Repair | None:
    """`dspy.configure(…)` and `dspy.settings.configure(…)`."""
    tokens = stuck.tokens
    if stuck.line != 0 or tokens[0].text not in {"dspy", "settings"} or stuck.peek(1).text != ".":
        return None
    at = 2
    if stuck.peek(2).text == "settings" and stuck.peek(3).text == ".":
        at = 4
    if stuck.peek(at).text != "configure" or stuck.peek(at + 1).text != "(":
        return None
    prefix = stuck.text[tokens[0].start : tokens[at].start]
    found = problem(
        "E029",
        Span(tokens[0].start, tokens[at].start - 1),
        f"`configure` is written without `{prefix}`",
        None,
        replacement(f"Remove `{prefix}`", tokens[0].start, tokens[at].start, "", "safe"),
    )
    return Repair(0, at + 1, [read_as(tokens[at], "configure")], found)


def _call(stuck: Stuck) -> Repair | None:
    """A call that stands for itself: `print(…)`, `qa(question=…)`, `tune.compile(…)`."""
    known = vocabulary()
    tokens = stuck.tokens
    if stuck.line != 0 or stuck.at > 1 or tokens[0].kind != known.name:
        return None
    stop = 1
    while tokens[stop].text == "." and stuck.peek(stop + 1).kind == known.name:
        stop += 2
    if tokens[stop].text != "(":
        return None
    name = stuck.text[tokens[0].start : tokens[stop - 1].end]
    if name == "print":
        message = "nothing is printed while a file is loaded"
        help_ = "`print` can be used in `forward:`, `def` and `test`"
    elif name == "super":
        return None
    else:
        message = f"a call cannot stand alone in the first column: `{name[:40]}(…)`"
        help_ = 'give its result a name with `program`, `dataset` … or call it inside `test "…":` or `def`'
    found = problem("E023", Span(tokens[0].start, tokens[stop - 1].end), message, help_)
    return Repair(0, len(tokens), [], found)


def statement_outside(text: str, word: str) -> tuple[str, str | None] | None:
    """What to say of a statement in the first column, by the line's text; None where it is none."""
    if word == "if" and "__name__" in text:
        return "a program has no main block", "run a program with `dspyc run FILE`, or import it from Python"
    if word in {*MEMBER_WORDS, "forward", "fallback"}:
        return f"`{word}` must be inside a declaration, not in the first column", "indent it by four spaces"
    if word in STATEMENT_WORDS | CLAUSE_WORDS | {"while"}:
        return f"`{word}` must be inside `forward:`, `def` or `test`, not in the first column", _WHERE
    return None


OUTSIDE: tuple[RepairRule, ...] = (_qualified_configure, _call)
"""Each is asked in turn."""
