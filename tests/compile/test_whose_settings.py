"""A module runs with the `configure` of its file, or without one with that of who calls it at the time."""

from __future__ import annotations

import copy
import pickle
import textwrap
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.loader.load import execute
from dspyc.project.workspace import Workspace
from dspyc.runtime import ConfigurationError, DummyLM, configure, context
from dspyc.runtime.execution import settings

BARE = """
module bare = Predict("text -> by")
"""
OWN = """
configure(lm=DummyLM({"text": {"by": "own"}}))

module own = Predict("text -> by")
"""
MIDDLE = """
from bare import bare
from own import own

module Middle:
    \"\"\"Ask a module without settings, one with its own, and a part.\"\"\"
    input text: str
    output found: list[str]

    shared = bare
    other = own
    part = Predict("text -> by")

    forward:
        a = shared(text=text)
        b = other(text=text)
        c = part(text=text)
        return found=[a.by, b.by, c.by]

module middle = Middle()

def ask(text: str) -> str:
    return bare(text=text).by
"""


def caller(name: str) -> str:
    return f"""
    from middle import Middle, ask, middle
    from bare import bare

    configure(lm=DummyLM({{"text": {{"by": "{name}"}}}}))

    module Top:
        \"\"\"Ask what is beneath.\"\"\"
        input text: str
        output found: list[str]

        beneath = middle

        forward:
            return found=beneath(text=text).found

    module top = Top()
    module made_here = Middle()

    def through(text: str) -> str:
        return ask(text=text)

    def directly(text: str) -> str:
        return bare(text=text).by

    def same(example, pred) -> bool:
        return pred.by == "{name}"

    dataset rows = Dataset([{{"text": "a", "by": "x"}}], inputs=["text"])
    evaluate score = Evaluate(bare, devset=rows, metric=same)
    optimizer few = BootstrapFewShot(metric=same, max_labeled_demos=0)
    program learned = few.compile(bare, trainset=rows)

    test "who answers":
        assert bare(text="a").by == "{name}", "the one that runs the test"
    """


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"bare": BARE, "own": OWN, "middle": MIDDLE, "one": caller("one"), "two": caller("two")}
    for name, text in texts.items():
        (tmp_path / f"{name}.dspy").write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return tmp_path


def test_the_files_check(folder: Path) -> None:
    workspace = Workspace()
    for path in folder.glob("*.dspy"):
        assert not workspace.analyse(str(path)).diagnostics, path.name


def loaded(folder: Path) -> tuple[Any, Any]:
    """Two files that import the same ones, so that what these declare is shared."""
    (folder / "both.dspy").write_text(
        "from one import top as one\nfrom two import top as two\n", encoding="utf-8"
    )
    (folder / "both.dspy").write_text("import one\nimport two\n", encoding="utf-8")
    module = execute(Workspace().analyse(str(folder / "both.dspy")))
    return module.one, module.two


def test_imports_two_deep_share_parts_and_no_settings(folder: Path) -> None:
    one, two = loaded(folder)
    assert one.middle is two.middle
    for _ in range(2):
        assert one.top(text="a").found == ["one", "own", "one"]
        assert two.top(text="a").found == ["two", "own", "two"]
    assert one.made_here(text="a").found == ["one", "own", "one"]
    assert two.made_here(text="a").found == ["two", "own", "two"]


def test_functions_tests_evaluations_and_programs_are_callers(folder: Path) -> None:
    for module, name in zip(loaded(folder), ("one", "two"), strict=True):
        assert module.through(text="a") == name
        assert module.directly(text="a") == name
        module.__dspyc__.tests["who answers"]()
        assert module.score().score == 100
        assert module.learned(text="a").by == name
        module.learned.optimize()
        assert module.learned.state_path.is_file()


