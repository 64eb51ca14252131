"""`ujson` by `json`, for where there is no wheel of it: as much of it as dspyc asks for.

`tests/web` compares the two on what dspyc writes and reads.
"""

from __future__ import annotations

import json
from typing import Any


def loads(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def dumps(
    value: Any,
    *,
    indent: int = 0,
    ensure_ascii: bool = True,
    escape_forward_slashes: bool = True,
    allow_nan: bool = True,
) -> str:
    """A value of JSON's types as a text.

    Raises:
        TypeError, ValueError, OverflowError: it holds what JSON cannot.
    """
    # As ujson does, a colon is followed by a space only where there are lines.
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(
        value, indent=indent or None, ensure_ascii=ensure_ascii, allow_nan=allow_nan, separators=separators
    )
    return text.replace("/", "\\/") if escape_forward_slashes else text
