"""What is known of one file that was checked, as it is kept and as one process tells another."""

from __future__ import annotations

from msgspec import Struct

from ...base.diagnostic import Diagnostic


class Result(Struct, frozen=True, array_like=True):
    """What was found in a file, and on which files that depends."""

    key: str
    """The path of the file. For the settings of a folder: that folder, with a separator at its end."""
    path: str
    """The file that the findings are in; empty where there are no settings."""
    findings: tuple[Diagnostic, ...]
    reads: dict[str, str]
    """The digests of all files that were looked at for it, of this one too; see `project.disk.digest_of`."""
    fixable: tuple[int, int] | None = None
    """How many findings the safe fixes would remove, and how many all of them; None where not counted."""


class Task(Struct, frozen=True):
    """How files are to be checked."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    counts_fixes: bool = False
    """Whether it is to be found out how many findings fixes would remove."""

    def is_answered_by(self, result: Result) -> bool:
        """Whether a result says all that is asked for."""
        has_fixes = any(each.fixes for each in result.findings)
        return not (self.counts_fixes and has_fixes and result.fixable is None)
