"""The limits of parameters, as `Annotated[int, Ge(1)]` says them; any object with these attributes is one.

They are those of `annotated_types`, which takes 10 ms to import, more than all that a first module needs.
"""

from __future__ import annotations

from typing import Any


class Limit:
    """A bound on a parameter's value: one attribute, named for its kind."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, name)) for name in self.__slots__)})"


class Ge(Limit):
    """At least this."""

    __slots__ = ("ge",)

    def __init__(self, ge: Any) -> None:
        self.ge = ge


class Gt(Limit):
    """More than this."""

    __slots__ = ("gt",)

    def __init__(self, gt: Any) -> None:
        self.gt = gt


class Le(Limit):
    """At most this."""

    __slots__ = ("le",)

    def __init__(self, le: Any) -> None:
        self.le = le


class Setting(Limit):
    """No bound: marks a parameter of `LM` that every module also takes, for the LM of its parts."""

    __slots__ = ()
