"""Diagnostics that a client asks for, of a file and of the whole workspace."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from dspyc.lsp.workspace import Workspace
from support.lsp_client import CAPABILITIES, Client, ServerError

PULLING: dict[str, Any] = {
    **CAPABILITIES,
    "workspace": {
        **CAPABILITIES["workspace"],
        "diagnostics": {"refreshSupport": True},
        "textDocumentContent": {},
    },
    "textDocument": {
        **CAPABILITIES["textDocument"],
        "diagnostic": {"relatedDocumentSupport": True, "codeDescriptionSupport": True},
    },
}
"""What VS Code says of itself since LSP 3.18."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib.dspy").write_text("type Answer = int\n", encoding="utf-8")
    (tmp_path / "user.dspy").write_text("from lib import Answer\n\nx: Answer = 1\n", encoding="utf-8")
    (tmp_path / "bad.dspy").write_text("module m = Nowhere()\n", encoding="utf-8")
    return tmp_path


def pull(client: Client, uri: str, previous: str | None = None) -> Any:
    asked = {"textDocument": {"uri": uri}, "previousResultId": previous}
    return client.request("textDocument/diagnostic", asked)


def test_a_report_is_full_once_and_then_unchanged(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    uri = (folder / "new.dspy").as_uri()
    new_client.open(uri, "module m = Nowhere()\n")
    first = pull(new_client, uri)
    assert first["kind"] == "full"
    assert [each["code"] for each in first["items"]] == ["E101"]
    again = pull(new_client, uri, first["resultId"])
    assert again == {"kind": "unchanged", "resultId": first["resultId"]}
    new_client.change(uri, {"text": "x = 1\n"})
    third = pull(new_client, uri, first["resultId"])
    assert third["kind"] == "full"
    assert third["items"] == []
    assert pull(new_client, (folder / "nowhere.dspy").as_uri())["items"] == []


def test_nothing_is_pushed_to_a_client_that_asks(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    uri = (folder / "bad.dspy").as_uri()
    new_client.open(uri, "module m = Nowhere()\n")
    assert pull(new_client, uri)["items"]
    time.sleep(0.3)
    new_client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    pushed = [each["params"]["uri"] for each in new_client.notifications if "publish" in each["method"]]
    assert uri not in pushed


def test_a_change_elsewhere_makes_the_client_ask_again(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    library, user = (folder / "lib.dspy").as_uri(), (folder / "user.dspy").as_uri()
    new_client.open(library, "type Answer = int\n")
    new_client.open(user, (folder / "user.dspy").read_text(encoding="utf-8"))
    assert pull(new_client, user)["items"] == []
    new_client.change(library, {"text": "type Answer = str\n"})
    refreshed(new_client)
    assert [each["code"] for each in pull(new_client, user)["items"]] == ["E212"]


def test_a_change_right_behind_another_does_not_hide_it(new_client: Client, folder: Path) -> None:
    (folder / "other.dspy").write_text("type Other = int\n", encoding="utf-8")
    (folder / "reader.dspy").write_text("from other import Other\n\nx: Other = 1\n", encoding="utf-8")
    new_client.initialize(folder, capabilities=PULLING)
    library, user, other, reader = (
        (folder / f"{name}.dspy").as_uri() for name in ("lib", "user", "other", "reader")
    )
    for uri in (library, user, other, reader):
        new_client.open(uri, Path(folder, uri.rpartition("/")[2]).read_text(encoding="utf-8"))
    assert [pull(new_client, each)["items"] for each in (user, reader)] == [[], []]
    new_client.change(library, {"text": "type Answer = str\n"})
    new_client.change(other, {"text": "type Other = int  # of it\n"})
    refreshed(new_client)
    assert [each["code"] for each in pull(new_client, user)["items"]] == ["E212"]


def refreshed(client: Client) -> None:
    """Wait until the server asks for a refresh."""
    deadline = time.monotonic() + 20
    while not any(each["method"] == "workspace/diagnostic/refresh" for each in client.requests):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        client.request("textDocument/documentSymbol", {"textDocument": {"uri": "file:///nowhere.dspy"}})


def test_importers_come_along_where_a_client_cannot_be_told(new_client: Client, folder: Path) -> None:
    workspace = {**PULLING["workspace"], "diagnostics": {}}
    new_client.initialize(folder, capabilities={**PULLING, "workspace": workspace})
    library, user = (folder / "lib.dspy").as_uri(), (folder / "user.dspy").as_uri()
    new_client.open(library, "type Answer = str\n")
    new_client.open(user, (folder / "user.dspy").read_text(encoding="utf-8"))
    pull(new_client, user)
    found = pull(new_client, library)["relatedDocuments"]
    assert list(found) == [user]
    assert [each["code"] for each in found[user]["items"]] == ["E212"]


def workspace_report(client: Client, previous: list[Any], **more: Any) -> Any:
    return client.request("workspace/diagnostic", {"previousResultIds": previous, **more})


def by_name(items: list[Any]) -> dict[str, Any]:
    return {each["uri"].rpartition("/")[2]: each for each in items}


def test_the_workspace_is_reported_whole_and_then_what_is_new(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    uri = (folder / "lib.dspy").as_uri()
    new_client.open(uri, "type Answer = int\n")
    first = by_name(workspace_report(new_client, [])["items"])
    assert set(first) == {"lib.dspy", "user.dspy", "bad.dspy"}
    assert first["lib.dspy"]["version"] == 1
    assert first["user.dspy"]["version"] is None
    assert [each["code"] for each in first["bad.dspy"]["items"]] == ["E101"]

    known = [{"uri": each["uri"], "value": each["resultId"]} for each in first.values()]
    waiting = new_client.begin("workspace/diagnostic", {"previousResultIds": known})
    with pytest.raises(TimeoutError):
        new_client.answer(waiting, 1.5)
    (folder / "bad.dspy").unlink()
    gone = {"changes": [{"uri": (folder / "bad.dspy").as_uri(), "type": 3}]}
    new_client.notify("workspace/didChangeWatchedFiles", gone)
    second = by_name(new_client.answer(waiting)["result"]["items"])
    assert second["bad.dspy"]["items"] == []
    assert {each["kind"] for name, each in second.items() if name != "bad.dspy"} == {"unchanged"}


def test_an_edit_is_seen_in_the_files_that_are_not_open(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    uri = (folder / "lib.dspy").as_uri()
    new_client.open(uri, "type Answer = int\n")
    first = workspace_report(new_client, [])["items"]
    known = [{"uri": each["uri"], "value": each["resultId"]} for each in first]
    waiting = new_client.begin("workspace/diagnostic", {"previousResultIds": known})
    new_client.change(uri, {"text": "type Answer = str\n"})
    second = by_name(new_client.answer(waiting)["result"]["items"])
    assert [each["code"] for each in second["user.dspy"]["items"]] == ["E212"]


def test_a_request_that_waits_can_be_cancelled(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    first = workspace_report(new_client, [])["items"]
    known = [{"uri": each["uri"], "value": each["resultId"]} for each in first]
    waiting = new_client.begin("workspace/diagnostic", {"previousResultIds": known})
    with pytest.raises(TimeoutError):
        new_client.answer(waiting, 0.7)
    new_client.notify("$/cancelRequest", {"id": waiting})
    assert new_client.answer(waiting)["error"]["code"] == -32800
    other = new_client.begin("workspace/diagnostic", {"previousResultIds": known})
    assert new_client.shut_down() == 0
    assert other


def test_partial_results_and_progress(new_client: Client, tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"f{number}.dspy").write_text("module m = Nowhere()\n", encoding="utf-8")
    new_client.initialize(tmp_path, capabilities=PULLING)
    rest = workspace_report(new_client, [], partialResultToken="parts", workDoneToken=7)["items"]
    told = [each["params"] for each in new_client.notifications if each["method"] == "$/progress"]
    parts = [each["value"]["items"] for each in told if each["token"] == "parts"]
    assert [len(each) for each in parts] == [50, 50]
    assert len({each["uri"] for each in (*parts[0], *parts[1], *rest)}) == 120
    shown = [each["value"]["kind"] for each in told if each["token"] == 7]
    assert not shown or (shown[0] == "begin" and shown[-1] == "end")


def test_a_finding_leads_to_its_page(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    (found,) = pull(new_client, (folder / "bad.dspy").as_uri())["items"]
    href = found["codeDescription"]["href"]
    text = new_client.request("workspace/textDocumentContent", {"uri": href})["text"]
    assert text.startswith("# E101 unknown-name")
    assert "## Right" in text
    for unknown in ("dspyc:///rules/E999.md", "dspyc:///elsewhere", "dspyc:///compiled/nowhere.dspy.py"):
        with pytest.raises(ServerError, match="there is no"):
            new_client.request("workspace/textDocumentContent", {"uri": unknown})


def test_the_python_of_a_file(new_client: Client, folder: Path) -> None:
    new_client.initialize(folder, capabilities=PULLING)
    uri = f"dspyc:///compiled{folder / 'user.dspy'}.py"
    assert "Answer" in new_client.request("workspace/textDocumentContent", {"uri": uri})["text"]
    with pytest.raises(ServerError, match="has errors"):
        new_client.request("workspace/textDocumentContent", {"uri": uri.replace("user", "bad")})


def test_a_message_is_markdown_for_a_client_that_takes_it(new_client: Client, folder: Path) -> None:
    diagnostic = {**PULLING["textDocument"]["diagnostic"], "markupMessageSupport": True}
    text_document = {**PULLING["textDocument"], "diagnostic": diagnostic}
    new_client.initialize(folder, capabilities={**PULLING, "textDocument": text_document})
    uri = (folder / "star.dspy").as_uri()
    new_client.open(uri, "x = [1] * wro_ng_\n")
    (found,) = pull(new_client, uri)["items"]
    assert found["message"]["kind"] == "markdown"
    assert "`wro_ng_`" in found["message"]["value"]


@pytest.mark.parametrize("pulls", [True, False])
def test_tags_and_related_places(new_client: Client, folder: Path, *, pulls: bool) -> None:
    new_client.initialize(folder, capabilities=PULLING if pulls else CAPABILITIES)
    uri = (folder / "unused.dspy").as_uri()
    new_client.open(uri, "import json\ntype A = int\ntype A = str\n")
    found = pull(new_client, uri)["items"] if pulls else new_client.diagnostics(uri)
    unused, twice = found
    assert unused["tags"] == [1]
    assert twice["relatedInformation"][0]["location"]["uri"] == uri
    assert ("codeDescription" in unused) is pulls


def test_what_was_gathered_of_files_at_rest_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "lib.dspy").write_text("type Answer:\n    text: str\n", encoding="utf-8")
    user = tmp_path / "user.dspy"
    user.write_text(
        "from lib import Answer\n\n"
        'signature QA:\n    """Answer."""\n    input q: str\n    output a: Answer\n\n'
        "module qa = Predict(QA)\n\ndef first(answer: Answer) -> str:\n    return answer.txt\n",
        encoding="utf-8",
    )
    files = Workspace([str(tmp_path)])
    uri = user.as_uri()
    with files.in_one_pass():
        before = files.analysis(uri)
        assert before is not None
        assert any(item.memory for item in before.program.items)
        files.rest(str(user))
        assert not any(item.memory for item in before.program.items)
        assert files.analysis(uri) is before
    assert [each.code for each in before.diagnostics] == ["E201"]
    # What was let go is found again when it is needed.
    offset = before.source.text.index("answer: Answer)")
    assert len(files.mentions(str(user), offset)) == 2
    (tmp_path / "lib.dspy").write_text("type Answer:\n    txt: str\n", encoding="utf-8")
    after = files.analysis(uri)
    assert after is not None
    assert after.diagnostics == ()
