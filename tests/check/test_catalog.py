"""What the catalog reads from the runtime's source is what its classes say when they are imported."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import dspyc.runtime as runtime
from dspyc.compiler import catalog, types
from dspyc.compiler.catalog import build, stdlib
from dspyc.runtime.adapters import sections
from dspyc.runtime.modules.calling import HINT
from dspyc.runtime.signature.fields import RESERVED

KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "",
    inspect.Parameter.KEYWORD_ONLY: "keyword-only",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
CLASSES = [name for name in runtime.__all__ if isinstance(catalog.lookup(name), types.Class)]
FUNCTIONS = [name for name in runtime.__all__ if isinstance(catalog.lookup(name), types.Function)]


def parameters(signature: inspect.Signature) -> list[tuple[str, str, bool]]:
    empty = inspect.Parameter.empty
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        (each.name, KINDS[each.kind], each.default is empty and each.kind not in variadic)
        for each in signature.parameters.values()
        if each.name != "self"
    ]


def read(found: tuple[types.Parameter, ...]) -> list[tuple[str, str, bool]]:
    return [(each.name, each.kind, each.required) for each in found]


def test_names_are_the_public_ones() -> None:
    assert set(catalog.names()) == set(runtime.__all__)


def test_most_names_are_classes_and_functions() -> None:
    assert len(CLASSES) > 30
    assert len(FUNCTIONS) > 5


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    cls = getattr(runtime, name)
    definition = catalog.definition(name)
    assert definition is not None
    bases = [base.__name__ for base in cls.__mro__ if base.__module__.startswith(runtime.__name__)]
    assert definition.bases[0] == name or bases[0] == definition.name
    assert {base for base in definition.bases if base in bases} == set(bases)
    assert definition.doc == inspect.cleandoc(cls.__doc__ or "")
    if definition.parameters is not None:
        assert read(definition.parameters) == parameters(inspect.signature(cls))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    found = catalog.lookup(name)
    assert isinstance(found, types.Function)
    function = inspect.unwrap(getattr(runtime, name))
    assert found.untyped or read(found.parameters) == parameters(inspect.signature(function))


@pytest.mark.parametrize("name", CLASSES)
def test_members_and_parameters_are_documented_where_the_class_does(name: str) -> None:
    cls, definition = getattr(runtime, name), catalog.definition(name)
    assert definition is not None
    missing = {
        each
        for each, value in inspect.getmembers(cls, inspect.isfunction)
        if each[0] != "_" and value.__module__.startswith("dspyc")
    } - set(definition.members)
    assert not missing
    own = {each.name for each in definition.parameters or ()}
    if hasattr(cls, "__parameters__"):
        assert own - {"config", "kwargs"} <= set(definition.parameter_docs)


def test_the_interface_of_a_module() -> None:
    definition = catalog.definition("ChainOfThought")
    assert definition is not None
    assert definition.shape is not None
    assert definition.shape.of == "signature"
    assert [(each.name, each.type) for each in definition.shape.outputs] == [("reasoning", types.STR)]


def test_the_catalog_belongs_to_the_runtime() -> None:
    written = build.PATH.read_text(encoding="utf-8")
    assert written == build.build(), "the runtime has changed: run `python -m dspyc.compiler.catalog.build`"


def test_every_class_is_one_object() -> None:
    predict = catalog.definition("Predict")
    assert predict is not None
    assert predict is catalog.definition("Predict")
    assert catalog.lookup("BootstrapRS") is not None
    assert catalog.definition("BootstrapRS") is catalog.definition("BootstrapFewShotWithRandomSearch")
    lm = catalog.settings()[0].type
    assert isinstance(lm, types.Union)
    assert isinstance(lm.options[0], types.Instance)
    assert lm.options[0].definition is catalog.definition("BaseLM")


def test_a_check_opens_no_source_of_the_runtime() -> None:
    code = (
        "import sys\n"
        "from dspyc.compiler.analysis import Project\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, arguments: event == 'open' and opened.append(str(arguments[0])))\n"
        'text = \'module qa = ChainOfThought("q -> a")\\nlm a = LM("openai/gpt-4o", temperatur=1)\\n\'\n'
        "assert Project({'a.dspy': text}.get).check('a.dspy').diagnostics\n"
        "source = [each for each in opened if each.endswith('.py')]\n"
        "assert not source, source\n"
        "assert any(each.endswith('_catalog.json') for each in opened)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_module_that_adds_nothing() -> None:
    assert catalog.plain_module() == "Predict"


def test_the_names_that_no_field_may_have() -> None:
    assert catalog.reserved_fields() == RESERVED
    assert sections.END in RESERVED


def test_the_input_for_advice() -> None:
    refine, predict = catalog.definition("Refine"), catalog.definition("Predict")
    assert refine is not None
    assert predict is not None
    assert refine.shape is not None
    assert refine.shape.reserved == HINT
    assert predict.shape is not None
    assert predict.shape.reserved is None


def test_limits_and_settings() -> None:
    definition = catalog.definition("Refine")
    assert definition is not None
    limits = {each.name: each.limits for each in definition.parameters or ()}
    assert limits["N"].ge == 1
    assert {"lm", "temperature", "max_tokens"} <= {each.name for each in catalog.settings()}
    assert {"lm", "max_retries"} <= {each.name for each in catalog.configuration() or ()}


def test_checking_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from dspyc.compiler.analysis import Project\n"
        'text = \'module qa = ChainOfThought("question -> answer")\\nlm a = LM("openai/gpt-4o")\\n\'\n'
        "assert not Project({'a.dspy': text}.get).check('a.dspy').diagnostics\n"
        "heavy = {'litellm', 'httpx', 'torch', 'pydantic', 'asyncio', 'dspyc.runtime.modules.base'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "module",
    [
        "collections",
        "concurrent.futures",
        "datetime",
        "itertools",
        "json",
        "math",
        "os",
        "random",
        "re",
        "statistics",
        "urllib.parse",
        "string",
        "time",
    ],
)
def test_names_of_the_standard_library(module: str) -> None:
    real = importlib.import_module(module)
    assert not [name for name in dir(real) if stdlib.lacks(module, name)]
    assert stdlib.lacks(module, "no_such_name")
    # What it imports for itself is offered to nobody.
    assert not {"annotations", "sys", "overload", "TypeVar"}.intersection(stdlib.names(module)) - {"sys"}


def test_names_of_other_modules_are_not_known() -> None:
    assert not stdlib.lacks("numpy", "no_such_name")
    assert not stdlib.lacks("tkinter", "no_such_name")
    assert not stdlib.lacks("math", "_private")
