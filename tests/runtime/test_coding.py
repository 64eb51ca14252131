"""ProgramOfThought, CodeAct and RLM, on scripted models and a real sandbox."""

from __future__ import annotations

import asyncio
import copy
import logging
from pathlib import Path
from typing import Any, Literal

import pytest

import dspyc
import dspyc.runtime as dspy


def wrote(code: str) -> dict[str, Any]:
    return {"reasoning": "r", "generated_code": f"```python\n{code}\n```"}


def said(**outputs: Any) -> dict[str, Any]:
    return {"reasoning": "r", **outputs}


def run(module: Any, is_async: bool, **inputs: Any) -> Any:
    return asyncio.run(module.acall(**inputs)) if is_async else module(**inputs)


BOTH = pytest.mark.parametrize("is_async", [False, True])


# --- whether code may run -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda **more: dspy.ProgramOfThought("q -> a", **more),
        lambda **more: dspy.CodeAct("q -> a", tools=[], **more),
        lambda **more: dspy.RLM("q -> a", **more),
    ],
)
def test_code_runs_only_where_the_program_says_so(make: Any) -> None:
    lm = dspy.DummyLM([])
    with pytest.raises(dspy.CodeNotAllowedError, match=r"write `configure\(allow_code=True\)`"):
        make()(q="q", lm=lm)
    with dspy.context(allow_code=True), pytest.raises(dspy.CodeNotAllowedError):
        make(allow_code=False)(q="q", lm=lm)
    assert lm.history == []


def test_a_file_says_it_for_its_own_modules(tmp_path: Path) -> None:
    text = 'module solve = ProgramOfThought("question -> answer: int")\n'
    answers = [wrote("SUBMIT(4)"), said(answer="4")]
    for head, allowed in (("configure(allow_code=True)\n\n", True), ("configure(max_retries=1)\n\n", False)):
        path = tmp_path / f"{allowed}.dspy"
        path.write_text(head + text, encoding="utf-8")
        solve = dspyc.load(path).solve
        if allowed:
            assert solve(question="2 + 2", lm=dspy.DummyLM(answers)).answer == 4
        else:
            with pytest.raises(dspy.CodeNotAllowedError):
                solve(question="2 + 2", lm=dspy.DummyLM(answers))


def test_an_agent_does_not_hide_that_it_may_not_run_code() -> None:
    agent = dspy.ReAct("q -> a", tools=[dspy.run_python])
    step = {"next_thought": "t", "next_tool_name": "run_python", "next_tool_args": {"code": "1 + 1"}}
    with pytest.raises(dspy.CodeNotAllowedError):
        agent(q="q", lm=dspy.DummyLM([step]))
    steps = [step, {**step, "next_tool_name": "finish", "next_tool_args": {}}, said(a="2")]
    with dspy.context(allow_code=True):
        assert agent(q="q", lm=dspy.DummyLM(steps)).trajectory["observation_0"] == "2"


# --- ProgramOfThought -----------------------------------------------------------------------------------


@BOTH
def test_a_program_is_corrected_until_it_runs(is_async: bool) -> None:
    solve = dspy.ProgramOfThought("question -> answer: float", allow_code=True)
    lm = dspy.DummyLM(
        [wrote("x = 1\ny = x / 0"), wrote("import nothing"), wrote("n = len(question)"), said(answer="3.0")]
    )
    assert run(solve, is_async, question="how", lm=lm).answer == 3.0
    names = [name for name, _ in solve.named_predictors()]
    assert names == ["code_generate.predict", "code_regenerate.predict", "generate_output.predict"]
    first, second, _, last = (call["messages"][-1]["content"] for call in lm.history)
    assert "[[ ## question ## ]]\nhow" in first
    assert "ZeroDivisionError: division by zero (line 2: y = x / 0)" in second
    assert "[[ ## previous_code ## ]]\nx = 1\ny = x / 0\ny\n" in second
    assert "[[ ## code_output ## ]]\n3\n" in last


def test_what_a_program_submits_is_shown_by_the_names_of_the_outputs() -> None:
    solve = dspy.ProgramOfThought("a: int, b: int -> total: int, product: int", allow_code=True)
    lm = dspy.DummyLM(
        [
            wrote("SUBMIT({'total': a + b})"),
            wrote("SUBMIT({'total': a + b, 'product': a * b})"),
            said(total="5", product="6"),
        ]
    )
    found = solve(a=2, b=3, lm=lm)
    assert (found.total, found.product) == (5, 6)
    assert "SUBMIT needs product" in lm.history[1]["messages"][-1]["content"]
    assert '{"total": 5, "product": 6}' in lm.history[2]["messages"][-1]["content"]


