"""Which files are found below a folder: without what settings exclude and what git ignores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.project.walking import is_left_out, programs_below


def make(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(text, encoding="utf-8")


def found(folder: Path, below: str = ".") -> list[str]:
    """What is found, and what `is_left_out` says of all other files."""
    paths = [os.path.relpath(each, folder) for each in programs_below(str(folder / below))]
    return [path.replace(os.sep, "/") for path in paths]


EVERY = ["a.dspy", "gen/a.dspy", "gen/deep/b.dspy", "shop/a.dspy", "shop/gen/c.dspy", "venv/v.dspy"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path, dict.fromkeys(EVERY, ""))
    return tmp_path


VENV = {"venv/v.dspy"}
GEN = {"gen/a.dspy", "gen/deep/b.dspy"}
BOTH_GEN = {*GEN, "shop/gen/c.dspy"}
EVERY_A = {"a.dspy", "gen/a.dspy", "shop/a.dspy"}
EXCLUDED: list[tuple[str, set[str]]] = [
    ('exclude = ["gen"]', BOTH_GEN),
    ('extend-exclude = ["shop/gen"]', {"shop/gen/c.dspy", *VENV}),
    ('extend-exclude = ["**/deep", "shop/*.dspy"]', {"gen/deep/b.dspy", "shop/a.dspy", *VENV}),
    ('extend-exclude = ["a.dspy"]', {*EVERY_A, *VENV}),
    ('extend-exclude = ["./a.dspy"]', {*EVERY_A, *VENV}),
    ("extend-exclude = 3", VENV),
    ("", VENV),
]
IGNORED: list[tuple[dict[str, str], set[str]]] = [
    ({".gitignore": "gen/\n"}, {*BOTH_GEN, *VENV}),
    ({".gitignore": "/gen/\n"}, {*GEN, *VENV}),
    ({".gitignore": "*.dspy\n!a.dspy\n"}, {"gen/deep/b.dspy", "shop/gen/c.dspy", *VENV}),
    ({".gitignore": "gen\n", "shop/.gitignore": "!gen\n"}, {*GEN, *VENV}),
    ({"shop/.gitignore": "/a.dspy\n"}, {"shop/a.dspy", *VENV}),
    ({".gitignore": "\\\n!\ngen/deep\n"}, {"gen/deep/b.dspy", *VENV}),
    ({".gitignore": "gen/\n", "dspyc.toml": "respect-gitignore = false"}, VENV),
    ({".git/info/exclude": "shop\n"}, {"shop/a.dspy", "shop/gen/c.dspy", *VENV}),
    ({".gitignore": ""}, VENV),
    # The nearest settings decide.
    ({"dspyc.toml": 'extend-exclude = ["gen"]', "shop/dspyc.toml": ""}, {*GEN, *VENV}),
    ({"pyproject.toml": '[tool.dspyc]\nextend-exclude = ["gen/"]'}, {*BOTH_GEN, *VENV}),
]


@pytest.mark.parametrize(
    ("texts", "gone"), [*(({"dspyc.toml": text}, gone) for text, gone in EXCLUDED), *IGNORED]
)
def test_what_is_left_out(folder: Path, texts: dict[str, str], gone: set[str]) -> None:
    make(folder, {".git/HEAD": "", **texts})
    assert found(folder) == [path for path in EVERY if path not in gone]
    assert {path for path in EVERY if is_left_out(str(folder / path))} == gone


def test_what_is_asked_for_is_looked_into(folder: Path) -> None:
    """The folder itself may be ignored; what a file in it ignores still counts."""
    make(folder, {".git/HEAD": "", ".gitignore": "gen/\n", "gen/.gitignore": "deep\n"})
    assert found(folder, "gen") == ["gen/a.dspy"]
    assert found(folder, "venv") == ["venv/v.dspy"]


def test_patterns_above_the_folder_count(folder: Path) -> None:
    make(folder, {".git/HEAD": "", ".gitignore": "/shop/gen\n", "dspyc.toml": 'exclude = ["shop/a.dspy"]'})
    assert found(folder, "shop") == []


def test_files_of_other_repositories_do_not_count(folder: Path) -> None:
    make(folder, {".gitignore": "a.dspy\n", "shop/.git/HEAD": ""})
    assert found(folder, "shop") == ["shop/a.dspy", "shop/gen/c.dspy"]


NAMES = st.sampled_from(["a", "b", "gen", "*", "a.dspy", "*.dspy"])
PATTERNS = st.builds(
    lambda no, start, names, end: f"{no}{start}{'/'.join(names)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(NAMES, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)


@settings(max_examples=30)
@given(
    outer=st.lists(PATTERNS, max_size=4),
    inner=st.lists(PATTERNS, max_size=3),
)
def test_git_ignores_the_same(
    tmp_path_factory: pytest.TempPathFactory, outer: list[str], inner: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("repository")
    folders = ("", "a/", "gen/", "a/gen/", "gen/b/a/")
    every = [f"{place}{name}.dspy" for place in folders for name in ("a", "b")]
    make(folder, dict.fromkeys(every, ""))
    make(folder, {".gitignore": "\n".join(outer), "gen/.gitignore": "\n".join(inner)})
    git(folder, "init", "--quiet")
    listed = git(folder, "ls-files", "--others", "--exclude-standard", "-z")
    expected = sorted(each for each in listed.split("\0") if each.endswith(".dspy"))
    assert sorted(found(folder)) == expected


def git(folder: Path, *arguments: str) -> str:
    command: Iterable[str] = ("git", *arguments)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
