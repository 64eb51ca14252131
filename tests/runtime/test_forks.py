"""What a fork inherits: connections, locks, loops and files of the parent must not be used in the child.

Each scene runs in a process of its own, with a time limit, because what goes wrong here hangs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.openai_server import OpenAIServer

PROLOGUE = """
import asyncio, json, multiprocessing, os, sys, threading, time
import dspyc.runtime as dspy
BASE, FOLDER = sys.argv[1:3]
dspy.configure_cache(disk_cache_dir=FOLDER)
CACHE = sys.argv[3] == "cached"

def model(**options):
    options |= json.loads(os.environ.get("TEST_LM_OPTIONS", "{}"))
    return dspy.LM("openai/x", api_base=BASE, api_key="k-123456", cache=CACHE, num_retries=0, **options)

def right(predict, q):
    found = predict(q=q).a
    assert found == f"answer-to-{q}", (q, found)

def right_async(predict, *qs):
    async def ask():
        return await asyncio.gather(*(predict.acall(q=q) for q in qs))
    assert [found.a for found in asyncio.run(ask())] == [f"answer-to-{q}" for q in qs]

def all_end(processes, seconds=60):
    for process in processes:
        process.start()
    deadline = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.1, deadline - time.monotonic()))
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    assert codes == [0] * len(processes), codes

fork = multiprocessing.get_context("fork")
"""

WORKERS = """
dspy.configure(lm=model())
p = dspy.Predict("q -> a")
right(p, "warm")
right_async(p, "warm1", "warm2")

def child(i):
    for n in range(3):
        right(p, f"c{i}-{n}")
    right_async(p, f"a{i}-0", f"a{i}-1")

all_end([fork.Process(target=child, args=(i,)) for i in range(4)])
right(p, "after")
right_async(p, "after1", "after2")
for i in range(4):
    right(p, f"c{i}-0")
"""

AMID_THREADS = """
ending = threading.Event()
wrong = []

def calling(i):
    n = 0
    while not ending.is_set():
        try:
            right(p, f"t{i}-{n}")
        except BaseException as error:
            wrong.append(error)
            raise
        n += 1

threads = [threading.Thread(target=calling, args=(i,)) for i in range(8)]
for thread in threads:
    thread.start()

def child(i):
    right(p, f"e{i}")
    right_async(p, f"d{i}")
    right(p, "warm")

processes = []
for i in range(12):
    process = fork.Process(target=child, args=(i,))
    process.start()
    processes.append(process)
    time.sleep(0.03)
deadline = time.monotonic() + 90
for process in processes:
    process.join(max(0.1, deadline - time.monotonic()))
codes = [process.exitcode for process in processes]
for process in processes:
    process.kill()
ending.set()
for thread in threads:
    thread.join(30)
assert codes == [0] * 12, codes
assert not wrong, wrong
"""

BESIDE_A_LOOP = """
class Both(dspy.Module):
    def __init__(self):
        self.p = p

    async def aforward(self, q):
        found = await asyncio.gather(self.p.acall(q=q + "l"), self.p.acall(q=q + "r"))
        return dspy.Prediction(a=[one.a for one in found])

both = Both()
assert both(q="x").a == ["answer-to-xl", "answer-to-xr"]

def child(i):
    assert both(q=f"{i}").a == [f"answer-to-{i}l", f"answer-to-{i}r"]

all_end([fork.Process(target=child, args=(i,)) for i in range(3)])
assert both(q="y").a == ["answer-to-yl", "answer-to-yr"]
"""

SPAWN = """
def main():
    context = multiprocessing.get_context("spawn")
    dspy.configure(lm=model())
    right(dspy.Predict("q -> a"), "warm")
    with context.Pool(1) as pool:
        assert pool.map(ask, ["s0", "s1", "s2"]) == ["answer-to-s0", "answer-to-s1", "answer-to-s2"]

def ask(q):
    with dspy.context(lm=model()):
        return dspy.Predict("q -> a")(q=q).a

if __name__ == "__main__":
    main()
"""


def answer(body: dict[str, object]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list)
    question = str(messages[-1]["content"]).split("\n")[1]
    return f"[[ ## a ## ]]\nanswer-to-{question}\n\n[[ ## completed ## ]]"


@pytest.mark.parametrize(
    ("scene", "cached"),
    [
        (WORKERS + BESIDE_A_LOOP + AMID_THREADS, "cached"),
        (WORKERS + BESIDE_A_LOOP + AMID_THREADS, "fresh"),
        (SPAWN, "fresh"),
    ],
    ids=["cached", "fresh", "spawned"],
)
def test_processes_get_their_own_answers(
    server: OpenAIServer, carrier: str, tmp_path: Path, scene: str, cached: str
) -> None:
    server.latency, server.answer = 0.15, answer
    script = tmp_path / "scene.py"
    script.write_text(PROLOGUE + scene, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(script), server.api_base, str(tmp_path / "cache"), cached],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr[-3000:]


EMBEDDED = """
import os, threading, time
import dspyc.runtime as dspy
lm = dspy.LM("embedded/banking", cache=False)
expected = lm("hello")
ending = threading.Event()

