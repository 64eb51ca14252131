"""What DSPy's programs and their tests rely on: classes of errors, fakes of litellm, names at old paths."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import random
import sys
import threading
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    ConfigurationError,
    MissingCodeError,
    OptimizerError,
    SignatureError,
    StateError,
    also_as,
)
from dspyc.runtime.execution.trace import Recent


class Hop(dspy.Module):
    """Two predictors."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = dspy.Predict("question -> query")
        self.answer = dspy.Predict("query -> answer")


def answer_of(text: str, reason: str = "stop") -> Any:
    """An answer as litellm gives it."""
    choice = SimpleNamespace(message=SimpleNamespace(content=text), finish_reason=reason)
    return SimpleNamespace(choices=[choice], usage={"total_tokens": 2}, model="openai/m")


# --- errors that are two things -------------------------------------------------------------------------


def test_a_field_without_a_kind_is_a_type_error_too() -> None:
    for value in (1, "text"):
        with pytest.raises(TypeError, match="InputField\\(\\) or OutputField\\(\\)") as caught:
            type(dspy.Signature)("Bare", (dspy.Signature,), {"a": value, "__annotations__": {"a": int}})
        assert isinstance(caught.value, SignatureError)


def test_names_of_inputs_and_outputs_are_distinct() -> None:
    for text in ("value -> value", "a, a -> b", "a -> b, b"):
        with pytest.raises(ValueError, match="distinct names"):
            dspy.Signature(text)


def test_a_state_without_a_part_is_a_key_error_too(tmp_path: Path) -> None:
    hop = Hop()
    hop.ask.demos = [dspy.Example(question="q", query="w")]
    hop.save(tmp_path / "hop.json")
    state = json.loads((tmp_path / "hop.json").read_text())
    del state["answer"]
    (tmp_path / "hop.json").write_text(json.dumps(state))
    fresh = Hop()
    with pytest.raises(KeyError) as caught:
        fresh.load(tmp_path / "hop.json")
    assert str(caught.value).startswith("the state has no entry for `answer`")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 our own
    assert fresh.ask.demos == []


def test_no_single_model() -> None:
    hop = Hop()
    assert hop.get_lm() is None
    hop.set_lm(lm := dspy.DummyLM([]))
    assert hop.get_lm() is lm
    hop.ask.lm = dspy.DummyLM([])
    with pytest.raises(ValueError, match="Multiple LMs: the predictors of Hop use 2"):
        hop.get_lm()
    with pytest.raises(ValueError, match="Module has no predictors"):
        dspy.Module().get_lm()


