"""A file: its declarations in the order in which Python can evaluate them, and what tools are told of it."""

from __future__ import annotations

import ast
from typing import assert_never

from ...base.recursion import deep
from ...grammar import syntax
from ..analysis import FileAnalysis
from ..program import Program
from ..trees import declared_names, kind_of
from . import functions, modules, order, records, signatures, values
from .code import Here, assign, attribute, call, constant, load, store
from .names import Names, names_of


@deep
def emit(analysis: FileAnalysis, *, synchronous: bool = False) -> ast.Module:
    """The Python module for a file without errors; every node has its place in the `.dspy` text.

    A `synchronous` one makes its calls one after another, in plain functions.
    """
    program = analysis.program
    names = names_of(program, synchronous=synchronous)
    tests = _test_names(program, names)
    in_order = order.ordered(program)
    incomplete = order.missing_before(program, in_order)
    body: list[ast.stmt] = []
    imports: list[ast.stmt] = []
    configured: tuple[Here | None, syntax.ConfigureDeclaration | None] = None, None
    done: set[int] = set()
    for item in in_order:
        here = Here(program, item, names)
        match item.declaration:
            case syntax.FromImport() | syntax.Import():
                (body if order.is_late(item) else imports).append(values.imported(here, item.declaration))
            case syntax.ConfigureDeclaration():
                configured = here, item.declaration
            case syntax.FileDocstring() | None:
                pass
            case declaration:
                body += _declaration(here, declaration, tests)
        done.add(item.index)
        body += _completed(program, incomplete, done)
    if runs := [*_running(program), *tests.values()]:
        body.append(values.defaults(*configured, names, runs, _imported(program)))
    body.append(_facts(program, names, tests))
    future = ast.ImportFrom("__future__", [ast.alias("annotations", None)], 0)
    module = ast.Module([*_docstring(program, names), future, *names.imports(), *imports, *body], [])
    return ast.fix_missing_locations(module)


def _declaration(here: Here, node: syntax.Declaration, tests: dict[int, str]) -> list[ast.stmt]:
    match node:
        case syntax.ValueDeclaration():
            return [values.value(here, node)]
        case syntax.ConstantDeclaration():
            return [values.constant_value(here, node)]
        case syntax.TypeAliasDeclaration():
            return [records.alias(here, node)]
        case syntax.TypeDeclaration():
            return records.record(here, node)
        case syntax.EnumDeclaration():
            return [records.enumeration(here, node)]
        case syntax.SignatureDeclaration():
            return [signatures.signature(here, node)]
        case syntax.ModuleDeclaration():
            return modules.module(here, node)
        case syntax.FunctionDeclaration():
            return [functions.declared(here, node)]
        case syntax.TestDeclaration():
            return [functions.test(here, node, tests[here.item.index])]
        case syntax.FileDocstring() | syntax.FromImport() | syntax.Import() | syntax.ConfigureDeclaration():
            return []
        case _:
            assert_never(node)


def _completed(program: Program, incomplete: dict[int, set[int]], done: set[int]) -> list[ast.stmt]:
    """Records that named what came behind them can be completed once it is there."""
    made: list[ast.stmt] = []
    for index in [index for index, later in incomplete.items() if index in done and later <= done]:
        del incomplete[index]
        made += [
            ast.Expr(
                call(attribute(load(name.text), "model_rebuild"), [], [("raise_errors", constant(False))])
            )
            for name in declared_names(program.items[index].declaration)
        ]
    return made


def _docstring(program: Program, names: Names) -> list[ast.stmt]:
    for item in program.items:
        if isinstance(item.declaration, syntax.FileDocstring):
            here = Here(program, item, names)
            return [here.at(item.declaration, ast.Expr(constant(item.declaration.value.value)))]
    return []


def _test_names(program: Program, names: Names) -> dict[int, str]:
    """A function name for each test, from its title."""
    found: dict[int, str] = {}
    for item in program.items:
        if isinstance(item.declaration, syntax.TestDeclaration):
            words = "".join(each if each.isalnum() else " " for each in item.declaration.title.value).split()
            found[item.index] = names.fresh("_".join(["test", *words]).lower())
    return found


def _running(program: Program) -> list[str]:
    """What a file declares that runs, or makes what runs: its `configure` speaks for that."""
    kinds = ("module", "program", "module class", "function", "evaluate")
    return [
        name.text
        for item in program.items
        for name in declared_names(item.declaration)
        if kind_of(item.declaration) in kinds
    ]


def _imported(program: Program) -> list[str]:
    """The names that a file imports from Python and uses: modules among them have no defaults of their own.

    What comes from another `.dspy` file has those of that file.
    """
    used = {node.text for item in program.items for node in item.nodes(syntax.Name)}
    return [
        name.text
        for item in program.items
        if isinstance(item.declaration, syntax.FromImport | syntax.Import)
        and (item.target is None or item.target.kind != "dspy")
        for name in declared_names(item.declaration)
        if name.text in used
    ]


def _facts(program: Program, names: Names, tests: dict[int, str]) -> ast.stmt:
    """`__dspyc__`: what each name is, what it is made of, and the tests by their titles."""
    kinds: dict[str, ast.expr] = {}
    for item in program.items:
        if kind := kind_of(item.declaration):
            kinds |= {name.text: constant(kind) for name in declared_names(item.declaration)}
    titles: dict[str, ast.expr] = {}
    for index, function in tests.items():
        declaration = program.items[index].declaration
        assert isinstance(declaration, syntax.TestDeclaration)
        titles[declaration.title.value] = load(function)
    made_of: dict[str, ast.expr] = {
        name: ast.Tuple([constant(each) for each in used], ast.Load())
        for name, used in order.uses(program).items()
        if used
    }
    keywords: list[tuple[str | None, ast.expr]] = [("path", load("__file__")), ("kinds", _table(kinds))]
    keywords += [(name, _table(table)) for name, table in (("tests", titles), ("uses", made_of)) if table]
    return assign(store("__dspyc__"), call(names.helper("compiled", "CompiledFile"), [], keywords))


def _table(entries: dict[str, ast.expr]) -> ast.Dict:
    return ast.Dict([constant(name) for name in entries], list(entries.values()))
