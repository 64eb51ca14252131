"""Code lenses, and the commands that they stand for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.lsp_client import CAPABILITIES, Client, ServerError

REFRESHING = {
    **CAPABILITIES,
    "workspace": {
        "codeLens": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
    },
}

TEXT = '''\
signature Ask:
    """Answer."""
    input question: str
    output answer: str

module qa = Predict(Ask)
module twice = ChainOfThought(Ask)

dataset rows = Dataset([{"question": "a", "answer": "b"}], inputs=["question"])

evaluate accuracy = Evaluate(qa, devset=rows, metric=answer_exact_match)

optimizer tune = LabeledFewShot(k=1)
program tuned = tune.compile(qa, trainset=rows)

def one() -> int:
    return 1

test "one is one":
    assert one() == 1
'''


def shown(client: Client, uri: str) -> list[Any]:
    return client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})


def test_what_can_be_done_with_each_declaration(client: Client, uri: str) -> None:
    client.open(uri, TEXT)
    commands = [each["command"] for each in shown(client, uri) if "command" in each]
    told = [(each["command"], each["arguments"][1:]) for each in commands]
    assert told == [
        ("dspyc.run", ["qa", "question"]),
        ("dspyc.prompt", ["qa", "question"]),
        ("dspyc.run", ["twice", "question"]),
        ("dspyc.prompt", ["twice", "question"]),
        ("dspyc.eval", ["accuracy"]),
        ("dspyc.optimize", ["tuned"]),
        ("dspyc.run", ["tuned", "question"]),
        ("dspyc.prompt", ["tuned", "question"]),
        ("dspyc.test", ["one is one"]),
    ]
    assert {each["arguments"][0] for each in commands} == {uri.removeprefix("file://")}
    client.close(uri)


def test_references_are_counted_when_a_lens_is_seen(client: Client, uri: str) -> None:
    client.open(uri, TEXT)
    counted = [each for each in shown(client, uri) if "command" not in each]
    resolved = [client.request("codeLens/resolve", each)["command"] for each in counted]
    assert [each["title"] for each in resolved] == ["2 references", "1 reference"]
    assert [each["range"]["start"]["line"] for each in resolved[0]["arguments"][2]] == [5, 6]
    client.close(uri)


@pytest.mark.parametrize("text", ["", "module m = ", "test :\n", 'test "a\n', "x = 1\n"])
def test_unfinished_declarations_have_none(client: Client, uri: str, text: str) -> None:
    client.open(uri, text)
    assert [each for each in shown(client, uri) if "command" in each] == []
    client.close(uri)


def test_the_score_of_a_program_is_told(new_client: Client, tmp_path: Path) -> None:
    path = tmp_path / "qa.dspy"
    path.write_text(TEXT, encoding="utf-8")
    score = {"before": 22.7, "after": 65.5, "metric": "same", "examples": 154}
    created = datetime.now(UTC) - timedelta(days=8)
    state = {"dspyc_state": 1, "created": created.isoformat(), "score": score, "predictors": {}}
    (tmp_path / "qa.tuned.state.json").write_text(json.dumps(state), encoding="utf-8")
    new_client.initialize(tmp_path, capabilities=REFRESHING)
    new_client.open(path.as_uri(), TEXT)
    titles = [each["command"]["title"] for each in shown(new_client, path.as_uri()) if "command" in each]
    assert "22.7 → 65.5 (same, 154 rows), 8 days ago" in titles
    for strange in ({"score": 3}, {"score": {"after": "x"}, "created": 7}):
        (tmp_path / "qa.tuned.state.json").write_text(
            json.dumps({"dspyc_state": 1, "predictors": {}, **strange}), encoding="utf-8"
        )
        changed = {"changes": [{"uri": (tmp_path / "qa.tuned.state.json").as_uri(), "type": 2}]}
        new_client.requests.clear()
        new_client.notify("workspace/didChangeWatchedFiles", changed)
        new_client.wait_for_request("workspace/codeLens/refresh")
        found = shown(new_client, path.as_uri())
        assert "optimised" in [each["command"]["title"] for each in found if "command" in each]


def test_a_command_runs_in_a_process_of_its_own(new_client: Client, tmp_path: Path) -> None:
    path = tmp_path / "one.dspy"
    path.write_text(
        TEXT[TEXT.index("def one") :] + '\ntest "two":\n    assert one() == 2\n', encoding="utf-8"
    )
    result = new_client.initialize(tmp_path, capabilities=REFRESHING)
    assert "dspyc.test" in result["capabilities"]["executeCommandProvider"]["commands"]
    for title, kind in (("one is one", 3), ("two", 1)):
        asked = {"command": "dspyc.test", "arguments": [str(path), title]}
        assert new_client.request("workspace/executeCommand", asked) is None
        told = new_client.wait_for("window/showMessage", timeout=60)
        assert told["type"] == kind, told
        assert told["message"].startswith(f"dspyc test {path} -k {title}: ")
        new_client.wait_for_request("workspace/codeLens/refresh")
    for wrong in ({"command": "dspyc.test"}, {"command": "rm", "arguments": ["x"]}):
        with pytest.raises(ServerError, match="no command"):
            new_client.request("workspace/executeCommand", wrong)


def test_a_client_that_runs_the_commands_itself(new_client: Client, tmp_path: Path) -> None:
    asked = {
        "processId": None,
        "rootUri": tmp_path.as_uri(),
        "capabilities": CAPABILITIES,
        "initializationOptions": {"commands": True},
    }
    assert "executeCommandProvider" not in new_client.request("initialize", asked)["capabilities"]
