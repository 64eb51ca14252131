"""Answer questions from passages: a program of DSPy that `dspyc import` reads and never runs."""

import os

import dspy

# What the program needs of the environment is read here.
KEY = "OPENAI_API_KEY"

dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", api_key=os.environ.get(KEY)))

PASSAGES = [
    "passage 0 of the handbook",
    "passage 1 of the handbook",
    "passage 2 of the handbook",
    "passage 3 of the handbook",
    "passage 4 of the handbook",
    "passage 5 of the handbook",
    "passage 6 of the handbook",
    "passage 7 of the handbook",
    "passage 8 of the handbook",
    "passage 9 of the handbook",
    "passage 10 of the handbook",
    "passage 11 of the handbook",
    "passage 12 of the handbook",
    "passage 13 of the handbook",
    "passage 14 of the handbook",
    "passage 15 of the handbook",
    "passage 16 of the handbook",
    "passage 17 of the handbook",
    "passage 18 of the handbook",
    "passage 19 of the handbook",
    "passage 20 of the handbook",
    "passage 21 of the handbook",
    "passage 22 of the handbook",
    "passage 23 of the handbook",
    "passage 24 of the handbook",
    "passage 25 of the handbook",
    "passage 26 of the handbook",
    "passage 27 of the handbook",
    "passage 28 of the handbook",
    "passage 29 of the handbook",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
    "one more passage",
]


def search(query: str, k: int = 3) -> list[str]:
    """The passages that share the most words with a query."""
    words = set(query.lower().split())
    return sorted(PASSAGES, key=lambda each: -len(words & set(each.split())))[:k]


class RAG(dspy.Module):
    """Answer a question from passages."""

    def __init__(self):
        self.respond = dspy.ChainOfThought("context: list[str], question -> response")

    def forward(self, question):
        return self.respond(context=search(question), question=question)


def exact(example, pred):
    return example.response == pred.response


trainset = [dspy.Example(question="What is passage 1?", response="1").with_inputs("question")]
optimizer = dspy.BootstrapFewShot(metric=exact)
rag = RAG()
compiled = optimizer.compile(rag, trainset=trainset)
compiled.save("rag.json")
