"""Models behind a server on this machine, which `launch` starts and `kill` ends."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM, Predict
from dspyc.runtime.errors import ConfigurationError, LMConfigurationError
from dspyc.runtime.lm.training import served
from dspyc.runtime.lm.transports.embedded import SHIPPED

pytestmark = pytest.mark.train

MESSAGES = [{"role": "user", "content": "My card still has not arrived"}]


def process_of(lm: LM) -> Any:
    return served._running[lm.kwargs["api_base"]].process


def test_a_model_is_started_asked_and_ended() -> None:
    lm = LM(f"openai/local:{SHIPPED['banking']}", cache=False)
    lm.launch()
    process = process_of(lm)
    address = lm.kwargs["api_base"]
    assert address.startswith("http://127.0.0.1:")
    assert lm(messages=MESSAGES) == LM("embedded/banking", cache=False)(messages=MESSAGES)
    assert lm.capabilities.grammar
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{address}/chat/completions", b"{}"))
    refused.value.close()
    assert refused.value.code == 401, "nobody else may ask"
    lm.launch()
    assert process_of(lm) is process, "it runs already"
    lm.kill()
    assert process.returncode is not None
    assert "api_base" not in lm.kwargs
    lm.kill()


def test_a_model_that_was_not_started_is_asked_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test-0123456789")
    with pytest.raises(LMConfigurationError, match=r"call `launch\(\)`"):
        LM(f"openai/local:{SHIPPED['banking']}", cache=False)("hello")


def test_it_can_be_started_again() -> None:
    lm = LM(f"openai/local:{SHIPPED['banking-base']}", cache=False)
    for _ in range(2):
        lm.launch({"server": "llama.cpp", "arguments": ["--parallel", 1]})
        assert lm(messages=MESSAGES, max_tokens=3)
        lm.kill()


def test_it_is_trained_and_asked_in_the_form_it_learned(tmp_path: Path) -> None:
    lm = LM(f"openai/local:{SHIPPED['base']}", cache=False)
    assert lm.prompt_form == "compact"
    row = {"messages": [{"role": "user", "content": "card"}, {"role": "assistant", "content": "plastic"}]}
    trained = lm.finetune(
        [row], "chat", {"steps": 20, "warmup_steps": 1, "output": tmp_path / "new.gguf"}
    ).result(120)
    assert trained.model == f"openai/local:{tmp_path}/new.gguf"
    trained.launch()
    assert trained(messages=row["messages"][:1])[0].strip() == "plastic"
    trained.kill()


def test_a_program_is_asked_over_the_server() -> None:
    lm = LM(f"openai/local:{SHIPPED['base']}", cache=False, max_tokens=20)
    lm.launch()
    assert Predict("text -> is_long: bool", lm=lm)(text="where is my card").is_long in (True, False)
    lm.kill()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"serve": "vllm"}, "did you mean `server`"),
        ({"port": 70000}, "`port` must be a number from 1 to 65535"),
        ({"port": "8010"}, "`port` must be a number from 1 to 65535"),
        ({"server": "ollama"}, "must be one of llama.cpp, vllm, sglang"),
    ],
)
def test_settings_that_are_not_there_are_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        LM(f"openai/local:{SHIPPED['banking']}").launch(settings)


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    with pytest.raises(LMConfigurationError, match="there is no model file"):
        LM("openai/local:nowhere.gguf").launch()
    (tmp_path / "damaged.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(LMConfigurationError, match="ended with status"):
        LM(f"openai/local:{tmp_path}/damaged.gguf").launch()
    assert not served._running


@pytest.mark.parametrize("server", ["vllm", "sglang"])
def test_servers_for_a_gpu_are_named_when_they_are_absent(server: str) -> None:
    with pytest.raises(LMConfigurationError, match=f"pip install {server}"):
        LM("openai/local:some/model").launch({"server": server})
    command = served.COMMANDS[server]
    assert command[command.index("--host") + 1] == "127.0.0.1"


def test_a_port_that_is_taken_is_refused_and_what_takes_any_key_is_no_server_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stranger(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        lm, port = LM(f"openai/local:{SHIPPED['banking']}", cache=False), stranger.server_address[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is taken"):
            lm.launch({"port": port})
        monkeypatch.setattr(served, "_is_taken", lambda _: False)
        with pytest.raises(LMConfigurationError, match=r"takes any key|ended with status"):
            lm.launch({"port": port})
        stranger.shutdown()
    assert not served._running
    assert "api_base" not in lm.kwargs


def test_launches_at_one_time_start_one_server() -> None:
    lm = LM(f"openai/local:{SHIPPED['banking']}", cache=False)
    threads = [threading.Thread(target=lm.launch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(served._running) == 1
    lm.kill()
