"""`dspyc build --target dspy`: conditions, names that programs share with it, and files that are there."""

from __future__ import annotations

import ast
import builtins
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.cli.building_dspy import _text
from dspyc.cli.errors import Failure
from dspyc.cli.main import run as main
from dspyc.compiler.emit_dspy import BuiltForDSPy, with_dspy
from tests.moving.test_built import HERE, back, build, on_dspy
from tests.moving.test_built import PYTHON as DSPY

ASK = """
configure(lm=LM("openai/gpt-4o-mini"))

signature Ask:
    input text: str
    output quote: str where quote in text, "it stands in the text"
    output info: dict[str, int] where info["n"] > 3
    output age: int where age > 3

module ask = Predict(Ask)
dataset rows = Dataset([{"text": each} for each in "abcd"], inputs=["text"], shuffle=0)
"""
GOOD = {"quote": "a", "info": {"n": 4}, "age": 5}
NOT_THERE = GOOD | {"quote": "z"}
TOO_FEW = GOOD | {"info": {"n": 3}}
TOO_YOUNG = GOOD | {"age": 3}
CHECKED: dict[str, tuple[list[Any], Any]] = {
    "a good answer": ([GOOD], GOOD),
    "an input, then good": ([NOT_THERE, GOOD], GOOD),
    "an input, twice": ([NOT_THERE, NOT_THERE], "AdapterParseError: `quote`: it stands in the text"),
    "an entry, twice": ([TOO_FEW, TOO_FEW], 'AdapterParseError: `info`: info["n"] > 3'),
    "a limit, twice": ([TOO_YOUNG, TOO_YOUNG], "AdapterParseError: `age`: greater than: 3"),
    "an entry that is missing": ([GOOD | {"info": {}}], "KeyError: 'n'"),
}


def given(calls: dict[str, Any]) -> Any:
    """What built modules give on DSPy."""
    code = subprocess.run(
        [DSPY, HERE / "check_on_dspy.py"], input=json.dumps(calls), capture_output=True, text=True, check=True
    )
    return json.loads(code.stdout)


@on_dspy
def test_every_condition_is_checked_of_every_answer(tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(ASK)
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    calls = {name: [str(path), "ask", {"text": "a"}, answers] for name, (answers, _) in CHECKED.items()}
    assert given(calls) == {name: found for name, (_, found) in CHECKED.items()}


@on_dspy
def test_a_seed_of_0_shuffles_as_here(tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(ASK)
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    rows = [dict(row) for row in dspyc.load(tmp_path / "p.dspy").rows]
    assert [row["text"] for row in rows] != ["a", "b", "c", "d"]
    assert given({"rows": [str(path), "rows", {}, []]}) == {"rows": rows}


# --- names ----------------------------------------------------------------------------------------------

USING = """
configure(lm=LM("openai/gpt-4o-mini"))

signature S:
    input text: str
    output answer: str where len(answer) > 2 and answer != "n", "m"

type Line:
    amount: float where abs(amount) < 3

module M:
    input text: str
    output answer: str
    part = Predict(S)
    forward:
        try:
            found = part(text=text)
        except LMError as error:
            suggest text != "a"
            found = part(text=text)
        try:
            suggest found.answer != "x"
        except ValueError as error:
            pass
        assert found.answer != "x", "not x"
        return answer=found.answer
    fallback:
        return answer="a"

dataset rows = Dataset("rows.csv", inputs=["text"], shuffle=3)
module NAME = M()

def same(example: rows, pred: NAME, *, trace: Any = None) -> Score:
    return Score(float(pred.answer == example.answer), feedback="x")

def half(example: rows, pred: NAME) -> Score:
    inner = same(example, pred)
    return Score(inner.score * 0.5, feedback=inner.feedback)

optimizer tune = LabeledFewShot(k=1)
program tuned = tune.compile(NAME, trainset=rows)
evaluate score = Evaluate(NAME, devset=rows, metric=half, require=0)
"""
NAMES = (
    *("flow", "dspy", "attributes", "compiled", "pydantic", "builtins", "pathlib", "Path", "enum"),
    *("json", "csv", "gzip", "random", "re", "contextvars", "learned", "CheckedAdapter", "dataset_"),
    *(
        "program",
        "result",
        "values",
        "value",
        "info",
        "compile_tuned",
        "list",
        "dict",
        "open",
        "super",
    ),
)


def unbound(path: Path) -> set[str]:
    """The names that a module reads and that nothing in it binds."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    bound = {each.id for each in nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}
    bound |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    bound |= {each.name for each in nodes if isinstance(each, (ast.FunctionDef, ast.ClassDef))}
    bound |= {(each.asname or each.name).split(".")[0] for each in nodes if isinstance(each, ast.alias)}
    read = {each.id for each in nodes if isinstance(each, ast.Name)}
    return read - bound - set(dir(builtins)) - {"__file__", "__class__"}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A program that has one of its modules under each of these names, built."""
    found = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp("named")
        (folder / "rows.csv").write_text("text,answer\na,abc\n")
        # Where a type is asked for, the name of one of Python's is not taken for the module.
        text = USING.replace("pred: NAME", "pred: Any") if name in ("Path", "list", "dict") else USING
        (folder / "p.dspy").write_text(text.replace("NAME", name))
        found[name], _ = build(folder / "p.dspy", folder / "out")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_is_added_takes_no_name_of_the_program(name: str, named: dict[str, Path]) -> None:
    tree = ast.parse(named[name].read_text())
    assert unbound(named[name]) == set()
    imported = [
        each for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)) for each in node.names
    ]
    assert name not in {each.asname or each.name for each in imported}


