"""Records what DSPy offers, in `compiler/emit_dspy/_dspy.json`.

    build/dspy/bin/python tests/moving/record_dspy.py > compiler/emit_dspy/_dspy.json

For each name that programs of the language may use: where DSPy has it, and what it takes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

FACE = Path(__file__).parents[2] / "runtime" / "__init__.pyi"
PLACES = (
    "dspy",
    "dspy.evaluate",
    "dspy.evaluate.metrics",
    "dspy.utils",
    "dspy.teleprompt",
    "dspy.adapters",
    "dspy.adapters.baml_adapter",
    "dspy.retrievers",
    "dspy.experimental",
)


def main() -> None:
    """Print the table."""
    import dspy

    names: dict[str, Any] = {}
    for name in sorted(set(re.findall(r" as (\w+)$", FACE.read_text(encoding="utf-8"), re.MULTILINE))):
        for place in PLACES:
            try:
                found = getattr(importlib.import_module(place), name, None)
            except ImportError:
                continue
            if found is not None and not inspect.ismodule(found):
                names[name] = {"path": f"{place}.{name}", **parameters_of(found)}
                break
    defaults = importlib.import_module("dspy.dsp.utils.settings").DEFAULT_CONFIG
    settings = sorted(vars(defaults).get("_store", defaults))
    table = {
        "version": dspy.__version__,
        "settings": settings,
        "names": names,
        "members": {each.__name__: members_of(each) for each in (dspy.Module, dspy.Prediction)},
        "refused_fields": refused_fields(),
        "datasets": sorted(vars(importlib.import_module("dspy.datasets")).get("__all__", ())),
    }
    sys.stdout.write(json.dumps(table, indent=1, sort_keys=True) + "\n")


def members_of(found: type) -> list[str]:
    """What programs can read of the objects of a class."""
    made = found()
    return sorted(each for each in dir(made) if not each.startswith("_"))


def refused_fields() -> list[str]:
    """The names that no field of a signature can have."""
    import dspy

    kind = type(dspy.Signature)
    refused = []
    for name in sorted({*dir(dspy.Signature), *dir(kind)}):
        field: Any = dspy.InputField()
        body = {"__annotations__": {name: str}, "__doc__": "Ask.", name: field}
        try:
            kind("Asked", (dspy.Signature,), body)
        except Exception:  # noqa: BLE001 whatever it raises, it does not take the name
            refused.append(name)
    return [each for each in refused if not each.startswith("_")]


def parameters_of(found: Any) -> dict[str, Any]:
    """The parameters of what can be called, and whether it takes others by name, too."""
    try:
        given = inspect.signature(found.__init__ if isinstance(found, type) else found).parameters.values()
    except (TypeError, ValueError):
        return {"parameters": [], "open": True}
    plain = [each.name for each in given if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    is_open = any(each.kind is each.VAR_KEYWORD for each in given)
    return {"parameters": [name for name in plain if name != "self"], "open": is_open}


if __name__ == "__main__":
    main()
