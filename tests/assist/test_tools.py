"""What coding agents are told, by the official client over real standard input and output, and beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dspyc.assist.folder import Folder, Refused
from dspyc.assist.server import tools_of

PROGRAM = '''"""Answer questions about cities."""

from .cities import City

configure(lm=DummyLM([{"answer": "Gent", "city": {"name": "Gent"}}]))

signature QA:
    """Answer the question."""
    input question: str
    output answer: str
    output city: City

module qa = Predict(QA)

def ask(text: str) -> str:
    """The answer alone."""
    unused = 1
    return qa(question=text).anwser

test "a city":
    assert qa(question="Which?").answer == "Gent"
'''
CITIES = "type City:\n    name: str\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "qa.dspy").write_text(PROGRAM)
    (folder / "cities.dspy").write_text(CITIES)
    (tmp_path / "secret.dspy").write_text("SECRET = 1\n")
    return folder


class Agent:
    """Calls the tools without a server."""

    def __init__(self, root: Path, *, allow_run: bool = False) -> None:
        self.folder = Folder(str(root))
        self.tools = {tool.name: tool for tool in tools_of(allow_run=allow_run)}

    def __call__(self, tool: str, **given: Any) -> str:
        with self.folder.lock, self.folder.files.in_one_pass():
            return self.tools[tool].call(self.folder, given)


@pytest.fixture
def agent(root: Path) -> Agent:
    return Agent(root)


@asynccontextmanager
async def connected(root: Path, *arguments: str) -> AsyncIterator[Any]:
    """A client of a real server process that was started in a folder."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "dspyc", "mcp", *arguments],
        cwd=str(root),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    async with Client(stdio_client(started)) as client:
        yield client


@pytest.mark.asyncio
async def test_the_server_answers_a_client(root: Path) -> None:
    async with connected(root) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == {tool.name for tool in tools_of(allow_run=False)}
        assert not {"run", "test"} & tools.keys()
        assert tools["check"].annotations.read_only_hint
        assert tools["fix"].annotations.destructive_hint
        assert tools["hover"].input_schema["required"] == ["path", "line", "name"]

        found = await client.call_tool("check", {})
        assert not found.is_error
        assert "qa.dspy:18:30: error E201 (unknown-field)" in found.content[0].text
        outside = await client.call_tool("check", {"path": "../secret.dspy"})
        assert outside.is_error
        assert (
            outside.content[0].text == "`../secret.dspy` is outside of the folder that this server works in"
        )
        none = await client.call_tool("run", {"path": "qa.dspy"})
        assert none.is_error
        assert "there is no tool `run`" in none.content[0].text

        # A file that changes between two requests is seen as it is.
        (root / "qa.dspy").write_text(PROGRAM.replace("anwser", "answer").replace("    unused = 1\n", ""))
        assert (await client.call_tool("check", {})).content[0].text == "No findings in 2 files."
        prompt = await client.call_tool("prompt", {"path": "qa.dspy", "inputs": {"question": "Where is it?"}})
        assert "Where is it?" in prompt.content[0].text
        assert "tokens" in prompt.content[0].text


@pytest.mark.asyncio
async def test_with_runs_programs_and_tests_run(root: Path) -> None:
    (root / "qa.dspy").write_text(PROGRAM.replace("anwser", "answer"))
    async with connected(root, "--allow-run") as client:
        ran = await client.call_tool("run", {"path": "qa.dspy", "inputs": {"question": "Which?"}})
        assert '"answer": "Gent"' in ran.content[0].text
        tested = await client.call_tool("test", {"path": "qa.dspy"})
        assert not tested.is_error
        assert "1 passed" in tested.content[0].text


def test_a_finding_says_what_to_do(agent: Agent) -> None:
    text = agent("check", path="qa.dspy")
    assert text.splitlines() == [
        "qa.dspy:18:30: error E201 (unknown-field): `qa(question=text)` has no field `anwser`; "
        "did you mean `answer`?",
        "    return qa(question=text).anwser",
        "  fix (look at it first): Change to `answer`",
        "    -    return qa(question=text).anwser",
        "    +    return qa(question=text).answer",
        "1 finding in 1 file.",
    ]


def test_a_text_is_checked_before_it_is_written(agent: Agent, root: Path) -> None:
    text = agent("check", path="new.dspy", text="from .cities import City\nmodule m = Predikt(City)\n")
    assert "new.dspy:2:12: error E101" in text
    assert not (root / "new.dspy").exists()
    assert "2 files" in agent("check")
    with pytest.raises(Refused, match=r"has to name the `.dspy` file"):
        agent("check", text="x = 1\n")