def test_when_no_program_runs() -> None:
    solve = dspy.ProgramOfThought("question -> answer", max_iters=2, allow_code=True)
    lm = dspy.DummyLM([wrote("1 / 0"), wrote("while True:\n    x = [x]")])
    with pytest.raises(
        RuntimeError, match="none of the 2 programs that the model wrote ran; the last: NameError"
    ):
        solve(question="q", lm=lm)


class Scripted:
    """An interpreter of a user's own, in DSPy's form."""

    def __init__(self, *results: Any) -> None:
        self.tools: dict[str, Any] = {}
        self.results = list(results)
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.ended = False

    def start(self) -> None: ...

    def execute(self, code: str, variables: dict[str, Any] | None = None) -> Any:
        self.ran.append((code, dict(variables or {})))
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result(self) if callable(result) else result

    def shutdown(self) -> None:
        self.ended = True


def test_an_interpreter_of_ones_own() -> None:
    made: list[Scripted] = []

    def factory() -> Scripted:
        made.append(Scripted(SyntaxError("odd"), dspy.FinalOutput({"answer": 4})))
        return made[-1]

    solve = dspy.ProgramOfThought("question -> answer: int", interpreter_factory=factory)
    answers = [wrote("a ="), wrote("SUBMIT(4)"), said(answer="4")]
    assert solve(question="q", lm=dspy.DummyLM(answers)).answer == 4
    assert made[0].ended
    assert made[0].ran == [("a =", {"question": "q"}), ("SUBMIT(4)", {"question": "q"})]

    plain = dspy.ProgramOfThought("question -> answer: int")
    own = Scripted("4")
    assert plain(own, question="q", lm=dspy.DummyLM([wrote("print(4)"), said(answer="4")])).answer == 4
    assert not own.ended
    with dspy.context(interpreter_factory=factory):
        assert plain(question="q", lm=dspy.DummyLM(answers)).answer == 4
    with pytest.raises(
        dspy.ConfigurationError, match="an interpreter needs `tools`, `execute` and `shutdown`"
    ):
        plain(object(), question="q", lm=dspy.DummyLM([]))


# --- CodeAct --------------------------------------------------------------------------------------------


def population(city: str) -> int:
    """How many people live in a city."""
    return {"Lisbon": 545_796}[city]


async def later(text: str) -> str:
    """Give a text back, later."""
    await asyncio.sleep(0.001)
    return text.upper()


def acted(code: str, finished: bool = False) -> dict[str, Any]:
    return {"generated_code": f"```python\n{code}\n```", "finished": finished}


@BOTH
def test_code_that_calls_tools(is_async: bool) -> None:
    agent = dspy.CodeAct("question -> answer: int", tools=[population, later], allow_code=True)
    lm = dspy.DummyLM(
        [
            acted("n = population('Lisbon')\nprint(n, later('x'))"),
            acted("population('Porto')"),
            acted("n // 2", finished=True),
            said(answer="272898"),
        ]
    )
    found = run(agent, is_async, question="Half of it?", lm=lm)
    assert found.answer == 272_898
    assert found.trajectory == {
        "generated_code_0": "n = population('Lisbon')\nprint(n, later('x'))",
        "code_output_0": "545796 X\n",
        "generated_code_1": "population('Porto')",
        "observation_1": "The code failed: KeyError: 'Porto' (line 1: population('Porto'))",
        "generated_code_2": "n // 2",
        "code_output_2": "272898",
    }
    assert "population, whose description is <desc>How many people" in lm.history[0]["messages"][0]["content"]
    assert [name for name, _ in agent.named_predictors()] == ["codeact", "extractor.predict"]


def test_steps_of_code_end(caplog: pytest.LogCaptureFixture) -> None:
    agent = dspy.CodeAct("question -> answer: int", tools=[], max_iters=2, allow_code=True)
    lm = dspy.DummyLM([acted("x = 1"), acted("x + 1"), said(answer="2")])
    assert list(agent(question="q", lm=lm).trajectory.values()) == ["x = 1\nx", "1", "x + 1", "2"]
    lm = dspy.DummyLM([acted("1"), said(answer="2")])
    assert len(agent(question="q", lm=lm, max_iters=1).trajectory) == 2
    with caplog.at_level(logging.WARNING, "dspyc"):
        lm = dspy.DummyLM([*["nothing"] * 3, said(answer="2")])
        assert agent(question="q", lm=lm).trajectory == {}
    assert "stopped before it was finished" in caplog.text


