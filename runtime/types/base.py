"""The base of types that tell the model about themselves."""

from __future__ import annotations


class PromptType:
    """A type whose `description` is shown below every field that has it."""

    @classmethod
    def description(cls) -> str:
        """What a value is and how it is written; empty when the name says enough."""
        return ""
