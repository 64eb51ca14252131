"""Options of `dspyc check` for CI: what has changed, what is known, what is left out, watching."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from dspyc.cli.main import run

WRONG = "x = y\n"
RIGHT = "x = 1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which the test stands."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "DSPYC_OUTPUT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.dspy"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", "a")


def checked(*arguments: str) -> tuple[list[str], int]:
    """The places and codes that a check finds, and its exit code; messages where it finds none."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run(["check", "--output-format", "concise", *arguments])
    lines = out.getvalue().splitlines()
    found = [
        " ".join(line.split()[:2]) for line in lines if ".dspy:" in line and not line.startswith(("err", " "))
    ]
    return found or lines, code


# --- what has changed -----------------------------------------------------------------------------------


@pytest.fixture
def branch(folder: Path) -> Path:
    """A branch of a repository with old mistakes; the main branch has gone on."""
    git("init", "--quiet", "--initial-branch", "main")
    write(
        folder,
        old=WRONG,
        other=WRONG,
        gone=WRONG,
        shop__shared=RIGHT,
        shop__user="from shared import x\ny = z\n",
    )
    commit()
    git("switch", "--quiet", "--create", "work")
    git("switch", "--quiet", "main")
    write(folder, other=WRONG + "y = z\n")
    commit()
    git("switch", "--quiet", "work")
    return folder


def test_only_what_has_changed_is_reported(branch: Path) -> None:
    assert checked("--changed-since", "main") == (["All checks passed."], 0)
    write(branch, new=WRONG)
    assert checked("--changed-since", "main") == (["new.dspy:1:5: E101"], 1)
    write(branch, old=WRONG + "# more\n")
    assert checked("--changed-since", "main")[0] == ["new.dspy:1:5: E101", "old.dspy:1:5: E101"]
    commit()
    assert checked("--changed-since", "main")[0] == ["new.dspy:1:5: E101", "old.dspy:1:5: E101"]
    assert checked("--changed-since", "HEAD") == (["All checks passed."], 0)
    assert len(checked()[0]) == 6


def test_files_that_read_a_changed_one_are_reported(branch: Path) -> None:
    write(branch, shop__shared="y = 1\n")
    found = ["shop/user.dspy:1:20: E106", "shop/user.dspy:2:5: E101"]
    assert checked("--changed-since", "main")[0] == found
    os.chdir(branch / "shop")
    assert checked("--changed-since", "main")[0] == [each.removeprefix("shop/") for each in found]


def test_ignored_files_do_not_count(branch: Path) -> None:
    (branch / ".gitignore").write_text("new.dspy\n", encoding="utf-8")
    write(branch, new=WRONG)
    assert checked("--changed-since", "main") == (["All checks passed."], 0)


@pytest.mark.parametrize("revision", ["nowhere", "-x", "--output=/tmp/x", "main..work", ""])
def test_a_commit_that_does_not_exist(branch: Path, revision: str) -> None:
    lines, code = checked(f"--changed-since={revision}")
    assert lines[0] == f"error: git does not know the commit `{revision}`"
    assert "fetch-depth" in lines[1]
    assert code == 2


def test_without_a_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, new=WRONG)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert checked("--changed-since", "main")[0][0] == "error: this folder is not in a git repository"
    monkeypatch.setenv("PATH", str(folder))
    assert checked("--changed-since", "main")[0][0] == "error: git is not installed"


def test_a_repository_cannot_have_programs_started(branch: Path) -> None:
    """Its configuration names programs for git to run; what is checked may come from anyone."""
    trap = branch / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {branch}/sprung\n", encoding="utf-8")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.x.textconv", "diff.x.command"):
        git("config", key, str(trap))
    (branch / ".gitattributes").write_text("*.dspy diff=x\n", encoding="utf-8")
    write(branch, old=RIGHT)
    checked("--changed-since", "main")
    assert not (branch / "sprung").exists()


# --- what is known --------------------------------------------------------------------------------------

LEGACY = "a = y\n\ndef f(b: int) -> int:\n    return c\n\nd = ('t' - 1, 't' - 1)\n"


