"""Tools of MCP servers: real servers, started as commands and over HTTP on loopback."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dspyc
import dspyc.runtime as dspy

SERVER = str(Path(__file__).parents[1] / "support" / "mcp_server.py")
NAMES = ["add", "environment", "fail", "slow", "process", "crash", "several", "picture", "table"]


def tools_of(server: dspy.MCP) -> dict[str, dspy.Tool]:
    return {tool.name: tool for tool in asyncio.run(server.list_tools())}


@pytest.fixture(scope="module")
def server() -> Iterator[dspy.MCP]:
    with dspy.MCP(sys.executable, args=[SERVER]) as found:
        yield found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a server over HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, SERVER, "http", str(port)], stderr=subprocess.DEVNULL) as process:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
        process.terminate()


def step(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"next_thought": "t", "next_tool_name": tool, "next_tool_args": arguments}


SCRIPT = [step("add", a=2, b=3), step("finish"), {"reasoning": "r", "answer": "5"}]


# --- what it offers -------------------------------------------------------------------------------------


def test_the_tools_that_a_server_lists(server: dspy.MCP) -> None:
    tools = tools_of(server)
    assert list(tools) == NAMES
    add = tools["add"]
    assert add.desc.startswith("Add two numbers.")
    assert add.arg_types == {"a": int, "b": int}
    assert add.args["b"]["default"] == 1
    assert add.format_as_litellm_function_call()["function"]["parameters"]["required"] == ["a"]


def test_calls_from_both_sides(server: dspy.MCP) -> None:
    tools = tools_of(server)
    assert tools["add"](a=2, b=3) == "5"
    assert asyncio.run(tools["add"].acall(a=2)) == "3"
    assert tools["several"]() == ["one", "two"]
    (picture,) = tools["picture"]()
    assert picture.mime_type == "image/png"


def test_structured_results() -> None:
    with dspy.MCP(sys.executable, args=[SERVER], result_mode="structured") as server:
        tools = tools_of(server)
        assert tools["table"](rows=[{}, {}]) == {"count": 2}
        assert tools["add"](a=1) == {"result": 2}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("add", {}, "needs the argument a"),
        ("add", {"a": "many"}, "the argument `a` of `add`"),
        ("add", {"a": 1, "c": 2}, "`add` has no argument `c`"),
        ("fail", {"reason": "no luck"}, "`fail` failed: .*no luck"),
    ],
)
def test_errors_of_a_call(server: dspy.MCP, name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(dspy.ToolError, match=message):
        tools_of(server)[name](**arguments)


def test_only_some_and_a_prefix() -> None:
    with dspy.MCP(sys.executable, args=[SERVER], only=["add", "slow"], prefix="test_") as server:
        tools = tools_of(server)
        assert list(tools) == ["test_add", "test_slow"]
        assert tools["test_add"](a=1) == "2"
    wrong = dspy.MCP(sys.executable, args=[SERVER], only=["subtract"])
    with wrong, pytest.raises(dspy.ConfigurationError, match="has no tool `subtract`"):
        tools_of(wrong)


# --- in an agent ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True])
def test_an_agent_lists_the_tools_at_its_first_call(server: dspy.MCP, is_async: bool) -> None:
    agent = dspy.ReAct("question -> answer: int", tools=[*server])
    lm = dspy.DummyLM(SCRIPT * 2)
    found = asyncio.run(agent.acall(question="q", lm=lm)) if is_async else agent(question="q", lm=lm)
    assert found.answer == 5
    assert found.trajectory["observation_0"] == "5"
    prompt = str(lm.history[0]["messages"])
    assert "add, whose description is <desc>Add two numbers." in prompt
    assert "(10) finish" in prompt
    assert agent(question="q", lm=lm).answer == 5


def test_making_an_agent_starts_nothing() -> None:
    nowhere = dspy.MCP("no-such-command-anywhere")
    agent = dspy.ReAct("question -> answer: int", tools=[*nowhere])
    assert [name for name, _ in agent.named_predictors()] == ["react", "extract.predict"]
    with pytest.raises(dspy.ToolError, match="of the MCP server was not found"):
        agent(question="q", lm=dspy.DummyLM(SCRIPT))


def test_in_a_program(tmp_path: Path) -> None:
    text = f"""tools numbers = MCP({sys.executable!r}, args=[{SERVER!r}], only=["add"])

def double(x: int) -> int:
    \"\"\"Twice a number.\"\"\"
    return 2 * x

