"""Keys that stand in a program's text, which are copied into no file: they are read from the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ..base.secrets import is_placeholder, is_secret, looks_like_key, redact
from .marks import Marks

_SHORTEST = 8
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_SETS = ("os.environ.setdefault", "os.putenv")


def without_literal_keys(body: Iterable[ast.stmt], marks: Marks) -> bool:
    """Write `os.environ["OPENAI_API_KEY"]` in the place of keys; whether there was one.

    Statements that do nothing but set a key are left out. The marks say from which statements one was taken.
    """
    is_found = False
    for statement in body:
        writer = _Literals()
        kept = writer.visit(statement)
        if not writer.told:
            continue
        is_found = is_found or writer.reads
        if isinstance(kept, ast.Pass):
            marks.of(statement).left_out = writer.told[0]
        else:
            ast.fix_missing_locations(statement)
            marks.change(statement, *writer.told)
    return is_found


class _Literals(ast.NodeTransformer):
    def __init__(self) -> None:
        self.told: list[str] = []
        self._called = ""
        """Whom a call gives its arguments: `openai` in `openai.OpenAI(…)`."""
        self.reads = False
        """Whether the environment is read somewhere."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """An assignment, of a key or of something else."""
        name = _name_of(node.targets[0])
        if _is_key(name, node.value):
            if isinstance(node.targets[0], ast.Subscript):
                return self._left_out(node, is_variable=ast.unparse(node.targets[0].value) == "os.environ")
            if isinstance(node.targets[0], ast.Attribute):
                return self._left_out(node, is_variable=False)
            node.value = self._from_environment(name)
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Another one."""
        name = _name_of(node.target)
        if node.value is not None and _is_key(name, node.value):
            node.value = self._from_environment(name)
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """A call that sets a variable of the environment, a docstring, or something else."""
        match node.value:
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), value]) if ast.unparse(
                func
            ) in _SETS and _is_key(name, value):
                return self._left_out(node, is_variable=True)
            case ast.Constant(value=str(text)) if looks_like_key(text):
                self._tell("a key is left out of a text")
                node.value = ast.Constant(redact(text))
                return node
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """A call, of a client or of something else."""
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        before = self._called
        self._called = root.id.removesuffix("Client").upper() if isinstance(root, ast.Name) else ""
        self.generic_visit(node)
        self._called = before
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        """An argument by its name."""
        if node.arg is not None and _is_key(node.arg, node.value):
            node.value = self._from_environment(f"{self._called}_{node.arg}")
        self.generic_visit(node)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        """Parameters, which may have a key by default."""
        places = [*node.posonlyargs, *node.args]
        for index, (each, default) in enumerate(zip(reversed(places), reversed(node.defaults), strict=False)):
            if _is_key(each.arg, default):
                node.defaults[-1 - index] = self._from_environment(each.arg)
        for index, one in enumerate(node.kwonlyargs):
            value = node.kw_defaults[index]
            if value is not None and _is_key(one.arg, value):
                node.kw_defaults[index] = self._from_environment(one.arg)
        self.generic_visit(node)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        """A dict, of headers or of something else."""
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_key(key.value, value):
                node.values[index] = self._from_environment(key.value)
        self.generic_visit(node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        """A text with values in it, which stays one."""
        for each in node.values:
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and looks_like_key(each.value):
                self._tell("a key is left out of a text")
                each.value = redact(each.value)
            elif not isinstance(each, ast.Constant):
                self.visit(each)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A text that is a key by its shape, or has one in it."""
        if not isinstance(node.value, str) or not looks_like_key(node.value):
            return node
        if " " not in node.value.strip() and "://" not in node.value:
            return self._from_environment(f"{self._called}_api_key")
        self._tell("a key is left out of a text")
        return ast.copy_location(ast.Constant(redact(node.value)), node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.MatchValue:
        """A pattern, in which only constants may stand."""
        return node

    def _from_environment(self, name: str) -> ast.expr:
        name = re.sub(r"\W+|(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").upper()
        self._tell(f"a key is not copied: `{name}` is read from the environment")
        self.reads = True
        place = ast.Attribute(ast.Name("os", ast.Load()), "environ", ast.Load())
        return ast.Subscript(place, ast.Constant(name), ast.Load())

    def _left_out(self, node: ast.stmt, *, is_variable: bool) -> ast.stmt:
        what = "an environment variable" if is_variable else "a key"
        self._tell(f"{what} that is set here: set it outside of the program")
        return ast.copy_location(ast.Pass(), node)

    def _tell(self, said: str) -> None:
        if said not in self.told:
            self.told.append(said)


def _name_of(target: ast.expr) -> str:
    match target:
        case (
            ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name)))
        ):
            return name
    return ""


def _is_key(name: str, value: ast.expr) -> bool:
    """Whether a value is a key by its name or its shape."""
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return False
    text = value.value
    if _VARIABLE.fullmatch(text) is not None and is_secret(text):
        return False  # what the variable of the environment is called
    return is_secret(name) and not is_placeholder(text) and len(text) >= _SHORTEST and " " not in text.strip()
