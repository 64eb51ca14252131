"""Signatures: their fields, their string form, and types as text."""
