"""How texts on the command line become values, and what is said where they cannot."""

from __future__ import annotations

import datetime
import enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.project.errors import Misuse
from dspyc.project.inputs import Input, read_arguments


class Entity(BaseModel):
    name: str
    aliases: list[str] = []


class Kind(enum.Enum):
    PERSON = "person"


CASES: list[tuple[Any, str, Any]] = [
    (str, "5", "5"),
    (str, "[1]", "[1]"),
    (str, "", ""),
    (str, "a=b", "a=b"),
    (Any, "5", "5"),
    (str | None, "None", "None"),
    (int, "5", 5),
    (int, "-1", -1),
    (float, "1e3", 1000.0),
    (bool, "true", True),
    (bool, "no", False),
    (int | None, "null", None),
    (int | None, "None", None),
    (list[str], '["a", "b"]', ["a", "b"]),
    (list[str], "['a', 'b']", ["a", "b"]),
    (list[int], "[1, 2]", [1, 2]),
    (dict[str, int], '{"a": 1}', {"a": 1}),
    (dict[str, list[str]], "{'a': ['b']}", {"a": ["b"]}),
    (tuple[int, str], '[1, "a"]', (1, "a")),
    (set[int], "[1, 1]", {1}),
    (Literal["x", "y"], "x", "x"),
    (Literal[1, 2], "2", 2),
    (int | str, "5", "5"),
    (Kind, "person", Kind.PERSON),
    (datetime.date, "2024-05-06", datetime.date(2024, 5, 6)),
    (Entity, '{"name": "Ada"}', Entity(name="Ada")),
    (list[Entity], '[{"name": "Ada", "aliases": ["A"]}]', [Entity(name="Ada", aliases=["A"])]),
]


@pytest.mark.parametrize(("annotation", "text", "value"), CASES, ids=str)
def test_a_text_becomes_a_value(annotation: Any, text: str, value: Any) -> None:
    got = read_arguments([f"x={text}"], [Input("x", annotation, "T", required=True)], None)["x"]
    assert got == value
    assert type(got) is type(value)


TWO = [Input("question", str, "str", required=True), Input("k", int, "int", required=False)]

REFUSALS: list[tuple[list[str], str, str]] = [
    ([], "the input `question` is missing", "pass question=…; the inputs are `question: str`"),
    (["question"], "`question` is not an input", "write inputs as key=value; "),
    (["qestion=a"], "unknown input `qestion`", "did you mean `question`? the inputs are "),
    (["question=a", "zzz=1"], "unknown input `zzz`", "the inputs are "),
    (["question=a", "question=b"], "the input `question` is given twice", ""),
    (["question=a", "k=many"], "the input `k` takes `int`, not `many`", "k: Input should be a valid integer"),
    (["question=@none.txt"], "the file of `question`, none.txt, does not exist", "`question=@path` reads"),
    (["-"], "standard input is not JSON", "it must be an object"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message", "hint"), REFUSALS, ids=str)
def test_what_cannot_be_is_said(arguments: list[str], message: str, hint: str) -> None:
    with pytest.raises(Misuse) as caught:
        read_arguments(arguments, TWO, "{")
    assert caught.value.message.startswith(message)
    assert (caught.value.help or "").startswith(hint)


def test_a_file_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Wer?\n", encoding="utf-8")
    assert read_arguments([f"question=@{tmp_path}/q.txt"], TWO, None) == {"question": "Wer?\n"}
    assert read_arguments(["question=@@home"], TWO, None) == {"question": "@home"}
    assert read_arguments(["-", "k=3"], TWO, '{"question": "Who?"}') == {"question": "Who?", "k": 3}


def test_a_wrong_value_inside_a_value_is_named() -> None:
    with pytest.raises(Misuse) as caught:
        read_arguments(['x=[{"name": 1}]'], [Input("x", list[Entity], "list[Entity]", required=True)], None)
    assert caught.value.help is not None
    assert caught.value.help.startswith("x[0].name: Input should be a valid string")


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (dspy.Image, lambda made: made),
        (dspy.Image | None, lambda made: made),
        (list[dspy.Image], lambda made: [made]),
    ],
)
def test_a_file_is_a_picture_where_one_is_wanted(annotation: Any, shape: Any, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    one = Input("x", annotation, "Image", required=True)
    assert read_arguments([f"x=@{path}"], [one], None)["x"] == shape(dspy.Image.from_path(path))
    with pytest.raises(Misuse, match=r"the file of `x` cannot be used: File not found: .*none\.png"):
        read_arguments([f"x=@{tmp_path}/none.png"], [one], None)


def test_a_path_is_no_picture() -> None:
    one = Input("x", dspy.Image, "Image", required=True)
    with pytest.raises(Misuse) as raised:
        read_arguments(["x=dot.png"], [one], None)
    assert "Write x=@path for the content of a file" in str(raised.value.help)
    address = "https://example.com/dot.png"
    assert read_arguments([f"x={address}"], [one], None) == {"x": dspy.Image(address)}
