"""The Python of the playground, without a browser: messages in one thread, prompts, what stands for ujson.

`tests/editors/pages.sh` uses the page itself, in Chromium.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import ujson

ROOT = Path(__file__).parents[2]
WEB = ROOT / "editors" / "web"
URI = "file:///playground/main.dspy"
MISTAKE = 'module ask = ChainOfThough("question -> answer")\n'


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"playground_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


playground = load(WEB / "python" / "playground.py")
pack = load(WEB / "pack.py")


class Page:
    """A page that has opened a program."""

    def __init__(self, text: str) -> None:
        self.session = playground.Session()
        self.got: list[dict[str, Any]] = []
        self.count = 0
        self.request("initialize", {"processId": None, "rootUri": "file:///playground", "capabilities": {}})
        self.send({"method": "initialized", "params": {}})
        document = {"uri": URI, "languageId": "dspy", "version": 1, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def send(self, message: dict[str, Any]) -> None:
        self.got += json.loads(self.session.receive(json.dumps({"jsonrpc": "2.0", **message})))

    def request(self, method: str, params: Any) -> Any:
        self.count += 1
        self.send({"id": self.count, "method": method, "params": params})
        (answer,) = [each for each in self.got if each.get("id") == self.count]
        assert "error" not in answer, answer
        return answer["result"]

    def diagnostics(self) -> list[dict[str, Any]]:
        """Do all that is due, as the worker does by its timer; what was published last."""
        while (wait := self.session.wait()) >= 0:
            time.sleep(wait)
            self.got += json.loads(self.session.work())
        published = [each for each in self.got if each.get("method") == "textDocument/publishDiagnostics"]
        found: list[dict[str, Any]] = published[-1]["params"]["diagnostics"]
        return found


def test_a_mistake_has_a_fix_and_then_none_is_left() -> None:
    before = threading.active_count()
    page = Page(MISTAKE)
    (found,) = page.diagnostics()
    assert "ChainOfThough" in found["message"]
    about = {"textDocument": {"uri": URI}, "range": found["range"], "context": {"diagnostics": [found]}}
    action = next(
        each for each in page.request("textDocument/codeAction", about) if each["kind"] == "quickfix"
    )
    (edit,) = action["edit"]["changes"][URI]
    assert edit["newText"] == "ChainOfThought"
    document = {"uri": URI, "version": 2}
    fixed = MISTAKE.replace("ChainOfThough(", "ChainOfThought(")
    changed = {"textDocument": document, "contentChanges": [{"text": fixed}]}
    page.send({"method": "textDocument/didChange", "params": changed})
    assert page.diagnostics() == []
    # A worker has no threads.
    assert threading.active_count() == before


def test_what_concerns_the_project_is_answered_at_once() -> None:
    page = Page('module ask = Predict("question -> answer")\nmodule two = Ensemble([ask, ask])\n')
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 8}}
    found = page.request("textDocument/references", {**place, "context": {"includeDeclaration": True}})
    assert len(found) == 3
    assert "Predict" in json.dumps(
        page.request("textDocument/hover", {**place, "position": {"line": 0, "character": 15}})
    )
    page.send({"id": 77, "method": "nothing/known", "params": {}})
    assert page.got[-1]["error"]["code"] == -32601


def test_prompts(tmp_path: Path) -> None:
    program = (
        'module one = Predict("question -> answer")\n'
        'module two = ChainOfThought("text -> words: list[str]")\n'
    )
    told = json.loads(playground.prompts(program, "", str(tmp_path)))
    assert (told["names"], told["name"]) == (["one", "two"], "one")
    (prompt,) = told["prompts"]
    assert [role for role, _ in prompt["messages"]] == ["system", "user"]
    assert "{question}" in prompt["messages"][1][1]
    assert prompt["tokens"] > 50
    assert json.loads(playground.prompts(program, "two", str(tmp_path)))["name"] == "two"
    assert json.loads(playground.prompts(program, "gone", str(tmp_path)))["name"] == "one"


def test_prompts_with_values(tmp_path: Path) -> None:
    program = 'module one = Predict("question, limit: int -> answer")\n'

    def told(**inputs: str) -> Any:
        return json.loads(playground.prompts(program, "", str(tmp_path), json.dumps(inputs)))

    some = told(question="@why", other="x")
    assert some["inputs"] == [["question", "str"], ["limit", "int"]]
    assert "@why" in some["prompts"][0]["messages"][1][1]
    assert "{limit}" in some["prompts"][0]["messages"][1][1]
    assert "{" not in told(question="why", limit="3")["prompts"][0]["messages"][1][1]
    wrong = told(limit="many")
    assert "limit" in wrong["error"]
    assert (wrong["names"], len(wrong["inputs"])) == (["one"], 2)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (MISTAKE, "ChainOfThough"),
        ("", "The file declares no module"),
        (
            'module A:\n    output a: str\n\n    forward:\n        return a="b"\n\nmodule a = A()\n',
            "`a` asks no model.",
        ),
        ("signature A:\n    input a: str\n", "output"),
        ("from nowhere import thing\nmodule m = thing()\n", "nowhere"),
    ],
)
def test_programs_without_a_prompt_say_why(tmp_path: Path, program: str, why: str) -> None:
    assert why in json.loads(playground.prompts(program, "", str(tmp_path)))["error"]


def test_what_records_need_is_asked_for_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(path: Path) -> Any:
        try:
            raise ModuleNotFoundError("No module named 'pydantic'", name="pydantic")
        except ModuleNotFoundError:
            raise RuntimeError("it cannot be loaded") from None

    monkeypatch.setattr("dspyc.cli.opening.open_program", missing)
    assert json.loads(playground.prompts("", "", str(tmp_path))) == {"more": True}
    assert set(playground._FOR_RECORDS) == set(pack.LATER)


def test_the_examples_are_right_but_the_one_with_mistakes(tmp_path: Path) -> None:
    text = (WEB / "src" / "examples.js").read_text(encoding="utf-8")
    examples = re.findall(r'^  "?([^"\n]+?)"?: `(.*?)`,$', text, re.MULTILINE | re.DOTALL)
    assert len(examples) == 4
    for name, program in examples:
        found = Page(program).diagnostics()
        if name == "With a mistake":
            assert sorted(each["code"] for each in found) == ["E101", "E202"]
        else:
            assert found == []
            assert "prompts" in json.loads(playground.prompts(program, "", str(tmp_path)))


VALUES: list[Any] = [
    None, True, 0, -1, 10**15, 1.5, 1e300, "", "a/b", 'quote " and \\', "line\nbreak\ttab", "ü 🦓", [], {},
    [1, [2, [3]]], {"a": {"b": [None, False]}, "c": ""}, [{}], {"a": []},
]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"escape_forward_slashes": False},
        {"indent": 2, "ensure_ascii": False, "escape_forward_slashes": False, "allow_nan": False},
        {},
    ],
)
def test_what_stands_for_ujson_writes_and_reads_the_same(options: dict[str, Any]) -> None:
    stand_in = load(WEB / "python" / "ujson.py")
    for value in VALUES:
        text = stand_in.dumps(value, **options)
        assert text == ujson.dumps(value, **options)
        assert stand_in.loads(text) == ujson.loads(text) == value
    for text in ("", "{", "[1", '"a'):
        with pytest.raises(ValueError, match=r"."):
            stand_in.loads(text)


def test_the_package_is_packed_whole_and_the_same_each_time(tmp_path: Path) -> None:
    files = dict(pack.package_files())
    assert {"dspyc/__init__.py", "dspyc/grammar/_tables.json", "playground.py", "ujson.py"} <= files.keys()
    assert "dspyc/compiler/catalog/_catalog.json" in files
    assert not any(name.endswith((".gguf", ".pyc")) for name in files)
    few = {name: files[name] for name in ("playground.py", "dspyc/__init__.py")}
    for name in ("one.zip", "two.zip"):
        pack.write_zip(tmp_path / name, few)
        few = dict(reversed(few.items()))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as content:
        assert content.read("playground.py") == files["playground.py"]
    assert {"lm", "signature", "module"} <= set(pack.words()["heads"])


def test_only_what_is_pinned_is_packed() -> None:
    lines = (WEB / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in pinned)
    names = {line.partition("==")[0] for line in pinned}
    assert set(pack.LATER) < names
    assert sys.version_info >= (3, 11)


@pytest.mark.parametrize(
    "head",
    [
        "from this import s",
        "from js import document\nx = [f() for f in [document.write]]",
        'from os import system\nx = [f("touch RAN") for f in [system]]',
    ],
)
def test_prompts_execute_no_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f'{head}\nmodule m = Predict("a -> b")\n'
    playground.prompts(text, "", str(tmp_path / "page"))
    assert "Zen" not in capsys.readouterr().out
    assert "this" not in sys.modules
    assert not list(tmp_path.glob("**/RAN"))
