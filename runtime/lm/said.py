"""What a model's class says of itself as in DSPy: `supports_…` properties, which adapters then plan by.

    class Mine(BaseLM):
        @property
        def supports_function_calling(self):
            return True

A class that overrides none of them costs nothing here.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .capabilities import NOTHING_KNOWN, Capabilities

SUPPORTS = {
    "supports_function_calling": "native_tools",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "response_schema",
}
"""The properties, and what each says of a model's capabilities."""
_being_asked: ContextVar[tuple[Any, ...]] = ContextVar("dspyc_models_being_asked", default=())
"""The models whose properties are looked at here: these may look at the capabilities known without them."""


class AsSaid:
    """The attribute `capabilities` of a class that overrides `supports_…`: what is known besides, and these.

    Args:
        owner: the class.
    """

    def __init__(self, owner: type) -> None:
        self._owner = owner

    @classmethod
    def install(cls, owner: type, root: type) -> None:
        """Let a class's own `supports_…` count, or those of a mixin of it, unless it says its `capabilities`
        itself.

        Args:
            owner: the class.
            root: `BaseLM`, from which on nothing is overridden.
        """
        for base in owner.__mro__:
            if base is root or "capabilities" in vars(base):
                return
            if not SUPPORTS.keys().isdisjoint(vars(base)):
                break
        if not isinstance(_of(*owner.__mro__), AsSaid):
            owner.capabilities = cls(owner)  # type: ignore[attr-defined]

    def __get__(self, lm: Any, kind: type | None = None) -> Any:
        if lm is None:
            known = (vars(base).get("capabilities") for base in self._owner.__mro__)
            return next((each for each in known if isinstance(each, Capabilities)), NOTHING_KNOWN)
        asked = _being_asked.get()
        if any(each is lm for each in asked):
            return self.beneath(lm)
        token = _being_asked.set((*asked, lm))
        try:
            said = {name: bool(getattr(lm, supports)) for supports, name in SUPPORTS.items()}
        finally:
            _being_asked.reset(token)
        return self.beneath(lm)._replace(**said)

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
