"""What a model's class says of itself as in DSPy: `supports_…` properties, which adapters then plan by.

    class Mine(BaseLM):
        @property
        def supports_function_calling(self):
            return True

A class that overrides none of them costs nothing here.
"""

from __future__ import annotations

from typing import Any

from .capabilities import Capabilities

SUPPORTS = frozenset({"supports_function_calling", "supports_reasoning", "supports_response_schema"})


class AsSaid:
    """The attribute `capabilities` of a class that overrides `supports_…`: what is known besides, and these.

    Args:
        owner: the class.
    """

    def __init__(self, owner: type) -> None:
        self._owner = owner

    @classmethod
    def install(cls, owner: type) -> None:
        """Let a class's own `supports_…` count, unless it says its `capabilities` itself."""
        if "capabilities" not in vars(owner) and not isinstance(_of(*owner.__mro__), AsSaid):
            owner.capabilities = cls(owner)  # type: ignore[attr-defined]

    def __get__(self, lm: Any, kind: type | None = None) -> Any:
        if lm is None:
            return self
        return self.beneath(lm)._replace(
            native_tools=bool(lm.supports_function_calling),
            reasoning=bool(lm.supports_reasoning),
            response_schema=bool(lm.supports_response_schema),
        )

    def __set__(self, lm: Any, given: Capabilities) -> None:
        setter = getattr(_of(*self._owner.__mro__[1:]), "fset", None)
        if setter is None:
            vars(lm)["capabilities"] = given
        else:
            setter(lm, given)

    def beneath(self, lm: Any) -> Capabilities:
        """What is known without the class's own words."""
        known = vars(lm).get("capabilities") or _of(*self._owner.__mro__[1:])
        found: Capabilities = known if isinstance(known, Capabilities) else known.__get__(lm, type(lm))
        return found


def beneath(lm: Any) -> Capabilities:
    """What is known of a model without what its class says in `supports_…`."""
    said = _of(*type(lm).__mro__)
    found: Capabilities = said.beneath(lm) if isinstance(said, AsSaid) else lm.capabilities
    return found


def _of(*kinds: type) -> Any:
    return next((vars(kind)["capabilities"] for kind in kinds if "capabilities" in vars(kind)), None)
