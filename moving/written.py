"""The two files that a Python file becomes, and what each of its statements has to do with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from .expressions import docstring
from .late import LOAD, loaders, reads
from .marks import Marks
from .modules import function, with_any
from .names import Imports, is_of_types
from .scopes import bound_by, used
from .signatures import Moved

_LIKE_A_HEAD = re.compile(r"(?:from|import)\b|[^\W\d]\w*\s*[^\W\d]*\w*\s*[=:(]")
_NO_TYPE = "E229"
_FILL = frozenset({"append", "extend", "insert", "update", "pop", "remove", "sort", "reverse"})
_ASKING = frozenset({"lm", "module", "module class", "program", "evaluator"})


class Remark(Struct, frozen=True):
    """Something that a person should look at."""

    line: int
    """In the Python file, from 1."""
    message: str


class Unit(Struct, eq=False):
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
    is_read: bool = False
    """Whether it is made of what functions give that stay Python, such as rows."""
    may_wait: bool = True
    """Whether it may be run when its results are needed, if it reads rows."""


class Written:
    """The two files, as far as they are decided."""

    def __init__(
        self,
        tree: ast.Module,
        units: list[Unit],
        imports: Imports,
        marks: Marks,
        text: str,
        kept_name: str,
    ) -> None:
        self._marks = marks
        self._tree = tree
        self._units = units
        self._imports = imports
        self._text = text
        self._kept_name = kept_name
        self.general: list[str] = []
        """What is to be said of the whole file."""
        self._options: list[Unit] = []
        """What was kept since it adds options to a parser."""
        self._by_name = {name: unit for unit in units for name in unit.names}
        self._taken = {name for node in ast.walk(tree) for name in bound_by(node)}

    def close(self) -> None:
        """Decide what follows from what is decided.

        What stays Python has what it needs, which stays, too. What needs something that is left out is left
        out. Nothing that runs a program stays, where an import would run it.
        """
        while True:
            for unit in self._units:
                self._keep_shuffled(unit)
                self._keep_filled(unit)
            # What uses others stands below them, and keeps them from being left out while it is there.
            while sum(self._leave_out(unit) for unit in reversed(self._units)):
                pass
            if sum(self._keep_needed(unit) for unit in self._units):
                continue
            rows = self.rows()
            if sum(self._let_run(unit) for unit in self._units if unit not in rows):
                continue
            if sum(self._keep_option(unit) for unit in self._units):
                continue
            if not sum(self._leave_unused_out(unit) for unit in self._units):
                return

    def _keep_option(self, unit: Unit) -> bool:
        """Let what a parser of a command line knows stay with the parser; whether it has to."""
        match unit.node:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="add_argument" | "set_defaults")
                )
            ) if unit.dropped and (one := self._by_name.get(name)) is not None and one.stays:
                # Once: what it needs may be left out.
                if unit not in self._options:
                    self._options.append(unit)
                    unit.stays, unit.dropped = f"it changes `{name}`, which stays Python", ""
                    unit.is_read = one.is_read or reads(one.node)
                    return True
        return False

    def _let_run(self, unit: Unit) -> bool:
        """Whether a statement of a script would have to run when the program is loaded, which it may not."""
        late = bool(unit.stays) and unit.may_wait and self._marks.of(unit.node).is_script
        unit.may_wait = unit.may_wait and not late
        return late

    def _needed(self, unit: Unit) -> dict[str, Unit]:
        """What a unit uses of the file, by its names."""
        found = {name: self._by_name[name] for name in unit.uses if name in self._by_name}
        return {name: one for name, one in found.items() if one is not unit}

    def _leave_out(self, unit: Unit) -> bool:
        """Whether a unit had to be left out."""
        if unit.dropped:
            return False
        missing = next((name for name, one in self._needed(unit).items() if one.dropped), None)
        if missing is not None:
            unit.dropped, unit.stays = f"it uses `{missing}`, which is left out", ""
            return True
        if not unit.stays:
            if unit.kind != "constant":
                return False
            if self._calls_driver(unit):
                unit.dropped = f"`{ast.unparse(unit.node).splitlines()[0]}`, which runs when the file does"
            return bool(unit.dropped)
        if self._marks.of(unit.node).is_script and not (unit.may_wait and (unit.is_read or reads(unit.node))):
            unit.dropped, unit.stays = f"it runs when the file does, and {unit.stays}", ""
            return True
        is_class = isinstance(unit.node, ast.ClassDef)
        is_function = isinstance(unit.node, (ast.FunctionDef, ast.AsyncFunctionDef))
        runs = unit.runs or not (
            is_class or is_function or self._is_used(unit) or not self._asks(unit, set())
        )
        if runs or ((is_function or unit.kind == "constant") and not self._is_used(unit)):
            why = "it would run when it is imported" if runs else "nothing else uses it"
            unit.dropped, unit.stays = f"{why}, and {unit.stays}", ""
            return True
        return False

    def _leave_unused_out(self, unit: Unit) -> bool:
        """Whether a constant had to be left out that another package makes, for what is left out itself."""
        if unit.kind != "constant" or unit.stays or unit.dropped:
            return False
        calls = [each.func for each in ast.walk(unit.node) if isinstance(each, ast.Call)]
        roots = {each.id for call in calls for each in ast.walk(call) if isinstance(each, ast.Name)}
        if roots.isdisjoint(self._imports.others) or self._is_used(unit):
            return False
        names = set(unit.names)
        if any(one is not unit and not names.isdisjoint(one.uses) for one in self._units):
            unit.dropped = "nothing else uses it"
        return bool(unit.dropped)

    def _calls_driver(self, unit: Unit) -> bool:
        """Whether a constant is what a function gives that stays Python and runs programs."""
        called = {
            each.func.id
            for each in ast.walk(unit.node)
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        found = [one for name, one in self._needed(unit).items() if name in called and one.stays]
        return any(self._asks(one, set()) for one in found)

    def _asks(self, unit: Unit, seen: set[int]) -> bool:
        """Whether a unit, or something that it uses, is a model, a module or a program."""
        if unit.kind in _ASKING:
            return True
        seen.add(id(unit))
        return any(self._asks(one, seen) for one in self._needed(unit).values() if id(one) not in seen)

    def _keep_needed(self, unit: Unit) -> bool:
        """Whether something had to stay Python because of a unit that does."""
        changed = False
        for name, one in self._needed(unit).items() if unit.stays else ():
            if not one.stays:
                one.stays = (
                    f"`{unit.names[0] if unit.names else 'a statement'}`, which stays Python, uses `{name}`"
                )
                changed = True
        # A constant that is made of what is read would be made when the program is loaded.
        if unit.kind == "constant" and not (unit.stays or unit.dropped):
            for name, one in self._needed(unit).items():
                if one.stays and (one.is_read or reads(one.node)) and not self._calls_driver(unit):
                    unit.stays, unit.is_read = f"it is made of `{name}`, which Python reads", True
                    return True
        # What is changed in place must be there.
        for one in self._units if unit.stays and isinstance(unit.node, ast.AugAssign) else ():
            if not (one.stays or one.dropped) and not set(unit.names).isdisjoint(one.names):
                one.stays = "it is changed later"
                changed = True
        return changed

    def _keep_shuffled(self, unit: Unit) -> None:
        """Let a statement stay that puts rows into another order which stay Python."""
        match unit.node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="shuffle"), args=[ast.Name(id=name)])) if (
                unit.dropped
                and (one := self._by_name.get(name)) is not None
                and (one.stays or self._is_read_late(one))
            ):
                one.stays = one.stays or "it is changed later"
                unit.stays, unit.dropped = f"it changes `{name}`, which stays Python", ""
                unit.is_read = one.is_read or reads(one.node)

    def _is_read_late(self, unit: Unit) -> bool:
        """Whether a dataset is made of rows that Python reads."""
        return unit.kind == "dataset" and any(
            one.stays and (one.is_read or reads(one.node)) for one in self._needed(unit).values()
        )

    def _keep_filled(self, unit: Unit) -> None:
        """Let a statement stay that puts rows to others, and those, too: all of them are the data."""
        match unit.node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if (
                unit.dropped and unit.may_wait and not unit.runs and method in _FILL
            ):
                one = self._by_name.get(name)
                if one is None or one.dropped or not (one.stays or one.kind in ("dataset", "constant")):
                    return
                one.stays = one.stays or "it is changed later"
                unit.stays, unit.dropped = f"it changes `{name}`, which stays Python", ""
                one.is_read = unit.is_read = True

    def _is_used(self, unit: Unit) -> bool:
        """Whether something that is not left out uses what a unit defines."""
        names = set(unit.names)
        return any(
            not names.isdisjoint(one.uses) for one in self._units if one is not unit and not one.dropped
        )

    def _in_language(self) -> list[Unit]:
        return [
            unit
            for unit in self._units
            if unit.moved is not None and unit.moved.lines and not unit.stays and not unit.dropped
        ]

    def text(self) -> str:
        """The `.dspy` file."""
        units = self._in_language()
        named = set().union(*(_names_in(unit.moved.text) for unit in units if unit.moved is not None))
        lines: list[str] = []
        text = ast.get_docstring(self._tree)
        if text is not None:
            # In the first column, what looks like a declaration is one, also in a string.
            is_plain = not any(_LIKE_A_HEAD.match(line) for line in text.splitlines()[1:])
            lines += docstring(text, "") if is_plain else [f"# {line}".rstrip() for line in text.splitlines()]
            lines.append("")
        # `dspy.Image` is no use of an `Image` that is imported from elsewhere.
        wanted = named & set().union(*(_strings(unit.node) for unit in units), self._asked_for())
        outer = {name: source for name, source in self._imports.others.items() if name in wanted}
        sources = {source for source in outer.values() if not is_of_types(source)}
        sources |= {source for name, source in self._imports.lacking.items() if name in named}
        lines += sorted(sources)
        rows = {name for unit in self.rows() for name in unit.names if name in wanted}
        stay = {name for unit in self._units if unit.stays for name in unit.names if name in wanted}
        if stay:
            own = sorted({self._loader(name) if name in rows else name for name in stay})
            lines.append(f"from {self._kept_name} import {', '.join(own)}")
        for name in sorted(rows):
            lines += ["", f"dataset {name} = Dataset({self._loader(name)})"]
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
        wanted = set().union(*(used(unit.node) | _strings(unit.node) for unit in units))
        head = [line for node in imported if (line := _import(node, wanted)) is not None]
        first = '"""What of this program is Python."""\n\n'
        rows = self.rows()
        if rows:
            cache = self._free("cache")
            head.append("from functools import cache" + (f" as {cache}" if cache != "cache" else ""))
        pieces = [self._source(unit.node) for unit in units if unit not in rows]
        wanted = self._asked_for()
        names = {name: self._loader(name) for unit in rows for name in unit.names if name in wanted}
        pieces += loaders(
            [self._source(unit.node) for unit in rows], names, self._free("_rows"), self._free("cache")
        )
        return first + "\n".join(head) + "\n\n\n" + "\n\n\n".join(pieces) + "\n"

    def rows(self) -> list[Unit]:
        """What stays Python and reads data, for nothing but datasets, optimizers and evaluations.

        It is read when the first row is needed, and not when the program is loaded, which may be to run it.
        """
        found = [each for each in self._units if each.stays and (each.is_read or reads(each.node))]
        # What gives one of their names another value goes with them.
        names = {name for each in found for name in each.names}
        found = [
            each
            for each in self._units
            if each in found or (each.stays and _is_assigned(each.node) and not names.isdisjoint(each.names))
        ]
        while True:
            names = {name for unit in found for name in unit.names}
            others = [one for one in self._units if not one.dropped and one not in found]
            elsewhere = {
                name
                for one in others
                if one.stays or one.kind != "dataset"
                for name in ((one.uses if one.stays else _other_than_rows(one)) & names) - set(one.names)
            }
            kept = [unit for unit in found if elsewhere.isdisjoint(unit.names)]
            if len(kept) == len(found):
                return found if names & self._asked_for() else []
            found = kept

    def _loader(self, name: str) -> str:
        """The function that reads what has a name."""
        return self._free(f"{LOAD}{name}")

    def _free(self, name: str) -> str:
        """A name that nothing in the file has."""
        while name in self._taken:
            name += "_"
        return name

    def _asked_for(self) -> set[str]:
        """What declarations of the language use."""
        return set().union(*(unit.uses for unit in self._units if not unit.stays and not unit.dropped))

    def _source(self, node: ast.stmt) -> str:
        """A statement as the file has it, or as it was changed."""
        mark = self._marks.of(node)
        if mark.is_changed:
            return mark.python or ast.unparse(node)
        return ast.get_source_segment(self._text, _with_decorators(node)) or ""

    def note(self, text: str, findings: Iterable[Diagnostic]) -> None:
        """Note what the checker finds in what has become a declaration, and what is suppressed there."""
        lines = text.splitlines()
        for each in findings:
            unit = self._unit_at(lines, text[: each.span.start].count("\n"))
            said = f"the checker says: {each.message} (suppressed)"
            if unit is None and each.severity == "error" and said not in self.general:
                self.general.append(said)
            if unit is None or unit.moved is None or each.severity == "info":
                continue
            unit.moved.remarks.append(said)

    def _unit_at(self, lines: list[str], line: int) -> Unit | None:
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
                told = unit.moved.remarks if unit.moved is not None else []
                unit.moved = function(with_any(unit.node), self._imports)
                unit.moved.remarks[:0] = told
        return found

    def remarks(self) -> tuple[Remark, ...]:
        """What a person should look at, in the order of the lines."""
        found = [Remark(1, each) for each in self.general]
        for unit in self._units:
            line, what = unit.node.lineno, ", ".join(f"`{name}`" for name in unit.names)
            if unit.stays:
                what = what or f"`{ast.unparse(unit.node).splitlines()[0]}`"
                found.append(Remark(line, f"{what} stays Python: {unit.stays}"))
                found += [Remark(line, each) for each in self._marks.of(unit.node).told]
            elif unit.dropped:
                found.append(Remark(line, f"left out: {unit.dropped}"))
            elif unit.moved is not None:
                found += [Remark(line, each) for each in unit.moved.remarks]
        return tuple(found)


def _is_assigned(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))


def _other_than_rows(unit: Unit) -> set[str]:
    """The names that a declaration uses elsewhere than where rows belong."""
    rows = {
        id(node)
        for each in ast.walk(unit.node)
        if isinstance(each, ast.keyword) and each.arg in ("trainset", "valset", "devset")
        for node in ast.walk(each.value)
    }
    return {each.id for each in ast.walk(unit.node) if isinstance(each, ast.Name) and id(each) not in rows}


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
        for word in re.findall(r"(?<![\w.])[^\W\d]\w*", each.value[:200])
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
