"""What the runtime offers, read off its own classes: the only place where the compiler knows the runtime.

Nothing is declared twice: a class's fields are its constructor's parameters, `Annotated[int, Ge(1)]` holds
their limits, the text under a field documents it, and an `Interface` says which fields a module's calls have.

The classes are read from their source, as a user's Python is, and not imported: a check would otherwise pay
for the import of everything that a running program needs (docs/decisions/ says more). A test compares what is
read with the classes themselves. Each file is read when one of its names is first asked for.
"""

from __future__ import annotations

import ast
import os.path
import re
from collections.abc import Mapping
from functools import cache

from . import types
from .pythonfiles.file import Imported, PythonFile
from .types import Type

_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runtime")

_ROLES: Mapping[str, Type] = {
    "Metric": types.Callback("metric", types.ANY),
    "Reward": types.Callback("reward", types.FLOAT),
    "ToolFunction": types.Callback("tool", types.ANY),
    "SignatureLike": types.SignatureLike(),
    "Examples": types.Dataset(types.OPEN),
    "Predictions": types.Iterable(types.ANY),
}
"""The names by which the runtime's annotations say what a parameter takes; see `runtime/interface.py`."""

_CALL_SETTINGS = ("lm", "config", "demos", "max_retries")
"""The named arguments of a module's call that are no inputs, as the language has them."""


@cache
def names() -> tuple[str, ...]:
    """The runtime's public names."""
    face = _file("__init__.py")
    found = face.definitions.items() if face is not None else ()
    return tuple(
        sorted(name for name, each in found if isinstance(each, Imported) and each.level and name[0] != "_")
    )


@cache
def lookup(name: str) -> Type | None:
    """The type, as a value, of one of the runtime's public names; None when it has no such name."""
    if name not in _public():
        return None
    if name in _ROLES:
        return types.TypeForm(_ROLES[name])
    face = _file("__init__.py")
    return face.type(name) if face is not None else None


def definition(name: str) -> types.ClassDefinition | None:
    """One of the runtime's public classes."""
    found = lookup(name)
    return found.definition if isinstance(found, types.Class) else None


@cache
def settings() -> tuple[types.Parameter, ...]:
    """What every module takes besides its own parameters: an LM, and an LM's settings, for its parts."""
    lm = definition("LM")
    marked = _marked("lm/client.py", "LM", "Setting")
    found = [each for each in (lm.parameters if lm is not None else None) or () if each.name in marked]
    common = types.Parameter("lm", _lm(), required=False, default="None", kind="keyword-only")
    return (
        common,
        *(
            types.Parameter(each.name, each.type, False, each.default, "keyword-only", each.limits)
            for each in found
        ),
    )


@cache
def call_settings() -> tuple[types.Parameter, ...]:
    """The named arguments of a module's call that are no inputs: `lm`, `config` …"""
    kinds = {"lm": _lm(), "config": types.Dict(types.STR, types.ANY), "max_retries": types.INT}
    return tuple(
        types.Parameter(name, kinds.get(name, types.ANY), required=False, default="None", kind="keyword-only")
        for name in _CALL_SETTINGS
    )


@cache
def configuration() -> tuple[types.Parameter, ...] | None:
    """What `configure(…)` takes; None when that cannot be told."""
    file = _file("execution/settings.py")
    node = file.definitions.get("_BUILT_IN") if file is not None else None
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
        return None
    kinds = {"lm": _lm()}
    return tuple(
        types.Parameter(name, kinds.get(name, types.ANY), required=False, default="...", kind="keyword-only")
        for name in (each.value for each in node.value.keys if isinstance(each, ast.Constant))
        if isinstance(name, str)
    )


@cache
def plain_module() -> str:
    """The name of the module class that adds nothing to a signature: what one makes of a signature first."""
    for name in names():
        shape = found.shape if (found := definition(name)) is not None else None
        if shape is not None and shape.of == "signature" and not shape.inputs and not shape.outputs:
            return name
    return "Module"


