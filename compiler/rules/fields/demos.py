"""Demos: few-shot examples that fit their signature."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Diagnostic
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import number
from ...types.assignable import assignable
from ..rule import Findings, replace, rule, written
from ..walking import Construction
from ..words import choices, described, listed, meant_or_has, near
from .defaults import constant_fits


@rule("E220", "unknown-demo-field", syntax.SignatureDeclaration, Construction, fix="sometimes")
def unknown_demo_field(
    program: Program, item: Item, node: syntax.SignatureDeclaration | syntax.Call
) -> Findings:
    """A demo names a field that its signature does not have, or names one twice.

    ```dspy
    signature Classify:
        input text: str
        output label: str
        demo text="Where is my card?", lable="card_arrival"
    #                                  ^^^^^ E220 `Classify` has no field `lable`; did you mean `label`?
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: str
        demo text="Where is my card?", label="card_arrival"
    ```
    """
    if isinstance(node, syntax.Call):
        yield from _in_written_demos(item, node)
        return
    fields = _fields(item, node)
    for demo in node.demos if not fields.open else ():
        seen: set[str] = set()
        for argument in demo.arguments:
            if argument.name is None:
                continue
            name = argument.name.text
            if name in seen:
                yield unknown_demo_field.at(argument.name, f"the demo sets `{name}` twice")
            elif fields.field(name) is None:
                known = [each.name for each in fields.fields]
                close = near(name, known)
                fix = replace(f"Change to `{close}`", argument.name, close) if close else None
                message = f"`{node.name.text}` has no field `{name}`{meant_or_has(name, known)}"
                yield unknown_demo_field.at(argument.name, message, fix=fix)
            seen.add(name)


def _in_written_demos(item: Item, node: syntax.Call) -> Findings:
    """`Predict(…, demos=[{…}])`: the keys of demos that a module is made with."""
    made = item.type_of(node)
    if not isinstance(made, types.Module) or made.interface.open:
        return
    known = [each.name for each in made.interface.fields]
    for entry in (each for demo in written_demos(item, node) for each in demo.entries):
        if isinstance(entry.key, syntax.String) and entry.key.value not in (*known, "augmented"):
            name = entry.key.value
            close = near(name, known)
            fix = replace(f'Change to "{close}"', entry.key, f'"{close}"') if close else None
            message = f"`{written(item, node.function)}` has no field `{name}`{meant_or_has(name, known)}"
            yield unknown_demo_field.at(entry.key, message, fix=fix)


def written_demos(item: Item, node: syntax.Call) -> Sequence[syntax.Dict]:
    """The demos that a module is made with, where they are written out as dicts."""
    given = [
        each.value
        for each, parameter in item.binding_of(node).matched
        if (each.name.text if each.name is not None else parameter.name) == "demos"
    ]
    lists = [each for each in given if isinstance(each, syntax.List)]
    return [each for found in lists for each in found.elements if isinstance(each, syntax.Dict)]


@rule("E221", "wrong-demo-value", syntax.SignatureDeclaration, fix="sometimes")
def wrong_demo_value(program: Program, item: Item, node: syntax.SignatureDeclaration) -> Findings:
    """A demo's value does not have its field's type, or is outside the field's limits.

    ```dspy
    signature Classify:
        input text: str
        output label: Literal["card", "cash"]
        demo text="", label="crad"
    #                       ^^^^^^ E221 `label` is `"card"` or `"cash"`, not `"crad"`; did you mean `"card"`?
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: Literal["card", "cash"]
        demo text="", label="card"
    ```
    """
    fields = _fields(item, node)
    for argument in (each for demo in node.demos for each in demo.arguments):
        field = fields.field(argument.name.text) if argument.name is not None else None
        if field is None:
            continue
        given, wanted = item.type_of(argument.value), field.type
        if not constant_fits(given, wanted):
            yield _misfit(item, field.name, argument.value, wanted)
        elif assignable(wanted, types.FLOAT):
            value = number(argument.value)
            broken = None if value is None else field.limits.broken_by(value)
            if broken is not None:
                yield wrong_demo_value.at(argument.value, f"`{field.name}` must be {broken}")


def _misfit(item: Item, name: str, value: syntax.Expression, wanted: types.Type) -> Diagnostic:
    """The finding of a value that is none of its field's type."""
    given = item.type_of(value)
    text = f"`{item.text[value.span.start : value.span.end]}`"
    shown = text if isinstance(given, types.Literals) else described(given)
    allowed = _choices(wanted)
    words = f"`{name}` is {choices(allowed) if allowed else described(wanted)}, not {shown}"
    close = _nearest(value, wanted)
    fix = replace(f'Change to "{close}"', value, f'"{close}"') if close else None
    ending = f'; did you mean `"{close}"`?' if close else ""
    return wrong_demo_value.at(value, words + ending, fix=fix)


def _choices(wanted: types.Type) -> list[types.Value]:
    """The values of a type that has few, and nothing else."""
    options = tuple(types.options(wanted))
    if not all(isinstance(each, types.Literals) for each in options):
        return []
    found = [value for each in options if isinstance(each, types.Literals) for value in each.values]
    return found if len(found) <= 8 else []


def _nearest(node: syntax.Expression, wanted: types.Type) -> str | None:
    """The choice that is closest to a string."""
    texts = [each for each in _choices(wanted) if isinstance(each, str)]
    return near(node.value, texts) if isinstance(node, syntax.String) and texts else None


@rule("E222", "incomplete-demo", syntax.SignatureDeclaration)
def incomplete_demo(program: Program, item: Item, node: syntax.SignatureDeclaration) -> Findings:
    """A demo leaves out an input. Outputs may be left out, but an example without its input teaches nothing.

    ```dspy
    signature QA:
        input context: str
        input question: str
        output answer: str
        demo question="Who?", answer="Gregory"
    #   ^^^^ E222 the demo is missing the input `context`
    ```

    ```dspy
    signature QA:
        input context: str
        input question: str
        output answer: str
        demo context="Gregory inherited it.", question="Who?", answer="Gregory"
    ```
    """
    fields = _fields(item, node)
    known = {each.name for each in fields.fields}
    required = [each.name for each in fields.inputs if each.required]
    for demo in node.demos if not fields.open else ():
        given = {each.name.text for each in demo.arguments if each.name is not None}
        missing = [name for name in required if name not in given]
        if missing and given <= known:
            start = demo.span.start
            place = Span(start, start + len("demo"))
            yield incomplete_demo.at(
                place, f"the demo is missing the input{'s' if len(missing) > 1 else ''} {listed(missing)}"
            )


def _fields(item: Item, node: syntax.SignatureDeclaration) -> types.Interface:
    """The fields of a signature, those that it takes over included."""
    symbol = item.symbol_of(node.name)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    return kind.interface if isinstance(kind, types.Signature) else types.OPEN
