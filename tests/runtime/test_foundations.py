"""What everything stands on: parameters, settings, execution, the trace, and what importing costs."""

from __future__ import annotations

import ast
import asyncio
import inspect
import itertools
import os
import subprocess
import sys
import textwrap
import threading
from contextvars import copy_context
from dataclasses import KW_ONLY
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import pytest
from annotated_types import Ge, Lt

import dspyc.runtime as dspy
from dspyc.runtime.execution import drive, settings, trace
from dspyc.runtime.limits import Setting
from dspyc.runtime.parameters import SETTINGS_OF_LM, parameters, parameters_of

# --- parameters -----------------------------------------------------------------------------------------


@parameters
class Base:
    name: str
    """What it is called."""
    limit: Annotated[int, Ge(1), Lt(10)] = 3
    """How many."""
    shared: ClassVar[int] = 0


@parameters(extra="config")
class Derived(Base):
    mode: Literal["fast", "slow"] = "fast"
    """How."""
    _: KW_ONLY
    items: list[int] = []  # noqa: RUF012 @parameters copies it
    """Which."""

    def __post_init__(self) -> None:
        self.made = f"{self.name}/{self.mode}"


def test_parameters_make_the_constructor() -> None:
    made = Derived("a", 5, "slow", items=[1], other=2)
    assert (made.name, made.limit, made.mode, made.items, made.config, made.made) == (
        "a", 5, "slow", [1], {"other": 2}, "a/slow",
    )  # fmt: skip
    first, second = Derived("a"), Derived("b")
    first.items.append(1)
    assert second.items == []
    assert [each.name for each in parameters_of(Derived)] == ["name", "limit", "mode", "items"]


def test_the_signature_tells_the_truth() -> None:
    assert list(inspect.signature(Derived).parameters) == ["name", "limit", "mode", "items", "config"]
    assert inspect.signature(Derived).parameters["items"].kind is inspect.Parameter.KEYWORD_ONLY
    hints = get_type_hints(Derived, include_extras=True)
    assert hints["limit"] == Annotated[int, Ge(1), Lt(10)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Base(), "`Base` needs the parameter `name`"),
        (lambda: Base("a", limt=1), "`Base` has no parameter `limt`; did you mean `limit`?"),
        (lambda: Base("a", zzz=1), "has no parameter `zzz`; it has `name`, `limit`"),
        (lambda: Base("a", 1, 2), "at most 2 positional arguments, not 3"),
        (lambda: Base("a", name="b"), "got the parameter `name` twice"),
        (lambda: Base("a", 0), "`limit` of `Base` must be at least 1, not 0"),
        (lambda: Base("a", 10), "must be less than 10, not 10"),
        (lambda: Base("a", "x"), "must be at least 1, not 'x'"),
        (lambda: Derived("a", mode="odd"), "must be 'fast' or 'slow', not 'odd'"),
        (
            lambda: dspy.BestOfN(dspy.Predict("a -> b"), N=0, reward_fn=len),
            "`N` of `BestOfN` must be at least 1",
        ),
        (lambda: dspy.LM("m", temperature=3), "`temperature` of `LM` must be at most 2, not 3"),
        (lambda: dspy.LM("m", model_type="odd"), "must be 'chat' or 'text'"),
    ],
)
def test_wrong_parameters_are_refused(make: Any, message: str) -> None:
    with pytest.raises(dspy.ConfigurationError) as caught:
        make()
    assert message in str(caught.value)


def test_the_settings_that_every_module_takes_are_those_marked_in_lm() -> None:
    hints = get_type_hints(dspy.LM, include_extras=True)
    marked = [name for name, hint in hints.items() if Setting() in getattr(hint, "__metadata__", ())]
    assert tuple(marked) == SETTINGS_OF_LM


@pytest.mark.parametrize(
    "name", ["Predict", "ChainOfThought", "ChainOfThoughtWithHint", "ReAct", "Refine", "BestOfN", "LM"]
)
def test_public_classes_have_truthful_documented_parameters(name: str) -> None:
    cls = getattr(dspy, name)
    hints = get_type_hints(cls, include_extras=True)
    documented = {
        field for base in cls.__mro__ if hasattr(base, "__parameters__") for field in _documented(base)
    }
    for each in parameters_of(cls):
        assert each.name in hints
        assert each.name in inspect.signature(cls).parameters
        assert each.name in documented
    assert cls.__doc__


