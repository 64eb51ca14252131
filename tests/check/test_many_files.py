"""Files that come, go, change places and import each other in circles are checked as if they were new."""

from __future__ import annotations

import itertools
import os
import random
import warnings
from collections.abc import Mapping

import pytest

from dspyc.compiler.analysis import Project
from support.edits import edit, facts
from support.random_folders import Folder, Step
from support.shop import FILES, shown

STEPS = int(os.environ.get("DSPYC_EDITS", "500")) // 4
"""`DSPYC_EDITS=10000` for a long run."""
MORE = {
    "a.dspy": (
        "from b import F, Deep\nfrom kinds import Kind as K\n\ndef f(x: F) -> int:\n    return x.n\n\n"
        "y = f(F(n=1))\nz = Deep.one\nmodule q = Predict('k: K -> a: F')\n"
    ),
    "b.dspy": (
        "from c import F\nfrom c import Deep\nimport tools\n\ndef g(x: F) -> str:\n    return x.name\n\n"
        "module M:\n    input x: F\n    output y: str\n    forward:\n        return y=g(x)\n"
    ),
    "c.dspy": (
        "from shop import Order, handle\n\ntype F:\n    n: int\n    name: str = ''\n"
        "    order: Order | None = None\n\n"
        "enum Deep:\n    one\n    two\n\nh = handle(text='a').label\n"
    ),
    "d.dspy": (
        "from a import f, q\nimport a\nimport b\nmodule m = b.M()\nt = m(x=a.y).y\ns = q(k=a.K.small)\n"
        "test 'x':\n    assert f(s.a) > 1\n"
    ),
}

