"""A page for each public name of the runtime, out of its docstrings, as the editor reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from inspect import cleandoc

from dspyc import runtime
from dspyc.compiler import catalog, types
from dspyc.compiler.query.describe import describe_limits
from dspyc.compiler.types.display import display, display_function, display_parameter

from .blocks import Sample
from .page import Page, fence, first_sentence, link, made, prose, table

FOLDER = "reference"
SHELVES: Mapping[str, tuple[str, str]] = {
    "modules": ("Modules", "How an answer is produced."),
    "optimizers": ("Optimizers", "How a program is improved."),
    "adapters": ("Adapters", "How a model is asked, and how its answer is read."),
    "metrics": ("Metrics and evaluations", "How a program is measured."),
    "models": ("Models", "What answers: models, their caches and their records."),
    "data": ("Data", "Rows, and what calls take and give."),
    "retrieval": ("Retrieval", "How passages are found."),
    "types": ("Types and tools", "Fields that are more than text, and functions that a model may call."),
    "errors": ("Errors", "What the runtime raises on purpose."),
    "more": ("More names", "Settings, streams, callbacks, and what Python programs use."),
}
"""The parts of the reference, by their folders."""

_ROOMS: Mapping[str, str] = {
    "modules": "modules",
    "optimizers": "optimizers",
    "adapters": "adapters",
    "evaluate": "metrics",
    "lm": "models",
    "data": "data",
    "retrieval": "retrieval",
    "types": "types",
    "tools": "types",
    "errors": "errors",
    "example": "data",
    "prediction": "data",
}
_BY_HAND: Mapping[str, str] = {
    "DummyLM": "models",
    "OpenTelemetry": "models",
    "MCP": "types",
    "Dataset": "data",
    "run_python": "types",
    "Image": "types",
    **dict.fromkeys(("EM", "F1", "HotPotF1", "answer_exact_match", "answer_passage_match"), "metrics"),
    **dict.fromkeys(("normalize_text", "majority"), "metrics"),
    **dict.fromkeys(
        ("streamify", "asyncify", "syncify", "Unbatchify", "streaming_response", "StatusMessage"), "more"
    ),
    **dict.fromkeys(
        ("StatusMessageProvider", "StreamListener", "StreamResponse", "StreamRestart", "Module"), "more"
    ),
}


def shelf_of(name: str) -> str:
    """The part of the reference that a name belongs to."""
    definition = catalog.definition(name)
    if definition is not None and "DspycError" in definition.bases:
        return "errors"
    if name in _BY_HAND:
        return _BY_HAND[name]
    found = re.search(r"\bruntime[./](\w+)", definition.module) if definition is not None else None
    return _ROOMS.get(found[1], "more") if found is not None else _shelf_of_value(name)


def _shelf_of_value(name: str) -> str:
    kind = catalog.lookup(name)
    return "types" if isinstance(kind, types.TypeForm) else "more"


def place_of(name: str) -> str:
    """Where the page of a name is."""
    return f"{FOLDER}/{shelf_of(name)}/{name.lower()}.md"


def name_pages(written: Sequence[Page], samples: Sequence[Sample]) -> list[Page]:
    """A page for each name, and a list for each part of the reference."""
    pages: list[Page] = []
    for shelf in SHELVES:
        names = sorted((each for each in catalog.names() if shelf_of(each) == shelf), key=str.lower)
        pages.append(_index(shelf, names))
        pages += [_page(name, written, samples) for name in names]
    return pages


def _index(shelf: str, names: Sequence[str]) -> Page:
    path = f"{FOLDER}/{shelf}/index.md"
    title, about = SHELVES[shelf]
    rows = [(link(f"`{each}`", place_of(each), path), first_sentence(_doc(each))) for each in names]
    return made(path, title, about, table(("name", "what it is"), rows), description=about)


def _page(name: str, written: Sequence[Page], samples: Sequence[Sample]) -> Page:
    path, definition = place_of(name), catalog.definition(name)
    doc = _doc(name)
    blocks = [fence(_shape(name), "python"), prose(doc)]
    if definition is not None:
        blocks += [_bases(definition, path), *_parameters(definition), *_calls(definition)]
        blocks += _methods(definition)
    blocks += [*_example(name, samples, path), _mentions(name, written, path)]
    return made(path, f"`{name}`", *blocks, description=first_sentence(doc))


def _doc(name: str) -> str:
    """The docstring that the editor shows, or else Python's own."""
    return _known_doc(name) or cleandoc(getattr(runtime, name).__doc__ or "")


def _known_doc(name: str) -> str:
    kind = catalog.lookup(name)
    match kind:
        case types.Class(definition=definition) | types.Instance(definition=definition):
            return definition.doc
        case types.TypeForm(type=types.Record(doc=doc)):
            return doc
        case types.TypeForm(type=types.Instance(definition=definition)):
            return definition.doc
        case types.Function(doc=doc):
            return doc
        case types.Overloaded(options=ways):
            return next((each.doc for each in ways if each.doc), "")
        case _:
            return ""


