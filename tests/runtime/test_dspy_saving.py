"""Programs, states and settings in files, as DSPy's programs save and load them."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    MissingCodeError,
    StateError,
)
from support.hops import Hop

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
