"""How many answers one call of a predictor asks for at most, by the settings that hold for it."""

from __future__ import annotations

from msgspec.structs import replace

from ...grammar import syntax
from .. import catalog, types
from ..program import Program
from .count import ONE, Count, most, number
from .here import Around, Defaults, Here
from .sizes import number_of


def answer(here: Here) -> Count:
    """One answer of a predictor that is made here, with all the follow-up turns that it may need."""
    around, defaults = here.around, here.defaults
    again = around.call or around.parts or retries(defaults)
    answers = [*around.answers, *([defaults.answers] if defaults and defaults.answers else [])]
    return ONE + (most(answers) if answers else ONE) * again


def retries(defaults: Defaults | None) -> Count:
    """The `max_retries` of a file, or the one that holds where nothing is set."""
    if defaults is not None and defaults.retries is not None:
        return defaults.retries
    found = {each.name: each.default for each in catalog.configuration() or ()}
    return number(int(found["max_retries"]))


def called(here: Here, node: syntax.Call) -> Around:
    """What holds while a module runs that this call calls."""
    around = here.around
    call = around.call
    own, config, model = (_setting(here, node, name) for name in ("max_retries", "config", "lm"))
    answers = [number_of(here, each.value) for each in _entries(config, "n")]
    if own is not None:
        call = number_of(here, own)
    if model is not None:
        answers += _answers_of_model(here, model)
    return replace(around, call=call, answers=(*around.answers, *answers))


def made_with(here: Here, node: syntax.Call) -> Around:
    """What holds beneath a module that this call makes."""
    own, around = argument(here, node, "max_retries"), here.around
    parts = around.parts if own is None else number_of(here, own)
    return replace(around, parts=parts, answers=(*around.answers, *_answers(here, node)))


def configured(program: Program) -> Defaults | None:
    """What a file's `configure` says; None for a file without one."""
    found = None
    for item in program.items:
        if isinstance(item.declaration, syntax.ConfigureDeclaration):
            here = Here(program, item)
            given = {each.name.text: each.value for each in item.declaration.arguments if each.name}
            own, model = given.get("max_retries"), given.get("lm")
            answers = [] if model is None else _answers_of_model(here, model)
            found = Defaults(None if own is None else number_of(here, own), next(iter(answers), None))
    return found


def argument(here: Here, node: syntax.Call, name: str) -> syntax.Expression | None:
    """What a parameter is given; None where it is given nothing, or `None`."""
    found = here.item.binding_of(node).argument(name)
    return None if found is None or _is_none(found.value) else found.value


def _setting(here: Here, node: syntax.Call, name: str) -> syntax.Expression | None:
    """What a call of a module says for a setting; an input of that name is none."""
    callee = here.item.binding_of(node).callee
    is_input = isinstance(callee, types.Module) and callee.interface.field(name) is not None
    return None if is_input else argument(here, node, name)


def _answers(here: Here, node: syntax.Call) -> list[Count]:
    """How many answers at once something is made to ask for, or the model that it is given."""
    further = [
        given.value
        for given, parameter in here.item.binding_of(node).matched
        if parameter.kind == "**" and given.name is not None and given.name.text == "n"
    ]
    found = [number_of(here, each) for each in further if not _is_none(each)]
    model = argument(here, node, "lm")
    return found if model is None else [*found, *_answers_of_model(here, model)]


def _answers_of_model(here: Here, node: syntax.Expression) -> list[Count]:
    symbol = here.symbol(node) if isinstance(node, syntax.Name) else None
    found = here.value_of(symbol) if symbol is not None else (here, node)
    return _answers(found[0], found[1]) if found is not None and isinstance(found[1], syntax.Call) else []


def _is_none(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Constant) and node.value is None


def _entries(node: syntax.Expression | None, name: str) -> list[syntax.DictEntry]:
    """The entries of a dict under a name."""
    entries = node.entries if isinstance(node, syntax.Dict) else ()
    return [each for each in entries if isinstance(each.key, syntax.String) and each.key.value == name]
