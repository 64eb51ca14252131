"""`dspyc diff` of states that come from anywhere: what it opens, shows and says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.main import run
from support.counting import growth_of

KEY = "my-private-0123456789"


def state(path: Path, instructions: str = "a", lm: Any = None, demos: Any = (), **facts: Any) -> None:
    predictors = {"self": {"instructions": instructions, "demos": list(demos), "lm": lm}}
    path.write_text(json.dumps({"dspyc_state": 1, "predictors": predictors, **facts}), encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.gguf").write_bytes(b"x")
    monkeypatch.chdir(tmp_path / "inside")
    return tmp_path / "inside"


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (("gguf//dev/zero", "gguf/two.gguf"), "unknown"),
        (("gguf/../outside.gguf", "gguf/two.gguf"), "unknown"),
        (("gguf/absent.gguf", "gguf/two.gguf"), "unknown"),
        (("gguf/two.gguf", "gguf/two.gguf"), "unknown"),
        (("gguf/", "gguf/.."), "unknown"),
        (("gguf/one.gguf", "gguf/two.gguf"), "another content"),
        (("gguf/two.gguf", "gguf/same.gguf"), None),
        (("openai/x", "gguf/two.gguf"), None),
    ],
)
def test_the_weights(
    folder: Path, capsys: pytest.CaptureFixture[str], models: tuple[str, str], says: str | None
) -> None:
    for name, content in (("one", b"1"), ("two", b"2"), ("same", b"2")):
        (folder / f"{name}.gguf").write_bytes(content)
    for name, model in zip(("a.json", "b.json"), models, strict=True):
        state(folder / name, lm={"model": model})
    assert run(["diff", "a.json", "b.json"]) == 1
    told = capsys.readouterr().out
    assert ("weights: " in told, says is None or says in told) == (says is not None, True)
    assert run(["diff", "a.json", "a.json"]) == 0


def test_the_settings_of_calls(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, settings in (("a", {}), ("b", {"config": {"temperature": 0.5}}), ("c", {"config": {}})):
        predictor = {"instructions": "i", "demos": [], "lm": None, **settings}
        text = json.dumps({"dspyc_state": 1, "predictors": {"self": predictor}})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    assert run(["diff", "a.json", "b.json"]) == 1
    assert "settings: none → temperature=0.5" in capsys.readouterr().out
    assert run(["diff", "a.json", "c.json"]) == 0
    (folder / "c.json").write_text(text.replace('"config": {}', '"config": [1]'), encoding="utf-8")
    assert run(["diff", "a.json", "c.json"]) == 2


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_secret_is_shown(folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    shape = "sk-proj-" + "A1b2C3d4E5f6G7h8" * 3
    lm = {"model": "openai/x", "api_key": KEY, "api_base": f"https://u:{KEY}@h/"}
    state(folder / "a.json", f"Use {shape}", lm, [{"q": "w " * 45 + shape, "password": KEY}])
    state(folder / "b.json", optimizer={"name": "X", "parameters": {"api_key": KEY}})
    assert run(["diff", "a.json", "b.json", *options]) == 1
    told = capsys.readouterr().out
    assert KEY not in told
    assert "sk-proj" not in told


@pytest.mark.parametrize(
    "facts",
    [
        {"score": {"after": "x"}},
        {"score": [1]},
        {"optimizer": {"name": "x", "parameters": [1]}},
        {"optimizer": 3},
    ],
)
def test_facts_that_are_none(folder: Path, facts: dict[str, Any]) -> None:
    state(folder / "a.json", **facts)
    state(folder / "b.json")
    assert run(["diff", "a.json", "b.json"]) == 0


def test_files_without_predictors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.json").write_text("{}", encoding="utf-8")
    assert run(["diff", "a.json", "a.json"]) == 2
    assert "a.json is not a state: it has no predictors" in capsys.readouterr().err


def test_long_instructions_take_linear_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def compare(lines: int) -> None:
        for name, word in (("a.json", "abc"), ("b.json", "bcd")):
            state(folder / name, "\n".join(f"{word} {number} " * 8 for number in range(lines)))
        assert run(["diff", "a.json", "b.json"]) == 1

    compare(1)
    assert growth_of(compare, 100) < 3
    capsys.readouterr()


def test_demos_that_look_alike_are_shown_where_they_differ(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = "the same words " * 20
    pairs = [
        ({"q": f"{start}red"}, {"q": f"{start}blue"}),
        ({"q": 1}, {"q": "1"}),
        ({"q": "a  b", "a": "x"}, {"q": "a b", "a": "x"}),
        ({"q": [start, 1]}, {"q": [start, 2]}),
    ]
    for before, after in pairs:
        state(folder / "a.json", demos=[before])
        state(folder / "b.json", demos=[after])
        assert run(["diff", "a.json", "b.json"]) == 1
        lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line[4:5] in "+-"]
        [removed] = [line[1:] for line in lines if line.startswith("-")]
        [added] = [line[1:] for line in lines if line.startswith("+")]
        assert removed != added
        assert max(len(removed), len(added)) < 120


def test_whether_a_demo_is_from_a_run_is_no_difference(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state(folder / "a.json", demos=[{"q": "x", "augmented": True}, {"q": "y"}])
    state(folder / "b.json", demos=[{"q": "x"}, {"q": "y", "augmented": True}])
    assert run(["diff", "a.json", "b.json"]) == 0
    assert "learned the same" in capsys.readouterr().out
