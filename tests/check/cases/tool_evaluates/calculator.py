def calculate(expression: str) -> float:
    """Work out an expression."""
    return float(eval(expression))  # noqa: S307 what the case is about