module agent = ReAct("question -> answer: int", tools=[double, *numbers])
"""
    (tmp_path / "p.dspy").write_text(text, encoding="utf-8")
    program = dspyc.load(tmp_path / "p.dspy")
    lm = dspy.DummyLM([step("double", x=1), *SCRIPT])
    found = program.agent(question="q", lm=lm)
    assert (found.answer, found.trajectory["observation_0"], found.trajectory["observation_1"]) == (5, 2, "5")
    assert "(2) add, whose" in str(lm.history[0]["messages"])
    program.numbers.close()


def test_servers_beside_functions_and_unknown_names(server: dspy.MCP) -> None:
    def double(x: int) -> int:
        """Twice."""
        return 2 * x

    agent = dspy.ReAct("question -> answer: int", tools=[double, *server])
    steps = [step("double", x=4), step("multiply", a=1), *SCRIPT]
    found = agent(question="q", lm=dspy.DummyLM(steps)).trajectory
    assert found["observation_0"] == 8
    assert found["observation_1"].startswith("There is no tool 'multiply'. The tools are double, add,")
    assert found["observation_2"] == "5"


def test_two_servers_with_the_same_tools(server: dspy.MCP) -> None:
    with dspy.MCP(sys.executable, args=[SERVER]) as other:
        agent = dspy.ReAct("q -> a", tools=[*server, *other])
        with pytest.raises(dspy.ConfigurationError, match=r"two tools are named `add`.* a `prefix`"):
            agent(q="q", lm=dspy.DummyLM(SCRIPT))


def test_copies_and_states_of_an_agent(server: dspy.MCP, tmp_path: Path) -> None:
    agent = dspy.ReAct("question -> answer: int", tools=[*server])
    assert agent(question="q", lm=dspy.DummyLM(SCRIPT)).answer == 5
    agent.save(tmp_path / "agent.json")
    twin = copy.deepcopy(agent)
    assert twin._toolbox.servers == [server]
    fresh = dspy.ReAct("question -> answer: int", tools=[*server])
    fresh.load(tmp_path / "agent.json")
    for each in (twin, fresh):
        lm = dspy.DummyLM(SCRIPT)
        assert each(question="q", lm=lm).answer == 5
        assert str(lm.history[0]["messages"]).count("(1) add, whose") == 1


def test_a_server_can_be_sent_to_another_process(server: dspy.MCP) -> None:
    twin = pickle.loads(pickle.dumps(server))  # noqa: S301 made here
    with twin:
        assert list(tools_of(twin)) == NAMES


# --- its life -------------------------------------------------------------------------------------------


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_server_for_all_calls_until_it_is_closed(server: dspy.MCP) -> None:
    process = tools_of(server)["process"]
    first = int(process())
    assert int(asyncio.run(process.acall())) == first
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(int(process()))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [first] * 8
    server.close()
    assert not is_alive(first)
    assert int(process()) != first


def test_a_crash_is_an_error_and_the_next_call_starts_anew(server: dspy.MCP) -> None:
    tools = tools_of(server)
    first = int(tools["process"]())
    with pytest.raises(dspy.ToolError, match="ended while it was asked for `crash`; the next call"):
        tools["crash"]()
    assert tools["add"](a=1) == "2"
    assert int(tools["process"]()) != first


def test_a_server_that_ended_between_calls_is_started_again(server: dspy.MCP) -> None:
    tools = tools_of(server)
    first = int(tools["process"]())
    os.kill(first, 9)
    for _ in range(200):
        if server._connection._ended:
            break
        time.sleep(0.05)
    assert tools["add"](a=1) == "2"


def test_a_call_that_takes_too_long(server: dspy.MCP, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tools_of(server)
    assert tools["add"](a=1) == "2"
    with monkeypatch.context() as impatient:
        # Not from the beginning: a machine under load starts no server in so short a time.
        impatient.setattr(server._connection, "_timeout", 0.2)
        with pytest.raises(dspy.ToolError, match=r"did not answer for `slow` within 0.2 seconds"):
            tools["slow"](seconds=60)
    assert tools["add"](a=1) == "2"


def test_cancelled_here_it_is_cancelled_there(server: dspy.MCP, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def main() -> None:
        slow = next(tool for tool in await server.list_tools() if tool.name == "slow")
        running = asyncio.ensure_future(slow.acall(seconds=60, mark=str(mark)))
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    for _ in range(100):
        if mark.exists():
            break
        time.sleep(0.05)
    assert mark.read_text(encoding="utf-8") == "cancelled"
    assert tools_of(server)["add"](a=1) == "2"


def test_a_forgotten_server_is_ended() -> None:
    server = dspy.MCP(sys.executable, args=[SERVER])
    process = int(tools_of(server)["process"]())
    del server
    gc.collect()
    for _ in range(100):
        if not is_alive(process):
            return
        time.sleep(0.05)
    pytest.fail("the server is still there")


def test_the_end_of_a_process_ends_its_servers() -> None:
    code = (
        "import asyncio, sys; import dspyc.runtime as dspy\n"
        f"server = dspy.MCP(sys.executable, args=[{SERVER!r}])\n"
        "tools = {tool.name: tool for tool in asyncio.run(server.list_tools())}\n"
        "print(tools['process']())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stderr == ""
    time.sleep(0.2)
    assert not is_alive(int(ran.stdout))


# --- what it may see, and what is told ------------------------------------------------------------------


def test_the_environment_is_given_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_TOKEN", "t0p-secret-value")
    monkeypatch.setenv("UNRELATED_VALUE", "not for servers")
    env = {"GIVEN": "plain", "PASSED": "Bearer ${OUR_TOKEN}"}
    with dspy.MCP(sys.executable, args=[SERVER], env=env) as server:
        environment = tools_of(server)["environment"]
        assert [environment(name=name) for name in ("GIVEN", "PASSED", "OUR_TOKEN", "UNRELATED_VALUE")] == [
            "plain",
            "Bearer t0p-secret-value",
            "nothing",
            "nothing",
        ]
        assert "t0p" not in repr(server)
    lacking = dspy.MCP(sys.executable, args=[SERVER], env={"X": "${NOT_SET_ANYWHERE}"})
    with pytest.raises(dspy.ToolError, match="`NOT_SET_ANYWHERE`, which is not set"):
        tools_of(lacking)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (dspy.MCP("no-such-command-anywhere", args=["--token", "abc"]), "the command `no-such"),
        (dspy.MCP(sys.executable, args=["-c", "print(1)"]), "cannot be reached"),
        (
            dspy.MCP(sys.executable, args=[SERVER, "broken"]),
            "it wrote: the database is locked, token .reda",
        ),
        (dspy.MCP(url="http://127.0.0.1:9/mcp"), "127.0.0.1:9/mcp cannot be reached"),
        (dspy.MCP(sys.executable, args=["-c", "input(); input()"], timeout=1), "no answer within 1 second"),
    ],
)
def test_a_server_that_cannot_be_reached(server: dspy.MCP, message: str) -> None:
    with pytest.raises(dspy.ToolError, match=message) as caught:
        tools_of(server)
    assert "abc" not in str(caught.value)
    with pytest.raises(dspy.ToolError):
        tools_of(server)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"command": "x", "url": "http://y"},
        {"url": "y"},
        {"url": "http://y", "args": ["x"]},
        {"command": "x", "headers": {"a": "b"}},
        {"command": "x", "timeout": 0},
    ],
)
def test_what_cannot_be_an_address(given: dict[str, Any]) -> None:
    with pytest.raises(dspy.ConfigurationError):
        dspy.MCP(**given)


# --- over HTTP ------------------------------------------------------------------------------------------


def test_over_http(address: str) -> None:
    with dspy.MCP(address) as server:
        tools = tools_of(server)
        assert list(tools) == NAMES
        assert tools["add"](a=2, b=3) == "5"
        agent = dspy.ReAct("question -> answer: int", tools=server)
        assert agent(question="q", lm=dspy.DummyLM(SCRIPT)).answer == 5
        with pytest.raises(dspy.ToolError, match="no luck"):
            tools["fail"](reason="no luck")


def test_headers_are_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_TOKEN", "v3ry-secret-value")
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def serve() -> None:
            connection, _ = listening.accept()
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        server = dspy.MCP(url=f"http://127.0.0.1:{port}/mcp", headers={"X-Key": "${HTTP_TOKEN}"}, timeout=5)
        with pytest.raises(dspy.ToolError) as caught:
            tools_of(server)
    assert b"v3ry-secret-value" in seen[0]
    assert "v3ry" not in str(caught.value) + repr(server)


def test_dspys_way_with_a_session_of_ones_own() -> None:
    from mcp import Client, StdioServerParameters

    async def main() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=[SERVER])) as client:
            listed = await client.list_tools()
            tools = {tool.name: dspy.Tool.from_mcp_tool(client, tool) for tool in listed.tools}
            assert await tools["add"].acall(a=1, b=2) == "3"

    asyncio.run(main())
