"""Program to Python, as an abstract syntax tree that carries the positions of the `.dspy` file."""
