"""Content out of files and from addresses, as `data:` URLs; only where a program asks for it by name.

Constructors and validation never read a file and contact nobody: their values may come from a model.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from typing import Any
from urllib.parse import urlparse

from ...base.files import UnreadableFile, read_bytes, render_size
from ..errors import InputError

LARGEST = 64 * 2**20
"""How many bytes a file may have that goes into a prompt."""


def read_file(path: str | os.PathLike[str], limit: int = LARGEST) -> bytes:
    """The content of a file.

    Raises:
        InputError: there is none, it is no regular file, it is too large, or it cannot be read.
    """
    try:
        return read_bytes(path, limit)
    except UnreadableFile as error:
        if error.kind == "missing":
            raise InputError(f"File not found: {os.fspath(path)}") from None
        raise InputError(f"the file {os.fspath(path)} {error.message}") from None


def download(
    url: str, verify: bool = True, timeout: float | None = 30.0, kind: str = "Image"
) -> tuple[bytes, str]:
    """What stands at an address, and its media type, empty where the server does not say.

    Nothing is done against addresses inside of one's own network: whoever takes addresses from others has to
    look at them first.

    Args:
        url: an address of http or https; redirections are followed to such ones only.
        verify: whether the server's certificate has to be valid.
        timeout: seconds to wait for the server; None for any time.
        kind: the type that asks, for the error.

    Raises:
        InputError: it is no such address, or what stands there cannot be fetched or is too large.
    """
    import ssl
    from http.client import HTTPException
    from urllib.error import URLError
    from urllib.request import HTTPSHandler, Request, build_opener

    if not is_http(url):
        raise InputError(f"{kind}.from_url requires an HTTP(S) URL, received: {url}")
    trust = ssl.create_default_context()
    if not verify:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    opener = build_opener(HTTPSHandler(context=trust))
    request = Request(url, headers={"User-Agent": "dspyc"})
    try:
        with opener.open(request, timeout=timeout) as answer:
            data: bytes = answer.read(LARGEST + 1)
            media_type = str(answer.headers.get("Content-Type") or "")
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise InputError(f"{url} cannot be fetched: {error}") from None
    if len(data) > LARGEST:
        raise InputError(f"the content at {url} is larger than {render_size(LARGEST)}")
    return data, media_type.partition(";")[0].strip()


def data_url(data: bytes, media_type: str) -> str:
    """Bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def media_type_of(name: str | os.PathLike[str]) -> str | None:
    """The media type that a file's name has, or None."""
    return mimetypes.guess_type(os.fspath(name))[0]


def is_http(text: Any) -> bool:
    """Whether a text is an address of http or https."""
    return _has_scheme(text, ("http", "https"))


def is_address(text: Any) -> bool:
    """Whether a text is an address that a provider may fetch from."""
    return _has_scheme(text, ("http", "https", "gs"))


def _has_scheme(text: Any, schemes: tuple[str, ...]) -> bool:
    try:
        parsed = urlparse(text)
    except (ValueError, AttributeError, TypeError):
        return False
    return parsed.scheme in schemes and bool(parsed.netloc)


def shown(text: object) -> str:
    """A value in an error, cut where it is long."""
    words = repr(text)
    return words if len(words) <= 80 else f"{words[:79]}…"


def described(url: str) -> str:
    """A `data:` URL by its kind and size: "image/png, 12.3 KB"; any other address as it is."""
    if not url.startswith("data:"):
        return url
    head, _, content = url.partition(",")
    size = len(content) * 3 // 4 if head.endswith(";base64") else len(content)
    return f"{head[5:].partition(';')[0] or 'text/plain'}, {render_size(size)}"
