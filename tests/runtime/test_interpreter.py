"""Code in the sandbox: what it may do, and what hostile code comes to."""

from __future__ import annotations

import asyncio
import copy
import datetime
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy


@pytest.fixture
def python() -> Iterator[dspy.PythonInterpreter]:
    with dspy.PythonInterpreter(timeout=1, max_memory=50_000_000, max_output=20_000) as interpreter:
        yield interpreter


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("1 + 1", 2),
        ("print('Hello'); print('you')", "Hello\nyou\n"),
        ("x = 3", ""),
        ("import math\nmath.sqrt(16)", 4.0),
        ("import json\njson.loads('[1, {\"a\": null}]')", [1, {"a": None}]),
        ("{'a': (1, 2), 'b': {3}}", {"a": (1, 2), "b": {3}}),
        ("import datetime\ndatetime.date(2026, 1, 2)", datetime.date(2026, 1, 2)),
        ("class A:\n    def __init__(self):\n        self.x = 1\nA()", {"x": 1}),
        ("```python\n2 * 3\n```", 6),
        ("Here it is:\n```\n2 * 4\n```\nDone.", 8),
        ("```py\n5", 5),
        ("2 ** 200", 2**200),
        ("'''not ``` a fence'''", "not ``` a fence"),
    ],
)
def test_results(python: dspy.PythonInterpreter, code: str, result: Any) -> None:
    assert python(code) == result


def test_it_keeps_variables(python: dspy.PythonInterpreter) -> None:
    python("def double(x):\n    return 2 * x")
    python("y = double(4)")
    assert python.execute("y + z", {"z": 1}) == 9
    assert python("z") == 1


def test_an_error_of_the_code_names_its_line_and_leaves_the_variables(python: dspy.PythonInterpreter) -> None:
    python("x = 0")
    with pytest.raises(
        dspy.CodeExecutionError, match=r"ZeroDivisionError: division by zero \(line 2: 1 / x\)"
    ):
        python("y = 1\n1 / x")
    assert python("y") == 1


