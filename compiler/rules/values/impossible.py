"""Comparisons that can never be true."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace as with_values

from ....base.diagnostic import Diagnostic, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import limits_of, number
from ...types import Type
from ...types.assignable import iterated
from ...types.display import display_value
from ...types.overlap import overlaps
from ...types.union import plain, widened
from ..rule import Findings, replace, rule, written
from ..words import choices, described, near
from .made_texts import in_another_case, looked_for_in_text, never_given

_MOST_CHOICES = 8
"""So many choices are listed in a message."""


@rule("E233", "impossible-comparison", syntax.Comparison, syntax.Match, syntax.Call, fix="sometimes")
def impossible_comparison(
    program: Program, item: Item, node: syntax.Comparison | syntax.Match | syntax.Call
) -> Findings:
    """Two values are compared that can never be equal, such as a missing choice or values of different types.

    What earlier tests have ruled out is taken into account, and so are the bounds of a field's `where`.

    ```dspy
    def urgent(kind: Literal["bug", "question"]) -> bool:
        return kind == "bugs"
    #                  ^^^^^^ E233 `kind` is never `"bugs"`; did you mean `"bug"`?
    ```

    ```dspy
    def urgent(kind: Literal["bug", "question"]) -> bool:
        return kind == "bug"
    ```
    """
    if isinstance(node, syntax.Call):
        for found in looked_for_in_text(item, node):
            yield impossible_comparison.at(found.at, found.message, fix=found.fix)
        return
    if isinstance(node, syntax.Match):
        for case in node.cases:
            yield from _matched(item, node.subject, case.pattern)
        return
    for operator, (left, right) in zip(node.operators, pairwise((node.left, *node.rights)), strict=True):
        if called := tuple(_not_called(item, left, right)):
            yield from called
        elif made := tuple(never_given(item, left, operator, right)):
            yield from (impossible_comparison.at(each.at, each.message, fix=each.fix) for each in made)
        elif operator in ("==", "!="):
            yield from _compared(item, left, right)
        elif operator in ("in", "not in"):
            yield from _looked_for(item, left, right)
        elif operator in _MIRRORED:
            yield from _ordered(item, left, operator, right)


def _matched(item: Item, subject: syntax.Expression, pattern: syntax.Pattern) -> Findings:
    match pattern:
        case syntax.OrPattern(options=options):
            for each in options:
                yield from _matched(item, subject, each)
        case syntax.AsPattern(pattern=inner):
            yield from _matched(item, subject, inner)
        case syntax.SequencePattern(elements=elements) if isinstance(subject, syntax.Tuple):
            if len(elements) == len(subject.elements):
                for part, each in zip(subject.elements, elements, strict=True):
                    yield from _matched(item, part, each)
        case syntax.ValuePattern(value=value) if made := next(in_another_case(item, subject, value), None):
            yield impossible_comparison.at(made.at, made.message, fix=made.fix)
        case syntax.ValuePattern(value=value):
            for found in _compared(item, subject, value):
                yield with_values(found, span=value.span)


def _not_called(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    """`text.strip == ""`: a method that is compared instead of what it gives."""
    for one, other in ((left, right), (right, left)):
        kind = item.type_of(one)
        is_method = isinstance(one, syntax.Attribute) and isinstance(kind, types.Function | types.Overloaded)
        if is_method and isinstance(widened(item.type_of(other)), _VALUES):
            text = written(item, one)
            fix = replace(f"Write `{text}()`", Span(one.span.end, one.span.end), "()")
            yield impossible_comparison.at(one, f"`{text}` is a method; call it: `{text}()`", fix=fix)
            return


_VALUES = types.Builtin | types.List | types.Dict | types.Set | types.Tuple | types.Enum


def _compared(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    first, second = _known_type(item, left), _known_type(item, right)
    if overlaps(first, second):
        yield from _outside(item, left, right)
        return
    if _has_choices(second) and not _has_choices(first):
        left, right, first, second = right, left, second, first
    yield _never(item, left, first, right, second)


def _looked_for(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    first = _known_type(item, left)
    if isinstance(right, syntax.List | syntax.Tuple | syntax.Set):
        kinds = [_known_type(item, each) for each in right.elements]
        if len(kinds) > 1 and not _has_choices(first) and not any(overlaps(first, each) for each in kinds):
            merged = types.merged(*map(plain, kinds))
            words = f"{_short(first)} and {_short(merged)} are never equal"
            if _short(first) == _short(merged):
                words = f"`{written(item, left)}` is not among these values"
            yield impossible_comparison.at(Span(left.span.start, right.span.end), words)
            return
        for each in right.elements:
            second = _known_type(item, each)
            if isinstance(each, syntax.Starred):
                continue
            if overlaps(first, second):
                yield from _outside(item, left, each)
            elif _values(first):
                yield _never(item, left, first, each, second)
            else:
                fix = _written_as(each, first)
                words = f"{_short(first)} and {_short(second)} are never equal"
                yield impossible_comparison.at(each, words, fix=fix)
        return
    holder = item.type_of(right)
    inside = iterated(holder) if _is_holder(holder) else None
    if inside is None or overlaps(first, inside):
        return
    if _values(inside) and not _has_choices(first):
        yield _never(item, right, inside, left, first, "never holds")
        return
    words = f"{described(plain(first))} is never in {described(plain(holder))}"
    yield impossible_comparison.at(Span(left.span.start, right.span.end), words)


def _is_holder(kind: Type) -> bool:
    match kind:
        case types.List() | types.Set() | types.Tuple() | types.Dict() | types.Iterable():
            return True
        case types.Builtin(name="str" | "range") | types.TypeForm(type=types.Enum()):
            return True
        case _:
            return False


# --- what is said ---------------------------------------------------------------------------------------


def _never(
    item: Item,
    subject: syntax.Expression,
    first: Type,
    value: syntax.Expression,
    second: Type,
    verb: str = "is never",
) -> Diagnostic:
    """What is said of a value that a subject never is."""
    allowed = _values(first)
    text = written(item, subject)
    declared = _values(_declared_type(item, subject)) if verb == "is never" else allowed
    if allowed and _is_single(second) and len(declared) > 1:
        shown = _shown(item, value, second)
        (one,) = _values(second)
        words = f"`{text}` {verb} `{shown}`"
        if one in declared and one not in allowed:
            return impossible_comparison.at(value, f"{words} here: a test above has ruled it out")
        texts = [each for each in declared if isinstance(each, str)]
        close = near(one, texts) if isinstance(one, str) else None
        if close is not None:
            right = display_value(close)
            fix = replace(f"Change to `{right}`", value, right)
            return impossible_comparison.at(value, f"{words}; did you mean `{right}`?", fix=fix)
        few = verb == "is never" and len(declared) <= _MOST_CHOICES
        return impossible_comparison.at(value, words + (f"; it is {choices(declared)}" if few else ""))
    span = Span(min(subject.span.start, value.span.start), max(subject.span.end, value.span.end))
    if len(allowed) > 1 and _values(second):
        words = f"`{text}` is {choices(allowed)}, and `{written(item, value)}` is {choices(_values(second))}"
        if len(allowed) + len(_values(second)) <= _MOST_CHOICES:
            return impossible_comparison.at(span, f"{words}: they are never equal")
    help_ = None
    for kind, node in ((first, subject), (second, value)):
        if isinstance(kind, types.Prediction) and kind.interface.outputs:
            help_ = f"compare a field, such as `{written(item, node)}.{kind.interface.outputs[0].name}`"
    if isinstance(first, types.List | types.Set) and overlaps(first.item, second):
        help_ = f"to look for one item, write `{written(item, value)} in {text}`"
    words = f"{_short(first)} and {_short(second)} are never equal"
    if _short(first) == _short(second):
        words = f"`{text}` and `{written(item, value)}` are never equal"
    written_as = _written_as(value, first) or _written_as(subject, second)
    return impossible_comparison.at(span, words, help_, written_as)


def _shown(item: Item, node: syntax.Expression, kind: Type) -> str:
    return written(item, node) if isinstance(kind, types.Enum) else display_value(_values(kind)[0])


def _written_as(node: syntax.Expression, wanted: Type) -> Fix | None:
    """A constant as one of the other value's type: `"3"` as `3`, `3` as `"3"`, `"true"` as `True`."""
    right: str | None = None
    match node, widened(wanted):
        case syntax.String(value=text), types.Builtin(name="bool"):
            right = {"true": "True", "yes": "True", "false": "False", "no": "False"}.get(text.lower())
        case syntax.String(value=text), types.Builtin(name="int" | "float"):
            right = text if text.isdecimal() else None
        case syntax.Constant(value=int() as value), types.Builtin(name="str") if not isinstance(value, bool):
            right = f'"{value}"'
    return None if right is None else replace(f"Change to `{right}`", node, right)


