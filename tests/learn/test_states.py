"""States as data from elsewhere: what they may say, what they cannot hold, and that nothing explodes."""

from __future__ import annotations

import copy
import json
import logging
import math
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyc.runtime import (
    LM,
    BootstrapRS,
    Example,
    LabeledFewShot,
    Module,
    Predict,
    Program,
    Signature,
    StateError,
    apply_defaults,
    configure,
    context,
)
from dspyc.runtime.modules.calling import in_force
from dspyc.runtime.state.models import SAMPLING
from support.neighbour import Neighbour

ROWS = [Example(text=f"m {n}", label=f"l {n % 2}").with_inputs("text") for n in range(4)]


def same(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


# --- what JSON cannot hold -------------------------------------------------------------------------------


class Handle:
    """Something that only lives here."""

    def __repr__(self) -> str:
        return "canary of a repr"


LOOP: list[Any] = []
LOOP.append(LOOP)

UNSTORABLE = {
    "an object": (Handle(), "`Handle`"),
    "inside a list": ([1, {"a": Handle()}], "`Handle`"),
    "a class": (Handle, "`type`"),
    "a function": (print, "`builtin_function_or_method`"),
    "infinity": ([math.inf], "inf, which JSON does not have"),
    "not a number": (math.nan, "nan, which JSON does not have"),
    "a number of thousands of digits": (10**5_000, "more than 4000 digits"),
    "bytes that are no text": (b"\xff\xfe", "`bytes`"),
    "itself": (LOOP, "`list`"),
}


@pytest.mark.parametrize("name", UNSTORABLE)
@pytest.mark.parametrize("place", ["demos", "train", "traces", "config"])
def test_a_value_that_json_cannot_hold_is_named_and_never_written(
    name: str, place: str, tmp_path: Path
) -> None:
    value, words = UNSTORABLE[name]
    program = Predict("text, doc: Any -> label")
    if place == "config":
        program.config = {"doc": value}
    else:
        setattr(program, place, [{"text": "t", "doc": value, "label": "l"}])
    path = tmp_path / "s.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(StateError) as raised:
        program.save(path)
    assert "`doc`" in str(raised.value)
    assert words in str(raised.value)
    assert "canary" not in str(raised.value)
    assert path.read_text(encoding="utf-8") == "{}"


def test_a_demo_that_json_cannot_hold_is_left_out_of_a_program(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [Example(text="t", doc=Handle(), label="l").with_inputs("text"), *ROWS]
    program = Program(
        LabeledFewShot(),
        Predict("text, doc: Any -> label"),
        name="p",
        source=tmp_path / "f.dspy",
        trainset=rows,
    )
    program.optimize()
    assert "canary" not in program.state_path.read_text(encoding="utf-8")
    assert [text for text in caplog.messages if "`doc` of a demo contains a value of type `Handle`" in text]
    assert len(program.predictors()[0].demos) == 4


class Place(pydantic.BaseModel):
    """A record whose fields have other names in JSON."""

    city: str = pydantic.Field(alias="cityName")
    code: int | None = pydantic.Field(default=None, alias="zipCode")


def test_records_with_aliases_come_back_as_records(tmp_path: Path) -> None:
    def made() -> Predict:
        signature = Signature("text -> places: list[Place]", custom_types={"Place": Place})
        return Predict(signature)

    program = made()
    program.demos = [Example(text="t", places=[Place(cityName="Bern", zipCode=3000)])]
    program.save(tmp_path / "s.json")
    again = made()
    again.load(tmp_path / "s.json")
    [place] = again.demos[0].places
    assert (type(place), place.city, place.code) == (Place, "Bern", 3000)


# --- what a state may say --------------------------------------------------------------------------------

HOSTILE = {
    "api_key": "sk-theirs",
    "api_base": "http://attacker.example",
    "base_url": "http://attacker.example",
    "fallbacks": [{"model": "openai/x", "api_base": "http://attacker.example"}],
    "context_window_fallback_dict": {"openai/x": "openai/y"},
    "extra_headers": {"x-leak": "1"},
    "headers": {"x-leak": "1"},
    "extra_body": {"a": 1},
    "mock_response": "not asked at all",
    "custom_llm_provider": "ollama",
    "model_list": [{"model_name": "x"}],
    "callbacks": ["evil"],
    "success_callback": ["evil"],
    "organization": "theirs",
    "proxy": "http://attacker.example",
    "azure_ad_token": "t",
    "aws_bedrock_runtime_endpoint": "http://attacker.example",
    "vertex_credentials": "/etc/passwd",
    "client": "x",
    "hf_model_name": "x",
    "prompt_template": "x",
    "tools": [{"type": "function"}],
    "response_format": {"type": "json_object"},
    "grammar": 'root ::= "x"',
    "finetuning_model": "x",
    "train_kwargs": {"output": "/etc"},
    "launch_kwargs": {"a": 1},
    "api_version": "x",
    "ssl_verify": False,
    "timeout": 0.001,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("door", ["load", "config", "program"])
def test_a_state_sends_nothing_elsewhere(
    name: str, door: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = LM("openai/small", api_base="http://here", api_key="sk-mine", temperature=0.1)
    lm = {"model": "openai/small", "temperature": 0.5, name: HOSTILE[name]}
    if door == "program":
        program = Program(
            LabeledFewShot(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy", trainset=[]
        )
        program.optimize()
        content = json.loads(program.state_path.read_text(encoding="utf-8"))
        content["predictors"]["self"]["lm"] = lm
        program.state_path.write_text(json.dumps(content), encoding="utf-8")
        again = Program(
            LabeledFewShot(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy", trainset=[]
        )
        with context(lm=source):
            predictor = again.predictors()[0]
    else:
        predictor = Predict("q -> a", lm=source)
        state = predictor.dump_state()
        if door == "load":
            state["lm"] = lm
        else:
            state["config"] = {"temperature": 0.5, name: HOSTILE[name]}
            state["lm"] = {"model": "openai/small", "temperature": 0.5}
        predictor.load_state(state)
    assert predictor.lm is not None
    found = {**predictor.lm.kwargs, **predictor.config}
    assert found.get("temperature") == 0.5
    assert found.get(name) == source.kwargs.get(name)
    assert (found["api_base"], found["api_key"]) == ("http://here", "sk-mine")
    assert any(f"'{name}'" in text and "not restored" in text for text in caplog.messages)


@pytest.mark.parametrize(
    "model",
    [
        "huggingface/https://attacker.example/x",
        "openai/http://attacker.example",
        "gguf//etc/passwd",
        "gguf/../../x.gguf",
        "gguf/~/x.gguf",
        "gguf/folder/x.gguf",
        "../x",
        "openai/../x",
        "openai/a b\nHost: x",
        "",
    ],
)
@pytest.mark.parametrize("door", ["load", "program"])
def test_a_model_of_a_state_is_a_name_and_no_address_or_file(
    model: str, door: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = LM("openai/small")
    if door == "load":
        predictor = Predict("q -> a", lm=source)
        predictor.load_state({**predictor.dump_state(), "lm": {"model": model}})
        assert predictor.lm is source
    else:
        program = Program(
            LabeledFewShot(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy", trainset=[]
        )
        program.optimize()
        content = json.loads(program.state_path.read_text(encoding="utf-8"))
        content["predictors"]["self"]["lm"] = {"model": model}
        program.state_path.write_text(json.dumps(content), encoding="utf-8")
        again = Program(
            LabeledFewShot(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy", trainset=[]
        )
        with context(lm=source):
            assert again.predictors()[0].lm in (source, None)
    assert caplog.messages


def test_another_model_of_the_same_provider_keeps_the_address_of_the_source() -> None:
    predictor = Predict("q -> a", lm=LM("openai/small", api_base="http://here", api_key="sk-mine"))
    predictor.load_state({**predictor.dump_state(), "lm": {"model": "openai/large", "top_p": 0.5}})
    assert predictor.lm is not None
    assert (predictor.lm.model, predictor.lm.kwargs["api_base"]) == ("openai/large", "http://here")
    assert predictor.lm.kwargs["top_p"] == 0.5
    predictor.load_state({**predictor.dump_state(), "lm": {"model": "anthropic/x"}})
    assert predictor.lm is not None
    assert "api_base" not in predictor.lm.kwargs


@pytest.mark.usefixtures("_clean_settings")
@pytest.mark.parametrize("when", ["before", "after", "context", "around", "none"])
@pytest.mark.parametrize("model", ["openai/small", "openai/large"])
def test_a_model_of_a_state_is_asked_where_the_model_in_force_is(when: str, model: str) -> None:
    class Pair(Module):
        def __init__(self) -> None:
            self.first = Predict("q -> a")

        def forward(self, q: str) -> Any:
            return self.first(q=q)

    def asked(program: Pair) -> Any:
        return in_force(program.first)[0]

    source = LM("openai/mine", api_base="http://here", api_key="sk-mine")
    program = Pair()
    state = program.dump_state()
    state["first"]["lm"] = {"model": model, "top_p": 0.5, "api_base": "http://attacker.example"}
    if when == "before":
        configure(lm=source)
    if when == "around":
        program.set_lm(source)
    program.load_state(state)
    assert program.dump_state()["first"]["lm"]["model"] == model
    if when == "after":
        configure(lm=source)
    with context(lm=source) if when == "context" else nullcontext():
        lm = asked(program)
        assert asked(program) is lm, "one model with one history"
    assert (lm.model, lm.kwargs["top_p"]) == (model, 0.5)
    here = None if when == "none" else "http://here"
    assert lm.kwargs.get("api_base") == here
    configure(lm=LM("anthropic/other", api_base="http://other", api_key="sk-other"))
    assert asked(program).kwargs.get("api_key") == ("sk-mine" if when == "around" else None)


def test_what_is_saved_can_be_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    numbers = sorted(
        SAMPLING - {"stop", "logit_bias", "reasoning_effort", "verbosity", "max_completion_tokens"}
    )
    wanted = {**dict.fromkeys(numbers, 1), "stop": ["x"], "logit_bias": {"5": 1}, "verbosity": "low"}
    predictor = Predict("q -> a", lm=LM("openai/small", **wanted), **{"top_p": 0.25})
    predictor.save(tmp_path / "s.json")
    again = Predict("q -> a")
    again.load(tmp_path / "s.json")
    assert again.lm is not None
    assert {name: again.lm.kwargs.get(name) for name in wanted} == wanted
    assert again.config == {"top_p": 0.25}
    assert caplog.messages == []


# --- what a file may hold --------------------------------------------------------------------------------

DEEP = "[" * 100_000 + "]" * 100_000
FILES = {
    "brackets": DEEP.encode(),
    "half the brackets": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "digits": b'{"self": ' + b"9" * 5_000 + b"}",
    "not UTF-8": b'{"self": "\xff"}',
    "empty": b"",
    "null": b"null",
    "text": b'"text"',
    "two": b"{} {}",
    "zeros": b"\x00" * 100,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_state(name: str, tmp_path: Path) -> None:
    path = tmp_path / "f.p.state.json"
    path.write_bytes(FILES[name])
    with pytest.raises(StateError, match=r"f\.p\.state\.json"):
        Predict("q -> a").load(path)
    program = Program(LabeledFewShot(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy", trainset=[])
    with pytest.raises(StateError, match=r"f\.p\.state\.json"):
        program.predictors()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.p.state.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    for name, message in (("f.p.state", "a named pipe"), ("folder", "a folder"), ("zero", "a device")):
        with pytest.raises(StateError, match=f"it is {message}, not a file"):
            Predict("q -> a").load(tmp_path / f"{name}.json")


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "s.json").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(StateError, match="is larger than 256 MB"):
        Predict("q -> a").load(tmp_path / "s.json")


@pytest.mark.parametrize("deep", [500, 5_000])
def test_a_demo_that_is_nested_deeply(deep: int, tmp_path: Path) -> None:
    value: Any = []
    for _ in range(deep):
        value = [value]
    predictor = Predict("q -> a: list[Any]")
    predictor.demos = [{"q": "x", "a": value}]
    try:
        predictor.save(tmp_path / "s.json")
    except StateError:
        return
    again = Predict("q -> a: list[Any]")
    again.load(tmp_path / "s.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


def _changed(content: Any, data: st.DataObject) -> Any:
    """The content with one value, anywhere in it, replaced or taken out."""
    content = copy.deepcopy(content)
    *around, last = data.draw(st.sampled_from(_paths(content)[1:]))
    place = content
    for step in around:
        place = place[step]
    if data.draw(st.booleans()):
        place[last] = data.draw(JSON)
    else:
        del place[last]
    return content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_a_state_it_fits_or_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    def made() -> Program:
        student = Predict("text -> label, n: int, tags: list[str]")
        program = Program(
            BootstrapRS(metric=same, num_candidate_programs=1),
            student,
            name="p",
            source=tmp_path / "f.dspy",
            trainset=ROWS,
        )
        apply_defaults({"lm": lm}, program)
        return program

    lm = Neighbour({"label": "l 0", "n": "1", "tags": '["a"]'})
    original = tmp_path / "original.json"
    if not original.exists():
        made().optimize()
        (tmp_path / "f.p.state.json").rename(original)
        content = json.loads(original.read_text(encoding="utf-8"))
        content["predictors"]["self"]["lm"] = {"model": "test/neighbour", "temperature": 0.5}
        original.write_text(json.dumps(content), encoding="utf-8")
    content = _changed(json.loads(original.read_text(encoding="utf-8")), data)
    (tmp_path / "f.p.state.json").write_text(json.dumps(content), encoding="utf-8")
    logging.disable(logging.WARNING)
    try:
        made().predictors()
        made().stale_predictors()
        list(made().top(3))
    except StateError:
        pass
    finally:
        logging.disable(logging.NOTSET)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_a_saved_module_it_fits_or_is_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    predictor = Predict("text -> label, n: int", lm=LM("openai/small", temperature=0.5), top_p=0.5)
    predictor.demos = [Example(text="t", label="l", n=1, augmented=True)]
    predictor.train, predictor.traces = [{"a": 1}], [{"b": [2]}]
    predictor.save(tmp_path / "s.json")
    content = _changed(json.loads((tmp_path / "s.json").read_text(encoding="utf-8")), data)
    (tmp_path / "changed.json").write_text(json.dumps(content), encoding="utf-8")
    logging.disable(logging.WARNING)
    again = Predict("text -> label, n: int")
    try:
        again.load(tmp_path / "changed.json")
    except StateError:
        assert (again.lm, again.demos, again.config) == (None, [], {})
    finally:
        logging.disable(logging.NOTSET)


# --- versions --------------------------------------------------------------------------------------------


def test_versions_are_compared(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s.json"
    Predict("q -> a").save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["metadata"]["dependency_versions"].keys() == {"python"}
    assert content["metadata"]["versions"].keys() == {"dspyc", "pydantic"}
    Predict("q -> a").load(path)
    assert caplog.messages == []
    content["metadata"] = {
        "dependency_versions": {"python": "2.7", "dspy": "3.1"},
        "versions": {"dspyc": "99.0", "pydantic": 5},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    Predict("q -> a").load(path)
    assert [text.split("was saved with ")[1].split(",")[0] for text in caplog.messages] == [
        "python 2.7",
        "dspyc 99.0",
        "pydantic 5",
    ]
    caplog.clear()
    for metadata in (None, 3, {"dependency_versions": []}, {}):
        path.write_text(json.dumps({**content, "metadata": metadata}), encoding="utf-8")
        Predict("q -> a").load(path)
    assert caplog.messages == []
