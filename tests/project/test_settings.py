"""Settings: where they are found, and the findings that a broken or odd file is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dspyc.project.disk import Disk
from dspyc.project.settings import Settings, nearest


def settings_of(folder: Path, text: str, name: str = "dspyc.toml") -> Settings:
    (folder / "lib").mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    found = nearest(str(folder), Disk())
    assert found is not None
    return found


def test_what_is_set(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path, '[tool.dspyc]\nsrc = ["lib", "."]\npure = ["a.b", "a.b.c"]\n', "pyproject.toml"
    )
    assert found.roots == (str(tmp_path / "lib"), str(tmp_path))
    assert found.pure == {"a.b", "a.b.c"}
    assert found.problems == ()
    # The file of our own is nearer than the one shared with other tools.
    assert settings_of(tmp_path, "").roots == (str(tmp_path),)


@pytest.mark.parametrize(
    ("text", "marked", "message", "severity"),
    [
        ("src =", "", "this file is not TOML: invalid value", "error"),
        ("\n\nsrc = ['a'", "", "this file is not TOML: ", "error"),
        ("src = 'lib'", "src", "`src` must be a list of strings", "error"),
        ("pure = [1]", "pure", "`pure` must be a list of strings", "error"),
        (
            "pure = ['look']",
            "look",
            "`pure` takes functions as `module.name`, not `look`",
            "error",
        ),
        (
            "pure = ['a.b()']",
            "a.b()",
            "`pure` takes functions as `module.name`, not `a.b()`",
            "error",
        ),
        ("\nsorce = []", "sorce", "unknown setting `sorce`", "warning"),
        ("src = ['gone']", "gone", "`src` names the folder `gone`, which does not exist", "warning"),
        (
            'src = ["a\\u0000b"]',
            "a\\u0000b",
            "`src` names the folder `a\0b`",
            "warning",
        ),
        ("x = " + "[" * 100_000, "", "this file is nested too deeply", "error"),
        ("x = " + "[" * 900, "", "this file is n", "error"),
    ],
)
def test_findings(tmp_path: Path, text: str, marked: str, message: str, severity: str) -> None:
    (finding,) = settings_of(tmp_path, text).problems
    assert finding.message.startswith(message)
    assert (finding.code, finding.severity) == ("E090", severity)
    assert text[finding.span.start : finding.span.end] == marked


def test_a_table_that_is_none(tmp_path: Path) -> None:
    for text, kind in [
        ("dspyc = 1", "a number"),
        ("dspyc = []", "a list"),
        ("dspyc = 1979-05-27", "a value"),
    ]:
        (finding,) = settings_of(tmp_path, f"[tool]\n{text}\n", "pyproject.toml").problems
        assert finding.message == f"`tool.dspyc` is {kind}, not a table"
    assert settings_of(tmp_path, "tool = 1\n", "pyproject.toml").problems == ()


@pytest.mark.parametrize("name", ["dspyc.toml", "pyproject.toml"])
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for make, message in [
        (lambda: os.mkfifo(path), "this file is a named pipe, not a file"),
        (path.mkdir, "this file is a folder, not a file"),
        (lambda: path.symlink_to("/dev/zero"), "this file is a device, not a file"),
        (lambda: path.write_bytes(b"\xff"), "this file is not UTF-8: byte 0xff on line 1"),
        (lambda: path.write_bytes(b"#" * 2**20), "this file is larger than 256 kB"),
    ]:
        make()
        found = nearest(str(tmp_path), Disk())
        assert found is not None
        assert (found.root, found.path) == (str(tmp_path), str(path))
        assert [each.message for each in found.problems] == [message]
        path.rmdir() if path.is_dir() else path.unlink()


def test_runaway_settings_end(tmp_path: Path) -> None:
    """Each is as large as a file of settings may be, and takes hours with a quadratic reader."""
    for text in (
        "a." * 120_000 + "a = 1",
        '"a" . ' * 40_000 + "a = 1",
        "a" * 250_000,
        "[a]\n[[b]]\n" * 20_000,
        "x = '" + "\\" * 200_000,
        "a = 1\n" * 40_000,
    ):
        assert settings_of(tmp_path, text).problems


def test_rules_are_selected(tmp_path: Path) -> None:
    found = settings_of(tmp_path, "[rules]\nignore = ['E101']\n")
    assert found.problems == ()
    assert found.selection is not None
    assert found.selection.ignore == ("E101",)
    assert found.selection.root == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "marked", "message", "severity"),
    [
        ("rules = 1", "rules", "`rules` must be a table", "error"),
        ("[rules]\nselect = 1", "select", "`select` must be a list of strings", "error"),
        ("[rules]\nselct = []", "selct", "unknown setting `rules.selct`", "warning"),
        ("[rules]\nignore = ['E1O1']", "E1O1", "unknown rule or category `E1O1`", "warning"),
        ("[rules]\nignore = ['E001']", "E001", "`E001` cannot be selected or ignored", "warning"),
    ],
)
def test_findings_of_rules(tmp_path: Path, text: str, marked: str, message: str, severity: str) -> None:
    (finding,) = settings_of(tmp_path, text).problems
    assert finding.message.startswith(message)
    assert (finding.code, finding.severity) == ("E090", severity)
    assert text[finding.span.start : finding.span.end] == marked


@pytest.mark.parametrize(
    "lines",
    [
        ('select = ["unknown-nam", "E101"]', 'ignore = ["unknown-nam"]'),
        ('extend-select = ["W1", "unknown-nam"]', "[rules.severity]", 'unknown-nam = "error"'),
        ('ignore = ["unknown-nam"]', "[rules.per-file-ignores]", '"*.dspy" = ["unknown-nam"]'),
    ],
)
def test_each_of_two_equal_selectors_is_marked_and_mended(tmp_path: Path, lines: tuple[str, ...]) -> None:
    text = "\n".join(("[rules]", *lines, ""))
    found = settings_of(tmp_path, text).problems
    spans = [each.span for each in found]
    written = [each.span() for each in re.finditer("unknown-nam", text)]
    assert sorted((each.start, each.end) for each in spans) == written
    assert [edit.span for each in found for fix in each.fixes for edit in fix.edits] == spans
