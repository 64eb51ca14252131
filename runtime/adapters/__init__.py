"""Signatures to messages and answers to values: one file an adapter."""

from ..dspy_paths import extend

extend(__name__)
