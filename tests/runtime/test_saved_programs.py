"""Whole programs in folders, and states beside DSPy's: never a pickle, and no code without consent."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydantic
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import StateError

MODULE = '''
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import dspyc.runtime as dspy

Path(__file__ + ".ran").write_text("")


@dataclass
class Point:
    """A place."""

    x: int


class Kind(Enum):
    """Kinds."""

    A = "a"


class Locate(dspy.Signature):
    """Find the places."""

    text: str = dspy.InputField(desc="where to look")
    hint: str | None = dspy.InputField(default=None)
    places: list[Point] = dspy.OutputField(min_length=1)
    kind: Kind = dspy.OutputField()


def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


class Program(dspy.Module):
    """Locates."""

    def __init__(self):
        super().__init__()
        self.locate = dspy.ChainOfThought(Locate)
        self.again = self.locate
        self.options = {"pair": (1, 2.5), 3: None}
        self.point = Point(7)
        self.agent = dspy.ReAct("question -> answer", tools=[shout])
        self.search = dspy.BM25(["cats sleep", "dogs bark"], k=1)

    def forward(self, text):
        return self.locate(text=text)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the user's, in a folder on Python's path."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "kept_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    import importlib

    made = importlib.import_module("kept_module")
    yield made
    del sys.modules["kept_module"]


def load_elsewhere(folder: Path, cwd: Path, options: str = "") -> str:
    """What another process says that loads a program, without the user's folder on its path."""
    code = (
        f"import dspyc.runtime as dspy\n"
        f"try: p = dspy.load({str(folder)!r}{options})\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "else: print(type(p).__name__, [name for name, _ in p.named_predictors()])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=cwd)
    return done.stdout + done.stderr


# --- whole programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        dspy.Predict("question -> answer: list[int] | None, kind: Literal['a', \"it's\", 3]"),
        dspy.ChainOfThought(dspy.Signature("a, b: dict[str, float] -> c", "Do it."), temperature=0.3),
        dspy.ChainOfThoughtWithHint("question -> answer"),
        dspy.MultiChainComparison("question -> answer", M=2),
        dspy.ReAct("question -> answer", tools=[]),
        dspy.Retrieve(k=4),
        dspy.Parallel(num_threads=2),
    ],
)
def test_the_runtimes_modules(program: dspy.Module, tmp_path: Path) -> None:
    program.save(tmp_path / "program", save_program=True)
    again = dspy.load(tmp_path / "program")
    assert type(again) is type(program)
    assert again.dump_state() == program.dump_state()
    for (_, one), (_, other) in zip(program.named_predictors(), again.named_predictors(), strict=True):
        assert one.signature.fields == other.signature.fields
        assert one.signature.instructions == other.signature.instructions
        assert one.config == other.config
    assert sorted(each.name for each in (tmp_path / "program").rglob("*")) == [
        "metadata.json",
        "program.json",
    ]


def test_a_program_of_ones_own(module: Any, tmp_path: Path) -> None:
    program = module.Program()
    program.locate.predict.demos = [dspy.Example(text="x", places=[module.Point(1)]).with_inputs("text")]
    program.locate.predict.lm = dspy.LM("openai/gpt-4o-mini", temperature=0.5, api_key="sk-canary123456")
    program.save(tmp_path / "kept", save_program=True)
    again = dspy.load(tmp_path / "kept", allow_code=True)
    assert type(again) is module.Program
    assert again.again is again.locate
    assert again.options == {"pair": (1, 2.5), 3: None}
    assert again.point == module.Point(7)
    demo = again.locate.predict.demos[0]
    assert (demo.places, set(demo.inputs().keys())) == ([module.Point(1)], {"text"})
    assert again.locate.predict.lm.model == "openai/gpt-4o-mini"
    assert again.locate.predict.lm.kwargs["temperature"] == 0.5
    assert again.search("dogs").indices == [1]
    assert again.agent.tools["shout"](text="a") == "A"
    assert "canary" not in "".join(each.read_text() for each in (tmp_path / "kept").rglob("*.*"))
    again.locate.predict.lm = dspy.DummyLM([{"reasoning": "r", "places": [{"x": 3}], "kind": "a"}])
    found = again(text="here")
    assert (found.places, found.kind) == ([module.Point(3)], module.Kind.A)