KIND = "enum Kind:\n    small\n"
USER = "from kinds import Kind\n\nx = Kind.small\n"
SEQUENCES: dict[str, list[Step]] = {
    "a file is deleted and comes back with a name that it had not": [
        {"kinds.dspy": "limit = 1\n", "user.dspy": USER},
        {"kinds.dspy": None},
        {"kinds.dspy": KIND},
    ],
    "a file comes back with another kind of name": [
        {"kinds.dspy": KIND, "user.dspy": USER},
        {"kinds.dspy": None},
        {"kinds.dspy": "def Kind(x: int) -> int:\n    return x\n"},
    ],
    "a file moves away and back": [
        {"kinds.dspy": KIND, "user.dspy": USER},
        {"kinds.dspy": None, "other.dspy": KIND},
        {"kinds.dspy": KIND, "other.dspy": None},
    ],
    "a module without the name no longer parses": [
        {"tools.py": "limit = 1\n", "user.dspy": "import tools\n\nx = tools.price\n"},
        {"tools.py": "limit = 1\ndef price(:\n"},
        {"tools.py": "def price(:\n"},
        {"tools.py": ""},
    ],
    "a module without any name gets a star import": [
        {"tools.py": "", "user.dspy": "import tools\n\nx = tools.price\n"},
        {"tools.py": "from math import *\n"},
        {"tools.py": ""},
    ],
    "a program takes the place of a Python file": [
        {"kinds.py": "class Kind:\n    small = 1\n", "user.dspy": USER},
        {"kinds.dspy": KIND},
        {"kinds.py": None},
        {"kinds.dspy": None},
    ],
    "a name is declared that is close to an unknown one": [
        {"user.dspy": "x = price(1)\n"},
        {"user.dspy": "x = price(1)\n\ndef prices(n: int) -> int:\n    return n\n"},
    ],
    "a name is declared elsewhere that is close to a missing one": [
        {
            "kinds.dspy": "limit = 1\n",
            "user.dspy": "import kinds\nfrom kinds import price\n\nx = kinds.price\n",
        },
        {"kinds.dspy": "limit = 1\nprices = 2\n"},
    ],
    "a Python file hands on what a program imports": [
        {
            "kinds.dspy": KIND,
            "b.dspy": "from kinds import Kind as n\n",
            "t.py": "from b import n as g\n",
            "user.dspy": "from t import g\n\nx: int = g(1)\n",
        },
        {"b.dspy": "n = 'a'\n"},
        {"b.dspy": "def n(x: int) -> int:\n    return x\n"},
        {"b.dspy": "from kinds import Kind as n\n"},
        {"kinds.dspy": "def Kind(x: int) -> int:\n    return x\n"},
        {"t.py": "import b\ng = b.n\n"},
        {"b.dspy": "n = 'a'\n"},
    ],
    "two files begin with the same import": [
        {"a.dspy": "from b import F, G\n\nx = F\n", "b.dspy": "from b import F, G\n"},
        {"b.dspy": "from b import F, from\n"},
    ],
    "a circle of imports opens and closes": [
        {"kinds.dspy": "from user import Kind\n", "user.dspy": USER},
        {"kinds.dspy": KIND},
        {"kinds.dspy": "from user import Kind\n" + KIND},
        {"kinds.dspy": "from user import Kind\n"},
    ],
    "a circle of constants opens": [
        {"a.dspy": "x = [y]\ny = [x]\nz = x + [1]\n"},
        {"a.dspy": "x = [y]\ny = other\nz = x + [1]\n"},
        {"a.dspy": "x = other\ny = [x]\nz = x + [1]\n"},
    ],
    "an import comes back through a Python file": [
        {"a.dspy": "from p import T\n", "c.dspy": "from a import T\n", "p.py": "from c import T\n"},
        {"p.py": "T = int\n"},
        {"p.py": "from c import T\n"},
    ],
    "a signature goes in a circle that a string closes": [
        {
            "a.dspy": "from c import m\nsignature C:\n    output b: m\nsignature S:\n    output b: C\n",
            "c.dspy": "from a import S, C\nmodule m = Predict('a: list[S] -> b: dict[str, C]')\n",
        },
    ],
    "a record and a Python class extend each other": [
        {
            "b.dspy": "from p import T\n",
            "c.dspy": "from p import C\n\ntype T(C):\n    c: str\n",
            "p.py": "from c import T\nK = T\nclass C(K):\n    c: int = 1\n",
        },
    ],
    "a tool begins to take what is made of it": [
        {"c.dspy": "from p import f\nmodule T = ReAct('a -> b', tools=[f])\n", "p.py": ""},
        {"p.py": "from c import T\ndef f(a: str) -> list[T]:\n    return a\n"},
    ],
    "what a class has as an attribute is known no longer": [
        {
            "b.dspy": "from p import M, C\nmodule m = M()\ndef f(a: C) -> int:\n    return a.a + 's'\n",
            "p.py": "import dspyc\nfrom b import m\nclass C:\n    a: m\nclass M(dspyc.Module):\n    x = 1\n",
        },
        {"p.py": "from b import m\nclass C:\n    a: m\n"},
    ],
    "what two Python files hand on is gone": [
        {
            "a.dspy": "from s import C\ntype K = C\n",
            "c.dspy": "from r import g\n\ndef f(a: str) -> int:\n    return g(a)\n",
            "p.py": "from a import K\n",
            "r.py": "from p import K\ndef g(a: K) -> int:\n    return 1\n",
            "s.py": "class C(U):\n    c: dict[str, 'C'] = 1\n",
        },
        {"s.py": None, "a.dspy": "type K = C\n"},
    ],
}


@pytest.mark.parametrize("steps", SEQUENCES.values(), ids=SEQUENCES)
def test_after_each_step_all_is_found_that_is_there(steps: list[Step]) -> None:
    files: dict[str, str] = {}
    kept = Project(files.get)
    for step in steps:
        change(files, step)
        compare(kept, files)


def test_what_is_let_go_is_checked_as_if_for_the_first_time() -> None:
    files = {**FILES, **MORE}
    kept = Project(files.get)
    for path in _programs(files):
        kept.check(path)
    kept.keep_only(["kinds.dspy", "b.dspy"])
    before = kept.resolved
    for path in ("kinds.dspy", "b.dspy", "c.dspy", "shop.dspy"):
        kept.check(path)
    assert kept.resolved == before, "they are needed by what is kept"
    kept.check("d.dspy")
    assert kept.resolved > before
    compare(kept, files)


def test_a_python_file_that_was_checked_as_a_program_is_still_read_as_python() -> None:
    """As an editor does whose user has told it that everything is a program."""
    files = {
        "tools.py": "",
        "user.dspy": "from tools import price\n\ndef f() -> float:\n    return price()\n",
    }
    kept = Project(files.get)
    for path in ("user.dspy", "tools.py", "user.dspy"):
        kept.check(path)
    files["tools.py"] = "def price() -> float:\n    return 1.0\n"
    compare(kept, files)


