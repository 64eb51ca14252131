"""`match`: what each `case` takes of its subject, what it binds, and what it leaves to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple, assert_never

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..types import Type, narrow
from ..types.assignable import iterated
from .annotations import annotate
from .context import Context, Flow, Names
from .expressions import infer
from .meeting import meet
from .members import member
from .narrowing import Narrowed, assume, path_of

_Run = Callable[[Sequence[syntax.Statement], Context], Flow | None]
"""Resolves the statements of a case."""


class Taken(NamedTuple):
    """How a pattern divides the values of a type."""

    matched: Type
    left: Type
    """What it leaves to the next case."""


class _Place(NamedTuple):
    """Where patterns stand."""

    context: Context
    names: Names
    """What they bind; added to."""
    visible: Span


def match(node: syntax.Match, context: Context, run: _Run, end: int) -> Flow | None:
    """Resolve a `match`. Returns what holds behind it, None where its end is not reached."""
    subject = left = infer(node.subject, context)
    ends: list[Flow | None] = []
    lengths = _Lengths(set(), None)
    for case in node.cases:
        names: Names = {}
        taken = _take(case.pattern, left, _Place(context, names, Span(case.span.start, end)))
        narrowed = _known(node.subject, case.pattern, taken.matched, context)
        inside = context.knowing(narrowed).inside(names)
        if case.guard is not None:
            infer(case.guard, inside)
            held = assume(case.guard, True, inside.item, inside.narrowed)
            narrowed = None if held is None else narrowed
            inside = inside.knowing(held)
        after = run(case.body, inside)
        ends.append(after if narrowed is not None and left is not types.NEVER else None)
        if case.guard is None:
            lengths = lengths.beside(case.pattern)
            left = taken.left if not lengths.are_all() else _without_sequences(taken.left)
    context.item.note_exhaustive(node, holds=left is types.NEVER)
    context.item.note_untaken(node, subject, left)
    if left is not types.NEVER:
        ends.append(context.knowing(_known(node.subject, None, left, context)).flow)
    return meet(ends)


def _known(
    subject: syntax.Expression, pattern: syntax.Pattern | None, kind: Type, context: Context
) -> Narrowed | None:
    """What is known of a subject's path, or of the paths in a tuple; None where nothing can match."""
    if kind is types.NEVER:
        return None
    if isinstance(subject, syntax.Tuple):
        return _known_parts(subject.elements, pattern, context)
    path = path_of(subject)
    before = context.item.type_of(subject)
    return context.narrowed if path is None or before is kind else {**context.narrowed, path: kind}


def _known_parts(
    subjects: tuple[syntax.Expression, ...], pattern: syntax.Pattern | None, context: Context
) -> Narrowed:
    """`match a, b:` with `case None, _:` says something of `a`."""
    known = context.narrowed
    if isinstance(pattern, syntax.SequencePattern) and len(pattern.elements) == len(subjects):
        for subject, each in zip(subjects, pattern.elements, strict=True):
            path = path_of(subject)
            kind = context.item.type_of(subject)
            taken = _matched(each, kind, context)
            if path is not None and taken is not kind and taken is not types.NEVER:
                known = {**known, path: taken}
    return known


def _matched(pattern: syntax.Pattern, kind: Type, context: Context) -> Type:
    """What a pattern that has been resolved matches."""
    match pattern:
        case syntax.ValuePattern(value=value):
            return narrow.equal(kind, context.item.type_of(value))
        case syntax.ClassPattern():
            return narrow.instance(kind, context.item.type_of(pattern))
        case syntax.AsPattern(pattern=inner):
            return _matched(inner, kind, context)
        case syntax.OrPattern(options=alternatives):
            return types.merged(*(_matched(each, kind, context) for each in alternatives))
        case _:
            return kind


# --- patterns -------------------------------------------------------------------------------------------


def _take(pattern: syntax.Pattern, kind: Type, place: _Place) -> Taken:
    """Resolve a pattern that a value of some type is compared with."""
    context = place.context
    context.record(pattern, kind)
    match pattern:
        case syntax.ValuePattern(value=value):
            other = infer(value, context)
            return Taken(narrow.equal(kind, other), narrow.unequal(kind, other))
        case syntax.CapturePattern(name=name):
            if name.text != "_":
                place.names[name.text] = context.declare("local", name, kind, place.visible)
            return Taken(kind, types.NEVER)
        case syntax.StarPattern(name=name):
            if name.text != "_":
                place.names[name.text] = context.declare("local", name, types.List(kind), place.visible)
            return Taken(kind, types.NEVER)
        case syntax.SequencePattern():
            return _sequence(pattern, kind, place)
        case syntax.MappingPattern():
            return _mapping(pattern, kind, place)
        case syntax.ClassPattern():
            return _class(pattern, kind, place)
        case syntax.OrPattern(options=alternatives):
            return _or(alternatives, kind, place)
        case syntax.AsPattern(pattern=aliased, name=name):
            taken = _take(aliased, kind, place)
            place.names[name.text] = context.declare("local", name, taken.matched, place.visible)
            return taken
        case _:
            assert_never(pattern)


