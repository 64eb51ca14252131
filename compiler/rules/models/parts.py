"""Settings of modules that their models refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ....base import models
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..edits import without_argument
from ..rule import Findings, rule
from ..walking import remembered
from .settings import refused
from .written import Written, constant, model_of


@rule("E319", "part-setting", syntax.Call, fix="always")
def part_setting(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A module is given a setting that its model does not accept, or that only a model can have.

    ```dspy
    lm strong = LM("openai/o3", temperature=1.0, max_tokens=16000)
    module qa = ChainOfThought("question -> answer", lm=strong, temperature=0.2)
    #                                                           ^^^^^^^^^^^^^^^ E319 `openai/o3` rejects this
    ```

    ```dspy
    lm strong = LM("openai/o3", temperature=1.0, max_tokens=16000)
    module qa = ChainOfThought("question -> answer", lm=strong)
    ```
    """
    kind = item.type_of(node.function)
    if not isinstance(kind, types.ModuleClass) and not _is_module(kind):
        return
    for argument, parameter in item.binding_of(node).matched:
        name = argument.name.text if argument.name is not None else ""
        if parameter.kind == "**" and name in _OF_THE_MODEL:
            words = f"`{name}` is a parameter of the model; write `LM(…, {name}=…)`"
            yield part_setting.at(argument, words, fix=without_argument(item, node.arguments, argument))
    settings = [each for each in node.arguments if each.name is not None and each.name.text in _SETTINGS]
    model = model_in_force(program, item, node) if settings else None
    for argument in settings if model is not None else ():
        name, value = argument.name.text if argument.name is not None else "", constant(argument.value)
        if model is not None and _is_refused(model, name, value):
            fix = without_argument(item, node.arguments, argument)
            yield part_setting.at(argument, f"`{model.name}` rejects this", fix=fix)


_OF_THE_MODEL = frozenset({"budget", "fallbacks", "max_concurrency", "rpm", "tpm"})


def _is_module(kind: types.Type) -> bool:
    return isinstance(kind, types.Class) and kind.definition.is_a("Module")


class _Model(Struct, frozen=True):
    """The model that a module is given, as far as its name tells."""

    name: str
    is_reasoning: bool
    refused: frozenset[str]
    longest: int | None
    """How many tokens an answer may have."""
    context: int | None
    """How many tokens it reads."""
    row: Mapping[str, Any] | None = None
    """What litellm's table says of it, where it is there."""


_SETTINGS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "n",
        "presence_penalty",
        "reasoning_effort",
        "seed",
        "stop",
        "temperature",
        "thinking",
        "top_k",
        "top_logprobs",
        "top_p",
    }
)


def _is_refused(model: _Model, name: str, value: object) -> bool:
    if value is None:
        return False
    if name == "temperature":
        return model.is_reasoning and isinstance(value, int | float) and value != 1
    if name == "max_tokens":
        few = model.is_reasoning and isinstance(value, int) and value < models.REASONING_MAX_TOKENS
        return few or (model.longest is not None and isinstance(value, int) and value > model.longest)
    return name in model.refused and not (name == "n" and value in (1, ...))


def model_in_force(program: Program, item: Item, node: syntax.Call) -> _Model | None:
    """The model that a module is given; that of the file where it is given none."""
    given = next((each.value for each in node.arguments if each.name and each.name.text == "lm"), None)
    if any(each.star for each in node.arguments):
        return None
    if given is None:
        return program.ask(_of_file, "")
    if isinstance(given, syntax.Call):
        found = model_of(item, given)
        return _as_model(found) if found is not None else None
    symbol = item.symbol_of(given) if isinstance(given, syntax.Name) else None
    return program.ask(_declared, symbol.name) if symbol is not None and symbol.kind == "lm" else None


def _declared(program: Program, name: str) -> _Model | None:
    found = written_model(program, name)
    return _as_model(found) if found is not None else None


def written_model(program: Program, name: str) -> Written | None:
    """The model that an `lm` of the file declares; what is asked of it by `program.ask` is comparable."""
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    declaration = owner.declaration if owner is not None else None
    if owner is None or not isinstance(declaration, syntax.ValueDeclaration):
        return None
    return model_of(owner, declaration.value) if isinstance(declaration.value, syntax.Call) else None


def _of_file(program: Program, _: str) -> _Model | None:
    """The model that the file's `configure` sets."""
    configured = program.combine(_configured, _first)
    if configured is None:
        return None
    index = next(at for at, each in enumerate(program.items) if _configured(each) is not None)
    item = program.items[index]
    declaration = item.declaration
    for argument in declaration.arguments if isinstance(declaration, syntax.ConfigureDeclaration) else ():
        if argument.name is None or argument.name.text != "lm":
            continue
        if isinstance(argument.value, syntax.Name):
            return _declared(program, argument.value.text)
        found = model_of(item, argument.value) if isinstance(argument.value, syntax.Call) else None
        return _as_model(found) if found is not None else None
    return None


@remembered
def _configured(item: Item) -> str | None:
    """The text of a `configure(…)`."""
    is_one = isinstance(item.declaration, syntax.ConfigureDeclaration) and not item.broken
    return item.text if is_one else None


def _first(found: Sequence[str | None]) -> str | None:
    return next((each for each in found if each is not None), None)


def _as_model(found: Written) -> _Model:
    longest = found.row.get("max_output_tokens") if found.row is not None else None
    return _Model(
        found.name,
        models.is_reasoning_model(found.name) and not found.is_elsewhere,
        refused(found) if found.row is not None else frozenset(),
        longest if isinstance(longest, int) and longest > 0 else None,
        _context_of(found),
        found.row,
    )


def _context_of(found: Written) -> int | None:
    """How many tokens a model reads at most."""
    given = found.value("n_ctx") if found.argument("n_ctx") is not None else None
    if isinstance(given, int):
        return given
    if found.provider == "embedded" and given is None:
        return None if found.own_name in models.COMPACT else models.SHIPPED_CONTEXT.get(found.own_name)
    reads = found.row.get("max_input_tokens") if found.row is not None else None
    return reads if isinstance(reads, int) and reads > 0 else None