def _documented(cls: type) -> set[str]:
    """The annotated fields of a class that have a string below them."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id
        for field, doc in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(doc, ast.Expr)
        and isinstance(field.target, ast.Name)
    }


# --- settings -------------------------------------------------------------------------------------------


def test_unknown_settings_are_named() -> None:
    with pytest.raises(dspy.ConfigurationError, match="`num_thread`; did you mean `num_threads`"):
        dspy.configure(num_thread=3)
    with pytest.raises(dspy.ConfigurationError, match="unknown setting `adaptor`"), dspy.context(adaptor=1):
        pass
    with pytest.raises(AttributeError, match="did you mean `adapter`"):
        dspy.settings.adaptr  # noqa: B018 the access is what raises


def test_context_is_over_configure_and_ends() -> None:
    dspy.configure(num_threads=2)
    with dspy.context(num_threads=3):
        assert dspy.settings.num_threads == 3
        dspy.configure(num_threads=4, max_errors=7)
        assert dspy.settings.num_threads == 3
        assert dspy.settings.max_errors == 7
        with dspy.context(max_errors=1):
            assert (dspy.settings.num_threads, dspy.settings.max_errors) == (3, 1)
    assert dspy.settings.num_threads == 4
    dspy.settings.configure(num_threads=5)
    assert dspy.settings.get("num_threads") == 5
    assert dspy.settings.get("nothing", "none") == "none"
    assert "lm" in dspy.settings


def test_threads_and_tasks_do_not_see_each_others_context() -> None:
    seen: dict[str, int] = {}

    def look(name: str) -> None:
        seen[name] = dspy.settings.num_threads

    with dspy.context(num_threads=3):
        for name, run in (("plain", look), ("copied", copy_context().run)):
            thread = threading.Thread(target=run, args=(look, name) if name == "copied" else (name,))
            thread.start()
            thread.join()
    assert seen == {"plain": 8, "copied": 3}

    async def task(value: int) -> int:
        with dspy.context(num_threads=value):
            await asyncio.sleep(0.001)
            found: int = dspy.settings.num_threads
            return found

    async def both() -> list[int]:
        return await asyncio.gather(task(1), task(2))

    assert asyncio.run(both()) == [1, 2]


# --- execution ------------------------------------------------------------------------------------------


class Waits(dspy.Module):
    async def aforward(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return threading.current_thread().name


class Sync(dspy.Module):
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def forward(self, seconds: float) -> Any:
        return self.inner(seconds=seconds), threading.current_thread().name


def test_what_waits_runs_on_the_background_loop() -> None:
    assert Waits()(seconds=0) == "dspyc-loop"

    async def notebook() -> Any:
        return Waits()(seconds=0)

    assert asyncio.run(notebook()) == "dspyc-loop"
    assert asyncio.run(Waits().acall(seconds=0)) == "MainThread"


def test_sync_and_async_modules_nest_either_way() -> None:
    assert Sync(Waits())(seconds=0) == ("dspyc-loop", "MainThread")
    loop_name, thread_name = asyncio.run(Sync(Waits()).acall(seconds=0))
    assert loop_name == "dspyc-loop"
    assert thread_name != "MainThread"

    class Outer(dspy.Module):
        async def aforward(self, seconds: float) -> Any:
            # A synchronous call of a concurrent module, made on the loop's own thread.
            return Waits()(seconds=seconds)

    assert Outer()(seconds=0) not in ("dspyc-loop", "MainThread")


def test_a_module_that_waits_though_it_said_it_would_not() -> None:
    class Lies(Waits):
        concurrent = False

        async def aforward(self, seconds: float) -> str:
            await asyncio.sleep(seconds)
            return ""

    with pytest.raises(RuntimeError, match=r"no running event loop|concurrent = True"):
        Lies()(seconds=0.01)


def test_ctrl_c_cancels_what_runs() -> None:
    program = (
        "import asyncio, signal, os, threading\n"
        "from dspyc.runtime.execution import drive\n"
        "async def work():\n"
        "    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    try:\n"
        "        await asyncio.sleep(30)\n"
        "    except asyncio.CancelledError:\n"
        "        print('cancelled', flush=True)\n"
        "        raise\n"
        "try:\n"
        "    drive.run(work(), concurrent=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert done.stdout.split() == ["cancelled", "interrupted"]


def test_errors_come_through_with_their_traceback() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("here")

    with pytest.raises(ValueError, match="here") as caught:
        drive.run(fails(), concurrent=True)
    assert caught.traceback[-1].name == "fails"


# --- the trace ------------------------------------------------------------------------------------------


def test_the_last_calls_are_kept_where_nobody_records_them() -> None:
    predict = dspy.Predict("q -> a")
    lm = dspy.DummyLM([{"a": "1"}] * 40)
    first = predict(q="x", lm=lm)
    assert dspy.settings.trace == [(predict, {"q": "x"}, first)]
    with dspy.context(trace=None):
        predict(q="x", lm=lm)
        assert dspy.settings.trace is None
    assert len(dspy.settings.trace) == 1
    assert trace.active() is None
    dspy.configure(max_trace_size=8)
    for number in range(30):
        last = predict(q=str(number), lm=lm)
        assert len(dspy.settings.trace) <= 8
        assert dspy.settings.trace[-1][2] is last
    dspy.BestOfN(predict, 1, lambda given, prediction: 1.0)(q="chosen", lm=lm)
    assert dspy.settings.trace[-1][1] == {"q": "chosen"}


def test_a_list_that_was_given_keeps_the_newest_calls_of_all_threads() -> None:
    mine: list[Any] = []
    dspy.configure(trace=mine, max_trace_size=50)
    context = copy_context()

    def record(thread: int) -> None:
        for number in range(400):
            trace.record(thread, {"number": number}, None)
            assert len(mine) >= min(number + 1, 50)

    threads = [threading.Thread(target=context.copy().run, args=(record, number)) for number in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    trace.record("last", {}, None)
    assert len(mine) == 50
    for thread in range(4):
        numbers = [step[1]["number"] for step in mine if step[0] == thread]
        assert numbers == list(range(400))[400 - len(numbers) :]
    dspy.configure(max_trace_size=0)
    trace.record("none", {}, None)
    assert mine == []


def test_a_reset_forgets_the_list_that_was_given_and_its_bounds() -> None:
    mine: list[Any] = []
    dspy.configure(trace=mine, max_trace_size=3)
    settings.reset()
    recent = trace.Recent
    assert (recent.most, recent.given, recent.most_given) == (100, None, 10_000)
    trace.record("p", {}, None)
    assert (mine, len(dspy.settings.trace or ())) == ([], 1)
    # Each change is another version, whichever thread makes it.
    with dspy.context(max_errors=5):
        for most in (7, 8):
            dspy.configure(max_retries=most)
            assert settings.at_once() == {**settings.DEFAULT_CONFIG, "max_errors": 5, "max_retries": most}


def test_a_trace_is_the_list_that_was_given() -> None:
    predict = dspy.Predict("q -> a")
    lm = dspy.DummyLM([{"a": "1"}] * 3)
    mine: list[Any] = []
    with dspy.context(trace=mine):
        prediction = predict(q="x", lm=lm)
        with dspy.context(trace=None):
            predict(q="x", lm=lm)
        assert dspy.settings.trace is mine
    assert mine == [(predict, {"q": "x"}, prediction)]


def test_branches_keep_the_order_of_the_text() -> None:
    outer: list[Any] = []
    token = trace.start(outer)
    first, second = trace.branch(), trace.branch()
    trace.record("last", {}, 0)
    for place, names in ((second, ["c"]), (first, ["a", "b"])):
        inner = trace.start(place)
        for name in names:
            trace.record(name, {}, 0)
        trace.stop(inner)
    assert [step[0] for step in trace.read() or []] == ["a", "b", "c", "last"]
    trace.stop(token)
    assert trace.branch() is None


# --- the face -------------------------------------------------------------------------------------------


def test_public_names_are_where_they_are_said_to_be() -> None:
    stub = Path(dspy.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    named = {alias.name for node in imports for alias in node.names}
    assert named - set(dspy.__all__) == {"attributes", "compiled", "evaluate", "flow"}
    assert set(dspy.__all__) < named <= set(dir(dspy))
    for name in named:
        assert getattr(dspy, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        dspy.Nonsense  # noqa: B018 the access is what raises


HEAVY = ("litellm", "httpx", "openai", "aiohttp", "torch", "numpy", "xllamacpp", "asyncio", "requests")


def test_importing_is_cheap_and_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "before = len(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "loaded = len(sys.modules) - before\n"
        f"early = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "for name in ('Predict', 'ReAct', 'Refine', 'LM', 'ChatAdapter', 'Signature'): getattr(dspy, name)\n"
        "lm = dspy.LM('openai/gpt-4o-mini')\n"
        "dspy.Predict('question -> answer: float').messages(question='x')\n"
        f"late = [name for name in {(*HEAVY, 'pydantic')!r} if name in sys.modules and name != 'asyncio']\n"
        "print(loaded, early, late)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, _, heavy = ended.stdout.partition(" ")
    assert int(loaded) < 40, "20 modules when this was written"
    assert heavy == "[] []\n"


NEEDED_BY_CALLS = ("asking", "request", "messages", "cache", "history")


def test_making_a_module_imports_nothing_that_only_calls_need() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "dspy.configure(lm=dspy.LM('openai/gpt-4o-mini'))\n"
        "dspy.ChainOfThought('question -> answer: float')\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert not {"inspect", "dataclasses", "logging", "json", "annotated_types"} & loaded
    ours = [name.split(".") for name in loaded if name.startswith("dspyc.")]
    assert {parts[1] for parts in ours} == {"base", "loader", "runtime"}
    assert not [parts for parts in ours if parts[2:3] in (["adapters"], ["values"], ["state"])]
    assert not {f"dspyc.runtime.lm.{name}" for name in NEEDED_BY_CALLS} & loaded


NEEDED_BY_FEW = {
    "concurrent.futures", "dataclasses", "datetime", "decimal", "fractions", "hashlib", "html", "inspect",
    "logging", "pydantic", "secrets", "sqlite3", "textwrap", "ujson", "uuid",
}  # fmt: skip


def test_a_first_answer_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dspyc.runtime as dspy\n"
        "class Instant(dspy.BaseLM):\n"
        "    def complete(self, request):\n"
        "        return dspy.Response(['[[ ## answer ## ]]\\n3\\n\\n[[ ## completed ## ]]'])\n"
        "dspy.configure(lm=Instant())\n"
        "assert dspy.Predict('question, year: int -> answer: int')(question='x', year=2).answer == 3\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not NEEDED_BY_FEW & set(ended.stdout.split())


class Constructed(Derived):
    def __init__(self, other: int) -> None:
        super().__init__("a")
        self.other = other


class Called(dspy.Module):
    def __call__(self, question: str) -> Any:
        return question


def test_a_signature_is_that_of_what_is_called() -> None:
    assert list(inspect.signature(Constructed).parameters) == ["other"]
    assert list(inspect.signature(Called()).parameters) == ["question"]
    options = ["lm", "config", "demos", "max_retries", "inputs"]
    assert list(inspect.signature(dspy.ChainOfThought("a -> b")).parameters) == options
    with pytest.raises(TypeError):
        inspect.signature(Base("a"))  # type: ignore[arg-type]


def test_what_is_not_given_needs_no_check_and_brings_no_library() -> None:
    @parameters
    class Local:
        unknown: Annotated[NotThere, Ge(1)] = 0  # type: ignore[name-defined]  # noqa: F821
        known: Annotated[int, Ge(1)] = 1

    assert Local(unknown=-1).unknown == -1
    with pytest.raises(dspy.ConfigurationError, match="`known` of `Local` must be at least 1, not 0"):
        Local(known=0)


RACE = """
import os, sys, threading
import dspyc.runtime as dspy

lm = dspy.DummyLM([{"answer": "1"}] * 100)
predict = dspy.Predict("question -> answer")
barrier = threading.Barrier(9)
answers = []

def first():
    barrier.wait()
    answers.append(predict(question="x", lm=lm).answer)

threads = [threading.Thread(target=first) for _ in range(8)]
for thread in threads:
    thread.start()
barrier.wait()
children = [os.fork() for _ in range(1)]
if children == [0]:
    os._exit(0 if predict(question="y", lm=lm).answer == "1" else 1)
for thread in threads:
    thread.join()
print(os.waitpid(children[0], 0)[1], answers)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this platform")
def test_first_calls_of_many_threads_beside_a_fork() -> None:
    for _ in range(5):
        ended = subprocess.run(
            [sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.stderr, ended.stdout) == ("", f"0 {['1'] * 8}\n")
