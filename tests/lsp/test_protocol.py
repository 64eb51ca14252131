"""What the protocol asks of a server, and what must not end it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.editor_program import PROGRAM
from support.lsp_client import CAPABILITIES, Client, ServerError


def test_the_command_starts_the_server(workspace: Path) -> None:
    client = Client((sys.executable, "-m", "dspyc", "lsp", "--stdio"))
    try:
        assert client.initialize(workspace)["serverInfo"]["name"] == "dspyc"
        assert client.shut_down() == 0
    finally:
        client.kill()


def test_capabilities(new_client: Client, workspace: Path) -> None:
    result = new_client.initialize(workspace)
    capabilities = result["capabilities"]
    assert capabilities["positionEncoding"] == "utf-16"
    assert capabilities["textDocumentSync"]["change"] == 2
    places = ("definition", "references", "documentHighlight")
    for provider in ("hover", *places, "documentSymbol", "documentFormatting"):
        assert capabilities[f"{provider}Provider"] is True
    assert "source.organizeImports" in capabilities["codeActionProvider"]["codeActionKinds"]
    assert "." in capabilities["completionProvider"]["triggerCharacters"]
    assert result["serverInfo"]["name"] == "dspyc"
    new_client.request("textDocument/documentSymbol", {"textDocument": {"uri": "file:///nowhere.dspy"}})
    (registered,) = new_client.requests
    assert registered["method"] == "client/registerCapability"
    assert new_client.shut_down() == 0


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 26), ("utf-16", 22), ("utf-32", 20)])
def test_encodings(new_client: Client, workspace: Path, uri: str, encoding: str, column: int) -> None:
    capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
    assert (
        new_client.initialize(workspace, capabilities=capabilities)["capabilities"]["positionEncoding"]
        == encoding
    )
    new_client.open(uri, 'x = ["🦊🦊"]\ny = "🦊🦊" + str(x) + wrong\n')
    (found,) = new_client.diagnostics(uri)
    assert found["range"]["start"] == {"line": 1, "character": column}
    assert found["range"]["end"] == {"line": 1, "character": column + len("wrong")}


def test_cancelled_requests_are_answered_all_the_same(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM * 40)
    params = {"textDocument": {"uri": uri}, "position": {"line": 15, "character": 16}}
    begun = [client.begin("textDocument/completion", params) for _ in range(30)]
    for request in begun[1:]:
        client.notify("$/cancelRequest", {"id": request})
    answers = [client.answer(request) for request in begun]
    assert "result" in answers[0]
    for answer in answers:
        assert "result" in answer or answer["error"]["code"] == -32800


def test_what_is_no_message_is_passed_over(client: Client, uri: str) -> None:
    assert client.process.stdin is not None
    for junk in (b"Content-Length: 5\r\n\r\n{nope", b"X-Other: 1\r\n\r\n", b"Content-Length: 2\r\n\r\n[]"):
        client.process.stdin.write(junk)
    client.notify("textDocument/didChange", {"wrong": "shape"})
    client.notify("no/suchNotification", {})
    with pytest.raises(ServerError, match="-32602"):
        client.request("textDocument/hover", {"position": "here"})
    with pytest.raises(ServerError, match="-32601"):
        client.request("no/suchRequest", {})
    client.open(uri, PROGRAM)
    assert client.diagnostics(uri) == []


CRASHING = """
from msgspec.structs import replace
from dspyc.lsp.features import hover
from dspyc.lsp import server
def run(server, params):
    print("this is not a message")
    raise RuntimeError("a defect")
hover.HANDLERS = {name: replace(each, run=run) for name, each in hover.HANDLERS.items()}
server.main()
"""


def test_a_defect_in_one_feature_is_logged_and_the_others_go_on(workspace: Path, uri: str) -> None:
    client = Client((sys.executable, "-c", CRASHING))
    try:
        client.initialize(workspace)
        client.open(uri, PROGRAM)
        with pytest.raises(ServerError, match="-32603"):
            client.at("textDocument/hover", uri, 0, 0)
        logged = client.wait_for("window/logMessage")
        assert "a defect" in logged["message"]
        assert logged["type"] == 1
        assert client.diagnostics(uri) == [] or client.at("textDocument/completion", uri, 0, 0)["items"]
        assert client.shut_down() == 0
    finally:
        client.kill()


def test_the_server_ends_when_the_client_goes_away(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    assert new_client.process.stdin is not None
    new_client.process.stdin.close()
    assert new_client.process.wait(10) == 0


def test_an_exit_without_a_shutdown_is_an_error(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    new_client.notify("exit")
    assert new_client.process.wait(10) == 1


def test_importing_the_server_imports_no_client_of_models() -> None:
    program = (
        "import sys, dspyc.lsp.session, dspyc.runtime\n"
        "print(sorted({'litellm', 'torch', 'httpx', 'aiohttp', 'requests', 'openai'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
