"""Attributes that are computed when they are first read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """Like `cached_property`, without a lock: threads that come together compute twice and keep one value.

    A value is published when it is whole, so no thread ever sees a part of one, and threads that need each
    other's values cannot wait for each other.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object, owner: type) -> once[T] | T:
        if instance is None:
            return self
        found: T = instance.__dict__.setdefault(self.name, self.compute(instance))
        return found
