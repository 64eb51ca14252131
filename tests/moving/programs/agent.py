import dspy


def evaluate_math(expression: str) -> float:
    """Add the numbers of an expression."""
    return float(sum(int(part) for part in expression.split("+")))


def search_wikipedia(query: str) -> list[str]:
    """Look a query up."""
    return [f"Nothing is known about {query}."]


react = dspy.ReAct("question -> answer: float", tools=[evaluate_math, search_wikipedia], max_iters=3)
