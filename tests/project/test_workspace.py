"""One policy: the command line, the loader and the server find the same, whatever the files are."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dspyc
from dspyc.compiler.analysis import FileAnalysis
from dspyc.lsp import convert
from dspyc.lsp.workspace import Workspace as Editor
from dspyc.project import libraries
from dspyc.project.disk import Disk
from dspyc.project.walking import programs_below
from dspyc.project.workspace import Workspace


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check(folder: Path, *command: str, path: str = "main.dspy") -> list[str]:
    """What a command finds in a file when it is run in a folder."""
    done = subprocess.run(
        [*command, "check", path, "--output-format", "concise"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()[:-1]


def dspyc_command() -> str:
    return str(Path(sys.executable).with_name("dspyc"))


def found_by_all(folder: Path) -> list[str]:
    """What is found in `main.dspy`, by everything that looks at it; asserts that all find the same."""
    path = str(folder / "main.dspy")
    by_loader = dspyc.check(path).diagnostics
    by_editor = Editor(folders=[str(folder)]).analysis(convert.uri_of(path))
    assert by_editor is not None
    assert by_editor.diagnostics == by_loader
    assert Workspace().analyse(path).diagnostics == by_loader
    messages = [f"{each.code} {each.message}" for each in by_loader]
    for command in ((dspyc_command(),), (sys.executable, "-m", "dspyc")):
        assert [line.split(": ", 1)[1] for line in check(folder, *command)] == messages, command
    return messages


IMPORTS = """\
from helpers import look

module M:
    input q: str
    output a: str
    forward:
        return a=look(q)
