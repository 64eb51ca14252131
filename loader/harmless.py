"""What a program gets of Python where nothing of its author's may be executed: names that only make values.

This is a boundary, and what the checker says of a program is none: findings can be suppressed, and types
that are not known fit everything. So nothing is handed out here that leads to more than itself: no module
but those made here, no attribute of one that is not listed, no built-in function that reaches attributes by
their names, and no attribute that leads from an object to its class's or its module's insides.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from ..compiler.catalog.harmless import HARMLESS

if TYPE_CHECKING:
    from pathlib import PurePath

_PACKAGE = __name__.partition(".")[0]
_RUNTIME = f"{_PACKAGE}.runtime"

_HELPERS = ("attributes", "compiled", "evaluate", "flow")
"""Modules of the runtime that generated code takes its helpers from."""

_NOT_OF_THE_RUNTIME = frozenset(
    ["Cache", "TraceFile", "bootstrap_trace_data", "configure_cache", "request_cache", "settings"]
)
"""Names of the runtime that write files, or read what is to be executed."""

_BUILTINS = (
    "__build_class__", "abs", "aiter", "all", "anext", "any", "ascii", "bin", "bool", "bytearray",
    "bytes", "callable", "chr", "classmethod", "complex", "dict", "divmod", "enumerate", "filter",
    "float", "format", "frozenset", "hash", "hex", "id", "int", "isinstance", "issubclass", "iter",
    "len", "list", "map", "max", "min", "next", "object", "oct", "ord", "pow", "print", "property",
    "range", "repr", "reversed", "round", "set", "slice", "sorted", "staticmethod", "str", "sum",
    "super", "tuple", "type", "zip",
)  # fmt: skip

_INSIDES = frozenset(
    (
     "ag_await", "ag_code", "ag_frame", "cr_await", "cr_code", "cr_frame", "f_back", "f_builtins",
     "f_code", "f_globals", "f_locals", "gi_code", "gi_frame", "gi_yieldfrom", "tb_frame", "tb_next",
     "launch", "mro", "parse_file", "parse_raw", "save")
)  # fmt: skip
"""Attributes without two underscores that lead to frames, or that read, write or start something."""

_OWN = frozenset(["__dspyc__", "__file__", "__name__"])
"""Names with two underscores that generated code has itself."""


class NeedsPython(Exception):
    """Something of a Python file was used that only running the file would make."""


class StandIn:
    """In the place of something that only running a Python file would make."""

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__doc__ = None

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise `NeedsPython`: nothing can be called here."""
        raise NeedsPython(f"`{self.__name__}` comes from Python, which is not run here")

    def __getitem__(self, key: Any) -> NoReturn:
        """Raise `NeedsPython`: nothing is in here."""
        self()

    def __iter__(self) -> NoReturn:
        """Raise `NeedsPython`: nothing is in here."""
        self()

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}")

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def built_in() -> dict[str, Any]:
    """The built-in names of a program: no function that runs a text, opens a file or reaches an attribute."""
    found = {name: getattr(builtins, name) for name in _BUILTINS}
    found |= {
        name: value
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    return found | {"Ellipsis": ..., "NotImplemented": NotImplemented}


def library(name: str) -> ModuleType | None:
    """What an import of a module of Python's library or of dspyc gives; None for every other module."""
    return Given(name) if _is_given(name) else None


def _is_given(name: str) -> bool:
    inside = (f"{name}.", f"{_PACKAGE}.")
    return (
        name in HARMLESS
        or name in ("builtins", _PACKAGE)
        or name.startswith(inside[1])
        or (any(each.startswith(inside[0]) for each in HARMLESS))
    )


class Given(ModuleType):
    """A module with the names of another one that are harmless; the others are stand-ins."""

    def __init__(self, name: str) -> None:
        # A name that no module has: `from … import …` also looks for modules inside by it.
        super().__init__(f"{name}__given")
        self.__dict__["_of"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.__dict__[name] = _value(self.__dict__["_of"], name)
        return value


def _value(module: str, name: str) -> Any:
    """What a module gives under a name."""
    if module == "builtins":
        return built_in().get(name, StandIn(name))
    if module == "pathlib" and name == "Path":
        return _path()
    if name in HARMLESS.get(module, ()):
        return getattr(import_module(module), name, StandIn(name))
    if module == _PACKAGE or module.startswith(f"{_PACKAGE}."):
        return _of_dspyc(module, name)
    inside = f"{module}.{name}"
    return Given(inside) if _is_given(inside) else StandIn(name)


def _of_dspyc(module: str, name: str) -> Any:
    """What dspyc's own modules give: the names that a program has anyway, wherever they are taken from."""
    if name.startswith("_") or name in _NOT_OF_THE_RUNTIME:
        return StandIn(name)
    runtime = import_module(_RUNTIME)
    helpers = module.removeprefix(f"{_RUNTIME}.")
    if helpers in _HELPERS:
        return _of_helpers(getattr(runtime, helpers), name)
    if module == _RUNTIME and name in _HELPERS:
        return Given(f"{module}.{name}")
    if name in runtime.__all__:
        return getattr(runtime, name)
    is_module = name == "runtime" if module == _PACKAGE else module.startswith(_RUNTIME) and name.islower()
    return Given(f"{module}.{name}") if is_module else StandIn(name)


def _of_helpers(module: ModuleType, name: str) -> Any:
    value = getattr(module, name, None)
    home = str(getattr(value, "__module__", ""))
    is_own = not isinstance(value, ModuleType) and home.startswith(f"{_RUNTIME}.")
    return value if is_own else StandIn(name)


def _path() -> type[PurePath]:
    """`Path` without what looks at the disk."""
    from pathlib import PurePath, PurePosixPath, PureWindowsPath

    pure = type(PurePath())
    assert pure in (PurePosixPath, PureWindowsPath)
    return type("Path", (pure,), {"__module__": "pathlib"})


def refuse_insides(tree: ast.AST) -> None:
    """Refuse a program whose text reaches for what lies behind its objects.

    Args:
        tree: the code that was made of it.

    Raises:
        NeedsPython: it does.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if _leads_inside(name) and name != "__doc__":
                raise NeedsPython(f"`.{name}` is not looked at here")
            case ast.MatchClass(kwd_attrs=names) if any(map(_leads_inside, names)):
                raise NeedsPython("the insides of an object are not looked at here")
            case ast.Name(id=name) if name.startswith("__") and name not in _OWN | {"__doc__"}:
                raise NeedsPython(f"`{name}` is not looked at here")
            case _:
                pass


def _leads_inside(name: str) -> bool:
    return name.startswith("__") or name in _INSIDES


_guarded: ContextVar[bool] = ContextVar("dspyc_guarded", default=False)
_STARTING = frozenset(
    ["os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
     "pty.spawn", "socket.connect", "socket.sendto", "subprocess.Popen"]
)  # fmt: skip
"""Events of Python that never belong to making a prompt."""
_LIMITS = frozenset(["Ge", "Gt", "Le", "Len", "Lt", "MaxLen", "MinLen", "MultipleOf", "Setting"])
"""What may be called in a type: they say which values of it there are."""


@contextmanager
def guarded() -> Iterator[None]:
    """Refuse inside to start processes, to connect, and to evaluate texts that are more than types.

    A text in a type, as in `Optional["Order"]`, is evaluated by whoever asks for the type. And should a way
    be found around all that is not handed out, then nothing is started by it.
    """
    _listen()
    token = _guarded.set(True)
    try:
        yield
    finally:
        _guarded.reset(token)


@cache
def _listen() -> None:
    sys.addaudithook(_hear)


def _hear(event: str, given: tuple[Any, ...]) -> None:
    if event in _STARTING and _guarded.get():
        raise NeedsPython(f"`{event}` is refused here")
    if event == "compile" and given[1] == "<string>" and isinstance(given[0], str | bytes) and _guarded.get():
        _refuse_evaluation(given[0])


def _refuse_evaluation(text: str | bytes) -> None:
    try:
        found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return  # not a type: a class that Python's library makes
    # Python's library makes the constructors of tuples so, whose bodies do not run yet.
    parts = [found.args] if isinstance(found, ast.Lambda) else [found]
    for part in parts:
        refuse_insides(part)
        for each in ast.walk(part):
            if isinstance(each, ast.Call) and getattr(each.func, "id", "") not in _LIMITS:
                raise NeedsPython("a text is not evaluated here")
