"""Names that other languages, Python and DSPy have, and what stands for them here."""

from __future__ import annotations

import re
from typing import NamedTuple

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ....grammar.recovery.foreign_words import VALUE_WORDS
from ....grammar.words import FIELD_WORDS
from ...program import Item
from ...trees import walk
from ..rule import replace, written

_SELVES = frozenset({"self", "this", "cls"})
_MODULES = frozenset(
    {"collections", "copy", "datetime", "functools", "itertools", "json", "logging", "math", "operator", "os"}
    | {"pathlib", "random", "re", "statistics", "string", "subprocess", "sys", "textwrap", "time", "typing"}
    | {"np", "numpy", "pd", "pandas", "requests"}
)
_SHORT = {"np": "import numpy as np", "pd": "import pandas as pd"}
_FIELD_CALLS = frozenset({"InputField", "OutputField", "Field"})
_DSPYS = {
    "TypedPredictor": "Predict",
    "TypedChainOfThought": "ChainOfThought",
    "TypedPredict": "Predict",
    "OpenAI": "LM",
    "AzureOpenAI": "LM",
    "Google": "LM",
    "Claude": "LM",
    "Anthropic": "LM",
    "OllamaLocal": "LM",
    "HFModel": "LM",
    "HFClientTGI": "LM",
    "HFClientVLLM": "LM",
    "GPT3": "LM",
    "MIPRO": "MIPROv2",
    "GRPO": "BootstrapFinetune",
    "BayesianSignatureOptimizer": "BootstrapRS",
    "SignatureOptimizer": "BootstrapRS",
    "SemanticF1": "",
    "CompleteAndGrounded": "",
}
"""DSPy's names, and what does the same here; those that the runtime has are known names."""
_KNOWN = frozenset(
    {"desc", "description", "ge", "le", "gt", "lt", "min_length", "max_length", "pattern", "regex"}
)
"""The arguments of a field's call that have a form here."""
_STATEMENTS = {"Assert": "assert", "Suggest": "suggest"}
"""DSPy's functions that are statements here."""


class Habit(NamedTuple):
    """What to say of a name."""

    message: str
    help: str | None = None
    fix: Fix | None = None
    place: Span | None = None
    """Where the mistake is, if it is not the name."""


def _is_comment(item: Item, node: syntax.Name) -> bool:
    """Whether an unknown name is the last word of a line, behind `//`."""
    before = item.text[: node.span.start].rsplit("\n", 1)[-1].rstrip(" ")
    return before.endswith("//") and re.match(r"[ \t]*(?:[\r\n]|\Z)", item.text[node.span.end :]) is not None


def habit_of(item: Item, node: syntax.Name) -> Habit | None:
    """What an unknown name of another language means here; None where it is none."""
    name = node.text
    if name in VALUE_WORDS:
        right = VALUE_WORDS[name]
        return Habit(f"use `{right}` instead of `{name}`", None, replace(f"Write `{right}`", node, right))
    behind = re.match(r"\.(\w+)", item.text[node.span.end :])
    if name in _SELVES:
        return _self(node, behind)
    if name in _FIELD_CALLS:
        return field_value(item, node, name)
    if name == "require":
        return Habit("modules are imported at the top of the file: `import NAME` or `from NAME import …`")
    if _is_comment(item, node):
        sign = Span(item.text.rindex("//", 0, node.span.start), node.span.start)
        edit = Edit(Span(sign.start, sign.start + 2), "#")
        return Habit("a comment starts with `#`, not `//`", None, Fix("Write `#`", (edit,), "unsafe"), sign)
    if name == "console":
        return Habit("use `print(…)` instead of `console.log(…)`")
    if name == "os" and behind is not None and behind[1] in {"environ", "getenv"}:
        return _environment(item, node)
    if name in _DSPYS:
        return _of_dspy(name)
    if name in _ASSERTIONS:
        return _assertion(item, node)
    if name in _MODULES:
        line = _SHORT.get(name, f"import {name}")
        return Habit(f"unknown name `{name}`", f"write `{line}` at the top of the file")
    return None


_ASSERTIONS = {
    "assertEqual": "==",
    "assertEquals": "==",
    "assert_equal": "==",
    "assertNotEqual": "!=",
    "assertIn": "in",
    "assertTrue": "",
    "expect": "==",
}
"""The functions of other libraries that assert something, with the operator that does."""


def _assertion(item: Item, node: syntax.Name) -> Habit:
    """`assertEqual(a, b)` and `expect(a).toBe(b)`, which are a statement here."""
    sign = _ASSERTIONS[node.text]
    form = f"assert VALUE {sign} EXPECTED" if sign else "assert CONDITION"
    message = f"use `assert` instead of `{node.text}`: `{form}`"
    for statement in item.nodes(syntax.ExpressionStatement):
        call = statement.value
        if not isinstance(call, syntax.Call) or not statement.span.contains(node.span.start):
            continue
        inner = call.function.value if isinstance(call.function, syntax.Attribute) else None
        arguments = [*(inner.arguments if isinstance(inner, syntax.Call) else ()), *call.arguments]
        if len(arguments) == (2 if sign else 1) and not any(each.name or each.star for each in arguments):
            values = [written(item, each) for each in arguments]
            text = f"assert {f' {sign} '.join(values)}"
            return Habit(message, None, replace(f"Write `{text[:60]}`", statement, text))
    return Habit(message)


