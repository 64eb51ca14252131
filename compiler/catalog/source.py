"""What the runtime offers, read off the source of its own classes, as a user's Python is; for `build` only.

A class's fields are its constructor's parameters, `Annotated[int, Ge(1)]` holds their limits, the text under
a field documents it, and an `Interface` says which fields a module's calls have.

The classes are read from their source and not imported, so that the compiler knows of the runtime what it
would know of any Python file. A test compares what is read with the classes themselves.
"""

from __future__ import annotations

import ast
import os.path
from collections.abc import Mapping
from functools import cache

from .. import types
from ..pythonfiles.file import Imported, PythonFile
from ..types import Type

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "runtime")

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
    face = _file("__init__.pyi")
    imported = [
        (name, each.module)
        for name, each in (face.definitions.items() if face is not None else ())
        if isinstance(each, Imported) and each.level and each.module
    ]
    # Modules of a package are no names of the language.
    return tuple(sorted(name for name, place in imported if _imported("__init__.pyi", 1, place, name)))


@cache
def lookup(name: str) -> Type | None:
    """The type, as a value, of one of the runtime's public names; None when it has no such name."""
    if name not in _public():
        return None
    if name in _ROLES:
        return types.TypeForm(_ROLES[name])
    face = _file("__init__.pyi")
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


_AT_LEAST = {
    "max_concurrency": types.Limits(ge=1),
    "max_errors": types.Limits(ge=0),
    "max_history_size": types.Limits(ge=0),
    "max_retries": types.Limits(ge=0),
    "num_threads": types.Limits(ge=1),
}
"""The least that settings may be."""


@cache
def call_settings() -> tuple[types.Parameter, ...]:
    """The named arguments of a module's call that are no inputs: `lm`, `config` …"""
    kinds = {"lm": _lm(), "config": types.Dict(types.STR, types.ANY), "max_retries": types.INT}
    return tuple(
        types.Parameter(
            name,
            kinds.get(name, types.ANY),
            False,
            "None",
            "keyword-only",
            _AT_LEAST.get(name, types.NO_LIMITS),
        )
        for name in _CALL_SETTINGS
    )


@cache
def configuration() -> tuple[types.Parameter, ...] | None:
    """What `configure(…)` takes; None when that cannot be told."""
    file = _file("execution/settings.py")
    node = file.definitions.get("_BUILT_IN") if file is not None else None
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
        return None
    kinds = {"lm": _lm(), "budget": types.union(types.FLOAT, types.NONE), "adapter": _adapter()}
    limits = {"budget": types.Limits(gt=0), **_AT_LEAST}
    return tuple(
        types.Parameter(
            key.value,
            kinds.get(key.value) or _of_default(value),
            False,
            ast.unparse(value),
            kind="keyword-only",
            limits=limits.get(key.value, types.NO_LIMITS),
        )
        for key, value in zip(node.value.keys, node.value.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _of_default(value: ast.expr) -> types.Type:
    """The type of a setting, by its default; anything where that is None."""
    match value:
        case ast.Constant(value=bool()):
            return types.BOOL
        case ast.Constant(value=int()):
            return types.union(types.INT, types.NONE)
        case _:
            return types.ANY


def _adapter() -> types.Type:
    found = definition("Adapter")
    return types.ANY if found is None else types.union(types.Instance(found), types.NONE)


@cache
def plain_module() -> str:
    """The name of the module class that adds nothing to a signature: what one makes of a signature first."""
    for name in names():
        shape = found.shape if (found := definition(name)) is not None else None
        if shape is not None and shape.of == "signature" and not shape.inputs and not shape.outputs:
            return name
    return "Module"


def reserved_fields() -> dict[str, str]:
    """The names that no field may have, and what each is for."""
    file = _file("signature/fields.py")
    node = file.definitions.get("RESERVED") if file is not None else None
    value = node.value if isinstance(node, ast.Assign) else None
    return {} if value is None else dict(ast.literal_eval(value))


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
    full = os.path.join(FOLDER, *path.split("/"))
    try:
        with open(full, encoding="utf-8") as opened:
            text = opened.read()
    except OSError:
        return None

    def importer(level: int, module: str, name: str | None) -> Type | None:
        return _imported(path, level, module, name)

    return PythonFile(full, text, importer, "runtime")


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
