"""The optimizer of a state, as a program makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def optimizer_text(facts: Mapping[str, Any]) -> str:
    """An optimizer with those of its parameters that are set: `BootstrapRS(metric=same, num_threads=4)`.

    Args:
        facts: what the state says of it: its name and its parameters.
    """
    given = facts.get("parameters")
    parameters = given if isinstance(given, Mapping) else {}
    shown = [f"{name}={_written(name, value)}" for name, value in parameters.items() if value is not None]
    return f"{facts.get('name')}({', '.join(shown)})"


def _written(name: str, value: Any) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        # An optimizer among the parameters of another one.
        others = {each: one for each, one in value.items() if each != "name"}
        return optimizer_text({"name": value["name"], "parameters": others})
    # A function is kept by its name.
    is_function = isinstance(value, str) and (name == "metric" or name.endswith("_fn"))
    return value if is_function else repr(value)
