"""Python files that a program imports, read as text: their functions, classes and types."""