@pytest.mark.parametrize("code", ["def (", "x = = 2", "for"])
def test_what_is_not_python(python: dspy.PythonInterpreter, code: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        python(code)
    assert isinstance(caught.value, dspy.CodeExecutionError)


def test_what_the_sandbox_does_not_know_is_said(python: dspy.PythonInterpreter) -> None:
    with pytest.raises(dspy.CodeSyntaxError, match="only a part of Python, without yield expressions"):
        python("def f():\n    yield 1")


class Row(BaseModel):
    name: str
    when: datetime.date


@pytest.mark.parametrize("code", ["raise ValueError(5)", "raise KeyError('a', 1)", "e = ValueError(None)"])
def test_what_the_sandbox_makes_errors_of_is_said(python: dspy.PythonInterpreter, code: str) -> None:
    with pytest.raises(dspy.CodeExecutionError, match="an exception is made of one text") as caught:
        python(code)
    assert "monty" not in str(caught.value)


def test_values_are_given_as_data(python: dspy.PythonInterpreter) -> None:
    row = Row(name="'); boom('", when=datetime.date(2026, 1, 2))
    assert python("rows[0]['name'] + text", {"rows": [row], "text": "{0}\\'\n"}) == "'); boom('{0}\\'\n"
    assert python("row['when']", {"row": row}) == "2026-01-02"
    for name in ("a b", "1", "for", "x = 1\ny"):
        with pytest.raises(dspy.CodeInterpreterError, match="cannot be the name of a variable"):
            python("1", {name: 1})
    with pytest.raises(dspy.CodeInterpreterError, match="cannot be given to the code"):
        python("1", {"x": lambda: 1})
    assert python("1") == 1


# --- hostile code ---------------------------------------------------------------------------------------

HOSTILE = {
    "open('/etc/passwd').read()": "PermissionError",
    "open('new', 'w').write('x')": "PermissionError",
    "import pathlib\npathlib.Path('/etc/passwd').read_text()": "PermissionError",
    "import pathlib\nlist(pathlib.Path('/').iterdir())": "PermissionError",
    "import os\nos.system('id')": "no attribute 'system'",
    "import os\nos.listdir('/')": "PermissionError",
    "import os\nos.environ['PATH']": "not supported",
    "import os\nos.getenv('PATH')": "not supported",
    "import os\nos.fork()": "no attribute",
    "import os\nos.remove('/tmp/x')": "PermissionError",
    "import subprocess": "ModuleNotFoundError",
    "import socket": "ModuleNotFoundError",
    "import urllib.request": "ModuleNotFoundError",
    "import ctypes": "ModuleNotFoundError",
    "import importlib": "ModuleNotFoundError",
    "import builtins": "ModuleNotFoundError",
    "import dspyc": "ModuleNotFoundError",
    "import multiprocessing": "ModuleNotFoundError",
    "__import__('os').system('id')": "(NameError|TypeError|AttributeError)",
    "().__class__.__bases__[0].__subclasses__()": "AttributeError",
    "''.__class__.__mro__": "AttributeError",
    "(lambda: 0).__globals__": "AttributeError",
    "(lambda: 0).__code__": "AttributeError",
    "def f():\n    pass\nf.__globals__['x']": "AttributeError",
    "import sys\nsys.modules": "AttributeError",
    "import sys\nsys._getframe()": "AttributeError",
    "import sys\nsys.exit(3)": "(SystemExit|AttributeError)",
    "breakpoint()": "NameError",
    "input()": "NameError",
    "exec('import socket')": "ModuleNotFoundError",
    "eval('open(\"/etc/passwd\")')": "PermissionError",
    "tool('x')": "name 'tool' is not defined",
    "while True:\n    pass": "longer than 1 second",
    "while 1:\n    try:\n        while 1:\n            pass\n    except:\n        pass": "longer than 1",
    "def f():\n    return f()\nf()": "RecursionError",
    "x = []\nwhile True:\n    x.append('x' * 10_000)": "more than 50 MB",
    "'x' * 10 ** 10": "more than 50 MB",
    "[0] * 10 ** 9": "more than 50 MB",
    "x = 'ab'\nfor _ in range(60):\n    x = x + x": "more than 50 MB",
    "10 ** 10 ** 9": "more than 50 MB",
    "2 ** 1000 ** 3": "more than 50 MB",
    "1 << 10 ** 10": "(more than 50 MB|OverflowError)",
    "'%0100000000d' % 1": "(more than 50 MB|ValueError|OverflowError)",
    "f'{1:>1000000000}'": "(more than 50 MB|ValueError|OverflowError)",
    "while True:\n    print('x' * 100)": "more than 20,000 characters printed",
    "print('x' * 30_000_000)": "more than 20,000 characters printed",
    "import time\ntime.sleep(3600)": "longer than 1 second",
    "d = {}\nd['d'] = d\nl = [d]\nfor _ in range(50):\n    l = l + l": "more than 50 MB",
}


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_code_ends_in_an_error(python: dspy.PythonInterpreter, code: str) -> None:
    start = time.monotonic()
    with pytest.raises(dspy.CodeExecutionError, match=HOSTILE[code]) as caught:
        python(code)
    # Not a measurement: code that is not stopped would run for hours.
    assert time.monotonic() - start < 60
    assert "Traceback" not in str(caught.value)
    assert python("6 * 7") == 42


@pytest.mark.parametrize(
    "code",
    [
        "import re\nbool(re.match(r'(a+)+$', 'a' * 50 + 'b'))",
        "import re\nbool(re.search(r'(x+x+)+y', 'x' * 60))",
        "import re\nbool(re.match(r'^(([a-z])+.)+[A-Z]([a-z])+$', 'a' * 60))",
        r"import re" "\n" r"bool(re.match(r'(?:(a)|(b)|\1\2)*?(?=(a*)*c)(?<!x)$', 'ab' * 60))",
    ],
)
def test_patterns_that_explode(python: dspy.PythonInterpreter, code: str) -> None:
    try:
        found = python(code)
    except dspy.CodeExecutionError as error:
        found = "longer than" not in str(error) and "Error" not in str(error)
    assert found is False
    assert python("1") == 1


def test_nothing_is_written(python: dspy.PythonInterpreter, tmp_path: Path) -> None:
    target = tmp_path / "made"
    for code in (
        f"open({str(target)!r}, 'w')",
        f"import pathlib\npathlib.Path({str(target)!r}).write_text('x')",
    ):
        with pytest.raises(dspy.CodeExecutionError):
            python(code)
    assert list(tmp_path.iterdir()) == []


def test_after_a_limit_the_variables_are_gone_and_it_says_so(python: dspy.PythonInterpreter) -> None:
    python("x = 1")
    with pytest.raises(dspy.CodeExecutionError, match="what was defined so far is gone"):
        python("while True:\n    pass")
    with pytest.raises(dspy.CodeExecutionError, match="name 'x' is not defined"):
        python("x")


# --- tools ----------------------------------------------------------------------------------------------


def add(a: int, b: int = 10) -> int:
    """Add two numbers."""
    return a + b


async def later(text: str) -> str:
    """Give it back, later."""
    await asyncio.sleep(0.001)
    return text.upper()


def test_tools_are_called_by_name() -> None:
    with dspy.PythonInterpreter(tools=[add, dspy.Tool(later, name="upper")]) as python:
        assert python("add(1) + add(2, b=3) + add(b=1, a=1)") == 18
        assert python("f = add\n[f(i, i) for i in range(3)]") == [0, 2, 4]
        assert python("upper('x') + upper(text='y')") == "XY"
        with pytest.raises(dspy.CodeExecutionError, match="ToolError: the argument `a` of `add`"):
            python("add('many')")
        with pytest.raises(dspy.CodeExecutionError, match="takes 2 arguments by position, not 3"):
            python("add(1, 2, 3)")
        with pytest.raises(dspy.CodeExecutionError, match="got the argument `a` twice"):
            python("add(1, a=2)")


def test_what_a_tool_raises_can_be_caught_by_the_code() -> None:
    def find(name: str) -> str:
        raise LookupError(f"no {name}")

    class Odd(Exception):
        pass

    def odd() -> str:
        raise Odd("very")

    with dspy.PythonInterpreter(tools={"find": find, "odd": odd}) as python:
        assert python("try:\n    r = find('x')\nexcept LookupError as e:\n    r = str(e)\nr") == "no x"
        with pytest.raises(dspy.CodeExecutionError, match="RuntimeError: Odd: very"):
            python("odd()")
        assert python("2") == 2


def test_an_exit_of_a_tool_reaches_the_caller() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with dspy.PythonInterpreter(tools={"stop": stop}) as python:
        with pytest.raises(KeyboardInterrupt):
            python("try:\n    stop()\nexcept BaseException:\n    pass")
        assert python("1") == 1


def test_a_tool_that_runs_code_in_the_same_interpreter() -> None:
    def again() -> Any:
        return python("1")

    python = dspy.PythonInterpreter(tools={"again": again})
    with python, pytest.raises(dspy.CodeExecutionError, match="is running other code"):
        python("again()")


def test_calls_of_tools_are_counted() -> None:
    python = dspy.PythonInterpreter(tools=[add], max_calls=50)
    with python, pytest.raises(dspy.CodeExecutionError, match="called tools more than 50 times"):
        python("while True:\n    add(1, 2)")


@pytest.mark.parametrize("tools", [{"a b": add}, {"for": add}, {"x": 3}, [add, add]])
def test_tools_that_code_cannot_call(tools: Any) -> None:
    with pytest.raises(dspy.ConfigurationError):
        dspy.PythonInterpreter(tools=tools)


# --- SUBMIT ---------------------------------------------------------------------------------------------


def test_submit_ends_the_code() -> None:
    with dspy.PythonInterpreter() as python:
        assert python("SUBMIT(3)\nnothing") == dspy.FinalOutput({"output": 3})
        assert python("try:\n    SUBMIT({'a': 1})\nexcept Exception:\n    pass\n5") == dspy.FinalOutput(
            {"output": {"a": 1}}
        )
        assert python("x = 4\ndef f():\n    SUBMIT(x)\nf()").output == {"output": 4}
        assert python("x") == 4
        assert python("try:\n    SUBMIT(1)\nexcept BaseException:\n    SUBMIT(2)").output == {"output": 1}
        assert python("try:\n    SUBMIT(1)\nexcept BaseException:\n    pass\n7").output == {"output": 1}


def test_code_that_ends_as_older_versions_of_dspy_say() -> None:
    with dspy.PythonInterpreter(output_fields=["a", "b"]) as python:
        for code in ("final_answer({'a': 1, 'b': 2})", "final_answer(1, b=2)", "f = final_answer\nf(1, 2)"):
            assert python(code).output == {"a": 1, "b": 2}
    with dspy.PythonInterpreter(tools={"final_answer": lambda x: x + 1}) as python:
        assert python("final_answer(1)") == 2
    pot = dspy.ProgramOfThought("q -> a: int", allow_code=True)
    lm = dspy.DummyLM(
        [
            {"reasoning": "r", "generated_code": "final_answer({'a': 20 + 2})"},
            {"reasoning": "r", "a": 22},
        ]
    )
    assert pot(q="x", lm=lm).a == 22
    assert '{"a": 22}' in lm.history[-1]["messages"][-1]["content"]


def test_submit_takes_the_output_fields() -> None:
    with dspy.PythonInterpreter(output_fields=[{"name": "a", "type": "int"}, {"name": "b"}]) as python:
        for code in ("SUBMIT(1, 2)", "SUBMIT(1, b=2)", "SUBMIT(b=2, a=1)", "SUBMIT({'a': 1, 'b': 2})"):
            assert python(code).output == {"a": 1, "b": 2}
        with pytest.raises(dspy.CodeExecutionError, match="SUBMIT needs b"):
            python("SUBMIT(1)")
        with pytest.raises(dspy.CodeExecutionError, match=r"SUBMIT has no c \(it takes a, b\)"):
            python("SUBMIT(1, 2, c=3)")


# --- its life -------------------------------------------------------------------------------------------


def test_shut_down_it_cannot_be_used_again() -> None:
    python = dspy.PythonInterpreter()
    python.start()
    python.start()
    assert python("1") == 1
    python.shutdown()
    python.shutdown()
    for use in (python.start, lambda: python("1")):
        with pytest.raises(dspy.CodeInterpreterError, match="was shut down"):
            use()


def test_copies_have_their_own_variables() -> None:
    with dspy.PythonInterpreter(tools=[add], timeout=3) as python:
        python("x = 1")
        with copy.deepcopy(python) as other:
            assert other.timeout == 3
            assert other("add(1)") == 11
            with pytest.raises(dspy.CodeExecutionError, match="NameError"):
                other("x")
        assert python("x") == 1


def test_from_asynchronous_code() -> None:
    async def main() -> None:
        with dspy.PythonInterpreter(tools=[later]) as python, dspy.PythonInterpreter() as other:
            first, second = await asyncio.gather(python.aexecute("later('a')"), other.aexecute("1 + 1"))
            assert (first, second) == ("A", 2)

    asyncio.run(main())


def test_cancelled_it_stops_the_code() -> None:
    async def main() -> None:
        with dspy.PythonInterpreter(timeout=30) as python:
            running = asyncio.ensure_future(python.aexecute("while True:\n    pass"))
            await asyncio.sleep(0.2)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert await python.aexecute("1 + 1") == 2

    asyncio.run(main())


def test_two_tasks_cannot_share_one() -> None:
    async def main() -> None:
        with dspy.PythonInterpreter(tools=[later]) as python:
            python.start()
            codes = [python.aexecute("later('a')") for _ in range(2)]
            results = await asyncio.gather(*codes, return_exceptions=True)
            assert "A" in results
            assert any("is running other code" in str(each) for each in results)

    asyncio.run(main())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    with pytest.raises(dspy.CodeInterpreterError, match=r'pip install "dspyc\[code\]"'):
        dspy.PythonInterpreter()("1")


def test_a_forked_process_says_that_it_cannot_run_code() -> None:
    code = (
        "import os; import dspyc.runtime as dspy\n"
        "python = dspy.PythonInterpreter(); python('x = 1')\n"
        "if (child := os.fork()) == 0:\n"
        "    for use in (python, dspy.PythonInterpreter()):\n"
        "        try:\n"
        "            use('1')\n"
        "        except dspy.CodeInterpreterError as error:\n"
        "            os.write(1, str(error)[:32].encode() + b'\\n')\n"
        "        use.shutdown()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "os.write(1, str(python('x')).encode())\n"
        "python.shutdown()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.splitlines() == ["code was run before this process"] * 2 + ["1"]


@pytest.mark.parametrize("code", ["type(1)", "print", "import re\nre.match('a', 'a')", "..."])
def test_objects_of_the_interpreter_come_out_as_text(python: dspy.PythonInterpreter, code: str) -> None:
    assert isinstance(python(code), str)


# --- the tool `run_python` ------------------------------------------------------------------------------


def test_a_tool_runs_code_where_the_program_allows_it() -> None:
    with pytest.raises(dspy.CodeNotAllowedError, match=r"configure\(allow_code=True\)"):
        dspy.run_python("1 + 1")
    with dspy.context(allow_code=True):
        assert dspy.run_python("1 + 1") == "2"
        assert dspy.run_python("print([1, 2])") == "[1, 2]\n"
        with pytest.raises(dspy.CodeExecutionError, match="ZeroDivisionError"):
            dspy.run_python("1 / 0")