def _lm() -> Type:
    base = definition("BaseLM") or definition("LM")
    return types.union(types.Instance(base), types.NONE) if base is not None else types.ANY


@cache
def _public() -> frozenset[str]:
    return frozenset(names())


# --- files ----------------------------------------------------------------------------------------------


@cache
def _file(path: str) -> PythonFile | None:
    """A file of the runtime, by its path from the runtime's folder with `/`."""
    full = os.path.join(_FOLDER, *path.split("/"))
    try:
        with open(full, encoding="utf-8") as opened:
            text = opened.read()
    except OSError:
        return None

    def importer(level: int, module: str, name: str | None) -> Type | None:
        return _imported(path, level, module, name)

    return PythonFile(full, text, importer, "runtime", outline)


def outline(text: str) -> str:
    """A file of the runtime without the bodies of functions, line for line; it parses three times as fast.

    What stays of a body is its docstring and which attributes of `self` it sets.
    """
    kept: list[str] = []
    end = 0
    for match in _DEFINITION.finditer(text):
        if match.start() < end or match[1] is None:
            continue
        kept.append(text[end : match.end()])
        body = _body(text, match.end(), len(match[1]))
        kept.append(_abridged(body, " " * (len(match[1]) + 4)))
        end = match.end() + len(body)
    return "".join(kept) + text[end:]


def _body(text: str, start: int, indent: int) -> str:
    """The lines from an offset on that are blank or stand further in."""
    deeper = " " * (indent + 1)
    end = start
    while end < len(text):
        if not text.startswith(deeper, end) and text[end] != "\n":
            break
        end = text.find("\n", end) + 1 or len(text)
    return text[start:end]


def _abridged(body: str, indent: str) -> str:
    """A body on as many lines: its docstring, and `self.x = 0` for each attribute that it sets."""
    docstring = _DOCSTRING.match(body)
    attributes = dict.fromkeys(_STORED.findall(body))
    stores = "".join(f"self.{name} = 0; " for name in attributes) + "..."
    start = docstring[0] if docstring is not None else ""
    return f"{start}{indent}{stores}" + "\n" * (body.count("\n") - start.count("\n"))


# Strings come first, because an example in a docstring defines nothing. Brackets nest three deep at most.
_ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_DEFINITION = re.compile(
    r'""".*?"""|^( *)(?:async )?def \w+' + _ARGUMENTS + r"(?: -> [^\n]*?)?:(?: +#[^\n]*)?\n",
    re.MULTILINE | re.DOTALL,
)
_DOCSTRING = re.compile(r'\s*r?""".*?"""\n', re.DOTALL)
_STORED = re.compile(r"\bself\.(\w+)(?:: [^=\n]+)? = ")


def _imported(path: str, level: int, module: str, name: str | None) -> Type | None:
    """What an import in a file of the runtime brings; Unknown for what is not the runtime's own."""
    if name in _ROLES and name is not None:
        return types.TypeForm(_ROLES[name])
    if not level or name is None:
        return types.UNKNOWN
    parts = [*path.split("/")[:-level], *(module.split(".") if module else ())]
    stem = "/".join(parts)
    file = (_file(f"{stem}.py") if stem else None) or _file(f"{stem}/__init__.py" if stem else "__init__.py")
    return file.type(name) if file is not None else types.UNKNOWN


def _marked(path: str, cls: str, marker: str) -> frozenset[str]:
    """The fields of a class whose annotation has a marker: `Annotated[int, Setting()]`."""
    file = _file(path)
    node = file.definitions.get(cls) if file is not None else None
    body = node.body if isinstance(node, ast.ClassDef) else []
    return frozenset(
        each.target.id
        for each in body
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and any(isinstance(inner, ast.Name) and inner.id == marker for inner in ast.walk(each.annotation))
    )
