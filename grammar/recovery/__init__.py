"""Mistakes in the form of a text: finding what was meant, and the words for it."""