def test_many_findings_are_cut(agent: Agent) -> None:
    text = agent("check", path="new.dspy", text="".join(f"module m{n} = X{n}()\n" for n in range(80)))
    assert text.count("E101") == 60
    assert "(20 more are not shown)\n80 findings in 1 file." in text


def test_fix_shows_and_writes(agent: Agent, root: Path) -> None:
    assert "no finding" in agent("fix", path="qa.dspy").lower()
    shown = agent("fix", path="qa.dspy", unsafe=True)
    assert "-    return qa(question=text).anwser\n+    return qa(question=text).answer" in shown
    assert shown.endswith("2 fixes not written; pass `write` for that; 0 findings left.")
    assert (root / "qa.dspy").read_text() == PROGRAM
    assert agent("fix", path="qa.dspy", unsafe=True, write=True).endswith("2 fixes written; 0 findings left.")
    assert ".answer\n" in (root / "qa.dspy").read_text()
    assert agent("check", path="qa.dspy") == "No findings in 1 file."


def test_format_shows_and_writes(agent: Agent, root: Path) -> None:
    (root / "cities.dspy").write_text("type City:\n  name:str\n")
    assert "+    name: str\n" in agent("format", path="cities.dspy")
    assert agent("format", path="cities.dspy", write=True).endswith("The change is written.")
    assert (root / "cities.dspy").read_text() == CITIES
    assert agent("format", path="cities.dspy") == "cities.dspy is formatted."


def test_explain(agent: Agent) -> None:
    text = agent("explain", rule="unknown-field")
    assert text.startswith("E201 unknown-field (error)\n")
    assert "Wrong:" in text
    assert "Right:" in text
    with pytest.raises(Refused, match="did you mean `unknown-field`"):
        agent("explain", rule="unknown-feild")


def test_questions_about_names(agent: Agent) -> None:
    assert "class Predict(" in agent("hover", path="qa.dspy", line=13, name="Predict")
    assert (
        agent("definition", path="qa.dspy", line=11, name="City")
        == "cities.dspy:1\ntype City:\n    name: str"
    )
    places = agent("references", path="cities.dspy", line=1, name="City").splitlines()
    assert places == [
        "cities.dspy:1:6: type City:",
        "qa.dspy:3:21: from .cities import City",
        "qa.dspy:11:18: output city: City",
        "3 places in 2 files.",
    ]
    outline = agent("outline", path="qa.dspy")
    assert "  7: signature QA\n    9: input question: str\n" in outline
    assert "cities.dspy\n  1: record City" in agent("outline")
    assert "def" not in agent("describe", name="MIPROv2")
    assert "max_bootstrapped_demos: int = 4" in agent("describe", name="MIPROv2")


def test_a_column_tells_places_on_a_line_apart(agent: Agent, root: Path) -> None:
    (root / "two.dspy").write_text("def f(a: str) -> str:\n    return a.upper() + str(a=a)\n")
    where = agent("hover", path="two.dspy", line=2, name="a")
    assert "a: str" in where
    with pytest.raises(Refused, match=r"is not on line 2, which is: return a.upper"):
        agent("hover", path="two.dspy", line=2, name="b")
    with pytest.raises(Refused, match=r"there is no line 9: the file has 3"):
        agent("hover", path="two.dspy", line=9, name="b")


def test_rename_changes_all_files(agent: Agent, root: Path) -> None:
    shown = agent("rename", path="cities.dspy", line=1, name="City", new_name="Town")
    assert "+type Town:" in shown
    assert "+from .cities import Town" in shown
    assert (root / "cities.dspy").read_text() == CITIES
    agent("rename", path="cities.dspy", line=1, name="City", new_name="Town", write=True)
    assert "output city: Town" in (root / "qa.dspy").read_text()
    with pytest.raises(Refused, match="is a keyword"):
        agent("rename", path="cities.dspy", line=1, name="Town", new_name="class")


