"""States of programs that no longer fit them, or that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....grammar import syntax
from ...facts import SavedPredictor
from ...program import Item, Program
from ..rule import Findings, rule
from .structure import Predictor, structure_of_student


@rule("W505", "stale-state", syntax.ValueDeclaration, severity="warning")
def stale_state(program: Program, item: Item, node: syntax.ValueDeclaration) -> Findings:
    """The predictors or fields of a program have changed since it was optimized.

    What was learned for a predictor is used only while its fields are the same; other predictors run as
    declared. Optimize again: `dspyc optimize FILE:PROGRAM`.
    """
    state = item.state
    if state is None or state.problem or not isinstance(node.value, syntax.Call):
        return
    structure = structure_of_student(program, item, node.value)
    if structure is None:
        return
    changes = list(_changes(structure, state.predictors))
    if changes:
        name = node.names[0].text
        further = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
        words = f"the state of `{name}` no longer fits: {changes[0]}{further}"
        file = program.path.replace("\\", "/").rpartition("/")[2]
        yield stale_state.at(_place(node), words, f"optimize again: `dspyc optimize {file}:{name}`")


@rule("W506", "broken-state", syntax.ValueDeclaration, severity="warning")
def broken_state(program: Program, item: Item, node: syntax.ValueDeclaration) -> Findings:
    """The state file of a program cannot be read, so every use of the program fails.

    Delete the file to run the unoptimized module, or optimize again. The rest of the file can be used.
    """
    state = item.state
    if state is not None and state.problem:
        words = f"the state of `{node.names[0].text}` cannot be used: it {state.problem}"
        yield broken_state.at(_place(node), words, "delete the file, or optimize again")


def _place(node: syntax.ValueDeclaration) -> syntax.Node:
    """Where the state is named, or the program that it belongs to."""
    for argument in node.value.arguments if isinstance(node.value, syntax.Call) else ():
        if argument.name is not None and argument.name.text == "state":
            return argument.value
    return node.names[0]


def _changes(structure: Sequence[Predictor], saved: Sequence[SavedPredictor]) -> Iterator[str]:
    """What has changed since, each as a clause."""
    then = {each.name: each for each in saved}
    now = {each.name for each in structure}
    yield from (f"the predictor `{name}` is gone" for name in then if name not in now)
    for each in structure:
        before = then.get(each.name)
        if before is None:
            yield f"the predictor `{each.name}` is new"
            continue
        for kind, own, old in (
            ("input", each.inputs, before.inputs),
            ("output", each.outputs, before.outputs),
        ):
            if own is not None:
                names = [name for name, _ in old]
                yield from (f"the {kind} `{name}` is new" for name in own if name not in names)
                yield from (f"the {kind} `{name}` is gone" for name in names if name not in own)