@on_dspy
def test_programs_with_names_of_what_is_added_run_on_dspy(named: dict[str, Path]) -> None:
    answers = [{"answer": "abc"}] * 3
    calls: dict[str, Any] = {name: [str(path), name, {"text": "a"}, answers] for name, path in named.items()}
    measure = {name: [str(path), "evaluate_score", {}, answers] for name, path in named.items()}
    tuning = "compile_tuned_2"
    learn = {
        name: [str(path), tuning if name == "compile_tuned" else "compile_tuned", {}, answers]
        for name, path in named.items()
    }
    assert given(calls) == {name: {"answer": "abc"} for name in NAMES}
    assert given(learn) == dict.fromkeys(NAMES, "M")
    assert given(measure) == {name: {"score": 50.0} for name in NAMES}


def test_examples_of_two_signatures_are_kept_apart(tmp_path: Path) -> None:
    one = 'signature {}:\n    input q: str\n    output a: str\n    demo q={!r}, a="x"\n\n'
    text = one.format("ask", "1") + one.format("ASK", "2")
    (tmp_path / "p.dspy").write_text(text + "module x = Predict(ask)\nmodule y = Predict(ASK)\n")
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    lines = path.read_text().splitlines()
    assert "x = with_demos(dspy.Predict(ask), ASK_DEMOS)" in lines
    assert "y = with_demos(dspy.Predict(ASK), ASK_DEMOS_2)" in lines


def test_imported_programs_are_built_with_what_they_lack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sub.dspy").write_text(
        'module search = BM25(["a"])\nsignature S:\n    input q: str\n    output a: str where a != q\n'
    )
    (tmp_path / "main.dspy").write_text(
        'from sub import S, search\nimport sub\nconfigure(lm=LM("openai/o3"))\nmodule m = Predict(S)\n'
        "def ask(q: str) -> list[str]:\n    return search(query=q).passages\n"
        "def also(q: str) -> list[str]:\n    return sub.search(query=q).passages\n"
    )
    path, told = build(tmp_path / "main.dspy", tmp_path / "out", capsys)
    assert (tmp_path / "out" / "sub.py").exists()
    text = path.read_text()
    assert "search" not in text
    assert "adapter=CheckedAdapter()" in text
    assert told == [
        "1: `search` is left out: DSPy has no `BM25`",
        "1: `search` is left out: the module that it comes from does not have it",
        "5: `ask` is left out: `search` is left out",
        "7: `also` is left out: `sub.search` is left out",
    ]


