"""`dspyc build --target dspy`: modules that run on DSPy itself, ask the same and give the same.

`built/features.json` holds what DSPy 3.4.1 sent for `built/features.py`, and `prompts/` what it sent for the
programs that were written for it. Where DSPy is installed (`build/dspy`, as `make bench` makes it, or the
Python that `DSPYC_TEST_DSPY` names), it runs what is built here.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import dspyc
import dspyc.runtime as dspy
from dspyc.cli.main import run as main
from dspyc.compiler.emit_dspy import classes
from dspyc.compiler.emit_dspy.surface import surface
from dspyc.runtime.signature.fields import CONSTRAINT_WORDS
from tests.moving.test_programs import CALLS, Recorder, moved

HERE = Path(__file__).parent
BUILT = HERE / "built"
FEATURES: dict[str, dict[str, Any]] = {
    "first": {"text": "hello"},
    "less": {"text": "hello", "hint": "a hint"},
    "more": {"text": "hello"},
    "agent": {"text": "hello"},
    "inline": {"text": "hello", "kinds": ["a", "b"]},
    "steps": {"text": "hello"},
    "other": {"text": "hello", "names": ["one"]},
    "best": {"text": "hello"},
    "tuned": {"text": "hello"},
}
READ = {
    "facility.json": '[{"fields": {"input": "m"}, "answer": "{}"}]',
    "qa.jsonl": '{"question": "q", "response": "a"}\n',
    "reviews.csv": "text,label\nnice,positive\n",
    "data/invoices.csv": "text,number,total\nInvoice 1,1,2.50\n",
}
"""Files that built modules read when they are imported."""
HUB = {"labels"}
"""Programs that then read from the hub."""
DATA = ("rows", "train", "dev", "file")
PYTHON = Path(os.environ.get("DSPYC_TEST_DSPY", HERE.parents[1] / "build" / "dspy" / "bin" / "python"))


def build(path: Path, out: Path, capsys: pytest.CaptureFixture[str] | None = None) -> tuple[Path, list[str]]:
    """The built module, and what was told."""
    assert main(["build", str(path), "--target", "dspy", "--out", str(out)]) == 0
    told = capsys.readouterr().err.splitlines() if capsys is not None else []
    return out / f"{path.stem}.py", [line.split(".dspy:", 1)[1] for line in told if ".dspy:" in line]


def plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


def test_the_module_is_the_one_that_ran_on_dspy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, losses = build(BUILT / "features.dspy", tmp_path, capsys)
    assert path.read_text() == (BUILT / "features.py").read_text()
    assert losses == (BUILT / "features.losses.txt").read_text().splitlines()
    assert (tmp_path / "rows.csv").read_text() == (BUILT / "rows.csv").read_text()
    imported = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import)]
    assert "dspy" in {each.name for node in imported for each in node.names}
    assert "import dspyc" not in path.read_text()
    assert "from dspyc" not in path.read_text()


@pytest.mark.parametrize("name", FEATURES)
def test_this_runtime_asks_as_dspy_does(name: str) -> None:
    seen = json.loads((BUILT / "features.json").read_text())[name]
    lm = Recorder()
    with dspy.context(lm=lm):
        program = getattr(dspyc.load(BUILT / "features.dspy"), name)
        for predictor in program.predictors():
            predictor.lm = lm
        found = program(**FEATURES[name])
    assert lm.seen == seen["messages"]
    assert json.loads(json.dumps(found.toDict(), default=plain)) == seen["outputs"]


def test_what_was_learned_goes_along(tmp_path: Path) -> None:
    text = 'module qa = Predict("q -> a")\noptimizer few = LabeledFewShot(k=1)\n'
    text += 'dataset rows = Dataset([{"q": "1", "a": "2"}], inputs=["q"])\n'
    text += "program tuned = few.compile(qa, trainset=rows)\n"
    (tmp_path / "p.dspy").write_text(text)
    dspyc.load(tmp_path / "p.dspy").tuned.optimize()
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    assert 'tuned = learned(qa, "p.tuned")' in path.read_text()
    saved = json.loads((tmp_path / "out" / "p.tuned.state.json").read_text())
    assert saved["predictors"]["self"]["demos"] == [{"q": "1", "a": "2"}]


def test_a_name_of_the_program_is_not_taken(tmp_path: Path) -> None:
    text = 'signature told:\n    input q: str\n    output a: str where a != "x"\n\nmodule m = Predict(told)\n'
    (tmp_path / "p.dspy").write_text(text)
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    lines = path.read_text().splitlines()
    assert "class told(dspy.Signature):" in lines
    assert "def told_(signature, field, words):" in lines
    assert 'told_(told, "a", \'a != "x"\')' in lines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tools t = MCP("x")\nmodule m = ReAct("q -> a", tools=[*t])\n', "nothing of"),
        ('dataset d = Dataset("hf://datasets/a/b", inputs=["q"])\n', "save it as JSON Lines"),
        ('lm x = LM("gguf/x.gguf")\n', "runs in this package's own process"),
    ],
)
def test_what_cannot_be_said_at_all_is_refused(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.dspy").write_text(text)
    assert main(["build", str(tmp_path / "p.dspy"), "--target", "dspy", "--out", str(tmp_path / "out")]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_hands_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.dspy").write_text('module m = Predict("q -> a")\n')
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "p.py").write_text("mine = 1\n")
    assert main(["build", str(tmp_path / "p.dspy"), "--target", "dspy", "--out", str(tmp_path / "out")]) == 2
    assert "was not written by dspyc" in capsys.readouterr().err
    assert (tmp_path / "out" / "p.py").read_text() == "mine = 1\n"


def test_limits_are_told_in_the_runtimes_words() -> None:
    assert {name: CONSTRAINT_WORDS[name] for name in classes.WORDS} == classes.WORDS


# --- there and back -------------------------------------------------------------------------------------


def back(path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The program that a built module is imported as; it checks without an error."""
    capsys.readouterr()
    assert main(["import", str(path), "--force"]) == 0
    told = capsys.readouterr().err
    assert "stays Python" not in told, told
    assert not path.with_name(f"{path.stem}_python.py").exists()
    assert main(["check", str(path.with_suffix(".dspy"))]) == 0, capsys.readouterr().out
    return path.with_suffix(".dspy")


