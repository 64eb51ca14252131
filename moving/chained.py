"""Signatures that are made of others by methods, or of a dict, as classes that say all their fields.

`Base.append("note", dspy.OutputField(), str)` gives a class with the fields of `Base` and that one, which is
put above the statement where it stands. Only what can be told from the text alone is changed.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from .choices import Choices
from .fields import of_string
from .marks import Marks
from .names import Imports
from .scopes import bound_by, defined, used

_METHODS = frozenset({"append", "prepend", "insert", "delete", "with_instructions", "with_updated_fields"})


class _Field(Struct, frozen=True):
    name: str
    is_input: bool
    kind: ast.expr | None
    made: ast.Call


class _Shape(Struct, frozen=True):
    """What is known of a signature."""

    words: str
    """Its instructions."""
    fields: tuple[_Field, ...]
    """The inputs before the outputs."""


def chained(body: Iterable[ast.stmt], imports: Imports, marks: Marks) -> Iterator[ast.stmt]:
    """The statements of a file, with classes for signatures that are made of others.

    The marks say which of them are changed.
    """
    statements = list(body)
    known = _Known(statements, imports, marks)
    before = _uses(statements)
    found = [each for statement in statements for each in known.rewritten(statement)]
    for made in set(found) - set(statements):
        marks.change(made)
    after = _uses(found)
    # What only signatures were made of stands in them now.
    gone = {name for name in known.values if before[name] and not after[name]}
    for each in found:
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in gone and any(
                isinstance(node, ast.Call) for node in ast.walk(value)
            ):
                continue
        yield each


def _uses(statements: Iterable[ast.stmt]) -> Counter[str]:
    return Counter(name for each in statements for name in used(each))


class _Known:
    """The signatures, and the constants that they are made of, of the statements so far."""

    def __init__(self, statements: list[ast.stmt], imports: Imports, marks: Marks) -> None:
        self._marks = marks
        nodes = [node for statement in statements for node in ast.walk(statement)]
        self.bound = Counter(name for node in nodes for name in bound_by(node))
        self._top = {name for each in statements for name in defined(each)}
        self._set = {
            node.value.id
            for node in nodes
            if isinstance(node, ast.Attribute)
            and not isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
        }
        self.imports = imports
        self.shapes: dict[str, _Shape] = {}
        self.values: dict[str, ast.expr] = {}
        self._changed = _changed_in_place(nodes)

    def rewritten(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        """The classes that a statement needs, and the statement."""
        choices = Choices(self.values)
        statement = choices.visit(statement)
        if choices.has_changed:
            self._marks.change(statement)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if self.bound[name] == 1:
                shape = self.shape_of(value)
                if shape is not None and name not in self._set:
                    self.shapes[name] = shape
                    yield statement if _is_plain(value) else _class(name, shape, statement)
                    return
                if name not in self._changed:
                    self.values[name] = value
            case ast.ClassDef(name=name) if self.bound[name] == 1:
                shape = self._of_class(statement)
                if shape is not None and name not in self._set:
                    self.shapes[name] = shape
                    yield statement
                    return
        writer = _Hoisted(self, statement)
        changed = writer.visit(statement)
        yield from writer.made
        if writer.made:
            self._marks.change(changed)
        yield changed

    def new_name(self, wanted: str) -> str:
        """A name that nothing in the file has."""
        name, number = wanted, 2
        while self.bound[name]:
            name, number = f"{wanted}{number}", number + 1
        self.bound[name] += 1
        return name

    def shape_of(self, node: ast.expr) -> _Shape | None:
        """The signature that an expression makes; None where that cannot be told."""
        match node:
            case ast.Name(id=name):
                return self.shapes.get(name)
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _METHODS:
                before = self.shape_of(inner)
                return None if before is None else self._after(before, method, node)
            case ast.Call(func=func, args=[fields, *rest]) if self.imports.of(func) == "Signature":
                if not self._is_of_file(node):
                    return None
                given = {each.arg: each.value for each in node.keywords}
                words = rest[0] if rest else given.pop("instructions", None)
                if given or len(rest) > 1:
                    return None
                return self._made(fields, words)
        return None

    def value_of(self, node: ast.expr | None) -> ast.expr | None:
        """A constant by its name, or the expression itself."""
        if isinstance(node, ast.Name) and node.id in self.values and self.bound[node.id] == 1:
            return self.values[node.id]
        return node

    def _text(self, node: ast.expr | None) -> str | None:
        match self.value_of(node):
            case ast.Constant(value=str(text)):
                return text
        return None

    def _made(self, fields: ast.expr, words: ast.expr | None) -> _Shape | None:
        said = self._text(words)
        if words is not None and said is None:
            return None
        found = self._of_dict(fields) if said is None or not self._text(fields) else None
        if found is None:
            found = self._of_text(fields)
        if found is None:
            return None
        return _Shape(said if said is not None else _told(found), found)

    def _of_text(self, node: ast.expr) -> tuple[_Field, ...] | None:
        text = self._text(node)
        sides = of_string(text) if text is not None else None
        if sides is None:
            return None
        try:
            return tuple(
                _Field(
                    name,
                    is_input,
                    ast.parse(kind, mode="eval").body,
                    self._field_call(is_input=is_input),
                )
                for side, is_input in ((sides.inputs, True), (sides.outputs, False))
                for name, kind in side.items()
            )
        except SyntaxError:
            return None

    def _field_call(self, *, is_input: bool) -> ast.Call:
        name = "InputField" if is_input else "OutputField"
        alone = next((own for own, meant in self.imports.names.items() if meant == name), None)
        if alone is not None:
            return ast.Call(ast.Name(alone, ast.Load()), [], [])
        module = next(iter(self.imports.modules), "dspy")
        return ast.Call(ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load()), [], [])

    def _of_dict(self, node: ast.expr) -> tuple[_Field, ...] | None:
        node = self.value_of(node) or node
        if not isinstance(node, ast.Dict):
            return None
        found: list[_Field] = []
        for key, value in zip(node.keys, node.values, strict=True):
            match value:
                case ast.Tuple(elts=[kind, made]):
                    field = self._field(key, made, kind)
                case _:
                    field = self._field(key, value, None)
            if field is None:
                return None
            found.append(field)
        return _in_order(found)

    def _of_class(self, node: ast.ClassDef) -> _Shape | None:
        if len(node.bases) != 1 or node.keywords or node.decorator_list:
            return None
        before = _Shape("", ())
        if self.imports.of(node.bases[0]) != "Signature":
            inner = self.shape_of(node.bases[0])
            if inner is None:
                return None
            before = inner
        fields = {each.name: each for each in before.fields}
        for statement in node.body:
            match statement:
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    continue
                case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.Call() as made):
                    field = self._field(ast.Constant(name), made, kind)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made):
                    field = self._field(ast.Constant(name), made, None)
                case _:
                    return None
            if field is None:
                return None
            fields[field.name] = field
        ordered = _in_order(fields.values())
        words = ast.get_docstring(node)
        return _Shape(words or before.words or _told(ordered), ordered)

    def _field(self, key: ast.expr | None, made: ast.expr, kind: ast.expr | None) -> _Field | None:
        name = self._text(key)
        of = self.imports.of(made.func) if isinstance(made, ast.Call) else None
        if name is None or not isinstance(made, ast.Call) or of not in ("InputField", "OutputField"):
            return None
        return _Field(name, of == "InputField", kind, made)

    def _after(self, before: _Shape, method: str, call: ast.Call) -> _Shape | None:
        """A signature after one of its methods."""
        if not self._is_of_file(call):
            return None
        given = {each.arg: each.value for each in call.keywords}
        if None in given or any(isinstance(each, ast.Starred) for each in call.args):
            return None
        if method == "with_instructions":
            words = self._text(call.args[0] if call.args else given.get("instructions"))
            return None if words is None else _Shape(words, before.fields)
        names = ["name", "type_"] if method == "with_updated_fields" else ["name", "field", "type_"]
        if method == "insert":
            names.insert(0, "index")
        given |= dict(zip(names, call.args, strict=False))
        name = self._text(given.pop("name", None))
        if name is None:
            return None
        if method == "delete":
            kept = tuple(each for each in before.fields if each.name != name)
            return None if given else _Shape(before.words, kept)
        if method == "with_updated_fields":
            return self._updated(before, name, given)
        return self._inserted(before, name, method, given)

    def _updated(self, before: _Shape, name: str, given: Mapping[str | None, ast.expr]) -> _Shape | None:
        if set(given) - {"type_", "desc"} or name not in {each.name for each in before.fields}:
            return None
        fields = []
        for each in before.fields:
            if each.name == name:
                made = copy.deepcopy(each.made)
                if "desc" in given:
                    others = [one for one in made.keywords if one.arg != "desc"]
                    made.keywords = [*others, ast.keyword("desc", given["desc"])]
                each = _Field(name, each.is_input, given.get("type_", each.kind), made)
            fields.append(each)
        return _Shape(before.words, tuple(fields))

    def _inserted(
        self, before: _Shape, name: str, method: str, given: dict[str | None, ast.expr]
    ) -> _Shape | None:
        index = {"append": -1, "prepend": 0}.get(method)
        if index is None:
            try:
                index = int(ast.literal_eval(given.pop("index")))
            except (KeyError, ValueError, TypeError):
                return None
        made = given.pop("field", None)
        field = None if made is None else self._field(ast.Constant(name), made, given.pop("type_", None))
        if field is None or given or name in {each.name for each in before.fields}:
            return None
        side = [each for each in before.fields if each.is_input == field.is_input]
        side.insert(index + len(side) + 1 if index < 0 else index, field)
        other = [each for each in before.fields if each.is_input != field.is_input]
        return _Shape(before.words, _in_order([*other, *side]))

    def _is_of_file(self, call: ast.Call) -> bool:
        """Whether the arguments of a call use nothing but what the file binds once, and Python's own."""
        names = {name for each in [*call.args, *call.keywords] for name in used(each)}
        return all(not self.bound[name] or (self.bound[name] == 1 and name in self._top) for name in names)


