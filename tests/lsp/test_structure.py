"""What an editor draws and follows: folds, selections, colours, hints, links, renaming, callers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyc.compiler.query import tokens
from dspyc.lsp.features import semantic_tokens
from support.lsp_client import Client, ServerError

SHOP = '''"""A shop."""

from kinds import Kind, Customer as Buyer

# What the shop
# is allowed to do.
LIMIT = 3

signature Sort:
    """Say what it is."""
    input text: str
    output kind: Kind
    output buyer: Buyer

module Desk(limit: int = 2):
    input text: str
    output kind: Kind

    sort = ChainOfThought(Sort)

    forward:
        plan = sort(text=text)
        sizes = [len(text), limit]
        for size in sizes:
            if size > LIMIT:
                return kind=plan.kind
        return kind=plan.kind

module desk = Desk(limit=1)

def ask(text: str) -> Kind:
    return desk(text=text).kind
'''
KINDS = """enum Kind:
    MONEY = "money"
    OTHER = "other"

type Customer:
    name: str
    kind: Kind
"""


@pytest.fixture(scope="module")
def shop_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    folder = tmp_path_factory.mktemp("shop").resolve()
    client = Client()
    client.initialize(folder)
    yield client, folder
    client.kill()


@pytest.fixture
def shop(shop_client: tuple[Client, Path]) -> Iterator[tuple[Client, str, str]]:
    """A client with a file open that imports another one, and the URIs of both."""
    client, folder = shop_client
    (folder / "shop.dspy").write_text(SHOP, encoding="utf-8")
    (folder / "kinds.dspy").write_text(KINDS, encoding="utf-8")
    uris = [(folder / name).as_uri() for name in ("shop.dspy", "kinds.dspy")]
    client.open(uris[0], SHOP)
    assert client.diagnostics(uris[0]) == []
    yield client, uris[0], uris[1]
    client.close(uris[0])
    assert client.process.poll() is None


def place(text: str, word: str, number: int = 1) -> dict[str, int]:
    """Where a word stands in a text, the first time or a later one."""
    offset = -1
    for _ in range(number):
        offset = text.index(word, offset + 1)
    line = text.count("\n", 0, offset)
    return {"line": line, "character": offset - text.rfind("\n", 0, offset) - 1}


def at(
    client: Client, method: str, uri: str, word: str, number: int = 1, text: str = SHOP, **more: Any
) -> Any:
    where = place(text, word, number)
    return client.at(method, uri, where["line"], where["character"], **more)


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits, the last first."""
    lines = text.split("\n")
    for each in sorted(edits, key=lambda edit: str(edit["range"]["start"]), reverse=True):
        start, end = each["range"]["start"], each["range"]["end"]
        line = lines[start["line"]]
        lines[start["line"]] = line[: start["character"]] + each["newText"] + line[end["character"] :]
    return "\n".join(lines)


# --- rename -----------------------------------------------------------------------------------------------