def calling():
    while not ending.is_set():
        assert lm("hello") == expected

threads = [threading.Thread(target=calling) for _ in range(4)]
for thread in threads:
    thread.start()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        os._exit(0 if lm("hello") == expected else 1)
    children.append(child)
codes = [os.waitpid(child, 0)[1] for child in children]
ending.set()
for thread in threads:
    thread.join()
assert codes == [0] * 4, codes
"""


def test_forks_beside_threads_of_the_embedded_model() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EMBEDDED], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


LOCKS = """
import os, threading, time
import dspyc.runtime as dspy
from dspyc.base import forks
from dspyc.runtime.lm import cache, history, usage
dspy.configure_cache(disk_cache_dir=__import__("sys").argv[1])
lm = dspy.DummyLM(["x"] * 100_000)
lm.cache = True
tracker = usage.UsageTracker()
ending = threading.Event()

def busy(i):
    n = 0
    while not ending.is_set():
        lm(f"{i}-{n}")
        tracker.add_usage("m", {"total_tokens": 1})
        n += 1

threads = [threading.Thread(target=busy, args=(i,), daemon=True) for i in range(8)]
for thread in threads:
    thread.start()
children = []
for i in range(40):
    child = os.fork()
    if child == 0:
        lm(f"child{i}")
        tracker.add_usage("m", {"total_tokens": 1})
        tracker.get_total_tokens()
        os._exit(0)
    children.append(child)
    time.sleep(0.002)
deadline = time.monotonic() + 40
left = set(children)
while left and time.monotonic() < deadline:
    for child in list(left):
        if os.waitpid(child, os.WNOHANG)[0]:
            left.discard(child)
    time.sleep(0.01)
for child in left:
    os.kill(child, 9)
ending.set()
assert not left, len(left)
"""


def test_forty_forks_beside_busy_threads_all_end(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOCKS, str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


RENEWING = """
from dspyc.runtime.lm.transports import litellm_forks
dspy.configure(lm=model())
p = dspy.Predict("q -> a")
right(p, "warm")
right_async(p, "warm1", "warm2")

def child(i):
    parts = litellm_forks._renew_parts

    def slow():
        time.sleep(1)
        parts()

    litellm_forks._renew_parts = slow
    wrong = []

    def ask(q):
        try:
            right(p, q)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(f"c{i}-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    sys.exit(0)

all_end([fork.Process(target=child, args=(i,)) for i in range(3)])
if os.fork() == 0:
    sys.exit(0)  # ends as a process of its own would, with what is left of its parent's loops
assert os.wait()[1] == 0
"""


def test_threads_of_a_child_wait_until_the_clients_are_its_own(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_LM_OPTIONS", '{"custom_llm_provider": "openai"}')
    server.latency, server.answer = 0.15, answer
    ended = subprocess.run(
        [sys.executable, "-c", PROLOGUE + RENEWING, server.api_base, str(tmp_path), "fresh"],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


IMPORTING = """
import os, sys, threading, time
import dspyc

def load(name):
    path = os.path.join(sys.argv[1], f"{name}.dspy")
    with open(path, "w") as file:
        file.write('signature A:\\n    \"\"\"Answer.\"\"\"\\n    input q: str\\n    output a: str\\n')
    dspyc.load(path)

threads = [threading.Thread(target=load, args=(f"thread{i}",)) for i in range(3)]
for thread in threads:
    thread.start()
children = []
for i in range(8):
    time.sleep(0.04)
    child = os.fork()
    if child == 0:
        load(f"child{i}")
        os._exit(0)
    children.append(child)
deadline = time.monotonic() + 90
left = dict.fromkeys(children)
while None in left.values() and time.monotonic() < deadline:
    for child in [child for child, code in left.items() if code is None]:
        ended, code = os.waitpid(child, os.WNOHANG)
        left[child] = code if ended else None
    time.sleep(0.05)
for child in [child for child, code in left.items() if code is None]:
    os.kill(child, 9)
assert set(left.values()) == {0}, left
"""


def test_children_that_load_end_whatever_threads_were_importing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTING, str(tmp_path)],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_locks_are_made_where_a_fork_frees_them() -> None:
    package = Path(__file__).parents[2]
    rooms = (
        "base",
        "grammar",
        "compiler",
        "runtime",
        "project",
        "loader",
        "cli",
        "serving",
        "viewing",
        "moving",
        "notebook",
        "assist",
    )
    own = {"base/forks.py", "runtime/execution/threads.py", "runtime/lm/transports/litellm_forks.py"}
    text = re.compile(r"\bR?Lock\(|\bCondition\(|@cached_property")
    files = [path for room in rooms for path in sorted((package / room).rglob("*.py"))]
    found = {
        str(path.relative_to(package)) for path in files if text.search(path.read_text(encoding="utf-8"))
    }
    assert found == own
