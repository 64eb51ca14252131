"""Python's expressions as the language writes them: almost always the same."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from .names import Imports

_GENERICS = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "FrozenSet": "set"}


class CannotMove(Exception):
    """What has no form in the language; the argument says what it is."""


class Rewriter(ast.NodeTransformer):
    """Writes DSPy's names without their module, and what belongs to a module's object without `self`.

    Args:
        imports: what the file imports.
        own: the name of a method's object; None outside of methods.
        attributes: what some attributes of that object are, where they are no parts.
    """

    def __init__(
        self, imports: Imports, own: str | None = None, attributes: Mapping[str, ast.expr] | None = None
    ) -> None:
        self._imports = imports
        self._own = own
        self._attributes = attributes or {}

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`dspy.Predict` is `Predict`, `self.part` is `part`."""
        known = self._imports.of(node)
        if known is not None:
            return ast.Name(known, node.ctx)
        if self._own is not None and isinstance(node.value, ast.Name) and node.value.id == self._own:
            return self._attributes.get(node.attr) or ast.Name(node.attr, node.ctx)
        if isinstance(node.value, ast.Name) and self._imports.is_of_asyncio(node.value.id):
            raise CannotMove(f"`{ast.unparse(node)}`")
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name that was imported from DSPy under another one."""
        if node.id == self._own:
            raise CannotMove(f"`{self._own}` itself")
        if self._imports.is_of_asyncio(node.id):
            raise CannotMove(f"`{node.id}` of asyncio")
        known = self._imports.names.get(node.id)
        return ast.Name(known or node.id, node.ctx)

    def visit_Await(self, node: ast.Await) -> ast.expr:
        """Calls are not awaited in the language; those that can run at once do."""
        if (together := gathered(node)) is not None:
            return ast.List([self.visit(each) for each in together], ast.Load())
        match node.value:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("asyncio"), attr="gather"),
                args=[ast.Starred(value=ast.ListComp() | ast.GeneratorExp() as rows)],
                keywords=[],
            ):
                made: ast.expr = self.visit(ast.ListComp(ast.Await(rows.elt), rows.generators))
                return made
        found: ast.expr = self.visit(node.value)
        if (
            isinstance(found, ast.Call)
            and isinstance(found.func, ast.Attribute)
            and found.func.attr == "acall"
        ):
            found.func = found.func.value
        return found

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A score with words, and a signature with other instructions, have forms of their own."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Call() as inner, attr="with_instructions"), args=[text]
            ):
                if self._imports.of(inner.func) == "Signature" and len(inner.args) == 1:
                    node = ast.Call(inner.func, [*inner.args, text], inner.keywords)
        if self._imports.of(node.func) in ("Signature", "make_signature"):
            # The checker knows the types of the file by their names.
            node.keywords = [each for each in node.keywords if not _names_itself(each)]
        if self._own is None and _is_score(node, self._imports):
            given = {each.arg: each.value for each in node.keywords}
            words = [ast.keyword("feedback", given["feedback"])] if "feedback" in given else []
            node = ast.Call(ast.Name("Score", ast.Load()), [given["score"]], words)
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Bytes have no form."""
        if isinstance(node.value, (bytes, complex)):
            raise CannotMove("bytes" if isinstance(node.value, bytes) else "complex numbers")
        return node


def _names_itself(node: ast.keyword) -> bool:
    """Whether an argument is `custom_types={"Route": Route}`, each type under its own name."""
    match node:
        case ast.keyword(arg="custom_types", value=ast.Dict(keys=keys, values=values)):
            pairs = zip(keys, values, strict=True)
            return all(
                isinstance(key, ast.Constant) and isinstance(each, ast.Name) and key.value == each.id
                for key, each in pairs
            )
    return False


def gathered(node: ast.expr) -> list[ast.expr] | None:
    """What `await asyncio.gather(a, b)` waits for, each awaited; None for anything else."""
    match node:
        case ast.Await(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name("asyncio"), attr="gather"), args=calls, keywords=[]
            )
        ) if not any(isinstance(each, ast.Starred) for each in calls):
            return [ast.Await(each) for each in calls]
    return None


def _is_score(node: ast.AST, imports: Imports) -> bool:
    """Whether a metric gives a prediction with a score, and words about it."""
    if not isinstance(node, ast.Call) or node.args or imports.of(node.func) != "Prediction":
        return False
    names = {each.arg for each in node.keywords}
    return "score" in names and names <= {"score", "feedback"}


def gives_score(node: ast.AST, imports: Imports) -> bool:
    """Whether a function gives a score with words."""
    return any(_is_score(each, imports) for each in ast.walk(node))


def expression(
    node: ast.expr,
    imports: Imports,
    own: str | None = None,
    attributes: Mapping[str, ast.expr] | None = None,
) -> str:
    """An expression as the language writes it; the arguments are those of `Rewriter`.

    Raises:
        CannotMove: it has no form there.
    """
    copied = ast.parse(ast.unparse(node), mode="eval").body
    return ast.unparse(ast.fix_missing_locations(Rewriter(imports, own, attributes).visit(copied)))


def annotation(node: ast.expr | None, imports: Imports) -> str:
    """A type annotation as the language writes it; `str` where there is none."""
    match node:
        case None:
            return "str"
        case ast.Constant(value=str(text)):
            return annotation(ast.parse(text, mode="eval").body, imports)
        case ast.Constant(value=None):
            return "None"
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _GENERICS:
            return _GENERICS[name]
        case ast.Name(id=name):
            return imports.names.get(name, name)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in imports.typing:
            return name
        case ast.Attribute():
            return expression(node, imports)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{annotation(left, imports)} | {annotation(right, imports)}"
        case ast.Subscript(value=value, slice=content):
            return _generic(annotation(value, imports), content, imports)
    raise CannotMove(f"the type `{ast.unparse(node)}`")


def _generic(name: str, content: ast.expr, imports: Imports) -> str:
    parts = content.elts if isinstance(content, ast.Tuple) else [content]
    if name == "Literal":
        return f"Literal[{', '.join(ast.unparse(each) for each in parts)}]"
    if name == "Code":
        return f"Code[{', '.join(ast.unparse(each) for each in parts)}]"
    if name == "Annotated":
        return annotation(parts[0], imports)
    inside = ["..." if _is_dots(each) else annotation(each, imports) for each in parts]
    if name == "Optional":
        return f"{inside[0]} | None"
    if name == "Union":
        return " | ".join(inside)
    return f"{name}[{', '.join(inside)}]"


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def docstring(text: str, indent: str = "    ") -> list[str]:
    """The lines of a docstring with this text."""
    lines = text.splitlines() or [""]
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if escaped[-1].endswith('"'):
        escaped[-1] = escaped[-1][:-1] + '\\"'
    if len(escaped) == 1:
        return [f'{indent}"""{escaped[0]}"""']
    rest = [f"{indent}{line}" if line else "" for line in escaped[1:]]
    return [f'{indent}"""{escaped[0]}', *rest, f'{indent}"""']


def described(text: str | None) -> str:
    """A description behind a field."""
    return "" if not text else " " + string(text)


def string(text: str) -> str:
    """A text as the language quotes it."""
    if "\n" not in text and "\\" not in text and '"' not in text and text.isprintable():
        return f'"{text}"'
    return repr(text)
