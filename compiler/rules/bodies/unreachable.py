"""Statements and branches that never run."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ..rule import BODIES, Body, Findings, replace, rule, written
from .edits import lines_of
from .paths import paths_of


@rule("E232", "unreachable-branch", syntax.Match, syntax.If, fix="sometimes")
def unreachable_branch(program: Program, item: Item, node: syntax.Match | syntax.If) -> Findings:
    """A branch is never taken, because a branch above it covers all of its cases.

    ```dspy
    def price(plan: str) -> int:
        match plan:
            case _:
                return 0
            case "pro":
    #            ^^^^^ E232 this case is never reached: `case _` above matches everything
                return 20
    ```

    ```dspy
    def price(plan: str) -> int:
        match plan:
            case "pro":
                return 20
            case _:
                return 0
    ```
    """
    yield from _cases(item, node) if isinstance(node, syntax.Match) else _branches(item, node)


def _cases(item: Item, node: syntax.Match) -> Findings:
    seen: set[str] = set()
    caught: str | None = None
    for case in node.cases:
        text = written(item, case.pattern)
        meant = _meant_choice(item, node.subject, case)
        if meant is not None and case is not node.cases[-1]:
            words = f"`case {text}` is a new name and matches everything; write `case {meant}`"
            fix = replace(f"Write `{meant}`", case.pattern, meant)
            yield unreachable_branch.at(case.pattern, words, fix=fix)
            return
        if caught is not None:
            words = f"this case is never reached: `case {caught}` above matches everything"
            fix = replace("Remove the case", lines_of(item, case.span), "")
            yield unreachable_branch.at(case.pattern, words, fix=fix)
            return
        options = case.pattern.options if isinstance(case.pattern, syntax.OrPattern) else (case.pattern,)
        for option in options:
            value = written(item, option)
            if isinstance(option, syntax.ValuePattern) and value in seen:
                words = f"this is never reached: a case above matches `{value}`"
                gone = (
                    replace("Remove the case", lines_of(item, case.span), "") if len(options) == 1 else None
                )
                yield unreachable_branch.at(option, words, fix=gone)
            elif case.guard is None:
                seen.add(value)
        if catches_all(case):
            caught = text


def _meant_choice(item: Item, subject: syntax.Expression, case: syntax.Case) -> str | None:
    """The choice that is meant by a bare name: `case happy:` where the subject may be `Mood.happy`."""
    pattern = case.pattern
    if not isinstance(pattern, syntax.CapturePattern) or pattern.name is None or case.guard is not None:
        return None
    name, kind = pattern.name.text, item.type_of(subject)
    match kind:
        case types.Enum(name=enum, members=members) if any(name == each for each, _ in members):
            return f"{enum}.{name}"
        case types.Literals(values=values) if name in values:
            return f'"{name}"'
        case _:
            return None


def catches_all(case: syntax.Case) -> bool:
    """Whether a case matches everything."""
    pattern = case.pattern
    while isinstance(pattern, syntax.AsPattern):
        pattern = pattern.pattern
    return case.guard is None and isinstance(pattern, syntax.CapturePattern)


def _branches(item: Item, node: syntax.If) -> Findings:
    seen: set[str] = set()
    for branch in node.branches:
        text = written(item, branch.test)
        if any(isinstance(each, syntax.Call) for each in walk(branch.test)):
            continue
        if text in seen:
            words = f"this branch is never taken: `{text}` has been tested above"
            fix = replace("Remove the branch", lines_of(item, branch.span), "")
            yield unreachable_branch.at(branch.test, words, fix=fix)
        seen.add(text)


@rule("W105", "unreachable-code", *BODIES, fix="always", severity="warning")
def unreachable_code(program: Program, item: Item, node: Body) -> Findings:
    """Statements can never be reached, because they follow a `return`, `break` or `continue`.

    ```dspy
    def clean(text: str) -> str:
        return text.strip()
        text = text.lower()
    #   ^^^^^^^^^^^^^^^^^^^ W105 unreachable code after `return`
    ```

    ```dspy
    def clean(text: str) -> str:
        text = text.lower()
        return text.strip()
    ```
    """
    for each in paths_of(item).unreached:
        if _tests_nothing(item, each.after):
            continue  # a test that can never hold has a finding of its own
        words = f"unreachable code{_described(each.after)}"
        fix = replace("Remove the unreachable code", lines_of(item, each.span), "")
        yield unreachable_code.at(each.span, words, fix=fix)


def _tests_nothing(item: Item, node: syntax.Statement) -> bool:
    """Whether the last test of an `if` looks for what the tests above have left nothing of."""
    return isinstance(node, syntax.If) and not node.otherwise and item.is_exhaustive(node.branches[-1])


def _described(node: syntax.Statement) -> str:
    match node:
        case syntax.Return():
            return " after `return`"
        case syntax.Break():
            return " after `break`"
        case syntax.Continue():
            return " after `continue`"
        case syntax.If():
            return ": all branches of the `if` above leave"
        case syntax.Match():
            return ": all cases of the `match` above leave"
        case syntax.Try():
            return ": the `try` above and each of its `except` blocks leave"
        case syntax.Assert():
            return ": the `assert` above always fails"
        case _:
            return ": every iteration of the loop above leaves"
