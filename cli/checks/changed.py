"""Which files have changed since a commit, as git tells."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import lru_cache

from ..errors import Refusal

_SAFE = ("-c", "core.fsmonitor=false")
_NAMES = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
"""With both, git starts no program that the repository's configuration names."""


def changed_files(revision: str) -> Callable[[str], bool]:
    """Whether a file differs from what it was where this branch left `revision`; new and removed ones do.

    What has changed on the other branch since does not count.

    Raises `Refusal` where there is no git, no repository, or no such commit.
    """
    root = _root()
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None or revision.startswith("-"):
        raise Refusal(
            f"git does not know the commit `{revision}`",
            "name a branch, a tag or a commit; in CI, fetch it first, for example with `fetch-depth: 0`",
        )
    base = _git("merge-base", commit.strip(), "HEAD") or commit
    edited = _git(*_NAMES, base.strip())
    new = _git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", root)
    if edited is None or new is None:
        raise Refusal(f"git cannot tell what has changed since `{revision}`")
    names = (name for listed in (edited, new) for name in listed.split("\0") if name)
    changed = {os.path.normpath(os.path.join(root, name)) for name in names}
    return lru_cache(maxsize=None)(lambda path: os.path.realpath(path) in changed)


def _root() -> str:
    root = _git("rev-parse", "--show-toplevel")
    if root is None:
        raise Refusal("this folder is not in a git repository", "`--changed-since` asks git what has changed")
    return root.rstrip("\n")


def _git(*arguments: str) -> str | None:
    """What a command of git prints; None where it fails. Raises `Refusal` where there is no git."""
    try:
        done = subprocess.run(
            ("git", *_SAFE, *arguments), capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise Refusal("git is not installed", "`--changed-since` asks git what has changed") from None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
