"""Expressions: the type of each, and what each name in it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from ...grammar import syntax
from .. import types
from ..facts import Symbol, evident_type
from ..types import Type, narrow
from ..types.assignable import iterated, may_be_pair
from ..types.union import widened
from . import calls, data
from .annotations import SPECIAL, annotate
from .context import Context, Names
from .members import member
from .narrowing import assume, path_of
from .operators import binary, subscript, unary


def infer(node: syntax.Expression, context: Context) -> Type:
    """The type of an expression, Unknown where that cannot be told. All that is in it is resolved, too."""
    if isinstance(node, _EVIDENT):
        return evident_type(node)
    return context.record(node, _BY_KIND[node.__class__](node, context))


_EVIDENT = (syntax.Constant, syntax.String)


def _missing(node: syntax.Missing, context: Context) -> Type:
    return types.UNKNOWN


def _f_string(node: syntax.FString, context: Context) -> Type:
    _interpolations(node.parts, context)
    return types.STR


def _slice(node: syntax.Slice, context: Context) -> Type:
    for bound in (node.lower, node.upper, node.step):
        if bound is not None:
            infer(bound, context)
    return types.UNKNOWN


def _unary(node: syntax.Unary, context: Context) -> Type:
    return unary(node.operator, infer(node.operand, context))


def _boolean(node: syntax.Boolean, context: Context) -> Type:
    """`a and b` is `a` where that counts as false, else `b`; what `b` reads is narrowed by `a`."""
    holds = node.operator == "and"
    left = narrow.falsy if holds else narrow.truthy
    found: list[Type] = []
    *earlier, last = node.values
    for each in earlier:
        found.append(left(infer(each, context)))
        context = context.knowing(assume(each, holds, context.item, context.narrowed))
    found.append(infer(last, context))
    return types.merged(*found)


def _comparison(node: syntax.Comparison, context: Context) -> Type:
    infer(node.left, context)
    for each in node.rights:
        infer(each, context)
    return types.BOOL


def _conditional(node: syntax.Conditional, context: Context) -> Type:
    infer(node.test, context)
    ways = [assume(node.test, holds, context.item, context.narrowed) for holds in (True, False)]
    found = [
        infer(value, context.knowing(way))
        for value, way in zip((node.body, node.otherwise), ways, strict=True)
    ]
    reached = [kind for kind, way in zip(found, ways, strict=True) if way is not None]
    return types.merged(*(reached or found))


def _starred(node: syntax.Starred, context: Context) -> Type:
    return iterated(infer(node.value, context)) or types.UNKNOWN


def _list(node: syntax.List, context: Context) -> Type:
    return types.List(_joined(node.elements, context), data.keys_of(node.elements))


def _set(node: syntax.Set, context: Context) -> Type:
    return types.Set(_joined(node.elements, context))


def _operations(node: syntax.Binary, context: Context) -> Type:
    """The type of `a + b + c …`, from the left: its tree is as deep as it has operators."""
    chain = [node]
    while isinstance(chain[-1].left, syntax.Binary):
        chain.append(chain[-1].left)
    kind = infer(chain[-1].left, context)
    for each in reversed(chain):
        kind = binary(kind, each.operator, infer(each.right, context))
        if each is not node:
            context.record(each, kind)
    return kind


def _name(node: syntax.Name, context: Context) -> Type:
    symbol = context.lookup(node.text)
    if symbol is None and node.text in SPECIAL:
        symbol = Symbol(node.text, "builtin", types.UNKNOWN)
    context.refer(node, symbol)
    if symbol is None:
        context.item.unresolved[id(node)] = node
        return types.UNKNOWN
    if context.narrowed:
        return _left_of(symbol.type, context.narrowed.get(node.text))
    return symbol.type


def _interpolations(parts: tuple[str | syntax.Interpolation, ...], context: Context) -> None:
    for part in parts:
        if isinstance(part, syntax.Interpolation):
            infer(part.value, context)
            _interpolations(part.format, context)


def _attribute(node: syntax.Attribute, context: Context) -> Type:
    symbol = member(infer(node.value, context), node.name.text)
    context.refer(node.name, symbol)
    if symbol is None:
        return types.UNKNOWN
    return _narrowed(node, symbol.type, context)


def _narrowed(node: syntax.Expression, kind: Type, context: Context) -> Type:
    """What tests have left of the type of an attribute or item."""
    path = path_of(node) if context.narrowed else None
    return kind if path is None else _left_of(kind, context.narrowed.get(path))


def _left_of(kind: Type, left: Type | None) -> Type:
    """What tests have left of a type; where they have left all of it, the type as it was declared."""
    if left is None:
        return kind
    if isinstance(left, types.Union) and isinstance(kind, types.Union):
        return kind if {*left.options} == {*kind.options} else left
    return left


def _call(node: syntax.Call, context: Context) -> Type:
    callee = infer(node.function, context)
    receiver = (
        context.item.type_of(node.function.value)
        if isinstance(node.function, syntax.Attribute)
        else types.UNKNOWN
    )
    lambdas: list[syntax.Argument] = []
    for argument in node.arguments:
        if isinstance(argument.value, syntax.Lambda):
            lambdas.append(argument)
        else:
            infer(argument.value, context)
    if lambdas:
        _lambdas(node, lambdas, callee, receiver, context)
    return calls.apply(node, callee, receiver, context)


_NO_TYPES = (syntax.String, syntax.FString, syntax.List, syntax.Dict, syntax.Call)


def _subscript(node: syntax.Subscript, context: Context) -> Type:
    value = infer(node.value, context)
    if isinstance(value, types.TypeForm) and isinstance(value.type, types.Enum):
        infer(node.index, context)
        return value.type  # the member of a name
    if (isinstance(value, types.Class) and isinstance(node.index, _NO_TYPES)) or (
        isinstance(value, types.Dataset) and isinstance(node.index, syntax.String)
    ):
        infer(node.index, context)
        return types.UNKNOWN  # `Dataset["rows.csv"]`, `rows["text"]`, of which `wrong-index` speaks
    if isinstance(value, (types.TypeForm, types.Class)) or (
        isinstance(node.value, syntax.Name) and node.value.text in SPECIAL and not types.known(value)
    ):
        # A type where a value may stand: `isinstance(x, list[str])`, an alias of a constant.
        return types.TypeForm(annotate(node, context))
    infer(node.index, context)
    return _narrowed(node, subscript(value, node.index, context.item.type_of(node.index)), context)


def _lambdas(
    node: syntax.Call, lambdas: list[syntax.Argument], callee: Type, receiver: Type, context: Context
) -> None:
    """Resolve the lambdas among the arguments of a call, by what the callee calls them with."""
    taken = calls.lambda_parameters(node.arguments, lambdas, callee, context)
    calls.look_at_source(node.arguments, callee, context)
    for argument in lambdas:
        assert isinstance(argument.value, syntax.Lambda)
        rows = data.given_rows(callee, receiver, node.arguments, argument, context.item)
        given = rows or taken.get(id(argument.value), ())
        context.record(argument.value, _lambda(argument.value, context, given))


def _lambda(node: syntax.Lambda, context: Context, given: Sequence[Type] = ()) -> Type:
    """The type of a lambda; `given` are those that its first parameters will have."""
    names: Names = {}
    parameters: list[types.Parameter] = []
    for index, each in enumerate(node.parameters):
        if each.default is not None:
            infer(each.default, context)
        if each.name is not None:
            expected = given[index] if index < len(given) else types.UNKNOWN
            kind = expected if each.annotation is None else annotate(each.annotation, context)
            names[each.name.text] = context.declare("local", each.name, kind, node.span)
            parameters.append(types.Parameter(each.name.text, kind, each.default is None))
    returns = infer(node.body, context.inside(names))
    return types.Function("lambda", tuple(parameters), returns, origin="builtin", pure=True)


def _tuple(node: syntax.Tuple, context: Context) -> Type:
    elements = node.elements
    found = [infer(each, context) for each in elements]
    if any(isinstance(each, syntax.Starred) for each in elements):
        return types.Tuple((), types.joined(found))
    return (
        types.Tuple(tuple(found))
        if len(found) <= types.MOST_OPTIONS
        else types.Tuple((), types.joined(found))
    )


def _joined(elements: tuple[syntax.Expression, ...], context: Context) -> Type:
    return types.joined([infer(each, context) for each in elements]) if elements else types.NEVER


def _dict(node: syntax.Dict, context: Context) -> Type:
    entries = node.entries
    keys: list[Type] = []
    values: list[Type] = []
    for entry in entries:
        value = infer(entry.value, context)
        if entry.key is not None:
            keys.append(infer(entry.key, context))
            values.append(value)
        else:
            keys.append(value.key if isinstance(value, types.Dict) else types.UNKNOWN)
            values.append(value.value if isinstance(value, types.Dict) else types.UNKNOWN)
    if not entries:
        return types.Dict(types.NEVER, types.NEVER)
    return types.Dict(types.joined(keys), types.joined(values))


# --- comprehensions and targets -------------------------------------------------------------------------


def _comprehension(node: syntax.Comprehension, context: Context) -> Type:
    inside = context
    for clause in node.clauses:
        kind = item_for(infer(clause.iterable, inside), clause.target)
        names: Names = {}
        bind_target(clause.target, kind, inside, names, node)
        inside = inside.inside(names)
        for condition in clause.conditions:
            infer(condition, inside)
            inside = inside.knowing(assume(condition, True, inside.item, inside.narrowed))
    if isinstance(node.element, syntax.DictEntry):
        key = types.UNKNOWN if node.element.key is None else infer(node.element.key, inside)
        return types.Dict(key, infer(node.element.value, inside))
    element = infer(node.element, inside)
    match node.kind:
        case "set":
            return types.Set(element)
        case "generator":
            return types.Iterable(element)
        case _:
            return types.List(element, data.keys_of((node.element,)))


def item_for(iterable: Type, target: syntax.Expression) -> Type:
    """What a loop over a value gives to its target.

    Two names for the keys of a dict are another finding; they are taken for a key and its value,
    unless the keys may be pairs.
    """
    is_pair = isinstance(target, syntax.Tuple) and len(target.elements) == 2
    if is_pair and isinstance(iterable, types.Dict) and not may_be_pair(iterable.key):
        return types.Tuple((iterable.key, iterable.value))
    found = iterated(iterable)
    return types.UNKNOWN if found is None else found


def bind_target(
    target: syntax.Expression, kind: Type, context: Context, names: Names, within: syntax.Node
) -> None:
    """Give the names of a target their types; they can be used in the range of `within`."""
    context.record(target, kind)
    match target:
        case syntax.Name(text=text):
            before = context.names.get(text)
            if before is not None and before.kind == "local":
                names[text] = Symbol(text, "local", kind, before.place, before.item, before.node)
                context.refer(target, names[text])
            else:
                names[text] = context.declare("local", target, kind, within.span)
        case syntax.Tuple(elements=elements) | syntax.List(elements=elements):
            for element, inside in zip(elements, _unpacked(kind, elements), strict=True):
                bind_target(element, inside, context, names, within)
        case syntax.Starred(value=value):
            bind_target(value, kind, context, names, within)
        case _:
            infer(target, context)


def _unpacked(kind: Type, targets: tuple[syntax.Expression, ...]) -> list[Type]:
    """The types of the targets that a value is unpacked into; `None` cannot be, and is another finding."""
    if isinstance(kind, types.Union):
        ways = [_unpacked(each, targets) for each in kind.options if not isinstance(each, types.Nothing)]
        return [types.merged(*several) for several in zip(*ways, strict=True)]
    item = iterated(kind)
    item = types.UNKNOWN if item is None else item
    starred = [index for index, each in enumerate(targets) if isinstance(each, syntax.Starred)]
    if isinstance(kind, types.Tuple) and kind.rest is None:
        if not starred and len(kind.items) == len(targets):
            return list(kind.items)
        if len(starred) == 1 and len(kind.items) >= len(targets) - 1:
            first, behind = starred[0], len(targets) - starred[0] - 1
            middle = kind.items[first : len(kind.items) - behind]
            held = types.List(widened(types.merged(*middle)) if middle else types.NEVER)
            return [*kind.items[:first], held, *kind.items[len(kind.items) - behind :]]
    return [types.List(widened(item)) if index in starred else item for index in range(len(targets))]


_BY_KIND: Mapping[type[syntax.Node], Callable[[Any, Context], Type]] = {
    syntax.Missing: _missing,
    syntax.Name: _name,
    syntax.FString: _f_string,
    syntax.Attribute: _attribute,
    syntax.Call: _call,
    syntax.Subscript: _subscript,
    syntax.Slice: _slice,
    syntax.Unary: _unary,
    syntax.Binary: _operations,
    syntax.Boolean: _boolean,
    syntax.Comparison: _comparison,
    syntax.Conditional: _conditional,
    syntax.Lambda: _lambda,
    syntax.Starred: _starred,
    syntax.Tuple: _tuple,
    syntax.List: _list,
    syntax.Set: _set,
    syntax.Dict: _dict,
    syntax.Comprehension: _comprehension,
}
"""How each kind of expression is looked at; constants and strings are evident."""
assert _BY_KIND.keys() | set(_EVIDENT) == set(get_args(syntax.Expression))