def unquoted_model(item: Item, node: syntax.Name) -> syntax.Argument | None:
    """The argument of `LM(openai/gpt-4o)` that an unknown name is part of: a name without its quotes."""
    for call in item.nodes(syntax.Call):
        if not isinstance(call.function, syntax.Name) or call.function.text != "LM":
            continue
        for argument in call.arguments:
            value = argument.value
            while isinstance(value, syntax.Binary) and value.operator != "/":
                value = value.left
            if isinstance(value, syntax.Binary) and argument.span.contains(node.span.start):
                return argument
    return None


def of_unquoted_model(item: Item, argument: syntax.Argument) -> Habit:
    """What to say of a model's name without quotes."""
    text = f'"{"".join(written(item, argument.value).split())}"'
    fix = replace("Put it in quotes", argument.value, text)
    return Habit(f"the name of a model must be a string: `{text}`", None, fix)


def _of_dspy(name: str) -> Habit:
    """A name of DSPy's that the runtime does not have."""
    instead = _DSPYS[name]
    return Habit(f"DSPy's `{name}` is not available here" + (f"; use `{instead}`" if instead else ""))


def _self(node: syntax.Name, behind: re.Match[str] | None) -> Habit:
    if behind is None:
        return Habit(f"there is no `{node.text}`; use inputs and parts by name")
    prefix = Span(node.span.start, node.span.end + 1)
    fix = replace(f"Remove `{node.text}.`", prefix, "")
    return Habit(f"there is no `{node.text}`; write `{behind[1]}`", None, fix)


def _environment(item: Item, node: syntax.Name) -> Habit:
    for call in item.nodes(syntax.Call):
        for argument in call.arguments:
            named = argument.name is not None and argument.name.text == "api_key"
            if named and argument.span.contains(node.span.start):
                return Habit(
                    "a program cannot read the environment; a model finds its own key there",
                    "leave out `api_key` and set, for example, `OPENAI_API_KEY`",
                )
    return Habit("a program cannot read the environment", "read it in a Python function and import that")


def field_value(item: Item, node: syntax.Node, name: str) -> Habit:
    """What to say of `InputField(desc="…")` or `Field(ge=1)` as a default, for a node inside of it."""
    field = next(
        (
            each
            for each in item.nodes(syntax.Field)
            if each.default is not None and each.default.span.contains(node.span.start)
        ),
        None,
    )
    if field is None or not isinstance(field.default, syntax.Call) or field.type is None:
        return Habit(f"`{name}` is not needed: a field is declared as `NAME: TYPE`")
    arguments = {each.name.text: written(item, each.value) for each in field.default.arguments if each.name}
    described = next((arguments[each] for each in ("desc", "description") if each in arguments), "")
    condition = _condition(field.name.text, arguments)
    word = f"{field.direction} " if field.direction in FIELD_WORDS else ""
    tail = (f" where {condition}" if condition else "") + (f" {described}" if described else "")
    form = f"{word}{field.name.text}: {written(item, field.type)}{tail}"
    fix = None
    if len(arguments) == len(field.default.arguments) and arguments.keys() <= _KNOWN:
        edit = Edit(Span(field.type.span.end, field.default.span.end), tail)
        fix = Fix("Write it without the call", (edit,), "unsafe")
    return Habit(f"`{name}(…)` is not needed; write `{form[:100]}`", None, fix)


def _condition(name: str, arguments: dict[str, str]) -> str:
    """The bounds and lengths among the arguments of pydantic's `Field`, as a condition."""
    parts = []
    for low, high, what in (("ge", "le", name), ("min_length", "max_length", f"len({name})")):
        bounds = [f"{arguments[low]} <= "] if low in arguments else []
        bounds += [what]
        bounds += [f" <= {arguments[high]}"] if high in arguments else []
        parts += ["".join(bounds)] if len(bounds) > 1 else []
    parts += [
        f"{name} {sign} {arguments[each]}" for each, sign in (("gt", ">"), ("lt", "<")) if each in arguments
    ]
    parts += [f"matches({name}, {arguments[each]})" for each in ("pattern", "regex") if each in arguments]
    return " and ".join(parts)


def dspy_habit(item: Item, node: syntax.Name) -> Habit | None:
    """`dspy.InputField(…)`, `dspy.Assert(…)`."""
    behind = re.match(r"\.(\w+)", item.text[node.span.end :])
    if behind is None:
        return None
    if behind[1] in _FIELD_CALLS:
        return field_value(item, node, behind[1])
    if behind[1] not in _STATEMENTS:
        return None
    word = _STATEMENTS[behind[1]]
    message = f'`{word}` is a statement: `{word} CONDITION, "message"`'
    for statement in item.nodes(syntax.ExpressionStatement):
        call = statement.value
        if isinstance(call, syntax.Call) and any(each is node for each in walk(call.function)):
            arguments = call.arguments
            if 1 <= len(arguments) <= 2 and not any(each.name or each.star for each in arguments):
                inside = Span(arguments[0].span.start, arguments[-1].span.end)
                text = f"{word} {item.text[inside.start : inside.end]}"
                return Habit(message, None, replace(f"Write `{word}`", call, text))
    return Habit(message)