def test_code_is_not_run_without_consent(module: Any, tmp_path: Path) -> None:
    module.Program().save(tmp_path / "by_name", save_program=True)
    module.Program().save(tmp_path / "by_value", save_program=True, modules_to_serialize=[module])
    source = tmp_path / "by_value" / "sources" / "kept_module.py"
    assert source.read_text() == MODULE
    for folder in (tmp_path / "by_name", tmp_path / "by_value"):
        said = load_elsewhere(folder, tmp_path)
        assert said.startswith(
            "StateError the saved program uses code that is not the runtime's, `kept_module"
        ), said
    assert not source.with_name("kept_module.py.ran").exists()
    for options in (", allow_code=True", ", allow_pickle=True"):
        said = load_elsewhere(tmp_path / "by_value", tmp_path, options)
        assert said == "Program ['locate.predict', 'agent.react', 'agent.extract.predict']\n"
    assert source.with_name("kept_module.py.ran").exists()
    said = load_elsewhere(tmp_path / "by_name", tmp_path, ", allow_code=True")
    assert "its module cannot be imported: No module named 'kept_module'" in said


def test_classes_that_are_imported_already_need_no_consent(module: Any, tmp_path: Path) -> None:
    program = module.Program()
    del program.agent
    program.save(tmp_path / "kept", save_program=True)
    assert type(dspy.load(tmp_path / "kept")) is module.Program


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "builtins:eval",
        "dspyc.runtime.lm.client:os.system",
        "dspyc.runtime.evaluate.report.page:_file",
        "dspyc.runtime.evaluate.report:save_report",
        "dspyc.runtime.evaluate.saved:load_result",
        "dspyc.runtime.evaluate.metrics:_answers",
        "kept:absent",
    ],
)
def test_a_crafted_file_reaches_nothing(name: str, tmp_path: Path) -> None:
    program = {"$": "object", "class": name, "number": 0, "state": {}}
    tool = {
        "$": "object",
        "class": "dspyc.runtime.tools.tool:Tool",
        "number": 0,
        "state": {"func": {"$": "named", "name": name}},
    }
    for crafted in (
        program,
        tool,
        {"$": "record", "class": name, "value": "id"},
        {"$": "nonsense"},
        {"$": []},
        [{}],
    ):
        content = {"dspyc_program": 1, "program": crafted, "sources": ["../../evil"]}
        (tmp_path / "program.json").write_text(json.dumps(content))
        if crafted == [{}]:
            continue
        with pytest.raises(StateError):
            dspy.load(tmp_path)


@pytest.mark.parametrize("name", ["dspyc.runtime.data.dataset:Dataset", "dspyc.runtime.lm.client:LM"])
@pytest.mark.parametrize("tag", ["named", "type"])
def test_a_tool_is_no_class(name: str, tag: str, tmp_path: Path) -> None:
    called = (
        {"$": "named", "name": name} if tag == "named" else {"$": "type", "text": "T", "classes": {"T": name}}
    )
    tool = {"$": "object", "class": "dspyc.runtime.tools.tool:Tool", "number": 0, "state": {"func": called}}
    content = {"dspyc_program": 1, "program": tool, "sources": []}
    (tmp_path / "program.json").write_text(json.dumps(content))
    with pytest.raises(StateError, match="uses code that is not the runtime's"):
        dspy.load(tmp_path)


