"""A Python file as a `.dspy` file, and a Python file with what has no form in the language.

Every statement of the top level is a unit that is written in the language if it can be. Then the checker
looks at the whole, and a unit in which it finds an error stays Python, with what it needs, until there is no
error left.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from ..compiler.analysis import FileAnalysis
from ..compiler.fixing import apply_edits, fix
from ..compiler.suppressing import edits_for, suppress
from ..grammar.formatting.format import format_source
from .arguments import with_defaults
from .built import is_built, restored
from .chained import chained
from .command_line import branches, truth
from .docstrings import with_docstrings
from .expressions import CannotMove
from .fields import Known, of_class
from .inherited import inherited
from .keys import without_keys
from .literals import without_literal_keys
from .marks import Marks
from .methods import with_methods
from .modules import function, module
from .names import Imports, make_relative, read_imports
from .rebound import rebound
from .scopes import defined, used
from .signatures import Moved, enumeration, is_enumeration, is_record, record, signature
from .spread import spread
from .values import Dropped, Values
from .written import Remark, Unit, Written

Check = Callable[[str], FileAnalysis]
"""The analysis of a text, were it the file's."""


_NO_MODEL = "E301"
_ACCEPTED = ("E112", "E208", "E216", _NO_MODEL)
"""What a loop without a round leaves without a value, values that are of another type than a field or a `def`
says, and models that are set elsewhere."""
_INTERFACE = ("W103", "W104", "W113")
"""Parts and inputs that a module does not use: its callers give them, and its saved states have them. Models
that nothing uses: other files do."""

_OTHER_FORMS = {
    "asyncify": "each program has `acall`, and `dspyc serve` serves it",
    "syncify": "each program is called in both ways",
    "streamify": "each program has `stream`, and `dspyc run --stream` shows it",
}
"""What makes a program of another one that can be called otherwise; programs here can."""


class Result(Struct, frozen=True):
    """What became of a Python file."""

    text: str
    """The `.dspy` file."""
    python: str | None
    """The Python file beside it; None where nothing had to stay Python."""
    remarks: tuple[Remark, ...]
    """What stayed Python, was left out, or is otherwise than it was; in the order of the lines."""


def move(text: str, kept_name: str, check: Check, package: tuple[str, ...] = ()) -> Result:
    """Turn a Python file into a `.dspy` file.

    Args:
        text: the Python file; it is read, never run.
        kept_name: the module with what stays Python, as it is imported.
        package: the names of the packages that the file is in, outermost first.
        check: analyses a text in place of the `.dspy` file. It must be able to read the Python module, which
            `move` hands to it by `check.python`, if it has that attribute.

    Raises:
        SyntaxError: the file is not Python.
    """
    tree = ast.parse(text)
    if is_built(text):
        tree = restored(tree)
    for node in ast.walk(tree) if package else ():
        if isinstance(node, ast.ImportFrom):
            make_relative(node, package)
    marks = Marks()
    flat = _flattened(with_docstrings(with_defaults(tree.body, marks)), marks)
    body = rebound(spread(flat, marks), marks)
    imports = read_imports(body)
    body = list(without_keys(chained(body, imports, marks), imports, marks))
    if without_literal_keys(body, marks) and "os" not in imports.others:
        tree.body.append(ast.Import([ast.alias("os")]))
    for node in body:
        if marks.of(node).is_changed:
            marks.of(node).python = ast.unparse(node)
    units = _units(body, imports, marks)
    _keep_rebound(units)
    written = Written(tree, units, imports, marks, text, kept_name)
    # Each round takes at least one unit out of the language, or gives one types, or is the last.
    for _ in range(2 * len(units) + 1):
        written.close()
        found, python = written.text(), written.python()
        tell = getattr(check, "python", None)
        if tell is not None:
            tell(python)
        if written.add_types(found, check(found).diagnostics):
            continue
        fixed = _accepted(_fixed(found, check), check)
        errors = [each for each in check(fixed).diagnostics if each.severity == "error"]
        if not errors:
            break
        if not written.demote(fixed, errors):
            break
    laid_out = format_source(fixed)
    findings = check(laid_out).diagnostics
    if any(each.code == _NO_MODEL for each in check(_fixed(found, check)).diagnostics):
        written.general.append("no model is set here; add `configure(lm=LM(…))`, or pass --lm")
    written.note(laid_out, findings)
    return Result(suppress(laid_out, check).text, python, written.remarks())


def _fixed(text: str, check: Check) -> str:
    """A text without the findings that can be fixed."""
    return fix(text, check, unsafe=True, leave=_INTERFACE).text


