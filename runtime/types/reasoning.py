"""`Reasoning`: what a model thinks before it answers, as an output's type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import model_validator

from ..errors import InputError
from .type import Type


class Reasoning(Type):
    """What the model thought before its answer; text, with all the methods of a string.

    A model that thinks by itself fills it; any other is asked for it in the prompt.

    Attributes:
        content: the text.
    """

    content: str

    is_text: ClassVar[bool] = True
    prompt_name: ClassVar[str] = "str"

    def format(self) -> str:
        """The text."""
        return self.content

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, Reasoning):
            return {"content": given.content}
        text = given.get("content") if isinstance(given, dict) else given
        if not isinstance(text, str):
            raise InputError(
                f"reasoning must be a string, or a dict with a string under `content`, not {type(given)}"
            )
        return {"content": text}

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Let a model that thinks by itself fill the field; see `Type`.

        `reasoning_effort=None`, in the call or in the model's settings, turns that off.
        """
        effort = lm_kwargs.get("reasoning_effort", lm.kwargs.get("reasoning_effort", "low"))
        if effort is None or not lm.capabilities.reasoning:
            return signature
        if "gpt-5" in lm.model and lm.model_type == "chat":
            return signature  # OpenAI's chat completions do not show what these models thought
        lm_kwargs["reasoning_effort"] = effort
        return signature.delete(field_name)

    @classmethod
    def parse_lm_response(cls, response: str | dict[str, Any]) -> Reasoning | None:
        """What the provider shows of the model's thoughts; None for nothing."""
        if isinstance(response, dict) and isinstance(text := response.get("reasoning_content"), str):
            return cls(content=text)
        return None

    @classmethod
    def is_streamable(cls) -> bool:
        """Providers stream it alongside the text."""
        return True

    @classmethod
    def parse_stream_chunk(cls, chunk: Any) -> str | None:
        """The piece of the thoughts in a piece of a stream."""
        choices = getattr(chunk, "choices", None)
        found = getattr(getattr(choices[0], "delta", None), "reasoning_content", None) if choices else None
        return found if isinstance(found, str) else None

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return repr(self.content)

    def __eq__(self, other: object) -> bool:
        return self.content == (other.content if isinstance(other, Reasoning) else other)

    def __hash__(self) -> int:
        return hash(self.content)

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, key: int | slice) -> str:
        return self.content[key]

    def __contains__(self, item: str) -> bool:
        return item in self.content

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self.content)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Reasoning):
            return Reasoning(content=self.content + other.content)
        return self.content + other if isinstance(other, str) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return other + self.content if isinstance(other, str) else NotImplemented

    def __getattr__(self, name: str) -> Any:
        """A text's own methods."""
        if hasattr(str, name) and not name.startswith("__"):
            return getattr(self.content, name)
        raise AttributeError(
            f"`{type(self).__name__}` object has no attribute '{name}'; str(reasoning) and reasoning.content "
            "are its text"
        )
