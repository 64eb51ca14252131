"""What an offer of a completion list carries: imports, documentation on request, what stands beside it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from support.lsp_client import CAPABILITIES, Client, edited, offset_position

ITEM = CAPABILITIES["textDocument"]["completion"]["completionItem"]


def with_item(**more: Any) -> dict[str, Any]:
    """A client whose completion items can do more."""
    text_document = {**CAPABILITIES["textDocument"], "completion": {"completionItem": {**ITEM, **more}}}
    return {**CAPABILITIES, "textDocument": text_document}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared.dspy").write_text(
        "type Entity:\n    name: str\n\nsignature Entail:\n    input a: str\n    output b: str\n"
        "_hidden = 1\nENOUGH = 3\n",
        encoding="utf-8",
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "inner.dspy").write_text("type Entry:\n    x: int\n", encoding="utf-8")
    (tmp_path / "helpers.py").write_text("def entangle(a: str) -> str:\n    return a\n", encoding="utf-8")
    return tmp_path


def offered(client: Client, uri: str, marked: str, until: str = "") -> dict[str, Any]:
    """The items at the cursor by their labels; asked again until one is there, which is looked for later."""
    text = marked.replace("‸", "")
    client.open(uri, text)
    deadline = time.monotonic() + 15
    while True:
        place = offset_position(text, marked.index("‸"))
        asked = {"textDocument": {"uri": uri}, "position": place}
        items = client.request("textDocument/completion", asked)["items"]
        found = {each["label"]: each for each in items}
        if not until or until in found:
            return found
        assert time.monotonic() < deadline, sorted(found)
        time.sleep(0.1)


def chosen(marked: str, item: dict[str, Any]) -> str:
    """The text after an item was chosen."""
    text = marked.replace("‸", "")
    return edited(text, [item["textEdit"], *item.get("additionalTextEdits", [])])


def test_a_name_of_another_file_brings_its_import(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder)
    marked = '"""Doc."""\n\nsignature S:\n    input x: Enti‸\n    output y: str\n'
    found = offered(new_client, (folder / "new.dspy").as_uri(), marked, "Entity")
    assert found["Entity"]["detail"] == "from shared"
    assert "Entail" not in found  # no type
    after = chosen(marked, found["Entity"])
    assert (
        after
        == ('"""Doc."""\n\nfrom shared import Entity\nsignature S:\n    input x: Entity\n    output y: str\n')
        or "from shared import Entity\n\nsignature" in after
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("from shared import ENOUGH\n\n", "from shared import ENOUGH, Entail\n\n"),
        ("import json\n\n", "import json\nfrom shared import Entail\n\n"),
        ("", "from shared import Entail\n\n"),
        ("from shared import (\n    ENOUGH,\n)\n\n", "from shared import (\n    ENOUGH, Entail,\n)\n\n"),
    ],
)
def test_where_the_import_goes(new_client: Client, folder: Path, before: str, expected: str) -> None:
    new_client.initialize(folder)
    marked = f"{before}module m = Predict(Ent‸)\n"
    found = offered(new_client, (folder / "new.dspy").as_uri(), marked, "Entail")
    assert chosen(marked, found["Entail"]) == f"{expected}module m = Predict(Entail)\n"


def test_names_of_folders_above_and_below_and_of_python(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder)
    found = offered(new_client, (folder / "new.dspy").as_uri(), "x = Ent‸\n", "Entity")
    assert found["Entry"]["detail"] == "from deep.inner"
    assert found["entangle"]["detail"] == "from helpers"
    assert not [each for each in found if each.startswith("_")]
    other = offered(new_client, (folder / "deep" / "b.dspy").as_uri(), "x = Ent‸\n", "Entity")
    assert other["Entry"]["detail"] == "from inner"
    assert other["Entity"]["detail"] in ("from shared", "from ..shared")


def test_a_name_that_means_something_is_not_imported(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder)
    marked = "type Entity = int\nx: Ent‸ = 1\n"
    found = offered(new_client, (folder / "new.dspy").as_uri(), marked, "Entry")
    assert "additionalTextEdits" not in found["Entity"]
    assert not [
        each
        for each in offered(new_client, (folder / "c.dspy").as_uri(), "x = ‸\n").values()
        if "additionalTextEdits" in each
    ]


def test_a_new_file_is_seen_once_it_is_saved(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder)
    offered(new_client, (folder / "new.dspy").as_uri(), "x = Ent‸\n", "Entity")
    path = folder / "late.dspy"
    path.write_text("type Enthusiast = int\n", encoding="utf-8")
    changed = {"changes": [{"uri": path.as_uri(), "type": 1}]}
    new_client.notify("workspace/didChangeWatchedFiles", changed)
    assert "Enthusiast" in offered(new_client, (folder / "d.dspy").as_uri(), "x = Enth‸\n", "Enthusiast")


def test_names_of_a_folder_that_is_removed_are_offered_no_more(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder)
    uri = (folder / "new.dspy").as_uri()
    offered(new_client, uri, "x = Ent‸\n", "Entity")
    removed = {"added": [], "removed": [{"uri": folder.as_uri(), "name": "x"}]}
    new_client.notify("workspace/didChangeWorkspaceFolders", {"event": removed})
    deadline = time.monotonic() + 20
    while "Entity" in offered(new_client, uri, "x = Ent‸\n"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_documentation_is_sent_for_the_item_that_is_looked_at(new_client: Client, folder: Path) -> None:
    properties = {"properties": ["documentation", "detail"]}
    new_client.initialize(folder, capabilities=with_item(resolveSupport=properties))
    uri = (folder / "new.dspy").as_uri()
    item = offered(new_client, uri, "module m = Predic‸\n")["Predict"]
    assert "documentation" not in item
    resolved = new_client.request("completionItem/resolve", item)
    assert resolved["documentation"]["kind"] == "markdown"
    assert len(resolved["documentation"]["value"]) > 20
    assert resolved["textEdit"] == item["textEdit"]
    new_client.close(uri)
    offered(new_client, uri, "module m = Chain‸\n")
    assert "documentation" not in new_client.request("completionItem/resolve", item)


def test_details_beside_the_label(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=with_item(labelDetailsSupport=True))
    uri = (folder / "new.dspy").as_uri()
    item = offered(new_client, uri, "limit = 3\nx = lim‸\n")["limit"]
    assert item["labelDetails"] == {"description": "Literal[3]"}
    assert "detail" not in item
    metric = offered(new_client, uri, "x = answer_exact‸\n")["answer_exact_match"]
    assert metric["labelDetails"] == {"description": "(example, pred, trace=None,…"}


def test_the_colon_of_a_block_opens_no_list_that_would_take_enter(client: Client, uri: str) -> None:
    head = 'module M:\n    input a: str\n    output b: str\n\n    p = Predict("a -> b")\n\n    forward:'
    client.open(uri, head + "\n        return b=a\n")
    context = {"triggerKind": 2, "triggerCharacter": ":"}
    place = offset_position(head, len(head))
    asked = {"textDocument": {"uri": uri}, "position": place, "context": context}
    assert client.request("textDocument/completion", asked)["items"] == []
    client.close(uri)


TYPED = '''\
lm fast = LM("openai/gpt-4o-mini", temperature=0)
configure(lm=fast)

enum Season:
    spring
    summer
    winter

type Stop:
    """A place on the way."""
    name: str
    nights: int where nights >= 0
    cost: float | None = None

signature Plan:
    """Plan a trip."""
    input wish: str
    input season: Season
    output stops: list[Stop]
    output total: float

def longest(stops: list[Stop]) -> Stop | None:
    best = None
    for stop in stops:
        if best is None or stop.nights > best.nights:
            best = stop
        elif stop.nights == 0:
            continue
        else:
            pass
    return best

module Travel:
    input wish: str
    output text: str

    plan = ChainOfThought(Plan)
    tell = Predict("stops: list[str], total: float -> text")

    forward:
        planned = plan(wish=wish, season=Season.summer)
        names = [each.name for each in planned.stops if each.nights > 0]
        told = tell(stops=names, total=planned.total)
        return text=told.text

module travel = Travel()

module Research:
    input question: str
    input depth: int = 3
    output answer: str

    query = Predict("question -> query")
    ask = Predict("question, pages: list[str] -> answer")

    forward:
        pages: list[str] = []
        for hop in range(depth):
            found = query(question=question)
            if found.query in pages:
                break
            pages += [found.query]
        result = ask(question=question, pages=pages)
        match result.answer:
            case "":
                return answer="unknown"
            case other:
                return answer=other

def pairs(first: list[str], second: list[str]) -> list[tuple[str, str]]:
    both = zip(first, second)
    done = [(a, b) for a, b in both]
    return done

limit = 10
names = ["x", "y"]
lookup = {"x": 1}
flag = True
nothing = None
half = limit / 2
bigger = limit if flag else half

def check(value: int, names: list[str]) -> str:
    message = f"{value} of {limit}"
    total = sum(len(name) for name in names)
    print(total)
    return message
'''


def test_enter_at_the_end_of_a_line_takes_no_other_word(client: Client, uri: str) -> None:
    """Where the list has not what was typed, Enter would put its first item in place of that."""
    lines = TYPED.split("\n")
    exact = 0
    for number, line in enumerate(lines):
        word = re.search(r"[^\W\d]\w*$", line)
        if word is None:
            continue
        found = offered(client, uri, "\n".join(lines[: number + 1]) + "‸")
        client.close(uri)
        typed = word[0].lower()
        if word[0] in found:
            exact += 1
            assert found[word[0]]["textEdit"]["newText"] == word[0], line
        else:
            letters = ".*".join(map(re.escape, typed))
            assert [each for each in found if re.match(letters, each.lower())] == [], line
    assert exact > 20
