"""`dspyc prompt`: the exact messages that a program would send, sending nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .console import columns, say, say_json
from .errors import Refusal, list_names, near
from .files import read_input
from .models import answering, lm_option

if TYPE_CHECKING:
    from ..project.inputs import Input
    from ..project.programs import Loaded
    from ..runtime.modules.base import Module
    from ..runtime.modules.predict import Predict

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True)
class Prompt:
    """What one predictor sends."""

    name: str
    """As it is written on the command line: `classify`, or `article.outline` for a part."""
    messages: list[dict[str, Any]]
    open: tuple[str, ...]
    """The inputs that only a run would give; they stand as `{name}` in the messages."""

    @property
    def tokens(self) -> int:
        """About how many tokens the messages are; an estimate, for no tokenizer is asked."""
        texts = [text_of(message) for message in self.messages]
        return sum(len(text.encode()) // _BYTES_PER_TOKEN + _TOKENS_PER_MESSAGE for text in texts)


@click.command
@click.argument("target", metavar="FILE[:NAME[.PART]]", type=click.Path())
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@lm_option
@click.option("--json", "as_json", is_flag=True, help="Print the messages as JSON.")
@click.option("--without-python", is_flag=True, hidden=True)
def command(
    target: str, inputs: tuple[str, ...], models: tuple[str, ...], as_json: bool, without_python: bool
) -> int:
    """Show the exact messages that a program would send. Nothing is sent.

    For a program with several predictors, the messages of each are shown, with {name} in place of a value
    from another step. NAME.PART is one predictor of a program, whose inputs can then be given. The file is
    loaded, and so are the Python modules that it imports.

    \b
    Examples:
      dspyc prompt banking.dspy text="My card still has not arrived"
      dspyc prompt article.dspy
      dspyc prompt article.dspy:draft_article.build_outline topic=Glaciers --json
    """
    from ..loader.load import without_python as loading_without_python
    from ..loader.skeleton import stand_in

    with loading_without_python(stand_in) if without_python else nullcontext():
        _show(target, inputs, models, as_json)
    return 0


def _show(target: str, inputs: Sequence[str], models: tuple[str, ...], as_json: bool) -> None:
    from ..project.programs import choose_program, split_target
    from .failures import told
    from .opening import open_program

    path, name = split_target(target)
    loaded = open_program(path)
    name, _, part = (name or "").partition(".")
    chosen = choose_program(loaded, name or None)
    standard_input = read_input() if "-" in inputs else None
    with told(), answering(models, loaded):
        prompts = _prompts(loaded, chosen, part, inputs, standard_input)
    if as_json:
        records = [
            {
                "predictor": one.name,
                "messages": one.messages,
                "open": one.open,
                "estimated_tokens": one.tokens,
            }
            for one in prompts
        ]
        say_json(records)
    else:
        say("\n\n".join(_for_reading(one) for one in prompts))
        if not part:
            _say_calls(loaded, chosen)


@contextmanager
def chosen_predictor(
    target: str, inputs: Sequence[str], models: tuple[str, ...]
) -> Iterator[tuple[Predict, dict[str, Any]]]:
    """The one predictor that a target and its inputs mean, with the values of the inputs.

    While the block runs, the models of `--lm` answer.
    """
    from ..project.inputs import read_arguments
    from ..project.programs import choose_program, split_target
    from .failures import told
    from .opening import open_program

    path, name = split_target(target)
    loaded = open_program(path)
    name, _, part = (name or "").partition(".")
    chosen = choose_program(loaded, name or None)
    with told(), answering(models, loaded):
        parts, expected = _parts(loaded, chosen, part, inputs)
        if len(parts) > 1:
            raise Refusal(
                f"`{chosen}` has several predictors: {list_names(parts)}",
                f"name one: {loaded.shown}:{chosen}.{_fitting(parts, inputs)}",
            )
        standard_input = read_input() if "-" in inputs else None
        yield next(iter(parts.values())), read_arguments(inputs, expected, standard_input)


def _say_calls(loaded: Loaded, name: str) -> None:
    """How many of these a run sends, where it can be said."""
    from ..compiler.query.describe import describe_bound
    from ..compiler.schedule.bounds import most_calls

    program = loaded.analysis.program
    symbol = program.lookup(name)
    bound = most_calls(program, symbol) if symbol is not None else None
    if bound is not None:
        say(describe_bound(bound))


def _prompts(
    loaded: Loaded, name: str, part: str, arguments: Sequence[str], standard_input: str | None
) -> list[Prompt]:
    from ..project.inputs import read_arguments

    parts, inputs = _parts(loaded, name, part, arguments)
    values = read_arguments(arguments, inputs, standard_input) if arguments else {}
    alone = len(parts) == 1 and not part
    return [prompt_of(name if alone else f"{name}.{path}", one, values) for path, one in parts.items()]


def _parts(
    loaded: Loaded, name: str, part: str, arguments: Sequence[str]
) -> tuple[dict[str, Predict], Sequence[Input]]:
    """The predictors that are meant, by their paths, and the inputs that can be given."""
    from ..project.interface import inputs_of

    module = module_of(loaded.names[name])
    parts = predictors_of(module)
    if not parts:
        raise Refusal(f"`{name}` has no predictor, so it sends no messages")
    if part:
        chosen = {
            path: one
            for path, one in parts.items()
            if path == part or path.startswith((f"{part}.", f"{part}["))
        }
        if not chosen:
            hint = near(part, parts) or f"it has {list_names(parts)}"
            raise Refusal(f"`{name}` has no predictor `{part}`", hint)
        if len(chosen) > 1:
            raise Refusal(f"`{part}` of `{name}` has several predictors", f"name one: {list_names(chosen)}")
        return chosen, inputs_of_predictor(next(iter(chosen.values())))
    if arguments and not _is_made_of_built_ins(module):
        raise Refusal(
            f"the inputs of `{name}`'s predictors are only known during a run",
            f"omit the inputs, or name one predictor: {loaded.shown}:{name}.{_fitting(parts, arguments)}",
        )
    return parts, inputs_of(loaded, name)


def _fitting(parts: Mapping[str, Predict], arguments: Sequence[str]) -> str:
    """The path of the predictor that takes the most of the inputs that were given; the first of several."""
    given = {each.partition("=")[0] for each in arguments}
    return max(parts, key=lambda path: len(given & parts[path].signature.input_fields.keys()))


def module_of(module: Module) -> Module:
    """The module that calls go to: of a program, the one with what was learned."""
    from ..runtime.programs.program import Program

    return module.module if isinstance(module, Program) else module


def predictors_of(module: Module) -> dict[str, Predict]:
    """The predictors of a module by their paths; its own is the empty one."""
    from ..runtime import Predict

    found = module_of(module).named_sub_modules(Predict)
    return {path.removeprefix("self").removeprefix("."): one for path, one in found}


def _is_made_of_built_ins(module: Module) -> bool:
    """Whether inputs reach the predictors under their own names, as the runtime's modules hand them on."""
    runtime = __name__.split(".")[0] + ".runtime."
    return all(type(one).__module__.startswith(runtime) for _, one in module.named_sub_modules())


