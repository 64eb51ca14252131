"""Which language model each predictor of a program uses."""

from __future__ import annotations

from typing import Any

from ..execution.replacing import in_place_of
from ..execution.settings import lookup
from .base import Module
from .tree import settings_around


def models_of(program: Module) -> dict[str, Any]:
    """The language model that each predictor of a program uses here, or None, by the predictor's name."""
    around = settings_around(program)
    return {
        name: in_place_of(
            predictor.lm or around.get(id(predictor), {}).get("lm") or lookup("lm", predictor._defaults)
        )
        for name, predictor in program.named_predictors()
    }
