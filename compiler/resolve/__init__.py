"""Syntax to program: names, imports, types. Never raises, never reports."""
