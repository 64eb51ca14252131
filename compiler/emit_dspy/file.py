"""A file: its generated module, declaration by declaration, as one that runs on DSPy."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Collection, Iterator
from pathlib import PurePath

from msgspec import Struct

from ...base.recursion import deep
from ...grammar import syntax
from ..analysis import FileAnalysis
from ..emit import emit
from ..emit.code import assign, attribute, call, constant, function, load, store
from ..trees import declared_names
from . import classes, support
from .expressions import Converter, State, known_settings
from .losses import CannotSay, Loss, Losses
from .surface import surface

HEAD = "for DSPy by dspyc"
"""What the comment at the top of a built module ends with."""


class BuiltForDSPy(Struct, frozen=True):
    """A module that runs on DSPy, and what it lacks."""

    text: str
    losses: tuple[Loss, ...]
    declared: int
    """How many declarations are in it."""


@deep
def build_for_dspy(analysis: FileAnalysis) -> BuiltForDSPy:
    """The Python module of a file without errors that runs on DSPy itself, as text."""
    made = _File(analysis)
    body = made.body()
    head = f"# Built from {PurePath(analysis.path).name} {HEAD}; change that file, not this one.\n"
    head += f"# It needs DSPy {surface().version.rpartition('.')[0]} or newer, and nothing else.\n"
    return BuiltForDSPy(
        f"{head}\n{ast.unparse(ast.fix_missing_locations(body))}\n",
        tuple(sorted(made.losses.found)),
        made.declared,
    )


class _File:
    def __init__(self, analysis: FileAnalysis) -> None:
        self._program = analysis.program
        self._stem = PurePath(analysis.path).stem
        self._module = emit(analysis, synchronous=True)
        self._kinds = {
            name.text: _kind(item.declaration)
            for item in self._program.items
            for name in declared_names(item.declaration)
        }
        self.losses = Losses()
        self.declared = 0
        self._missing: dict[str, str] = {}
        """What is left out, and why."""
        own = {each for node in ast.walk(self._module) for each in _names(node)}
        self._renamed = {name: f"{name}_" for name in support.names() if name in own}
        self._state = State(
            self.losses,
            signatures={name: load(f"{name.upper()}_DEMOS") for name in _with_demos(self._module)},
            rewards=self._rewards(),
            module_classes=self._module_classes(),
            feedback=any(_calls(self._module, "GEPA")),
            renamed=self._renamed,
        )
        self._converter = Converter(self._state)

    def body(self) -> ast.Module:
        """The module."""
        fields = {each.name: each for each in self._module.body if isinstance(each, ast.ClassDef)}
        made: list[ast.stmt] = []
        imports: list[ast.stmt] = []
        doc: list[ast.stmt] = []
        for index, node in enumerate(self._module.body):
            match node:
                case ast.Expr(value=ast.Constant()) if index == 0:
                    doc = [node]
                case ast.ImportFrom(module="__future__"):
                    continue
                case ast.Import() | ast.ImportFrom():
                    imports += self._import(node)
                case _:
                    made += self._declaration(node, fields)
        helpers, modules = support.needed(self._state.support, self._renamed)
        own = [self._plain_import(name) for name in sorted({*modules, *self._state.imports})]
        body = [*helpers, *made]
        used = {name for node in body for name in _used(node)}
        head = _in_order([ast.Import([ast.alias("dspy")]), *own, *imports], used)
        return ast.Module([*doc, *head, *body], [])

    # --- imports ----------------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dspyc"):
            return []
        if isinstance(node, ast.Import) and any(each.name.startswith("dspyc") for each in node.names):
            return []
        return [node]

    def _plain_import(self, name: str) -> ast.stmt:
        module, _, last = name.rpartition(".")
        if module == "pathlib":
            return ast.ImportFrom("pathlib", [ast.alias(last)], 0)
        return ast.Import([ast.alias(name)])

    # --- declarations -----------------------------------------------------------------------------------

    def _declaration(self, node: ast.stmt, fields: dict[str, ast.ClassDef]) -> list[ast.stmt]:
        names = _defined(node)
        if names == ["__dspyc__"] or (isinstance(node, ast.ClassDef) and node.name not in self._kinds):
            return []
        missing = next((name for name in _used(node) if name in self._missing), None)
        try:
            if missing is not None and not _is_defaults(node):
                raise CannotSay(f"`{missing}` is left out")
            made = self._converted(copy.deepcopy(node), names, fields)
        except CannotSay as reason:
            what = ", ".join(f"`{name}`" for name in names) or "this"
            self.losses.note(node, f"{what} is left out: {reason}")
            self._missing |= dict.fromkeys(names, str(reason))
            return []
        self.declared += bool(names)
        return made

    def _converted(self, node: ast.stmt, names: list[str], fields: dict[str, ast.ClassDef]) -> list[ast.stmt]:
        kind = self._kinds.get(names[0], "") if names else ""
        match node:
            case ast.ClassDef() if kind == "signature":
                demos = next((each.value for each in node.keywords if each.arg == "demos"), None)
                made = classes.signature(self._converter, node)
                if demos is not None:
                    listed = self._converter.visit(demos)
                    made.append(ast.copy_location(assign(store(f"{node.name.upper()}_DEMOS"), listed), node))
                return made
            case ast.ClassDef() if kind == "type":
                return classes.record(self._converter, node)
            case ast.ClassDef() if kind == "enum":
                return classes.enumeration(self._converter, node)
            case ast.ClassDef() if kind == "module class":
                return classes.module(self._converter, node, fields.get(_signature_of(node)))
            case ast.Assign(value=ast.Call() as value) if kind == "program":
                return self._program_of(node, names[0], value)
            case ast.Assign(value=ast.Call() as value) if kind == "evaluate":
                return self._evaluation(node, names[0], value)
            case ast.Assign(value=ast.Constant(value=str()) as value) if kind == "signature":
                return [assign(store(names[0]), call(attribute(load("dspy"), "Signature"), [value]))]
            case ast.FunctionDef():
                return [self._function(node)]
            case ast.Expr(value=ast.Call() as value) if _is_defaults(node):
                return self._configure(value)
        found = self._converter.visit(node)
        return [] if found is None else [found]

    def _function(self, node: ast.FunctionDef) -> ast.stmt:
        made: ast.FunctionDef = self._converter.visit(node)
        wanted = self._metric_parameters(node.name)
        for name in wanted[len(made.args.args) :] if wanted else ():
            made.args.args.append(ast.arg(name))
            made.args.defaults.append(ast.Constant(None))
        return made

    def _metric_parameters(self, name: str) -> tuple[str, ...]:
        """The parameters that DSPy gives a metric; none for other functions."""
        for each in _calls(self._module):
            for keyword in each.keywords:
                if (
                    keyword.arg == "metric"
                    and isinstance(keyword.value, ast.Name)
                    and keyword.value.id == name
                ):
                    more = ("pred_name", "pred_trace") if self._state.feedback else ()
                    return ("example", "pred", "trace", *more)
        return ()

    def _module_classes(self) -> dict[str, list[str]]:
        """The parameters of each module class of the file."""
        found: dict[str, list[str]] = {}
        for item in self._program.items:
            if isinstance(item.declaration, syntax.ModuleDeclaration):
                parameters = item.declaration.parameters
                found[item.declaration.name.text] = [each.name.text for each in parameters if each.name]
        return found

    def _rewards(self) -> set[str]:
        """The functions whose first parameter is read as an object."""
        found = set()
        for node in self._module.body:
            if isinstance(node, ast.FunctionDef) and node.args.args:
                first = node.args.args[0].arg
                read = (each.value for each in ast.walk(node) if isinstance(each, ast.Attribute))
                if any(isinstance(each, ast.Name) and each.id == first for each in read):
                    found.add(node.name)
        return found

    def _program_of(self, node: ast.stmt, name: str, value: ast.Call) -> list[ast.stmt]:
        """What was learned, and a function that learns it: loading never optimises."""
        own = ("name", "source", "state", "stale")
        optimizer, student = (self._converter.visit(each) for each in value.args[:2])
        keywords = [
            (each.arg, self._converter.visit(each.value)) for each in value.keywords if each.arg not in own
        ]
        if any(each.arg == "teacher" and isinstance(each.value, ast.Constant) for each in value.keywords):
            raise CannotSay("DSPy's optimizers do not learn from labels alone")
        for each in value.keywords:
            if each.arg in ("state", "stale"):
                self.losses.note(each, f"`{each.arg}` is left out: what is learned is kept beside the module")
        file = f"{self._stem}.{name}"
        loaded = assign(
            store(name), call(self._state.helper("learned"), [copy.deepcopy(student), constant(file)])
        )
        here = call(load("Path"), [load("__file__")])
        kept = call(attribute(here, "with_name"), [constant(f"{file}.json")])
        self._state.imports.add("pathlib.Path")
        lines: list[ast.stmt] = [
            ast.Expr(constant(f"Optimize `{name}`, and keep what was learned beside this file.")),
            assign(store("program"), call(attribute(optimizer, "compile"), [student], keywords)),
            ast.Expr(call(attribute(load("program"), "save"), [call(load("str"), [kept])])),
            ast.Return(load("program")),
        ]
        made = function(f"compile_{name}", lines)
        return [ast.copy_location(each, node) for each in (loaded, made)]

    def _evaluation(self, node: ast.stmt, name: str, value: ast.Call) -> list[ast.stmt]:
        """A function that measures; `require` is a gate."""
        named = {each.arg: each.value for each in value.keywords}
        value.keywords = [each for each in value.keywords if each.arg != "require"]
        made = self._converter.visit(value)
        program = made.args.pop(0) if made.args else None
        for each in list(made.keywords):
            if each.arg == "program":
                program = each.value
                made.keywords.remove(each)
        if program is None:
            raise CannotSay("it names no program")
        measured: ast.expr = call(made, [program])
        if isinstance(program, ast.List):
            measured = ast.ListComp(
                call(made, [load("program")]), [ast.comprehension(store("program"), program, [], 0)]
            )
        lines: list[ast.stmt] = [
            ast.Expr(constant(f"Measure `{name}`.")),
            assign(store("result"), measured),
        ]
        if "require" in named and not isinstance(program, ast.List):
            score = attribute(load("result"), "score")
            lines.append(ast.Assert(ast.Compare(score, [ast.GtE()], [named["require"]]), score))
        lines.append(ast.Return(load("result")))
        return [ast.copy_location(function(f"evaluate_{name}", lines), node)]

    def _configure(self, value: ast.Call) -> list[ast.stmt]:
        """`dspy.configure(…)`; a checking adapter where signatures have conditions."""
        settings = value.args[1]
        assert isinstance(settings, ast.Dict)
        keywords: list[tuple[str | None, ast.expr]] = []
        for key, each in zip(settings.keys, settings.values, strict=True):
            assert isinstance(key, ast.Constant)
            setting = str(key.value)
            if setting not in known_settings():
                self.losses.note(each, f"DSPy has no setting `{setting}`; it is left out")
                continue
            try:
                missing = next((name for name in _used(each) if name in self._missing), None)
                if missing is not None:
                    raise CannotSay(f"`{missing}` is left out")
                keywords.append((setting, self._converter.visit(each)))
            except CannotSay as reason:
                self.losses.note(each, f"`{setting}` is not set: {reason}")
        named = {name for name, _ in keywords}
        if "CheckedAdapter" in self._state.support:
            if "adapter" in named:
                self.losses.note(value, "conditions of fields are told to the model and not checked")
            else:
                keywords.append(("adapter", call(self._state.helper("CheckedAdapter"))))
        if not keywords:
            return []
        return [ast.copy_location(ast.Expr(call(attribute(load("dspy"), "configure"), [], keywords)), value)]


def _kind(node: syntax.Declaration | None) -> str:
    match node:
        case syntax.ValueDeclaration(kind=kind):
            return kind
        case syntax.TypeDeclaration():
            return "type"
        case syntax.EnumDeclaration():
            return "enum"
        case syntax.SignatureDeclaration():
            return "signature"
        case syntax.ModuleDeclaration():
            return "module class"
    return "other"


def _with_demos(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and any(each.arg == "demos" for each in node.keywords):
            yield node.name


def _signature_of(node: ast.ClassDef) -> str:
    for each in node.body:
        match each:
            case ast.Assign(targets=[ast.Name(id="signature")], value=ast.Name(id=name)):
                return name
    return ""


def _calls(module: ast.AST, name: str | None = None) -> Iterator[ast.Call]:
    """All calls, or those of a class of the runtime."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (
            name is None or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        ):
            yield node


