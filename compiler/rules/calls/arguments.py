"""Arguments that a call does not fit: what is missing, unknown, given twice or too many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from ....base.diagnostic import Diagnostic, Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Binding, Item, Program
from ...types.assignable import assignable
from ..edits import without_argument
from ..rule import Findings, insert, replace, rule, written
from ..words import listed, meant_or_has, near, nouns
from .settings import wrong_settings

Call: TypeAlias = syntax.Call | syntax.ConfigureDeclaration
CALLS = (syntax.Call, syntax.ConfigureDeclaration)
"""The nodes that are calls."""


class Called(Struct, frozen=True):
    """A call whose parameters are known."""

    item: Item
    node: Call
    binding: Binding

    @property
    def name(self) -> str:
        """The callee as a sentence names it."""
        return written(self.item, self.node.function) if isinstance(self.node, syntax.Call) else "configure"

    @property
    def head(self) -> syntax.Node | Span:
        """What stands before the bracket."""
        if isinstance(self.node, syntax.Call):
            return self.node.function
        start = self.node.span.start
        return Span(start, start + len("configure"))

    @property
    def arguments(self) -> tuple[syntax.Argument, ...]:
        """The arguments as they are written."""
        return self.node.arguments

    @property
    def is_module(self) -> bool:
        """Whether a module is called."""
        return isinstance(self.binding.callee, types.Module)

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


def called(item: Item, node: Call) -> tuple[Called, ...]:
    """The call of a node; none where its parameters are not known."""
    binding = item.binding_of(node)
    if binding is None or binding.parameters is None:
        return ()
    return (Called(item, node, binding),)


def calls(item: Item) -> Iterator[Called]:
    """The calls of an item whose parameters are known, `configure(…)` among them."""
    for node in item.nodes(syntax.Call):
        yield from called(item, node)
    for declaration in item.nodes(syntax.ConfigureDeclaration):
        yield from called(item, declaration)


@rule("E202", "unknown-argument", *CALLS, fix="sometimes")
def unknown_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call passes an argument that the callee does not have.

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
    for call in called(item, node):
        names = [each.name for each in call.binding.parameters or () if each.kind in ("", "keyword-only")]
        free = [name for name in names if call.binding.argument(name) is None]
        own = _own_names(call, free)
        for setting in wrong_settings(item, node, call.binding):
            yield unknown_argument.at(setting.at, setting.message, fix=setting.fix)
        strange = [each for each in call.binding.unknown if each.name and not _close(call, each, free)]
        for argument in (*call.binding.unknown, *_misspelled(call, names)):
            if argument.name is None:
                continue
            if len(strange) > 1 and argument in strange:
                if argument is strange[0]:
                    yield _several_unknown(call, strange, own)
                continue
            name = argument.name.text
            close = _close(call, argument, free)
            fix = replace(f"Change to `{close}`", argument.name, close) if close else None
            ending = f"; did you mean `{close}`?" if close else _others(name, free) or meant_or_has(name, own)
            yield unknown_argument.at(
                argument.name,
                f"`{call.name}` has no {call.noun} `{name}`{ending}",
                _other_place(call, name),
                fix,
            )


def _several_unknown(call: Called, unknown: list[syntax.Argument], own: list[str]) -> Diagnostic:
    """Several arguments that have nothing to do with the parameters: another callee is meant."""
    names = [each.name.text for each in unknown if each.name is not None]
    place = unknown[0].name or unknown[0]
    has = f"; it has {listed(own)}" if 0 < len(own) <= 6 else ""
    return unknown_argument.at(
        place,
        f"`{call.name}` has no {call.noun}s {listed(names, 'or')}{has}",
        _other_place(call, names[0]),
    )


def _alike(name: str, names: list[str]) -> list[str]:
    """The parameters whose last word is that of a name of several words."""
    last = name.rpartition("_")[2]
    return [each for each in names if each.rpartition("_")[2] == last] if "_" in name else []


def _others(name: str, free: list[str]) -> str:
    alike = _alike(name, free)
    return f"; it has {listed(alike)}" if 1 < len(alike) <= 6 else ""


def _close(call: Called, argument: syntax.Argument, free: list[str]) -> str | None:
    """The parameter that is meant: by its name, by what others call it, or as the only missing one."""
    name = argument.name.text if argument.name is not None else ""
    other = next((each for each, names in _OTHER_NAMES.items() if name in names and each in free), None)
    close = other or near(name, free)
    alike = _alike(name, free)
    if close is not None and alike and close not in alike:
        return alike[0] if len(alike) == 1 else None
    missing = call.binding.missing
    if (
        close is None
        and not call.is_module
        and len(missing) == 1
        and len(call.binding.unknown) == 1
        and missing[0].name in free
    ):
        given = call.item.type_of(argument.value)
        return missing[0].name if _is_meant(given, missing[0].type) else None
    return close


_OTHER_NAMES = {
    "max_iters": frozenset({"max_iterations", "max_steps", "max_turns", "iterations", "steps"}),
    "max_retries": frozenset({"max_attempts", "max_tries", "retries", "num_retries"}),
    "num_threads": frozenset({"threads", "workers", "n_jobs", "max_workers"}),
    "tools": frozenset({"functions"}),
}
"""What other libraries call parameters."""


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
        if parameter.kind != "**" or name is None:
            continue
        if near(name.text, names, cutoff=0.85) or _is_called_otherwise(name.text, names):
            yield argument


def _is_called_otherwise(name: str, names: list[str]) -> bool:
    return any(each in names and name in others for each, others in _OTHER_NAMES.items())


def _other_place(call: Called, name: str) -> str | None:
    """Where a name that has no place here belongs."""
    if call.noun == "setting" and name == "callbacks":
        return (
            "callbacks are Python objects; set them in Python with `dspyc.runtime.configure(callbacks=[…])`"
        )
    callee = call.binding.callee
    if isinstance(callee, types.ModuleClass) and callee.interface.field(name) is not None:
        return f"`{call.name}(…)` constructs the module; call the result: `{call.name}()({name}=…)`"
    return None


@rule("E203", "missing-argument", *CALLS, fix="sometimes")
def missing_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call leaves out a required argument, or an input of a module.

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
    for call in called(item, node):
        missing = [each.name for each in call.binding.missing]
        if not missing or call.binding.unknown or call.binding.surplus:
            continue  # the argument that is wrong there is most likely the one that is missing here
        if any(_misspelled(call, [each.name for each in call.binding.parameters or ()])):
            continue
        if _is_handed_over(item, node):
            continue  # it is the function itself that is meant
        words = f"`{call.name}` needs {nouns(call.noun, missing)}"
        yield missing_argument.at(call.head, words, fix=_same_named(program, call, missing))


def _is_handed_over(item: Item, node: Call) -> bool:
    """Whether a call without arguments stands where a function is asked for: `metric=same()`."""
    return (
        isinstance(node, syntax.Call)
        and not node.arguments
        and isinstance(item.type_of(node.function), types.Function)
        and any(is_called_instead(item, call, node) for call in item.nodes(syntax.Call))
    )


def is_called_instead(item: Item, call: syntax.Call, node: syntax.Expression) -> bool:
    """Whether a call takes a function, or a list of them, where `node` calls one without arguments."""
    binding = item.binding_of(call)
    for argument, parameter in binding.matched if binding is not None else ():
        value = argument.value
        inside = value.elements if isinstance(value, syntax.List | syntax.Tuple) else (value,)
        if any(each is node for each in inside):
            options = [*types.options(parameter.type)]
            options += [each.item for each in options if isinstance(each, types.List | types.Iterable)]
            return any(isinstance(each, types.Callback) for each in options)
    return False


def _same_named(program: Program, call: Called, missing: list[str]) -> Fix | None:
    """Pass variables and inputs on that are named like what is missing."""
    if not isinstance(call.node, syntax.Call):
        return None
    local = {"local", "parameter", "input"}
    names = program.names_at(call.item.start + call.node.span.start)
    if not all(name in names and names[name].kind in local for name in missing):
        return None
    text = ", ".join(f"{name}={name}" for name in missing)
    last = call.arguments[-1].span.end if call.arguments else call.node.function.span.end
    at = last if call.arguments else call.item.text.index("(", last) + 1
    return insert(f"Write `{text}`", at, f", {text}" if call.arguments else text)


@rule("E204", "positional-input", *CALLS, fix="sometimes")
def positional_input(program: Program, item: Item, node: Call) -> Findings:
    """An input of a module, or an attribute of a record, is passed without its name.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(text).answer
    #             ^^^^ E204 `qa` takes inputs by name; write `question=text`
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    ```
    """
    binding = item.binding_of(node)
    if binding is not None and binding.parameters is None:
        if isinstance(binding.callee, types.Module | types.AnyModule) and isinstance(node, syntax.Call):
            # What the module takes is not known, but not by position.
            for argument in node.arguments:
                if argument.name is None and not argument.star:
                    words = f"`{written(item, node.function)}` takes inputs by name; write `NAME=…`"
                    yield positional_input.at(argument, words)
        return
    for call in called(item, node):
        if call.noun not in ("input", "attribute"):
            continue
        free = [each for each in call.binding.parameters or () if call.binding.argument(each.name) is None]
        surplus = call.binding.surplus
        if not surplus:
            continue
        words = f"`{call.name}` takes {call.noun}s by name"
        meant = [each.name for each in free if each.required or not call.is_module][: len(surplus)]
        if len(meant) < len(surplus):
            yield positional_input.at(surplus[0], words)
            continue
        texts = [written(item, each) for each in surplus]
        form = ", ".join(
            f"{name}={text if len(text) <= 30 else '…'}" for name, text in zip(meant, texts, strict=True)
        )
        edits = tuple(
            Edit(Span(each.span.start, each.span.start), f"{name}=")
            for name, each in zip(meant, surplus, strict=True)
        )
        title = f"Write `{', '.join(f'{name}=' for name in meant)}`"
        yield positional_input.at(surplus[0], f"{words}; write `{form}`", fix=Fix(title, edits, "unsafe"))


@rule("E205", "surplus-argument", *CALLS, fix="sometimes")
def surplus_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call passes more positional arguments than the callee takes.

    ```dspy
    limit = len([1, 2], [3])
    #                   ^^^ E205 `len` takes 1 positional argument, not 2
    ```

    ```dspy
    limit = len([1, 2, 3])
    ```
    """
    for call in called(item, node):
        if call.noun in ("input", "attribute") or not call.binding.surplus:
            continue
        takes = sum(each.kind in ("", "positional-only") for each in call.binding.parameters or ())
        given = sum(each.name is None for each in call.arguments)
        noun = "positional argument" if takes == 1 else "positional arguments"
        words = f"`{call.name}` takes " + (f"{takes} {noun}, not {given}" if takes else f"no {noun}")
        yield surplus_argument.at(call.binding.surplus[0], words, *_by_name(call))


def _by_name(call: Called) -> tuple[str | None, Fix | None]:
    """How to give the positional arguments by name, and the fix, where their types say which each one is."""
    positional = [each for each in call.arguments if each.name is None and not each.star]
    given = {each.name.text for each in call.arguments if each.name is not None}
    edits: list[Edit] = []
    names: list[str] = []
    for argument in positional:
        kind = call.item.type_of(argument.value)
        fitting = [
            each.name
            for each in call.binding.parameters or ()
            if each.kind in ("", "keyword-only") and each.name not in given and _is_meant(kind, each.type)
        ]
        required = [each.name for each in call.binding.parameters or () if each.required]
        fitting = [each for each in fitting if each in required] or fitting
        if len(fitting) != 1 or fitting[0] in names:
            return _named_only(call, given), None
        names.append(fitting[0])
        if any(each is argument and parameter.name == fitting[0] for each, parameter in call.binding.matched):
            continue
        edits.append(Edit(Span(argument.span.start, argument.span.start), f"{fitting[0]}="))
    named = {edit.span.start: edit.replacement for edit in edits}
    form = ", ".join(
        f"{named[each.span.start]}{written(call.item, each)}"
        for each in positional
        if each.span.start in named
    )
    return f"write `{form[:80]}`", Fix("Write the names", tuple(edits), "unsafe")


def _named_only(call: Called, given: set[str]) -> str | None:
    """The parameters that take a name, where there are few."""
    names = [
        f"`{each.name}=…`"
        for each in call.binding.parameters or ()
        if each.kind == "keyword-only" and each.name not in given
    ]
    return f"pass the others by name: {', '.join(names[:3])}" + " …" * (len(names) > 3) if names else None


def _is_meant(given: types.Type, wanted: types.Type) -> bool:
    """Whether a value is surely of the kind that a parameter takes."""
    options = [each for each in types.options(wanted) if not isinstance(each, types.Anything | types.Nothing)]
    return types.known(given) and any(types.known(each) and assignable(given, each) for each in options)


@rule("E206", "repeated-argument", *CALLS, fix="always")
def repeated_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call passes an argument both by position and by name.

    ```dspy
    words = "a,b".split(",", sep=";")
    #                        ^^^ E206 `sep` of `"a,b".split` is already given by position
    ```

    ```dspy
    words = "a,b".split(",")
    ```
    """
    for call in called(item, node):
        for argument in call.binding.repeated:
            name = argument.name
            if name is not None:
                words = f"`{name.text}` of `{call.name}` is already given by position"
                fix = without_argument(item, call.arguments, argument)
                yield repeated_argument.at(name, words, fix=fix)


@rule("E207", "spread-inputs", syntax.Call, fix="sometimes")
def spread_inputs(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A module is called with `*` or `**`, so its inputs are unknown.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(**values).answer
    #             ^^^^^^^^ E207 a module call does not accept `**`; pass each input by name
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(question=values["question"]).answer
    ```
    """
    binding = item.binding_of(node)
    if binding is not None and isinstance(binding.callee, types.Module | types.AnyModule):
        for argument in node.arguments:
            if argument.star:
                words = f"a module call does not accept `{argument.star}`; pass each input by name"
                yield spread_inputs.at(argument, words, fix=_by_inputs(item, binding, argument))


def _by_inputs(item: Item, binding: Binding, argument: syntax.Argument) -> Fix | None:
    """`**values` as the module's inputs one by one, out of a dict, a prediction or a row."""
    module, kind = binding.callee, item.type_of(argument.value)
    if (
        argument.star != "**"
        or not isinstance(module, types.Module)
        or not isinstance(argument.value, syntax.Name)
    ):
        return None
    given = {each.name.text for each, _ in binding.matched if each.name is not None}
    inputs = [each.name for each in module.interface.inputs if each.required and each.name not in given]
    by_key = isinstance(kind, types.Dict)
    if not inputs or not (by_key or isinstance(kind, types.Prediction | types.Fields)):
        return None
    value = argument.value.text
    text = ", ".join(f'{name}={value}["{name}"]' if by_key else f"{name}={value}.{name}" for name in inputs)
    return replace(f"Write `{text[:60]}`", argument, text)