def asked(path: Path, name: str, inputs: dict[str, Any]) -> list[Any]:
    lm = Recorder()
    with dspy.context(lm=lm):
        program = getattr(dspyc.load(path), name)
        for predictor in program.predictors():
            predictor.lm = lm
        # Plausible answers do not meet every condition.
        with suppress(dspy.AdapterParseError):
            program(**inputs)
    return sorted(json.dumps(each) for each in lm.seen)


def test_a_program_with_every_feature_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = build(BUILT / "features.dspy", tmp_path)
    again = back(path, capsys)
    seen = json.loads((BUILT / "features.json").read_text())
    for name, inputs in FEATURES.items():
        assert asked(again, name, inputs) == sorted(json.dumps(each) for each in seen[name]["messages"]), name
    loaded = dspyc.load(again)
    assert loaded.__dspyc__.kinds["tuned"] == "program"
    assert loaded.__dspyc__.kinds["scores"] == "evaluate"
    assert list(loaded.__dspyc__.tests) == ["one"]
    assert [dict(row) for row in loaded.file] == [
        dict(row) for row in dspyc.load(BUILT / "features.dspy").file
    ]


@pytest.mark.parametrize(
    ("name", "program", "inputs"),
    [
        ("triage", "triage", {"message": "Where is it?"}),
        ("invoices", "invoices", {"text": "INVOICE 1"}),
        ("banking", "classify", {"text": "Where is my card?"}),
    ],
)
def test_an_example_comes_back(
    name: str, program: str, inputs: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = HERE.parents[1] / "examples" / name / f"{name}.dspy"
    path, _ = build(source, tmp_path / "out")
    assert asked(back(path, capsys), program, inputs)[:1] == asked(source, program, inputs)[:1]


@pytest.mark.parametrize("name", ["emails", "multi_hop", "refined", "sql", "translation"])
def test_a_program_of_dspys_comes_back_twice(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = build(moved(name, tmp_path / "first"), tmp_path / "second")
    attribute, inputs = CALLS[name]
    expected = json.loads((HERE / "prompts" / f"{name}.json").read_text())
    assert asked(back(path, capsys), attribute, inputs) == sorted(json.dumps(each) for each in expected)


# --- on DSPy itself -------------------------------------------------------------------------------------

on_dspy = pytest.mark.skipif(not PYTHON.exists(), reason="needs DSPy, as `make bench` installs it")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What DSPy sends for everything that is built here: the features, and DSPy's programs there and back."""
    folder = tmp_path_factory.mktemp("built")
    features, _ = build(BUILT / "features.dspy", folder / "features")
    calls: dict[str, Any] = {
        f"features.{name}": [str(features), name, inputs] for name, inputs in FEATURES.items()
    }
    calls |= {f"features.{name}": [str(features), name, {}] for name in (*DATA, "evaluate_scores")}
    for name, (attribute, inputs) in CALLS.items():
        target = folder / name / "built"
        (target / "data").mkdir(parents=True)
        for file, text in READ.items():
            (target / file).write_text(text)
        path, _ = build(moved(name, folder / name), target)
        calls[name] = [str(path), attribute, inputs]
    code = subprocess.run(
        [PYTHON, HERE / "on_dspy.py"],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder / "facility" / "built",
    )
    found: dict[str, Any] = json.loads(code.stdout)
    return found


@on_dspy
@pytest.mark.parametrize("name", FEATURES)
def test_features_on_dspy(name: str, ran: dict[str, Any]) -> None:
    assert ran[f"features.{name}"] == json.loads((BUILT / "features.json").read_text())[name]


@on_dspy
@pytest.mark.parametrize("name", DATA)
def test_data_on_dspy(name: str, ran: dict[str, Any]) -> None:
    rows = getattr(dspyc.load(BUILT / "features.dspy"), name)
    assert ran[f"features.{name}"] == {"rows": [dict(row) for row in rows], "inputs": ["text"]}


@on_dspy
def test_an_evaluation_on_dspy(ran: dict[str, Any]) -> None:
    # The model's answers are not the rows' outputs: the gate of 10 percent is shut.
    assert ran["features.evaluate_scores"] == {"error": "AssertionError: 0.0"}


@on_dspy
@pytest.mark.parametrize("name", sorted(CALLS.keys() - HUB))
def test_a_program_of_dspys_asks_the_same_there_and_back(name: str, ran: dict[str, Any]) -> None:
    assert ran[name]["messages"] == json.loads((HERE / "prompts" / f"{name}.json").read_text())


@on_dspy
def test_the_table_of_names_is_that_of_the_installed_dspy() -> None:
    code = subprocess.run([PYTHON, HERE / "record_dspy.py"], capture_output=True, text=True, check=True)
    found = json.loads(code.stdout)
    assert found["version"] == surface().version
    assert found == json.loads((Path(classes.__file__).parent / "_dspy.json").read_text())


if __name__ == "__main__":
    # Record anew: `python -m tests.moving.test_built`, from the repository, where DSPy is installed.
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path, _ = build(BUILT / "features.dspy", Path(folder))
        (BUILT / "features.py").write_text(path.read_text())
        asked = {name: [str(path), name, inputs] for name, inputs in FEATURES.items()}
        made = subprocess.run(
            [PYTHON, HERE / "on_dspy.py"], input=json.dumps(asked), capture_output=True, text=True, check=True
        )
        content = json.loads(made.stdout)
        (BUILT / "features.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        sys.stdout.write("\n".join(f"{name}: {'error' in each}" for name, each in content.items()) + "\n")
