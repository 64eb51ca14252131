"""`Image`: a picture as a field's type."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Any

from pydantic import ConfigDict, model_validator

from ..errors import InputError
from . import loading
from .type import Type

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
)
_UNSET = object()


class Image(Type):
    """An image, as a `data:` URL or as a URL that the provider fetches.

        Image("https://example.com/dog.jpg")    # the provider fetches it
        Image.from_path("dog.jpg")              # the file's content
        Image.from_url("https://…/dog.jpg")     # fetched now, by this process
        Image(data)                             # bytes, or a picture of Pillow

    Making an `Image` of a text or of bytes reads no file and contacts no server; only `from_path` and
    `from_url` do. Where a field is an `Image`, a URL and a `data:` URL are accepted as strings, too.

    Attributes:
        url: the address, or the `data:` URL.
    """

    url: str

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, extra="forbid")

    def __init__(
        self, source: Any = None, /, *, download: Any = _UNSET, verify: Any = _UNSET, **data: Any
    ) -> None:
        asked = download is not _UNSET or verify is not _UNSET
        if asked and source is None:
            raise TypeError("`download` and `verify` need the picture as the first argument")
        if source is not None and "url" in data:
            raise TypeError("an Image takes one source, not both a first argument and `url`")
        if asked:
            warnings.warn(
                "`download` and `verify` are deprecated; use Image.from_url(url, verify=…)",
                DeprecationWarning,
                stacklevel=2,
            )
        if source is not None:
            data["url"] = source["url"] if isinstance(source, dict) and source.keys() == {"url"} else source
        if asked and download is True and loading.is_http(data["url"]):
            data["url"] = _fetched(data["url"], verify is _UNSET or bool(verify))
        super().__init__(**data)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, cls):
            return {"url": given.url}
        if isinstance(given, dict):
            return {**given, "url": encode_image(given["url"])} if "url" in given else given
        return {"url": encode_image(given)}

    def format(self) -> list[dict[str, Any]]:
        """OpenAI's part with the picture."""
        return [{"type": "image_url", "image_url": {"url": self.url}}]

    @classmethod
    def from_path(cls, file_path: str | os.PathLike[str]) -> Image:
        """The picture in a file.

        Raises:
            InputError: there is no such file, it is too large, or its name does not say what it is.
        """
        data = loading.read_file(file_path)
        kind = loading.media_type_of(file_path) or _kind(data)
        if kind is None:
            raise InputError(f"Could not determine MIME type for file: {os.fspath(file_path)}")
        return cls(url=loading.data_url(data, kind))

    @classmethod
    def from_file(cls, file_path: str | os.PathLike[str]) -> Image:
        """The same as `from_path`."""
        return cls.from_path(file_path)

    @classmethod
    def from_url(cls, url: str, verify: bool = True, timeout: float | None = 30.0) -> Image:
        """The picture at an address, fetched by this process.

        Args:
            url: an address of http or https. What is not your own has to be looked at first: this fetches
                from your own network, too.
            verify: whether the server's certificate has to be valid.
            timeout: seconds to wait for the server; None for any time.

        Raises:
            InputError: it cannot be fetched, or is too large.
        """
        return cls(url=_fetched(url, verify, timeout))

    @classmethod
    def from_PIL(cls, pil_image: Any) -> Image:  # noqa: N802 DSPy's name
        """A picture of Pillow; `Image(picture)` does the same."""
        return cls(pil_image)

    def __str__(self) -> str:
        return str(self.serialize_model())

    def __repr__(self) -> str:
        if self.url.startswith("data:"):
            head, _, content = self.url.partition("base64,")
            return f"Image(url={head}base64,<IMAGE_BASE_64_ENCODED({len(content)})>)"
        return f"Image(url={self.url!r})"


def encode_image(image: Any) -> str:
    """A picture as a `data:` URL, or its address as it is.

    Args:
        image: an address, a `data:` URL, bytes, a picture of Pillow, an `Image`, or a dict with `url`.

    Raises:
        InputError: it is none of these. A path of a file is none.
    """
    if isinstance(image, dict) and "url" in image:
        return encode_image(image["url"])
    if isinstance(image, Image):
        return str(image.url)
    if isinstance(image, str):
        text = image.strip()
        if text.startswith("data:") or loading.is_address(text):
            return text
        raise InputError(
            f"Unrecognized image string: {loading.shown(image)} is neither a URL nor a data URL. "
            "Local files must be loaded with Image.from_path()."
        )
    if isinstance(image, bytes):
        kind = _kind(image)
        if kind is None:
            raise InputError("these bytes could not be identified as an image")
        return loading.data_url(image, kind)
    # A picture of Pillow can only be given by who has imported Pillow.
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(image, pillow.Image):
        return _encoded(image)
    raise InputError(f"Unsupported image type: {type(image)}")


def _encoded(image: Any) -> str:
    buffer = io.BytesIO()
    form = image.format or "PNG"
    image.save(buffer, format=form)
    return loading.data_url(buffer.getvalue(), loading.media_type_of(f"file.{form.lower()}") or "image/png")


def _fetched(url: str, verify: bool, timeout: float | None = 30.0) -> str:
    data, kind = loading.download(url, verify, timeout)
    kind = kind or loading.media_type_of(url) or _kind(data) or ""
    if not kind:
        raise InputError(f"Could not determine MIME type for URL: {url}")
    return loading.data_url(data, kind)


def _kind(data: bytes) -> str | None:
    """What bytes are by their beginning."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:12] in (b"ftypavif", b"ftypheic"):
        return f"image/{data[8:12].decode()}"
    return next((kind for beginning, kind in _SIGNATURES if data.startswith(beginning)), None)
