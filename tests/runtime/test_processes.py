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


LOADED = """
    from .inner import Inner

    enum Mood:
        good = "good"
        bad = "bad"

    signature Ask:
        "Answer."
        input q: str
        output mood: Mood
        output inner: Inner

    def look(q: str) -> str:
        "Look."
        return q

    def metric(example, pred) -> bool:
        return True

    module M(w: int = 3):
        input q: str
        output a: str
        parts = [Predict("q -> a") for _ in range(w)]
        forward:
            return a=parts[0](q=q).a

    lm fake = DummyLM([{"a": "x"}])
    module ask = Predict(Ask)
    module made = M(w=2, lm=fake)
    module agent = ReAct("q -> a", tools=[look])
    module best = BestOfN(made, N=2, reward_fn=metric)
    dataset rows = Dataset("rows.csv", inputs=["q"])
    dataset part, rest = rows.split(0.5, 0.5)
    optimizer tune = LabeledFewShot(k=1)
    program tuned = tune.compile(made, trainset=rows)
    evaluate gate = Evaluate(made, devset=part, metric=metric)
    value = Inner(a=1)
    mood = Mood.good
"""


def test_what_a_loaded_file_declares_goes_to_a_process_that_knows_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a folder.v2"
    folder.mkdir()
    (folder / "program%1.dspy").write_text(textwrap.dedent(LOADED), encoding="utf-8")
    (folder / "inner.dspy").write_text("type Inner:\n    a: int\n", encoding="utf-8")
    (folder / "rows.csv").write_text("q,a\n1,2\n3,4\n", encoding="utf-8")
    names = ["ask", "made", "agent", "best", "rows", "part", "tuned", "gate", "value", "mood", "look", "Ask"]
    sending = f"""
import pickle, sys, dspyc
program = dspyc.load({str(folder / "program%1.dspy")!r})
sys.stdout.buffer.write(pickle.dumps([getattr(program, name) for name in {names!r}]))
"""
    receiving = f"""
import pickle, sys
found = dict(zip({names!r}, pickle.load(sys.stdin.buffer)))
assert found["made"](q="?").a == "x"
assert [row.q for row in found["rows"]] == ["1", "3"]
assert len(found["part"]) == 1 and len(found["gate"].devset) == 1
assert found["ask"].signature is found["Ask"]
assert type(found["value"]) is found["Ask"].output_fields["inner"].annotation
assert found["mood"] is type(found["mood"]).good
assert [name for name, _ in found["tuned"].named_predictors()] == ["parts[0]", "parts[1]"]
assert found["agent"].tools["look"](q="x") == found["look"]("x") == "x"
print("all there")
"""
    sent = subprocess.run([sys.executable, "-c", sending], capture_output=True, timeout=60, check=False)
    assert sent.stderr == b""
    got = subprocess.run(
        [sys.executable, "-c", receiving],
        input=sent.stdout,
        capture_output=True,
        timeout=60,
        cwd="/",
        check=False,
    )
    assert (got.stdout, got.returncode) == (b"all there\n", 0), got.stderr.decode()


def test_a_view_of_rows_is_sent_with_its_rows(tmp_path: Path) -> None:
    from multiprocessing.reduction import ForkingPickler

    from dspyc.runtime import Dataset

    def sent(rows: Dataset) -> Any:
        return ForkingPickler.loads(ForkingPickler.dumps(rows))

    path = tmp_path / "rows.csv"
    path.write_text("q\n" + "".join(f"{number}\n" for number in range(10)), encoding="utf-8")
    rows = Dataset(path, inputs=["q"])
    unread = sent(rows)
    assert "not read yet" in repr(unread)
    assert "not read yet" in repr(rows)
    assert list(unread) == list(rows)
    shuffled = Dataset(path, inputs=["q"], shuffle=True)
    assert list(sent(shuffled[2:7])) == list(shuffled)[2:7]
    assert list(sent(shuffled)) == list(shuffled)