class Broken(dspy.Module):
    """A program that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.answer = dspy.Predict("question -> answer")
        self.error = error

    def forward(self, question: str) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("simulated"), KeyError("simulated"), FileNotFoundError("simulated")]
)
def test_an_optimizer_fails_with_the_programs_error(error: Exception) -> None:
    rows = [dspy.Example(question="q", answer="a").with_inputs("question")] * 3
    optimizer = dspy.BootstrapFewShot(max_errors=1)
    with pytest.raises(type(error), match="simulated") as caught:
        optimizer.compile(Broken(error), trainset=rows)
    assert isinstance(caught.value, OptimizerError)
    assert type(caught.value.__cause__) is type(error)


def test_errors_of_two_classes() -> None:
    both = also_as(StateError("what is wrong"), LookupError("x"))
    assert isinstance(both, StateError)
    assert isinstance(both, LookupError)
    assert str(both) == "what is wrong"
    again = pickle.loads(pickle.dumps(both))  # noqa: S301 our own
    assert type(again) is StateError
    assert str(again) == "what is wrong"
    plain = StateError("alone")
    assert also_as(plain, ValueError()) is plain
    assert also_as(plain, KeyboardInterrupt()) is plain
    broken = also_as(ConfigurationError("no"), UnicodeDecodeError("utf-8", b"", 0, 1, "x"))
    assert isinstance(broken, ConfigurationError)


# --- litellm replaced -----------------------------------------------------------------------------------


def test_a_function_with_dspys_parameters_in_litellms_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm

    asked = []

    def completion(*, cache: Any, num_retries: int, retry_strategy: str, **request: Any) -> Any:
        asked.append((cache, num_retries, request))
        return answer_of("Hi!")

    monkeypatch.setattr(litellm, "completion", completion)
    lm = dspy.LM("openai/m", cache=False)
    assert lm("question") == ["Hi!"]
    cache, retries, request = asked[0]
    assert cache == {"no-cache": True, "no-store": True}
    assert retries == 0
    assert request["messages"] == [{"role": "user", "content": "question"}]


def test_the_api_for_responses_in_litellms_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm

    asked = []

    def responses(**request: Any) -> Any:
        asked.append(request)
        text = {"type": "output_text", "text": "TEXT", "annotations": []}
        message = {"type": "message", "role": "assistant", "content": [text]}
        return {"object": "response", "status": "completed", "output": [message]}

    monkeypatch.setattr(litellm, "responses", responses)
    assert dspy.LM("openai/m", model_type="responses", cache=False)("question") == ["TEXT"]
    assert not {"cache", "num_retries", "retry_strategy", "messages"} & asked[0].keys()


def test_a_truncated_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import litellm

    monkeypatch.setattr(litellm, "completion", lambda **_: answer_of("half an", "length"))
    assert dspy.LM("openai/m", cache=False, max_tokens=7)("question") == ["half an"]
    assert "the answer of `openai/m` is truncated: it was cut off at max_tokens=7" in caplog.text


def test_a_rollout_that_changes_nothing_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm

    monkeypatch.setattr(litellm, "completion", lambda **_: answer_of("Hi!"))
    lm = dspy.LM("openai/m", cache=False, temperature=0)
    with pytest.warns(UserWarning, match="rollout_id has no effect"):
        lm("question", rollout_id=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lm("question", rollout_id=2)


def test_log_probabilities_are_objects_too() -> None:
    class Sure(dspy.BaseLM):
        """It knows how sure it is."""

        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            token = {"token": "yes", "logprob": -0.1, "top_logprobs": []}
            return {"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [token]}}]}

    (output,) = Sure("sure")("question")
    assert output["logprobs"].content[0].logprob == -0.1
    assert type(output["logprobs"].model_dump()["content"][0]) is dict


# --- states and programs --------------------------------------------------------------------------------


def test_demos_compare_with_dicts(tmp_path: Path) -> None:
    inner = dspy.Example(q="one")
    demos = [dspy.Example(q="Where?", a="There"), dspy.Example(q=[inner, dspy.Example(q="two")], a="x")]
    predict = dspy.Predict("q -> a")
    predict.demos = demos
    predict.save(tmp_path / "state.json")
    again = dspy.Predict("q -> a")
    again.load(tmp_path / "state.json")
    assert again.demos == [demo.toDict() for demo in demos]
    assert demos[0] == {"q": "Where?", "a": "There"}
    assert demos[0] != {"q": "Where?"}
    assert demos[1] == {"q": [{"q": "one"}, {"q": "two"}], "a": "x"}


def test_addresses_only_from_trusted_states(caplog: pytest.LogCaptureFixture) -> None:
    saved = dspy.Predict("q -> a", lm=dspy.LM("openai/m", temperature=0.3)).dump_state()
    saved["lm"] |= {"api_base": "http://elsewhere/v1", "api_key": "sk-secret", "top_p": 0.5}
    careful = dspy.Predict("q -> a").load_state(saved)
    assert "api_base" not in careful.lm.kwargs
    assert "'api_base'" in caplog.text
    trusting = dspy.Predict("q -> a").load_state(saved, allow_unsafe_lm_state=True)
    assert trusting.lm.kwargs["api_base"] == "http://elsewhere/v1"
    assert trusting.lm.kwargs["top_p"] == 0.5
    assert "api_key" not in trusting.lm.kwargs
    hop = Hop()
    state = {"ask": hop.ask.dump_state() | {"lm": saved["lm"]}, "answer": hop.answer.dump_state()}
    hop.load_state(state, allow_unsafe_lm_state=True)
    assert hop.ask.lm is not None
    assert hop.ask.lm.kwargs["api_base"] == "http://elsewhere/v1"


def test_a_program_of_this_process_is_of_its_own_classes(tmp_path: Path) -> None:
    class Inner(dspy.Module):
        """A class of a function."""

        def __init__(self) -> None:
            super().__init__()
            self.part = dspy.ChainOfThought("question -> answer")

    program = Inner()
    program.save(tmp_path / "program.v1", save_program=True)
    again = dspy.load(tmp_path / "program.v1")
    assert type(again) is Inner
    assert again.part.predict.signature == program.part.predict.signature
    source = next((tmp_path / "program.v1" / "sources").iterdir())
    source.write_text(source.read_text() + "\n# changed\n")
    with pytest.raises(StateError, match="allow_code=True"):
        dspy.load(tmp_path / "program.v1")
    assert type(dspy.load(tmp_path / "program.v1", allow_code=True)) is not Inner


def test_signatures_of_this_process_stay_themselves(tmp_path: Path) -> None:
    class Ask(dspy.Signature):
        """Answer."""

        question: str = dspy.InputField(desc="what is asked")
        answer: int = dspy.OutputField()

    predict = dspy.Predict(Ask.with_instructions("Answer briefly."))
    predict.save(tmp_path / "one", save_program=True)
    assert dspy.load(tmp_path / "one").signature is predict.signature
    other = dspy.Predict(Ask.with_instructions("Answer at length."))
    other.save(tmp_path / "two", save_program=True)
    assert dspy.load(tmp_path / "one").signature.instructions == "Answer briefly."


@pytest.mark.parametrize("name", ["model.json", "model.pkl"])
def test_a_program_needs_a_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="must be a directory"):
        dspy.Predict("a -> b").save(tmp_path / name, save_program=True)


def test_a_module_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import dspyc.runtime as dspy\n"
        "class Mine(dspy.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.part = dspy.Predict('q -> a')\n"
    )
    (tmp_path / "gone_module.py").write_text(code)
    with monkeypatch.context() as here:
        here.syspath_prepend(str(tmp_path))
        import_module("gone_module").Mine().save(tmp_path / "program", save_program=True)
        del sys.modules["gone_module"]
    with pytest.raises(ModuleNotFoundError) as caught:
        dspy.load(tmp_path / "program", allow_code=True)
    assert isinstance(caught.value, MissingCodeError)
    assert "gone_module" in str(caught.value)


# --- settings -------------------------------------------------------------------------------------------


def test_settings_in_a_file(tmp_path: Path) -> None:
    lm = dspy.LM("openai/m", temperature=0.2, api_key="sk-secret")
    file = tmp_path / "settings.json"
    with dspy.context(lm=lm, adapter=dspy.JSONAdapter(), track_usage=True, mine=[1, "two"]):
        dspy.settings.save(file)
    assert "sk-secret" not in file.read_text()
    loaded = dspy.load_settings(file)
    with dspy.context(**loaded):
        assert dspy.settings.lm.model == "openai/m"
        assert dspy.settings.lm.kwargs["temperature"] == 0.2
        assert type(dspy.settings.adapter) is dspy.JSONAdapter
        assert dspy.settings.track_usage is True
        assert dspy.settings.mine == [1, "two"]
    with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
        dspy.settings.save(file, exclude_keys=["lm", "adapter"])
    assert {"lm", "adapter", "trace"}.isdisjoint(dspy.load_settings(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [("{}", "does not contain settings"), ('{"dspyc_settings": 1, "settings": []}', "does not contain")],
)
def test_files_without_settings(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(StateError, match=message):
        dspy.load_settings(tmp_path / "other.json")
    with pytest.raises(FileNotFoundError):
        dspy.load_settings(tmp_path / "missing.json")
    with pytest.raises(StateError, match="nothing is ever pickled"):
        dspy.settings.save(tmp_path / "settings.pkl")


@pytest.mark.parametrize(
    "value", [[lambda x: x], {"hook": print, "other": lambda: 1}, threading.Lock(), iter("ab")]
)
def test_a_setting_that_cannot_be_saved_is_named(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "settings.json"
    with dspy.context(hooks=value, mine=1):
        with pytest.raises(
            StateError, match=r"^the setting `hooks` cannot be saved: (?!the program)"
        ) as caught:
            dspy.settings.save(file)
        assert "exclude_keys=['hooks']" in str(caught.value)
        assert "save its state" not in str(caught.value)
        dspy.settings.save(file, exclude_keys=["hooks"])
    assert dspy.load_settings(file)["mine"] == 1


def test_functions_in_settings_need_consent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heard_module.py").write_text("def heard(x):\n    return x + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = import_module("heard_module")
    with dspy.context(hook=module.heard):
        dspy.settings.save(tmp_path / "settings.json", modules_to_serialize=[module])
    del sys.modules["heard_module"]
    with pytest.raises(StateError, match="allow_code=True"):
        dspy.load_settings(tmp_path / "settings.json")
    assert dspy.load_settings(tmp_path / "settings.json", allow_code=True)["hook"](3) == 4


# --- names at DSPy's paths ------------------------------------------------------------------------------


def test_names_that_only_paths_have() -> None:
    base_lm = import_module("dspyc.runtime.clients.base_lm")
    assert base_lm.GLOBAL_HISTORY is import_module("dspyc.runtime.lm.history").ALL
    assert base_lm.LM_CLASS_STATE_KEY == "_dspy_lm_class"
    assert import_module("dspyc.runtime.predict.predict").serialize_object({1, 2}) == [1, 2]
    assert import_module("dspyc.runtime.utils.saving").logger is logging.getLogger("dspyc")
    hop = Hop()
    import_module("dspyc.runtime.primitives.module").set_attribute_by_name(hop, "ask.note", "kept")
    assert hop.ask.note == "kept"  # type: ignore[attr-defined]
    defaults = import_module("dspyc.runtime.dsp.utils.settings").DEFAULT_CONFIG
    with dspy.context(num_threads=3):
        dspy.configure(**defaults)
    assert dspy.settings.num_threads == defaults["num_threads"]


def test_what_is_in_the_file_of_a_cache(tmp_path: Path) -> None:
    cache = dspy.Cache(disk_cache_dir=tmp_path)
    cache.put({"prompt": "a"}, "A")
    cache.put({"prompt": "b"}, ["B"])
    key = cache.cache_key({"prompt": "b"})
    assert key in cache.disk_cache
    assert cache.disk_cache[key] == ["B"]
    assert len(cache.disk_cache) == 2
    assert set(cache.disk_cache) == set(cache.memory_cache)
    assert "missing" not in cache.disk_cache
    assert dspy.Cache(enable_disk_cache=False).disk_cache == {}


class Uncopyable:
    """It cannot be copied deeply, or not at all."""

    def __init__(self, shallow: bool) -> None:
        self.shallow = shallow

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise TypeError("no")

    def __copy__(self) -> Any:
        if not self.shallow:
            raise TypeError("never")
        return Uncopyable(True)


def test_copies_are_as_deep_as_they_can_be(caplog: pytest.LogCaptureFixture) -> None:
    module = dspy.Module()
    module.copied, module.shared = Uncopyable(True), Uncopyable(False)  # type: ignore[attr-defined]
    twin: Any = module.deepcopy()
    again: Any = module.deepcopy()
    assert twin.copied is not module.copied  # type: ignore[attr-defined]
    assert twin.shared is again.shared is module.shared  # type: ignore[attr-defined]
    assert caplog.text.count("an attribute of type Uncopyable cannot be copied") == 1


# --- parts that a test has replaced ---------------------------------------------------------------------


class Scripted:
    """In a predictor's place: gives predictions one after another, or raises; counts how it was called."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.ways: list[str] = []

    def _next(self) -> Any:
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return dspy.Prediction(**step)

    def __call__(self, **inputs: Any) -> Any:
        self.ways.append("called")
        return self._next()

    async def acall(self, **inputs: Any) -> Any:
        self.ways.append("awaited")
        return self._next()


