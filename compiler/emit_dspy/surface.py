"""What DSPy offers: where it has the runtime's names, and what they take there.

`_dspy.json` was read off an installed DSPy by `tests/moving/record_dspy.py`; a test compares the two.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Offered(Struct, frozen=True):
    """A name of DSPy."""

    path: str
    """Where it is, with its modules."""
    parameters: tuple[str, ...]
    open: bool
    """Whether it takes other arguments by name, too."""


class Surface(Struct, frozen=True):
    """All that programs of the language may use of it."""

    version: str
    names: dict[str, Offered]
    settings: tuple[str, ...]
    members: dict[str, frozenset[str]]
    """What can be read of predictions and of modules, by the names of the classes."""
    datasets: frozenset[str]
    """The names of `dspy.datasets`."""
    refused_fields: frozenset[str]
    """The names that no field of a signature can have."""


_OTHER_MEANING = frozenset({"Score", "Retrieve", "Embeddings", "EmbeddingsWithScores"})
"""Names that DSPy has for something else, or for something that takes other values."""


@cache
def surface() -> Surface:
    """What DSPy offers."""
    text = files(__package__).joinpath("_dspy.json").read_bytes()
    return msgspec.json.decode(text, type=Surface)


def offered(name: str) -> Offered | None:
    """One of the runtime's names in DSPy; None where it has none that means the same."""
    return None if name in _OTHER_MEANING else surface().names.get(name)