def inputs_of_predictor(predictor: Predict) -> list[Input]:
    """What a predictor takes, read off its signature."""
    from ..project.inputs import Input
    from ..runtime.types.annotations import type_name

    fields = predictor.signature.input_fields.values()
    return [Input(one.name, one.annotation, type_name(one.annotation), one.is_required()) for one in fields]


def prompt_of(name: str, predictor: Predict, values: Mapping[str, Any]) -> Prompt:
    """The messages of a predictor; an input without a value stands as `{name}`."""
    from ..runtime.execution.settings import lookup
    from ..runtime.modules.calling import default_adapter, in_force
    from ..runtime.signature.inputs import all_inputs

    fields = predictor.signature.input_fields
    given = {name: value for name, value in values.items() if name in fields}
    missing = tuple(one for one, field in fields.items() if one not in given and field.is_required())
    if not missing:
        return Prompt(name, predictor.messages(**given), ())
    adapter = lookup("adapter", predictor._defaults) or default_adapter(in_force(predictor)[0])
    complete = all_inputs(predictor.signature, given)
    shown = {one: f"{{{one}}}" if one in missing else complete[one] for one in fields}
    return Prompt(name, adapter.format(predictor.signature, predictor.demos or (), shown), missing)


def _for_reading(prompt: Prompt) -> str:
    """A prompt with a line above each message that names its role."""
    width = min(columns(), 80)
    lines = [click.style(prompt.name, bold=True)]
    for message in prompt.messages:
        lines += [click.style(f"── {message['role']} ".ljust(width, "─"), fg="cyan"), text_of(message)]
    lines.append(click.style("─" * width, fg="cyan"))
    unknown = f"; without the values of {list_names(prompt.open)}" if prompt.open else ""
    lines.append(f"about {prompt.tokens:,} tokens (estimated by length, not counted{unknown})")
    return "\n".join(lines)


def text_of(message: Mapping[str, Any]) -> str:
    """A message's text; for a part that is no text stands what it is, and its size."""
    from ..runtime.types.content import describe_part

    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(
        part["text"] if isinstance(part, dict) and "text" in part else describe_part(part) for part in parts
    )
