"""What a check writes into files: fixes, and comments that suppress findings."""

from __future__ import annotations

from ...base.files import write_atomically
from ...base.text import plural
from ...compiler.suppressing import can_be_suppressed, suppress
from ...project.workspace import Workspace
from ..checking import fixed, trying
from ..console import say
from ..format import difference
from .engine import Outcome
from .examine import workspace_for
from .result import Task


def fix(task: Task, outcome: Outcome, *, unsafe: bool, write: bool) -> int:
    """Fix files, or show how they would be; how many fixes there were. Raises OSError."""
    workspace = workspace_for(task)
    count = 0
    for each in outcome.files:
        if not each.has_fixes:
            continue
        before = workspace.analyse(each.key).source.text
        result = fixed(workspace, each.key, unsafe=unsafe)
        count += result.count
        if result.count and write:
            _write(workspace, each.key, result.text)
        elif result.count:
            say("".join(difference(each.file.path, before, result.text)), newline=False)
    if count:
        say(f"{'Fixed' if write else 'Would fix'} {plural(count, 'finding')}.", error=True)
    return count


def add_ignores(task: Task, outcome: Outcome) -> int:
    """Suppress all findings by comments; how many there were. Raises OSError."""
    workspace = workspace_for(task)
    count = files = 0
    for each in outcome.files:
        if not any(map(can_be_suppressed, each.file.diagnostics)):
            continue
        result = trying(workspace, each.key, suppress)
        if result.count:
            _write(workspace, each.key, result.text)
            count += result.count
            files += 1
    if count:
        say(f"Suppressed {plural(count, 'finding')} in {plural(files, 'file')}.", error=True)
    return count


def _write(workspace: Workspace, path: str, text: str) -> None:
    write_atomically(path, text)
    workspace.disk.put(path, text)
