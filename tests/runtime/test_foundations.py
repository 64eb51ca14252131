"""What everything stands on: parameters, settings, execution."""

from __future__ import annotations

import ast
import asyncio
import inspect
import itertools
import subprocess
import sys
import textwrap
import threading
from contextvars import copy_context
from dataclasses import KW_ONLY
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import pytest
from annotated_types import Ge, Lt

import dspyc.runtime as dspy
from dspyc.runtime.execution import drive
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
