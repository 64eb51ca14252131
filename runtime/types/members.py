"""What the members of an enumeration mean, where the program says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args

_NAME = "__descriptions__"
_NONE: Mapping[str, str] = {}


def describe(kind: type[Enum], texts: Mapping[str, str]) -> None:
    """Note what members mean, by their names."""
    setattr(kind, _NAME, dict(texts))


def descriptions_of(kind: type[Enum]) -> Mapping[str, str]:
    """What members mean, by what the model writes for them: the text of the member's value."""
    texts: Mapping[str, str] = kind.__dict__.get(_NAME, _NONE)
    return {str(kind[name].value): text for name, text in texts.items() if name in kind.__members__}


def described_choices(annotation: Any) -> Iterator[str]:
    """`VALUE: what it means`, for the members of the enumerations in a type, without those in its records."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        for name, text in descriptions_of(annotation).items():
            yield f"{name}: {text}"
    for each in get_args(annotation):
        yield from described_choices(each)
