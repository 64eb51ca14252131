"""Findings that are known: a file of them, so that a project with many can begin to check what is new.

A finding is known again by its fingerprint (see `formats.findings.fingerprints`) while its declaration moves
and lines around it change. Of equal ones as many are known as are listed. Syntax errors and mistakes in
settings are never known: with them, nothing else can be relied upon.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ...base.diagnostic import Diagnostic
from ...base.files import UnreadableFile, read_bytes, write_atomically
from ...base.secrets import mask
from ...base.text import plural
from ...compiler.render import CheckedFile
from ..errors import Refusal
from ..files import shown, unreadable
from ..formats.findings import fingerprints, with_slashes
from .engine import Examined, Outcome

_LARGEST = 64 << 20


class Known(Struct, frozen=True):
    """A finding in the file; the words are for people who read it."""

    code: str
    fingerprint: str
    message: str = ""


class _Content(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    findings: dict[str, tuple[Known, ...]]
    """By the file's path, relative to the folder of the baseline."""


class Baseline:
    """A file of known findings.

    Args:
        path: where it is, or will be.
        known: the findings by file.
        is_set: whether an option or a setting names it.
    """

    def __init__(self, path: str, known: dict[str, tuple[Known, ...]], *, is_set: bool) -> None:
        self.shown = shown(path)
        self.is_set = is_set
        self._path = path
        self._known = known

    @classmethod
    def new(cls, path: str) -> Baseline:
        """One that is not there yet, and that nothing names."""
        return cls(path, {}, is_set=False)

    def apply(self, outcome: Outcome) -> tuple[Outcome, int, tuple[tuple[str, Known], ...]]:
        """What is found without what is known, how much is known, and what is listed and not found any more.

        Of files that were not checked, only those that are gone are said to be fixed.
        """
        hidden = 0
        fixed: list[tuple[str, Known]] = []
        files: list[Examined] = []
        checked: set[str] = set()
        for each in outcome.files:
            name = self._name(each.key)
            checked.add(name)
            listed = {known.fingerprint: known for known in self._known.get(name, ())}
            marked = list(self._fingerprints(each.file, name)) if listed else []
            found = {fingerprint for _, fingerprint in marked}
            fixed += [(name, known) for known in listed.values() if known.fingerprint not in found]
            new = tuple(one for one, fingerprint in marked if fingerprint not in listed)
            if marked and len(new) < len(each.file.diagnostics):
                hidden += len(each.file.diagnostics) - len(new)
                each = each.with_findings(new)
            files.append(each)
        gone = (name for name in self._known if name not in checked and not self._exists(name))
        fixed += [(name, known) for name in gone for known in self._known[name]]
        return replace(outcome, files=tuple(files)), hidden, tuple(fixed)

    def note(self, known: int, fixed: int) -> str:
        """What is said below the report."""
        lines = [f"{plural(known, 'finding')} in {self.shown} not shown.\n"] if known else []
        if fixed:
            are = "is" if fixed == 1 else "are"
            lines.append(
                f"{plural(fixed, 'finding')} in {self.shown} {are} fixed; `--update-baseline` removes "
                f"{'it' if fixed == 1 else 'them'}.\n"
            )
        return "".join(lines)

    def remove(self, fixed: Iterable[tuple[str, Known]]) -> None:
        """Take findings out of the file. Raises OSError."""
        gone = set(fixed)
        if gone:
            kept = {
                name: tuple(known for known in every if (name, known) not in gone)
                for name, every in self._known.items()
            }
            self._write(kept)

    def write(self, outcome: Outcome) -> int:
        """List all findings of now, and those of files that were not checked; how many there are.

        Raises OSError.
        """
        known = {name: every for name, every in self._known.items() if self._exists(name)}
        for each in outcome.files:
            name = self._name(each.key)
            known[name] = tuple(
                Known(one.code, fingerprint, mask(one.message))
                for one, fingerprint in self._fingerprints(each.file, name)
                if fingerprint
            )
        return self._write(known)

    def _write(self, known: dict[str, tuple[Known, ...]]) -> int:
        kept = {name: every for name, every in sorted(known.items()) if every}
        content: dict[str, Any] = {"version": 1, "findings": msgspec.to_builtins(kept)}
        write_atomically(self._path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
        return sum(map(len, kept.values()))

    def _name(self, path: str) -> str:
        """A file's path in the baseline."""
        return with_slashes(os.path.relpath(path, os.path.dirname(self._path)))

    def _exists(self, name: str) -> bool:
        return os.path.lexists(os.path.join(os.path.dirname(self._path), name))

    @staticmethod
    def _fingerprints(file: CheckedFile, name: str) -> Iterator[tuple[Diagnostic, str]]:
        """The findings with their fingerprints; those that are never known have none."""
        marks: Sequence[str] = fingerprints(replace(file, path=name))
        for found, mark in zip(file.diagnostics, marks, strict=True):
            yield found, "" if found.code.startswith("E0") else mark


def open_baseline(option: str | None, *, must_exist: bool) -> Baseline | None:
    """The baseline that the option or the settings of the working folder name; None where neither does.

    Raises `Refusal` where it cannot be read.
    """
    path = os.path.abspath(option) if option is not None else _from_settings()
    if not path:
        return None
    try:
        content = msgspec.json.decode(read_bytes(path, _LARGEST), type=_Content)
    except UnreadableFile as problem:
        if problem.kind == "missing" and not must_exist:
            return Baseline(path, {}, is_set=True)
        if problem.kind == "missing":
            raise Refusal(
                f"the baseline {shown(path)} does not exist", "write it: dspyc check --write-baseline"
            ) from None
        raise unreadable(problem) from None
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Refusal(
            f"{shown(path)} is not a baseline: {str(problem)[:200]}", "create it again: --write-baseline"
        ) from None
    if content.version != 1:
        raise Refusal(f"{shown(path)} has version {content.version}, which this version cannot read")
    return Baseline(path, dict(content.findings), is_set=True)


def _from_settings() -> str:
    from ...project.disk import Disk
    from ...project.settings import baseline_of, look_for

    found = look_for(os.getcwd(), Disk())
    return "" if found is None else baseline_of(found)
