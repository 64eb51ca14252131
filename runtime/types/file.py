"""`File`: a document of any kind as a field's type."""

from __future__ import annotations

import os
from typing import Any

from pydantic import ConfigDict, model_validator

from ..errors import InputError
from . import loading
from .type import Type

_ATTRIBUTES = ("file_data", "file_id", "filename")
_ANY_KIND = "application/octet-stream"


class File(Type):
    """A document that the model reads: its content, or the provider's identifier of one that was uploaded.

        File.from_path("report.pdf")
        File.from_bytes(data, filename="report.pdf", mime_type="application/pdf")
        File.from_file_id("file-abc123")

    Making a `File` of a value reads no file. Where a field is a `File`, a `data:` URL is taken as a text,
    too.

    Attributes:
        file_data: the content, as a `data:` URL.
        file_id: the provider's identifier.
        filename: the document's name.
    """

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, extra="forbid")

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        if source is not None:
            given = encode_file_to_dict(source)
            if both := sorted(given.keys() & data.keys()):
                raise TypeError(f"File received {', '.join(both)} twice: in its source and as a keyword")
            data = {**given, **data}
        super().__init__(**data)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return encode_file_to_dict(given)

    def format(self) -> list[dict[str, Any]]:
        """OpenAI's part with the document."""
        found = {name: getattr(self, name) for name in _ATTRIBUTES}
        return [{"type": "file", "file": {name: value for name, value in found.items() if value}}]

    @classmethod
    def from_path(
        cls, file_path: str | os.PathLike[str], filename: str | None = None, mime_type: str | None = None
    ) -> File:
        """The document in a file.

        Args:
            file_path: where the file is.
            filename: what the model is told as its name; the file's own if None.
            mime_type: its media type; by the ending of its name if None.

        Raises:
            InputError: there is no such file, or it is too large.
        """
        data = loading.read_file(file_path)
        kind = mime_type or loading.media_type_of(file_path) or _ANY_KIND
        name = os.path.basename(os.fspath(file_path)) if filename is None else filename
        return cls(file_data=loading.data_url(data, kind), filename=name)

    @classmethod
    def from_bytes(cls, file_bytes: bytes, filename: str | None = None, mime_type: str = _ANY_KIND) -> File:
        """A document of bytes, with its name and media type."""
        return cls(file_data=loading.data_url(file_bytes, mime_type), filename=filename)

    @classmethod
    def from_file_id(cls, file_id: str, filename: str | None = None) -> File:
        """A document that was uploaded to the provider before."""
        return cls(file_id=file_id, filename=filename)

    def __str__(self) -> str:
        return str(self.serialize_model())

    def __repr__(self) -> str:
        parts: list[str] = []
        if self.file_data is not None:
            head, _, content = self.file_data.partition(",")
            is_url = head.startswith("data:")
            kind = f"DATA_URI({head[5:].partition(';')[0]}, " if is_url else "DATA("
            parts.append(f"file_data=<{kind}{len(content if is_url else self.file_data)} chars)>")
        parts += [
            f"{name}={value!r}" for name in _ATTRIBUTES[1:] if (value := getattr(self, name)) is not None
        ]
        return f"File({', '.join(parts)})"


def encode_file_to_dict(file_input: Any) -> dict[str, Any]:
    """A document as a dict with some of `file_data`, `file_id`, `filename`.

    Args:
        file_input: a `data:` URL, bytes, a `File`, or such a dict.

    Raises:
        InputError: it is none of these. A path of a file is none.
    """
    if isinstance(file_input, File):
        found = {name: getattr(file_input, name) for name in _ATTRIBUTES}
        return {name: value for name, value in found.items() if value is not None}
    if isinstance(file_input, dict):
        if file_input.keys().isdisjoint(_ATTRIBUTES):
            raise InputError("a File must contain at least one of: file_data, file_id, filename")
        return file_input
    if isinstance(file_input, str):
        if file_input.startswith("data:"):
            return {"file_data": file_input}
        raise InputError(
            f"String file inputs must be data URIs, not {loading.shown(file_input)}. "
            "Load local files with File.from_path()."
        )
    if isinstance(file_input, bytes):
        return {"file_data": loading.data_url(file_input, _ANY_KIND)}
    raise InputError(f"Unsupported file input type: {type(file_input)}")
