"""Loading sends nothing and reads no data, whatever is suppressed; what is not a file is not a module."""

from __future__ import annotations

import os
import socket
import textwrap
from pathlib import Path

import pytest

import dspyc
from dspyc.project.workspace import Workspace
from dspyc.runtime.errors import ConfigurationError

FILE = """
lm fake = DummyLM([{"label": "x"}, {"label": "x"}])
configure(lm=fake)
dataset rows = Dataset("rows.csv", inputs=["text"])
module classify = Predict("text -> label")
module with_lm = Predict("text -> label", lm=fake)
evaluate gate = Evaluate(classify, devset=rows, metric=answer_exact_match)
optimizer tune = BootstrapFewShot(metric=answer_exact_match)
optimizer label = LabeledFewShot(k=1)

def ask() -> str:
    return with_lm(text="a").label
"""


def folder_with(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "rows.csv").write_text("text,label\na,b\n", encoding="utf-8")
    for name, text in files.items():
        path = tmp_path / name.replace("_", ".")
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('fake("hello")', "a model is called"),
        ('classify(text="a").label', "a module is called"),
        ('with_lm(text="a").label', "a model is called"),
        ("ask()", "a model is called"),
        ('with_lm.batch([{"text": "a"}])', "a batch is run"),
        ("gate()", "an evaluation is run"),
        ("tune.compile(with_lm, trainset=rows)", "the rows of `rows.csv` are read"),
        ("label.compile(with_lm, trainset=rows)", "the rows of `rows.csv` are read"),
        ("len(rows)", "the rows of `rows.csv` are read"),
        ("rows[0].text", "the rows of `rows.csv` are read"),
        ("[row.text for row in rows]", "the rows of `rows.csv` are read"),
    ],
)
def test_a_suppressed_finding_does_not_let_loading_act(tmp_path: Path, expression: str, message: str) -> None:
    text = f"{FILE}\nx = {expression}  # dspyc: ignore[E305,E306]\n"
    path = folder_with(tmp_path, m_dspy=text) / "m.dspy"
    assert not [each for each in Workspace().analyse(str(path)).diagnostics if each.code != "W901"]
    with pytest.raises(ConfigurationError, match=f"{message} while .*m.dspy. is being loaded"):
        dspyc.load(path)
    path.write_text(FILE, encoding="utf-8")
    assert dspyc.load(path).ask() == "x"


def test_an_imported_python_file_calls_no_model_and_may_read_data(tmp_path: Path) -> None:
    program = """
    from reading import first
    from calling import ask

    def both() -> str:
        return first + ask()
    """
    reading = """
    from pathlib import Path
    from dspyc import Dataset

    first = Dataset(Path(__file__).parent / "rows.csv", inputs=["text"])[0].text
    """
    calling = """
    import dspyc

    predict = dspyc.Predict("q -> a", lm=dspyc.DummyLM([{"a": "x"}]))

    def ask() -> str:
        return predict(q="?").a
    """
    folder = folder_with(tmp_path, m_dspy=program, reading_py=reading, calling_py=calling)
    assert dspyc.load(folder / "m.dspy").both() == "ax"
    warming = f"{textwrap.dedent(calling)}\nask()\n"
    folder_with(tmp_path, m_dspy=program.replace("calling", "warming"), warming_py=warming)
    with pytest.raises(ConfigurationError, match=r"a model is called while .*m\.dspy"):
        dspyc.load(folder / "m.dspy")


DATA = """
from making import asked, rows_of, rows_later

KIND = "made"

def counted(count: int) -> list[dict[str, str]]:
    return [{"text": f"{number}", "label": "x"} for number in range(count)]

dataset made = Dataset(rows_of(KIND), inputs=["text"])
dataset later = Dataset(rows_later(KIND), inputs=["text"])
dataset named = Dataset(source=counted(2), inputs=["text"])
dataset all_rows = (made + later + named.take(1)).rename({"label": "intent"})
dataset first, second = all_rows.split(0.5, 0.5, seed=None)
dataset listed = Dataset([row for row in counted(3)], inputs=["text"])
dataset beside = Dataset("rows" + ".csv", inputs=["text"]) + Dataset("rows.csv", inputs=["text"])

test "rows":
    assert len(all_rows) == 4
    assert asked() == ["made", "later"], "rows are made once"
"""
MAKING = """
calls = []

def rows_of(kind):
    calls.append(kind)
    yield {"text": kind, "label": "x"}
    yield {"text": kind + "!", "label": "x"}

async def rows_later(kind):
    calls.append("later")
    return [{"text": kind, "label": "y"}]

def asked():
    return list(calls)
"""