def _accepted(text: str, check: Check) -> str:
    """A text with comments for what is no mistake in Python, where fields of type `str` take anything."""
    analysis = check(text)
    found = [each for each in analysis.diagnostics if each.code in _ACCEPTED]
    return apply_edits(text, edits_for(analysis.file, found)) if found else text


def _flattened(body: Iterable[ast.stmt], marks: Marks) -> Iterable[ast.stmt]:
    """The statements, those below `if __name__ == "__main__":` among them, and those of `main()` there."""
    statements = list(body)
    functions = {each.name: each for each in statements if isinstance(each, ast.FunctionDef)}
    names = Counter(name for each in statements for name in defined(each))
    started: set[str] = set()
    for statement in statements:
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            started |= {
                each.value.func.id
                for each in statement.body
                if isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Call)
                and isinstance(each.value.func, ast.Name)
                and _is_script(functions.get(each.value.func.id), marks)
                and not _hides(functions[each.value.func.id], names)
            }
    for statement in statements:
        if isinstance(statement, ast.FunctionDef) and statement.name in started:
            continue
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            for each in branches(statement.body, marks):
                match each:
                    case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in started:
                        for inner in _apart(branches(functions[name].body, marks), marks):
                            marks.of(inner).is_script = True
                            yield _with_made(inner, functions)
                    case _:
                        marks.of(each).is_script = not isinstance(each, (ast.Assign, ast.AnnAssign))
                        yield from (_with_made(one, functions) for one in _apart([each], marks))
        else:
            yield from (_with_made(one, functions) for one in _apart([statement], marks))


def _hides(node: ast.FunctionDef, names: Mapping[str, int]) -> bool:
    """Whether a function binds a name that the file binds, too, so that one would take the other's place."""
    return any(names.get(name) for inner in node.body for name in defined(inner))


def _is_script(node: ast.FunctionDef | None, marks: Marks) -> bool:
    """Whether a function is only a place for statements: without results, loops, and parameters other than
    the options of the command line."""
    if node is None or node.decorator_list:
        return False
    given = [each.arg for each in [*node.args.args, *node.args.kwonlyargs]]
    if given and given != [marks.of(node).runs_with]:
        return False
    others = (ast.Return, ast.For, ast.While, ast.Try, ast.With)
    return not any(
        isinstance(each, others) or (isinstance(each, ast.If) and truth(each.test) is None)
        for each in ast.walk(node)
    )


def _with_made(statement: ast.stmt, functions: dict[str, ast.FunctionDef]) -> ast.stmt:
    """`name = build()` as what `build` returns, where that is all it does."""
    match statement:
        case ast.Assign(value=ast.Call(func=ast.Name(id=name), args=[], keywords=[])) if name in functions:
            made = functions[name]
            body = made.body[1:] if ast.get_docstring(made) is not None else made.body
            if not made.args.args and not made.decorator_list and len(body) == 1:
                match body[0]:
                    case ast.Return(value=ast.Call() as value):
                        statement.value = copy.deepcopy(value)
    return statement


def _apart(body: Iterable[ast.stmt], marks: Marks) -> Iterable[ast.stmt]:
    """The statements: `a, b = x, y` as two where neither needs what the other changes, a lambda as `def`."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function_):
                made = ast.FunctionDef(name, function_.args, [ast.Return(function_.body)], [])
                yield ast.fix_missing_locations(ast.copy_location(made, statement))
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if (
                len(names) == len(values)
                and all(isinstance(each, ast.Name) for each in names)
                and not set(defined(statement)) & used(statement.value)
            ):
                for target, value in zip(names, values, strict=True):
                    alone = ast.copy_location(ast.Assign([target], value), statement)
                    marks.change(alone, *marks.of(statement).told)
                    yield alone
            case _:
                yield statement


def _units(body: list[ast.stmt], imports: Imports, marks: Marks) -> list[Unit]:
    values = Values(Known(imports), taken={name for each in body for name in defined(each)})
    units = []
    modules: dict[str, ast.ClassDef] = {}
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        plain, told = _plain_module(node, body, modules, imports)
        unit = Unit(node, defined(node), used(node) | used(plain))
        unit.dropped = marks.of(node).left_out
        try:
            unit.moved = None if unit.dropped else _moved(plain, values)
        except CannotMove as reason:
            unit.stays = f"{reason} has no form in the language"
        except Dropped as reason:
            unit.dropped = str(reason)
        if unit.moved is not None:
            unit.moved.remarks[:0] = [*marks.of(node).told, *told]
        unit.kind = values.kinds.get(unit.names[0], "") if unit.names else ""
        unit.runs = _runs(node, values)
        units.append(unit)
    return units


def _plain_module(
    node: ast.stmt, body: Iterable[ast.stmt], modules: dict[str, ast.ClassDef], imports: Imports
) -> tuple[ast.stmt, list[str]]:
    """A class of a module with what it inherits from those before it, and without methods of its own.

    And what is to be said of them.
    """
    if not isinstance(node, ast.ClassDef):
        return node, []
    whole = inherited(node, modules)
    if len(whole.bases) != 1 or imports.of(whole.bases[0]) != "Module":
        return node, []
    modules[node.name] = whole
    elsewhere = {
        each.attr
        for other in body
        if other is not node
        for each in ast.walk(other)
        if isinstance(each, ast.Attribute)
        and not (
            isinstance(other, ast.ClassDef) and isinstance(each.value, ast.Name) and each.value.id == "self"
        )
    }
    return with_methods(whole, elsewhere)


def _keep_rebound(units: Iterable[Unit]) -> None:
    """Let what has several values stay Python: the language has one for each name."""
    # What is changed in place is told of when the rest is decided.
    listed = [unit for unit in units if not (unit.dropped or isinstance(unit.node, ast.AugAssign))]
    counts = Counter(name for unit in listed for name in unit.names)
    for unit in listed:
        if many := [name for name in unit.names if counts[name] > 1]:
            unit.stays = unit.stays or f"`{many[0]}` is given several values"


def _runs(node: ast.stmt, values: Values) -> bool:
    """Whether a statement of the top level calls a program, an optimizer or an evaluation."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        match call.func:
            case ast.Attribute(attr="compile" | "acall" | "batch"):
                return True
            case ast.Name(id=name) if values.kinds.get(name) in ("module", "program", "evaluator"):
                return True
    return False


