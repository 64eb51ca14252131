"""Loading programs: what is found, what holds for their modules, what is refused."""

from __future__ import annotations

import asyncio
import re
import sys
import traceback
from pathlib import Path

import pytest

import dspyc
from dspyc.grammar import syntax
from dspyc.loader.compiling import analyse
from dspyc.lsp.workspace import Workspace as Editor
from dspyc.project.workspace import Workspace
from dspyc.runtime import DummyLM
from dspyc.runtime.errors import ConfigurationError
from dspyc.runtime.optimizers.rollouts import models_of
from support.folders import QA, python, write

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
    (checked,) = Workspace().analyse(str(path)).diagnostics
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
        ({}, "the call is missing the input `question`"),
        ({"question": "q", "hunt": "h"}, "`Deep` has no input `hunt`; did you mean `hint`?"),
        ({"question": "too long"}, "the input `question` is 'too long', which violates"),
    ]:
        with pytest.raises(
            dspyc.runtime.InputError, match="^" + message.replace("?", r"\?").replace("(", r"\(")
        ):
            deep(**inputs)
    with pytest.raises(dspyc.runtime.InputError, match="inputs must be passed by name"):
        deep("q")
    made = type(deep)
    for wrong, message in [
        ({"question": "q"}, "`question` is an input of `Deep` and not among its parameters: `Deep(…)`"),
        ({"hint": "h", "question": "q", "seed": 1}, "`hint` and `question` are inputs of `Deep`"),
    ]:
        with pytest.raises(dspyc.runtime.ConfigurationError, match="^" + re.escape(message)) as error:
            made(**wrong)
    assert str(error.value).endswith("call the result: `Deep()(hint=…, question=…)`")
    assert deep(question="q").answer == "A"
