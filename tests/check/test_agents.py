"""What is suspected of a Python function that an agent may call, and what is not."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project

AGENT = 'from t import tool\nmodule agent = ReAct("question -> answer", tools=[tool])\n'


def suspicions(body: str, head: str = "") -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    python = f'{head}\n\ndef tool(text: str) -> str:\n    """Do it."""\n{lines}'
    found = Project({"a.dspy": AGENT, "t.py": python}.get).check("a.dspy").diagnostics
    assert all(each.code == "W404" for each in found)
    return [each.message.partition(" may ")[2] for each in found]


CODE, COMMANDS = "execute code that the model writes", "run commands"
FILES, NETWORK = "change files", "reach the network"


@pytest.mark.parametrize(
    ("head", "body", "suspected"),
    [
        ("", "return str(eval(text))", CODE),
        ("", "exec(text)\nreturn text", CODE),
        ("import pickle as p", "return p.loads(text.encode())", CODE),
        ("import importlib", "return importlib.import_module(text).answer", CODE),
        ("import os", "return str(os.system(text))", COMMANDS),
        ("from os import popen as ask", "return ask(text).read()", COMMANDS),
        ("from subprocess import check_output", "return check_output([text]).decode()", COMMANDS),
        ("import asyncio", "return asyncio.create_subprocess_shell(text)", COMMANDS),
        ("", "import os\nos.execvp(text, [text])", COMMANDS),
        ("", "open(text, 'w').write(text)\nreturn text", FILES),
        ("", "with open(text, mode='ab') as file:\n    file.write(b'x')\nreturn text", FILES),
        ("from pathlib import Path", "Path(text).write_text(text)\nreturn text", FILES),
        (
            "from pathlib import Path",
            "with Path(text).open('w') as file:\n    file.write(text)\nreturn text",
            FILES,
        ),
        ("import shutil", "shutil.rmtree(text)\nreturn text", FILES),
        ("import os", "os.remove(text)\nreturn text", FILES),
        ("import requests", "return requests.get(text).text", NETWORK),
        ("import urllib.request", "return urllib.request.urlopen(text).read()", NETWORK),
        ("from urllib.request import urlopen", "return urlopen(text).read()", NETWORK),
        ("import httpx", "with httpx.Client() as client:\n    return client.get(text).text", NETWORK),
        ("import socket", "return socket.create_connection((text, 80))", NETWORK),
        (
            "import os\ndef deep(x):\n    return deeper(x)\ndef deeper(x):\n    return os.system(x)",
            "return deep(text)",
            COMMANDS,
        ),
    ],
)
def test_suspected(head: str, body: str, suspected: str) -> None:
    assert suspicions(body, head) == [suspected]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("import ast", "return str(ast.literal_eval(text))"),
        ("import re", "return re.compile(text).pattern"),
        ("import json", "return json.loads(text)['answer']"),
        ("from pathlib import Path", "return Path(text).read_text()"),
        ("", "return open(text).read()"),
        ("", "with open(text, 'r', encoding='utf-8') as file:\n    return file.read()"),
        ("", "return open('wax').read()"),
        ("import os", "return os.path.join(text, text) + os.environ.get('HOME', '')"),
        ("from urllib.parse import quote", "return quote(text)"),
        ("from models import model", "model.eval()\nreturn model.system(text)"),
        ("def eval(text):\n    return text", "return eval(text)"),
        ("import os\ndef other(x):\n    return os.system(x)", "return text"),
        ("from .beside import get", "return get(text)"),
        ("", "return 'subprocess.run'"),
    ],
)
def test_not_suspected(head: str, body: str) -> None:
    assert suspicions(body, head) == []


def test_a_program_says_that_it_means_it() -> None:
    python = 'import os\n\n\ndef tool(text: str) -> str:\n    """Run."""\n    return str(os.system(text))\n'
    meant = AGENT.rstrip() + "  # dspyc: ignore[unsafe-tool] runs in a container\n"
    assert not Project({"a.dspy": meant, "t.py": python}.get).check("a.dspy").diagnostics


def test_functions_that_call_each_other_are_looked_at_once() -> None:
    head = "def one(x):\n    return two(x)\ndef two(x):\n    return one(x)"
    assert suspicions("return one(tool(text))", head) == []
    chain = "\n".join(f"def f{index}(x):\n    return f{index + 1}(x)" for index in range(5_000))
    assert suspicions("return f0(text)", chain) == []