def test_who_calls_from_python_counts_last_and_a_context_first(folder: Path) -> None:
    bare = dspyc.load(folder / "bare.dspy").bare
    one, _ = loaded(folder)
    with pytest.raises(ConfigurationError, match="no language model is set"):
        bare(text="a")
    configure(lm=DummyLM({"text": {"by": "process"}}))
    try:
        assert bare(text="a").by == "process"
        assert one.top(text="a").found == ["one", "own", "one"]
        assert one.middle(text="a").found == ["process", "own", "process"]
        with context(lm=DummyLM({"text": {"by": "context"}})):
            assert bare(text="a").by == "context"
            assert one.top(text="a").found == ["context"] * 3
        assert bare(text="a").by == "process"
    finally:
        settings.reset()


def test_threads_do_not_see_each_other(folder: Path) -> None:
    modules = loaded(folder)
    wrong: list[Any] = []

    def ask(module: Any, name: str) -> None:
        for _ in range(20):
            found = module.top(text="a").found
            if found != [name, "own", name]:
                wrong.append(found)

    threads = [
        threading.Thread(target=ask, args=(module, name))
        for module, name in zip(modules, ("one", "two"), strict=True)
        for _ in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_a_model_given_to_load_is_that_of_the_file(folder: Path) -> None:
    given = DummyLM({"text": {"by": "given"}})
    module = dspyc.load(folder / "one.dspy", lm=given)
    assert module.top(text="a").found == ["given", "own", "given"]
    assert module.through(text="a") == "given"
    assert dspyc.load(folder / "one.dspy").top(text="a").found == ["one", "own", "one"]
    assert dspyc.load(folder / "own.dspy").own(text="a").by == "own"
    assert dspyc.load(folder / "middle.dspy", lm=given).middle(text="a").found == ["given", "own", "given"]


def test_copies_and_other_processes_keep_them(folder: Path) -> None:
    module = dspyc.load(folder / "one.dspy")
    assert module.top.deepcopy()(text="a").found == ["one", "own", "one"]
    assert copy.deepcopy(module.top)(text="a").found == ["one", "own", "one"]
    twin = pickle.loads(pickle.dumps(module.top))  # noqa: S301 what was written a moment ago
    assert twin(text="a").found == ["one", "own", "one"]


PYTHON = """
import dspyc

shared = dspyc.Predict("text -> by")
"""


def user(name: str, form: str) -> str:
    return f"""
    {form}

    configure(lm=DummyLM({{"text": {{"by": "{name}"}}}}))

    module Uses:
        \"\"\"Ask a module of Python.\"\"\"
        input text: str
        output by: str

        part = {"made.shared" if form == "import made" else "shared"}

        forward:
            return by=part(text=text).by

    module uses = Uses()
    """


@pytest.mark.parametrize("form", ["from made import shared", "import made"])
def test_a_module_of_python_follows_who_calls_it(tmp_path: Path, form: str) -> None:
    (tmp_path / "made.py").write_text(PYTHON, encoding="utf-8")
    for name in ("one", "two"):
        (tmp_path / f"{name}.dspy").write_text(textwrap.dedent(user(name, form)).lstrip(), encoding="utf-8")
    (tmp_path / "both.dspy").write_text("import one\nimport two\n", encoding="utf-8")
    module = execute(Workspace().analyse(str(tmp_path / "both.dspy")))
    for _ in range(2):
        assert module.one.uses(text="a").by == "one"
        assert module.two.uses(text="a").by == "two"


LIBRARY = """
configure(max_retries=0)

module Careful:
    \"\"\"Ask once.\"\"\"
    input text: str
    output number: int

    part = Predict("text -> number: int")

    forward:
        return number=part(text=text).number

module careful = Careful()
"""


def test_a_file_that_names_no_model_takes_the_callers_and_keeps_the_rest(tmp_path: Path) -> None:
    program = """
    from library import careful

    configure(lm=DummyLM([{"number": "none"}, {"number": "1"}]), max_retries=5)

    def ask() -> int:
        return careful(text="a").number
    """
    files: Mapping[str, str] = {"library": LIBRARY, "main": program}
    for name, text in files.items():
        (tmp_path / f"{name}.dspy").write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    with pytest.raises(dspyc.AdapterParseError):
        dspyc.load(tmp_path / "main.dspy").ask()
