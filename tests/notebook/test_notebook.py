"""`%%dspy` in a real IPython shell, and in a real kernel as Jupyter starts it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from dspyc.notebook.program import Program
from dspyc.notebook.session import CellError, Session
from dspyc.notebook.shown import Findings

QA = '''%%dspy
configure(lm=DummyLM([{"answer": "Brussels"}]))

signature QA:
    """Answer the question."""
    input question: str
    output answer: str
'''


class Notebook:
    """A shell with the extension; `run` gives what the cell's last line is, and raises what it raises."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell.instance(config=config)
        self.run("%load_ext dspyc")

    def run(self, cell: str) -> Any:
        with capture_output(display=True) as self.shown:
            ran = self.shell.run_cell(cell)
        error = ran.error_before_exec or ran.error_in_exec
        if error is not None:
            raise error
        return ran.result


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    names = set(sys.modules)
    yield Notebook()
    InteractiveShell.clear_instance()
    for name in {"notebook", "triage"} & (set(sys.modules) - names):
        del sys.modules[name]


def test_a_cells_programs_are_the_notebooks(notebook: Notebook) -> None:
    notebook.run(QA + "\nmodule qa = Predict(QA)\n")
    assert notebook.run('qa(question="The capital of Belgium?").answer') == "Brussels"
    assert notebook.run("sorted(QA.output_fields)") == ["answer"]


def test_a_cell_knows_what_earlier_cells_declare(notebook: Notebook) -> None:
    notebook.run(QA)
    notebook.run("%%dspy\nmodule qa = Predict(QA)\n")
    assert notebook.run('qa(question="?").answer') == "Brussels"
    notebook.run("%%dspy\ndef twice(x: int) -> int:\n    return 2 * x\n")
    notebook.run(
        "%%dspy\nfrom math import floor\ndef more(x: int) -> int:\n    return twice(x) + floor(1.5)\n"
    )
    assert notebook.run("more(3)") == 7


def test_a_cell_that_runs_again_replaces_what_it_declared(notebook: Notebook) -> None:
    notebook.run("%%dspy\ndef f() -> int:\n    return 1\ndef g() -> int:\n    return f()\n")
    notebook.run("%%dspy\ndef f() -> int:\n    return 2\n")
    assert notebook.run("f()") == 2
    notebook.run("%%dspy\ndef h() -> int:\n    return g()\n")
    assert notebook.run("h()") == 2


def test_what_other_cells_have_made_stays_what_it_is(notebook: Notebook) -> None:
    notebook.run("%%dspy\ntype City:\n    name: str\n")
    notebook.run('city = City(name="Gent")')
    notebook.run("%%dspy\ndef shout(city: City) -> str:\n    return city.name.upper()\n")
    assert notebook.run("shout(city)") == "GENT"
    notebook.run('%%dspy\nmodule qa = Predict("question -> answer")\n')
    notebook.run("first = qa")
    notebook.run("%%dspy\ndef other() -> int:\n    return 1\n")
    assert notebook.run("qa is first")
    # What uses a thing that has changed is made anew, where a Python cell has not put another value.
    notebook.run("%%dspy\nsignature S:\n    input a: str\n    output b: str\n")
    notebook.run("%%dspy\nmodule m = Predict(S)\nmodule n = Predict(S)\n")
    notebook.run("n = 1")
    notebook.run("%%dspy\nsignature S:\n    input a: str\n    output c: str\n")
    assert notebook.run("list(m.signature.output_fields), n") == (["c"], 1)


def test_a_cell_that_fails_while_it_runs_changes_nothing(notebook: Notebook) -> None:
    notebook.run("%%dspy\ndef f() -> int:\n    return 1\nK = [1]\n")
    with pytest.raises(IndexError):
        notebook.run("%%dspy\ndef f() -> int:\n    return 2\nL = K[3]\n")
    assert notebook.run("f()") == 1
    notebook.run("%%dspy\ndef g() -> int:\n    return f()\n")
    assert notebook.run("g()") == 1