class _Hoisted(ast.NodeTransformer):
    """Puts names of classes in the places of signatures that are made there."""

    def __init__(self, known: _Known, place: ast.stmt) -> None:
        self._known = known
        self._place = place
        self._attribute = ""
        self.made: list[ast.stmt] = []

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """What is assigned gives the signature a name."""
        match node.targets:
            case [ast.Attribute(attr=name)] | [ast.Name(id=name)]:
                self._attribute = name
        self.generic_visit(node)
        self._attribute = ""
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call that makes a signature of another one, or of a dict."""
        if _is_plain(node) or (shape := self._known.shape_of(node)) is None:
            self.generic_visit(node)
            return node
        words = [word for word in self._attribute.split("_") if word]
        name = self._known.new_name("".join(each[:1].upper() + each[1:] for each in words) + "Signature")
        self.made.append(_class(name, shape, self._place))
        return ast.copy_location(ast.Name(name, ast.Load()), node)


def _is_plain(node: ast.expr) -> bool:
    """Whether a call is none of those that are written otherwise: a signature of a text alone has a form."""
    match node:
        case ast.Call(func=ast.Attribute(attr="with_instructions", value=ast.Call(args=[ast.Constant()]))):
            return True
        case ast.Call(func=ast.Attribute(attr=method)) if method in _METHODS:
            return False
        case ast.Call(args=[ast.Constant(), *_]):
            return True
        case ast.Call(args=[_, *_]):
            return False
    return True


def _class(name: str, shape: _Shape, place: ast.stmt) -> ast.ClassDef:
    """A class with these fields."""
    made = [each.made.func for each in shape.fields]
    lines: list[ast.stmt] = [ast.Expr(ast.Constant(shape.words))]
    lines += [
        ast.AnnAssign(
            ast.Name(each.name, ast.Store()), each.kind or ast.Name("str", ast.Load()), each.made, 1
        )
        for each in shape.fields
    ]
    function = made[0] if made else ast.Name("dspy", ast.Load())
    base = (
        ast.Attribute(function.value, "Signature", ast.Load())
        if isinstance(function, ast.Attribute)
        else ast.Name("Signature", ast.Load())
    )
    node = ast.ClassDef(name, [base], [], copy.deepcopy(lines), [])
    for each in ast.walk(node):
        ast.copy_location(each, place)
    return ast.fix_missing_locations(node)


def _in_order(fields: Iterable[_Field]) -> tuple[_Field, ...]:
    """The inputs before the outputs."""
    return tuple(sorted(fields, key=lambda each: not each.is_input))


def _told(fields: Iterable[_Field]) -> str:
    """What a signature without instructions says."""
    listed = list(fields)
    inputs = ", ".join(f"`{each.name}`" for each in listed if each.is_input)
    outputs = ", ".join(f"`{each.name}`" for each in listed if not each.is_input)
    return f"Given the fields {inputs}, produce the fields {outputs}."


def _changed_in_place(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of what a method or an index changes."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                found.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                found.add(name)
    return found
