"""Names that a declaration cannot have: what checks clean with a name loads and runs with it."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydantic
import pytest

import dspyc
from dspyc.compiler.analysis import Project
from dspyc.compiler.emit.records import SHADOWS
from dspyc.compiler.rules.fields.own_names import OF_PREDICTIONS, OF_RECORDS
from dspyc.runtime import DummyLM, Prediction, context

FORMS = {
    "attribute": (
        "type R:\n    {name}: str\n    other: int\n\n"
        'signature S:\n    """Do."""\n    input q: str\n    output r: R\n\nmodule m = Predict(S)\n\n'
        "def use(q: str) -> str:\n    return m(q=q).r.{name}\n",
        {"r": '{"NAME": "hello", "other": 1}'},
    ),
    "output": (
        'module m = Predict("qq -> {name}")\n\ndef use(q: str) -> str:\n    return m(qq=q).{name}\n',
        {"NAME": "hello"},
    ),
    "member": (
        'enum E:\n    {name} = "hello"\n    other = "other"\n\n'
        'signature S:\n    """Do."""\n    input q: str\n    output r: E\n\nmodule m = Predict(S)\n\n'
        "def use(q: str) -> str:\n    return m(q=q).r.value if m(q=q).r == E.{name} else q\n",
        {"r": "hello"},
    ),
    "part": (
        'module M:\n    """Do."""\n    input qq: str\n    output rr: str\n\n'
        '    {name} = Predict("qq -> rr")\n\n'
        "    forward:\n        return {name}(qq=qq)\n\nmodule m = M()\n\n"
        "def use(q: str) -> str:\n    return m(qq=q).rr\n",
        {"rr": "hello"},
    ),
    "parameter": (
        'module M({name}: str = "o"):\n    """Do."""\n    input qq: str\n    output rr: str\n\n'
        '    pp = Predict("qq -> rr")\n\n    forward:\n        return rr=pp(qq=qq).rr + {name}\n\n'
        'module m = M({name}="lo")\n\ndef use(q: str) -> str:\n    return m(qq=q).rr\n',
        {"rr": "hel"},
    ),
}
NAMES = (
    "mro", "register", "name", "value", "names", "_order_", "_ignore_", "_missing_", "_", "_x", "__x",
    "__init__", "__dict__", "__doc__", "__slots__", "__annotations__", "__class__", "model_config", "copy",
    "model_dump", "model_validate", "model_fields", "model_name", "json", "schema", "dict", "title", "count",
    "_store", "_completions", "_history", "_defaults", "_part_settings", "forward", "history", "config", "lm",
    "completed", "items", "type",
)  # fmt: skip
REFUSED = {
    "attribute": {"model_config", "model_dump", "model_validate", "model_fields"},
    "member": {"mro"},
    "output": {"completed", "items", "_store", "__x"},
}


def _is_clean(text: str) -> bool:
    found = Project({"main.dspy": text}.get).check("main.dspy").diagnostics
    return all(each.severity == "info" for each in found)


@pytest.mark.parametrize("form", FORMS)
def test_what_checks_clean_runs(form: str, tmp_path: Path) -> None:
    template, answer = FORMS[form]
    ran = set()
    for name in NAMES:
        text = template.format(name=name) if form != "attribute" else template.replace("{name}", name)
        if not _is_clean(text):
            continue
        path = tmp_path / "main.dspy"
        path.write_text(text, encoding="utf-8")
        given = {key.replace("NAME", name): value.replace("NAME", name) for key, value in answer.items()}
        with context(lm=DummyLM([given] * 2)):
            assert dspyc.load(path).use("q") == "hello", name
        ran.add(name)
    assert {"model_name", "title", "count"} <= ran
    assert not ran & REFUSED.get(form, set())


def test_the_names_that_records_need_are_those_of_pydantic() -> None:
    assert {each for each in dir(pydantic.BaseModel) if each.startswith("model_")} == OF_RECORDS


def test_the_names_that_predictions_need_are_those_of_the_runtime() -> None:
    found = {name for name in dir(Prediction(answer="a")) if name.startswith("_") and name[1] != "_"}
    assert found == OF_PREDICTIONS


@pytest.mark.parametrize("name", ["mro", "register", "copy"])
def test_a_method_of_classes_is_no_default(name: str, tmp_path: Path) -> None:
    path = tmp_path / "main.dspy"
    path.write_text(f"type R:\n    {name}: str\n", encoding="utf-8")
    record = dspyc.load(path).R
    assert record.model_fields[name].is_required()


@pytest.mark.filterwarnings("error")
def test_a_record_with_an_attribute_of_every_model_is_made_without_a_warning(tmp_path: Path) -> None:
    names = [name for name in dir(pydantic.BaseModel) + dir(type(pydantic.BaseModel)) if name[0] != "_"]
    may_have = {name for name in names if hasattr(pydantic.BaseModel, name)} - OF_RECORDS
    assert may_have == SHADOWS
    attributes = "".join(f"    {name}: str\n" for name in sorted(may_have))
    path = tmp_path / "main.dspy"
    path.write_text(
        f"type R:\n{attributes}\ntype Longer(R):\n    copy: int\n    other: str\n\n"
        "type Shorter(Longer):\n    del json, other\n",
        encoding="utf-8",
    )
    filters = list(warnings.filters)
    program = dspyc.load(path)
    assert warnings.filters == filters
    assert program.Longer.model_fields["copy"].annotation is int
    assert set(program.Shorter.model_json_schema()["required"]) == may_have - {"json"}


def test_an_attribute_named_like_a_method_of_classes_is_inherited_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "main.dspy"
    path.write_text(
        "type R:\n    register: str where len(register) > 1\n    mro: int\n\n"
        "type Longer(R):\n    other: str\n\ntype Shorter(Longer):\n    del mro\n",
        encoding="utf-8",
    )
    program = dspyc.load(path)
    for record, given in ((program.Longer, {"mro": 1}), (program.Shorter, {})):
        assert record(register="ab", other="c", **given).register == "ab"
        for wrong in ({}, {"register": "a"}):
            with pytest.raises(pydantic.ValidationError, match="register"):
                record(other="c", **given, **wrong)
