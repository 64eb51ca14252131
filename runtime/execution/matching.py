"""Regular expressions on texts that a model or a user wrote, with a limit on their time."""

from __future__ import annotations

from ..errors import LimitError

MOST_SECONDS = 1.0
"""How long a match may take; some patterns, such as `(a+)+$`, take for ever on some texts."""


def is_found(pattern: str, text: str) -> bool:
    """Whether a regular expression is found in a text.

    Raises:
        LimitError: the match takes longer than a second.
    """
    # Imported here, because few programs need it; Python's own `re` has no limit.
    import regex

    try:
        return regex.search(pattern, text, timeout=MOST_SECONDS) is not None
    except TimeoutError:
        raise LimitError(
            f"matching `{pattern}` takes more than {MOST_SECONDS:g} s on a text of {len(text)} characters; "
            "write a pattern without a repetition inside another"
        ) from None
