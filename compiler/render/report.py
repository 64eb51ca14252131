"""What a run of the checker found: the one record that every output format reads."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ...base.diagnostic import Diagnostic, Severity
from ...base.text import plural as plural
from ...grammar.source import Source


class CheckedFile(Struct, frozen=True):
    """A file that was checked, and its findings in the order of the text."""

    path: str
    """As it is shown: relative to where the user stands."""
    source: Source
    diagnostics: tuple[Diagnostic, ...]


class Report(Struct, frozen=True):
    """All files of one run; `look_up` gives a label's other file: its path as it is shown, and its text."""

    files: tuple[CheckedFile, ...]
    look_up: Callable[[str], tuple[str, Source] | None] = lambda path: None

    def count(self, severity: Severity) -> int:
        """How many findings there are of a severity."""
        return sum(one.severity == severity for file in self.files for one in file.diagnostics)


def summary(report: Report) -> str:
    """The last line of a run: `Found 2 errors and 1 warning in 3 files.` or `All checks passed.`"""
    nouns = {"error": "error", "warning": "warning", "info": "note"}
    counts: list[tuple[int, str]] = [
        (report.count("error"), nouns["error"]),
        (report.count("warning"), nouns["warning"]),
        (report.count("info"), nouns["info"]),
    ]
    found = [plural(count, noun) for count, noun in counts if count]
    if not found:
        return "All checks passed."
    files = sum(bool(file.diagnostics) for file in report.files)
    listed = " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
    return f"Found {listed}" + (f" in {plural(files, 'file')}." if len(report.files) > 1 else ".")
