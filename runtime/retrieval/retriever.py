"""What retrievers share: a corpus, an index that is made when it is first needed, and what a search gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from ...base.forks import new_lock
from ..errors import InputError
from ..execution import drive
from ..execution.loading import refuse_while_loading
from ..execution.settings import FileDefaults
from ..interface import Interface
from ..modules.base import Module
from ..prediction import Prediction

T = TypeVar("T")


class Hit(NamedTuple):
    """A passage that was found: its number in the corpus, and how well it fits."""

    number: int
    score: float


class Once(Generic[T]):
    """A value that is made when it is first asked for, by one thread; copies of its owner share it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Callable[[], T] | None = make
        self._lock = new_lock()
        self._made: T

    def get(self) -> T:
        """The value."""
        if self._make is not None:
            with self._lock:
                if self._make is not None:
                    self._made = self._make()
                    self._make = None
        return self._made

    @property
    def is_made(self) -> bool:
        """Whether it needs no more work."""
        return self._make is None

    def __deepcopy__(self, memo: dict[int, Any]) -> Once[T]:
        return self


class Retriever(Module):
    """A module whose calls take a `query` and give the passages that fit it best.

    Subclasses define `search`.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="",
        needs={"query": str},
        inputs={"k": int},
        outputs={"passages": list[str], "indices": list[int], "scores": list[float]},
        calls="0",
    )
    concurrent: ClassVar[bool] = False
    gives_scores: ClassVar[bool] = True
    _unsaved: ClassVar[tuple[str, ...]] = ("_index",)
    """Attributes that are rebuilt when a saved program is loaded."""

    k: int
    """How many passages a call gives."""

    async def search(self, query: str, k: int) -> tuple[list[str], list[Hit]]:
        """The corpus, and the passages that fit a query best, best first."""
        raise NotImplementedError

    async def aforward(self, /, query: Any = None, k: int | None = None) -> Prediction:
        """Search.

        Args:
            query: what to look for.
            k: how many passages, instead of the parameter.

        Raises:
            InputError: the query is not a text.
        """
        refuse_while_loading("a search is made")
        if not isinstance(query, str):
            raise InputError(f'a search needs a query: {type(self).__name__}(…)(query="…")', field="query")
        corpus, hits = await self.search(query, k or self.k)
        found = Prediction(
            passages=[corpus[hit.number] for hit in hits], indices=[hit.number for hit in hits]
        )
        if self.gives_scores:
            found.scores = [hit.score for hit in hits]
        return found

    def _refuse_positional(self) -> None:
        """The query may be given by position."""

    def _folder(self) -> str | None:
        """Where relative paths start: beside the file that declares the retriever, if one does."""
        defaults = self._defaults
        return os.path.dirname(defaults.file) if isinstance(defaults, FileDefaults) else None


async def made(once: Once[T]) -> T:
    """What is made once, without stopping the event loop meanwhile."""
    if once.is_made:
        return once.get()
    found: T = await drive.call_function(once.get)
    return found
