"""A Python file as a `.dspy` file, and a Python file with what has no form in the language.

Every statement of the top level is a unit that is written in the language if it can be. Then the checker
looks at the whole, and a unit in which it finds an error stays Python, with what it needs, until there is no
error left.
"""

from __future__ import annotations

import ast
import copy
import re
import symtable
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from ..compiler.analysis import FileAnalysis
from ..compiler.fixing import apply_edits, fix
from ..compiler.suppressing import edits_for, suppress
from ..grammar.formatting.format import format_source
from .built import is_built, restored
from .expressions import CannotMove, docstring
from .fields import Known, of_class
from .modules import function, module, with_any
from .names import Imports, is_of_types, read_imports
from .signatures import Moved, enumeration, is_enumeration, is_record, record, signature
from .spread import spread
from .values import Dropped, Values

Check = Callable[[str], FileAnalysis]
"""The analysis of a text, were it the file's."""


_LIKE_A_HEAD = re.compile(r"(?:from|import)\b|[^\W\d]\w*\s*[^\W\d]*\w*\s*[=:(]")
_NO_MODEL = "E301"
_NO_TYPE = "E229"
_ASKING = frozenset({"lm", "module", "module class", "program", "evaluator"})
_ACCEPTED = ("E208", "E216", _NO_MODEL)
"""Values that are of another type than a field or a `def` says, and models that are set elsewhere."""


class Remark(Struct, frozen=True):
    """Something that a person should look at."""

    line: int
    """In the Python file, from 1."""
    message: str


class Result(Struct, frozen=True):
    """What became of a Python file."""

    text: str
    """The `.dspy` file."""
    python: str | None
    """The Python file beside it; None where nothing had to stay Python."""
    remarks: tuple[Remark, ...]
    """What stayed Python, was left out, or is otherwise than it was; in the order of the lines."""


class _Unit(Struct, eq=False):
    """A statement of the top level."""

    node: ast.stmt
    names: list[str]
    """What it defines."""
    uses: set[str]
    moved: Moved | None = None
    stays: str = ""
    """Why it stays Python."""
    dropped: str = ""
    """Why it is left out."""
    is_typed: bool = False
    """Whether `Any` was written where it says no type."""
    kind: str = ""
    """What it declares; empty where that is nothing of the language."""
    runs: bool = False
    """Whether it asks a model, or optimizes, when it is run."""


def move(text: str, kept_name: str, check: Check) -> Result:
    """Turn a Python file into a `.dspy` file.

    Args:
        text: the Python file; it is read, never run.
        kept_name: the name of the Python module with what stays Python.
        check: analyses a text in place of the `.dspy` file. It must be able to read the Python module, which
            `move` hands to it by `check.python`, if it has that attribute.

    Raises:
        SyntaxError: the file is not Python.
    """
    tree = ast.parse(text)
    if is_built(text):
        tree = restored(tree)
    body = list(spread(_flattened(tree.body)))
    imports = read_imports(body)
    units = _units(body, imports)
    written = _Written(tree, units, imports, text, kept_name)
    # Each round takes at least one unit out of the language, or gives one types, or is the last.
    for _ in range(2 * len(units) + 1):
        written.close()
        found, python = written.text(), written.python()
        tell = getattr(check, "python", None)
        if tell is not None:
            tell(python)
        if written.add_types(found, check(found).diagnostics):
            continue
        fixed = _accepted(fix(found, check, unsafe=True).text, check)
        errors = [each for each in check(fixed).diagnostics if each.severity == "error"]
        if not errors:
            break
        if not written.demote(fixed, errors):
            break
    laid_out = format_source(fixed)
    findings = check(laid_out).diagnostics
    if any(each.code == _NO_MODEL for each in check(fix(found, check, unsafe=True).text).diagnostics):
        written.general.append("no model is set here; add `configure(lm=LM(…))`, or pass --lm")
    written.note(laid_out, findings)
    return Result(suppress(laid_out, check).text, python, written.remarks())


def _accepted(text: str, check: Check) -> str:
    """A text with comments for what is no mistake in Python, where fields of type `str` take anything."""
    analysis = check(text)
    found = [each for each in analysis.diagnostics if each.code in _ACCEPTED]
    return apply_edits(text, edits_for(analysis.file, found)) if found else text


