"""Tree to program, program to Python: pure functions of texts."""
