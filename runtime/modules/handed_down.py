"""What agents and modules that run code are given for the predictors inside of them."""

from __future__ import annotations

from typing import Any


def handed_down(module: Any) -> dict[str, Any]:
    """The model, the retries and the further settings that a module was made with, taken from it.

    The predictors inside hold them from then on, so that there is one place to change them.
    """
    held = module.__dict__
    return {"lm": held.pop("lm"), "max_retries": held.pop("max_retries"), **held.pop("config")}
