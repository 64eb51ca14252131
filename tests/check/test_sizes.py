"""Constants that are far too large are found without being made."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project

LARGE = [
    "X = 9 ** 9 ** 9",
    "X = -9 ** 9 ** 9",
    "X = 2 ** 10_000_000",
    "X = (1 << 40) ** (1 << 40)",
    "X = 1 << 10 ** 10",
    "X = pow(9, 9 ** 9)",
    'X = "a" * 10 ** 10',
    'X = 10 ** 10 * "a"',
    'X = ("ab" * 100_000) * 100_000',
    "X = [0] * 10 ** 9",
    "X = [[0] * 100_000 for _ in range(100_000)]",
    "X = [i * j for i in range(100_000) for j in range(100_000)]",
    "X = {i: i for i in range(10 ** 9)}",
    "X = list(range(10 ** 10))",
    "X = sum(range(0, 10 ** 10, 2))",
    "X = sum(i for i in range(10 ** 10))",
    'X = "a".ljust(10 ** 10)',
    'X = f"{1:>10000000000}"',
    'X = f"{1:>{10 ** 9}}"',
    'N = 90_000_000\nX = f"{1.5:.{N}f}"',
    'X = format(1, ">20000000")',
    'X = "{:>20000000}".format(1)',
    'X = "{a:<9000000} {b:>9000000}".format(a=1, b=2)',
    'X = "%20000000d" % 1',
    'X = "%(a)-9000000s %(a).9000000f" % {"a": 1}',
    'X = ("a" * 100_000).replace("a", "b" * 100_000)',
    'X = ("b" * 100_000).join(["a"] * 100_000)',
    "N = 10 ** 9\nX = [0] * N",
    "import math\nX = math.factorial(10 ** 8)",
    "import math\nX = math.comb(10 ** 9, 10 ** 8)",
    "from math import factorial\nX = factorial(100_000_000)",
    "from math import perm\nX = perm(10 ** 9, 10 ** 7)",
    "N = 10\nM = N ** 9\nX = [0] * M",
    "A = [0] * 1_000_000\nX = [A, A, A, A, A, A, A, A, A, A, A]",
    "X: int = 9 ** 9 ** 9",
    "dataset d = Dataset('rows.csv', inputs=['a'], take=9 ** 9 ** 9)",
    "signature S:\n    input a: str\n    output b: str where len(b) < 9 ** 9 ** 9",
    "def f(a: int) -> int:\n    return a + 9 ** 9 ** 9",
    "def f(n: int) -> int:\n    return n ** n ** n\nX = f(9)",
    "def f(n: int, k: int = 2) -> int:\n    return k ** n\nX = [0] * f(9, k=10)",
    "def f(n: int) -> int:\n    return g(n) + 1\ndef g(n: int) -> int:\n    return 1 << n\nX = f(n=10 ** 9)",
    "def f(n: int) -> int:\n    return n if n < 2 else f(n - 1) + f(n - 2)\nX = f(35)",
    "def f(n: int) -> int:\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\nX = f(200)",
    "def f(n: int) -> int:\n    t = 0\n    for i in range(n):\n        for j in range(n):\n"
    "            t += i * j\n"
    "    return t\nX = f(10_000)",
    "def f(t: str) -> str:\n    for _ in range(40):\n        t = t + t\n    return t\nX = f('a')",
    "def f(x: int) -> int:\n    for i in range(60):\n        x = x * x\n    return x\nX = f(9)",
    "def f(n: int) -> int:\n    if n > 3:\n        try:\n            return n ** n ** n\n"
    "        except ValueError:\n"
    "            return 1\n    return 2\nX = f(9)",
    "N = 9\ndef f(n: int) -> int:\n    return N ** N ** n\nX: int = f(N)",
]
SMALL = [
    "X = 9 ** 9",
    "import math\nX = math.factorial(100) // math.comb(100, 50) + math.perm(20)",
    "import math\nX = math.comb(10 ** 9, 2)",
    "X = 2 ** 1000",
    "X = 10 ** 100 - 1",
    "X = 2.0 ** 9 ** 9",
    "X = 1 ** 9 ** 9",
    "X = 2 ** -1",
    'X = "=" * 80',
    "X = [0] * 1000",
    "X = [i for i in range(1000)]",
    "X = list(range(100_000))",
    'X = f"{1:>30}"',
    'W = 30\nX = f"{1:>{W}}"',
    'X = format(1, ">30") + "20000000"',
    'X = "20000000 {} {0:>30}".format(1)',
    'X = "20000000 %d %30d" % (1, 2)',
    "X = 20000000 % 3",
    "def f(width: int) -> str:\n    return format(1, '>20') + f'{1:>{width}}'",
    "A = [1, 2]\nB = [A, A]\nC = [B, B]",
    "X = Y\nY = X",
    "X = [X, X]",
    "def f(n: int) -> int:\n    return n ** n ** n\nX = f(2)",
    "def f(n: int) -> int:\n    return n if n < 2 else f(n - 1) + f(n - 2)\nX = f(20)",
    "def f(n: int) -> int:\n    if n <= 1:\n        return 1\n    return n * f(n - 1)\n"
    "X = [f(20) for _ in range(100)]",
    "def f(n: int) -> int:\n    return g(n)\ndef g(n: int) -> int:\n    return f(n + 1)\nX = f(3)",
    "def f(xs: list[Any]) -> int:\n    return 1 + sum(f(x) for x in xs) if xs else 0\n"
    "X = f([[], [[]], [[], [[[]]]]])",
    "def f(n: int) -> int:\n    if bool(n):\n        return f(n + 1) + f(n + 2)\n    return 1\nX = f(0)",
    "def f(n: int) -> int:\n    t = 0\n    for i in range(n):\n        t += i\n    return t\nX = f(100_000)",
    "def f(n: int) -> int:\n    match n:\n        case 9:\n            return 1\n"
    "        case _:\n            return n + 1\n"
    "X = f(9) + f(n=8)",
    "def f(n: int) -> int:\n    if n > 100:\n        return n ** n ** n\n    return n\nX = f(9)",
]


def found(text: str) -> list[str]:
    analysis = Project({"case.dspy": text + "\n"}.get).check("case.dspy")
    return [each.code for each in analysis.diagnostics if each.code == "E117"]


@pytest.mark.parametrize("text", LARGE)
def test_large(text: str) -> None:
    assert found(text) == ["E117"]


@pytest.mark.parametrize("text", SMALL)
def test_small(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("form", ["{0} = [{1}, {1}]", "type {0} = dict[{1}, {1}]", "{0} = {1} + {1}"])
def test_names_that_double_are_found_once(form: str) -> None:
    first = "type A0 = list[str]" if form.startswith("type") else "A0 = ['a']"
    lines = [first, *(form.format(f"A{each + 1}", f"A{each}") for each in range(40))]
    assert found("\n".join(lines)) == ["E117"]


def test_names_that_double_in_a_circle() -> None:
    assert found("A = [B, B]\nB = [A, A]") == []
