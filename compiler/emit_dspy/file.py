"""A file: its generated module, declaration by declaration, as one that runs on DSPy."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath

from msgspec import Struct

from ...base.recursion import deep
from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from ..emit import emit
from ..emit.build import printable
from ..emit.code import assign, attribute, call, constant, function, load, store
from ..program import Item, Program
from ..trees import declared_names, kind_of
from . import classes, support
from .expressions import Converter, State, known_settings, types_named
from .losses import CannotSay, Loss, Losses
from .names import names_in
from .surface import surface

HEAD = "for DSPy by dspyc"
"""What the comment at the top of a built module ends with."""


class BuiltForDSPy(Struct, frozen=True):
    """A module that runs on DSPy, and what it lacks."""

    text: str
    losses: tuple[Loss, ...]
    declared: int
    """How many declarations are in it."""
    missing: Mapping[str, str] = {}
    """What is left out, and why."""
    is_checked: bool = False
    """Whether its signatures have conditions, or choices with meanings, for which an adapter is needed."""


@deep
def build_for_dspy(
    analysis: FileAnalysis, imported: Mapping[str, BuiltForDSPy] | None = None
) -> BuiltForDSPy:
    """The Python module of a file without errors that runs on DSPy itself, as text.

    Args:
        analysis: the file.
        imported: the modules of the `.dspy` files that it imports, by the paths of these.
    """
    made = _File(analysis, imported or {})
    body = made.body()
    name = printable(PurePath(analysis.path).name)
    head = f"# Built from {name} {HEAD}; change that file, not this one.\n"
    head += f"# It needs DSPy {surface().version.rpartition('.')[0]} or newer, and nothing else.\n"
    return BuiltForDSPy(
        f"{head}\n{ast.unparse(ast.fix_missing_locations(body))}\n",
        tuple(sorted(made.losses.found)),
        made.declared,
        made.missing,
        made.is_checked,
    )


class _File:
    def __init__(self, analysis: FileAnalysis, imported: Mapping[str, BuiltForDSPy]) -> None:
        self._program = analysis.program
        self._stem = PurePath(analysis.path).stem
        self._module = emit(analysis, synchronous=True)
        self._kinds = {
            name.text: kind_of(item.declaration)
            for item in self._program.items
            for name in declared_names(item.declaration)
        }
        self.losses = Losses()
        self.declared = 0
        self.missing: dict[str, str] = {}
        """What is left out, and why."""
        self._made_records: set[str] = set()
        self._waiting: list[tuple[str, set[str]]] = []
        """Records with those below that they name, until these are there."""
        self._imported = {
            name.text: built
            for item in self._program.items
            if item.target is not None and (built := imported.get(item.target.path)) is not None
            for name in declared_names(item.declaration)
        }
        """The built modules that imported names come from."""
        self._names = names_in(self._program, self._module)
        self._demos = {name: self._names.fresh(f"{name.upper()}_DEMOS") for name in _with_demos(self._module)}
        said = {each.text for item in self._program.items for each in item.nodes(syntax.Identifier)}
        said |= {each.text for item in self._program.items for each in item.nodes(syntax.Name)}
        self._state = State(
            self.losses,
            self._names,
            signatures={name: load(demos) for name, demos in self._demos.items()},
            rewards=self._rewards(),
            module_classes=self._module_classes(),
            feedback=any(self._made("GEPA")),
            scores=dict(_scores(self._program)),
            lacking=dict(_lacking(self._program)),
            values=self._names.fresh("values") if "values" in said else "values",
        )
        self._converter = Converter(self._state)

    @property
    def is_checked(self) -> bool:
        """Whether what is declared here or imported needs a checking adapter."""
        return "CheckedAdapter" in self._state.support or any(
            each.is_checked for each in self._imported.values()
        )

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
        helpers, modules = support.needed(self._state.support, self._names.renamed, self._names.top)
        own = [
            self._names.imported(name)
            for name in ("dspy", *sorted({*modules, *self._names.imports} - {"dspy"}))
        ]
        body = [*helpers, *made]
        used = {name for node in body for name in _used(node)}
        head = _in_order([*own, *imports], used)
        return ast.Module([*doc, *head, *body], [])

    # --- imports ----------------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        """An import without the runtime, and without what an imported module lacks."""
        package = (node.module or "") if isinstance(node, ast.ImportFrom) and not node.level else ""
        kept: list[ast.alias] = []
        for each in node.names:
            local = each.asname or each.name
            source = each.name if isinstance(node, ast.Import) else package
            built = self._imported.get(local.partition(".")[0])
            if source.partition(".")[0] == "dspyc":
                if local not in self._names.aliases:
                    self._leave_out(node, [local], "it is of dspyc")
            elif built is not None and isinstance(node, ast.ImportFrom) and each.name in built.missing:
                self._leave_out(node, [local], "the module that it comes from does not have it")
            else:
                kept.append(each)
                if built is not None and isinstance(node, ast.Import):
                    self.missing |= {f"{local}.{name}": why for name, why in built.missing.items()}
        node.names = kept
        return [node] if kept else []

    def _leave_out(self, node: ast.stmt, names: list[str], reason: str) -> None:
        what = ", ".join(f"`{name}`" for name in names) or "this"
        self.losses.note(node, f"{what} is left out: {reason}")
        self.missing |= dict.fromkeys(names, reason)

    # --- declarations -----------------------------------------------------------------------------------

    def _declaration(self, node: ast.stmt, fields: dict[str, ast.ClassDef]) -> list[ast.stmt]:
        names = _defined(node)
        if names == ["__dspyc__"] or (isinstance(node, ast.ClassDef) and node.name not in self._kinds):
            return []
        missing = next((name for name in _used(node) if name in self.missing), None)
        try:
            if missing is not None and not _is_defaults(node):
                raise CannotSay(f"`{missing}` is left out")
            made = self._converted(copy.deepcopy(node), names, fields)
        except CannotSay as reason:
            self._leave_out(node, names, str(reason))
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
                    made.append(ast.copy_location(assign(store(self._demos[node.name]), listed), node))
                return made
            case ast.ClassDef() if kind == "type":
                return self._record(node)
            case ast.ClassDef() if kind == "enum":
                return classes.enumeration(self._converter, node)
            case ast.ClassDef() if kind == "module class":
                return classes.module(self._converter, node, fields.get(_signature_of(node)))
            case ast.Assign(value=ast.Call() as value) if kind == "program":
                return self._program_of(node, names[0], value)
            case ast.Assign(value=ast.Call() as value) if kind == "evaluate":
                return self._evaluation(node, names[0], value)
            case ast.Assign(value=ast.Constant(value=str(signature))) if kind == "signature":
                text = constant(types_named(signature))
                return [assign(store(names[0]), call(self._names.dspy("dspy.Signature"), [text]))]
            case ast.FunctionDef():
                return [self._function(node)]
            case ast.Expr(value=ast.Call() as value) if _is_defaults(node):
                return self._configure(value)
        found = self._converter.visit(node)
        return [] if found is None else [found]

    def _record(self, node: ast.ClassDef) -> list[ast.stmt]:
        """A record, and those above that have waited for it to be complete."""
        later = {name for name, kind in self._kinds.items() if kind == "type"} - self._made_records
        said = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & later - {node.name}
        made = classes.record(self._converter, node, later)
        self._made_records.add(node.name)
        self._waiting = [(name, others - {node.name}) for name, others in self._waiting]
        complete = [name for name, others in self._waiting if not others]
        self._waiting = [each for each in self._waiting if each[1]]
        if said:
            self._waiting.append((node.name, said))
        return [*made, *(ast.Expr(call(attribute(load(name), "model_rebuild"))) for name in complete)]

    def _function(self, node: ast.FunctionDef) -> ast.stmt:
        made: ast.FunctionDef = self._converter.visit(node)
        wanted = self._metric_parameters(node.name)
        for name in wanted[len(made.args.args) :] if wanted else ():
            self._add_parameter(made.args, name)
        return made

    def _add_parameter(self, parameters: ast.arguments, name: str) -> None:
        """A parameter that DSPy fills by its place; one that is only given by name gets a place."""
        default: ast.expr = ast.Constant(None)
        for index, each in enumerate(parameters.kwonlyargs):
            if each.arg == name:
                default = parameters.kw_defaults[index] or default
                del parameters.kwonlyargs[index], parameters.kw_defaults[index]
                parameters.args.append(each)
                break
        else:
            is_there = any(each.arg == name for each in parameters.args)
            parameters.args.append(ast.arg(self._names.unused(name) if is_there else name))
        parameters.defaults.append(default)

    def _metric_parameters(self, name: str) -> tuple[str, ...]:
        """The parameters that DSPy gives a metric; none for other functions."""
        for each in ast.walk(self._module):
            for keyword in each.keywords if isinstance(each, ast.Call) else ():
                if (
                    keyword.arg == "metric"
                    and isinstance(keyword.value, ast.Name)
                    and keyword.value.id == name
                ):
                    more = ("pred_name", "pred_trace") if self._state.feedback else ()
                    return ("example", "pred", "trace", *more)
        return ()

    def _made(self, name: str) -> Iterator[ast.expr]:
        """The calls that make something of a class of the runtime."""
        for node in ast.walk(self._module):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=local), attr=attr)) if (
                    attr == name and self._names.aliases.get(local) == "dspy"
                ):
                    yield node

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
        here = call(self._names.module("pathlib.Path"), [load("__file__")])
        kept = call(attribute(here, "with_name"), [constant(f"{file}.json")])
        program = self._names.unused("program")
        lines: list[ast.stmt] = [
            ast.Expr(constant(f"Optimize `{name}`, and keep what was learned beside this file.")),
            assign(store(program), call(attribute(optimizer, "compile"), [student], keywords)),
            ast.Expr(call(attribute(load(program), "save"), [call(self._names.builtin("str"), [kept])])),
            ast.Return(load(program)),
        ]
        made = function(self._names.fresh(f"compile_{name}"), lines)
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
        result, each_program = (self._names.unused(hint) for hint in ("result", "program"))
        if isinstance(program, ast.List):
            measured = ast.ListComp(
                call(made, [load(each_program)]),
                [ast.comprehension(store(each_program), program, [], 0)],
            )
        lines: list[ast.stmt] = [
            ast.Expr(constant(f"Measure `{name}`.")),
            assign(store(result), measured),
        ]
        if "require" in named and not isinstance(program, ast.List):
            score = attribute(load(result), "score")
            lines.append(ast.Assert(ast.Compare(score, [ast.GtE()], [named["require"]]), score))
        lines.append(ast.Return(load(result)))
        return [ast.copy_location(function(self._names.fresh(f"evaluate_{name}"), lines), node)]

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
                missing = next((name for name in _used(each) if name in self.missing), None)
                if missing is not None:
                    raise CannotSay(f"`{missing}` is left out")
                keywords.append((setting, self._converter.visit(each)))
            except CannotSay as reason:
                self.losses.note(each, f"`{setting}` is not set: {reason}")
        named = {name for name, _ in keywords}
        if self.is_checked:
            if "adapter" in named:
                self.losses.note(value, "conditions of fields are told to the model and not checked")
            else:
                keywords.append(("adapter", call(self._state.helper("CheckedAdapter"))))
        if not keywords:
            return []
        return [ast.copy_location(ast.Expr(call(self._names.dspy("dspy.configure"), [], keywords)), value)]


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


def _scores(program: Program) -> Iterator[tuple[tuple[int, ...], str]]:
    """The attributes that are read of what a metric returns, by their places."""
    for item in program.items:
        for node in item.nodes(syntax.Attribute):
            kind = item.type_of(node.value)
            if isinstance(kind, types.Instance) and kind.definition.name == "Score":
                yield _place_of(program, item, node), node.name.text


def _lacking(program: Program) -> Iterator[tuple[tuple[int, ...], str]]:
    """What is asked of predictions and modules that DSPy's do not have, by its place."""
    for item in program.items:
        for call_ in item.nodes(syntax.Call):
            asked = item.type_of(call_.function)
            if isinstance(asked, types.Module) and asked.declared is not None:
                for each in call_.arguments:
                    if each.name is not None and each.name.text == "lm":
                        yield (
                            _place_of(program, item, call_),
                            "DSPy's modules take no `lm` when they are called",
                        )
        for node in item.nodes(syntax.Attribute):
            name = node.name.text
            match item.type_of(node.value):
                case types.Prediction(interface=interface):
                    own, kind = [each.name for each in interface.fields], "Prediction"
                case types.Module(definition=definition) if definition is not None:
                    own, kind = [], "Module"
                    if definition.name != "Program":
                        continue
                case _:
                    continue
            if name not in own and name not in surface().members[kind] and not _is_open(item, node):
                yield _place_of(program, item, node), f"DSPy's `{kind}` has no `{name}`"


def _is_open(item: Item, node: syntax.Attribute) -> bool:
    """Whether a prediction may have fields that are not known."""
    kind = item.type_of(node.value)
    return isinstance(kind, types.Prediction) and kind.interface.open and node.name.text not in _OURS


_OURS = ("probabilities",)


def _place_of(program: Program, item: Item, node: syntax.Node) -> tuple[int, ...]:
    """Where an expression stands, as the trees of Python say it."""
    span = item.at(node)
    start, end = (program.source.position(each, "utf-8") for each in (span.start, span.end))
    return start.line + 1, start.column, end.line + 1, end.column


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
    """The names that a node reads, those of modules with what is read of them, too."""
    found: list[str] = []
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name, ctx=ast.Load()):
                found.append(name)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                found.append(f"{module}.{name}")
    return found


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