def echo(text: str) -> str:
    """Say it again."""
    return f"again: {text}"


STEP = {"next_thought": "t", "next_tool_name": "echo", "next_tool_args": {"text": "x"}}
LAST = {"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}}


class Foreign(type("ContextWindowExceededError", (Exception,), {})):  # type: ignore[misc]
    """What another library raises for a prompt that is too long."""


@pytest.mark.parametrize("error", [Foreign("too long"), dspy.ContextWindowExceededError(model="m")])
@pytest.mark.parametrize("awaited", [False, True])
def test_agents_with_replaced_parts(error: Exception, awaited: bool) -> None:
    agent = dspy.ReAct("q -> a", tools=[echo])
    agent.react = Scripted(STEP, STEP, error, LAST)
    agent.extract = Scripted({"a": "done"})
    found = asyncio.run(agent.acall(q="x")) if awaited else agent(q="x")
    assert found.a == "done"
    assert found.trajectory["observation_1"] == "again: x"
    assert found.trajectory["tool_name_2"] == "finish"
    assert {*agent.react.ways, *agent.extract.ways} == {"awaited" if awaited else "called"}


def test_an_agent_that_is_always_told_too_much() -> None:
    agent = dspy.ReAct("q -> a", tools=[echo])

    def too_much(**inputs: Any) -> Any:
        raise Foreign("too long")

    agent.react = too_much
    agent.extract = lambda **inputs: dspy.Prediction(a="nothing was done")
    found = agent(q="x")
    assert (found.a, found.trajectory) == ("nothing was done", {})
    agent.react = Scripted(ValueError("another error"))
    with pytest.raises(ValueError, match="another error"):
        agent(q="x")


class Recorded:
    """An interpreter that gives what it was told to."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self.tools: dict[str, Any] = {}
        self.code: list[str] = []

    def start(self) -> None:
        pass

    def execute(self, code: str, variables: Any = None) -> Any:
        self.code.append(code)
        return self.results.pop(0)

    def shutdown(self) -> None:
        self.code.append("shut down")


@pytest.mark.parametrize("awaited", [False, True])
def test_modules_that_run_code_with_replaced_parts(awaited: bool) -> None:
    def ask(module: Any) -> Any:
        return asyncio.run(module.acall(q="x")) if awaited else module(q="x")

    made: list[Recorded] = []

    def factory() -> Recorded:
        made.append(Recorded("seen", dspy.FinalOutput({"a": "7"})))
        return made[-1]

    options: Any = {"interpreter_factory": factory, "allow_code": True}
    session = dspy.RLM("q -> a", **options)
    session.generate_action = Scripted({"reasoning": "look", "code": "print(q)"})
    assert ask(session).a == "7"
    thinker = dspy.ProgramOfThought("q -> a", **options)
    thinker.code_generate = Scripted({"generated_code": "1"})
    thinker.generate_output = Scripted({"a": "8"})
    assert ask(thinker).a == "8"
    actor = dspy.CodeAct("q -> a", [echo], **options)
    actor.codeact = Scripted({"generated_code": "echo(q)", "finished": True})
    actor.extractor = Scripted({"a": "9"})
    assert ask(actor).a == "9"
    assert [one.code[0] for one in made] == ["print(q)", "1", "echo(q)"]
    assert all(one.code[-1] == "shut down" for one in made)


# --- tools of code --------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [dspy.RLM, dspy.CodeAct])
@pytest.mark.parametrize("name", ["get-weather", "1st", "for", ""])
def test_code_calls_tools_by_identifiers(module: Any, name: str) -> None:
    tool = dspy.Tool(echo, name="x")
    tool.name = name
    with pytest.raises(ConfigurationError, match="must be a valid Python identifier"):
        module("q -> a", tools=[tool])


@pytest.mark.parametrize("agent", [dspy.ReAct, dspy.RLM, dspy.CodeAct, dspy.ReActV2])
def test_what_is_no_list_of_tools(agent: Any) -> None:
    with pytest.raises(TypeError, match="tools must be a list, not a dict") as caught:
        agent("q -> a", tools={"echo": echo})
    assert isinstance(caught.value, dspy.ToolError)
    with pytest.raises(TypeError, match="5 must be callable"):
        agent("q -> a", tools=[5])


@pytest.mark.parametrize("name", ["return_outputs", "return_all_scores"])
def test_parameters_of_older_versions_say_what_is_there_instead(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no parameter `{name}`: the result has .*`results`"):
        dspy.Evaluate(devset=[dspy.Example(a=1)], metric=len, **{name: True})


def test_what_an_optimizer_refuses_is_a_value_error() -> None:
    for optimizer in (dspy.COPRO(metric=len), dspy.BootstrapFewShot(metric=len), dspy.BootstrapFinetune()):
        with pytest.raises(ValueError, match="cannot be empty"):
            optimizer.compile(dspy.Predict("q -> a"), trainset=[])


# --- the list that `configure(trace=[])` has given --------------------------------------------------------


def test_the_size_of_a_trace_that_was_given() -> None:
    ask = dspy.Predict("q -> a")
    kept: list[Any] = []
    model = dspy.DummyLM([{"a": "x"}] * 300)
    try:
        dspy.configure(trace=kept)
        with dspy.context(lm=model):
            for _ in range(150):
                ask(q="x")
            assert len(kept) == 150
            dspy.configure(max_trace_size=3)
            ask(q="x")
            assert len(kept) == 3
            with dspy.context(trace=[]) as _:
                for _ in range(9):
                    ask(q="x")
                assert len(dspy.settings.trace or ()) == 9
    finally:
        dspy.configure(max_trace_size=100, trace=Recent.calls)


# --- helpers of DSPy's own optimizers ---------------------------------------------------------------------


def test_helpers_for_optimizers() -> None:
    utils = import_module("dspyc.runtime.teleprompt.utils")
    rows = [1, 2, 3, 4, 5]
    seen: list[Any] = []
    assert utils.eval_candidate_program(9, rows, None, lambda program, devset: seen.append(devset)) is None
    utils.eval_candidate_program(2, rows, None, lambda program, devset: seen.append(devset))
    assert seen[0] == rows
    assert len(seen[1]) == 2
    assert set(seen[1]) <= set(rows)
    failed = utils.eval_candidate_program(2, rows, None, lambda program: None)
    assert (failed.score, failed.results) == (0.0, [])
    drawn = [utils.create_minibatch(rows, 3, random.Random(5)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert import_module("dspyc.runtime.dsp.utils").deduplicate(["b", "a", "b"]) == ["b", "a"]


def test_helpers_for_metrics() -> None:
    metrics = import_module("dspyc.runtime.evaluate.metrics")
    score: Any = import_module("dspyc.runtime.evaluate").precision_score
    assert score("eiffel tower in Paris", "The Eiffel Tower") == 0.5
    assert score("", "x") == score("y", "x") == 0.0
    assert import_module("dspyc.runtime.evaluate").em_score("The Cat!", "cat")
    assert metrics.f1_score("cat", "the cat") == 1.0
    utils = import_module("dspyc.runtime.teleprompt.utils")
    predictor = dspy.Predict("q -> a")
    utils.set_signature(predictor, utils.get_signature(predictor).with_instructions("Other."))
    assert predictor.signature.instructions == "Other."


def test_a_data_set_of_ones_own() -> None:
    base: Any = import_module("dspyc.runtime.datasets.dataset").Dataset

    class Numbers(base):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._train = [{"n": n, "m": -n} for n in range(9)]
            self._dev = [{"n": 9, "m": -9}]

    data = Numbers(train_size=4, train_seed=1, input_keys=["n"])
    assert len(data.train) == 4
    assert {*data.train[0].inputs().keys()} == {"n"}
    assert data.dev[0].m == -9
    assert import_module("dspyc.runtime.datasets").Dataset is base
    assert dspy.Dataset is not base


def test_names_of_older_versions() -> None:
    from dspyc import __version__

    assert dspy.__version__ == __version__
    paths = import_module("dspyc.runtime.primitives.python_interpreter")
    assert paths.InterpreterError is dspy.CodeInterpreterError
    with pytest.raises(KeyError) as caught:
        dspy.MultiChainComparison("q -> a", M=1)([dspy.Prediction(reasoning="r")], q="x")
    assert isinstance(caught.value, dspy.InputError)
