"""A canary in every place where a key can stand, searched in every byte that is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.openai_server import Failure, OpenAIServer, Reply

SCENE = """
import asyncio, json, logging, pickle, sys, traceback
import dspyc.runtime as dspy
base, folder = sys.argv[1:]
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
logging.getLogger("dspyc").setLevel(logging.DEBUG)
dspy.configure_cache(disk_cache_dir=folder + "/cache")

class Telling(dspy.BaseCallback):
    def on_lm_start(self, call_id, instance, inputs):
        print("start", call_id, instance, inputs, json.dumps(inputs))

    def on_lm_end(self, call_id, outputs, exception=None):
        print("end", call_id, outputs, exception, repr(exception))

lm = dspy.LM(
    "openai/any", api_base=base, api_key="canary-in-key", num_retries=1, callbacks=[Telling()],
    extra_headers={
        "Authorization": "Bearer canary-in-bearer", "x-api-key": "canary-in-x-api-key",
        "Cookie": "session=canary-in-cookie", "x-custom": "canary-in-custom",
    },
    headers={"X-Auth-Token": "canary-in-headers"},
    extra_body={"api_key": "canary-in-body", "nested": {"client_secret": "canary-in-nested"}},
    train_kwargs={"hf_token": "canary-in-train", "deep": [{"password": "canary-in-deep"}]},
    launch_kwargs={"env": {"HF_TOKEN": "canary-in-launch"}},
)
predict = dspy.Predict("q -> a", lm=lm, api_key="canary-in-config")
address = base.replace("http://", "http://user:canary-in-password@")
behind = lm.copy(api_base=address, num_retries=0)
print(behind, behind.dump_state())
for ask in (lambda: predict(q="one"), lambda: asyncio.run(predict.acall(q="two"))):
    print(ask())
for model in (lm, behind):
    try:
        model("three", cache=False)
    except dspy.LMError as error:
        traceback.print_exception(error)
        print(repr(error), error.__dict__)
        print(pickle.dumps(error))
try:
    print(behind("four"))
except dspy.LMError as error:
    traceback.print_exception(error)
for calls in (lm.history, behind.history, predict.history, dspy.LM("openai/x").history):
    print(list(calls), json.dumps([dict(entry, response=None) for entry in calls]), pickle.dumps(calls))
lm.inspect_history(5)
dspy.inspect_history(5)
print(lm, repr(lm), predict, json.dumps(lm.dump_state()), predict.dump_state())
other = dspy.LM("openai/any", api_base=base + "?api_key=canary-in-query")
print(other, other.dump_state())
predict.save(folder + "/state.json")
dspy.Predict("q -> a").load(folder + "/state.json")

class Custom(dspy.BaseLM):
    def complete(self, request):
        print(request, repr(request), str(request))
        return dspy.Response(["[[ ## a ## ]]\\n1"])

headers = {"x-key": "canary-in-custom-header"}
custom = Custom(model="custom", api_key="canary-in-custom-key", extra_headers=headers)
dspy.Predict("q -> a", lm=custom)(q="x")
print(list(custom.history), custom.dump_state(), custom)
"""


@pytest.mark.parametrize("form", ["json", "prose"])
def test_no_canary_is_written(server: OpenAIServer, tmp_path: Path, form: str) -> None:
    echo = {
        "json": '{"headers": {"Authorization": "Bearer canary-in-bearer", "x-api-key": '
        '"canary-in-x-api-key", "Cookie": "session=canary-in-cookie", '
        '"x-custom": "canary-in-custom"}, "key": "canary-in-key"}',
        "prose": "bad key canary-in-key (Bearer canary-in-bearer), canary-in-headers, canary-in-body, "
        "canary-in-cookie, canary-in-nested, http://user:canary-in-password@host/?api_key=canary-in-query",
    }[form]
    server.script(*[Reply("[[ ## a ## ]]\nfine\n\n[[ ## completed ## ]]")] * 2)
    server.script(Failure(500, echo), Failure(401, echo), Failure(400, echo))
    ended = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", SCENE, server.api_base, str(tmp_path)],
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"fine" in ended.stdout
    assert len(server.requests) == 6
    written = {"stdout": ended.stdout, "stderr": ended.stderr}
    written |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(name.endswith("state.json") for name in written)
    assert any(name.endswith("answers.sqlite3") for name in written)
    found = {
        name: content[at - 200 : at + 60]
        for name, content in written.items()
        if (at := content.find(b"canary")) >= 0
    }
    assert not found