def _short(kind: Type) -> str:
    return "a prediction" if isinstance(kind, types.Prediction) else described(plain(kind))


def _values(kind: Type) -> list[types.Value]:
    """The choices that a type leaves."""
    found: list[types.Value] = []
    for each in types.options(kind):
        if isinstance(each, types.Literals):
            found += each.values
        elif isinstance(each, types.Enum):
            found += [value for _, value in each.members]
    return found


def _has_choices(kind: Type) -> bool:
    return len(_values(kind)) > 1


def _is_single(kind: Type) -> bool:
    """Whether a type is one constant, or one member of an enumeration."""
    match kind:
        case types.Literals(values=values) | types.Enum(members=values):
            return len(values) == 1
        case _:
            return False


def _known_type(item: Item, node: syntax.Expression) -> Type:
    """The type of an expression; of a name that happens to hold one constant, the constant's class.

    A constant of the file may be a switch, that somebody sets to another value. Where nothing is left of a
    type, what was declared counts: the value that comes behind all choices is as wrong as one among them.
    """
    kind = item.type_of(node)
    if kind is types.NEVER:
        return _declared_type(item, node)
    if isinstance(node, syntax.Name) and _is_single(kind):
        symbol = item.symbol_of(node)
        is_choice = symbol is not None and _has_choices(symbol.type)
        if symbol is None or (symbol.kind not in ("parameter", "input") and not is_choice):
            return widened(kind)
    return kind