def test_a_mistake_is_shown_where_it_is_in_the_cell(notebook: Notebook) -> None:
    notebook.run(QA)
    with pytest.raises(CellError) as caught:
        notebook.run("%%dspy\n\nmodule qa = Predict(QB)\n")
    assert "this cell:2:21" in str(caught.value)
    assert "unknown name `QB`" in str(caught.value)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", notebook.shown.stdout)
    assert "2 | module qa = Predict(QB)" in shown
    assert "Traceback" not in shown
    # What is wrong counts for nothing, and the next cell is right.
    notebook.run("%%dspy\nmodule qa = Predict(QA)\n")
    assert notebook.run('qa(question="?").answer') == "Brussels"


def test_a_change_that_breaks_another_cell_says_which(notebook: Notebook) -> None:
    notebook.run("%%dspy\ntype City:\n    name: str\n")
    notebook.run("%%dspy\ndef shout(city: City) -> str:\n    return city.name.upper()\n")
    with pytest.raises(CellError, match=r"cell 2:2:17"):
        notebook.run("%%dspy\ntype City:\n    title: str\n")
    assert notebook.run('shout(City(name="Gent"))') == "GENT"


def test_warnings_are_shown_and_the_cell_runs(notebook: Notebook) -> None:
    notebook.run("%%dspy\nfrom math import pi\ndef f(x: int) -> int:\n    y = 1\n    return x\n")
    assert notebook.run("f(3)") == 3
    notebook.run("%%dspy\ndef g(x: int) -> int:\n    unused = 1\n    return x\n")
    [shown] = notebook.shown.outputs
    assert "the variable `unused` is never used" in shown.data["text/html"]
    assert "the variable `unused` is never used" in shown.data["text/plain"]
    # What the next cell may use is no finding, nor what another cell has been told of.
    assert "pi" not in shown.data["text/plain"]
    assert "`y`" not in shown.data["text/plain"]


def test_findings_are_html_that_shows_the_program_as_text() -> None:
    with pytest.raises(CellError) as caught:
        Session("cells").run('module m = Predikt("a -> b", rules="<b>&")\n')
    html = Findings(caught.value.report)._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    assert html.count("<span") == html.count("</span>") > 3
    assert not re.search(r"[\x00-\x08]", html)


def test_cells_of_a_name_are_a_module_of_their_own(notebook: Notebook) -> None:
    notebook.run('%%dspy triage\nmodule qa = Predict("question -> answer")\n')
    notebook.run('%%dspy\nmodule other = Predict("text -> summary")\n')
    with pytest.raises(CellError, match="unknown name `qa`"):
        notebook.run('%%dspy\ndef f() -> str:\n    return qa(question="?").answer\n')
    assert notebook.run("from triage import qa as imported\nimported is qa")
    assert notebook.run("import notebook\nnotebook.other is other")


def test_reset_forgets(notebook: Notebook) -> None:
    notebook.run("%%dspy\ndef f() -> int:\n    return 1\n")
    with pytest.raises(CellError, match="unknown name `f`"):
        notebook.run("%%dspy --reset\ndef g() -> int:\n    return f()\n")
    # What earlier cells have declared is forgotten by a cell that counts.
    notebook.run("%%dspy\ndef h() -> int:\n    return f()\n")
    notebook.run("%%dspy --reset\ndef g() -> int:\n    return 2\n")
    with pytest.raises(CellError, match="unknown name `h`"):
        notebook.run("%%dspy\ndef i() -> int:\n    return h()\n")


@pytest.mark.parametrize("line", ["a b", "--rset", "1x", "class", "'a"])
def test_a_wrong_line_says_what_to_write(notebook: Notebook, line: str) -> None:
    with pytest.raises(UsageError, match="write `%%dspy`"):
        notebook.run(f'%%dspy {line}\nmodule a = Predict("a -> b")\n')


def test_a_traceback_shows_the_line_of_the_cell(notebook: Notebook) -> None:
    notebook.run("%%dspy\ndef f(x: int) -> int:\n    return 1 // x\n")
    with pytest.raises(ZeroDivisionError):
        notebook.run("f(0)")
    assert "return 1 // x" in re.sub(r"\x1b\[[0-9;]*m", "", notebook.shown.stdout)


