"""What `dspyc build` writes: the module and the stub that are expected, accepted by mypy, and true."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dspyc
from dspyc.cli.tidy import tidy
from dspyc.compiler.emit import build, emit
from dspyc.loader.compiling import analyse
from dspyc.runtime import DummyLM, context
from support.built import as_python
from support.scripted import ScriptedLM, echo

HERE = Path(__file__).parent
BUILT = sorted((HERE / "built").glob("*.dspy"))
PROGRAMS = [
    *BUILT,
    *sorted((HERE / "run").glob("*.dspy")),
    *sorted((HERE.parent / "check" / "right").glob("*.dspy")),
]
SAMPLES = sorted((HERE.parent / "check" / "samples").glob("*.dspy"))


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_texts(path: Path, request: pytest.FixtureRequest) -> None:
    built = build(analyse(str(path)))
    for text, golden in (
        (tidy(built.module), path.with_suffix(".py.txt")),
        (tidy(built.stub, is_stub=True), path.with_suffix(".pyi.txt")),
    ):
        if request.config.getoption("--update"):
            golden.write_text(text, encoding="utf-8")
        assert text == golden.read_text(encoding="utf-8")


LONGEST = 501
LONG = {
    "a constant": "a = 1\nx = " + " + ".join(["a"] * LONGEST),
    "texts": "x = " + " + ".join(['"a"'] * LONGEST),
    "a sum in a sum": "a = 1\nx = [a" + " + a" * 250 + "][0]" + " - a" * 250,
    "a function": "def f(a: int) -> int:\n    return " + " | ".join(["a"] * LONGEST),
    "deep in a function": "def f(a: int) -> list[list[int]]:\n    if a:\n        for i in range(a):\n"
    + f"            return [[{' * '.join(['a'] * LONGEST)}] for _ in range(i)]\n    return []",
    "an f-string": 'def f(a: int) -> str:\n    return f"{' + " + ".join(["a"] * LONGEST) + '}"',
    "calls": 'module M:\n    input a: str\n    output b: str\n    p = Predict("a -> b")\n'
    + f"    forward:\n        return b={' + '.join(['p(a=a).b'] * LONGEST)}",
    "a condition": "signature S:\n    input q: str\n    output a: int where "
    + " + ".join(["a"] * LONGEST)
    + " > 3",
    "a type": "type T = " + " | ".join(["int", "str", "float"] * (LONGEST // 3)),
}


@pytest.mark.parametrize("name", LONG)
def test_what_is_as_long_as_it_may_be_is_built(name: str, tmp_path: Path) -> None:
    path = tmp_path / "long.dspy"
    path.write_text(LONG[name] + "\n", encoding="utf-8")
    code = f"""
