"""The type that is expected where the cursor is, by the nodes around it."""

from __future__ import annotations

from collections.abc import Sequence

from ...grammar import syntax
from .. import types
from ..program import Item
from ..types import Type
from ..types.assignable import iterated


def expected_type(item: Item, path: Sequence[syntax.Node]) -> Type:
    """The type that the last node of a path should have; Unknown where nothing says so."""
    if len(path) < 2:
        return types.UNKNOWN
    node, parent, around = path[-1], path[-2], path[:-1]
    match parent:
        case syntax.Argument():
            return _of_argument(item, parent, path[-3] if len(path) > 2 else None)
        case syntax.Comparison():
            return _of_operand(item, parent, node)
        case syntax.List() | syntax.Set() | syntax.Tuple() | syntax.Starred():
            return iterated(expected_type(item, around)) or types.UNKNOWN
        case syntax.DictEntry():
            return _of_entry(expected_type(item, path[:-2]), is_key=parent.key is node)
        case syntax.Conditional(test=test):
            return types.UNKNOWN if test is node else expected_type(item, around)
        case syntax.Boolean():
            return expected_type(item, around)
        case syntax.Field(type=annotation, default=default) if default is node and annotation is not None:
            return item.type_of(annotation)
        case syntax.Parameter(annotation=annotation, default=default) if default is node:
            return item.type_of(annotation) if annotation is not None else types.UNKNOWN
        case syntax.AnnotatedAssign(annotation=annotation, value=value) if value is node:
            return item.type_of(annotation)
        case syntax.ConstantDeclaration(annotation=annotation) if annotation is not None:
            return item.type_of(annotation)
        case syntax.AugmentedAssign(target=target, value=value) if value is node:
            return item.type_of(target)
        case syntax.SignatureDeclaration(base=base) if base is node:
            return types.SignatureLike()
        case syntax.Return():
            return _of_return(item, path[0])
        case syntax.Subscript(value=value, index=index) if index is node:
            kind = item.type_of(value)
            return kind.key if isinstance(kind, types.Dict) else types.UNKNOWN
        case syntax.Case(pattern=pattern) if pattern is node:
            return item.type_of(pattern)
        case (
            syntax.CapturePattern()
            | syntax.ValuePattern()
            | syntax.OrPattern()
            | syntax.AsPattern()
            | syntax.SequencePattern()
            | syntax.MappingPattern()
            | syntax.ClassPattern()
        ):
            return _of_pattern(item, path)
        case _:
            return types.UNKNOWN


def _of_argument(item: Item, argument: syntax.Argument, owner: syntax.Node | None) -> Type:
    if isinstance(owner, syntax.Call | syntax.ConfigureDeclaration):
        matched = item.binding_of(owner).matched
        return next((parameter.type for given, parameter in matched if given is argument), types.UNKNOWN)
    symbol = item.symbol_of(argument.name) if argument.name is not None else None
    return symbol.type if symbol is not None else types.UNKNOWN


def _of_operand(item: Item, comparison: syntax.Comparison, node: syntax.Node) -> Type:
    """What the right side of a comparison is compared with; behind `in`, a collection of such."""
    left: syntax.Expression = comparison.left
    for operator, right in zip(comparison.operators, comparison.rights, strict=True):
        if right is node:
            kind = _compared(item, left)
            if not types.known(kind):
                return types.UNKNOWN
            return types.Iterable(kind) if operator in ("in", "not in") else kind
        left = right
    return types.UNKNOWN


def _compared(item: Item, node: syntax.Expression) -> Type:
    """What a value may be that is compared; where tests above leave one choice, all that it was declared as.

    Whoever compares with it once more has more in mind.
    """
    kind = item.type_of(node)
    match kind:
        case types.Literals(values=values) | types.Enum(members=values) if len(values) == 1:
            symbol = item.symbol_of(node.name if isinstance(node, syntax.Attribute) else node)
            return kind if symbol is None else symbol.type
        case _:
            return kind


def _of_entry(dictionary: Type, *, is_key: bool) -> Type:
    for option in types.options(dictionary):
        if isinstance(option, types.Dict):
            return option.key if is_key else option.value
    return types.UNKNOWN


def _of_return(item: Item, declaration: syntax.Node) -> Type:
    if isinstance(declaration, syntax.FunctionDeclaration) and declaration.returns is not None:
        return item.type_of(declaration.returns)
    return types.UNKNOWN


def _of_pattern(item: Item, path: Sequence[syntax.Node]) -> Type:
    """What the pattern at the cursor is matched with: the nearest pattern around it whose type is known."""
    for node in reversed(path[:-1]):
        if isinstance(node, syntax.Case):
            break
        if isinstance(node, syntax.CapturePattern | syntax.ValuePattern):
            kind = item.type_of(node)
            if types.known(kind):
                return kind
    return types.UNKNOWN
