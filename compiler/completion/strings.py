"""Completion in strings that name something: a model, a data file, a column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ...base import models
from ...grammar import syntax
from ...grammar.actions.strings import parts
from ...grammar.source import Span
from .. import types
from . import items
from .columns import columns_here
from .context import Context
from .items import Completion
from .surroundings import Surroundings

DATA = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz")
"""The endings of files that datasets are read from."""
MOST = 300
"""How many models are offered; whoever looks for more writes more letters."""
_FIRST = ("openai", "anthropic", "gemini", "ollama_chat", "embedded", "gguf")
"""Providers that are offered before the others."""


def string_items(context: Context, around: Surroundings) -> Iterator[Completion]:
    """What may stand in the string at the cursor, to replace what stands between the quote and the cursor."""
    node = context.node
    if not isinstance(node, syntax.String):
        return
    _, start, _ = parts(node.raw)
    content = Span(context.item.at(node).start + start, context.marked.cursor)
    written = context.analysis.source.text[content.start : content.end]
    yield from items.string_values(context.expected, content)
    for name in (*columns_here(context), *_keys_of_row(context)):
        yield Completion(name, "field", content, "column", rank=items.EXPECTED)
    for field in _fields_of_demo(context):
        yield Completion(field.name, "field", content, field.direction, field.description, items.EXPECTED)
    made = _argument_of(context, node)
    if made == "LM":
        yield from _models(written, content, around)
    elif made == "Dataset":
        yield from _files(written, content, around, DATA)


def _argument_of(context: Context, node: syntax.String) -> str:
    """The class of the runtime that the string is the name or source for."""
    argument, call = context.parent, context.path[-3] if len(context.path) > 2 else None
    if not isinstance(argument, syntax.Argument) or not isinstance(call, syntax.Call):
        return ""
    kind = context.item.type_of(call.function)
    if not isinstance(kind, types.Class):
        return ""
    name = argument.name.text if argument.name is not None else ""
    if not name and call.arguments[0].value is not node:
        return ""
    for made, parameter in (("LM", "model"), ("Dataset", "source")):
        if kind.definition.is_a(made) and name in ("", parameter):
            return made
    return ""


def _keys_of_row(context: Context) -> Iterator[str]:
    """The fields of what is read by a string: `row["…"]`."""
    if isinstance(context.parent, syntax.Subscript):
        kind = context.item.type_of(context.parent.value)
        if isinstance(kind, types.Prediction):
            yield from (each.name for each in kind.interface.outputs)
        elif isinstance(kind, types.Fields):
            yield from (each.name for each in kind.interface.fields)


def _fields_of_demo(context: Context) -> Iterator[types.Field]:
    """The fields that a demo does not give yet: `Predict(Sort, demos=[{"…"}])`."""
    match context.path[-6:]:
        case [
            *_,
            syntax.Call() as call,
            syntax.Argument(name=syntax.Identifier(text="demos")),
            syntax.List(),
            syntax.Set(elements=given),
            syntax.String(),
        ]:
            pass
        case [
            *_,
            syntax.Call() as call,
            syntax.Argument(name=syntax.Identifier(text="demos")),
            syntax.List(),
            syntax.Dict(entries=entries),
            syntax.DictEntry(key=key),
            syntax.String() as node,
        ] if key is node:
            given = tuple(each.key for each in entries if each.key is not None)
        case _:
            return
    kind = context.item.type_of(call)
    if isinstance(kind, types.Module):
        beside = {
            each.value for each in given if isinstance(each, syntax.String) and each is not context.node
        }
        yield from (each for each in kind.interface.fields if each.name not in beside)


def _models(written: str, content: Span, around: Surroundings) -> Iterator[Completion]:
    """Models by their providers; the providers as long as none is written."""
    provider, slash, begun = written.partition("/")
    if not slash:
        others = sorted(models.declared_providers() - set(_FIRST))
        for name in (*_FIRST, *others):
            rank = items.EXPECTED if name in _FIRST else items.NEAR
            yield Completion(f"{name}/", "module", content, "provider", rank=rank)
    elif provider == "gguf":
        for each in _files(begun, content, around, (".gguf",)):
            yield Completion(f"gguf/{each.label}", each.kind, content, each.detail, rank=each.rank)
    else:
        named = (each for each in models.asked_of(provider) if each.startswith(begun[:3]))
        for name in islice(named, MOST):
            yield Completion(f"{provider}/{name}", "value", content, "model", rank=items.EXPECTED)
        for name in sorted(models.SHIPPED) if provider == "embedded" else ():
            yield Completion(f"embedded/{name}", "value", content, "model", rank=items.EXPECTED)


def _files(
    written: str, content: Span, around: Surroundings, endings: tuple[str, ...]
) -> Iterator[Completion]:
    """Files and folders beside the program."""
    folder = written[: written.rfind("/") + 1]
    for name in around.files(folder, endings):
        kind = "folder" if name.endswith("/") else "file"
        rank = items.NEAR if kind == "folder" else items.EXPECTED
        yield Completion(f"{folder}{name}", "value", content, kind, rank=rank)