def test_a_baseline_hides_what_was_there_and_shows_what_is_new(folder: Path) -> None:
    write(folder, legacy=LEGACY, shop__other=WRONG)
    assert len(checked()[0]) == 5
    assert checked("--write-baseline")[1] == 0
    known = ("--baseline", "dspyc-baseline.json")
    lines, code = checked(*known)
    assert (lines, code) == (["All checks passed.", "5 findings in dspyc-baseline.json not shown."], 0)
    # Lines move, another declaration comes, and a finding.
    write(folder, legacy='"""Words."""\n\nnew = w\n' + LEGACY.replace("d =", "\n\n\nd ="))
    assert checked(*known) == (["legacy.dspy:3:7: E101"], 1)
    # A third of those of which there were two is new.
    write(folder, legacy=LEGACY.replace("d = (", "d = ('t' - 1, "))
    assert checked(*known) == ([f"legacy.dspy:6:{column}: E228" for column in (6, 15, 24)], 1)


def test_a_baseline_does_not_depend_on_where_one_stands(folder: Path) -> None:
    write(folder, legacy=LEGACY, shop__other=WRONG)
    checked("--write-baseline")
    (folder / "dspyc.toml").write_text('baseline = "dspyc-baseline.json"\n', encoding="utf-8")
    assert checked()[1] == 0
    os.chdir(folder / "shop")
    assert checked() == (["All checks passed.", f"1 finding in {folder}/dspyc-baseline.json not shown."], 0)
    write(folder, shop__other="y = x\n")
    assert checked()[1] == 1


def test_what_is_fixed_can_be_removed(folder: Path) -> None:
    write(folder, legacy=LEGACY, gone=WRONG, other=WRONG)
    checked("--write-baseline")
    write(folder, legacy=LEGACY.replace("return c", "return b"))
    (folder / "gone.dspy").unlink()
    known = ("--baseline", "dspyc-baseline.json")
    assert checked(*known)[0][-1] == (
        "2 findings in dspyc-baseline.json are fixed; `--update-baseline` removes them."
    )
    # What was not looked at is not said to be fixed.
    assert checked(*known, "other.dspy")[0][-1] == (
        "1 finding in dspyc-baseline.json is fixed; `--update-baseline` removes it."
    )
    lines, code = checked(*known, "--update-baseline")
    assert "Removed 2 findings from dspyc-baseline.json." in lines
    assert code == 0
    assert "fixed" not in checked(*known)[0][-1]
    content = json.loads((folder / "dspyc-baseline.json").read_text(encoding="utf-8"))
    assert {name: len(every) for name, every in content["findings"].items()} == {
        "legacy.dspy": 3,
        "other.dspy": 1,
    }
    write(folder, legacy=LEGACY)
    assert checked(*known) == (["legacy.dspy:4:12: E101"], 1)


def test_syntax_errors_and_wrong_settings_are_never_known(folder: Path) -> None:
    write(folder, broken="x = 1 +\ny = z\n")
    (folder / "dspyc.toml").write_text("sorce = []\n", encoding="utf-8")
    assert "Wrote 1 finding" in checked("--write-baseline")[0][0]
    lines, code = checked("--baseline", "dspyc-baseline.json")
    assert code == 1
    assert "broken.dspy:1:8: E001" in lines
    assert not [line for line in lines if "E101" in line]


def test_writing_a_baseline_of_some_files_keeps_the_others(folder: Path) -> None:
    write(folder, legacy=LEGACY, other=WRONG)
    checked("--write-baseline")
    write(folder, other=RIGHT)
    checked("--write-baseline", "--baseline", "dspyc-baseline.json", "other.dspy")
    content = json.loads((folder / "dspyc-baseline.json").read_text(encoding="utf-8"))
    assert list(content["findings"]) == ["legacy.dspy"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "the baseline known.json does not exist"),
        ("[", "known.json is not a baseline: "),
        ('{"version": 1}', "known.json is not a baseline: "),
        ('{"version": 2, "findings": {}}', "known.json has version 2, which this version cannot read"),
        ("[" * 100_000, "known.json is not a baseline: "),
    ],
)
def test_a_baseline_that_cannot_be_read(folder: Path, text: str | None, words: str) -> None:
    write(folder, a=RIGHT)
    if text is not None:
        (folder / "known.json").write_text(text, encoding="utf-8")
    lines, code = checked("--baseline", "known.json")
    assert lines[0].startswith(f"error: {words}")
    assert code == 2


