"""Agents whose tools may do more than the program says."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...facts import Risk
from ...program import Item, Program
from ...pythonfiles.risks import risk_of
from ..modules.tools import tools_of
from ..rule import Findings, rule, written
from ..words import listed

_DOES = {
    "code": "may execute code that the model writes",
    "commands": "may run commands",
    "files": "may change files",
    "network": "may reach the network",
}
_WORST_FIRST = tuple(_DOES)


@rule("W404", "unsafe-tool", syntax.Call, severity="warning")
def unsafe_tool(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An agent is given a tool that may run code or commands, change files or reach the network.

    The model decides when such a tool is called and with which arguments, and what it reads (a page, an
    email, a file) may talk it into a call. If this is intended, say so on the line with
    `# dspyc: ignore[W404]` and why it is safe. Functions are read, not run, so this is a suspicion, not a
    proof.

    ```dspy
    from subprocess import getoutput

    module shell = ReAct("task -> report", tools=[getoutput])
    #                                             ^^^^^^^^^ W404 the tool `getoutput` may run commands
    ```

    ```dspy
    from subprocess import getoutput

    module shell = ReAct("task -> report", tools=[getoutput])  # dspyc: ignore[W404] runs in a container
    ```
    """
    for tool in tools_of(item, node):
        risks = _risks(program, item, tool)
        if not risks:
            continue
        name = written(item, tool)
        worst = min(risks, key=lambda each: _WORST_FIRST.index(each.kind))
        calls = listed([each.name for each in risks if each.name != name])
        help_ = f"it calls {calls}; if this is intended, write `# dspyc: ignore[W404]` with the reason"
        if calls == "nothing":
            help_ = "if this is intended, write `# dspyc: ignore[W404]` with the reason"
        yield unsafe_tool.at(tool, f"the tool `{name}` {_DOES[worst.kind]}", help_)


def _risks(program: Program, item: Item, node: syntax.Expression) -> tuple[Risk, ...]:
    kind = item.type_of(node)
    if not isinstance(kind, types.Function):
        return _of_library(program, item, node)
    if kind.origin == "python":
        return program.python_facts(kind).risks
    if kind.origin == "declared" and isinstance(node, syntax.Name):
        return program.ask(_of_declared, node.text) or ()
    return ()


def _of_declared(program: Program, name: str) -> tuple[Risk, ...]:
    """What a `def` of the file may do, through the Python functions that it calls."""
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    if owner is None or not isinstance(owner.declaration, syntax.FunctionDeclaration):
        return ()
    found: dict[Risk, None] = {}
    for call in owner.nodes(syntax.Call):
        found.update(dict.fromkeys(_risks(program, owner, call.function)))
    return tuple(found)


def _of_library(program: Program, item: Item, node: syntax.Expression) -> tuple[Risk, ...]:
    """What a function of an installed module does, which is known by its name alone."""
    name = full_name(program, item, node)
    kind = risk_of(name) if name else None
    return (Risk(kind, name),) if kind is not None else ()


def full_name(program: Program, item: Item, node: syntax.Expression) -> str:
    """`subprocess.run` for what is imported from an installed module; empty for anything else."""
    if isinstance(node, syntax.Attribute):
        before = full_name(program, item, node.value)
        return f"{before}.{node.name.text}" if before else ""
    symbol = item.symbol_of(node) if isinstance(node, syntax.Name) else None
    if symbol is None or symbol.kind not in ("imported", "python") or not isinstance(node, syntax.Name):
        return ""
    own = program.symbols.get(node.text)
    owner = program.item(own.item) if own is not None else None
    if owner is None or owner.target is None or owner.target.kind != "opaque":
        return ""
    match owner.declaration:
        case syntax.FromImport(level=0, module=module, names=names):
            for each in names:
                if (each.alias or each.name).text == node.text:
                    return ".".join(part.text for part in (*module, each.name))
        case syntax.Import(module=module, alias=alias):
            return ".".join(part.text for part in module) if alias is not None else module[0].text
    return ""
