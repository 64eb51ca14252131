"""What DSPy's programs and their tests rely on: fakes of litellm, names at old paths, helpers."""

from __future__ import annotations

import logging
import random
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.trace import Recent
from support.hops import Hop


def answer_of(text: str, reason: str = "stop") -> Any:
    """An answer as litellm gives it."""
    choice = SimpleNamespace(message=SimpleNamespace(content=text), finish_reason=reason)
    return SimpleNamespace(choices=[choice], usage={"total_tokens": 2}, model="openai/m")


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
