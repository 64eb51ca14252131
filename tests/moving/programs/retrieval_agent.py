"""Search, then answer; a program with settings of its own."""
import os

import dspy

lm = dspy.LM("openai/gpt-4.1-mini", api_key=os.environ["OPENAI_API_KEY"], temperature=0.7, max_tokens=800)
dspy.settings.configure(lm=lm)


class WebQuery(dspy.Signature):
    """Turn a question into a query for a search engine."""

    question: str = dspy.InputField()
    query: str = dspy.OutputField(desc="three to six words")


class Searcher(dspy.Module):
    def __init__(self, temperature: float = 0.2):
        super().__init__()
        self.rewrite = dspy.Predict(WebQuery, temperature=temperature)
        self.answer = dspy.ChainOfThought("question, results: list[str] -> answer: str, sources: list[int]")

    def find(self, query):
        return [f"{query} is explained here.", f"More on {query}."]

    def forward(self, question: str):
        query = self.rewrite(question=question).query
        results = self.find(query)
        return self.answer(question=question, results=results)


searcher = Searcher()
