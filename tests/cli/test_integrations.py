"""The pre-commit hooks, the GitHub Action and the pytest plugin, as their users run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WRONG = "x = y\n"


def start(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "DSPYC_OUTPUT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- pre-commit -----------------------------------------------------------------------------------------

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def test_the_hooks_are_valid() -> None:
    done = start(sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout


def test_pre_commit_runs_the_hooks(folder: Path) -> None:
    """Installed as the command of this environment: installing packages is pre-commit's own work."""
    local = [{**each, "language": "system"} for each in HOOKS]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "dspyc.toml").write_text('exclude = ["drafts"]\n', encoding="utf-8")
    (folder / "drafts").mkdir()
    (folder / "drafts" / "a.dspy").write_text("x=y\n", encoding="utf-8")
    (folder / "notes.md").write_text("no program\n", encoding="utf-8")
    (folder / "a.dspy").write_text("x = y\n", encoding="utf-8")
    (folder / "b.dspy").write_text("x=1\n", encoding="utf-8")
    start("git", "init", "--quiet")
    start("git", "add", "--all")
    home = {"PRE_COMMIT_HOME": str(folder / ".git" / "pre-commit"), "GIT_CONFIG_GLOBAL": os.devnull}
    command = (sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never")
    done = start(*command, **home)
    assert done.returncode == 1, done.stdout
    assert re.search(r"^dspyc check\.+Failed$", done.stdout, re.MULTILINE)
    assert "error[E101]: unknown name `y`" in done.stdout
    assert "drafts" not in done.stdout
    assert re.search(r"^dspyc format\.+Failed$", done.stdout, re.MULTILINE)
    assert (folder / "b.dspy").read_text(encoding="utf-8") == "x = 1\n"
    assert (folder / "drafts" / "a.dspy").read_text(encoding="utf-8") == "x=y\n"
    (folder / "a.dspy").write_text("x = 1\n", encoding="utf-8")
    start("git", "add", "--all")
    assert start(*command, **home).returncode == 0


# --- GitHub ---------------------------------------------------------------------------------------------

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def test_the_action_fits_the_schema() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions")
    done = start(*command, ROOT / "action.yml")
    assert done.returncode == 0, done.stdout


def run_check(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step that checks, as GitHub's runner would with these inputs."""
    (step,) = [each for each in ACTION["runs"]["steps"] if each.get("id") == "check"]
    given = {
        name: inputs.get(name.replace("-", "_"), each["default"]) for name, each in ACTION["inputs"].items()
    }
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text).replace(
            "${{ runner.temp }}", str(folder / "temp")
        )
        for name, text in step["env"].items()
    }
    assert "${{" not in step["run"], "inputs go through the environment, where no text can be a command"
    script = folder / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    return start("bash", "--noprofile", "--norc", "-eo", "pipefail", script, **environment)


def test_the_action_annotates_and_fails(folder: Path) -> None:
    (folder / "a.dspy").write_text(WRONG, encoding="utf-8")
    (folder / "two words.dspy").write_text("z = 1\n", encoding="utf-8")
    done = run_check(folder)
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=dspyc (E101),file=a.dspy,line=1,col=5,")
    assert run_check(folder, fail_on="never").returncode == 0
    assert run_check(folder, paths="two words.dspy\n").returncode == 0
    assert run_check(folder, args="--ignore E101").returncode == 0
    assert run_check(folder, sarif="out.sarif").returncode == 1
    assert '"E101"' in (folder / "out.sarif").read_text(encoding="utf-8")


def test_no_input_of_the_action_can_be_a_command(folder: Path) -> None:
    (folder / "a.dspy").write_text("x = 1\n", encoding="utf-8")
    for name in ("paths", "args", "sarif", "fail_on"):
        run_check(folder, **{name: '"; touch sprung; $(touch sprung) `touch sprung` #'})
    assert not (folder / "sprung").exists()


# --- pytest ---------------------------------------------------------------------------------------------

PROGRAM = """\
configure(lm=DummyLM([{"answer": "HA"}] * 9))

module echo = Predict("question -> answer")

test "a shout":
    assert echo(question="ha").answer == "HA"
"""


def collect(*arguments: str) -> subprocess.CompletedProcess[str]:
    return start(sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", *arguments)


def test_pytest_checks_files_on_request(folder: Path) -> None:
    (folder / "echo.dspy").write_text(PROGRAM, encoding="utf-8")
    (folder / "wrong.dspy").write_text(WRONG, encoding="utf-8")
    (folder / "broken.dspy").write_text('test "never":\n    assert nothing\n', encoding="utf-8")
    (folder / "drafts").mkdir()
    (folder / "drafts" / "a.dspy").write_text(WRONG, encoding="utf-8")
    (folder / "dspyc.toml").write_text('exclude = ["drafts"]\n', encoding="utf-8")
    done = collect("--dspyc-check")
    outcomes = set(re.findall(r"^(\w+) (\S+\.dspy::.+?)(?: - .*)?$", done.stdout, re.MULTILINE))
    assert outcomes == {
        ("PASSED", "echo.dspy::dspyc-check"),
        ("PASSED", "echo.dspy::a shout"),
        ("FAILED", "wrong.dspy::dspyc-check"),
        ("FAILED", "broken.dspy::dspyc-check"),
    }, done.stdout
    assert "error[E101]: unknown name `y`" in done.stdout
    assert "1 | x = y" in done.stdout
    assert done.returncode == 1


def test_without_the_option_pytest_runs_only_tests(folder: Path) -> None:
    (folder / "echo.dspy").write_text(PROGRAM, encoding="utf-8")
    (folder / "wrong.dspy").write_text(WRONG, encoding="utf-8")
    done = collect()
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
