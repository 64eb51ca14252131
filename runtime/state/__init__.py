"""Saved state: its records, its files, and putting it back into a predictor."""
