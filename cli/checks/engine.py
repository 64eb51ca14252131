"""The report of a check: from what was kept as far as it holds, from a new look at the other files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ...base.diagnostic import Diagnostic
from ...compiler.render import CheckedFile, Report
from ...grammar.source import Source
from ...project.workspace import Workspace
from ..files import look_up, shown
from .result import Result, Task

if TYPE_CHECKING:
    from .cache import Cache


class Examined(Struct, frozen=True):
    """A file that was checked."""

    key: str
    """Its absolute path."""
    file: CheckedFile
    reads: frozenset[str]
    """All files that were looked at for it, itself among them."""
    fixable: tuple[int, int]
    """How many findings the safe fixes would remove, and how many all of them."""

    @property
    def has_fixes(self) -> bool:
        """Whether a finding has a fix."""
        return any(each.fixes for each in self.file.diagnostics)

    def with_findings(self, findings: tuple[Diagnostic, ...]) -> Examined:
        """The file with some of its findings."""
        count = sum(bool(each.fixes) for each in findings)
        safe, every = self.fixable
        file = CheckedFile(self.file.path, self.file.source, findings)
        return replace(self, file=file, fixable=(min(safe, count), min(every, count)))


class Outcome(Struct, frozen=True):
    """What a check has found."""

    settings: tuple[CheckedFile, ...]
    """The files of settings that have mistakes."""
    files: tuple[Examined, ...]
    look_up: Callable[[str], tuple[str, Source] | None]

    @property
    def report(self) -> Report:
        """The findings, those of settings first."""
        return Report((*self.settings, *(each.file for each in self.files)), self.look_up)

    @property
    def reads(self) -> Iterator[str]:
        """All files that were looked at."""
        return chain.from_iterable(each.reads for each in self.files)

    def only(self, is_wanted: Callable[[Examined], bool]) -> Outcome:
        """What was found in some of the files."""
        return replace(self, files=tuple(filter(is_wanted, self.files)))

    def render_fixable(self) -> str:
        """How many findings fixes would remove, and by which options; empty for none."""
        safe = sum(each.fixable[0] for each in self.files)
        every = sum(each.fixable[1] for each in self.files)
        options = [f"{safe} fixable with `--fix`" if safe else ""]
        if every > safe:
            options.append(f"{every - safe} {'more ' if safe else 'fixable '}with `--unsafe-fixes`")
        return ", ".join(filter(None, options)) + "\n" if every or safe else ""


class Engine:
    """Checks files as often as it is asked to, and does only what is new.

    Args:
        task: how to check.
        overlays: texts that stand for files, by absolute path; with some, nothing is kept.
        uses_cache: whether results are kept for the next process.
        jobs: how many processes may check at the same time; as many as there are cores when None.
    """

    def __init__(
        self,
        task: Task,
        *,
        overlays: Mapping[str, str] | None = None,
        uses_cache: bool = True,
        jobs: int | None = None,
    ) -> None:
        self._task = task
        self._overlays = overlays
        self._jobs = jobs
        self._cache = _open(task) if uses_cache and not overlays else None

    def check(self, paths: Sequence[Path]) -> Outcome:
        """The findings of files, before them those of the settings of their projects, in the files' order.

        Raises FileNotFoundError for a file that is gone.
        """
        full = {os.path.join(os.getcwd(), path): path for path in paths}
        folders = dict.fromkeys(os.path.join(os.path.dirname(each), "") for each in full)
        results = self._results([*folders, *full])
        workspace = Workspace(self._overlays)
        settings: dict[str, CheckedFile] = {}
        for key in folders:
            result, source = self._with_text(workspace, results[key])
            if result.findings:
                settings[result.path] = CheckedFile(shown(result.path), source, result.findings)
        files = []
        for key, path in full.items():
            result, source = self._with_text(workspace, results[key])
            file = CheckedFile(shown(path), source, result.findings)
            files.append(Examined(key, file, frozenset(result.reads), result.fixable or (0, 0)))
        return Outcome(tuple(settings.values()), tuple(files), partial(look_up, workspace))

    def _with_text(self, workspace: Workspace, result: Result) -> tuple[Result, Source]:
        """A result and the text that its findings are in, which is read only where there are some."""
        if not result.findings:
            return result, Source(result.path, "")
        source = workspace.source(result.path) or Source(result.path, "")
        if self._overlays or workspace.disk.digest(result.path) == result.reads.get(result.path):
            return result, source
        # The file has been written since it was checked.
        (result,) = self._examine([result.key])
        return result, workspace.source(result.path) or source

    def _results(self, keys: Sequence[str]) -> dict[str, Result]:
        if self._overlays:
            return {each.key: each for each in self._examine(keys)}
        found: dict[str, Result] = {}
        if self._cache is not None:
            self._cache.forget_digests()
            kept = ((key, self._cache.look_up(key, self._task)) for key in keys)
            found = {key: result for key, result in kept if result is not None}
        left = [key for key in keys if key not in found]
        if left:
            from .workers import check_all

            new, packages = check_all(self._task, left, self._jobs)
            found.update(new)
            if self._cache is not None:
                for result in new.values():
                    self._cache.put(result)
                self._cache.save(packages)
        return found

    def _examine(self, keys: Sequence[str]) -> Iterator[Result]:
        from .examine import examine, workspace_for

        return examine(self._task, keys, workspace_for(self._task, self._overlays))


def _open(task: Task) -> Cache:
    from .cache import open_cache

    return open_cache(task)
