"""Which language model each predictor of a program uses."""

from __future__ import annotations

from typing import Any

from ..execution.replacing import in_place_of
from ..execution.settings import lookup
from .base import Module
from .tree import defaults_around, settings_around


def models_of(program: Module) -> dict[str, Any]:
    """The language model that each predictor of a program uses here, or None, by the predictor's name."""
    around, defaults = settings_around(program), defaults_around(program)
    found: dict[str, Any] = {}
    for name, predictor in program.named_predictors():
        own = predictor.lm
        configured = lookup("lm", defaults.get(id(predictor), predictor._defaults))
        otherwise = around.get(id(predictor), {}).get("lm") or configured
        if getattr(own, "_is_saved", False):
            own = own.at(otherwise)
        found[name] = in_place_of(own or otherwise)
    return found