def _flattened(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """The statements, those below `if __name__ == "__main__":` among them, and those of `main()` there."""
    statements = list(body)
    functions = {each.name: each for each in statements if isinstance(each, ast.FunctionDef)}
    names = Counter(name for each in statements for name in _defined(each))
    started: set[str] = set()
    for statement in statements:
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            started |= {
                each.value.func.id
                for each in statement.body
                if isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Call)
                and isinstance(each.value.func, ast.Name)
                and _is_script(functions.get(each.value.func.id))
                and not _hides(functions[each.value.func.id], names)
            }
    for statement in statements:
        if isinstance(statement, ast.FunctionDef) and statement.name in started:
            continue
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            for each in statement.body:
                match each:
                    case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in started:
                        for inner in _apart(functions[name].body):
                            inner.is_script = True  # type: ignore[attr-defined]
                            yield _with_made(inner, functions)
                    case _:
                        each.is_script = not isinstance(each, (ast.Assign, ast.AnnAssign))  # type: ignore[attr-defined]
                        yield from (_with_made(one, functions) for one in _apart([each]))
        else:
            yield from (_with_made(one, functions) for one in _apart([statement]))


def _hides(node: ast.FunctionDef, names: Mapping[str, int]) -> bool:
    """Whether a function binds a name that the file binds, too, so that one would take the other's place."""
    return any(names.get(name) for inner in node.body for name in _defined(inner))


def _is_script(node: ast.FunctionDef | None) -> bool:
    """Whether a function is only a place for statements: without parameters, results and loops."""
    if node is None or node.args.args or node.args.kwonlyargs or node.decorator_list:
        return False
    others = (ast.Return, ast.For, ast.While, ast.If, ast.Try, ast.With)
    return not any(isinstance(each, others) for each in ast.walk(node))


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


def _apart(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """The statements: `a, b = x, y` as two where neither needs what the other changes, a lambda as `def`."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function_):
                made = ast.FunctionDef(name, function_.args, [ast.Return(function_.body)], [])
                yield ast.fix_missing_locations(ast.copy_location(made, statement))
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if (
                len(names) == len(values)
                and all(isinstance(each, ast.Name) for each in names)
                and not set(_defined(statement)) & _used(statement.value)
            ):
                for name, value in zip(names, values, strict=True):
                    yield ast.copy_location(ast.Assign([name], value), statement)
            case _:
                yield statement


def _units(body: list[ast.stmt], imports: Imports) -> list[_Unit]:
    values = Values(Known(imports), taken={name for each in body for name in _defined(each)})
    units = []
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        unit = _Unit(node, _defined(node), _used(node))
        try:
            unit.moved = _moved(node, values)
        except CannotMove as reason:
            unit.stays = f"{reason} has no form in the language"
        except Dropped as reason:
            unit.dropped = str(reason)
        unit.kind = values.kinds.get(unit.names[0], "") if unit.names else ""
        unit.runs = _runs(node, values)
        units.append(unit)
    return units


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
    if _defined(node) and not _runs(node, values):
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
    raise CannotMove(f"a class of `{base}`")


def _defined(node: ast.stmt) -> list[str]:
    """The names that a statement of the top level gives a value."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Import() | ast.ImportFrom():
            return [one.asname or one.name.partition(".")[0] for one in node.names]
        case ast.Try() | ast.If() | ast.With() | ast.For() | ast.While():
            inner = [each for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node]
            found = [*_stored(node), *_filled(node), *(name for each in inner for name in _defined(each))]
            return list(dict.fromkeys(found))
    return _stored(node) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) else []


def _globals(node: ast.AST) -> Iterator[symtable.Symbol]:
    """The names of the file in a piece of it, other than those of its functions and comprehensions."""
    tables = [symtable.symtable(ast.unparse(node), "", "exec")]
    yield from tables[0].get_symbols()
    while tables:
        inner = tables.pop().get_children()
        tables += inner
        yield from (each for one in inner for each in one.get_symbols() if each.is_global())


