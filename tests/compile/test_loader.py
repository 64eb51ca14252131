"""Loading and importing: what is found where, what is kept, and what an error looks like."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import dspyc
from dspyc.cli.checking import check
from dspyc.grammar import syntax
from dspyc.loader.compiling import analyse
from dspyc.lsp.workspace import Workspace as Editor
from dspyc.project.workspace import Workspace
from dspyc.runtime import DummyLM
from dspyc.runtime.errors import ConfigurationError
from dspyc.runtime.optimizers.rollouts import models_of

QA = """
signature Ask:
    \"\"\"Answer.\"\"\"
    input question: str
    output answer: str

module qa = Predict(Ask)
"""


@pytest.fixture(autouse=True)
def _search_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test loads is not found by other tests."""
    known = set(sys.modules)
    monkeypatch.setattr("sys.path", [*sys.path])
    yield
    for name in {"common", "tools"} & (set(sys.modules) - known):
        del sys.modules[name]


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        path = folder / f"{stem.replace('__', '/')}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return folder


def python(folder: Path, code: str) -> str:
    """Run Python code in a process of its own, with the folder first in its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return done.stdout + done.stderr


NEEDS_LM = """
module qa = Predict("question -> answer")

test "answers":
    assert qa(question="What?").answer == "Brussels"
