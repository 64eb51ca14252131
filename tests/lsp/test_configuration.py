"""What a user sets in the editor: asked for at the start and after a change, or sent along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dspyc.lsp.configuration import Configuration, read
from support.lsp_client import CAPABILITIES, Client

TEXT = (
    'signature S:\n    """Do it."""\n    input a: str\n    output b: str\n\n'
    "def f() -> list[int]:\n    xs = [1]\n    return xs\n\nmodule m = Predict(S)\n"
)


def asking(**workspace: Any) -> dict[str, Any]:
    return {**CAPABILITIES, "workspace": {**CAPABILITIES["workspace"], **workspace}}


def hints(client: Client, uri: str) -> int:
    area = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    return len(client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": area}))


def lenses(client: Client, uri: str) -> int:
    return len(client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}))


def test_settings_are_asked_for(new_client: Client, workspace: Path, uri: str) -> None:
    settings: dict[str, Any] = {
        "inlayHints": {"variableTypes": False},
        "path": ["dspyc"],
        "trace": {"server": "off"},
    }
    new_client.answers["workspace/configuration"] = lambda params: [settings for _ in params["items"]]
    new_client.initialize(
        workspace,
        capabilities=asking(
            configuration=True,
            didChangeConfiguration={"dynamicRegistration": True},
            inlayHint={"refreshSupport": True},
            codeLens={"refreshSupport": True},
        ),
    )
    new_client.open(uri, TEXT)
    assert new_client.diagnostics(uri) == []
    asked = {each["method"]: each["params"] for each in new_client.requests}
    assert asked["workspace/configuration"] == {"items": [{"section": "dspyc"}]}
    registered = [each["params"] for each in new_client.requests if "register" in each["method"]]
    options = [each["registrations"][0]["registerOptions"] for each in registered]
    assert {"section": "dspyc"} in options
    assert hints(new_client, uri) == 0
    assert lenses(new_client, uri) > 2

    settings.clear()
    settings["codeLens"] = {"references": False, "commands": False}
    new_client.requests.clear()
    new_client.notify("workspace/didChangeConfiguration", {"settings": None})
    while not {"workspace/inlayHint/refresh", "workspace/codeLens/refresh"} <= {
        each["method"] for each in new_client.requests
    }:
        lenses(new_client, uri)
    assert hints(new_client, uri) == 1
    assert lenses(new_client, uri) == 0
    assert new_client.shut_down() == 0


def types_of_variables(shown: object) -> dict[str, Any]:
    return {"settings": {"dspyc": {"inlayHints": {"variableTypes": shown}}}}


def test_settings_that_are_sent_along(new_client: Client, workspace: Path, uri: str) -> None:
    new_client.initialize(workspace)
    new_client.open(uri, TEXT)
    assert hints(new_client, uri) == 1
    new_client.notify("workspace/didChangeConfiguration", types_of_variables(shown=False))
    assert hints(new_client, uri) == 0
    new_client.notify("workspace/didChangeConfiguration", types_of_variables(shown="no"))
    assert hints(new_client, uri) == 1
    assert "variableTypes" in new_client.wait_for("window/logMessage")["message"]


def test_what_is_not_named_has_its_default() -> None:
    assert read(None) == (Configuration(), "")
    assert read({"other": 1})[0] == Configuration()
    assert read({"completion": {"autoImports": False}})[0].completion.auto_imports is False
    for wrong in ([], "x", {"codeLens": []}, {"completion": {"autoImports": 1}}):
        found, problem = read(wrong)
        assert found == Configuration()
        assert problem.startswith("the settings of `dspyc` are not used")


def test_no_names_of_other_files_where_they_are_not_wanted(new_client: Client, tmp_path: Path) -> None:
    (tmp_path / "lib.dspy").write_text("type Customer:\n    a: str\n", encoding="utf-8")
    new_client.initialize(tmp_path)
    uri = (tmp_path / "a.dspy").as_uri()
    text = "x: Custo"
    new_client.open(uri, text)

    def labels() -> list[str]:
        return [
            each["label"] for each in new_client.at("textDocument/completion", uri, 0, len(text))["items"]
        ]

    while "Customer" not in labels():
        pass
    off = {"settings": {"dspyc": {"completion": {"autoImports": False}}}}
    new_client.notify("workspace/didChangeConfiguration", off)
    assert "Customer" not in labels()
