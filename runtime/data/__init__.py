"""Data sets and examples."""
