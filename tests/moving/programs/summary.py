import dspy


class Summarize(dspy.Signature):
    """Summarize a document in a few bullet points."""

    document: str = dspy.InputField()
    bullets: list[str] = dspy.OutputField(desc="three to five points")


class Score(dspy.Signature):
    """Score how faithful a summary is, from 1 to 5."""

    document: str = dspy.InputField()
    summary: str = dspy.InputField()
    score: int = dspy.OutputField(ge=1, le=5)


class Summarizer(dspy.Module):
    """Summarize, and say how good that is."""

    def __init__(self):
        super().__init__()
        self.summarize = dspy.ChainOfThought(Summarize)
        self.score = dspy.Predict(Score)

    async def aforward(self, document: str):
        found = await self.summarize.acall(document=document)
        summary = "\n".join(found.bullets)
        rated = await self.score.acall(document=document, summary=summary)
        return dspy.Prediction(summary=summary, score=rated.score)


summarizer = Summarizer()
