"""The process that looks at the whole project: what it is told, and what happens when it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from support.lsp_client import Client, ServerError

TYPE = "type Answer{}:\n    text: str\n"


@pytest.fixture
def asked(new_client: Client, tmp_path: Path) -> tuple[Client, Path, int]:
    """A client that has asked about its folder, the folder, and the process that has answered."""
    (tmp_path / "a.dspy").write_text(TYPE.format("A"), encoding="utf-8")
    new_client.initialize(tmp_path)
    assert names(new_client) == {"AnswerA"}
    (worker,) = children(new_client.process.pid)
    return new_client, tmp_path, worker


def names(client: Client) -> set[str]:
    return {each["name"] for each in client.request("workspace/symbol", {"query": "answer"})}


def children(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += [int(each) for each in (task / "children").read_text().split()]
    return found


def is_running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_it_starts_with_the_first_question(new_client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(TYPE.format("A"), encoding="utf-8")
    new_client.initialize(tmp_path)
    uri = (tmp_path / "a.dspy").as_uri()
    new_client.open(uri, "# Not saved.\n" + TYPE.format("B"))
    new_client.diagnostics(uri)
    assert children(new_client.process.pid) == []
    # What was open before it started, it knows as it is in the editor.
    assert names(new_client) == {"AnswerB"}
    new_client.change(uri, {"text": TYPE.format("C")})
    assert names(new_client) == {"AnswerC"}
    new_client.close(uri)
    assert names(new_client) == {"AnswerA"}


def test_folders_come_and_go(
    asked: tuple[Client, Path, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    client, folder, _ = asked
    other = tmp_path_factory.mktemp("other")
    (other / "b.dspy").write_text(TYPE.format("B"), encoding="utf-8")
    one, two = ({"uri": each.as_uri(), "name": "x"} for each in (folder, other))
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [two], "removed": []}})
    assert names(client) == {"AnswerA", "AnswerB"}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [one]}})
    assert names(client) == {"AnswerB"}


def test_one_that_is_killed_is_started_anew(asked: tuple[Client, Path, int]) -> None:
    client, _, worker = asked
    os.kill(worker, signal.SIGKILL)
    logged = client.wait_for("window/logMessage")
    assert logged["type"] == 1
    assert "has ended" in logged["message"]
    assert names(client) == {"AnswerA"}
    assert children(client.process.pid) != [worker]


def test_what_was_asked_of_one_that_is_killed_is_answered(asked: tuple[Client, Path, int]) -> None:
    client, folder, worker = asked
    os.kill(worker, signal.SIGSTOP)
    begun = [client.begin("workspace/symbol", {"query": "answer"}) for _ in range(3)]
    uri = (folder / "a.dspy").as_uri()
    client.open(uri, "x = wrong\n")
    assert [each["code"] for each in client.diagnostics(uri)] == ["E101"]
    os.kill(worker, signal.SIGKILL)
    for each in begun:
        assert client.answer(each)["error"]["code"] == -32800
    assert client.shut_down() == 0


def test_a_question_is_cancelled_there(asked: tuple[Client, Path, int]) -> None:
    client, folder, worker = asked
    os.kill(worker, signal.SIGSTOP)
    begun = client.begin("workspace/symbol", {"query": "answer"})
    client.notify("$/cancelRequest", {"id": begun})
    # What comes after it has been looked at, so the server has cancelled before the process goes on.
    uri = (folder / "a.dspy").as_uri()
    client.open(uri, TYPE.format("A"))
    client.diagnostics(uri)
    os.kill(worker, signal.SIGCONT)
    assert client.answer(begun)["error"]["code"] == -32800
    assert names(client) == {"AnswerA"}


@pytest.mark.parametrize("how", ["shutdown", "exit", "kill", "close"])
def test_it_ends_with_the_server(asked: tuple[Client, Path, int], how: str) -> None:
    client, _, worker = asked
    if how == "shutdown":
        assert client.shut_down() == 0
    elif how == "exit":
        client.notify("exit")
        assert client.process.wait(10) == 1
    elif how == "kill":
        client.process.kill()
    else:
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.process.wait(10) == 0
    deadline = time.monotonic() + 20
    while is_running(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_half_of_a_surrogate_pair(asked: tuple[Client, Path, int]) -> None:
    client, folder, worker = asked
    uri = (folder / "a.dspy").as_uri()
    client.open(uri, 'test "half \ud83d":\n    assert True\n')
    (found,) = client.request("dspyc/tests", {})
    assert found["items"][0]["name"] == "half \ud83d"
    assert children(client.process.pid) == [worker]


def started(tmp_path: Path, first: str) -> Client:
    """A client of a server that does something first."""
    client = Client((sys.executable, "-c", f"{first}; from dspyc.lsp.server import main; main()"))
    client.initialize(tmp_path)
    return client


def test_a_message_that_is_too_long_ends_the_process(tmp_path: Path) -> None:
    text = "".join(TYPE.format(each) for each in range(200))
    (tmp_path / "a.dspy").write_text(text, encoding="utf-8")
    client = started(tmp_path, "from dspyc.lsp import connection; connection.LONGEST_MESSAGE = 8000")
    with pytest.raises(ServerError, match="has ended"):
        names(client)
    assert children(client.process.pid) == []
    assert client.shut_down() == 0
    client.kill()


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    client = started(tmp_path, "import sys; sys.executable = '/nowhere/python'")
    with pytest.raises(ServerError, match="cannot be started: No such file"):
        names(client)
    assert client.shut_down() == 0
    client.kill()


def test_a_request_of_the_wrong_shape(asked: tuple[Client, Path, int]) -> None:
    client, _, _ = asked
    with pytest.raises(ServerError, match="-32602"):
        client.request("workspace/symbol", {"query": 3})
    assert names(client) == {"AnswerA"}