def test_a_function_gives_rows_when_the_first_is_needed(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, m_dspy=DATA, making_py=MAKING)
    found = Workspace().analyse(str(folder / "m.dspy"))
    assert not found.diagnostics
    program = dspyc.load(folder / "m.dspy")
    assert program.asked() == []
    assert [row.text for row in program.all_rows] == ["made", "made!", "made", "0"]
    assert dict(program.all_rows[0].inputs()) == {"text": "made"}
    assert [row.intent for row in program.second] == ["y", "x"]
    assert len(program.listed) == 3
    assert [dict(row) for row in program.beside] == [{"text": "a", "label": "b"}] * 2
    program.__dspyc__.tests["rows"]()


def test_rows_are_not_made_by_the_statements_of_a_file(tmp_path: Path) -> None:
    text = DATA + "\nsize = len(made)  # dspyc: ignore[E305]\n"
    folder = folder_with(tmp_path, m_dspy=text, making_py=MAKING)
    with pytest.raises(ConfigurationError, match=r"the rows of the dataset are read while .*m\.dspy"):
        dspyc.load(folder / "m.dspy")


def _special_files(folder: Path) -> dict[str, str]:
    """Files that are not regular, by the name of the module, with what they are called."""
    os.mkfifo(folder / "pipe.dspy")
    os.mkfifo(folder / "pipe_p.py")
    (folder / "folder.dspy").mkdir()
    (folder / "folder_p.py").mkdir()
    (folder / "device.dspy").symlink_to("/dev/zero")
    (folder / "device_p.py").symlink_to("/dev/null")
    (folder / "large.dspy").write_bytes(b"#" * (4 * 2**20 + 1))
    (folder / "latin_p.py").write_bytes(b'x = "\xff"\n')
    with socket.socket(socket.AF_UNIX) as opened:
        # The path of a socket has a limit that the folders of tests may exceed.
        descriptor = os.open(folder, os.O_RDONLY)
        opened.bind(f"/proc/self/fd/{descriptor}/socket_p.py")
        os.close(descriptor)
    return {
        "pipe": "`pipe.dspy` is a named pipe, not a file",
        "pipe_p": "`pipe_p.py` is a named pipe, not a file",
        "folder": "`folder.dspy` is a folder, not a file",
        "folder_p": "`folder_p.py` is a folder, not a file",
        "device": "`device.dspy` is a device, not a file",
        "device_p": "`device_p.py` is a device, not a file",
        "socket_p": "`socket_p.py` is a socket, not a file",
        "large": "`large.dspy` is larger than 4 MB",
        "latin_p": "`latin_p.py` is not UTF-8: byte 0xff on line 1",
    }


@pytest.mark.parametrize("form", ["from {} import a as {}_a", "import {}", "from .{} import a as {}_a"])
def test_a_special_file_as_an_import_is_named(tmp_path: Path, form: str) -> None:
    expected = _special_files(tmp_path)
    path = tmp_path / "m.dspy"
    path.write_text("\n".join(form.format(name, name) for name in expected), encoding="utf-8")
    analysis = Workspace().analyse(str(path))
    found = [each.message for each in analysis.diagnostics if each.code == "E104"]
    dot = "." if " ." in form else ""
    assert found == [f"`{dot}{name}` cannot be imported: {words}" for name, words in expected.items()]


def test_an_import_that_becomes_a_file_is_one(tmp_path: Path) -> None:
    pipe = tmp_path / "limits.dspy"
    os.mkfifo(pipe)
    path = tmp_path / "m.dspy"
    path.write_text("from limits import most\n\nx = most\n", encoding="utf-8")
    workspace = Workspace()
    assert [each.code for each in workspace.analyse(str(path)).diagnostics] == ["E104"]
    pipe.unlink()
    (message,) = (each.message for each in workspace.analyse(str(path)).diagnostics)
    assert message == "unknown module `limits`"
    pipe.write_text("most = 3\n", encoding="utf-8")
    assert not workspace.analyse(str(path)).diagnostics


@pytest.mark.parametrize("name", ["pipe", "folder", "device", "large"])
def test_pythons_import_names_a_special_file(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _special_files(tmp_path)[name].partition("` ")[2]
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=expected):
        __import__(name)
