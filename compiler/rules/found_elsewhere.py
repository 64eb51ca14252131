"""The kinds of findings that no rule finds: those about files, settings and suppressions."""

from __future__ import annotations

from ...base.diagnostic import Severity
from .kind import FixAvailability, Kind


def _kind(
    code: str,
    name: str,
    category: str,
    page: str,
    severity: Severity = "error",
    fix: FixAvailability = "none",
) -> Kind:
    return Kind(code, name, severity, category, fix, "0.1", page)


UNREADABLE_FILE = _kind(
    "E000",
    "unreadable-file",
    "syntax",
    """
    A file cannot be read as a program: it is not UTF-8, too large, or not a regular file.
    """,
)
INVALID_SETTINGS = _kind(
    "E090",
    "invalid-settings",
    "settings",
    """
    The project's settings, `[tool.dspyc]` in `pyproject.toml` or `dspyc.toml`, cannot be read as written.

    The message names the setting. An invalid setting is ignored.
    """,
)
UNUSED_SUPPRESSION = _kind(
    "W901",
    "unused-suppression",
    "suppressions",
    """
    A comment suppresses a finding that does not exist, or no longer exists.

    Such a comment would hide the finding if it came back. The fix removes the code, and with its last code
    the comment.

    ```dspy
    limit = 5  # dspyc: ignore[E101]
    #                          ^^^^ W901 unused suppression: `E101` finds nothing in this statement
    ```

    ```dspy
    limit = 5
    ```
    """,
    "warning",
    "always",
)
UNKNOWN_SUPPRESSION = _kind(
    "W902",
    "unknown-suppression",
    "suppressions",
    """
    A comment suppresses a rule that does not exist, or a syntax error, which cannot be suppressed.

    ```dspy
    limit = 5  # dspyc: ignore[E1O1]
    #                          ^^^^ W902 unknown rule `E1O1`; did you mean `E101`?
    ```

    ```dspy
    limit = 5
    ```
    """,
    "warning",
    "always",
)
EMPTY_SUPPRESSION = _kind(
    "W903",
    "empty-suppression",
    "suppressions",
    """
    A comment does not say which findings it suppresses, so it suppresses none.

    A comment that hides everything would also hide the next mistake.

    ```dspy
    limit = 5  # dspyc: ignore
    #          ^^^^^^^^^^^^^^^ W903 `# dspyc: ignore` names no rule, so it suppresses nothing
    ```

    ```dspy
    limit = 5
    ```
    """,
    "warning",
    "always",
)
FOUND_ELSEWHERE = (
    UNREADABLE_FILE,
    INVALID_SETTINGS,
    UNUSED_SUPPRESSION,
    UNKNOWN_SUPPRESSION,
    EMPTY_SUPPRESSION,
)