def test_rename_takes_python_and_states_along(agent: Agent, root: Path) -> None:
    (root / "tuned.dspy").write_text(
        'module qa = Predict("question -> answer")\n'
        'dataset rows = Dataset([{"question": "a", "answer": "b"}], inputs=["question"])\n'
        "program router = LabeledFewShot(k=1).compile(qa, trainset=rows)\n"
    )
    (root / "tuned.router.state.json").write_text("{}")
    (root / "main.py").write_text("from tuned import router\n\nrouter(question='?')\n")
    shown = agent("rename", path="tuned.dspy", line=3, name="router", new_name="answerer")
    assert "+from tuned import answerer" in shown
    assert "tuned.router.state.json becomes tuned.answerer.state.json" in shown
    assert "router" in (root / "main.py").read_text()
    agent("rename", path="tuned.dspy", line=3, name="router", new_name="answerer", write=True)
    assert (root / "main.py").read_text() == "from tuned import answerer\n\nanswerer(question='?')\n"
    assert (root / "tuned.answerer.state.json").exists()
    assert not (root / "tuned.router.state.json").exists()


def test_rename_overwrites_no_state(agent: Agent, root: Path) -> None:
    program = (
        'module qa = Predict("question -> answer")\n'
        'dataset rows = Dataset([{"question": "a", "answer": "b"}], inputs=["question"])\n'
        "program one = LabeledFewShot(k=1).compile(qa, trainset=rows)\n"
    )
    (root / "r.dspy").write_text(program)
    (root / "r.one.state.json").write_text("{}")
    (root / "r.two.state.json").write_text('{"learned": "before"}')
    with pytest.raises(Refused, match=r"`r.two.state.json` is there already"):
        agent("rename", path="r.dspy", line=3, name="one", new_name="two", write=True)
    assert (root / "r.dspy").read_text() == program
    assert (root / "r.two.state.json").read_text() == '{"learned": "before"}'


def test_completion_knows_the_files_around(agent: Agent, root: Path) -> None:
    (root / "rows.csv").write_text("question,answer\na,b\n")
    (root / "new.dspy").write_text("x = 1\n")
    data = agent("complete", path="new.dspy", line=1, before='dataset rows = Dataset("')
    assert "rows.csv" in data
    assert "City" in agent("complete", path="new.dspy", line=1, before="from .cities import ")
    assert "cities" in agent("complete", path="new.dspy", line=1, before="from .")
    models = agent("complete", path="new.dspy", line=1, before='lm gpt = LM("embedded/')
    assert "embedded/banking" in models


def test_completion(agent: Agent) -> None:
    at = agent("complete", path="qa.dspy", line=18, before="    return qa(question=text).")
    assert at.splitlines() == ["answer  str", "city  City"]
    # A line that is not there yet.
    new = agent("complete", path="qa.dspy", line=13, before="module qa = Predict(QA, ")
    assert "temperature=" in new
    assert "max_retries=" in new


@pytest.mark.parametrize(
    "path", ["../secret.dspy", "/etc/passwd.dspy", "link.dspy", "inner/../../secret.dspy"]
)
def test_nothing_outside_of_the_folder_is_read(agent: Agent, root: Path, path: str) -> None:
    (root / "link.dspy").symlink_to(root.parent / "secret.dspy")
    for tool, given in (
        ("check", {}),
        ("check", {"text": "x = 1\n"}),
        ("fix", {}),
        ("format", {"write": True}),
        ("hover", {"line": 1, "name": "SECRET"}),
        ("outline", {}),
        ("complete", {"line": 1, "before": ""}),
        ("prompt", {}),
    ):
        with pytest.raises(Refused, match="outside of the folder"):
            agent(tool, path=path, **given)


def test_prompt_loads_no_python_without_leave(agent: Agent, root: Path) -> None:
    (root / "tools.py").write_text(
        "raise SystemExit(1)\nLIMIT = compute()\n\ndef look(a: str) -> str:\n    return a\n"
    )
    (root / "shared.dspy").write_text("from tools import look\n")
    (root / "agent.dspy").write_text('from .shared import look\nmodule m = ReAct("a -> b", tools=[look])\n')
    shown = agent("prompt", path="agent.dspy", inputs={"a": "the value"})
    assert "look" in shown
    assert "the value" in shown
    (root / "agent.dspy").write_text('from tools import LIMIT\nmodule m = Predict("a -> b")\nx = LIMIT[0]\n')
    with pytest.raises(Refused, match=r"(?s)not run here.*--allow-run"):
        agent("prompt", path="agent.dspy")


