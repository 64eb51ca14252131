"""Checking executes nothing, loading and previewing send nothing: an audit hook of Python watches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.lsp_client import Client

HERE = Path(__file__).parent
COMMAND = "from dspyc.cli.main import run; import sys; sys.exit(run())"
TRAP = """
import os, socket, subprocess
open({mark!r}, "a").write(__name__ + "\\n")
"""
PROGRAM = '''\
configure(lm=LM("openai/gpt-4o-mini"))

type Term:
    source: str
    target: str

signature Translate:
    """Translate with a glossary."""
    input text: str
    input terms: list[Term] = []
    output translation: str
    output kept: list[str] where len(kept) <= 5
    demo text="a", translation="b", kept=[]

module translate = ChainOfThought(Translate)

dataset rows = Dataset("rows.csv", inputs=["text"])

def same(example: rows, pred: Translate) -> bool:
    return example.translation == pred.translation

optimizer tune = BootstrapFewShot(metric=same)
program tuned = tune.compile(translate, trainset=rows)
evaluate score = Evaluate(translate, devset=rows, metric=same)

test "translates":
    assert translate(text="a").translation == "b"
'''
WITH_PYTHON = '''\
from tools import search, Shape
import tools

signature Find:
    """Find it."""
    input question: str
    input shape: Shape
    output answer: str

module find = ReAct(Find, tools=[search, tools.look])
'''
BROKEN = "module m = Nowhere(\nsignature A\n  input"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Programs among Python files that leave a mark when they run, some under the names of libraries."""
    folder = (tmp_path / "workspace").resolve()
    folder.mkdir()
    trap = TRAP.format(mark=str(tmp_path / "mark"))
    for name in (
        *("tools", "conftest", "setup", "sitecustomize", "usercustomize", "noxfile", "dspy"),
        *("litellm", "lark", "pygls", "pydantic", "ujson", "msgspec", "click", "rich", "secrets", "black"),
    ):
        (folder / f"{name}.py").write_text(trap)
    (folder / "tools.py").write_text(
        trap
        + "from pydantic import BaseModel\nclass Shape(BaseModel):\n    side: int\n"
        + "def search(query: str) -> str:\n    '''Search.'''\n    return query\n"
        + "def look(query: str) -> str:\n"
        + "    '''Look.'''\n    return query\n"
    )
    (folder / "plain.dspy").write_text(PROGRAM)
    (folder / "python.dspy").write_text(WITH_PYTHON)
    (folder / "broken.dspy").write_text(BROKEN)
    (folder / "rows.csv").write_text("text,translation\na,b\n")
    (folder / "pyproject.toml").write_text('[tool.dspyc]\nsrc = ["."]\n')
    return folder


def audited(workspace: Path, statement: str, *arguments: str) -> tuple[object, list[str]]:
    """The exit code of a statement, and what it did that it must not do."""
    done = subprocess.run(
        [sys.executable, str(HERE / "audited.py"), str(workspace), statement, *arguments],
        cwd=workspace,
        env={**os.environ, "DSPYC_CACHEDIR": str(workspace.parent / "cache"), "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(done.stderr.rpartition("\nAUDIT ")[2].partition("\n")[0])
    return found["code"], found["seen"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "plain.dspy"), 0),
        (("check", "python.dspy"), 0),
        (("check", "."), 1),
        (("check", "broken.dspy"), 1),
        (("check", "--fix", "broken.dspy"), 1),
        (("format", "--check", "."), 0),
        (("explain", "E101"), 0),
        (("build", "plain.dspy", "--out", "out"), 0),
        (("build", "python.dspy", "--out", "out"), 0),
        (("prompt", "plain.dspy:translate", "text=a", 'terms=[{"source": "a", "target": "b"}]'), 0),
        (("prompt", "plain.dspy:tuned", "text=a"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_command_that_only_looks_runs_and_sends_nothing(
    workspace: Path, arguments: tuple[str, ...], code: int
) -> None:
    assert audited(workspace, COMMAND, *arguments) == (code, [])
    assert not (workspace.parent / "mark").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "import dspyc; dspyc.load('plain.dspy')",
        "import dspyc; dspyc.check('python.dspy')",
        "import sys, dspyc; sys.path.append('.'); import plain",
    ],
)
def test_loading_sends_nothing(workspace: Path, statement: str) -> None:
    code, seen = audited(workspace, statement)
    assert (code, seen) == (0, [])
    assert not (workspace.parent / "mark").exists()


def test_loading_runs_imported_python_and_sends_nothing(workspace: Path) -> None:
    """Tools are the user's own code, which loading runs; dspyc itself does nothing more."""
    code, seen = audited(workspace, "import dspyc; dspyc.load('python.dspy')")
    assert code == 0
    assert {each.partition(" ")[0] for each in seen} == {"exec"}
    assert {Path(each.partition(" ")[2]).name for each in seen} == {"tools.py"}


@pytest.mark.parametrize("role", ["", "worker"])
def test_the_server_runs_and_sends_nothing(workspace: Path, role: str) -> None:
    """But for the process of its own that looks at the whole project, which does nothing else either."""
    command = (
        sys.executable,
        str(HERE / "audited.py"),
        str(workspace),
        f"from dspyc.lsp.server import main; main({role!r})",
    )
    log = workspace.parent / "log"
    with log.open("wb") as errors:
        client = Client(command, stderr=errors)
        try:
            client.initialize(workspace)
            for name in ("plain", "python", "broken"):
                uri = (workspace / f"{name}.dspy").as_uri()
                text = (workspace / f"{name}.dspy").read_text()
                client.open(uri, text)
                for line in range(text.count("\n")):
                    client.at("textDocument/completion", uri, line, 4)
                    client.at("textDocument/hover", uri, line, 10)
                    client.at("textDocument/definition", uri, line, 10)
                document = {"textDocument": {"uri": uri}}
                client.request("textDocument/documentSymbol", document)
                client.request("textDocument/formatting", {**document, "options": {}})
            client.request("workspace/symbol", {"query": "t"})
            client.request("workspace/diagnostic", {"previousResultIds": []})
            moved = {"oldUri": (workspace / "tools.py").as_uri(), "newUri": (workspace / "other.py").as_uri()}
            client.request("workspace/willRenameFiles", {"files": [moved]})
            assert client.shut_down() == 0
        finally:
            client.kill()
    found = json.loads(log.read_text().rpartition("\nAUDIT ")[2])
    assert found["code"] == 0
    assert len(found["seen"]) == (role == "")
    for each in found["seen"]:
        assert each.startswith("subprocess.Popen ")
        assert "from dspyc.lsp.server import main" in each
        assert "'-P'" in each
    assert not (workspace.parent / "mark").exists()


def test_the_working_folder_is_no_place_for_the_libraries_of_the_command(workspace: Path) -> None:
    for arguments in (("check", "plain.dspy"), ("prompt", "plain.dspy:translate", "text=a"), ("--version",)):
        command = [sys.executable, "-m", "dspyc", *arguments]
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert not (workspace.parent / "mark").exists()


def test_the_hook_sees_what_it_is_for(workspace: Path) -> None:
    statement = (
        "import sys, socket, subprocess; sys.path.insert(0, '.'); import noxfile\n"
        "subprocess.run(['true']); socket.socket().close()"
    )
    _, seen = audited(workspace, statement)
    assert {each.partition(" ")[0] for each in seen} >= {"exec", "subprocess.Popen", "socket.__new__"}
    assert (workspace.parent / "mark").read_text() == "noxfile\n"
