"""Signatures and records that extend others, of the same file, of other files and of Python."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import dspyc
from dspyc.runtime import DummyLM
from dspyc.runtime.errors import SignatureError

SHAPES = '''\
"""What a program extends."""

import dspyc.runtime as dspy
from pydantic import BaseModel, Field


class Base(dspy.Signature):
    """Base it."""

    question: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="short")


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(gt=0)


class RefusedError(Exception):
    """Raised by a function."""


def refuse(text: str) -> str:
    raise RefusedError(text)
'''
ONE = """\
from two import Middle, Worker

signature Last(Middle):
    output place: Place

type Place:
    name: str

type Chief(Worker):
    place: Place

signature First:
    input question: str
    input hint: str = ""
    output answer: str

module last = Predict(Last)
chief = Chief(name="a", home=Place(name="b"), place=Place(name="c"))
"""
TWO = """\
from one import Place

type Worker:
    name: str
    home: Place

signature Middle:
    input place_of: Place | None = None
    output other: str
"""


def load(folder: Path, **files: str) -> dict[str, ModuleType]:
    for name, text in files.items():
        (folder / f"{name}.dspy").write_text(text, encoding="utf-8")
    return {name: dspyc.load(folder / f"{name}.dspy") for name in files}


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_what_is_extended_may_be_in_a_file_that_imports_this_one(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    texts = {"one": ONE, "two": TWO}
    for name in order:
        (tmp_path / f"{name}.dspy").write_text(texts[name], encoding="utf-8")
    one = {name: dspyc.load(tmp_path / f"{name}.dspy") for name in order}["one"]
    assert list(one.Last.fields) == ["place_of", "other", "place"]
    assert one.Last.fields["place"].annotation is one.Place
    assert list(one.Chief.model_fields) == ["name", "home", "place"]
    assert isinstance(one.chief, one.Worker)
    lm = DummyLM([{"other": "x", "place": '{"name": "Ghent"}'}])
    assert one.last(lm=lm).place == one.Place(name="Ghent")


def test_classes_of_python_are_extended(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES, encoding="utf-8")
    text = (
        "from shapes import Base, Person, RefusedError, refuse\nimport shapes\n\n"
        "signature Brief(Base):\n    del answer\n    output words: list[str]\n\n"
        "type Employee(shapes.Person):\n    del age\n    salary: int where salary > 0\n\n"
        "type Chief(Person):\n    team: list[Person] = []\n\n"
        "module brief = Predict(Brief)\n\n"
        "def asked(text: str) -> str:\n"
        "    try:\n        return refuse(text)\n"
        "    except RefusedError as error:\n        return f'refused {error}'\n\n"
        "def asked_again(text: str) -> str:\n"
        "    try:\n        return refuse(text)\n"
        "    except (shapes.RefusedError, LookupError):\n        return 'refused'\n"
    )
    program = load(tmp_path, p=text)["p"]
    assert program.Brief.instructions == "Base it."
    assert list(program.Brief.fields) == ["question", "words"]
    assert list(program.Employee.model_fields) == ["name", "salary"]
    assert program.Employee.__doc__ == "A person."
    assert issubclass(program.Chief, program.Person)
    assert not issubclass(program.Employee, program.Person)
    with pytest.raises(ValueError, match="greater than 0"):
        program.Chief(name="a", age=0)
    assert (program.asked("x"), program.asked_again("x")) == ("refused x", "refused")


def test_a_signature_is_extended_in_place_without_its_demos(tmp_path: Path) -> None:
    text = (
        'signature Ask:\n    """Answer."""\n    input text: str\n    input hint: str = "none"\n'
        '    output answer: str "long"\n    output score: float\n    demo text="a", answer="b", score=1\n\n'
        'signature Brief(Ask):\n    del hint\n    output answer: Literal["a", "b"] "short"\n'
        "    output source: str\n\n"
        'signature Other(Brief):\n    """Otherwise."""\n    del score\n    demo text="c", answer="a"\n'
    )
    program = load(tmp_path, p=text)["p"]
    fields = program.Brief.fields
    assert list(fields) == ["text", "answer", "score", "source"]
    assert fields["answer"].description == "short"
    assert program.Brief.instructions == "Answer."
    assert program.Brief.demos == ()
    assert list(program.Other.fields) == ["text", "answer", "source"]
    assert program.Other.instructions == "Otherwise."
    assert [dict(demo) for demo in program.Other.demos] == [{"text": "c", "answer": "a"}]
    assert list(program.Ask.fields) == ["text", "hint", "answer", "score"]


def test_signatures_that_are_made_know_the_types_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "program.dspy").write_text(
        'enum Kind:\n    a = "a"\n\n'
        'module plain = Predict(Signature("text -> kind: Kind", "Say which."))\n'
        'module named = Predict(Signature(signature="text -> kind: Kind"))\n'
        'module said = Predict(Signature("text -> kind: Kind", custom_types={"Kind": Kind}))\n'
    )
    program = dspyc.load(tmp_path / "program.dspy")
    for module in (program.plain, program.named, program.said):
        assert module.signature.output_fields["kind"].annotation is program.Kind
    assert program.plain.signature.instructions == "Say which."


def test_a_class_cannot_leave_out_what_its_base_does_not_have() -> None:
    base = dspyc.runtime.Signature("a -> b")
    with pytest.raises(SignatureError, match="cannot leave out `c`"):

        class Other(base, without=("c",)):  # type: ignore[misc, valid-type]
            pass
