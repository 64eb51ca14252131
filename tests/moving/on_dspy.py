"""Runs programs on DSPy itself: `build/dspy/bin/python tests/moving/on_dspy.py < calls.json > seen.json`.

Reads a dict of names with `[file, attribute, inputs]`, and prints for each the messages that the program's
models were sent and the outputs that it gave, with the same answers as `support/plausible.py` gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import sys
import types
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parents[1]))

import dspy  # noqa: E402

from support.plausible import answer_from_messages  # noqa: E402


class Recorder(dspy.BaseLM):  # type: ignore[misc]
    """Answers from the prompt, and keeps it."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.seen: list[Any] = []

    def forward(self, prompt: Any = None, messages: Any = None, **settings: Any) -> Any:
        """One request."""
        self.seen.append([{"role": each["role"], "content": each["content"]} for each in messages])
        message = types.SimpleNamespace(
            role="assistant", content=answer_from_messages(messages), tool_calls=None
        )
        choice = types.SimpleNamespace(message=message, finish_reason="stop", index=0)
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return types.SimpleNamespace(choices=[choice], usage=usage, model="recorder")

    async def aforward(self, prompt: Any = None, messages: Any = None, **settings: Any) -> Any:
        """One request of an asynchronous program."""
        return self.forward(prompt, messages, **settings)


def run(file: str, attribute: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The messages and outputs of one program."""
    folder = str(Path(file).parent)
    sys.path.insert(0, folder)
    try:
        # A package of its own, for programs that import others of their folder.
        package = types.ModuleType(f"built_{len(sys.modules)}")
        package.__path__ = [folder]
        sys.modules[package.__name__] = package
        module = importlib.import_module(f"{package.__name__}.{Path(file).stem}")
        lm = Recorder()
        program = getattr(module, attribute)
        if isinstance(program, list):
            return {"rows": [row.toDict() for row in program], "inputs": sorted(program[0].inputs().keys())}
        if isinstance(program, types.FunctionType):
            with dspy.context(lm=lm):
                return {"score": program().score}
        for predictor in program.predictors():
            predictor.lm = lm
        typed = {
            name: dspy.History(messages=value) if name == "history" else value
            for name, value in inputs.items()
        }
        with dspy.context(lm=lm, track_usage=False):
            # A module that only has `aforward` can only be awaited.
            awaited = not hasattr(program, "forward")
            found = asyncio.run(program.acall(**typed)) if awaited else program(**typed)
        outputs = json.loads(json.dumps(found.toDict(), default=_plain))
        return {"messages": lm.seen, "outputs": outputs}
    except Exception as error:  # noqa: BLE001 what a program of DSPy raises is the result
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        sys.path.remove(folder)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


if __name__ == "__main__":
    calls = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        found = {name: run(*call) for name, call in calls.items()}
    sys.stdout.write(json.dumps(found, ensure_ascii=False))
