"""Best of several attempts, by rewards."""
import dspy

dspy.settings.configure(adapter=dspy.ChatAdapter())


class Headline(dspy.Signature):
    """Write a headline for the article."""

    article = dspy.InputField()
    headline = dspy.OutputField(desc="under ten words")


def short_enough(args, pred: dspy.Prediction) -> float:
    """1.0 if it has ten words at most."""
    words = len(pred.headline.split())
    return 1.0 if words <= 10 else max(0.0, 1.0 - (words - 10) / 10)


def no_clickbait(args, pred):
    banned = ("you won't believe", "shocking", "this one trick")
    return float(not any(each in pred.headline.lower() for each in banned))


def reward(args, pred):
    return 0.5 * short_enough(args, pred) + 0.5 * no_clickbait(args, pred)


class Newsroom(dspy.Module):
    def __init__(self):
        self.writer = dspy.BestOfN(module=dspy.ChainOfThought(Headline), N=3, reward_fn=reward, threshold=1.0)
        self.editor = dspy.Refine(module=dspy.Predict("headline, article -> headline_final"), N=2, reward_fn=lambda args, pred: float(len(pred.headline_final) > 0), threshold=0.9, fail_count=1)

    def forward(self, article):
        draft = self.writer(article=article)
        final = self.editor(headline=draft.headline, article=article)
        return dspy.Prediction(headline=final.headline_final, draft=draft.headline)


newsroom = Newsroom()
