"""`Retrieve`: a search by whatever retriever is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from ..errors import NotConfiguredError
from ..example import Example
from ..execution import drive
from ..execution.settings import lookup
from ..interface import Interface
from ..limits import Ge
from ..modules.base import Module
from ..modules.tree import Parameter
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction

_TEXTS = ("long_text", "text", "passage")


@parameters
class Retrieve(Module, Parameter):
    """Finds passages for a query, by the retriever of `configure(rm=…)`.

        configure(rm=BM25("docs.jsonl"))
        Retrieve(k=3)("opening hours").passages

    A retriever is any function of a query and `k` that gives texts, objects with a `long_text`, or a
    prediction with `passages`.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="", needs={"query": str}, inputs={"k": int}, outputs={"passages": list[str]}, calls="0"
    )
    concurrent: ClassVar[bool] = False

    k: Annotated[int, Ge(1)] = 3
    """How many passages a call gives."""
    _: KW_ONLY
    rm: Any = None
    """The retriever, instead of the configured one."""

    async def aforward(self, /, query: str, k: int | None = None, **further: Any) -> Prediction:
        """Search.

        Args:
            query: what to look for.
            k: how many passages, instead of the parameter.
            further: passed on to the retriever.

        Raises:
            NotConfiguredError: there is no retriever.
        """
        retriever = self.rm or lookup("rm", self._defaults)
        if retriever is None:
            raise NotConfiguredError(
                "no retriever is set: call configure(rm=…), or pass `rm=` to Retrieve(…)"
            )
        call = retriever.acall if isinstance(retriever, Module) else retriever
        found = await drive.call_function(call, query, k=k or self.k, **further)
        if isinstance(found, Prediction) and "passages" in found:
            return found
        each = [found] if isinstance(found, (str, Mapping, Example)) else list(found)
        return Prediction(passages=[_text(passage) for passage in each])

    @property
    def needs_loop(self) -> bool:
        """Whether the retriever is async."""
        retriever = self.rm or lookup("rm", self._defaults)
        return retriever.needs_loop if isinstance(retriever, Module) else drive.is_async(retriever)

    def _refuse_positional(self) -> None:
        """The query may be given by position."""

    def reset(self) -> None:
        """There is nothing that is learned."""

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """How many passages a call gives."""
        return {"k": self.k}

    def load_state(self, state: Mapping[str, Any], *, allow_unsafe_lm_state: bool = False) -> Self:
        """Load what `dump_state` returned."""
        self.k = int(state.get("k", self.k))
        return self


def _text(passage: Any) -> str:
    if isinstance(passage, str):
        return passage
    for name in _TEXTS:
        found = passage.get(name) if isinstance(passage, Mapping) else getattr(passage, name, None)
        if found is not None:
            return str(found)
    return str(passage)
