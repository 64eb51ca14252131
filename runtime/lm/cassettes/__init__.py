"""Answers of models kept for tests: recorded once, and played without a model."""
