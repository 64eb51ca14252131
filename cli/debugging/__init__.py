"""Debugging `.dspy` files: debugpy's adapter for editors, and how values are shown in a program it runs."""
