"""What parts take and give, as far as the file says it, and with that the fields of a module."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from msgspec import Struct

from .expressions import CannotMove, annotation
from .names import Imports

_FIRST = {
    "ChainOfThought": "reasoning",
    "ChainOfThoughtWithHint": "reasoning",
    "ProgramOfThought": "reasoning",
    "ReAct": "reasoning",
    "CodeAct": "reasoning",
    "MultiChainComparison": "rationale",
}
"""The text that comes before the outputs of the signature."""
_WRAPPERS = {"BestOfN", "Refine"}


class Fields(Struct, frozen=True):
    """Inputs and outputs by name, with their types."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def of_string(text: str) -> Fields | None:
    """The fields of a signature string; None if it cannot be read."""
    before, arrow, after = text.partition("->")
    if not arrow:
        return None
    return Fields(_side(before), _side(after))


def _side(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    depth, start = 0, 0
    for index, character in enumerate(text + ","):
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            name, _, kind = text[start:index].partition(":")
            if name.strip():
                found[name.strip()] = kind.strip() or "str"
            start = index + 1
    return found


def of_class(node: ast.ClassDef, imports: Imports) -> Fields:
    """The fields of a signature's class."""
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.Call(func=func)):
                written = annotation(kind, imports)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)):
                written = "str"
            case _:
                continue
        (inputs if imports.of(func) == "InputField" else outputs)[name] = written
    return Fields(inputs, outputs)


class Known(Struct):
    """What is known in a file."""

    imports: Imports
    signatures: dict[str, Fields] = {}
    modules: dict[str, Fields] = {}
    """The classes of modules, and the modules made at the top level."""

    def of_constructor(self, node: ast.expr) -> Fields | None:
        """What a module made by an expression takes and gives; None where that is not known."""
        if not isinstance(node, ast.Call):
            return self.modules.get(node.id) if isinstance(node, ast.Name) else None
        name = self.imports.of(node.func)
        if name is None:
            return self.modules.get(node.func.id) if isinstance(node.func, ast.Name) else None
        first = (
            node.args[0]
            if node.args
            else next((each.value for each in node.keywords if each.arg in ("signature", "module")), None)
        )
        if first is None:
            return None
        if name in _WRAPPERS:
            return self.of_constructor(first)
        fields = self.of_signature(first)
        if fields is None:
            return None
        extra = {_FIRST[name]: "str"} if name in _FIRST else {}
        return Fields(fields.inputs, {**extra, **fields.outputs})

    def of_signature(self, node: ast.expr) -> Fields | None:
        """The fields of a signature that an expression stands for."""
        match node:
            case ast.Constant(value=str(text)):
                return of_string(text)
            case ast.Name(id=name):
                return self.signatures.get(name)
            case ast.Call(func=func, args=[ast.Constant(value=str(text)), *_]) if (
                self.imports.of(func) == "Signature"
            ):
                return of_string(text)
        return None


class Typing:
    """The types of a body's variables, in a few simple cases; `Any` everywhere else.

    Args:
        parts: what the parts of the module take and give.
        variables: the types of its inputs.
        own: the name of the method's object.
        imports: what the file imports.
    """

    def __init__(
        self, parts: Mapping[str, Fields], variables: Mapping[str, str], own: str, imports: Imports
    ) -> None:
        self._parts = parts
        self._types: dict[str, str | Fields] = dict(variables)
        self._own = own
        self._imports = imports

    def note(self, statements: list[ast.stmt]) -> None:
        """Note what the statements assign."""
        for node in ast.walk(ast.Module(statements, [])):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found = self.of(node.value)
                before = self._types.get(node.targets[0].id)
                if before is None or before == "Any":
                    self._types[node.targets[0].id] = found
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                items = self.of(node.iter)
                if isinstance(items, str) and items.startswith("list["):
                    self._types.setdefault(node.target.id, items[5:-1])

    def of(self, node: ast.expr) -> str | Fields:
        """The type of an expression, or the fields of a prediction."""
        match node:
            case ast.Await(value=value):
                return self.of(value)
            case ast.Constant(value=value):
                return type(value).__name__ if isinstance(value, (str, int, float, bool)) else "Any"
            case ast.JoinedStr():
                return "str"
            case ast.Name(id=name):
                return self._types.get(name, "Any")
            case ast.Attribute(value=value, attr=attribute):
                inner = self.of(value)
                return inner.outputs.get(attribute, "Any") if isinstance(inner, Fields) else "Any"
            case ast.Call(func=func):
                return self._of_call(func)
            case ast.ListComp(elt=item):
                inner = self.of(item)
                return f"list[{inner if isinstance(inner, str) else 'Any'}]"
            case ast.BinOp(left=left, op=ast.Add()):
                return self.of(left)
            case ast.Compare():
                return "bool"
        return "Any"

    def _of_call(self, func: ast.expr) -> str | Fields:
        match func:
            case ast.Attribute(value=ast.Name(id=name), attr=part) if name == self._own:
                return self._parts.get(part, "Any")
            case ast.Attribute(value=inner, attr="acall"):
                return self._of_call(inner)
            case ast.Attribute(value=ast.Constant(value=str()), attr="join"):
                return "str"
            case ast.Name(id="str" | "int" | "float" | "bool" as name):
                return name
            case ast.Name(id="len"):
                return "int"
            case ast.Name(id=name):
                return self._parts.get(name, "Any")
        return "Any"


def outputs_of(statements: list[ast.stmt], typing: Typing, imports: Imports) -> dict[str, str]:
    """The outputs of a `forward`, by what it returns.

    Raises:
        CannotMove: it returns something that is no prediction, or one that is not known.
    """
    found: dict[str, str] = {}
    for node in ast.walk(ast.Module(statements, [])):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        for name, kind in _returned(node.value, typing, imports).items():
            if found.get(name, "Any") == "Any":
                found[name] = kind
    if not found:
        raise CannotMove("a `forward` that returns nothing")
    return found


def _returned(value: ast.expr, typing: Typing, imports: Imports) -> Mapping[str, str]:
    if isinstance(value, ast.Call) and imports.of(value.func) == "Prediction":
        found: dict[str, str] = {}
        for each in value.keywords:
            kind = typing.of(each.value)
            if each.arg is not None:
                found[each.arg] = kind if isinstance(kind, str) else "Any"
            elif isinstance(kind, Fields):
                found |= {name: one for name, one in kind.outputs.items() if name not in found}
            else:
                raise CannotMove(f"`Prediction(**{ast.unparse(each.value)})`, whose outputs are not known")
        return found
    fields = typing.of(value)
    if isinstance(fields, Fields):
        return fields.outputs
    raise CannotMove(f"`return {ast.unparse(value)}`, whose outputs are not known")
