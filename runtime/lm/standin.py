"""Stand-ins of tests: `unittest.mock.MagicMock(spec=LM)` says that it is a model, and is only called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from .base import BaseLM
from .capabilities import NOTHING_KNOWN, Capabilities
from .said import SUPPORTS


class StandIn(BaseLM):
    """Asks a stand-in as a model: `fake(messages=…, …)`, or `fake.acall(…)` from asynchronous code.

    Args:
        fake: the stand-in; its `model`, `kwargs`, `capabilities` and `supports_…` count where they are what
            a model's are.
    """

    def __init__(self, fake: Any) -> None:
        self._fake = fake

    @property
    def model(self) -> str:  # type: ignore[override]
        """The stand-in's name."""
        named = self._fake.model
        return named if isinstance(named, str) else type(self._fake).__name__

    @property
    def kwargs(self) -> Mapping[str, Any]:  # type: ignore[override]
        """The stand-in's settings."""
        given = self._fake.kwargs
        return given if isinstance(given, Mapping) else {}

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]
        """What the stand-in says that it can do."""
        given = getattr(self._fake, "capabilities", None)
        known = given if isinstance(given, Capabilities) else NOTHING_KNOWN
        said = {name: getattr(self._fake, supports, None) for supports, name in SUPPORTS.items()}
        return known._replace(**{name: value for name, value in said.items() if isinstance(value, bool)})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the stand-in returns."""
        return self._fake(*args, **kwargs)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """What the stand-in's `acall` returns."""
        return await self._fake.acall(*args, **kwargs)

    def copy(self, **changes: Any) -> Self:
        """The same: a stand-in is one thing."""
        return self
