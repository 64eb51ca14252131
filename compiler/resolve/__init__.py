"""Syntax to program: never raises, never reports."""
