"""Files that an editor renames and moves: what names them is rewritten, and finds them afterwards."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from dspyc.lsp.workspace import Workspace
from support.lsp_client import CAPABILITIES, Client, edited

FILES = {
    "dspyc.toml": 'src = ["lib"]\nbaseline = "known/findings.json"\n',
    "known/findings.json": "[]\n",
    "shop/kinds.dspy": 'enum Kind:\n    MONEY = "money"\n    OTHER = "other"\n',
    "shop/data/cards.csv": "text,kind\nhello,money\n",
    "shop/tools.py": "def search(text: str) -> str:\n    return text\n",
    "shop/triage.dspy": (
        "from kinds import Kind\nfrom .tools import search\nfrom common import LIMIT\n\n"
        'configure(lm=LM("openai/gpt-4o-mini"))\n\nmodule sort = Predict("text -> kind: str")\n'
        'dataset cards = Dataset("data/cards.csv", inputs=["text"])\n'
        "optimizer tune = LabeledFewShot(k=LIMIT)\n"
        "program tuned = tune.compile(sort, trainset=cards)\n"
        'program other = tune.compile(sort, trainset=cards, state="learned/other.json")\n\n'
        "def ask(text: str) -> Kind:\n    return Kind.MONEY if search(text) else Kind.OTHER\n"
    ),
    "shop/triage.tuned.state.json": '{"dspyc_state": 1, "predictors": {}}\n',
    "shop/learned/other.json": '{"dspyc_state": 1, "predictors": {}}\n',
    "lib/common.dspy": "LIMIT = 3\n",
    "lib/user.dspy": "from common import LIMIT as most\n\nx = most\n",
    "deep/inner/desk.dspy": (
        "from ...shop.kinds import Kind\nfrom ...shop import kinds\n\nx = Kind.MONEY\ny = kinds.Kind\n"
    ),
    "shop/__init__.py": "",
    "shop/more.dspy": "from . import kinds\n\ny = kinds.Kind\n",
    "app.py": (
        "import dspyc\n\n# Ä: the shop.\n"
        'ä = dspyc.load("shop/triage.dspy"); b = "shop/triage.dspy is a file"\n'
    ),
    "shop/app.py": "import triage\nfrom kinds import Kind\n\nprint(triage.sort, Kind)\n",
}
"""Some files that name each other in all ways."""
RENAMING: dict[str, Any] = {
    **CAPABILITIES,
    "workspace": {
        **CAPABILITIES["workspace"],
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
    },
}
counter = itertools.count()


@pytest.fixture(scope="module")
def shop_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    folder = tmp_path_factory.mktemp("moves").resolve()
    client = Client()
    offered = client.initialize(folder, capabilities=RENAMING)["capabilities"]["workspace"]["fileOperations"]
    assert set(offered) == {"willRename", "didRename", "didCreate", "didDelete"}
    yield client, folder
    client.kill()


@pytest.fixture
def shop(shop_client: tuple[Client, Path]) -> Iterator[tuple[Client, Path]]:
    """A client and a folder with the files."""
    client, above = shop_client
    folder = above / f"shop_{next(counter)}"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    yield client, folder
    shutil.rmtree(folder)


def moved(client: Client, folder: Path, old: str, new: str) -> dict[str, str]:
    """The texts after a move that differ from before, by their old names; all is done on the disk."""
    params = {"files": [{"oldUri": (folder / old).as_uri(), "newUri": (folder / new).as_uri()}]}
    answer = client.request("workspace/willRenameFiles", params)
    changes: dict[str, str] = {}
    renames = []
    for each in answer["documentChanges"] if answer else ():
        if each.get("kind") == "rename":
            renames.append([Path(unquote(urlsplit(each[key]).path)) for key in ("oldUri", "newUri")])
            continue
        path = Path(unquote(urlsplit(each["textDocument"]["uri"]).path))
        changes[str(path.relative_to(folder))] = edited(path.read_text(encoding="utf-8"), each["edits"])
    for name, text in changes.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / new).parent.mkdir(parents=True, exist_ok=True)
    for one, other in [*renames, [folder / old, folder / new]]:
        one.rename(other)
    client.notify("workspace/didRenameFiles", params)
    return changes


def errors(client: Client, folder: Path) -> set[str]:
    """The findings about imports and data of all files, by their codes."""
    asked = {"previousResultIds": [], "identifier": "dspyc"}
    found = client.request("workspace/diagnostic", asked)["items"]
    mine = [each for each in found if folder.as_uri() + "/" in each["uri"]]
    assert len(mine) == sum(name.endswith(".dspy") for name in FILES)
    return {item["code"] for each in mine for item in each.get("items", ()) if item["severity"] == 1}


def test_nothing_is_wrong_before(shop: tuple[Client, Path]) -> None:
    assert errors(*shop) == set()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "shop/kinds.dspy",
            "shop/sorts.dspy",
            {
                "shop/triage.dspy": ("from kinds", "from sorts"),
                "shop/app.py": ("from kinds", "from sorts"),
                "shop/more.dspy": ("import kinds", "import sorts as kinds"),
                "deep/inner/desk.dspy": (
                    "from ...shop.kinds import Kind\nfrom ...shop import kinds\n",
                    "from ...shop.sorts import Kind\nfrom ...shop import sorts as kinds\n",
                ),
            },
        ),
        (
            "shop/kinds.dspy",
            "shop/inner/kinds.dspy",
            {
                "shop/triage.dspy": ("from kinds", "from inner.kinds"),
                "shop/app.py": ("from kinds", "from inner.kinds"),
                "deep/inner/desk.dspy": ("from ...shop.kinds", "from ...shop.inner.kinds"),
            },
        ),
        (
            "shop",
            "store",
            {
                "deep/inner/desk.dspy": ("...shop", "...store"),
                "app.py": ('load("shop/', 'load("store/'),
            },
        ),
        (
            "shop/triage.dspy",
            "desk/sorting.dspy",
            {
                "shop/triage.dspy": (
                    'from kinds import Kind\nfrom .tools|"data/cards.csv"|"learned/other.json"',
                    "from ..shop.kinds import Kind\nfrom ..shop.tools"
                    '|"../shop/data/cards.csv"|"../shop/learned/other.json"',
                ),
                "app.py": ('load("shop/triage', 'load("desk/sorting'),
                "shop/app.py": ("import triage\n", "import triage\n"),
            },
        ),
        (
            "shop/triage.dspy",
            "shop/sorting.dspy",
            {"app.py": None, "shop/app.py": ("triage\n", "sorting as triage\n")},
        ),
        ("shop/data/cards.csv", "cards.csv", {"shop/triage.dspy": ('"data/cards.csv"', '"../cards.csv"')}),
        ("shop/learned", "kept", {"shop/triage.dspy": ('"learned/', '"../kept/')}),
        (
            "shop/learned/other.json",
            "shop/o.json",
            {"shop/triage.dspy": ('"learned/other.json"', '"o.json"')},
        ),
        ("shop/tools.py", "lib/tools.py", {"shop/triage.dspy": ("from .tools", "from ..lib.tools")}),
        ("lib", "libs", {"dspyc.toml": ('"lib"', '"libs"')}),
        ("known", "old", {"dspyc.toml": ('"known/', '"old/')}),
        ("lib/common.dspy", "lib/a b.dspy", {}),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_a_move(
    shop: tuple[Client, Path], old: str, new: str, expected: dict[str, tuple[str, str] | None]
) -> None:
    client, folder = shop
    changes = moved(client, folder, old, new)
    for name, change in expected.items():
        if change is None:
            continue
        text = FILES[name]
        for before, after in zip(change[0].split("|"), change[1].split("|"), strict=True):
            assert before in text
            text = text.replace(before, after)
        assert changes.get(name, FILES[name]) == text
    assert set(changes) <= set(expected)
    # A file whose name is none, and one of a folder that is no package, are missed where they are imported.
    cannot_be_said = new in ("lib/a b.dspy", "shop/inner/kinds.dspy")
    assert bool(errors(client, folder)) == cannot_be_said
    state = (folder / new).parent / f"{Path(new).stem}.tuned.state.json"
    assert state.exists() == (old == "shop/triage.dspy")


PYTHON = [
    ("from programs import triage\n", "programs/sort.dspy", "from programs import sort as triage\n"),
    ("from programs import triage as t\n", "other/triage.dspy", "from other import triage as t\n"),
    (
        "from programs import triage, help\n",
        "other/triage.dspy",
        "from other import triage; from programs import help\n",
    ),
    ("from programs import triage\n", "triage.dspy", "import triage\n"),
    ("from programs import triage\n", "sort.dspy", "import sort as triage\n"),
    ("from .programs import (\n triage,  # ä\n)\n", "b/t.dspy", "from .b import (\n t as triage,  # ä\n)\n"),
    (
        "import programs.triage\nprograms.triage.x(programs.help)\n",
        "other/triage.dspy",
        "import other.triage\nother.triage.x(programs.help)\n",
    ),
    ("import programs.triage as t\n", "other/triage.dspy", "import other.triage as t\n"),
]


@pytest.mark.parametrize(("text", "new", "expected"), PYTHON)
def test_imports_in_python(tmp_path: Path, text: str, new: str, expected: str) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "triage.dspy").write_text("x = 1\n", encoding="utf-8")
    assert after_a_move(tmp_path, "app.py", text, {"programs/triage.dspy": new}) == expected


def test_an_import_from_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "triage.dspy").write_text("x = 1\n", encoding="utf-8")
    text = "from . import triage\n"
    after = after_a_move(tmp_path, "app.py", text, {"triage.dspy": "sort.dspy"})
    assert after == "from . import sort as triage\n"


@pytest.mark.parametrize(
    ("file", "text", "new", "expected"),
    [
        ("dspyc.toml", "src = ['lib']\n", "it's", 'src = ["it\'s"]\n'),
        ("dspyc.toml", 'src = ["lib"]\n', 'a"b', 'src = ["a\\"b"]\n'),
        ("dspyc.toml", 'baseline = "lib/x.json"\n', "libs", 'baseline = "libs/x.json"\n'),
        (
            "pyproject.toml",
            '[tool.ruff]\nsrc = ["lib"]\n[tool.dspyc]\nsrc = ["lib"]\n',
            "libs",
            '[tool.ruff]\nsrc = ["lib"]\n[tool.dspyc]\nsrc = ["libs"]\n',
        ),
    ],
)
def test_settings(tmp_path: Path, file: str, text: str, new: str, expected: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "a.dspy").write_text("x = 1\n", encoding="utf-8")
    assert after_a_move(tmp_path, file, text, {"lib": new}) == expected


def after_a_move(folder: Path, name: str, text: str, moves: dict[str, str]) -> str:
    """A file's text after a move in its folder."""
    (folder / name).write_text(text, encoding="utf-8")
    files = Workspace(folders=[str(folder)])
    found = files.moved({str(folder / old): str(folder / new) for old, new in moves.items()})
    for edit in sorted(found.edits.get(str(folder / name), ()), key=lambda each: -each.span.start):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def test_the_state_of_what_is_a_program_no_more_stays(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    uris = {
        f"{key}Uri": (folder / name).as_uri() for key, name in (("old", "shop/triage.dspy"), ("new", "t"))
    }
    found = client.request("workspace/willRenameFiles", {"files": [uris]})
    assert not [each for each in found["documentChanges"] if each.get("kind") == "rename"]


def test_what_is_not_saved_counts(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    uri = (folder / "lib" / "user.dspy").as_uri()
    client.open(uri, "# Above.\nfrom common import LIMIT\n\nx = LIMIT\n")
    one = {"oldUri": (folder / "lib/common.dspy").as_uri(), "newUri": (folder / "lib/limits.dspy").as_uri()}
    found = client.request("workspace/willRenameFiles", {"files": [one]})["documentChanges"]
    (change,) = [each for each in found if each["textDocument"]["uri"] == uri]
    assert change["textDocument"]["version"] == 1
    assert change["edits"][0]["range"]["start"] == {"line": 1, "character": 5}
    client.close(uri)


def test_what_is_created_and_deleted_is_checked_at_once(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    uri = (folder / "shop" / "new.dspy").as_uri()
    client.open(uri, "from fresh import X\n\ny = X\n")
    assert [each["code"] for each in client.diagnostics(uri)] == ["E104"]
    fresh = folder / "shop" / "fresh.dspy"
    fresh.write_text("X = 1\n", encoding="utf-8")
    files = {"files": [{"uri": fresh.as_uri()}]}
    client.notify("workspace/didCreateFiles", files)
    assert client.diagnostics(uri) == []
    fresh.unlink()
    client.notify("workspace/didDeleteFiles", files)
    assert [each["code"] for each in client.diagnostics(uri)] == ["E104"]
    client.close(uri)


def test_what_no_file_is_named_by_changes_nothing(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    nothing = {"files": [{"oldUri": (folder / "a.txt").as_uri(), "newUri": (folder / "b.txt").as_uri()}]}
    assert client.request("workspace/willRenameFiles", nothing) is None
    unsaved = {"files": [{"oldUri": "untitled:a.dspy", "newUri": "untitled:b.dspy"}]}
    assert client.request("workspace/willRenameFiles", unsaved) is None
