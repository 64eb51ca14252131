"""Asks built modules on DSPy itself: `build/dspy/bin/python tests/moving/check_on_dspy.py < calls.json`.

Reads a dict of names with `[file, attribute, inputs, answers]`; `answers` are dicts, which the model gives
one after another, as sections or as JSON. Prints for each what the program gave, or the error's name. Of the
attribute `keys` it is the names of what `ask` gave for those of the inputs that it takes.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import types
import warnings
from typing import Any

warnings.simplefilter("ignore")

import dspy  # noqa: E402


class Scripted(dspy.BaseLM):  # type: ignore[misc]
    """Gives these answers."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__("scripted")
        self.waiting = list(answers)

    def forward(self, prompt: Any = None, messages: Any = None, **settings: Any) -> Any:
        """One request."""
        answer = self.waiting.pop(0)
        text = json.dumps(answer)
        if "JSON object" not in messages[0]["content"]:
            text = "\n\n".join(f"[[ ## {name} ## ]]\n{_written(each)}" for name, each in answer.items())
            text += "\n\n[[ ## completed ## ]]"
        message = types.SimpleNamespace(role="assistant", content=text, tool_calls=None)
        choice = types.SimpleNamespace(message=message, finish_reason="stop", index=0)
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return types.SimpleNamespace(choices=[choice], usage=usage, model="scripted")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def run(file: str, attribute: str, inputs: dict[str, Any], answers: list[dict[str, Any]]) -> Any:
    """What an attribute of a module gives."""
    try:
        spec = importlib.util.spec_from_file_location(f"built_{len(sys.modules)}", file)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(module)  # type: ignore[union-attr]
        if attribute == "keys":
            with dspy.context(lm=Scripted(answers), track_usage=False):
                names = set(module.ask.signature.input_fields)
                return sorted(module.ask(**{name: inputs[name] for name in names}).keys())
        found = getattr(module, attribute)
        if isinstance(found, list):
            return [row.toDict() for row in found]
        with dspy.context(lm=Scripted(answers), track_usage=False):
            found = found(**inputs)
        if isinstance(found, dspy.Module):
            return type(found).__name__
        return {"score": found.score} if "results" in found else found.toDict()
    except Exception as error:  # noqa: BLE001 what a program of DSPy raises is the result
        return f"{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    calls = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        results = {name: run(*call) for name, call in calls.items()}
    sys.stdout.write(json.dumps(results))
