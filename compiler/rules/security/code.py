"""Agents that run code which a model writes, where the program does not say that they may."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..modules.tools import tools_of
from ..rule import Findings, insert, rule, written
from ..walking import remembered

_ALLOWS = "allow_code"
"""The setting, and the parameter of the modules that run code."""
_RUNS = frozenset({"run_python"})
"""The runtime's tools that run code."""


@rule("W405", "code-execution", syntax.Call, severity="warning", fix="always")
def code_execution(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An agent runs code that a model writes, but the program does not allow it.

    Running code is off until `configure(allow_code=True)`, or `allow_code=True` on the module, allows it;
    until then, a call raises a `CodeNotAllowedError`. The code runs in a sandbox without files, network or
    processes, and with limits on time and memory.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))

    module agent = ReAct("q -> a", tools=[run_python])
    #                                     ^^^^^^^^^^ W405 `run_python` runs code, which is not allowed here
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"), allow_code=True)

    module agent = ReAct("q -> a", tools=[run_python])
    ```
    """
    place = _runs_code(item, node)
    if place is None or program.ask(_allows, ""):
        return
    own = place is node.function
    help_ = f"to allow running code that a model writes, add `configure({_ALLOWS}=True)`" + (
        f", or `{_ALLOWS}=True` here" if own else ""
    )
    words = f"`{written(item, place)}` runs code, which is not allowed here"
    yield code_execution.at(place, words, help_, _fix(program, item, node, own))


def _runs_code(item: Item, node: syntax.Call) -> syntax.Expression | None:
    """What in a call runs a model's code without a word that it may: the module, or one of its tools."""
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class):
        return None
    if any(each.name == _ALLOWS for each in kind.definition.parameters or ()):
        given = {each.name.text for each in node.arguments if each.name is not None}
        says_otherwise = _ALLOWS in given and not _is_false(node)
        if says_otherwise or "interpreter_factory" in given or any(each.star for each in node.arguments):
            return None
        return node.function
    for each in tools_of(item, node):
        tool = item.type_of(each)
        if isinstance(tool, types.Function) and tool.origin == "runtime" and tool.name in _RUNS:
            return each
    return None


def _is_false(node: syntax.Call) -> bool:
    return any(
        each.name is not None and each.name.text == _ALLOWS and _literally(each.value, "False")
        for each in node.arguments
    )


def _literally(node: syntax.Expression, word: str) -> bool:
    return isinstance(node, syntax.Constant) and repr(node.value) == word


def _allows(program: Program, _: str) -> bool:
    return program.combine(_allowed, _any)


@remembered
def _allowed(item: Item) -> bool:
    """Whether an item is a `configure(…)` that may allow code, or names what runs it."""
    declaration = item.declaration
    return isinstance(declaration, syntax.ConfigureDeclaration) and any(
        each.star
        or (each.name is not None and each.name.text == "interpreter_factory")
        or (each.name is not None and each.name.text == _ALLOWS and not _literally(each.value, "False"))
        for each in declaration.arguments
    )


def _any(found: Sequence[bool]) -> bool:
    return any(found)


def _fix(program: Program, item: Item, node: syntax.Call, own: bool) -> Fix | None:
    """Allow it: at the module where it can be said there, else in the file's `configure(…)`."""
    if own:
        for each in node.arguments:
            if each.name is not None and each.name.text == _ALLOWS:
                return Fix("Allow it here", (Edit(each.value.span, "True"),), "unsafe")
        end = node.arguments[-1].span.end if node.arguments else node.span.end - 1
        return insert("Allow it here", end, f", {_ALLOWS}=True" if node.arguments else f"{_ALLOWS}=True")
    for other in program.items:
        declaration = other.declaration
        if isinstance(declaration, syntax.ConfigureDeclaration) and declaration.arguments:
            for each in declaration.arguments:
                if each.name is not None and each.name.text == _ALLOWS:
                    return _elsewhere(item, other, each.value.span, "True")
            end = declaration.arguments[-1].span.end
            return _elsewhere(item, other, Span(end, end), f", {_ALLOWS}=True")
    return _elsewhere(item, item, Span(0, 0), f"configure({_ALLOWS}=True)\n\n")


def _elsewhere(item: Item, other: Item, span: Span, text: str) -> Fix:
    """An edit in another item; edits count from the start of the item that has the finding."""
    shift = other.start - item.start
    edit = Edit(Span(span.start + shift, span.end + shift), text)
    return Fix("Allow it for this file", (edit,), "unsafe")
