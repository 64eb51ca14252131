"""The life of a session: what comes first, what is cancelled, what waits, and what ends the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.lsp_client import Client, ServerError

TEXT = '''\
signature Classify:
    """Judge it."""
    input text: str
    output label: str

module classify = ChainOfThought(Classify)
'''


def test_a_request_before_initialize_is_refused(new_client: Client, workspace: Path) -> None:
    with pytest.raises(ServerError, match="-32002"):
        new_client.at("textDocument/hover", "file:///a.dspy", 0, 0)
    new_client.open("file:///a.dspy", "nonsense")
    assert new_client.initialize(workspace)["serverInfo"]["name"] == "dspyc"
    with pytest.raises(ServerError, match="-32600"):
        new_client.initialize(workspace)
    assert new_client.shut_down() == 0


def test_a_request_after_shutdown_is_refused(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    new_client.request("shutdown")
    with pytest.raises(ServerError, match="-32600"):
        new_client.at("textDocument/hover", "file:///a.dspy", 0, 0)
    with pytest.raises(ServerError, match="-32600"):
        new_client.request("shutdown")
    new_client.notify("exit")
    assert new_client.process.wait(10) == 0


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"[]", b'"text"', b'{"jsonrpc": "2.0"}', b"{}"]
)
def test_a_message_that_is_none_does_not_stop_the_others(
    new_client: Client, workspace: Path, body: bytes
) -> None:
    new_client.initialize(workspace)
    assert new_client.process.stdin is not None
    new_client.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    uri = (workspace / "after_junk.dspy").as_uri()
    new_client.open(uri, TEXT)
    assert new_client.diagnostics(uri) == []
    assert new_client.shut_down() == 0


def test_a_length_that_cannot_be_ends_the_server(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    assert new_client.process.stdin is not None
    new_client.process.stdin.write(b"Content-Length: 99999999999999999999\r\n\r\n{}")
    new_client.process.stdin.flush()
    assert new_client.process.wait(10) == 0


def test_the_server_ends_when_the_editor_dies_without_a_word(new_client: Client, workspace: Path) -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    new_client.request("initialize", {"processId": editor.pid, "rootUri": None, "capabilities": {}})
    new_client.notify("initialized", {})
    time.sleep(0.2)
    assert new_client.process.poll() is None
    editor.kill()
    editor.wait()
    assert editor.stdin is not None
    editor.stdin.close()
    assert new_client.process.wait(20) == 0


def test_the_server_ends_when_its_parent_is_killed_and_stdin_stays_open(workspace: Path) -> None:
    """An editor that is killed may leave its ends of the pipes to others."""
    read, write = os.pipe()
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, subprocess, sys\n"
            "server = subprocess.Popen([sys.executable, '-m', 'dspyc', 'lsp'], stdin=subprocess.PIPE,"
            " stdout=subprocess.PIPE)\n"
            "import json\n"
            "body = json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'initialize', 'params':"
            " {'processId': os.getpid(), 'rootUri': None, 'capabilities': {}}}).encode()\n"
            "server.stdin.write(b'Content-Length: %d\\r\\n\\r\\n%b' % (len(body), body))\n"
            "server.stdin.flush(); server.stdout.readline()\n"
            "keeper = subprocess.Popen(['sleep', '60'], pass_fds=[server.stdin.fileno()])\n"
            f"os.write({write}, f'{{server.pid}} {{keeper.pid}}'.encode())\n"
            "import time; time.sleep(60)\n",
        ],
        pass_fds=[write],
    )
    os.close(write)
    server, keeper = map(int, os.read(read, 100).split())
    os.close(read)
    parent.kill()
    parent.wait()
    try:
        for _ in range(200):
            if (
                not Path(f"/proc/{server}").exists()
                or "Z" in Path(f"/proc/{server}/stat").read_text().split()[2]
            ):
                return
            time.sleep(0.1)
        pytest.fail("the server still runs")
    finally:
        os.kill(keeper, 9)


def test_a_request_about_the_whole_project_stops_when_it_is_cancelled(
    new_client: Client, tmp_path: Path
) -> None:
    for number in range(300):
        (tmp_path / f"file_{number}.dspy").write_text(TEXT.replace("Classify", f"Classify{number}"))
    new_client.initialize(tmp_path)
    begun = new_client.begin("workspace/symbol", {"query": "nothing has this name"})
    time.sleep(0.1)
    new_client.notify("$/cancelRequest", {"id": begun})
    assert new_client.answer(begun)["error"]["code"] == -32800
    found = new_client.request("workspace/symbol", {"query": "classify7"}, timeout=60)
    assert {"Classify7", "Classify70"} <= {each["name"] for each in found}


def test_a_request_about_the_whole_project_does_not_keep_the_others_waiting(
    new_client: Client, tmp_path: Path
) -> None:
    for number in range(300):
        (tmp_path / f"file_{number}.dspy").write_text(TEXT.replace("Classify", f"Classify{number}"))
    new_client.initialize(tmp_path)
    uri = (tmp_path / "file_1.dspy").as_uri()
    new_client.open(uri, TEXT)
    assert new_client.diagnostics(uri) == []
    begun = new_client.begin("workspace/symbol", {"query": "classify299"})
    hover = new_client.begin(
        "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 12}}
    )
    order = []
    for _ in range(2):
        new_client._until(
            lambda: any(each in new_client._answers for each in (begun, hover)), 60, "an answer"
        )
        order.extend(each for each in (begun, hover) if new_client._answers.pop(each, None))
    assert order[0] == hover


def test_the_workspace_symbols_are_those_of_the_unsaved_texts(new_client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(TEXT)
    new_client.initialize(tmp_path)
    uri = (tmp_path / "a.dspy").as_uri()
    new_client.open(uri, TEXT.replace("Classify", "Judgement"))
    names = [each["name"] for each in new_client.request("workspace/symbol", {"query": "jdg"})]
    assert names == ["Judgement"]
    new_client.close(uri)
    names = [each["name"] for each in new_client.request("workspace/symbol", {"query": "clsfy"})]
    assert names == ["Classify", "classify"]


def test_requests_between_the_keys_do_not_keep_diagnostics_away(new_client: Client, workspace: Path) -> None:
    blocks = (TEXT.replace("lassify", f"lassify{number}") for number in range(150))
    text = "\n".join(blocks)
    uri = (workspace / "typed_with_requests.dspy").as_uri()
    new_client.initialize(workspace)
    new_client.open(uri, text)
    assert new_client.diagnostics(uri) == []
    line = text.count("\n")
    typed = "\nmodule m = Predict(Classify3)\nx = m(txet=1).label\n"
    seen = 0
    for at in range(len(typed)):
        row, column = line + typed[:at].count("\n"), len(typed[:at].rpartition("\n")[2])
        place = {"line": row, "character": column}
        version = new_client.change(uri, {"range": {"start": place, "end": place}, "text": typed[at]})
        document = {"textDocument": {"uri": uri}}
        begun = [
            new_client.begin("textDocument/completion", {**document, "position": place}),
            new_client.begin("textDocument/hover", {**document, "position": {"line": 0, "character": 12}}),
            new_client.begin("textDocument/documentSymbol", document),
        ]
        for each in begun:
            new_client.answer(each)
        if at % 10 == 9:
            new_client.diagnostics(uri, version)
            seen += 1
    assert seen == len(typed) // 10


def test_two_requests_may_have_the_numbers_one_and_the_text_one(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    for request in ("1", 1):
        new_client._methods[request] = "workspace/symbol"
        new_client.send({"id": request, "method": "workspace/symbol", "params": {"query": "zzzz"}})
        assert new_client.answer(request)["result"] == []  # type: ignore[arg-type]
