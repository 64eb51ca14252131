"""What happens while one types: how far lines are indented, and places that change together."""

from __future__ import annotations

from typing import Any

import pytest

from support.lsp_client import Client, edited, offset_position

CURSOR = "‸"
BODY = "module M:\n    input a: str\n    output b: str\n    p = Predict('a -> b')\n    forward:\n"

LINES = [
    ("module M:\n‸", 4),
    ("    ‸", None),
    ("x = 1\n    ‸", 0),
    ("signature S(\n    Base\n):\n‸", 4),
    ("type T:\n    a: str\n    ‸", None),
    ("type T:\n    a: str\n‸b: int\n", 4),
    (f"{BODY}    ‸", 8),
    (f"{BODY}        if a:\n‸", 12),
    (f"{BODY}        if a:  # why:\n        ‸", 12),
    (f"{BODY}        if a:\n            return b=a\n            ‸", 8),
    (f"{BODY}        if a:\n            return b=p(\n                a=a\n            ).b\n            ‸", 8),
    (f"{BODY}        return b=p(\n‸", None),
    (f"{BODY}        return b=p(\n            a=a,\n  ‸", None),
    (f"{BODY}        x = [\n            a,\n        ]\n            ‸", 8),
    (f"{BODY}        x = 'if a:'\n    ‸", 8),
    (f'{BODY}        x = """\nif a:\n‸', None),
    (f"{BODY}\n    ‸", None),
    (f"{BODY}        # a comment:\n    ‸", None),
    ("dataset d = Dataset([{'a': 'b'}])\n   ‸", 0),
    ("def f(a: str) -> str:\n    return a\n    ‸", 0),
    ("enum K:\n    A = 'a'\n    ‸", None),
    ("x = {\n    'a':\n‸", None),
]


@pytest.mark.parametrize(("marked", "blanks"), LINES)
def test_a_new_line_is_indented(client: Client, uri: str, marked: str, blanks: int | None) -> None:
    text, after = typed(client, uri, marked, "\n")
    line = text.count("\n", 0, marked.index(CURSOR))
    before = text.split("\n")[line]
    assert after.split("\n")[line] == (before if blanks is None else " " * blanks + before.lstrip(" "))
    assert [*after.split("\n")[:line], *after.split("\n")[line + 1 :]] == [
        *text.split("\n")[:line],
        *text.split("\n")[line + 1 :],
    ]


CLAUSES = [
    (f"{BODY}        if a:\n            x = 1\n            else:‸\n", 8),
    (f"{BODY}        if a:\n            if a:\n                x = 1\n            elif a:‸\n", None),
    (f"{BODY}        if a:\n            if a:\n                x = 1\n        else:‸\n", None),
    (f"{BODY}        match a:\n            case 'x':\n                y = 1\n                case _:‸", 12),
    (f"{BODY}        match a:\n                case 'x':‸", 12),
    (f"{BODY}        try:\n            x = 1\n            except ValueError:‸", 8),
    (f"{BODY}        return b=a\n        fallback:‸\n", 4),
    ("module M:\n    p = Predict('a -> b')\n        forward:‸", 4),
    ("    else:‸", None),
    (f"{BODY}        x = a  # else:‸", None),
    (f"{BODY}        x = {{'else':‸", None),
    (f"{BODY}        elsewhere:‸", None),
    (f'{BODY}        if a:\n            """Or\n            else:‸\n            """\n', None),
    (f'{BODY}        if a:\n            x = f"""{{a}}\n            else:‸\n', None),
    (f"{BODY}        if a:\n            x = [\n            else:‸\n", None),
    (f"{BODY}        if a:\n            x = 'it\n            else:‸\n", 8),
]


@pytest.mark.parametrize(("marked", "blanks"), CLAUSES)
def test_a_clause_goes_below_its_head(client: Client, uri: str, marked: str, blanks: int | None) -> None:
    text, after = typed(client, uri, marked, ":")
    line = text.count("\n", 0, marked.index(CURSOR))
    before = text.split("\n")[line]
    assert after.split("\n")[line] == (before if blanks is None else " " * blanks + before.lstrip(" "))


def typed(client: Client, uri: str, marked: str, character: str) -> tuple[str, str]:
    """A text in which a character was typed, and what becomes of it."""
    text = marked.replace(CURSOR, "")
    client.open(uri, text)
    place = offset_position(text, marked.index(CURSOR))
    more = {"ch": character, "options": {"tabSize": 4, "insertSpaces": True}}
    edits = client.at("textDocument/onTypeFormatting", uri, place["line"], place["character"], **more)
    client.close(uri)
    return text, edited(text, edits)


FLOW = """\
def most(xs: list[int]) -> int:
    best = 0
    for x in xs:
        best = max(best, x)
    return best
"""


@pytest.mark.parametrize(
    ("at", "count"), [("best = 0", 4), ("x in", 2), ("xs:", 0), ("most", 0), ("max", 0), ("for", 0)]
)
def test_a_variable_changes_everywhere(client: Client, uri: str, at: str, count: int) -> None:
    client.open(uri, FLOW)
    place = offset_position(FLOW, FLOW.index(at))
    found = client.at("textDocument/linkedEditingRange", uri, place["line"], place["character"])
    client.close(uri)
    if not count:
        assert found is None
        return
    edits = [{"range": each, "newText": "_"} for each in found["ranges"]]
    assert len(edits) == count
    name = at.split(" ", maxsplit=1)[0]
    assert name not in edited(FLOW, edits).replace("max", "").replace("xs", "").split()


def values(client: Client, uri: str, text: str, stopped: str, first: int = 0) -> list[str]:
    """The names at which a debugger shows values, with their lines, where it has stopped at a text."""
    client.open(uri, text)
    place = offset_position(text, text.index(stopped))
    params: dict[str, Any] = {
        "textDocument": {"uri": uri},
        "range": {"start": {"line": first, "character": 0}, "end": {"line": 99, "character": 0}},
        "context": {"frameId": 1, "stoppedLocation": {"start": place, "end": place}},
    }
    found = client.request("textDocument/inlineValue", params)
    client.close(uri)
    return [f"{each['range']['start']['line']}:{each['variableName']}" for each in found]


def test_values_of_variables(client: Client, uri: str) -> None:
    text = f"y = 1\n\n{FLOW}\ndef other(z: int) -> int:\n    return z\n"
    assert values(client, uri, text, "best = max") == ["2:xs", "3:best", "4:x", "4:xs", "5:best", "5:x"]
    assert values(client, uri, text, "best = max", first=5) == ["5:best", "5:x"]
    assert values(client, uri, text, "return z") == ["8:z", "9:z"]
    assert values(client, uri, text, "y = 1") == []
    module = f"{BODY}        q = p(a=a)\n        return b=q.b\n"
    assert values(client, uri, module, "return") == ["5:q", "5:a", "6:q"]
