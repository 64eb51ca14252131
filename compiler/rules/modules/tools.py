"""Tools that say nothing about themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..rule import Findings, label, replace, rule, written
from ..words import listed


@rule("W202", "undocumented-tool", syntax.Call, severity="warning")
def undocumented_tool(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A function is given to an agent as a tool, but has no docstring: the model knows only its name.

    ```dspy
    def price(item: str) -> float:
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price])
    #                                                 ^^^^^ W202 the tool `price` has no docstring
    ```

    ```dspy
    def price(item: str) -> float:
        \"\"\"The price of a drink, in euros.\"\"\"
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price])
    ```
    """
    for each in tools_of(item, node):
        kind = item.type_of(each)
        if isinstance(kind, types.Function) and kind.origin in ("declared", "python") and not kind.doc:
            if kind.name == "lambda" or not isinstance(each, syntax.Name | syntax.Attribute):
                continue
            words = f"the tool `{written(item, each)}` has no docstring"
            yield undocumented_tool.at(each, words, "its docstring tells the model when to call it")


@rule("W203", "untyped-tool", syntax.Call, severity="warning")
def untyped_tool(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A function is given to an agent as a tool, and some of its parameters have no type.

    The model is not told what to write there, and its value reaches the function unchanged: a string instead
    of a number. The same holds for a function of a Python file. Of a module the model is told no argument at
    all; a function that calls it has a name, a docstring and parameters.

    ```dspy
    def find(text, limit: int = 3) -> str:
        \"\"\"Search the handbook.\"\"\"
        return text[:limit]

    module agent = ReAct("q -> a", tools=[find])
    #                                     ^^^^ W203 the parameter `text` of the tool `find` has no type
    ```

    ```dspy
    def find(text: str, limit: int = 3) -> str:
        \"\"\"Search the handbook.\"\"\"
        return text[:limit]

    module agent = ReAct("question -> answer", tools=[find])
    ```
    """
    for each in tools_of(item, node):
        kind = item.type_of(each)
        if isinstance(kind, types.Module) and _is_ours(kind) and not _is_described(item, node, each):
            words = f"the tool `{written(item, each)[:40]}` is a module, and an agent is not told its inputs"
            yield untyped_tool.at(each, words, "write a `def` that calls it, with types and a docstring")
        if not isinstance(kind, types.Function) or kind.origin not in ("declared", "python"):
            continue
        if kind.origin == "python":
            names = program.python_facts(kind).untyped
        else:
            names = program.ask(_untyped_parameters, each.text) or () if isinstance(each, syntax.Name) else ()
        if names:
            plural = "s" if len(names) > 1 else ""
            has = "have" if len(names) > 1 else "has"
            words = f"the parameter{plural} {listed(names)} of the tool `{written(item, each)}` {has} no type"
            yield untyped_tool.at(each, words, labels=label(program, kind.place, "declared here"))


def _is_ours(module: types.Module) -> bool:
    """Whether a module's class is a declared one or the runtime's, which take any arguments by name."""
    own = module.definition
    return own is None or module.declared is not None or catalog.definition(own.name) is own


def _is_described(item: Item, node: syntax.Call, tool: syntax.Expression) -> bool:
    """Whether a tool is one of `Tool(module, args=…)`, which tells what it takes."""
    for each in item.nodes(syntax.Call):
        kind = item.type_of(each)
        is_tool = isinstance(kind, types.Instance) and kind.definition.name == "Tool"
        if is_tool and each.arguments and each.arguments[0].value is tool:
            binding = item.binding_of(each)
            is_spread = any(argument.star for argument in each.arguments)
            return is_spread or any(binding.argument(name) is not None for name in _DESCRIBING)
    return False


_DESCRIBING = ("desc", "args", "arg_types", "arg_desc")
"""What tells an agent the arguments of a tool, or may."""


def _untyped_parameters(program: Program, name: str) -> tuple[str, ...]:
    """The parameters without a type of a function of the file."""
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    node = owner.declaration if owner is not None else None
    if not isinstance(node, syntax.FunctionDeclaration):
        return ()
    return tuple(
        each.name.text
        for each in node.parameters
        if each.name is not None and each.annotation is None and not each.kind
    )


@rule("E318", "duplicate-tool", syntax.Call, fix="sometimes")
def duplicate_tool(program: Program, item: Item, node: syntax.Call) -> Findings:
    """Two tools of an agent have the same name, or one is named like its own tool, `finish` or `submit`.

    The model chooses a tool by its name.

    ```dspy
    def price(item: str) -> float:
        \"\"\"The price of a drink, in euros.\"\"\"
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price, price])
    #                                                        ^^^^^ E318 the agent already has a tool `price`
    ```

    ```dspy
    def price(item: str) -> float:
        \"\"\"The price of a drink, in euros.\"\"\"
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price])
    ```
    """
    own = own_tool(item, node)
    names = {own} if own else set()
    before: syntax.Expression | None = None
    for tool in _written_tools(item, node):
        each = _wrapped(item, tool)
        last, before = before, each
        kind = item.type_of(each)
        if not isinstance(kind, types.Function) or kind.name == "lambda":
            continue
        name = _name_of(item, tool, kind)
        if name is None:
            continue
        if name in names:
            is_own = name == own
            words = f"the agent {'has its own' if is_own else 'already has a'} tool `{name}`"
            # `Tool(price)` ends behind the name.
            is_known = isinstance(last, syntax.Name) and isinstance(each, syntax.Name)
            gap = Span(last.span.end, each.span.end) if last is not None and is_known and not is_own else None
            is_plain = gap is not None and item.text[gap.start : each.span.start].strip() == ","
            yield duplicate_tool.at(
                each, words, fix=replace("Remove it", gap, "") if gap is not None and is_plain else None
            )
        names.add(name)


def _name_of(item: Item, tool: syntax.Expression, function: types.Function) -> str | None:
    """The name by which a model chooses a tool; None where that cannot be told."""
    made = _made(item, tool)
    given = item.binding_of(made).argument("name") if made is not None else None
    if given is None:
        return function.name
    return given.value.value if isinstance(given.value, syntax.String) else None


_OWN = {"ReAct": "finish", "ReActV2": "submit"}
"""The tools by which the runtime's agents end."""


def own_tool(item: Item, node: syntax.Call) -> str:
    """The tool that an agent of the runtime adds itself, where a call constructs one; else empty."""
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition(kind.definition.name):
        return ""
    return _OWN.get(kind.definition.name, "")


def tools_of(item: Item, node: syntax.Call) -> Iterator[syntax.Expression]:
    """The tools that a call gives to an agent, where they are written out."""
    for each in _written_tools(item, node):
        yield _wrapped(item, each)


def _written_tools(item: Item, node: syntax.Call) -> tuple[syntax.Expression, ...]:
    argument = item.binding_of(node).argument("tools")
    if argument is None or not isinstance(argument.value, syntax.List | syntax.Tuple):
        return ()
    return argument.value.elements


def _wrapped(item: Item, node: syntax.Expression) -> syntax.Expression:
    """The function in `Tool(function)`, unless that says what it does."""
    made = _made(item, node)
    return made.arguments[0].value if made is not None and made.arguments else node


def _made(item: Item, node: syntax.Expression) -> syntax.Call | None:
    """`Tool(…)`; None for another expression."""
    if not isinstance(node, syntax.Call):
        return None
    kind = item.type_of(node.function)
    return node if isinstance(kind, types.Class) and kind.definition.name == "Tool" else None