def renamed(result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {each["textDocument"]["uri"]: each["edits"] for each in result["documentChanges"]}


def test_a_name_is_renamed_in_all_files(shop: tuple[Client, str, str]) -> None:
    client, uri, kinds = shop
    assert at(client, "textDocument/prepareRename", uri, "Kind", 2)["placeholder"] == "Kind"
    changes = renamed(at(client, "textDocument/rename", uri, "Kind", 2, newName="Sort2"))
    assert edited(KINDS, changes[kinds]) == KINDS.replace("Kind", "Sort2")
    assert edited(SHOP, changes[uri]) == SHOP.replace("Kind", "Sort2")


def test_an_alias_keeps_its_name(shop: tuple[Client, str, str]) -> None:
    client, uri, kinds = shop
    changes = renamed(at(client, "textDocument/rename", kinds, "Customer", text=KINDS, newName="Client"))
    assert edited(SHOP, changes[uri]) == SHOP.replace("Customer as", "Client as")
    changes = renamed(at(client, "textDocument/rename", uri, "Buyer", 2, newName="Payer"))
    assert edited(SHOP, changes[uri]) == SHOP.replace("Buyer", "Payer")
    assert kinds not in changes


def test_a_field_is_renamed_where_it_is_given_and_read(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    changes = renamed(at(client, "textDocument/rename", uri, "limit", newName="most"))
    assert edited(SHOP, changes[uri]) == SHOP.replace("limit", "most")


@pytest.mark.parametrize(
    ("word", "number", "new", "says"),
    [
        ("ChainOfThought", 1, "Think", "comes with the language"),
        ("sizes", 1, "plan", "already means something"),
        ("Sort", 1, "not a name", "is not a name"),
        ("Sort", 1, "for", "is a keyword"),
        ("buyer", 1, "kind", "is already declared next to"),
    ],
)
def test_what_cannot_be_renamed(
    shop: tuple[Client, str, str], word: str, number: int, new: str, says: str
) -> None:
    client, uri, _ = shop
    with pytest.raises(ServerError, match=says):
        at(client, "textDocument/rename", uri, word, number, newName=new)
    assert not [each for each in client.notifications if each["method"] == "window/logMessage"]


def test_nothing_to_rename(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    with pytest.raises(ServerError, match="no name here"):
        at(client, "textDocument/prepareRename", uri, "# What")


# --- what a file looks like -------------------------------------------------------------------------------


def test_folds(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    found = client.request("textDocument/foldingRange", {"textDocument": {"uri": uri}})
    lines = SHOP.split("\n")
    shown = {lines[each["startLine"]].strip(): lines[each["endLine"]].strip() for each in found}
    assert shown["signature Sort:"] == "output buyer: Buyer"
    assert shown["module Desk(limit: int = 2):"] == "return kind=plan.kind"
    assert shown["for size in sizes:"] == "return kind=plan.kind"
    assert shown["# What the shop"] == "# is allowed to do."
    assert "LIMIT = 3" not in shown


def test_a_selection_grows(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    positions = [place(SHOP, "limit]"), {"line": 999, "character": 0}]
    first, last = client.request(
        "textDocument/selectionRange", {"textDocument": {"uri": uri}, "positions": positions}
    )
    texts = []
    each = first
    while each:
        start, end = each["range"]["start"], each["range"]["end"]
        if start["line"] == end["line"]:
            texts.append(SHOP.split("\n")[start["line"]][start["character"] : end["character"]])
        each = each.get("parent")
    assert texts[:3] == ["limit", "[len(text), limit]", "sizes = [len(text), limit]"]
    assert last["range"]["start"]["line"] == SHOP.count("\n")


def decoded(data: list[int]) -> dict[str, tuple[str, int]]:
    """The words of the shop's text with their kinds; of several uses the last."""
    lines, line, column, found = SHOP.split("\n"), 0, 0, {}
    for number in range(0, len(data), 5):
        down, right, length, kind, modifiers = data[number : number + 5]
        line, column = line + down, right if down else column + right
        found[lines[line][column : column + length]] = (semantic_tokens.TYPES[kind], modifiers)
    return found


def test_colours(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    document = {"textDocument": {"uri": uri}}
    full = client.request("textDocument/semanticTokens/full", document)
    found = decoded(full["data"])
    assert found["Kind"][0] == "enum"
    assert found["Buyer"][0] == "struct"
    assert found["Sort"][0] == "interface"
    assert found["Desk"][0] == "class"
    assert found["sort"][0] == "function"
    assert found["size"][0] == "variable"
    assert found["LIMIT"] == ("variable", 2)
    assert found["ChainOfThought"] == ("class", 4)
    client.change(uri, {"text": SHOP.replace("size > LIMIT", "size > len(text)")})
    delta = client.request(
        "textDocument/semanticTokens/full/delta", {**document, "previousResultId": full["resultId"]}
    )
    (edit,) = delta["edits"]
    data = full["data"]
    again = data[: edit["start"]] + edit["data"] + data[edit["start"] + edit["deleteCount"] :]
    assert again == client.request("textDocument/semanticTokens/full", document)["data"]
    stale = client.request("textDocument/semanticTokens/full/delta", {**document, "previousResultId": "0"})
    assert stale["data"] == again
    area = {"start": place(SHOP, "def ask"), "end": place(SHOP, "return desk")}
    part = client.request("textDocument/semanticTokens/range", {**document, "range": area})
    assert 0 < len(part["data"]) < len(again)


def test_the_legend_is_that_of_the_compiler() -> None:
    assert semantic_tokens.TYPES == tokens.KINDS
    assert semantic_tokens.MODIFIERS == tokens.MODIFIERS


def test_hints(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    area = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    found = client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": area})
    lines = SHOP.split("\n")
    shown = [lines[each["position"]["line"]].strip() + " | " + each["label"] for each in found]
    assert "sizes = [len(text), limit] | : list[int]" in shown
    assert "for size in sizes: | : int" in shown


def test_links(shop: tuple[Client, str, str]) -> None:
    client, uri, kinds = shop
    (link,) = client.request("textDocument/documentLink", {"textDocument": {"uri": uri}})
    assert link["target"] == kinds
    assert link["range"]["start"] == place(SHOP, "kinds")


# --- where things come from, and who calls them -----------------------------------------------------------


def test_the_declaration_of_a_type(shop: tuple[Client, str, str]) -> None:
    client, uri, kinds = shop
    for word, number, goes_to, where in [
        ("kind", 4, kinds, place(KINDS, "Kind")),  # of `output kind: Kind` in the module
        ("plan.kind", 1, uri, place(SHOP, "Sort")),
        ("desk(text", 1, uri, place(SHOP, "Desk")),
    ]:
        found = at(client, "textDocument/typeDefinition", uri, word, number)
        assert (found["uri"], found["range"]["start"]) == (goes_to, where), word
    assert at(client, "textDocument/declaration", uri, "LIMIT", 2)["range"]["start"] == place(SHOP, "LIMIT")


def test_callers_and_callees(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    (desk,) = at(client, "textDocument/prepareCallHierarchy", uri, "desk", 2)
    assert desk["name"] == "desk"
    (incoming,) = client.request("callHierarchy/incomingCalls", {"item": desk})
    assert incoming["from"]["name"] == "ask"
    assert [each["start"] for each in incoming["fromRanges"]] == [place(SHOP, "desk(text")]
    (ask,) = at(client, "textDocument/prepareCallHierarchy", uri, "ask")
    (outgoing,) = client.request("callHierarchy/outgoingCalls", {"item": ask})
    assert outgoing["to"]["name"] == "desk"
    assert at(client, "textDocument/prepareCallHierarchy", uri, "LIMIT") is None


# --- what is made of something ----------------------------------------------------------------------------


def test_what_a_signature_is_implemented_by(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    other = uri.replace("shop.dspy", "other.dspy")
    text = (
        "from shop import Sort, Desk as Bureau\n\nsignature Finer(Sort):\n    output why: str\n\n"
        'module one = ChainOfThought(Sort)\nmodule two = Bureau()\ndef f(a: Sort) -> str:\n    return ""\n'
    )
    client.open(other, text)
    for word, expected in (
        ("Sort", {"sort", "Finer", "one"}),
        ("Desk", {"desk", "two"}),
        ("LIMIT", {"LIMIT"}),
    ):
        found = at(client, "textDocument/implementation", uri, word)
        shown = {word_at(SHOP if each["uri"] == uri else text, each["range"]) for each in found}
        assert shown == expected
    assert at(client, "textDocument/implementation", uri, "# What") == []
    client.close(other)


def word_at(text: str, area: dict[str, Any]) -> str:
    line = text.split("\n")[area["start"]["line"]]
    return line[area["start"]["character"] : area["end"]["character"]]


# --- more hints -------------------------------------------------------------------------------------------

CALLS = """\
from kinds import Kind

module Both:
    input text: str
    output all: str

    first = Predict("text -> one")
    second = Predict("text -> two")
    third = Predict("one, two -> three")

    forward:
        a = first(text=text)
        b = second(text=text)
        c = third(one=a.one, two=b.two)
        many = [first(text=each).one for each in [text, c.three]]
        if c.three:
            d = first(text=c.three)
            return all=d.one
        all = [first(text=each).one for each in many]
        return all=limited("x", 3) + all[0]

def limited(text: str, most: int) -> str:
    return text[:most]
"""


def shown(client: Client, uri: str, text: str) -> list[str]:
    area = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    found = client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": area})
    lines = text.split("\n")
    ordered = sorted(found, key=lambda each: (each["position"]["line"], each["position"]["character"]))
    return [f"{lines[each['position']['line']].strip()} | {each['label']}" for each in ordered]


def test_hints_of_calls(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    client.change(uri, {"text": CALLS})
    found = [each for each in shown(client, uri, CALLS) if " | :" not in each]
    last = 'return all=limited("x", 3) + all[0]'
    assert found == [
        "a = first(text=text) | ∥ with b",
        "b = second(text=text) | ∥ with a",
        "many = [first(text=each).one for each in [text, c.three]] | ∥ with d",
        "all = [first(text=each).one for each in many] | ∥ all at once",
        f"{last} | text=",
        f"{last} | most=",
    ]


# --- which signature extends which ------------------------------------------------------------------------


def test_signatures_that_extend_others(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    other = uri.replace("shop.dspy", "finer.dspy")
    text = (
        "from shop import Sort as Base\n\nsignature Finer(Base):\n    output why: str\n\n"
        "signature Finest(Finer):\n    output how: str\n"
    )
    client.open(other, text)
    (base,) = at(client, "textDocument/prepareTypeHierarchy", uri, "Sort)")
    assert (base["name"], base["uri"]) == ("Sort", uri)
    (finer,) = client.request("typeHierarchy/subtypes", {"item": base})
    assert (finer["name"], finer["uri"]) == ("Finer", other)
    (finest,) = client.request("typeHierarchy/subtypes", {"item": finer})
    assert finest["name"] == "Finest"
    assert client.request("typeHierarchy/subtypes", {"item": finest}) == []
    assert client.request("typeHierarchy/supertypes", {"item": finest}) == [finer]
    assert client.request("typeHierarchy/supertypes", {"item": base}) == []
    assert at(client, "textDocument/prepareTypeHierarchy", uri, "LIMIT") is None
    client.close(other)


def test_selections_are_laid_out(shop: tuple[Client, str, str]) -> None:
    client, uri, _ = shop
    text = "x=1\ny=2\nz=3\n"
    client.change(uri, {"text": text})
    areas = [{"start": {"line": n, "character": 0}, "end": {"line": n, "character": 3}} for n in (0, 2)]
    asked = {"textDocument": {"uri": uri}, "options": {"tabSize": 4, "insertSpaces": True}}
    edits = client.request("textDocument/rangesFormatting", {**asked, "ranges": areas})
    lines = {each["range"]["start"]["line"]: each["newText"] for each in edits}
    assert lines == {0: "x = 1\n", 2: "z = 3\n"}