CIRCLES = [
    {"b.dspy": "from c import F\nfrom c import G\n", "c.dspy": "from b import F, G\n"},
    {
        "b.dspy": "from c import F\nx = F\n",
        "c.dspy": "from d import F\ny = F\n",
        "d.dspy": "from b import F\n",
    },
    {"b.dspy": "import c\nx = c.y\n", "c.dspy": "import b\ny = b.x\n"},
    {
        "b.dspy": "from c import T\ntype U(T):\n    x: int\n",
        "c.dspy": "from b import U\ntype T(U):\n    y: int\n",
    },
]


@pytest.mark.parametrize("files", CIRCLES, ids=range(len(CIRCLES)))
def test_a_circle_is_the_same_wherever_one_enters_it(files: dict[str, str]) -> None:
    found = set()
    for order in itertools.permutations(files):
        checked = Project(files.get)
        for path in order:
            checked.check(path)
        found.add(tuple(tuple(shown(checked.check(path).diagnostics)) for path in files))
    assert len(found) == 1
    assert not any("has no" in each for one in found for file in one for each in file)


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_a_folder(seed: int) -> None:
    """Texts are edited, files deleted, written again, renamed and copied, and checked in any order."""
    rng = random.Random(seed)
    start = {**FILES, **MORE}
    files: dict[str, str] = dict(start)
    kept = Project(files.get)
    for number in range(max(1, STEPS // 2)):
        change(files, _random_step(files, start, rng))
        if rng.random() < 0.1:
            kept.keep_only(rng.sample(sorted(files), rng.randrange(len(files) + 1)))
        if rng.random() < 0.3:
            compare(kept, files, [rng.choice(_programs(files) or ["main.dspy"])])
        if number % 20 == 19:
            compare(kept, files)
            files |= start


SEEDS = (17, 30, 35, 63, 87, 103, 105, 110, 145, 981, 1025, 1048, 1284, *range(200, 200 + max(1, STEPS // 5)))


@pytest.mark.parametrize("part", range(4))
def test_random_folders_of_programs_and_python_files(part: int) -> None:
    """Files that import each other in circles get other declarations, break, go, move, and come back."""
    for seed in SEEDS[part::4]:
        folder = Folder(seed)
        kept = Project(folder.files.get)
        for _ in range(12):
            programs = folder.programs()
            folder.rng.shuffle(programs)
            compare(kept, folder.files, programs if folder.rng.random() < 0.6 else programs[:1])
            folder.step()


def _random_step(files: Mapping[str, str], start: Mapping[str, str], rng: random.Random) -> Step:
    path = rng.choice(sorted(files)) if files else "main.dspy"
    text = files.get(path, "")
    match rng.randrange(12):
        case 0:
            return {path: None}
        case 1:
            back = rng.choice(sorted(start))
            return {back: start[back]}
        case 2:
            return {path: None, rng.choice(sorted({*start, "e.dspy", "e.py"})): text}
        case 3:
            return {rng.choice(sorted(start)): text}
        case _:
            return {path: edit(text, rng)}


def change(files: dict[str, str], step: Step) -> None:
    """Write and delete files."""
    for path, text in step.items():
        if text is None:
            files.pop(path, None)
        else:
            files[path] = text


def compare(kept: Project, files: dict[str, str], paths: list[str] | None = None) -> None:
    """Assert that a project knows of programs what one knows that sees them for the first time."""
    for path in _programs(files) if paths is None else paths:
        if path in files:
            found, fresh = kept.check(path), Project(files.get).check(path)
            assert shown(found.diagnostics) == shown(fresh.diagnostics), (path, files)
            assert facts(found) == facts(fresh), (path, files)


def _programs(files: Mapping[str, str]) -> list[str]:
    return sorted(path for path in files if path.endswith(".dspy"))


def test_what_python_warns_of_does_not_make_a_file_invalid(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("error")
    tools = 'def price(of: str) -> float:\n    return 1.0if of is "x" else len("\\d")\n'
    files = {
        "tools.py": tools,
        "user.dspy": "from tools import price\n\ndef f() -> float:\n    return price('a')\n",
    }
    assert shown(Project(files.get).check("user.dspy").diagnostics) == []
    assert not list(recwarn)
