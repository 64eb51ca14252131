"""A debug adapter on standard input and output: debugpy's, told in its own terms what is to be debugged.

The Debug Adapter Protocol (https://microsoft.github.io/debug-adapter-protocol/) is JSON behind a header. All
messages go through as they are, but for `launch` and `attach`: an editor says which program with which
inputs, and debugpy is told which module of Python that is, and that the runtime's files are not the user's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from ...base.version import VERSION

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder of the package."""
LONGEST = 64 * 2**20
"""Bytes of a message."""
PATIENCE = 2.0
"""Seconds that debugpy has to end by itself, and as many to end once it was asked to."""
_OWN = ("command", "inputs", "program", "target", "test")
"""What a launch configuration says that debugpy does not know."""


def serve() -> int:
    """Serve one debugging session; the exit code."""
    adapter = subprocess.Popen(
        [sys.executable, "-P", "-m", "debugpy.adapter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert adapter.stdin is not None
    assert adapter.stdout is not None
    threading.Thread(target=_answer, args=(adapter, adapter.stdout), name="answers", daemon=True).start()
    try:
        while (message := read_message(sys.stdin.buffer)) is not None:
            write_message(adapter.stdin, translated(message))
    except (OSError, ValueError):
        # The adapter has gone, or what comes is not the protocol.
        adapter.terminate()
    finally:
        with suppress(OSError):
            adapter.stdin.close()
    return _code_of(adapter.wait())


def refuse(reason: str) -> None:
    """Answer each request of an editor with why nothing can be debugged, until it gives up."""
    body = {"error": {"id": 1, "format": reason, "showUser": True}}
    with suppress(OSError, ValueError):
        while (message := read_message(sys.stdin.buffer)) is not None:
            if message.get("type") == "request":
                number, command = message.get("seq"), message.get("command")
                asked = {"seq": number, "type": "response", "request_seq": number, "command": command}
                write_message(sys.stdout.buffer, {**asked, "success": False, "message": reason, "body": body})


def _answer(adapter: subprocess.Popen[bytes], source: IO[bytes]) -> None:
    """Pass on what debugpy says, and end with it: this process may be waiting for a word of the editor."""
    try:
        with suppress(OSError, ValueError):
            while (message := read_message(source)) is not None:
                write_message(sys.stdout.buffer, message)
    finally:
        os._exit(_code_of(_ended(adapter)))


def _ended(adapter: subprocess.Popen[bytes]) -> int:
    """The code of a process that has no more to say, which is ended where it does not by itself."""
    for end in (adapter.terminate, adapter.kill):
        try:
            return adapter.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            end()
    return adapter.wait()


def _code_of(code: int) -> int:
    """The exit code that tells of another one: a process that a signal has ended has failed."""
    return 1 if code < 0 else code


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message of a stream; None at its end.

    Raises:
        ValueError: it is no message.
    """
    length = None
    while (line := stream.readline()).strip():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    if length is None:
        if line:
            raise ValueError("a header without a length")
        return None
    if not 0 <= length <= LONGEST:
        raise ValueError("a message that is too long")
    content = stream.read(length)
    if len(content) < length:
        return None
    message = json.loads(content)
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def write_message(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    """Send a message."""
    content = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
    stream.flush()


def translated(message: dict[str, Any]) -> dict[str, Any]:
    """A message as debugpy understands it."""
    command, arguments = message.get("command"), message.get("arguments")
    if message.get("type") != "request" or not isinstance(arguments, dict):
        return message
    if command == "launch":
        return {**message, "arguments": _launched(arguments)}
    if command == "attach":
        return {**message, "arguments": {**_rules(arguments), **arguments}}
    return message


def _launched(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in given.items() if name not in _OWN and name != "args"}
    return {
        "console": "internalConsole",
        "redirectOutput": True,
        "cwd": os.path.dirname(os.path.abspath(str(given.get("program") or "."))),
        **_rules(given),
        **kept,
        "python": [sys.executable],
        "module": f"{__package__}.inside",
        "args": words(given),
        "clientInfo": f"dspyc {VERSION}",
    }


def _rules(given: Mapping[str, Any]) -> dict[str, Any]:
    """The runtime's files are not the user's, wherever they are installed."""
    # Its folders by name: in a development install a user's files may be below the same root.
    rooms = (each.path for each in os.scandir(ROOT) if os.path.isfile(os.path.join(each.path, "__init__.py")))
    rules = [{"path": os.path.join(room, "**"), "include": False} for room in sorted(rooms)]
    return {"justMyCode": True, "rules": rules if given.get("justMyCode", True) else []}


def words(given: Mapping[str, Any]) -> list[str]:
    """The words behind `dspyc` that a launch configuration stands for.

    Args:
        given: `program` is the file, from the current folder on; `command` is `run` (the default), `test` or
            `eval`; `target` a name of the file, `test` the title of a test, `inputs` values by name, and
            `args` further words.
    """
    program, name, test = (str(given.get(each) or "") for each in ("program", "target", "test"))
    if program:
        # What is debugged runs in the folder of the file.
        program = os.path.abspath(program)
    command = str(given.get("command") or ("test" if test else "run"))
    inputs = given.get("inputs")
    values = inputs if isinstance(inputs, Mapping) else {}
    further = given.get("args")
    made = [command, f"{program}:{name}" if name and command != "test" else program]
    if command == "test" and test:
        made += ["--title", test]
    for key, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        made.append(f"{key}={text}")
    return [*made, *(map(str, further) if isinstance(further, list) else ())]
