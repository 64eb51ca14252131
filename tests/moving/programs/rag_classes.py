"""Retrieval-augmented generation over a corpus, with embeddings and classes that inherit."""
import json
import random

import dspy

embedder = dspy.Embedder("openai/text-embedding-3-small", dimensions=512)


def words_of(text: str) -> set[str]:
    return {w.strip(".,?").lower() for w in text.split()}


CORPUS = ["Paris is the capital of France.", "Berlin is the capital of Germany.", "Tides follow the moon."]


def search(query: str, k: int = 2) -> list[str]:
    """Rank the corpus by words in common."""
    scored = sorted(CORPUS, key=lambda doc: -len(words_of(doc) & words_of(query)))
    return scored[:k]


class BasicQA(dspy.Signature):
    """Answer questions with short factoid answers."""

    context: list[str] = dspy.InputField(desc="may contain relevant facts")
    question: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="often between 1 and 5 words")


class BaseRAG(dspy.Module):
    def __init__(self, num_docs=2):
        super().__init__()
        self.num_docs = num_docs
        self.respond = dspy.ChainOfThought(BasicQA)

    def get_context(self, question):
        return search(question, k=self.num_docs)

    def forward(self, question):
        context = self.get_context(question)
        return self.respond(context=context, question=question)


class RewritingRAG(BaseRAG):
    def __init__(self, num_docs=3):
        super().__init__(num_docs)
        self.rewrite = dspy.Predict("question -> search_query")

    def get_context(self, question):
        query = self.rewrite(question=question).search_query
        return search(query, k=self.num_docs)


class MultiRAG(dspy.Module):
    def __init__(self, n=3, **kwargs):
        super().__init__(**kwargs)
        self.hops = n
        self.generate_query = dspy.ChainOfThought("context: list[str], question -> query")
        self.respond = dspy.ChainOfThought(BasicQA)

    def forward(self, question: str):
        context: list[str] = []
        for _ in range(self.hops):
            query = self.generate_query(context=context, question=question).query
            passages = search(query)
            context = list(dict.fromkeys(context + passages))
            if len(context) >= 3:
                break
        pred = self.respond(context=context, question=question)
        pred.context = context
        return pred


rag = BaseRAG()
rewriting = RewritingRAG()
multi = MultiRAG()

if __name__ == "__main__":
    with open("qa.jsonl") as f:
        data = [json.loads(line) for line in f]
    data = [dspy.Example(**d).with_inputs("question") for d in data]
    random.Random(0).shuffle(data)
    trainset, devset = data[:50], data[50:100]
    metric = dspy.evaluate.SemanticF1(decompositional=True)
    evaluate = dspy.Evaluate(devset=devset, metric=metric, num_threads=24, display_progress=True, display_table=2)

    tp = dspy.BootstrapFewShotWithRandomSearch(metric=dspy.evaluate.answer_exact_match, max_bootstrapped_demos=2, num_candidate_programs=4)
