"""Values of a few fields that never change: `@frozen_record`, a light `@dataclass(frozen=True, slots=True)`.

Making such a class takes a tenth of the time that `dataclasses` takes, which also imports `inspect`, and
making a value takes half; a model's requests and answers are made of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


class EmptyDict(dict[Any, Any]):
    """A dict without entries that gets none, as values share it for a default; its copies are plain dicts.

    It is a dict, so that whatever writes dicts (JSON, `copy`, `pickle`) writes it.
    """

    __slots__ = ()

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("these entries do not change: make a new dict with them")

    __setitem__ = __ior__ = update = setdefault = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, ()


@dataclass_transform(frozen_default=True)
def frozen_record(cls: type[T]) -> type[T]:
    """Make a class a value of its annotated fields, which are slots that cannot be assigned.

    Its constructor takes the fields in their order, or by name; what the class gives a field is its default,
    shared by all values. Values are equal where their classes and fields are, and can be hashed, copied and
    pickled. A class that has an `__init__` of its own calls `self._fill(…)` there, with all fields in order;
    its `__match_args__` may name properties, by which values are then shown and compared.
    """
    annotations = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 `inspect` takes long to import
    fields = tuple(name for name, kind in annotations.items() if not str(kind).startswith("ClassVar"))
    scope = {name: value for name, value in cls.__dict__.items() if name not in (*fields, *_UNWANTED)}
    metaclass: Any = type(cls)
    contents = {**_SHARED, "__match_args__": fields, **scope, "__slots__": fields}
    made = metaclass(cls.__name__, cls.__bases__, contents)
    defaults = {name: cls.__dict__[name] for name in fields if name in cls.__dict__}
    filling = _filling(made, fields, defaults)
    if "__init__" in scope:
        made._fill = filling
    else:
        made.__init__ = filling
    found: type[T] = made
    return found


def replaced(value: T, **changes: Any) -> T:
    """A frozen value with some fields changed."""
    made: Any = type(value)
    fields = {name: getattr(value, name) for name in made.__match_args__}
    found: T = made(**fields | changes)
    return found


_MANY = 5
"""How many fields make it worth while to fill a value as one of a twin class, which can be assigned to."""


def _filling(made: Any, fields: Sequence[str], defaults: dict[str, Any]) -> Any:
    """What puts values into the slots, past the `__setattr__` that forbids it."""
    scope: dict[str, Any] = {f"_set_{name}": made.__dict__[name].__set__ for name in fields}
    scope |= {f"_default_{name}": value for name, value in defaults.items()}
    arguments = [f"{name}=_default_{name}" if name in defaults else name for name in fields]
    lines = [f"_set_{name}(self, {name})" for name in fields] or ["pass"]
    if len(fields) >= _MANY and made.__bases__ == (object,):
        twin = type(made)(made.__name__, (), {"__slots__": fields})
        scope |= {"_made": made, "_twin": twin, "_become": object.__setattr__}
        assignments = [f"self.{name} = {name}" for name in fields]
        whole = ['_become(self, "__class__", _twin)', *assignments, "self.__class__ = _made"]
        lines = ["if self.__class__ is _made:", *_indented(whole), "else:", *_indented(lines)]
    # The names are those of a class's fields, which Python's own grammar has read.
    exec(  # noqa: S102 as `dataclasses` and `namedtuple` do
        "\n".join([f"def __init__({', '.join(['self', *arguments])}):", *_indented(lines)]), scope
    )
    function: Any = scope["__init__"]
    function.__qualname__ = f"{made.__qualname__}.__init__"
    function.__module__ = made.__module__
    return function


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({fields})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise AttributeError(f"a {type(self).__name__} does not change: make a new one with another `{name}`")


def _restore(self: Any, state: Sequence[Any]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


_SHARED = {
    "__repr__": _repr,
    "__eq__": _equal,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _values,
    "__setstate__": _restore,
}

_UNWANTED = ("__dict__", "__weakref__")