@pytest.mark.parametrize("target", ["dspy", "dspyc"])
def test_a_files_name_is_no_line_of_the_module(target: str, tmp_path: Path) -> None:
    path = tmp_path / 'evil\nprint("X")\n#.dspy'
    path.write_text('module m = Predict("q -> a")\n')
    assert main(["build", str(path), "--target", target, "--out", str(tmp_path / "out")]) == 0
    for made in (tmp_path / "out").iterdir():
        assert 'print("X")' not in made.read_text().splitlines()


# --- files ----------------------------------------------------------------------------------------------

FILES = 'dataset rows = Dataset("rows.csv", inputs=["q"])\nmodule m = Predict("q -> a")\n'


@pytest.mark.parametrize(
    ("name", "there", "code"),
    [
        ("rows.csv", "mine\n", 2),
        ("rows.csv", "q\n1\n", 0),
        ("p.py", "# mine\nx = 'for DSPy by dspyc'\n", 2),
        ("p.py", '"""Compiled from x; __dspyc__."""\n', 2),
        ("p.py", "# Built from p.dspy for DSPy by dspyc; change that file\n", 0),
        ("p.py", "# Compiled from p.dspy; change that file\n", 0),
        ("p.tuned.state.json", '{"predictors": {}}', 0),
        ("p.tuned.state.json", "{}", 2),
    ],
)
def test_what_was_not_written_here_stays(name: str, there: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(FILES)
    (tmp_path / "rows.csv").write_text("q\n1\n")
    (tmp_path / "p.tuned.state.json").write_text('{"predictors": {"self": {}}}')
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(there)
    os.utime(out / name, ns=(0, 0))
    assert main(["build", str(tmp_path / "p.dspy"), "--target", "dspy", "--out", str(out)]) == code
    if code:
        assert [(each.name, each.read_text()) for each in out.iterdir()] == [(name, there)]


def test_nothing_is_written_where_one_of_several_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.dspy").write_text(FILES)
        (tmp_path / name / "rows.csv").write_text(f"q\n{name}\n")
    paths = [str(tmp_path / name / f"{name}.dspy") for name in ("a", "b")]
    assert main(["build", *paths, "--target", "dspy", "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("is_broken", [True, False])
def test_what_was_learned_and_does_not_go_along_is_told(
    is_broken: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'module m = Predict("q -> a")\ndataset rows = Dataset([{"q": "1", "a": "2"}], inputs=["q"])\n'
    text += "optimizer few = LabeledFewShot(k=1)\nprogram tuned = few.compile(m, trainset=rows)\n"
    (tmp_path / "p.dspy").write_text(text)
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    dspyc.load(tmp_path / "p.dspy").tuned.optimize()
    state = tmp_path / "p.tuned.state.json"
    kept = json.loads(state.read_text())
    kept["predictors"]["self"]["lm"] = {"model": "gguf/m.gguf"}
    state.write_text("{" if is_broken else json.dumps(kept))
    _, told = build(tmp_path / "p.dspy", tmp_path / "out", capsys)
    wanted = "is left out: its state" if is_broken else "is taken without its models, `gguf/m.gguf`"
    assert f"4: what `tuned` has learned {wanted}" in "\n".join(told)
    assert (tmp_path / "out" / state.name).exists() != is_broken
    assert not (tmp_path / "out" / "m.gguf").exists()


def test_what_lies_beside_a_model_and_is_none_goes_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.dspy").write_text(
        'from helper import f\ndataset rows = Dataset("rows.csv", inputs=["q"])\n'
        'module m = Predict("q -> a")\nlm own = LM("gguf/tokenizer.json")\n'
        "def told() -> str:\n    return f()\n"
    )
    (tmp_path / "helper.py").write_text("def f() -> str:\n    return ''\n")
    (tmp_path / "rows.csv").write_text("q,a\n1,2\n")
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    build(tmp_path / "p.dspy", tmp_path / "out", capsys)
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"p.py", "helper.py", "rows.csv"}


def test_what_python_does_not_read_is_not_written() -> None:
    with pytest.raises(Failure, match=r"p\.dspy cannot be built for DSPy: .*line 1"):
        _text(BuiltForDSPy("x = (", (), 1), Path("p.dspy"))


# --- back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dspy", "json", "learned", "values", "program"])
def test_a_name_of_what_is_added_comes_back(
    name: str, named: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("text,answer\na,abc\n")
    (tmp_path / "p.py").write_text(named[name].read_text())
    again = back(tmp_path / "p.py", capsys)
    kinds = dspyc.load(again).__dspyc__.kinds
    assert kinds[name] == "module"
    assert kinds["tuned"] == "program"
    assert kinds["score"] == "evaluate"


def test_what_only_has_a_helpers_name_comes_back(tmp_path: Path) -> None:
    text = 'module ask = Predict("text -> answer")\n\ndef pick(a: str) -> str:\n    return a\n\n'
    text += "def described_(a: str) -> str:\n    return a\n\n"
    text += 'dataset learned = Dataset("rows.csv", inputs=["text"])\n'
    (tmp_path / "p.dspy").write_text(text)
    (tmp_path / "rows.csv").write_text("text\n1\n")
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    assert main(["import", str(path), "--force"]) == 0
    loaded = dspyc.load(path.with_suffix(".dspy"))
    assert {"ask", "pick", "described_", "learned"} <= set(vars(loaded))
    assert not {"dataset", "Rows"} & set(vars(loaded))


def test_a_condition_keeps_its_brackets(tmp_path: Path) -> None:
    text = "signature S:\n    input q: str\n    output flag: bool\n"
    text += "    output n: int where n >= 1 and (n != 3 or flag)\n"
    (tmp_path / "p.dspy").write_text(text + "module one = Predict(S)\n")
    path, _ = build(tmp_path / "p.dspy", tmp_path / "out")
    assert main(["import", str(path), "--force"]) == 0
    assert "n >= 1 and (n != 3 or flag)" in path.with_suffix(".dspy").read_text()


# --- what DSPy has otherwise ----------------------------------------------------------------------------

KINDS: dict[str, tuple[str, str]] = {
    "types in the text of a signature": (
        'module ask = Predict("picture: Image, taken: date | None -> tags: list[str]")\n',
        '"picture: dspy.Image, taken: datetime.date | None -> tags: list[str]"',
    ),
    "types of the program in the text of a signature": (
        'enum Kind:\n    a = "a"\n\nmodule ask = Predict(Signature("text -> kind: Kind", "Say which."))\n',
        'custom_types={"Kind": Kind}',
    ),
    "a record that names itself": (
        "type Node:\n    name: str\n    children: list[Node] = []\n\n"
        "signature Ask:\n    input text: str\n    output tree: Node\n\nmodule ask = Predict(Ask)\n",
        'children: "list[Node]"',
    ),
    "records that name each other": (
        "type Team:\n    members: list[Person]\n\n"
        "type Person:\n    name: str\n    team: Team | None = None\n\n"
        "signature Ask:\n    input text: str\n    output team: Team\n\nmodule ask = Predict(Ask)\n",
        "Person.model_rebuild()",
    ),
}
LACKING = {
    "field names": (
        "signature Ask:\n    input signature: str\n    output answer: str\n",
        "3: `Ask` is left out: DSPy takes no field that is called `signature`",
    ),
    "field names in a text": (
        'module asked = Predict("_hidden -> answer")\n',
        "3: `asked` is left out: DSPy takes no field that is called `_hidden`",
    ),
    "probabilities": (
        'signature Ask:\n    input text: str\n    output kind: Literal["a", "b"]\n\n'
        "module asked = Predict(Ask)\n\n"
        "module Sure:\n    input text: str\n    output sure: float\n\n"
        "    ask = Predict(Ask)\n\n    forward:\n"
        "        found = ask(text=text)\n"
        '        return sure=found.probabilities["kind"]["a"] if found.probabilities else 0.0\n',
        "9: `Sure` is left out: DSPy's `Prediction` has no `probabilities`",
    ),
    "the best programs": (
        'module asked = Predict("question -> answer")\n'
        'dataset rows = Dataset([{"question": "q", "answer": "a"}], inputs=["question"])\n\n'
        "def same(example, pred):\n    return example.answer == pred.answer\n\n"
        "optimizer search = BootstrapFewShotWithRandomSearch(metric=same)\n"
        "program found = search.compile(asked, trainset=rows)\n"
        "optimizer vote = Ensemble(reduce_fn=majority)\nprogram voting = vote.compile(found.top(2))\n",
        "12: `voting` is left out: DSPy's `Module` has no `top`",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_forms_that_dspy_reads(name: str, tmp_path: Path) -> None:
    text, expected = KINDS[name]
    (tmp_path / "p.dspy").write_text(f'configure(lm=LM("openai/gpt-4o-mini"))\n\n{text}')
    path, losses = build(tmp_path / "p.dspy", tmp_path / "out")
    assert not losses
    assert expected in path.read_text()


@on_dspy
def test_forms_that_dspy_reads_run_there(tmp_path: Path) -> None:
    calls = {}
    inputs = {"picture": "https://example.org/a.png", "taken": None, "text": "t"}
    answers = {
        "types in the text of a signature": {"tags": ["x"]},
        "types of the program in the text of a signature": {"kind": "a"},
        "a record that names itself": {"tree": {"name": "n", "children": [{"name": "m"}]}},
        "records that name each other": {"team": {"members": [{"name": "n"}]}},
    }
    for number, (name, (text, _)) in enumerate(KINDS.items()):
        source = tmp_path / f"p{number}.dspy"
        source.write_text(f'configure(lm=LM("openai/gpt-4o-mini"))\n\n{text}')
        path, _ = build(source, tmp_path / "out")
        calls[name] = [str(path), "keys", inputs, [answers[name]]]
    assert given(calls) == {name: sorted(answer) for name, answer in answers.items()}


@pytest.mark.parametrize("name", LACKING)
def test_what_dspy_lacks_is_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, expected = LACKING[name]
    text = f'configure(lm=LM("openai/gpt-4o-mini"))\n\n{text}\nmodule other = Predict("a -> b")\n'
    (tmp_path / "p.dspy").write_text(text)
    _, losses = build(tmp_path / "p.dspy", tmp_path / "out", capsys)
    assert expected in losses


def test_files_that_import_each_other_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, other in ("ab", "ba"):
        text = f"from .{other} import T{other}\n\ntype T{name}:\n    other: T{other} | None = None\n"
        (tmp_path / f"{name}.dspy").write_text(text)
    assert main(["build", str(tmp_path / "a.dspy"), "--target", "dspy", "--out", str(tmp_path / "out")]) == 1
    assert "is imported by a file that it imports" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("import dspyc.runtime as dspy\n\nqa = dspy.Predict('a -> b')\n", "import dspy\n"),
        ("import os, dspyc.runtime as d\n\nqa = d.Predict('a -> b')\n", "import os\nimport dspy as d\n"),
        ("from dspyc.runtime import Predict, Image\n", "from dspy import Predict\nfrom dspy import Image\n"),
        ("from dspyc.runtime.teleprompt import COPRO as C  # x\n", "from dspy import COPRO as C  # x\n"),
        ("from dspyc.runtime.datasets import DataLoader\n", "from dspy.datasets import DataLoader\n"),
        ("def f():\n    import dspyc.runtime as dspy\n    return dspy.Example()\n", "    import dspy\n"),
        ("import dspyc.runtime as dspy\n\nx = dspy.BM25\n", None),
        ("import dspyc\n", None),
        ("from dspyc.runtime.modules.base import Module\n", "from dspy import Module\n"),
        ("from dspyc.runtime import BM25\n", None),
        ("import dspyc.runtime as dspy; x = 1\n", None),
        ("def f(:\n", None),
    ],
)
def test_python_files_of_a_program_import_dspy(python: str, expected: str | None) -> None:
    made = with_dspy(python)
    assert made is None if expected is None else expected in (made or "")
