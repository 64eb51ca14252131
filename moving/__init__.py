"""DSPy programs as `.dspy` files: Python is read, never run; what has no form in the language stays."""