import sys, dspyc
from dspyc.compiler.emit import build
from dspyc.loader.compiling import analyse
limit = sys.getrecursionlimit()
module = build(analyse({str(path)!r})).module
compile(module, "long.py", "exec")
dspyc.load({str(path)!r})
assert sys.getrecursionlimit() == limit == 1000
"""
    # In a process of its own, because hypothesis lets its tests recurse more deeply.
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_layout_changes_nothing(path: Path) -> None:
    analysis = analyse(str(path))
    if any(each.severity == "error" for each in analysis.diagnostics):
        pytest.fail(f"{path} does not check")
    made = emit(analysis)
    text = build(analysis).module
    tidied = tidy(text)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(tidied)) == ast.dump(ast.parse(ast.unparse(made)))
    assert tidied != text


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_node_has_its_place_in_the_program(path: Path) -> None:
    analysis = analyse(str(path))
    lines = analysis.source.text.splitlines()
    for node in ast.walk(emit(analysis)):
        if isinstance(node, ast.expr | ast.stmt):
            assert 1 <= node.lineno <= (node.end_lineno or 0) <= len(lines)
            width = len(lines[(node.end_lineno or 1) - 1].encode())
            assert 0 <= node.col_offset <= len(lines[node.lineno - 1].encode())
            assert (node.end_col_offset or 0) <= width


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples(path: Path) -> None:
    missing = [each for each in analyse(str(path)).diagnostics if each.severity == "error"]
    if missing:
        # What these name comes with later work; nothing else is wrong with them.
        assert {each.code for each in missing} == {"E101"}
        with pytest.raises(dspyc.CompileError):
            dspyc.load(path)
    else:
        assert dspyc.load(path).__dspyc__.kinds


def test_a_built_module_does_what_the_loaded_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = HERE / "run" / "effects_in_order.dspy"
    monkeypatch.syspath_prepend(str(source.parent))
    modules = (dspyc.load(source), as_python(source, tmp_path))
    seen = []
    for module in modules:
        lm = ScriptedLM(echo)
        with context(lm=lm):
            # What runs together ends in any order.
            seen.append((dict(module.m(xs=["a", "b"])), sorted(map(str, lm.events))))
        assert module.__dspyc__.kinds == modules[0].__dspyc__.kinds
    assert seen[0] == seen[1]


def test_debate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of `debate.dspy` in one run: bounds, a record, an enum, a demo, asserts, the fallback, the test."""
    source = HERE / "built" / "debate.dspy"
    monkeypatch.syspath_prepend(str(source.parent))
    argued = [{"reasoning": "r", "text": f"argument {number}"} for number in range(6)]
    verdicts = [{"verdict": '{"score": 0.5}'}, {"verdict": '{"score": 0.1, "because": "it is round"}'}]
    for module in (dspyc.load(source), as_python(source, tmp_path)):
        with context(lm=DummyLM([*argued, *verdicts])):
            found = module.debate(claim="The earth is flat.")
        assert found.verdict == module.Verdict(score=0.1, because="it is round")
        assert found.arguments == [f"argument {number}" for number in range(6)]
        with context(lm=DummyLM([])):
            found = module.debate(claim="The earth is flat.")
        assert found.verdict.because.startswith("undecided: ")
        with context(lm=DummyLM([*argued, *verdicts])):
            module.__dspyc__.tests["a flat earth"]()
        with (
            context(lm=DummyLM([*argued, {"verdict": '{"score": 0.9}'}])),
            pytest.raises(AssertionError, match=r"0\.9"),
        ):
            module.test_a_flat_earth()
        with pytest.raises(dspyc.runtime.InputError):
            module.debate(claim="")
        assert [name for name, _ in module.debate.named_predictors()] == ["argue.predict", "judge"]
        assert module.Judge.demos[0]["verdict"] == module.Verdict(score=0)
        assert module.quality.require == 60
        assert module.claims.file.parent == Path(module.__file__).parent


USE = """
from article import DraftArticle, draft_article
from debate import Side, Verdict, convincing, debate

title: str = draft_article(topic="x").title
sections: list[str] = DraftArticle(temperature=0.5)(topic="x").sections
score: float = debate(claim="c").verdict.score
side: Side = Side.FOR
verdict = Verdict(score=1)

async def later() -> list[str]:
    return (await debate.acall(claim="c")).arguments

draft_article(topic="x").titel
draft_article(topics="x")
debate(claim=1)
debate(claim="c").verdict.scor
"""


UNTYPED = """\
def close(example, pred):
    return len(example.a) == len(pred.a)

def twice(text: str, *, times=2) -> str:
    return text * times
"""


def test_what_has_no_type_is_any_in_a_stub(tmp_path: Path) -> None:
    """A strict type checker refuses a function without annotations."""
    path = tmp_path / "untyped.dspy"
    path.write_text(UNTYPED, encoding="utf-8")
    stub = build(analyse(str(path))).stub
    assert "def close(example: Any, pred: Any)" in stub
    assert "def twice(text: str, *, times: Any" in stub
    assert "from typing import Any" in stub


def test_stubs_pass_mypy_and_find_mistakes(tmp_path: Path) -> None:
    files = {path.with_suffix(".pyi").name: build(analyse(str(path))).stub for path in BUILT}
    files |= {"facts.py": (HERE / "built" / "facts.py").read_text(encoding="utf-8"), "use.py": USE}
    work, packages = tmp_path / "work", tmp_path / "packages"
    work.mkdir()
    packages.mkdir()
    for name, text in files.items():
        (work / name).write_text(text, encoding="utf-8")
    # The editable install maps the package in a way that mypy does not follow.
    (packages / "dspyc").symlink_to(Path(dspyc.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *files],
        cwd=work,
        env={**os.environ, "MYPYPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if " error: " in line]
    found = [f"{line.partition(' ')[0]} {line.rpartition('[')[2]}" for line in errors]
    first = USE.splitlines().index('draft_article(topic="x").titel') + 1
    assert found == [
        f"use.py:{first}: attr-defined]",
        f"use.py:{first + 1}: call-arg]",
        f"use.py:{first + 2}: arg-type]",
        f"use.py:{first + 3}: attr-defined]",
    ], done.stdout