def _moved(node: ast.stmt, values: Values) -> Moved:
    imports = values.known.imports
    match node:
        case ast.ClassDef() if is_enumeration(node):
            return enumeration(node, imports)
        case ast.ClassDef() if is_record(node):
            moved = record(node, imports)
            values.kinds[node.name] = "record"
            return moved
        case ast.ClassDef(bases=[base]):
            return _class(node, imports.of(base) or ast.unparse(base), values)
        case ast.FunctionDef():
            return function(node, imports)
        case ast.Assign(value=ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr="run"))):
            raise Dropped(f"`{ast.unparse(node).splitlines()[0]}`, which runs when the file does")
        case ast.Assign(targets=[ast.Attribute(value=place, attr="experimental")]) if imports.is_module(
            place
        ):
            raise Dropped("a switch for what is experimental in DSPy: nothing here needs it")
        case ast.Assign(value=ast.Call(func=func)) if imports.of(func) in _OTHER_FORMS:
            raise Dropped(f"`{imports.of(func)}(…)`: {_OTHER_FORMS[str(imports.of(func))]}")
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return values.assigned(name, value)
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=value) if values.is_data(value):
            return values.divided([ast.unparse(each) for each in names], value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            return values.assigned(name, value)
        case ast.Expr(value=value):
            return values.done(value)
        case ast.ClassDef() | ast.AsyncFunctionDef():
            raise CannotMove(f"`{ast.unparse(node).splitlines()[0]}`")
        case ast.Assign(targets=[ast.Subscript(value=place)]) if ast.unparse(place) == "os.environ":
            raise Dropped("an environment variable that is set here: set it outside of the program")
        case ast.Assign(targets=[target, *_]) | ast.AugAssign(target=target):
            # What is assigned may be a key, and is not told.
            raise CannotMove(f"an assignment to `{ast.unparse(target)}`")
    if defined(node) and not _runs(node, values):
        # It reads a file, or imports what may not be there.
        raise CannotMove(f"`{ast.unparse(node).splitlines()[0]}`")
    raise Dropped(f"`{ast.unparse(node).splitlines()[0]}`, which runs when the file does")


def _class(node: ast.ClassDef, base: str, values: Values) -> Moved:
    known = values.known
    if base == "Signature" or base in known.signatures:
        fields = of_class(node, known.imports)
        if base in known.signatures:
            above = known.signatures[base]
            fields = type(fields)({**above.inputs, **fields.inputs}, {**above.outputs, **fields.outputs})
        known.signatures[node.name] = fields
        values.kinds[node.name] = "signature"
        return signature(node, known.imports)
    if base == "Module":
        values.kinds[node.name] = "module class"
        moved, fields = module(node, known)
        known.modules[node.name] = fields
        return moved
    if values.kinds.get(base) == "record":
        values.kinds[node.name] = "record"
        return record(node, known.imports)
    if values.kinds.get(base) == "module class":
        values.kinds[node.name] = "module class"
    raise CannotMove(f"a class of `{base}`")
