"""Real editors with the files of `editors/`: findings, hover, definition, completion, rename, format.

Each does so in a script of its own; see `others.sh` for what has to be installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dspyc.grammar.formatting.format import format_source
from support import corpus

pytestmark = pytest.mark.editors
HERE = Path(__file__).parent
EDITORS = corpus.ROOT / "editors"
BIN = Path(sys.executable).parent


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A copy of the workspace, whose program has a mistake."""
    folder = tmp_path / "workspace"
    shutil.copytree(HERE / "workspace", folder)
    (folder / "dspyc.toml").write_text("")
    return folder


def run(command: list[str], workspace: Path, said: Path | None = None) -> str:
    """Run an editor in a workspace and a home of its own; what it says or writes. Fails where it does."""
    home = workspace.parent / "home"
    home.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "DSPYC_EDITORS": str(EDITORS),
    }
    done = subprocess.run(
        command,
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=180,
        check=False,
    )
    text = done.stdout + done.stderr
    text += said.read_text(encoding="utf-8") if said is not None and said.exists() else ""
    assert done.returncode == 0, text
    return text


NEOVIMS = {"0.11": str(BIN / "nvim"), "Debian's": "/usr/bin/nvim"}


@pytest.mark.parametrize("version", NEOVIMS)
def test_neovim(version: str, workspace: Path) -> None:
    """It starts the server of the project's own environment, which is trusted."""
    _own_command(workspace, f'touch "{workspace}/started"\nexec "{BIN}/dspyc" "$@"')
    trusting = ["--cmd", "let g:dspyc_trusts_venv = 1"]
    assert "is right" in run([*_neovim(version), *trusting, "-c", f"luafile {HERE}/neovim.lua"], workspace)
    assert (workspace / "started").exists()


@pytest.mark.parametrize("version", NEOVIMS)
@pytest.mark.parametrize(
    ("before", "is_own"),
    [
        ("", False),
        ("let g:dspyc_trusts_venv = v:true", True),
        ("let g:dspyc_trusts_venv = [getcwd()]", True),
        ("let g:dspyc_trusts_venv = ['/elsewhere', getcwd() . '/.venv']", False),
        ("let $VIRTUAL_ENV = getcwd() . '/.venv'", True),
        ("let $VIRTUAL_ENV = getcwd()", False),
    ],
)
def test_neovim_runs_nothing_that_a_repository_brings_along(
    version: str, before: str, is_own: bool, workspace: Path
) -> None:
    own = _own_command(workspace, "true")
    asked = "lua io.stdout:write(require('dspyc').command(vim.fn.getcwd()))"
    said = run([*_neovim(version), "--cmd", before, "-c", asked, "-c", "qall!"], workspace)
    assert said.strip() == (str(own) if is_own else "dspyc")


def _own_command(workspace: Path, script: str) -> Path:
    """A `dspyc` in the workspace's own environment."""
    own = workspace / ".venv" / "bin" / "dspyc"
    own.parent.mkdir(parents=True)
    own.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    own.chmod(0o755)
    return own


def _neovim(version: str) -> list[str]:
    paths = f"{EDITORS}/neovim,{EDITORS}/vim"
    before = f"set runtimepath^={paths} noswapfile | filetype plugin indent on | syntax on"
    return [NEOVIMS[version], "--headless", "--clean", "--cmd", before]


@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
def test_emacs(client: str, workspace: Path) -> None:
    command = [
        "emacs",
        "--batch",
        "-L",
        str(EDITORS / "emacs"),
        "-l",
        str(HERE / "emacs.el"),
        "-f",
        f"test-{client}",
    ]
    assert "is right" in run(command, workspace)


def test_vim(workspace: Path) -> None:
    command = ["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-es", "-S", str(HERE / "vim.vim")]
    assert "is right" in run(command, workspace, said=workspace / "said.txt")


INDENTING = {
    "emacs": [
        "emacs",
        "--batch",
        "-L",
        f"{EDITORS}/emacs",
        "-l",
        f"{HERE}/emacs.el",
        "-f",
        "indent-programs",
    ],
    "vim": ["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-es", "-S", f"{HERE}/indent.vim"],
}


@pytest.mark.parametrize("editor", INDENTING)
def test_indenting_a_program_again_changes_nothing(editor: str, workspace: Path) -> None:
    """What `dspyc format` has written stays, whatever ends which block; flat lines get their places."""
    programs = {
        f"{number:03}.dspy": text
        for number, (name, text) in enumerate(sorted(corpus.right().items()))
        if "\r" not in text and "\ufeff" not in text and format_source(text) == text
    }
    assert len(programs) > 80
    folder = workspace.parent / "programs"
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(text, encoding="utf-8")
    run(INDENTING[editor], folder)
    changed = [name for name, text in programs.items() if (folder / name).read_text(encoding="utf-8") != text]
    assert [programs[name] for name in changed] == []


def test_kate(workspace: Path) -> None:
    """Kate on a screen of its own: it starts the server, gets the finding, and asks for completions."""
    log = workspace.parent / "log"
    log.mkdir()
    server = workspace.parent / "server"
    server.write_text(f"#!/bin/sh\ntee {log}/asked | {BIN}/dspyc lsp | tee {log}/answered\n")
    server.chmod(0o755)
    assert "is right" in run(["bash", str(HERE / "kate.sh"), str(server), str(log)], workspace)