def _shape(name: str) -> str:
    """How the name is written where it is used."""
    kind = catalog.lookup(name)
    match kind:
        case types.Class(definition=definition) if definition.parameters is not None:
            return _call(name, definition.parameters)
        case types.Function():
            return f"{name}{display_function(kind)}"
        case types.Overloaded(options=ways):
            return "\n".join(f"{name}{display_function(each)}" for each in ways)
        case None | types.Class() | types.TypeForm():
            return name
        case _:
            return f"{name}: {display(kind)}"


def _call(name: str, parameters: Sequence[types.Parameter]) -> str:
    shown = [display_parameter(each) for each in parameters]
    line = f"{name}({', '.join(shown)})"
    return line if len(line) < 90 else f"{name}(\n" + "".join(f"    {each},\n" for each in shown) + ")"


def _bases(definition: types.ClassDefinition, path: str) -> str:
    known = [each for each in definition.bases[1:] if each in catalog.names()]
    links = ", ".join(link(f"`{each}`", place_of(each), path) for each in known)
    return f"It is a kind of {links}, and has its methods." if links else ""


def _parameters(definition: types.ClassDefinition) -> list[str]:
    if not definition.parameters or _is_error(definition):
        return []
    rows = []
    for each in definition.parameters:
        limits = describe_limits(each.limits)
        doc = prose(definition.parameter_docs.get(each.name, ""))
        default = f"`{each.default}`" if each.default else ""
        kind = f"`{display(each.type)}`" if types.known(each.type) else ""
        if each.kind == "**":
            doc = doc or "Further settings of the model, such as `temperature`."
        name = f"{each.kind}{each.name}" if each.kind in ("*", "**") else each.name
        rows.append((f"`{name}`", kind, default, f"{doc} ({limits})" if limits else doc))
    return ["## Parameters", table(("parameter", "type", "default", "meaning"), rows)]


def _is_error(definition: types.ClassDefinition) -> bool:
    """Whether a class is an error, whose parameters nobody gives by hand."""
    return "DspycError" in definition.bases


def _calls(definition: types.ClassDefinition) -> list[str]:
    """What a call of a module takes and gives, and how many calls of a model it makes at most."""
    shape = definition.shape
    if shape is None:
        return []
    added = [[_field(each) for each in fields] for fields in (shape.inputs, shape.outputs)]
    own = [f"the {kind} of `{shape.of}`" if shape.of else "" for kind in ("inputs", "outputs")]
    lines = [
        f"- takes {', '.join(filter(None, (own[0], *added[0])))}",
        f"- gives {', '.join(filter(None, (*added[1], own[1])))}",
    ]
    if shape.calls == "0":
        lines.append("- asks no model")
    elif shape.calls is not None:
        lines.append(
            f"- asks a model at most `{shape.calls}` times; an `answer` is one, or more with retries"
        )
    return ["## A call", "\n".join(lines)]


def _field(field: types.Field) -> str:
    return f"`{field.name}: {display(field.type)}`"


def _methods(definition: types.ClassDefinition) -> list[str]:
    """The methods that a class adds to those of its public bases."""
    if _is_error(definition):
        return []
    bases = [found for each in definition.bases[1:] if (found := catalog.definition(each)) is not None]
    inherited = {(name, _said(kind)) for base in bases for name, kind in base.members.items()}
    rows = [
        (f"`{name}{display_function(kind).removesuffix(' -> Unknown')}`", first_sentence(kind.doc))
        for name, kind in sorted(definition.members.items())
        if isinstance(kind, types.Function) and kind.doc and not name.startswith("_")
        if (name, _said(kind)) not in inherited
    ]
    return ["## Methods", table(("method", "does"), rows)] if rows else []


def _said(kind: types.Type) -> str:
    return kind.doc if isinstance(kind, types.Function) else ""


def _example(name: str, samples: Sequence[Sample], path: str) -> list[str]:
    if shelf_of(name) == "errors":
        return []
    found = next((each for each in samples if name in each.words), None)
    if found is None:
        return []
    return ["## Example", f"{fence(found.code)}\n\nFrom {link(found.page.title, found.page.path, path)}."]


def _mentions(name: str, written: Sequence[Page], path: str) -> str:
    """Links to the written pages that say the most about a name."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    counted = [(len(word.findall(each.text)), each) for each in written if "/" not in each.path]
    best = sorted((each for each in counted if each[0]), key=lambda each: -each[0])[:4]
    links = ", ".join(link(each.title, each.path, path) for _, each in best)
    return f"More about it: {links}." if links else ""
