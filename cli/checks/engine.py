"""The report of a check: from what was kept as far as it holds, from a new look at the other files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ...compiler.render import CheckedFile, Report
from ...grammar.source import Source
from ...project.workspace import Workspace
from ..files import look_up, shown
from .result import Result, Task

if TYPE_CHECKING:
    from .cache import Cache


class Outcome(Struct, frozen=True):
    """What a check has found."""

    report: Report
    fixable: tuple[int, int]
    """How many findings the safe fixes would remove, and how many all of them."""
    with_fixes: tuple[Path, ...]
    """The files in which a finding has a fix."""


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
        files, with_fixes, safe, every = [], [], 0, 0
        for key, path in full.items():
            result, source = self._with_text(workspace, results[key])
            files.append(CheckedFile(shown(path), source, result.findings))
            if any(each.fixes for each in result.findings):
                with_fixes.append(path)
            if result.fixable is not None:
                safe, every = safe + result.fixable[0], every + result.fixable[1]
        report = Report((*settings.values(), *files), partial(look_up, workspace))
        return Outcome(report, (safe, every), tuple(with_fixes))

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