"""


def test_a_file_without_a_model_is_loaded_with_one_and_without(tmp_path: Path) -> None:
    write(tmp_path, qa_dspy=NEEDS_LM)
    assert [each.code for each in analyse(str(tmp_path / "qa.dspy")).diagnostics] == ["E301"]
    module = dspyc.load(tmp_path / "qa.dspy", lm=DummyLM([{"answer": "Brussels"}]))
    assert module.qa(question="What?").answer == "Brussels"
    with pytest.raises(ConfigurationError, match=r"lm"):
        dspyc.load(tmp_path / "qa.dspy").qa(question="What?")


@pytest.mark.parametrize("data", [b"\x80\x04\x95\x05\x00}\x94.", b'{"demos": []}', b"<!DOCTYPE html>"])
def test_a_file_of_another_format_is_named_alike_by_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.dspy"
    path.write_bytes(data)
    (found,) = Editor(folders=[str(tmp_path)]).project(str(path)).check(str(path)).diagnostics
    assert found.code == "E006"
    with pytest.raises(dspyc.CompileError) as caught:
        dspyc.load(path)
    (checked,) = check(Workspace(), path).diagnostics
    for each in (*caught.value.diagnostics, checked):
        assert (each.code, each.name, each.message) == (found.code, found.name, found.message)
        assert each.help == found.help


def test_the_project_says_which_functions_are_pure(tmp_path: Path) -> None:
    text = """
    from tools import look

    module M:
        input q: str
        output a: str
        forward:
            return a=look(q)
    """
    write(tmp_path, m_dspy=text, tools_py="def look(query):\n    return query\n")
    path = str(tmp_path / "m.dspy")
    code = """
    import glob, dspyc, m
    print(m.M()(q="x").a, b"call_pure" in open(*glob.glob("__pycache__/m.dspy.*"), "rb").read())
    """

    def seen() -> list[bool]:
        server = Editor(folders=[str(tmp_path)])
        analyses = [
            analyse(path),
            Workspace().analyse(path),
            server.project(path).check(path),
        ]
        return [
            each.program.call_kind(item, item.nodes(syntax.Call)[0]).effects
            for each in analyses
            for item in each.program.items[-1:]
        ]

    write(tmp_path, pyproject_toml="[tool.dspyc]\n")
    assert seen() == [True, True, True]
    assert python(tmp_path, code).split() == ["x", "False"]
    (tmp_path / "pyproject.toml").write_text('[tool.dspyc]\npure = ["tools.look"]\n', encoding="utf-8")
    assert seen() == [False, False, False]
    assert python(tmp_path, code).split() == ["x", "True"], "the code that was kept is stale"


def test_load(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA)
    lm = DummyLM([{"answer": "Brussels"}])
    triage = dspyc.load(tmp_path / "triage.dspy", lm=lm)
    assert triage.qa(question="What?").answer == "Brussels"
    assert triage.__dspyc__.kinds == {"Ask": "signature", "qa": "module"}
    assert triage.__dspyc__.path == str(tmp_path / "triage.dspy")


def test_batch_and_acall(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA)
    module = dspyc.load(tmp_path / "triage.dspy", lm=DummyLM({"a?": {"answer": "A"}, "b?": {"answer": "B"}}))
    assert [each.answer for each in module.qa.batch([{"question": "a?"}, {"question": "b?"}])] == ["A", "B"]


def test_a_file_may_be_called_like_a_module_of_python(tmp_path: Path) -> None:
    import math

    write(tmp_path, math_dspy=QA)
    assert dspyc.load(tmp_path / "math.dspy").qa is not None
    assert sys.modules["math"] is math


def test_errors_are_raised_with_their_diagnostics(tmp_path: Path) -> None:
    write(tmp_path, broken_dspy="module qa = Predict(Nothing)\n")
    with pytest.raises(dspyc.CompileError) as caught:
        dspyc.load(tmp_path / "broken.dspy")
    assert [each.severity for each in caught.value.diagnostics] == ["error"]
    assert "unknown name `Nothing`" in str(caught.value)
    assert "module qa = Predict(Nothing)" in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        dspyc.load(tmp_path / "missing.dspy")


def test_import(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA)
    shown = python(tmp_path, "import dspyc, triage; print(triage.qa, triage.__file__)")
    assert shown.strip() == f"Predict(question -> answer) {tmp_path / 'triage.dspy'}"


def test_importing_dspyc_brings_nothing_heavy(tmp_path: Path) -> None:
    heavy = "litellm httpx pydantic lark asyncio torch"
    shown = python(tmp_path, f"import sys, dspyc; print(sorted(set('{heavy}'.split()) & set(sys.modules)))")
    assert shown.strip() == "[]"


def test_byte_code_is_kept_while_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy="from common import LIMIT\nLIMITS = [LIMIT]\n", common_dspy="LIMIT = 1\n")
    use = "import dspyc, sys, triage; print(triage.LIMITS, 'dspyc.compiler.emit' in sys.modules)"
    assert python(tmp_path, use).split() == ["[1]", "True"]
    assert python(tmp_path, use).split() == ["[1]", "False"]
    kept = [path.name for path in (tmp_path / "__pycache__").iterdir()]
    assert sorted(name.partition(".cpython")[0] for name in kept) == ["common.dspy", "triage.dspy"]
    write(tmp_path, common_dspy="LIMIT = 22\n")
    assert python(tmp_path, use).split() == ["[22]", "True"]


def test_two_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA, triage_py="qa = None\n")
    assert "`import triage` is ambiguous" in python(tmp_path, "import dspyc, triage")
    write(tmp_path, main_dspy="from triage import qa\nmodule other = qa\n")
    with pytest.raises(dspyc.CompileError, match=r"triage\.py"):
        dspyc.load(tmp_path / "main.dspy")


def test_packages_and_relative_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg____init___py="",
        pkg__triage_dspy="""
        from .common import Passage
        from .helpers import size

        def measure(p: Passage) -> int:
            return size(p.text)
        """,
        pkg__common_dspy="type Passage:\n    text: str\n",
        pkg__helpers_py="def size(text: str) -> int:\n    return len(text)\n",
    )
    (tmp_path / "pkg/__init__.py").touch()
    use = "import dspyc; from pkg import triage, common; print(triage.measure(common.Passage(text='abc')))"
    assert python(tmp_path, use).strip() == "3"
    loaded = dspyc.load(tmp_path / "pkg/triage.dspy")
    assert loaded.measure(loaded.Passage(text="abcd")) == 4


def test_files_of_one_name_in_two_folders(tmp_path: Path) -> None:
    program = "from tools_of_tests import name\n\ndef call() -> str:\n    return name()\n"
    for folder in ("one", "two"):
        write(
            tmp_path / folder,
            main_dspy=program,
            tools_of_tests_py=f"def name() -> str:\n    return '{folder}'\n",
        )
    assert [dspyc.load(tmp_path / folder / "main.dspy").call() for folder in ("one", "two")] == ["one", "two"]


def test_a_shared_import_is_loaded_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        common_dspy="type Passage:\n    text: str\n",
        one_dspy="from common import Passage\n\ndef make() -> Passage:\n    return Passage(text='x')\n",
        two_dspy="""
        from common import Passage
        from one import make

        def same() -> bool:
            return isinstance(make(), Passage)
        """,
    )
    assert dspyc.load(tmp_path / "two.dspy").same() is True


def test_types_may_be_imported_in_a_circle(tmp_path: Path) -> None:
    write(
        tmp_path,
        house_dspy="""
        from person import Person

        type House:
            owner: Person | None = None

        empty = House()
        """,
        person_dspy="from house import House\n\ntype Person:\n    name: str\n    houses: list[House] = []\n",
    )
    for name in ("house", "person"):
        module = dspyc.load(tmp_path / f"{name}.dspy")
        person = module.Person(name="Ada", houses=[{"owner": {"name": "Bob"}}])
        assert person.houses[0].owner.name == "Bob"
    use = "import dspyc, house; print(house.Person(name='Ada', houses=[{'owner': None}]).houses)"
    assert python(tmp_path, use).strip() == "[House(owner=None)]"


def test_recursive_records(tmp_path: Path) -> None:
    write(
        tmp_path,
        trees_dspy="""
        type Tree:
            value: int
            kids: Forest = []
            owner: Gardener | None = None

        type Forest = list[Tree]

        type Gardener:
            tree: Tree | None = None

        small = Tree(value=1, kids=[Tree(value=2)], owner=Gardener())
        """,
    )
    assert dspyc.load(tmp_path / "trees.dspy").small.kids[0].value == 2


def test_a_name_may_be_used_above_its_declaration(tmp_path: Path) -> None:
    write(
        tmp_path,
        order_dspy="""
        module qa = Predict(Ask)
        limits = [limit]
        limit = 3

        signature Ask:
            input question: Question
            output answer: str

        type Question:
            text: str
        """,
    )
    module = dspyc.load(tmp_path / "order.dspy")
    assert module.limits == [3]
    assert module.qa.signature is module.Ask


def test_a_traceback_shows_the_line_of_the_program(tmp_path: Path) -> None:
    write(tmp_path, fails_dspy="def half(n: int) -> float:\n    return 1 / (n - n)\n")
    with pytest.raises(ZeroDivisionError) as caught:
        dspyc.load(tmp_path / "fails.dspy").half(3)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (str(tmp_path / "fails.dspy"), 2, "return 1 / (n - n)")
    assert last.colno is not None
    assert last.line[last.colno - 4 : (last.end_colno or 0) - 4] == "1 / (n - n)"


def test_the_defaults_of_a_file_speak_for_its_modules(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_dspy="""
        configure(lm=LM("openai/first"), max_retries=0)

        signature Ask:
            input question: str
            output answer: str

        module Deep(k: int = 1):
            input question: str
            output answer: str

            plain = Predict(Ask)
            own = Predict(Ask, temperature=0.9)

            forward:
                return own(question=plain(question=question).answer)

        module deep = Deep(k=2, lm=LM("openai/second"), temperature=0.1)
        """,
    )
    module = dspyc.load(tmp_path / "main.dspy")
    assert module.deep.k == 2
    assert {name: lm.model for name, lm in models_of(module.deep).items()} == {
        "plain": "openai/second",
        "own": "openai/second",
    }
    for made in (module.deep, module.Deep()):
        assert made.plain._defaults["lm"].model == "openai/first"
        assert made.plain._defaults["max_retries"] == 0


def test_a_module_s_settings_hold_for_its_calls_only(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_dspy="""
        signature Ask:
            input question: str
            output answer: str

        module shared = Predict(Ask)

        module Deep:
            input question: str
            output answer: str

            part = shared
            own = Predict(Ask, temperature=0.9)

            forward:
                return own(question=part(question=question).answer)

        module deep = Deep(temperature=0.1, max_tokens=20)
        """,
    )
    module = dspyc.load(tmp_path / "main.dspy")
    its_own, of_the_call, of_the_context = (DummyLM([{"answer": "A"}] * 4) for _ in range(3))
    module.deep.own.lm = its_own
    with dspyc.runtime.context(lm=of_the_context):
        module.deep(question="q")
        module.shared(question="q")
        module.deep(question="q", lm=of_the_call, config={"max_tokens": 30})
        asyncio.run(module.deep.acall(question="q", lm=of_the_call, max_retries=0))

    def asked(lm: DummyLM) -> list[tuple[float, int]]:
        return [(entry["kwargs"]["temperature"], entry["kwargs"]["max_tokens"]) for entry in lm.history]

    assert asked(of_the_context) == [(0.1, 20), (0.0, 1000)]
    assert asked(its_own) == [(0.9, 20)]
    assert asked(of_the_call) == [(0.1, 30), (0.9, 30), (0.1, 20), (0.9, 20)]


def test_inputs_are_checked_before_any_call(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_dspy="""
        signature Ask:
            input question: str
            output answer: str

        module Deep:
            input question: str where len(question) < 5
            input hint: str | None = None
            output answer: str

            part = Predict(Ask)

            forward:
                return part(question=question + (hint or ""))

        module deep = Deep()
        """,
    )
    deep = dspyc.load(tmp_path / "main.dspy", lm=DummyLM([{"answer": "A"}])).deep
    for inputs, message in [
        ({}, "the call lacks the input `question`"),
        ({"question": "q", "hunt": "h"}, "`Deep` has no input `hunt`; did you mean `hint`?"),
        ({"question": "too long"}, "the input `question` is 'too long', which is against"),
    ]:
        with pytest.raises(
            dspyc.runtime.InputError, match="^" + message.replace("?", r"\?").replace("(", r"\(")
        ):
            deep(**inputs)
    with pytest.raises(dspyc.runtime.InputError, match="inputs are given by name"):
        deep("q")
    assert deep(question="q").answer == "A"


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin.dspy"
    path.write_bytes("# Käse\nmodule q = Predict('question -> answer')\n".encode("latin-1"))
    with pytest.raises(dspyc.CompileError, match="this file is not UTF-8"):
        dspyc.load(path)


def copied(tmp_path: Path) -> Path:
    """A copy of the package, which a test may change."""
    package = tmp_path / "copy" / "dspyc"
    here = Path(dspyc.__file__).parent
    rooms = ("base", "cli", "compiler", "grammar", "loader", "lsp", "project", "runtime")
    for name in rooms:
        shutil.copytree(here / name, package / name, ignore=shutil.ignore_patterns("__pycache__", "*.gguf"))
    for name in ("__init__.py", "__main__.py"):
        shutil.copy2(here / name, package / name)
    return package


@pytest.mark.parametrize("room", ["base", "compiler", "grammar", "loader", "project", "runtime"])
def test_byte_code_follows_its_compiler(tmp_path: Path, room: str) -> None:
    package = copied(tmp_path)
    write(tmp_path, triage_dspy="LIMIT = 1\n")
    use = f"""
    import sys
    sys.path.insert(0, {str(package.parent)!r})
    import dspyc, triage
    assert dspyc.__file__.startswith({str(package)!r})
    print(triage.LIMIT, "dspyc.compiler.emit" in sys.modules)
    """
    assert python(tmp_path, use).split() == ["1", "True"]
    assert python(tmp_path, use).split() == ["1", "False"]
    changed = package / room / "__init__.py"
    before = changed.stat()
    # As large as before, and with the same times: only the content tells.
    changed.write_bytes(changed.read_bytes().replace(b"a", b"e", 1))
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed.stat().st_size == before.st_size
    assert python(tmp_path, use).split() == ["1", "True"]
    assert python(tmp_path, use).split() == ["1", "False"]


def test_numbers_follow_the_grammar(tmp_path: Path) -> None:
    package = copied(tmp_path)
    write(tmp_path, triage_dspy="LIMIT = 1\n")
    use = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); import dspyc, triage; print(triage.LIMIT)"
    )
    assert python(tmp_path, use).split() == ["1"]
    actions = package / "grammar" / "actions" / "expressions.py"
    text = actions.read_text(encoding="utf-8")
    assert "= int(text, 0)" in text
    actions.write_text(text.replace("= int(text, 0)", "= int(text, 0) + 1"), encoding="utf-8")
    assert python(tmp_path, use).split() == ["2"]


def test_the_search_path_is_left_as_it_was(tmp_path: Path) -> None:
    write(
        tmp_path / "project",
        main_dspy="from tools import look\nfound = look()\n",
        tools_py=(
            "import dspyc\nimport neighbour_of_tools\n\n"
            "@dspyc.pure\ndef look():\n    return neighbour_of_tools.VALUE\n"
        ),
        neighbour_of_tools_py="VALUE = 7\n",
        pyproject_toml='[tool.dspyc]\npure = ["tools.look"]\n',
    )
    code = """
    import sys, threading, dspyc
    before = list(sys.path)
    def load(): assert dspyc.load("project/main.dspy").found == 7
    threads = [threading.Thread(target=load) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sys.path == before, sys.path
    sys.path.append("project")
    load()
    import os; os.chdir("project")
    import main
    assert sys.path == [*before, "project"], sys.path
    print("same")
    """
    assert python(tmp_path, code).split() == ["same"]


def test_the_search_path_is_left_as_it_was_after_an_error(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_dspy="from tools import look\n",
        tools_py="def look():\n    return 1\n\nnothing\n",
    )
    before = list(sys.path)
    with pytest.raises(NameError):
        dspyc.load(tmp_path / "main.dspy")
    assert sys.path == before