def _declared_type(item: Item, node: syntax.Expression) -> Type:
    """The type of a name or attribute before any test."""
    named = node.name if isinstance(node, syntax.Attribute) else node
    symbol = item.symbol_of(named)
    return item.type_of(node) if symbol is None else symbol.type


# --- the bounds of a `where` ----------------------------------------------------------------------------

_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


def _outside(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    """A constant that the `where` of a field leaves out."""
    for subject, value in ((left, right), (right, left)):
        for limits, allowed in _conditions(item, subject):
            given = number(value)
            broken = None if given is None else limits.broken_by(given)
            text = written(item, subject)
            if broken is not None:
                words = f"`{text}` is never `{written(item, value)}`: its `where` needs `{broken}`"
                yield impossible_comparison.at(value, words)
            elif allowed and isinstance(value, syntax.String) and value.value not in allowed:
                words, fix = f"`{text}` is never `{written(item, value)}`", None
                close = near(value.value, [each for each in allowed if isinstance(each, str)])
                if close is not None:
                    choice = display_value(close)
                    fix = replace(f"Change to `{choice}`", value, choice)
                    words += f"; did you mean `{choice}`?"
                yield impossible_comparison.at(value, words, fix=fix)


def _ordered(item: Item, left: syntax.Expression, operator: str, right: syntax.Expression) -> Findings:
    """`score > 5` where the field's `where` needs `score <= 5`."""
    if number(left) is not None:
        left, operator, right = right, _MIRRORED[operator], left
    given = number(right)
    if given is None:
        return
    for limits, _ in _conditions(item, left):
        bound = _contradicts(limits, operator, given)
        if bound is not None:
            shown = f"`{written(item, left)} {operator} {written(item, right)}`"
            span = Span(min(left.span.start, right.span.start), max(left.span.end, right.span.end))
            yield impossible_comparison.at(span, f"{shown} never holds: its `where` needs `{bound}`")


def _contradicts(limits: types.Limits, operator: str, given: float) -> str | None:
    """The bound that no value within it and an inequality satisfies, as one writes it."""
    if operator in ("<", "<="):
        # The largest value that the inequality allows, or one just below it.
        reached = given if operator == "<=" else given - 1e-9
        lower = types.Limits(ge=limits.ge, gt=limits.gt)
        return lower.broken_by(reached)
    reached = given if operator == ">=" else given + 1e-9
    return types.Limits(le=limits.le, lt=limits.lt).broken_by(reached)


def _conditions(
    item: Item, node: syntax.Expression
) -> Iterator[tuple[types.Limits, tuple[types.Value, ...]]]:
    """The bounds and choices of the field that an expression reads, or of its length."""
    match node:
        case syntax.Call(function=syntax.Name(text="len"), arguments=(syntax.Argument(value=value),)):
            for limits, _ in _conditions(item, value):
                yield types.Limits(ge=limits.min_length, le=limits.max_length), ()
        case syntax.Attribute(value=owner, name=name):
            for each in types.options(item.type_of(owner)):
                if isinstance(each, types.Prediction | types.Fields | types.Record):
                    field = each.interface.field(name.text)
                    if field is not None:
                        yield field.limits, field.choices
        case syntax.Name(text=text):
            symbol = item.symbol_of(node)
            if (
                symbol is not None
                and symbol.kind == "input"
                and isinstance(symbol.node, syntax.Field)
                and not _is_part_of(symbol.node.where, node)
            ):
                yield limits_of(symbol.node.where, text), ()


def _is_part_of(where: syntax.Expression | None, node: syntax.Expression) -> bool:
    """Whether a name stands in the condition itself that it would be held against."""
    return where is not None and where.span.start <= node.span.start and node.span.end <= where.span.end
