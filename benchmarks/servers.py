"""The language servers that are measured: ours and its peers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from languages import Language
from peer_programs import PYTHON
from programs import DSPYC

PEERS: dict[str, tuple[str, ...]] = {
    "ruff": ("ruff", "server"),
    "ty": ("ty", "server"),
    "pyrefly": ("pyrefly", "lsp"),
    "basedpyright": ("basedpyright-langserver", "--stdio"),
}
"""The command of each peer; the package on PyPI has the same name."""
PEER_CONFIGURATION = '{"typeCheckingMode": "standard"}\n'
"""`pyrightconfig.json`: without it, basedpyright reports every style question, too."""


@dataclass(frozen=True)
class Server:
    """A language server as an editor starts it."""

    name: str
    command: tuple[str, ...]
    language: Language
    version: str

    def configure(self, folder: Path) -> None:
        """Write what a project has for this server to a folder."""
        if self.language is PYTHON:
            (folder / "pyrightconfig.json").write_text(PEER_CONFIGURATION, encoding="utf-8")


def dspyc_command() -> Path:
    """The `dspyc` of the environment that this runs in."""
    return Path(sys.executable).with_name("dspyc")


def ours(name: str, dspyc: Path) -> Server:
    """The server that a `dspyc` command has."""
    return Server(name, (str(dspyc.absolute()), "lsp"), DSPYC, version_of(dspyc))


def peer(name: str, folder: Path) -> Server | None:
    """A peer, when it is installed in an environment."""
    binaries = (folder / "bin").absolute()
    command, *arguments = PEERS[name]
    if not (binaries / command).exists():
        return None
    return Server(name, (str(binaries / command), *arguments), PYTHON, version_of(binaries / name))


def version_of(command: Path) -> str:
    """The version that a command prints."""
    done = subprocess.run([command, "--version"], check=True, stdout=subprocess.PIPE, text=True)
    numbers = [word for word in done.stdout.split() if word[:1].isdigit()]
    return numbers[0] if numbers else "?"