def test_a_baseline_has_no_keys_in_it(folder: Path) -> None:
    write(folder, a='x: int = "sk-abcdefghijklmnopqrstuvwxyz0123456789abcdefgh"\n')
    checked("--write-baseline")
    assert "sk-abc" not in (folder / "dspyc-baseline.json").read_text(encoding="utf-8")


def test_all_formats_leave_out_what_is_known(folder: Path) -> None:
    write(folder, legacy=LEGACY)
    checked("--write-baseline")
    checked("--baseline", "dspyc-baseline.json", "--output-format", "gitlab=out.json")
    assert json.loads((folder / "out.json").read_text(encoding="utf-8")) == []


# --- other options --------------------------------------------------------------------------------------


def test_the_exit_code_can_be_zero(folder: Path) -> None:
    write(folder, a=WRONG)
    assert checked("--exit-zero") == (["a.dspy:1:5: E101"], 0)


def test_more_rules_can_be_selected(folder: Path) -> None:
    write(folder, a="from json import dumps\nx = y\n")
    assert checked("--select", "W")[0] == ["a.dspy:1:18: W101"]
    assert checked("--select", "W", "--extend-select", "E101")[0] == ["a.dspy:1:18: W101", "a.dspy:2:5: E101"]


def test_excluded_files_are_left_out_of_a_hooks_list(folder: Path) -> None:
    write(folder, a=WRONG, generated__b=WRONG)
    (folder / "dspyc.toml").write_text('exclude = ["generated"]\n', encoding="utf-8")
    assert checked()[0] == ["a.dspy:1:5: E101"]
    assert checked("a.dspy", "generated/b.dspy")[0] == ["a.dspy:1:5: E101", "generated/b.dspy:1:5: E101"]
    assert checked("--force-exclude", "a.dspy", "generated/b.dspy")[0] == ["a.dspy:1:5: E101"]
    assert checked("--force-exclude", "generated/b.dspy") == (["All checks passed."], 0)


@pytest.mark.parametrize(
    "options",
    [
        ("--add-ignore", "--fix"),
        ("--watch", "--fix"),
        ("--watch", "--write-baseline"),
        ("--write-baseline", "--changed-since", "HEAD"),
        ("--update-baseline",),
        ("-", "--add-ignore"),
        ("-", "--watch"),
    ],
)
def test_what_cannot_be_asked_for_together(folder: Path, options: tuple[str, ...]) -> None:
    write(folder, a=WRONG)
    assert checked(*options)[1] == 2
    assert (folder / "a.dspy").read_text(encoding="utf-8") == WRONG


def test_watching_checks_again_after_each_change_and_ends_quietly(folder: Path) -> None:
    write(folder, a="from shared import x\n\ny = x\n", shared=RIGHT)
    command = [sys.executable, "-m", "dspyc", "check", "--watch", "--output-format", "concise"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert report(process) == ""
            write(folder, shared="z = 1\n")
            assert report(process) == "a.dspy:1:20: E106"
            write(folder, shared=RIGHT, new=WRONG)
            assert report(process) == "new.dspy:1:5: E101"
            (folder / "new.dspy").unlink()
            assert report(process) == ""
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, errors.strip()) == (0, "", "")


def report(process: subprocess.Popen[str]) -> str:
    """What is reported until it waits again."""
    assert process.stdout is not None
    assert process.stderr is not None
    while "Watching for changes" not in (line := process.stderr.readline()):
        assert line
    lines = []
    while not (line := process.stdout.readline()).startswith(("All", "Found")):
        assert line
        lines.append(" ".join(line.split()[:2]))
    return "\n".join(lines)
