"""Syntax trees to text: expressions, statements, declarations."""
