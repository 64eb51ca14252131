"""Arguments that a call does not have, and those that it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from ....base.diagnostic import Diagnostic, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...program import Binding, Item, Program
from ...types.assignable import assignable
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
    if binding.parameters is None:
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
        return missing[0].name if is_meant(given, missing[0].type) else None
    return close


_OTHER_NAMES = {
    "api_key": frozenset({"apikey", "api_token", "openai_api_key"}),
    "fallbacks": frozenset({"fallback_models", "fallback_model"}),
    "max_tokens": frozenset({"max_new_tokens", "max_length", "maxTokens", "max_output_length"}),
    "model": frozenset({"model_name", "model_id", "engine"}),
    "num_retries": frozenset({"retries", "max_attempts"}),
    "temperature": frozenset({"temp"}),
    "max_iters": frozenset({"max_iterations", "max_steps", "max_turns", "iterations", "steps"}),
    "max_retries": frozenset({"max_attempts", "max_tries", "retries", "num_retries"}),
    "num_threads": frozenset({"threads", "workers", "n_jobs", "max_workers"}),
    "tools": frozenset({"functions"}),
    "trainset": frozenset({"dataset", "train", "train_data", "train_dataset", "train_set", "training_set"}),
    "valset": frozenset({"dev", "dev_set", "devset", "eval_set", "val_set", "validation", "validation_set"}),
    "devset": frozenset(
        {"data", "dataset", "dev_set", "eval_set", "examples", "test_set", "testset", "valset"}
    ),
    "metric": frozenset({"evaluator", "metric_fn", "metrics", "scorer"}),
    "reward_fn": frozenset({"metric", "reward", "reward_function", "scorer"}),
    "N": frozenset({"attempts", "n", "num_attempts"}),
}
"""What other libraries call parameters."""


_OF_FILES = frozenset({"adapter", "rm", "track_usage"})
"""What only `configure(…)` takes; a module would send it to its model, as a setting that it does not know."""


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
    """Further settings of an LM that are very like a parameter, or those of a file: mistakes, though any name
    would be taken.
    """
    callee = call.binding.callee
    if not isinstance(callee, types.Class):
        return
    takes_settings = callee.definition.is_a("Module") or callee.definition.is_a("BaseLM")
    for argument, parameter in call.binding.matched:
        name = argument.name
        if parameter.kind != "**" or name is None:
            continue
        is_of_files = takes_settings and name.text in _OF_FILES
        if is_of_files or near(name.text, names, cutoff=0.85) or _is_called_otherwise(name.text, names):
            yield argument


def _is_called_otherwise(name: str, names: list[str]) -> bool:
    return any(each in names and name in others for each, others in _OTHER_NAMES.items())


def _other_place(call: Called, name: str) -> str | None:
    """Where a name that has no place here belongs."""
    if call.noun == "setting" and name == "callbacks":
        return (
            "callbacks are Python objects; set them in Python with `dspyc.runtime.configure(callbacks=[…])`"
        )
    if call.noun == "setting" and _is_of_models(name):
        return f"it is a setting of models: write `LM(…, {name}=…)`, or `Predict(…, {name}=…)` for one module"
    if call.noun in ("parameter", "input") and name in _OF_FILES:
        return f"it is a setting of a file: write `configure({name}=…)`"
    callee = call.binding.callee
    if isinstance(callee, types.ModuleClass) and callee.interface.field(name) is not None:
        return f"`{call.name}(…)` constructs the module; call the result: `{call.name}()({name}=…)`"
    return None


def _is_of_models(name: str) -> bool:
    model = catalog.definition("LM")
    settings = [*catalog.settings(), *((model.parameters if model is not None else None) or ())]
    return any(each.name == name for each in settings)


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
        and isinstance(item.type_of(node.function), types.Function | types.Module)
        and any(is_called_instead(item, call, node) for call in item.nodes(syntax.Call))
    )


def is_module_called(item: Item, node: syntax.Call) -> bool:
    """`Evaluate(qa(), …)`: a call without arguments of a module where a module is asked for."""
    return (
        not node.arguments
        and isinstance(item.type_of(node.function), types.Module)
        and isinstance(item.declaration, syntax.ValueDeclaration)
        and any(is_called_instead(item, call, node) for call in item.nodes(syntax.Call))
    )


def is_called_instead(item: Item, call: syntax.Call, node: syntax.Expression) -> bool:
    """Whether a call takes a function, or a list of them, where `node` calls one without arguments."""
    for argument, parameter in item.binding_of(call).matched:
        value = argument.value
        inside = value.elements if isinstance(value, syntax.List | syntax.Tuple) else (value,)
        if any(each is node for each in inside):
            options = [*types.options(parameter.type)]
            options += [each.item for each in options if isinstance(each, types.List | types.Iterable)]
            wanted = (
                types.AnyModule if isinstance(item.type_of(_callee(node)), types.Module) else types.Callback
            )
            return any(isinstance(each, wanted) for each in options)
    return False


def _callee(node: syntax.Expression) -> syntax.Expression:
    return node.function if isinstance(node, syntax.Call) else node


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


def is_meant(given: types.Type, wanted: types.Type) -> bool:
    """Whether a value is surely of the kind that a parameter takes."""
    options = [each for each in types.options(wanted) if not isinstance(each, types.Anything | types.Nothing)]
    return types.known(given) and any(types.known(each) and assignable(given, each) for each in options)
