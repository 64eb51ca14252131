"""Checking files in this process, with a record of all that was read for each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from ...base.files import UnreadableFile
from ...project.disk import ENDING, Disk
from ...project.settings import nearest
from ...project.workspace import Workspace
from ..checking import count_fixable
from .result import Result, Task


def workspace_for(task: Task, overlays: Mapping[str, str] | None = None) -> Workspace:
    """The view of the disk in which a task's files are checked."""
    return Workspace(overlays, (), task.select, task.ignore, task.extend)


def examine(task: Task, keys: Iterable[str], workspace: Workspace) -> Iterator[Result]:
    """The results of files, and of folders' settings, in their order.

    Raises FileNotFoundError for a file that is gone.
    """
    chains: dict[str, dict[str, str]] = {}
    for key in keys:
        folder = os.path.dirname(key)
        if folder not in chains:
            chains[folder] = _settings_chain(workspace.disk, folder)
        if key.endswith(os.sep):
            settings = workspace.settings(key)
            yield Result(key, settings.path, settings.reported, chains[folder])
        else:
            yield _examine(task, workspace, key, chains[folder])


def _examine(task: Task, workspace: Workspace, path: str, chain: dict[str, str]) -> Result:
    analysis = workspace.analyse(path)
    reads = {each: workspace.disk.digest(each) for each in sorted(workspace.reads(path))}
    counts = task.counts_fixes and path.endswith(ENDING) and any(each.fixes for each in analysis.diagnostics)
    fixable = count_fixable(workspace, path, analysis.diagnostics) if counts else None
    return Result(path, path, analysis.diagnostics, {**chain, **reads}, fixable)


def _settings_chain(disk: Disk, folder: str) -> dict[str, str]:
    """All that was looked at to find a folder's settings, with the digests."""
    watched = _Watched(disk)
    nearest(folder, watched)
    return {each: disk.digest(each) for each in watched.asked}


class _Watched:
    """Files, and which of them were asked for."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.asked: dict[str, None] = {}

    def look_up(self, path: str) -> str | UnreadableFile:
        """The text of a file, or why there is none."""
        self.asked[path] = None
        return self._disk.look_up(path)

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path."""
        self.asked[path] = None
        return self._disk.exists(path)