def test_folders_that_hold_no_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no saved program"):
        dspy.load(tmp_path / "absent")
    with pytest.raises(StateError, match="there is no state file"):
        dspy.load(tmp_path)
    (tmp_path / "program.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(StateError, match="contains a DSPy pickle, which can run any code and is never read"):
        dspy.load(tmp_path, allow_pickle=True)
    (tmp_path / "program.json").write_text('{"dspyc_program": 99}')
    with pytest.raises(StateError, match="does not contain a program of this version"):
        dspy.load(tmp_path)


def test_paths_of_programs(tmp_path: Path) -> None:
    program = dspy.Predict("a -> b")
    with pytest.raises(StateError, match=r"a whole program is saved in a folder: .* must be a directory"):
        program.save(tmp_path / "program.json", save_program=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="is a file"):
        program.save(tmp_path / "file", save_program=True)
    with pytest.raises(StateError, match=r"should end in `.json`"):
        program.save(tmp_path / "folder")


def test_a_class_inside_a_function(tmp_path: Path) -> None:
    prefix = "hello "

    class Base(dspy.Module):
        """A base."""

    class Local(Base):
        """Greets."""

        def __init__(self) -> None:
            super().__init__()
            self.answer = dspy.Predict("name -> greeting")

        def forward(self, name: str) -> str:
            return prefix + str(self.answer(name=name).greeting)

    Local().save(tmp_path / "kept", save_program=True)
    source = next((tmp_path / "kept" / "sources").iterdir()).read_text()
    assert "class Base" in source
    assert 'prefix = "hello "' in source
    assert "test_a_class" not in source
    assert "pytest" not in source
    again = dspy.load(tmp_path / "kept", allow_code=True)
    with dspy.context(lm=dspy.DummyLM([{"greeting": "you"}])):
        assert again(name="x") == "hello you"


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    def with_value(value: int) -> type[dspy.Module]:
        class Local(dspy.Module):
            def forward(self) -> int:
                return value

        return Local

    with pytest.raises(StateError, match="uses `value`, a value of the function around it"):
        with_value(3)().save(tmp_path / "kept", save_program=True)
    program = dspy.Predict("a -> b")
    program.open_file = object()
    with pytest.raises(StateError, match=r"cannot be saved: .*Predict.open_file"):
        program.save(tmp_path / "kept", save_program=True)
    program.open_file = lambda: 3
    with pytest.raises(StateError, match="has no name; declare it in a file"):
        program.save(tmp_path / "kept", save_program=True)
    assert not (tmp_path / "kept").exists()


def test_a_script_is_not_run_again(tmp_path: Path) -> None:
    """Of a script only what the class needs goes with it."""
    (tmp_path / "script.py").write_text(
        "import sys\nimport dspyc.runtime as dspy\n\nGREETING = 'hi'\nprint('RUN')\n\n\n"
        "class Greet(dspy.Module):\n    def __init__(self):\n        self.p = dspy.Predict('a -> b')\n\n"
        "    def forward(self, a):\n        return GREETING\n\n\n"
        "if __name__ == '__main__':\n    Greet().save(sys.argv[1], save_program=True)\n"
    )
    subprocess.run([sys.executable, "script.py", "kept"], cwd=tmp_path, check=True, capture_output=True)
    source = (tmp_path / "kept" / "sources" / "__main__.py").read_text()
    assert "RUN" not in source
    assert "sys" not in source
    assert load_elsewhere(tmp_path / "kept", tmp_path, ", allow_code=True") == "Greet ['p']\n"


def test_other_versions_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dspy.Predict("a -> b").save(tmp_path / "kept", save_program=True)
    facts = {"dependency_versions": {"python": "3.9", "dspy": "2.6.27"}, "versions": {"dspyc": "0.0.1"}}
    (tmp_path / "kept" / "metadata.json").write_text(json.dumps(facts))
    with caplog.at_level(logging.WARNING):
        dspy.load(tmp_path / "kept")
    assert [record.args[1:3] for record in caplog.records] == [("python", "3.9"), ("dspyc", "0.0.1")]  # type: ignore[index]


# --- states ---------------------------------------------------------------------------------------------


class Item(pydantic.BaseModel):
    """A record."""

    name: str


def test_a_state_without_json(tmp_path: Path) -> None:
    program = dspy.ChainOfThought("text -> items: list[Item]")
    program.predict.demos = [dspy.Example(text="a", items=[Item(name="b")])]
    assert program.dump_state()["predict"]["demos"][0]["items"] == [{"name": "b"}]
    assert program.dump_state(json_mode=False)["predict"]["demos"][0]["items"] == [Item(name="b")]
    assert dspy.Predict("a -> b").dump_state(json_mode=False)["demos"] == []


def test_dspys_names_of_options(tmp_path: Path) -> None:
    program = dspy.Predict("a -> b")
    program.save(tmp_path / "state.json", save_program=False)
    program.load(tmp_path / "state.json", allow_pickle=True, allow_unsafe_lm_state=True)
    program.load_state(program.dump_state(), allow_unsafe_lm_state=True)
    with pytest.raises(StateError, match="nothing is ever pickled"):
        program.load(tmp_path / "state.pkl", allow_pickle=True)


def test_what_dspy_reads_of_a_state(tmp_path: Path) -> None:
    """It fails at versions that it does not know."""
    dspy.Predict("a -> b").save(tmp_path / "state.json")
    facts = json.loads((tmp_path / "state.json").read_text())["metadata"]
    assert list(facts["dependency_versions"]) == ["python"]
    assert list(facts["versions"]) == ["dspyc", "pydantic"]


# --- settings -------------------------------------------------------------------------------------------


def test_settings_of_the_programs_own() -> None:
    dspy.configure(my_own=[1])
    assert dspy.settings.my_own == [1]
    assert dspy.settings["my_own"] == [1]
    assert "my_own" in dspy.settings
    with dspy.context(other=2, my_own=3):
        assert (dspy.settings.get("other"), dspy.settings.my_own) == (2, 3)
        kept = dspy.settings.copy()
    assert kept["other"] == 2
    assert dspy.settings.get("other", 5) == 5
    with dspy.context(**kept):
        assert dspy.settings.other == 2
    with pytest.raises(AttributeError, match="unknown setting `other`"):
        _ = dspy.settings.other


@pytest.mark.parametrize("name", ["adaptor", "num_thread", "max_error", "track_usages"])
def test_a_misspelt_setting(name: str) -> None:
    with pytest.raises(dspy.ConfigurationError, match=f"unknown setting `{name}`; did you mean"):
        dspy.configure(**{name: 1})