"""
LOOK = "def look(query: str) -> str:\n    return query\n"


def test_python_files_of_the_working_folder_are_not_libraries(tmp_path: Path) -> None:
    write(tmp_path, main_dspy="from sub.main import M\n", helpers_py=LOOK)
    write(tmp_path / "sub", main_dspy=IMPORTS, pyproject_toml="")
    missing = "E104 unknown module `helpers`"
    assert found_by_all(tmp_path / "sub") == [missing]
    for command in ((dspyc_command(),), (sys.executable, "-m", "dspyc")):
        # From the folder above, in which Python would find `helpers`.
        (finding,) = check(tmp_path, *command, path="sub/main.dspy")
        assert finding == f"sub/main.dspy:1:6: {missing}", command


def test_libraries_are_where_python_was_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, beside_py="", given_py="", package____init___py="")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert libraries.find_package("beside") is None
    assert libraries.find_package("pytest") is not None
    assert libraries.find_package("json") is not None
    assert libraries.find_package("sys") == ""
    for name in ("", ".", "a.b", "no such", "beside\0"):
        assert libraries.find_package(name) is None
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert libraries.find_package("beside") == str(tmp_path / "beside.py")
    monkeypatch.setattr(sys, "path", ["", *sys.path[1:]])
    monkeypatch.delenv("PYTHONPATH")
    assert libraries.find_package("beside") is None


def test_folders_with_programs_can_be_imported_from(tmp_path: Path) -> None:
    files = {
        "a.dspy": "",
        "tools.py": "",
        "near/one.dspy": "",
        "far/deep/two.dspy": "",
        "package/__init__.py": "",
    }
    files |= {"docs/read.md": "", "scripts/run.py": "", "not-a-name/x.dspy": "", "__cache__/y.dspy": ""}
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    workspace = Workspace()
    path = str(tmp_path / "a.dspy")
    assert workspace.importable(path) == ("far", "near", "package", "tools")
    assert workspace.importable(path, packages=("far",)) == ("deep",)
    assert workspace.importable(path, packages=("far", "deep")) == ("two",)
    assert workspace.importable(path, level=1) == ("far", "near", "package", "tools")


def make_socket(path: Path) -> None:
    folder = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(folder)


SPECIAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "fifo": (os.mkfifo, "this file is a named pipe, not a file"),
    "folder": (Path.mkdir, "this file is a folder, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "this file is a device, not a file"),
    "socket": (make_socket, "this file is a socket, not a file"),
    "loop": (
        lambda path: path.symlink_to(path),
        "this file cannot be read: Too many levels of symbolic links",
    ),
    "large": (lambda path: path.write_bytes(b"# x\n" * 2**21), "this file is larger than 4 MB"),
    "binary": (lambda path: path.write_bytes(b"x = '\xff'\n"), "this file is not UTF-8: byte 0xff on line 1"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_program_that_is_no_file(tmp_path: Path, kind: str) -> None:
    make, message = SPECIAL[kind]
    make(tmp_path / "main.dspy")
    if kind != "folder":
        assert found_by_all(tmp_path) == [f"E000 {message}"]
    with pytest.raises(dspyc.CompileError, match="this file"):
        dspyc.load(tmp_path / "main.dspy")


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", ["helpers.py", "helpers.dspy"])
def test_an_import_of_what_is_no_file(tmp_path: Path, kind: str, name: str) -> None:
    SPECIAL[kind][0](tmp_path / name)
    write(tmp_path, main_dspy=IMPORTS)
    assert [each[:4] for each in found_by_all(tmp_path)] == ["E104"]


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Workspace().analyse(str(tmp_path / "main.dspy"))
    (tmp_path / "main.dspy").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        Workspace().analyse(str(tmp_path / "main.dspy"))


def test_settings_with_errors_keep_a_program_from_being_run(tmp_path: Path) -> None:
    write(tmp_path, main_dspy='module q = Predict("a -> b")\n', dspyc_toml="src = 1\n")
    with pytest.raises(dspyc.CompileError, match="`src` must be a list of strings"):
        dspyc.load(tmp_path / "main.dspy")
    write(tmp_path, dspyc_toml="sorce = 1\n")
    assert dspyc.load(tmp_path / "main.dspy").q is not None


def test_programs_below_a_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        b_dspy="", a__c_dspy="", a__venv__d_dspy="", env__pyvenv_cfg="", env__f_dspy="", text_txt="",
    )  # fmt: skip
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "e.dspy").touch()
    found = [os.path.relpath(path, tmp_path) for path in programs_below(str(tmp_path))]
    assert found == ["b.dspy", "a/c.dspy"]


def test_rules_are_selected_for_all(tmp_path: Path) -> None:
    write(tmp_path, main_dspy="X = nothing\n", dspyc_toml="[rules]\nignore = ['E101']\n")
    assert found_by_all(tmp_path) == []
    write(tmp_path, dspyc_toml="[rules.severity]\nE101 = 'warning'\n")
    assert found_by_all(tmp_path) == ["E101 unknown name `nothing`"]
    path = str(tmp_path / "main.dspy")
    assert [each.severity for each in Workspace().analyse(path).diagnostics] == ["warning"]
    assert Workspace(ignore=["E1"]).analyse(path).diagnostics == ()
    assert Workspace(select=["W1"]).analyse(path).diagnostics == ()


def test_in_one_pass_every_file_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {f"user_{index}.dspy": "from shared import LIMIT\n\nlimit = LIMIT\n" for index in range(5)}
    for name, text in {**programs, "shared.dspy": "LIMIT = 3\n", "dspyc.toml": 'src = ["."]\n'}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    looks: list[str] = []
    really = Disk._look_at_disk

    def counted(disk: Disk, path: str):
        looks.append(path)
        return really(disk, path)

    workspace = Workspace()
    monkeypatch.setattr(Disk, "_look_at_disk", counted)
    with workspace.in_one_pass():
        for name in programs:
            assert not workspace.analyse(str(tmp_path / name)).diagnostics
            assert workspace.settings(str(tmp_path / name)).root == str(tmp_path)
    assert len(looks) == len(set(looks)) > 5


def test_after_a_pass_the_disk_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "main.dspy"
    path.write_text("limit = 3\n", encoding="utf-8")
    workspace = Workspace()
    with workspace.in_one_pass():
        assert not workspace.analyse(str(path)).diagnostics
        path.write_text("limit = nothing\n", encoding="utf-8")
        (tmp_path / "dspyc.toml").write_text("[rules]\nignore = ['E101']\n", encoding="utf-8")
        assert not workspace.analyse(str(path)).diagnostics
    assert not workspace.analyse(str(path)).diagnostics
    (tmp_path / "dspyc.toml").unlink()
    assert [each.code for each in workspace.analyse(str(path)).diagnostics] == ["E101"]


def test_what_is_let_go(tmp_path: Path) -> None:
    """Projects of settings that hold no more, and files that have gone."""
    path, gone, settings = tmp_path / "a.dspy", tmp_path / "b.dspy", tmp_path / "dspyc.toml"
    for each in (path, gone):
        each.write_text('dataset rows = Dataset("rows.csv")\nx = 1\nx = 2\n', encoding="utf-8")
    workspace = Workspace()
    for ignored in ("E101", "E102", "E103"):
        settings.write_text(f'[rules]\nignore = ["{ignored}"]\n', encoding="utf-8")
        for each in (path, gone):
            workspace.analyse(str(each))
    assert len(workspace._projects) == 3
    before = workspace.analyse(str(path))
    gone.unlink()
    workspace.keep_only([str(path)])
    assert list(workspace.disk._known) == [str(path)]
    assert list(workspace.disk._data) == [str(tmp_path / "rows.csv")]
    assert len(workspace._projects) == 1
    assert workspace.analyse(str(path)) is before
    gc.collect()
    known = {each.path for each in gc.get_objects() if type(each) is FileAnalysis}
    assert str(path) in known
    assert str(gone) not in known
    workspace.keep_only([])
    assert not workspace._projects
    disk = workspace.disk
    assert not any([disk._known, disk._data, disk._states, disk._digests, disk.asked, disk.states_asked])
    assert len(workspace.analyse(str(path)).diagnostics) == len(before.diagnostics)