def test_a_traceback_after_a_cell_that_failed(notebook: Notebook) -> None:
    def shown(cell: str) -> str:
        with pytest.raises(ZeroDivisionError):
            notebook.run(cell)
        return re.sub(r"\x1b\[[0-9;]*m", "", notebook.shown.stdout)

    notebook.run("%%dspy\ndef f(x: int) -> int:\n    return 1 // x\n")
    failing = "def f(x: int) -> int:\n    # one more line\n    return 2 // x\nK = f(0)\n"
    for line in ("", " --reset"):
        assert "return 2 // x" in shown(f"%%dspy{line}\n{failing}")
        assert "return 1 // x" in shown("f(0)")


def test_a_cell_may_read_data_beside_the_notebook(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\nhi,a\n")
    notebook.run('%%dspy\ndataset rows = Dataset("rows.csv", inputs=["text"])\n')
    assert notebook.run("list(rows)[0].label") == "a"
    assert not list(tmp_path.glob("*.dspy"))


def test_the_extension_can_be_unloaded(notebook: Notebook) -> None:
    notebook.run("%unload_ext dspyc")
    with pytest.raises(UsageError, match="dspy"):
        notebook.run('%%dspy\nmodule a = Predict("a -> b")\n')


def test_an_import_keeps_the_names_that_are_left() -> None:
    program = Program().with_cell(1, "from math import pi, e as euler, floor\n")
    program = program.with_cell(2, "def floor(x: float) -> int:\n    return 1\n")
    assert program.text == "from math import pi, e as euler\ndef floor(x: float) -> int:\n    return 1\n"
    program = program.with_cell(3, '"""About."""\nfrom os import path\ndef euler() -> int:\n    return 1\n')
    assert program.text.startswith('"""About."""\nfrom math import pi\nfrom os import path\ndef floor')


def test_configure_docstrings_and_tests_are_there_once() -> None:
    program = Program().with_cell(1, '"""A."""\nconfigure(lm=a)\ntest "t":\n    pass\n')
    program = program.with_cell(2, '"""B."""\nconfigure(lm=b)\ntest "t":\n    assert 1\n')
    assert program.text == '"""B."""\nconfigure(lm=b)\ntest "t":\n    assert 1\n'


def test_in_a_terminal_the_cell_is_coloured(notebook: Notebook) -> None:
    from types import SimpleNamespace

    from IPython.terminal.ptutils import IPythonPTLexer
    from prompt_toolkit.document import Document

    from dspyc.notebook.extension import _colour

    lexer = IPythonPTLexer()
    _colour(SimpleNamespace(pt_app=SimpleNamespace(lexer=lexer)))
    get_line = lexer.lex_document(Document("%%dspy\nlm gpt = LM()\n"))
    styles = {text: style for style, text in get_line(1)}
    assert "keyword.declaration" in styles["lm"]


def test_a_kernel_runs_cells(tmp_path: Path) -> None:
    """What Jupyter does: a kernel of its own process, messages over ZeroMQ."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        got: list[dict[str, Any]] = []
        cells = [
            "%load_ext dspyc",
            QA + "module qa = Predict(QA)\n",
            'qa(question="?").answer',
            "%%dspy\nmodule m = Predict(QB)",
        ]
        for cell in cells:
            client.execute_interactive(cell, timeout=60, output_hook=got.append)
        results = [
            each["content"]["data"]["text/plain"] for each in got if each["msg_type"] == "execute_result"
        ]
        errors = [each["content"] for each in got if each["msg_type"] == "error"]
        assert results == ["'Brussels'"]
        assert [each["ename"] for each in errors] == ["CellError"]
        assert "Predict(QB)" in "\n".join(errors[0]["traceback"])
    except Empty:  # pragma: no cover - says what the kernel had said
        pytest.fail(f"the kernel does not answer; it had said {got}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
