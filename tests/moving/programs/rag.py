"""Retrieval-augmented generation over a handful of passages."""
import dspy

CORPUS = [
    "Paris is the capital of France.",
    "Rome is the capital of Italy.",
    "The Eiffel Tower stands in Paris.",
]


def search(query: str, k: int = 2) -> list[str]:
    """Find passages that share words with the query."""
    words = query.lower().split()
    scored = sorted(CORPUS, key=lambda passage: -sum(word in passage.lower() for word in words))
    return scored[:k]


class RAG(dspy.Module):
    def __init__(self, k=2):
        self.k = k
        self.respond = dspy.ChainOfThought("context, question -> response")

    def forward(self, question):
        context = search(question, k=self.k)
        return self.respond(context=context, question=question)


rag = RAG()
