"""What scripted models answer, against the outputs that the file asks models for."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..references import names_used, set_of
from ..rule import Findings, file_rule, replace
from ..walking import remembered
from ..words import listed, near

_PLAIN_MODULES = frozenset({"Predict", "ChainOfThought", "ChainOfThoughtWithHint", "ReAct", "BestOfN"})
"""Modules that ask for what is listed here, and for nothing else."""
_ADDED = frozenset({"reasoning", "hint", "next_thought", "next_tool_name", "next_tool_args"})
"""What they ask for beside the outputs of their signatures."""
_RETRIEVERS = frozenset({"BM25", "Embeddings", "EmbeddingsWithScores", "Retrieve"})


@file_rule("W317", "unknown-answer", fix="sometimes", severity="warning")
def unknown_answer(program: Program) -> Findings:
    """A scripted model answers a field that no module of the file asks for.

    The answer is then read as one that lacks its field, and asked for again. A dict answers by a text
    in the last message; the fields of an answer are a dict inside of it, or of a list. Nothing is reported
    where modules of other files may ask for more, nor of a model that the file does not use itself.

    ```dspy
    configure(lm=DummyLM([{"lable": "spam"}]))
    #                      ^^^^^^^ W317 no module of the file has an output `lable`; did you mean `label`?

    module classify = Predict("text -> label")
    ```

    ```dspy
    configure(lm=DummyLM([{"label": "spam"}]))

    module classify = Predict("text -> label")
    ```
    """
    scripted = [(item, script) for item, script in program.found(_scripts) if _is_used(program, item)]
    if not scripted:
        return
    asked = program.gather(_asked)
    outputs = sorted({name for each in asked for name in each.outputs})
    if not outputs or any(each.is_open for each in asked):
        return
    told: set[str] = set()
    for item, script in scripted:
        for key in script:
            if key.name in told:
                continue
            close = near(key.name, outputs, cutoff=0.75)
            if key.is_text and key.name in outputs:
                words = "a dict answers by a text in the last message; put the fields of an answer in a list"
                in_list = replace("Write a list", key.around, f"[{item.text[slice(*key.around)]}]")
                form = f'`[{{"{key.name}": …}}]`'
                yield unknown_answer.at(key.place, words, form, in_list).shifted(item.start)
                break
            if key.is_text or key.name in outputs or key.name in _ADDED:
                continue
            told.add(key.name)
            words = f"no module of the file has an output `{key.name}`"
            has = f"; did you mean `{close}`?" if close else f"; they have {listed(outputs)}"
            has = has if close or len(outputs) <= 6 else ""
            fix = replace(f"Change to `{close}`", key.place, f'"{close}"') if close else None
            yield unknown_answer.at(key.place, words + has, fix=fix).shifted(item.start)


def _is_used(program: Program, item: Item) -> bool:
    """Whether the file uses what an item makes; a model that it declares only is for `--lm` or for others."""
    is_model = isinstance(item.declaration, syntax.ValueDeclaration) and item.declaration.kind == "lm"
    return not is_model or item.names[0].text in program.combine(names_used, set_of)


class _Key(Struct, frozen=True):
    """A key of an answer, or of a dict of answers by texts whose value is a text."""

    name: str
    place: Span
    is_text: bool
    around: Span


@remembered
def _scripts(item: Item) -> tuple[_Key, ...]:
    """The names of the fields that the scripted models of an item answer."""
    return tuple(_keys(item))


def _keys(item: Item) -> Iterator[_Key]:
    if "DummyLM" not in item.text or item.broken:
        return
    for node in item.nodes(syntax.Call):
        kind = item.type_of(node)
        binding = item.binding_of(node)
        if not isinstance(kind, types.Instance) or kind.definition.name != "DummyLM":
            continue
        argument = binding.argument("answers")
        match argument.value if argument is not None else None:
            case syntax.List(elements=answers):
                yield from (key for each in answers for key in _fields(each))
            case syntax.Dict(entries=entries) as whole:
                for entry in entries:
                    yield from _fields(entry.value)
                if all(isinstance(each.value, syntax.String) for each in entries):
                    yield from (
                        _Key(each.key.value, each.key.span, True, whole.span)
                        for each in entries
                        if isinstance(each.key, syntax.String)
                    )


def _fields(node: syntax.Expression) -> Iterator[_Key]:
    for entry in node.entries if isinstance(node, syntax.Dict) else ():
        if isinstance(entry.key, syntax.String):
            yield _Key(entry.key.value, entry.key.span, False, node.span)


class _Asked(Struct, frozen=True):
    """The outputs that an item asks models for, and whether there may be others."""

    outputs: frozenset[str]
    is_open: bool


@remembered
def _asked(item: Item) -> _Asked:
    outputs: set[str] = set()
    is_open = isinstance(item.declaration, syntax.FromImport | syntax.Import)
    for node in item.nodes(syntax.Call):
        match item.type_of(node):
            case types.Module(interface=interface, definition=definition):
                outputs.update(each.name for each in interface.outputs)
                name = definition.name if definition is not None else ""
                is_open = (
                    is_open or interface.open or (name not in _PLAIN_MODULES | _RETRIEVERS and name != "")
                )
            case types.Prediction(interface=interface):
                outputs.update(each.name for each in interface.outputs)
            case types.Instance(definition=definition) if "compile" in definition.members:
                is_open = True  # some ask a model for instructions
            case types.Instance(definition=definition) if definition.name == "TwoStepAdapter":
                is_open = True
    declaration = item.declaration
    if isinstance(declaration, syntax.SignatureDeclaration):
        outputs.update(each.name.text for each in declaration.fields if each.direction == "output")
    for string in item.nodes(syntax.String):
        inline = item.signature_string(string)
        if inline is not None:
            outputs.update(each.name.text for each in inline.fields if each.direction == "output")
    return _Asked(frozenset(outputs), is_open)