def test_calls_at_the_same_time_have_their_own_variables() -> None:
    agent = dspy.CodeAct("n: int -> answer: int", tools=[population], allow_code=True)

    async def main() -> list[Any]:
        models = [
            dspy.DummyLM([acted("x = n"), acted("x * 2", finished=True), said(answer="1")]) for _ in "1234"
        ]
        return await asyncio.gather(*(agent.acall(n=n, lm=lm) for n, lm in enumerate(models)))

    assert [found.trajectory["code_output_1"] for found in asyncio.run(main())] == ["0", "2", "4", "6"]


# --- RLM ------------------------------------------------------------------------------------------------


def looked(code: str) -> dict[str, Any]:
    return {"reasoning": f"because of {code[:10]}", "code": f"```python\n{code}\n```"}


BOOK = "\n".join(f"Chapter {n}. The number is {n * n}." for n in range(20_000))


class Small(dspy.BaseLM):
    """Says how long its prompts are; refuses those about errors."""

    model = "small"

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[str] = []

    def complete(self, request: Any) -> Any:
        prompt = request.messages[-1]["content"]
        self.prompts.append(prompt)
        if "error" in prompt:
            raise dspy.LMServerError("overloaded")
        return dspy.Response((f"{len(prompt)} letters",))


@BOTH
def test_a_long_input_is_explored_by_code(is_async: bool) -> None:
    small = Small()
    explore = dspy.RLM("book, query -> number: int", sub_lm=small, allow_code=True)
    lm = dspy.DummyLM(
        [
            looked("print(len(book), book[:9])"),
            looked("hits = [line for line in book.split('\\n') if 'Chapter 77.' in line]\nhits"),
            looked("print(llm_query(hits[0]))\nprint(llm_query_batched(['ab', 'an error', 'abc']))"),
            looked("SUBMIT(number='many')"),
            looked("import re\nSUBMIT(int(re.findall('[0-9]+', hits[0])[1]))"),
        ]
    )
    found = run(explore, is_async, book=BOOK, query="Which number has chapter 77?", lm=lm)
    assert found.number == 77 * 77
    outputs = [step["output"] for step in found.trajectory]
    assert outputs[0] == f"{len(BOOK)} Chapter 0\n"
    assert outputs[1] == '["Chapter 77. The number is 5929."]'
    assert "31 letters\n['2 letters', '[ERROR] overloaded', '3 letters']" in outputs[2]
    assert outputs[3].startswith("[Type Error] `number`")
    assert outputs[4] == 'FINAL: {"number": 5929}'
    assert found.final_reasoning == found.trajectory[-1]["reasoning"]
    assert set(small.prompts) == {"Chapter 77. The number is 5929.", "ab", "an error", "abc"}
    # The text is a variable, not a part of the prompt.
    assert max(len(str(call["messages"])) for call in lm.history) < 20_000
    assert f"Total length: {len(BOOK):,} characters" in lm.history[0]["messages"][-1]["content"]


def test_calls_of_models_are_counted() -> None:
    explore = dspy.RLM("text -> answer", sub_lm=Small(), max_llm_calls=3, allow_code=True)
    lm = dspy.DummyLM(
        [
            looked("llm_query_batched(['a', 'b'])"),
            looked("llm_query_batched(['c', 'd'])"),
            looked("llm_query('e')"),
            looked("llm_query('')"),
            looked("try:\n    llm_query('f')\nexcept RuntimeError:\n    SUBMIT('stopped')"),
        ]
    )
    found = explore(text="x", lm=lm)
    assert found.answer == "stopped"
    outputs = [step["output"] for step in found.trajectory]
    assert outputs[0] == '["1 letters", "1 letters"]'
    assert "3 calls of llm_query are allowed, of which 1 are left" in outputs[1]
    assert outputs[2] == "1 letters"
    assert "[Error]" in outputs[3]


def test_the_model_that_writes_is_asked_without_another() -> None:
    explore = dspy.RLM("text -> answer", allow_code=True)
    lm = dspy.DummyLM([looked("a = llm_query('x')"), {"text": "yes"}, looked("SUBMIT('yes' in a)")])
    assert explore(text="x", lm=lm).answer == "True"