def _is_defaults(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="apply_defaults"))):
            return True
    return False


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return [name]
        case ast.Assign() | ast.AnnAssign():
            return [
                each.id
                for each in ast.walk(node)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            ]
    return []


def _used(node: ast.AST) -> list[str]:
    return [
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    ]


def _names(node: ast.AST) -> list[str]:
    """The names that a node of the generated module has of its own."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return [name]
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return [name]
        case ast.alias():
            return [node.asname or node.name]
    return []


def _in_order(imports: Collection[ast.stmt], used: Collection[str]) -> list[ast.stmt]:
    """The imports that are used, each once: Python's library, other packages, the program's own."""
    found: dict[str, tuple[int, str, ast.stmt]] = {}
    for each in imports:
        assert isinstance(each, (ast.Import, ast.ImportFrom))
        each.names = [name for name in each.names if (name.asname or name.name.partition(".")[0]) in used]
        if not each.names:
            continue
        module = each.names[0].name if isinstance(each, ast.Import) else each.module or ""
        first = module.partition(".")[0]
        is_own = isinstance(each, ast.ImportFrom) and each.level > 0
        place = 2 if is_own else 0 if first in sys.stdlib_module_names else 1
        text = ast.unparse(each)
        found[text] = (place, text, each)
    return [each for _, _, each in sorted(found.values(), key=lambda one: one[:2])]
