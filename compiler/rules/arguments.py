"""Arguments that a call does not fit: what is missing, unknown, given twice or too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..diagnostic import Edit, Fix
from ..program import Binding, Item, Program
from .rule import Finding, replace, rule, written
from .words import listed, meant_or_has, near


@dataclass(frozen=True)
class Called:
    """A call whose parameters are known."""

    name: str
    """The callee as a sentence names it."""
    head: syntax.Node | Span
    """What stands before the bracket."""
    arguments: tuple[syntax.Argument, ...]
    binding: Binding
    is_module: bool

    @property
    def noun(self) -> str:
        """What the callee's parameters are called."""
        match self.binding.callee:
            case types.Module():
                return "input"
            case types.TypeForm(type=types.Record()):
                return "attribute"
            case types.Class() | types.ModuleClass():
                return "parameter"
            case types.Unknown():
                return "setting"
            case _:
                return "argument"


def calls(item: Item) -> Iterator[Called]:
    """The calls of an item whose parameters are known, `configure(…)` among them."""
    for node in item.nodes(syntax.Call):
        binding = item.binding_of(node)
        if binding is not None and binding.parameters is not None:
            is_module = isinstance(binding.callee, types.Module)
            yield Called(written(item, node.function), node.function, node.arguments, binding, is_module)
    declaration = item.declaration
    if isinstance(declaration, syntax.ConfigureDeclaration):
        binding = item.binding_of(declaration)
        if binding is not None and binding.parameters is not None:
            start = declaration.span.start
            yield Called(
                "configure",
                Span(start, start + len("configure")),
                declaration.arguments,
                binding,
                is_module=False,
            )


@rule("E202", "unknown-argument")
def unknown_argument(program: Program, item: Item) -> Iterator[Finding]:
    """A call names an argument that the callee does not have.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(qestion=text).answer
    #             ^^^^^^^ E202 `qa` has no input `qestion`; did you mean `question`?
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    ```
    """
    for call in calls(item):
        names = [each.name for each in call.binding.parameters or () if each.kind in ("", "keyword-only")]
        free = [name for name in names if call.binding.argument(name) is None]
        own = _own_names(call, free)
        for argument in (*call.binding.unknown, *_misspelled(call, names)):
            if argument.name is None:
                continue
            name = argument.name.text
            close = near(name, free)
            fix = replace(f"Change to `{close}`", argument.name, close) if close else None
            ending = meant_or_has(name, free if close else own)
            yield Finding(
                argument.name,
                f"`{call.name}` has no {call.noun} `{name}`{ending}",
                _construct(call, name),
                fix,
            )


def _own_names(call: Called, names: list[str]) -> list[str]:
    """The names that a sentence lists: not the settings that every module takes."""
    match call.binding.callee:
        case types.Module(interface=interface):
            return [each.name for each in interface.inputs]
        case types.ModuleClass(parameters=parameters):
            return [each.name for each in parameters]
        case _:
            return names


def _misspelled(call: Called, names: list[str]) -> Iterator[syntax.Argument]:
    """Further settings of an LM that are very like a parameter: a mistake, though any name would be taken."""
    if not isinstance(call.binding.callee, types.Class):
        return
    for argument, parameter in call.binding.matched:
        name = argument.name
        if parameter.kind == "**" and name is not None and near(name.text, names, cutoff=0.85):
            yield argument


def _construct(call: Called, name: str) -> str | None:
    callee = call.binding.callee
    if isinstance(callee, types.ModuleClass) and callee.interface.field(name) is not None:
        return f"`{call.name}(…)` constructs the module; call what it gives: `{call.name}()({name}=…)`"
    return None


@rule("E203", "missing-argument")
def missing_argument(program: Program, item: Item) -> Iterator[Finding]:
    """A call leaves out an argument that has no default, or a module's input.

    ```dspy
    module qa = ChainOfThought("context, question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    #          ^^ E203 `qa` needs the input `context`
    ```

    ```dspy
    module qa = ChainOfThought("context, question -> answer")

    def ask(text: str) -> str:
        return qa(context="", question=text).answer
    ```
    """
    for call in calls(item):
        missing = [each.name for each in call.binding.missing]
        if not missing or call.binding.unknown or call.binding.surplus:
            continue  # the argument that is wrong there is most likely the one that is missing here
        plural = "s" if len(missing) > 1 else ""
        yield Finding(call.head, f"`{call.name}` needs the {call.noun}{plural} {listed(missing)}")


@rule("E204", "positional-input")
def positional_input(program: Program, item: Item) -> Iterator[Finding]:
    """An input of a module, or an attribute of a record, is given without its name.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(text).answer
    #             ^^^^ E204 `qa` takes its inputs by name: write `question=text`
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    ```
    """
    for call in calls(item):
        if call.noun not in ("input", "attribute"):
            continue
        free = [each for each in call.binding.parameters or () if call.binding.argument(each.name) is None]
        for index, argument in enumerate(call.binding.surplus):
            name = (
                free[index].name
                if index < len(free) and (free[index].required or not call.is_module)
                else None
            )
            words = f"`{call.name}` takes its {call.noun}s by name"
            if name is None:
                yield Finding(argument, words)
                continue
            fix = Fix(
                f"Write `{name}=`",
                (Edit(Span(argument.span.start, argument.span.start), f"{name}="),),
                "unsafe",
            )
            text = written(item, argument)
            yield Finding(argument, f"{words}: write `{name}={text if len(text) <= 30 else '…'}`", fix=fix)


@rule("E205", "surplus-argument")
def surplus_argument(program: Program, item: Item) -> Iterator[Finding]:
    """A call gives more arguments by position than the callee takes.

    ```dspy
    limit = len([1, 2], [3])
    #                   ^^^ E205 `len` takes 1 argument by position, not 2
    ```

    ```dspy
    limit = len([1, 2, 3])
    ```
    """
    for call in calls(item):
        if call.noun in ("input", "attribute") or not call.binding.surplus:
            continue
        takes = sum(each.kind in ("", "positional-only") for each in call.binding.parameters or ())
        given = sum(each.name is None for each in call.arguments)
        many = "no arguments" if not takes else "1 argument" if takes == 1 else f"{takes} arguments"
        yield Finding(call.binding.surplus[0], f"`{call.name}` takes {many} by position, not {given}")


@rule("E206", "repeated-argument")
def repeated_argument(program: Program, item: Item) -> Iterator[Finding]:
    """A call gives an argument by position, and by name once more.

    ```dspy
    words = "a,b".split(",", sep=";")
    #                        ^^^ E206 `sep` of `"a,b".split` is given already, by its position
    ```

    ```dspy
    words = "a,b".split(",")
    ```
    """
    for call in calls(item):
        for argument in call.binding.repeated:
            name = argument.name
            if name is not None:
                yield Finding(name, f"`{name.text}` of `{call.name}` is given already, by its position")


@rule("E207", "spread-inputs")
def spread_inputs(program: Program, item: Item) -> Iterator[Finding]:
    """A module is called with `*` or `**`, so that nobody can tell which inputs it gets.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(**values).answer
    #             ^^^^^^^^ E207 a module's inputs are given by name, without `**`
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(question=values["question"]).answer
    ```
    """
    for node in item.nodes(syntax.Call):
        binding = item.binding_of(node)
        if binding is not None and isinstance(binding.callee, types.Module | types.AnyModule):
            for argument in node.arguments:
                if argument.star:
                    yield Finding(argument, f"a module's inputs are given by name, without `{argument.star}`")