def _filled(node: ast.AST) -> list[str]:
    """The lists and dicts that a statement puts something into."""
    found = []
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "update")):
                found.append(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found.append(name)
    return found


def _stored(node: ast.AST) -> list[str]:
    bound = {each.get_name() for each in _globals(node) if each.is_assigned()}
    return [
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each.id in bound
    ]


def _used(node: ast.AST) -> set[str]:
    return {each.get_name() for each in _globals(node) if each.is_referenced()}


class _Written:
    """The two files, as far as they are decided."""

    def __init__(
        self, tree: ast.Module, units: list[_Unit], imports: Imports, text: str, kept_name: str
    ) -> None:
        self._tree = tree
        self._units = units
        self._imports = imports
        self._text = text
        self._kept_name = kept_name
        self.general: list[str] = []
        """What is to be said of the whole file."""
        self._by_name = {name: unit for unit in units for name in unit.names}

    def close(self) -> None:
        """Decide what follows from what is decided.

        What stays Python has what it needs, which stays, too. What needs something that is left out is left
        out. Nothing that runs a program stays, where an import would run it.
        """
        while True:
            # What uses others stands below them, and keeps them from being left out while it is there.
            while sum(self._leave_out(unit) for unit in reversed(self._units)):
                pass
            if not sum(self._keep_needed(unit) for unit in self._units):
                return

    def _needed(self, unit: _Unit) -> dict[str, _Unit]:
        """What a unit uses of the file, by its names."""
        found = {name: self._by_name[name] for name in unit.uses if name in self._by_name}
        return {name: one for name, one in found.items() if one is not unit}

    def _leave_out(self, unit: _Unit) -> bool:
        """Whether a unit had to be left out."""
        if unit.dropped:
            return False
        missing = next((name for name, one in self._needed(unit).items() if one.dropped), None)
        if missing is not None:
            unit.dropped, unit.stays = f"it uses `{missing}`, which is left out", ""
            return True
        if not unit.stays:
            if unit.kind != "constant" or not self._calls_driver(unit):
                return False
            unit.dropped = f"`{ast.unparse(unit.node).splitlines()[0]}`, which runs when the file does"
            return True
        if getattr(unit.node, "is_script", False):
            unit.dropped, unit.stays = f"it runs when the file does, and {unit.stays}", ""
            return True
        is_class = isinstance(unit.node, ast.ClassDef)
        is_function = isinstance(unit.node, (ast.FunctionDef, ast.AsyncFunctionDef))
        runs = unit.runs or not (
            is_class or is_function or self._is_used(unit) or not self._asks(unit, set())
        )
        if runs or (is_function and not self._is_used(unit)):
            why = "it would run when it is imported" if runs else "nothing else uses it"
            unit.dropped, unit.stays = f"{why}, and {unit.stays}", ""
            return True
        return False

    def _calls_driver(self, unit: _Unit) -> bool:
        """Whether a constant is what a function gives that stays Python and runs programs."""
        called = {
            each.func.id
            for each in ast.walk(unit.node)
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        found = [one for name, one in self._needed(unit).items() if name in called and one.stays]
        return any(self._asks(one, set()) for one in found)

    def _asks(self, unit: _Unit, seen: set[int]) -> bool:
        """Whether a unit, or something that it uses, is a model, a module or a program."""
        if unit.kind in _ASKING:
            return True
        seen.add(id(unit))
        return any(self._asks(one, seen) for one in self._needed(unit).values() if id(one) not in seen)

    def _keep_needed(self, unit: _Unit) -> bool:
        """Whether something had to stay Python because of a unit that does."""
        changed = False
        for name, one in self._needed(unit).items() if unit.stays else ():
            if not one.stays:
                one.stays = (
                    f"`{unit.names[0] if unit.names else 'a statement'}`, which stays Python, uses `{name}`"
                )
                changed = True
        return changed

    def _is_used(self, unit: _Unit) -> bool:
        """Whether something that is not left out uses what a unit defines."""
        names = set(unit.names)
        return any(
            not names.isdisjoint(one.uses) for one in self._units if one is not unit and not one.dropped
        )

    def _in_language(self) -> list[_Unit]:
        return [
            unit
            for unit in self._units
            if unit.moved is not None and unit.moved.lines and not unit.stays and not unit.dropped
        ]

    def text(self) -> str:
        """The `.dspy` file."""
        units = self._in_language()
        used = set().union(*(_names_in(unit.moved.text) for unit in units if unit.moved is not None))
        lines: list[str] = []
        text = ast.get_docstring(self._tree)
        if text is not None:
            # In the first column, what looks like a declaration is one, also in a string.
            is_plain = not any(_LIKE_A_HEAD.match(line) for line in text.splitlines()[1:])
            lines += docstring(text, "") if is_plain else [f"# {line}".rstrip() for line in text.splitlines()]
            lines.append("")
        outer = {name: source for name, source in self._imports.others.items() if name in used}
        lines += sorted({source for source in outer.values() if not is_of_types(source)})
        own = sorted(name for unit in self._units if unit.stays for name in unit.names if name in used)
        if own:
            lines.append(f"from {self._kept_name} import {', '.join(own)}")
        for unit in units:
            assert unit.moved is not None
            if lines:
                lines.append("")
            lines += unit.moved.text.splitlines()
        return "\n".join(lines) + "\n"

    def python(self) -> str | None:
        """The Python file."""
        units = [unit for unit in self._units if unit.stays]
        if not units:
            return None
        imported = [node for node in self._tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        used = set().union(*(_used(unit.node) | _strings(unit.node) for unit in units))
        head = [line for node in imported if (line := _import(node, used)) is not None]
        first = '"""What of this program is Python."""\n\n'
        pieces = [self._source(unit.node) for unit in units]
        return first + "\n".join(head) + "\n\n\n" + "\n\n\n".join(pieces) + "\n"

    def _source(self, node: ast.stmt) -> str:
        """A statement as the file has it, or as it was changed."""
        if getattr(node, "is_changed", False):
            return ast.unparse(node)
        return ast.get_source_segment(self._text, _with_decorators(node)) or ""

    def note(self, text: str, findings: Iterable[Diagnostic]) -> None:
        """Note what the checker finds in what has become a declaration, and what is suppressed there."""
        lines = text.splitlines()
        for each in findings:
            unit = self._unit_at(lines, text[: each.span.start].count("\n"))
            if unit is None or unit.moved is None or each.severity == "info":
                continue
            unit.moved.remarks.append(f"the checker says: {each.message} (suppressed)")

    def _unit_at(self, lines: list[str], line: int) -> _Unit | None:
        head = _key(_head_of(lines, line))
        for unit in self._in_language():
            assert unit.moved is not None
            if any(_key(each) == head for each in unit.moved.lines if each and not each.startswith(" ")):
                return unit
        return None

    def demote(self, fixed: str, errors: Iterable[Diagnostic]) -> bool:
        """Let the units in which there are errors stay Python; whether there is one."""
        lines = fixed.splitlines()
        found = False
        for error in errors:
            unit = self._unit_at(lines, fixed[: error.span.start].count("\n"))
            if unit is not None:
                unit.stays = f"the checker says: {error.message}"
                found = True
        return found

    def add_types(self, text: str, findings: Iterable[Diagnostic]) -> bool:
        """Write `Any` into functions without types of which only metrics need none; whether there is one."""
        lines = text.splitlines()
        found = False
        for each in findings:
            unit = (
                self._unit_at(lines, text[: each.span.start].count("\n")) if each.code == _NO_TYPE else None
            )
            if unit is not None and isinstance(unit.node, ast.FunctionDef) and not unit.is_typed:
                unit.is_typed = found = True
                unit.moved = function(with_any(unit.node), self._imports)
        return found

    def remarks(self) -> tuple[Remark, ...]:
        """What a person should look at, in the order of the lines."""
        found = [Remark(1, each) for each in self.general]
        for unit in self._units:
            line, what = unit.node.lineno, ", ".join(f"`{name}`" for name in unit.names)
            if unit.stays:
                found.append(Remark(line, f"{what or 'this'} stays Python: {unit.stays}"))
            elif unit.dropped:
                found.append(Remark(line, f"left out: {unit.dropped}"))
            elif unit.moved is not None:
                found += [Remark(line, each) for each in unit.moved.remarks]
        return tuple(found)


def _head_of(lines: list[str], line: int) -> str:
    """The first line of the declaration in which a line stands."""
    while line > 0 and (not lines[line] or lines[line][0] in " )]}#"):
        line -= 1
    return lines[line]


def _key(head: str) -> str:
    """What tells the head of one declaration from that of another, whatever its layout."""
    return " ".join(re.split(r"[^\w]+", head)[:2])


def _names_in(text: str) -> set[str]:
    """The identifiers of a text; more than there are is no harm."""
    return set(re.findall(r"[^\W\d]\w*", text))


def _strings(node: ast.AST) -> set[str]:
    """The words of annotations that are written as strings."""
    return {
        word
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
        for word in _names_in(each.value[:200])
    }


def _with_decorators(node: ast.stmt) -> ast.stmt:
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        node.lineno, node.col_offset = decorators[0].lineno, decorators[0].col_offset - 1
    return node


def _import(node: ast.Import | ast.ImportFrom, used: set[str]) -> str | None:
    """An import of what is used, of this runtime where it was one of DSPy."""
    names = [
        one for one in node.names if (one.asname or one.name.partition(".")[0]) in used or one.name == "*"
    ]
    if isinstance(node, ast.ImportFrom):
        if node.module == "__future__":
            return ast.unparse(node)
        if not names:
            return None
        source = node.module or ""
        if source.partition(".")[0] == "dspy":
            source = "dspyc.runtime" + source[4:]
        return ast.unparse(ast.ImportFrom(source, names, node.level))
    if not names:
        return None
    lines = []
    for one in names:
        if one.name.partition(".")[0] == "dspy":
            lines.append(f"import dspyc.runtime as {one.asname or 'dspy'}")
        else:
            lines.append(ast.unparse(ast.Import([one])))
    return "\n".join(lines)
