"""A program with everything in it, and the analysis of a text in the workspace of the server's cases."""

from __future__ import annotations

from pathlib import Path

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.project.libraries import find_package

WORKSPACE = Path(__file__).parents[1] / "lsp" / "workspace"
PROGRAM = '''\
"""Everything once."""
from common import Classify, classify
from tools import search as find
import statistics

lm gpt = LM("openai/gpt", temperature=0.5)
configure(lm=gpt)
enum Kind:
    ONE = "one"
    TWO
type Pair:
    """Two."""
    left: str = "a" "the left one"
    kind: Kind
signature Ask:
    input question: str
    output answer: Literal["yes", "no"] where len(answer) > 1 "short"
    demo question="x", answer="yes"
module ask = Predict("question, n: int -> answer: list[str]")
module Both(width: int = 3):
    input text: str
    output label: str
    output count: int
    first = ChainOfThought(Ask, lm=gpt)
    forward:
        found = classify(text=text)
        answers = [first(question=f"{each.name!r}: {text}").answer for each in found.entities]
        for answer in answers:
            if answer == "yes" and found.label in ["lost_card"]:
                continue
            elif not answer:
                break
        match found.label:
            case "lost_card" | "card_arrival" as label:
                total = {"a": 1}["a"] + sum(x * 2 for x in [1, 2])
            case _:
                total = 0 if text else 1
        suggest total > 0, "more"
        return label=found.label, count=total
    fallback:
        return label="", count=0
def same(example: Classify, pred: Classify) -> bool:
    """The same label."""
    return example.label == pred.label and any(map(lambda a: a > 1, [1, 2]))
dataset train, dev = Dataset("rows.csv", inputs=["text"]).split(0.5, 0.5, seed=0)
optimizer tune = BootstrapFewShot(metric=same)
program tuned = tune.compile(classify, trainset=train)
evaluate score = Evaluate(tuned, devset=dev, metric=same)
LIMIT: int = 3
test "all of it":
    pred = tuned(text="x")
    assert pred.label == "lost_card", "lost"
'''


def analyse(text: str) -> FileAnalysis:
    path = str(WORKSPACE / "any.dspy")

    def read(wanted: str) -> str | None:
        if wanted == path:
            return text
        try:
            return Path(wanted).read_text(encoding="utf-8")
        except OSError:
            return None

    return Project(read, (str(WORKSPACE),), find_package).check(path)