def _or(alternatives: tuple[syntax.Pattern, ...], kind: Type, place: _Place) -> Taken:
    taken = [
        *accumulate(
            alternatives, lambda before, each: _take(each, before.left, place), initial=Taken(kind, kind)
        )
    ]
    return Taken(types.merged(*(each.matched for each in taken[1:])), taken[-1].left)


def _sequence(pattern: syntax.SequencePattern, kind: Type, place: _Place) -> Taken:
    count = len(pattern.elements)
    starred = any(isinstance(each, syntax.StarPattern) for each in pattern.elements)
    matched = types.union(*(each for each in types.options(kind) if _may_have(each, count, starred)))
    inside = _elements(matched, count, starred)
    taken = [_take(each, of, place) for each, of in zip(pattern.elements, inside, strict=True)]
    if not types.known(kind):
        return Taken(kind, kind)
    refutable = [index for index, each in enumerate(taken) if each.left is not types.NEVER]
    if len(refutable) == 1 and isinstance(kind, types.Tuple) and len(kind.items) == count and not starred:
        (index,) = refutable
        items = (*kind.items[:index], taken[index].left, *kind.items[index + 1 :])
        return Taken(kind, types.Tuple(items))
    left = [each for each in types.options(kind) if refutable or not _surely_has(each, count, starred)]
    found = matched if matched is not types.UNKNOWN else types.NEVER
    return Taken(found, types.union(*left) if left else types.NEVER)


class _Lengths(NamedTuple):
    """The lengths of sequences that cases take, whatever their items are."""

    exact: set[int]
    least: int | None
    """The length from which on all are taken."""

    def beside(self, pattern: syntax.Pattern) -> _Lengths:
        """With those that a further pattern takes."""
        match pattern:
            case syntax.AsPattern(pattern=inner):
                return self.beside(inner)
            case syntax.OrPattern(options=alternatives):
                found = self
                for each in alternatives:
                    found = found.beside(each)
                return found
            case syntax.SequencePattern(elements=elements) if all(
                isinstance(each, syntax.CapturePattern | syntax.StarPattern) for each in elements
            ):
                if any(isinstance(each, syntax.StarPattern) for each in elements):
                    least = len(elements) - 1
                    return _Lengths(self.exact, least if self.least is None else min(self.least, least))
                return _Lengths(self.exact | {len(elements)}, self.least)
            case _:
                return self

    def are_all(self) -> bool:
        """Whether a sequence of any length is taken."""
        return self.least is not None and all(each in self.exact for each in range(self.least))


def _without_sequences(kind: Type) -> Type:
    left = [each for each in types.options(kind) if not isinstance(each, types.List | types.Tuple)]
    return types.union(*left) if left else types.NEVER


def _may_have(kind: Type, count: int, starred: bool) -> bool:
    """Whether a value can be a sequence of so many items."""
    match kind:
        case types.Tuple(items=items, rest=None):
            return len(items) == count or (starred and len(items) >= count - 1)
        case types.Nothing() | types.Builtin() | types.Literals() | types.Enum():
            return kind == types.Builtin("object") or kind == types.Builtin("range")
        case types.Dict() | types.Set() | types.Record() | types.Prediction():
            return False
        case _:
            return True


def _surely_has(kind: Type, count: int, starred: bool) -> bool:
    match kind:
        case types.Tuple(items=items, rest=None):
            return len(items) == count or (starred and len(items) >= count - 1)
        case types.Tuple() | types.List():
            return starred and count == 1
        case _:
            return False


def _mapping(pattern: syntax.MappingPattern, kind: Type, place: _Place) -> Taken:
    may = [each for each in types.options(kind) if isinstance(each, types.Dict) or not types.known(each)]
    matched = types.union(*may) if may else kind
    of = matched.value if isinstance(matched, types.Dict) else types.UNKNOWN
    for key, inner in pattern.entries:
        infer(key, place.context)
        _take(inner, of, place)
    if pattern.rest is not None:
        place.names[pattern.rest.text] = place.context.declare("local", pattern.rest, matched, place.visible)
    return Taken(matched, kind)


def _class(pattern: syntax.ClassPattern, kind: Type, place: _Place) -> Taken:
    context = place.context
    wanted = annotate(pattern.name, context)
    context.record(pattern, wanted)
    matched, left = narrow.instance(kind, wanted), narrow.not_instance(kind, wanted)
    taken = [
        _take(each, matched if isinstance(wanted, _TAKES_ITSELF) else types.UNKNOWN, place)
        for each in pattern.positional
    ]
    for label, each in pattern.keywords:
        symbol = member(wanted, label.text)
        context.refer(label, symbol)
        taken.append(_take(each, symbol.type if symbol else types.UNKNOWN, place))
    takes_all = all(each.left is types.NEVER for each in taken)
    return Taken(matched, left if takes_all else kind)


_TAKES_ITSELF = types.Builtin | types.List | types.Dict | types.Set | types.Tuple
"""`case str(text):` binds the value itself."""


def _elements(kind: Type, count: int, starred: bool) -> Sequence[Type]:
    if isinstance(kind, types.Tuple) and len(kind.items) == count and not starred:
        return kind.items
    item = iterated(kind) if isinstance(kind, types.List | types.Tuple) else None
    return [types.UNKNOWN if item is None else item] * count
