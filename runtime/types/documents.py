"""`Document` and `Citations`: sources that a model may cite, and what it cited of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import model_validator

from ..errors import InputError
from .loading import shown
from .type import Type


class Document(Type):
    """A text, or a PDF, that a model may cite; see `Citations`.

    Where a field is a `Document`, a text is taken, too.

    Attributes:
        data: the text, or the PDF's bytes in base64.
        title: what it is called.
        media_type: `text/plain` or `application/pdf`.
        context: what the model is told about it, but does not cite.
    """

    data: str
    title: str | None = None
    media_type: Literal["text/plain", "application/pdf"] = "text/plain"
    context: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return {"data": given} if isinstance(given, str) else given

    def format(self) -> list[dict[str, Any]]:
        """Anthropic's part with the document."""
        kind = "base64" if self.media_type == "application/pdf" else "text"
        block: dict[str, Any] = {
            "type": "document",
            "source": {"type": kind, "media_type": self.media_type, "data": self.data},
            "citations": {"enabled": True},
        }
        if self.title:
            block["title"] = self.title
        if self.context:
            block["context"] = self.context
        return [block]

    @classmethod
    def description(cls) -> str:
        """What the model is told about the type."""
        return (
            "A document containing text content that can be referenced and cited. "
            "Include the full text content and optionally a title for proper referencing."
        )

    def __str__(self) -> str:
        title = f"{self.title!r}: " if self.title else ""
        return f"Document({title}{len(self.data)} chars)"


class Citation(Type):
    """One place that a model cited.

    Attributes:
        type: the kind of place.
        cited_text: the words that are cited.
        document_index: the document's number, from 0.
        document_title: the document's title.
        start_char_index: where the words begin in it, in characters.
        end_char_index: where they end.
        supported_text: the part of the answer that rests on them.
    """

    type: str = "char_location"
    cited_text: str
    document_index: int
    document_title: str | None = None
    start_char_index: int
    end_char_index: int
    supported_text: str | None = None

    def format(self) -> dict[str, Any]:  # type: ignore[override]
        """The place as a dict; without what is not known."""
        facts: dict[str, Any] = {
            "type": self.type,
            "cited_text": self.cited_text,
            "document_index": self.document_index,
            "start_char_index": self.start_char_index,
            "end_char_index": self.end_char_index,
        }
        if self.document_title:
            facts["document_title"] = self.document_title
        if self.supported_text:
            facts["supported_text"] = self.supported_text
        return facts


_Citation: TypeAlias = Citation
"""The same by a name that `Citations` does not have itself."""


class Citations(Type):
    """What a model cited from the `Document`s it was given.

    A provider that cites by itself (Anthropic) fills it; any other model is asked for it in the prompt.

    Attributes:
        citations: the places, in the order of the answer.
    """

    Citation: ClassVar[type[Any]] = Citation

    citations: list[_Citation]

    @classmethod
    def from_dict_list(cls, citations_dicts: list[dict[str, Any]]) -> Citations:
        """Citations of dicts with `Citation`'s attributes."""
        return cls(citations=[_Citation(**each) for each in citations_dicts])

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, list):
            return {"citations": given}
        if isinstance(given, dict) and "cited_text" in given:
            return {"citations": [given]}
        if isinstance(given, (cls, dict)):
            return given
        raise InputError(f"{shown(given)} is not a list of citations")

    def format(self) -> list[dict[str, Any]]:
        """The places as dicts."""
        return [citation.format() for citation in self.citations]

    @classmethod
    def description(cls) -> str:
        """What the model is told about the type."""
        return (
            "Citations with quoted text and source references. "
            "Include the exact text being cited and information about its source."
        )

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Let Anthropic's models fill the field; see `Type`."""
        return signature.delete(field_name) if lm.model.startswith("anthropic/") else signature

    @classmethod
    def is_streamable(cls) -> bool:
        """Providers stream them alongside the text."""
        return True

    @classmethod
    def parse_stream_chunk(cls, chunk: Any) -> Citations | None:
        """The place that a piece of a stream cites."""
        choices = getattr(chunk, "choices", None)
        fields = (
            getattr(getattr(choices[0], "delta", None), "provider_specific_fields", None) if choices else None
        )
        found = fields.get("citation") if isinstance(fields, dict) else None
        return cls.from_dict_list([found]) if isinstance(found, dict) else None

    @classmethod
    def parse_lm_response(cls, response: str | dict[str, Any]) -> Citations | None:
        """The places that the provider says were cited; None for none."""
        found = response.get("citations") if isinstance(response, dict) else None
        return cls.from_dict_list(found) if isinstance(found, list) else None

    def __iter__(self) -> Iterator[_Citation]:  # type: ignore[override]
        return iter(self.citations)

    def __len__(self) -> int:
        return len(self.citations)

    def __getitem__(self, index: int) -> _Citation:
        return self.citations[index]
