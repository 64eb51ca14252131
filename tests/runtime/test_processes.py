"""Modules, signatures and values go to other processes, by spawn and by fork."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
    import multiprocessing, sys
    from pydantic import BaseModel
    import dspyc.runtime as dspy

    class Term(BaseModel):
        name: str

    class Named(dspy.Signature):
        "Do it."
        q: str = dspy.InputField()
        a: Term = dspy.OutputField()

    def search(x: str) -> str:
        "Search."
        return x

    def reward(args, pred):
        return 1.0

    def modules():
        yield dspy.Predict("q -> a")
        yield dspy.Predict("q, k: list[str] -> a: float, b: Literal['x', 'y']")
        yield dspy.Predict(dspy.make_signature("q -> a: float | None", "Do it."))
        yield dspy.Predict(dspy.Signature("q -> a: list[Term]", custom_types={"Term": Term}))
        yield dspy.Predict(Named)
        yield dspy.Predict(Named.with_instructions("Do it well."))
        yield dspy.Predict(Named.append("b", dspy.OutputField(desc="how sure", ge=0), int))
        yield dspy.Predict(dspy.Signature({"q": dspy.InputField(default="x"), "a": dspy.OutputField()}))
        yield dspy.Predict("q -> a", demos=[{"q": "1", "a": "2"}], temperature=0.5)
        yield dspy.ChainOfThought("q -> a: int")
        yield dspy.ReAct("q -> a", tools=[search, dspy.Tool(search, name="look")])
        yield dspy.Refine(dspy.ChainOfThought("q -> a"), N=2, reward_fn=reward)
        yield dspy.BestOfN(dspy.Predict("q -> a"), N=2, reward_fn=dspy.Predict("args, pred -> score: float"))

    def facts(module):
        return [
            (name, fields(one.signature), one.signature.instructions, repr(one.demos), one.config)
            for name, one in module.named_predictors()
        ]

    def fields(signature):
        return repr(signature.fields).replace("__mp_main__", "__main__")

    def child(module, prediction, pipe):
        assert prediction.a == "b" and prediction.get_lm_usage() is None
        pipe.send((facts(module), prediction, module.predictors()[0].signature is Named))

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        for module in modules():
            here, there = context.Pipe()
            process = context.Process(target=child, args=(module, dspy.Prediction(a="b"), there))
            process.start()
            found, prediction, is_named = here.recv()
            process.join()
            assert found == facts(module), found
            assert prediction == dspy.Prediction(a="b")
            assert is_named == (module.predictors()[0].signature is Named)
        print("all the same")
"""
KINDS = [kind for kind in ("spawn", "fork") if kind in multiprocessing.get_all_start_methods()]


@pytest.mark.parametrize("kind", KINDS)
def test_modules_go_to_processes(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    text = textwrap.dedent(PROGRAM)
    if kind == "spawn":
        # A process costs a second; those that take another way through are enough.
        text = text.replace("in modules():", "in list(modules())[1:12:3]:")
    path.write_text(text)
    done = subprocess.run([sys.executable, path, kind], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("all the same\n", "")


def test_every_module_can_be_sent() -> None:
    """What `multiprocessing` does to send them, in this process."""
    from multiprocessing.reduction import ForkingPickler

    import dspyc.runtime as dspy

    for module in (
        dspy.Predict("q, k: list[str] -> a: float, b: Literal['x', 'y']"),
        dspy.ReAct("q -> a", tools=[]),
        dspy.BestOfN(dspy.Predict("q -> a"), N=2, reward_fn=dspy.Predict("args, pred -> score: float")),
    ):
        sent: Any = ForkingPickler.loads(ForkingPickler.dumps(module))
        assert repr(sent) == repr(module)
        first, second = sent.predictors()[0].signature, module.predictors()[0].signature
        assert first.equals(second)