def test_after_the_last_step_the_answer_is_read_from_what_was_found(caplog: pytest.LogCaptureFixture) -> None:
    explore = dspy.RLM("text -> answer: int", max_iters=2, max_output_chars=50, allow_code=True)
    lm = dspy.DummyLM([looked("print('x' * 500)"), looked("y = 1"), {"answer": "7"}])
    with caplog.at_level(logging.WARNING, "dspyc"):
        found = explore(text="x", lm=lm)
    assert (found.answer, found.final_reasoning) == (7, "The steps ended without a result.")
    assert "did not call SUBMIT in 2 steps" in caplog.text
    assert "(451 characters omitted)" in lm.history[1]["messages"][-1]["content"]
    assert "(no output - did you forget to print?)" in lm.history[2]["messages"][-1]["content"]
    assert [name for name, _ in explore.named_predictors()] == ["generate_action", "extract"]


def test_variables_are_set_again_after_a_limit() -> None:
    explore = dspy.RLM(
        "text -> answer",
        interpreter_factory=lambda: dspy.PythonInterpreter(timeout=0.3),
    )
    lm = dspy.DummyLM(
        [looked("text = 'changed'\nx = 1"), looked("while True:\n    pass"), looked("SUBMIT(text)")]
    )
    found = explore(text="first", lm=lm)
    assert found.answer == "first"
    assert "longer than 0.3 seconds" in found.trajectory[1]["output"]


def test_types_and_conditions_of_what_is_submitted() -> None:
    class Sort(dspy.Signature):
        text: str = dspy.InputField()
        label: Literal["good", "bad"] = dspy.OutputField()
        score: float = dspy.OutputField(ge=0, le=1)

    explore = dspy.RLM(Sort, allow_code=True)
    lm = dspy.DummyLM(
        [
            looked("SUBMIT('fine', 0.5)"),
            looked("SUBMIT('good', 7)"),
            looked("SUBMIT('good')"),
            looked("SUBMIT({'label': 'good', 'score': '0.5'})"),
        ]
    )
    found = explore(text="x", lm=lm)
    assert (found.label, found.score) == ("good", 0.5)
    outputs = [step["output"] for step in found.trajectory]
    assert outputs[0].startswith("[Type Error] `label`")
    assert "`score` is 7" in outputs[1]
    assert "SUBMIT needs score" in outputs[2]


@pytest.mark.parametrize(
    ("signature", "tools"),
    [
        ("SUBMIT -> answer", []),
        ("llm_query -> answer", []),
        ("text -> trajectory", []),
        ("text -> answer", [dspy.Tool(population, name="llm_query")]),
        ("population -> answer", [population]),
        ("text -> answer", [population, population]),
    ],
)
def test_names_that_clash(signature: str, tools: list[Any]) -> None:
    with pytest.raises(dspy.ConfigurationError):
        dspy.RLM(signature, tools=tools, allow_code=True)


def test_tools_and_an_interpreter_of_ones_own() -> None:
    own = Scripted(
        lambda self: self.tools["llm_query_batched"](["a", "bb"]),
        lambda self: self.tools["population"]("Lisbon"),
        dspy.FinalOutput({"answer": 3}),
    )
    explore = dspy.RLM("text -> answer: int", tools=[population], sub_lm=Small())
    lm = dspy.DummyLM([looked("1"), looked("2"), looked("3")])
    found = explore(text="x", lm=lm, interpreter_factory=lambda: own)
    assert found.answer == 3
    assert found.trajectory[0]["output"] == '["1 letters", "2 letters"]'
    assert found.trajectory[1]["output"] == "545796"
    assert own.ended


@pytest.mark.parametrize(
    "module",
    [
        dspy.ProgramOfThought("q -> a", allow_code=True),
        dspy.CodeAct("q -> a", tools=[population], allow_code=True),
        dspy.RLM("q -> a", tools=[population], allow_code=True),
    ],
)
def test_copies_and_states(module: Any, tmp_path: Path) -> None:
    twin = copy.deepcopy(module)
    module.save(tmp_path / "state.json")
    twin.load(tmp_path / "state.json")
    assert [name for name, _ in twin.named_predictors()] == [name for name, _ in module.named_predictors()]
    with pytest.raises(dspy.InputError):
        twin(r="q", lm=dspy.DummyLM([]))
