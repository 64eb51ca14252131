"""Several judges in parallel, and batches of texts."""
from typing import List, Literal

import dspy

CHEAP = "openai/gpt-4o-mini"

cheap_lm = dspy.LM(model=CHEAP, temperature=0.7)
dspy.configure(lm=cheap_lm)

CRITERIA = ["clarity", "accuracy", "tone"]


class Judge(dspy.Signature):
    """Judge the text by one criterion."""

    text: str = dspy.InputField()
    criterion: str = dspy.InputField()
    score: int = dspy.OutputField(desc="1 to 5")
    verdict: Literal["accept", "reject", "revise"] = dspy.OutputField()


class Panel(dspy.Module):
    def __init__(self, criteria: List[str] = CRITERIA):
        super().__init__()
        self.criteria = criteria
        self.judge = dspy.ChainOfThought(Judge)
        self.summarize = dspy.Predict("verdicts: list[str], text -> summary: str, final: bool")
        self.parallel = dspy.Parallel(num_threads=2)

    def forward(self, text: str):
        judged = self.parallel([(self.judge, dspy.Example(text=text, criterion=each).with_inputs("text", "criterion")) for each in self.criteria])
        scores = {name: each.score for name, each in zip(self.criteria, judged)}
        summary = self.summarize(verdicts=[each.verdict for each in judged], text=text)
        average = sum(scores.values()) / len(scores)
        return dspy.Prediction(summary=summary.summary, final=summary.final, average=average, scores=scores)


panel = Panel()


class Batch(dspy.Module):
    def __init__(self):
        super().__init__()
        self.panel = Panel(["clarity"])

    def forward(self, texts: list[str]):
        results = []
        for i, text in enumerate(texts, start=1):
            try:
                results.append({"n": i, "average": self.panel(text=text).average})
            except Exception as e:
                results.append({"n": i, "error": str(e)})
        best = max(results, key=lambda r: r.get("average", 0))
        return dspy.Prediction(results=results, best=best["n"])


batch = Batch()