@pytest.mark.parametrize(
    "head",
    [
        "from ..json import f",
        'from os import system\nx = [f("touch RAN") for f in [system]]',
        'from statistics import sys\nx = sys.modules["os"].system("touch RAN")',
        'import typing\nx = typing.sys.modules["os"].system("touch RAN")',
    ],
)
def test_prompt_executes_nothing(agent: Agent, root: Path, head: str) -> None:
    # Files that are called like modules of Python or of dspyc itself are not those modules.
    for path in ("../json.py", "dspyc.py", "signal.py", "typing.py", "json.py"):
        (root / path).write_text(f"open({str(root / 'RAN')!r}, 'w')\n\ndef f(a: str) -> str:\n    return a\n")
    (root / "h.dspy").write_text(f'{head}\nmodule m = Predict("a -> b")\n')
    with suppress(Refused):
        agent("prompt", path="h.dspy")
    assert not (root / "RAN").exists()


def test_arguments_are_checked(agent: Agent) -> None:
    with pytest.raises(Refused, match="has no parameter `pth`; did you mean `path`"):
        agent("check", pth="qa.dspy")
    with pytest.raises(Refused, match="`guide` has no parameter `x`; it has none"):
        agent("guide", x=1)
    with pytest.raises(Refused, match="also needs `line` and `name`"):
        agent("hover", path="qa.dspy")
    with pytest.raises(Refused, match="must be a whole number"):
        agent("hover", path="qa.dspy", line=True, name="x")
    with pytest.raises(Refused, match=r"is not a `.dspy` file"):
        agent("fix", path="cities.py")
    with pytest.raises(Refused, match=r"there is no file `none.dspy`"):
        agent("fix", path="none.dspy")
    with pytest.raises(Refused, match="there is no folder `none`"):
        agent("check", path="none")


def test_keys_are_never_shown(agent: Agent, root: Path) -> None:
    key = "sk-" + "canary1234567890" * 2
    (root / "key.dspy").write_text(f'lm gpt = LM("openai/gpt-4o-mini", api_key="{key}")\n')
    text = agent("check", path="key.dspy")
    assert "W403" in text
    assert key not in text


def test_no_answer_has_a_key(agent: Agent, root: Path) -> None:
    key = "sk-" + "canary1234567890" * 2
    (root / "key.dspy").write_text(
        f'API_KEY = "{key}"\n\nsignature S:\n    """Doc {key}."""\n    input q: str = "{key}"\n'
        "    output a: str\n\nmodule m = Predict(S)\nx = API_KEY\n"
    )
    for tool, given in (
        ("outline", {}),
        ("hover", {"line": 1, "name": "API_KEY"}),
        ("hover", {"line": 3, "name": "S"}),
        ("definition", {"line": 9, "name": "API_KEY"}),
        ("references", {"line": 1, "name": "API_KEY"}),
        ("complete", {"line": 9, "before": "x = "}),
        ("complete", {"line": 8, "before": "module m = Predict("}),
        ("prompt", {}),
    ):
        assert key not in agent(tool, path="key.dspy", **given)
    with pytest.raises(Refused) as refused:
        agent("hover", path="key.dspy", line=1, name="API")
    assert key not in str(refused.value)


def test_nothing_outside_is_shown_through_the_folder(agent: Agent, root: Path) -> None:
    outside = root.parent
    (outside / "secret.csv").write_text("ssn,salary\n1,2\n")
    (root / "link.dspy").symlink_to(outside / "secret.dspy")
    (root / "link.csv").symlink_to(outside / "secret.csv")
    assert "SECRET" not in agent("outline")
    module = 'module ask = Predict("question -> answer")\nevaluate e = Evaluate(ask, devset=d)\n'
    for file in (f"{outside}/secret.csv", "../secret.csv", "link.csv"):
        head = f'dataset d = Dataset("{file}", inputs=["nope"])\n'
        assert "ssn" not in agent("check", path="new.dspy", text=head + module)
    (root / "new.dspy").write_text("x = 1\n")
    assert "secret" not in agent("complete", path="new.dspy", line=1, before='dataset d = Dataset("../')
    assert "secret" not in agent("complete", path="new.dspy", line=1, before="from ..")
    assert "SECRET" not in agent("complete", path="new.dspy", line=1, before="from ..secret import ")


def test_settings_above_hold(root: Path) -> None:
    (root.parent / "dspyc.toml").write_text('[rules]\nignore = ["W101"]\n')
    (root / "w.dspy").write_text("import math\n")
    assert Agent(root)("check", path="w.dspy") == "No findings in 1 file."


def test_the_guide_names_what_there_is(agent: Agent) -> None:
    guide = agent("guide")
    assert "```dspy" in guide
    for name in ("Predict", "MIPROv2", "Dataset"):
        assert name in guide
        assert agent("describe", name=name)
