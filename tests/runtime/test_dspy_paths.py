"""DSPy's import paths: only the import of the package changes."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import dspyc.runtime as dspy
from dspyc.runtime import dspy_paths


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("teleprompt", "BootstrapFewShot"),
        ("teleprompt.bootstrap", "BootstrapFewShot"),
        ("teleprompt.random_search", "BootstrapFewShotWithRandomSearch"),
        ("predict", "ChainOfThought"),
        ("predict.predict", "Predict"),
        ("adapters", "ChatAdapter"),
        ("adapters.chat_adapter", "ChatAdapter"),
        ("adapters.types", "History"),
        ("adapters.types.tool", "Tool"),
        ("clients", "LM"),
        ("clients.lm", "LM"),
        ("clients.base_lm", "BaseLM"),
        ("utils", "DummyLM"),
        ("utils.dummies", "DummyLM"),
        ("utils.callback", "BaseCallback"),
        ("signatures.signature", "ensure_signature"),
        ("primitives.prediction", "Prediction"),
        ("primitives.example", "Example"),
        ("evaluate", "Evaluate"),
        ("evaluate.metrics", "answer_exact_match"),
        ("retrievers", "Embeddings"),
        ("dsp.colbertv2", "ColBERTv2"),
    ],
)
def test_a_path_has_the_names_of_the_face(path: str, name: str) -> None:
    module = importlib.import_module(f"dspyc.runtime.{path}")
    assert getattr(module, name) is getattr(dspy, name)


def test_names_that_only_a_path_has() -> None:
    from dspyc.runtime.predict.parameter import Parameter  # type: ignore[import-not-found]
    from dspyc.runtime.signatures import SignatureMeta, infer_prefix  # type: ignore[import-not-found]
    from dspyc.runtime.utils import dummy_rm  # type: ignore[import-not-found]

    assert isinstance(dspy.Signature, SignatureMeta)
    assert infer_prefix("someText") == "Some Text"
    assert issubclass(dspy.Predict, Parameter)
    assert callable(dummy_rm)
    assert dspy.DSPyError is dspy.DspycError


def test_paths_are_attributes_of_the_face() -> None:
    assert dspy.teleprompt.BootstrapRS is dspy.BootstrapRS
    assert dspy.utils.dummies.DummyLM is dspy.DummyLM
    assert "bootstrap" in dir(dspy.teleprompt)


@pytest.mark.parametrize(
    "name", ["teleprompt.nonsense", "nonsense", "adapters.types.nonsense", "dsp.predict"]
)
def test_other_paths_are_not_there(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=name.rpartition(".")[2]):
        importlib.import_module(f"dspyc.runtime.{name}")


def test_other_names_are_not_there() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        from dspyc.runtime.teleprompt import Nonsense  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = dspy.nonsense
    assert not hasattr(dspy.adapters, "nonsense")


def test_every_path_can_be_imported_without_loading_anything() -> None:
    names = [
        *dspy_paths.PATHS,
        *(f"{package}.{name}" for package, inside in dspy_paths.PATHS.items() for name in inside.split()),
    ]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module('dspyc.runtime.' + name)\n"
        "print([name for name in ('litellm', 'aiohttp', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
