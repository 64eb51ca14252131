"""Checks after edits find what a check from scratch finds."""

from __future__ import annotations

import os
import random

import pytest

from dspyc.compiler import types
from dspyc.compiler.analysis import Project
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.facts import Symbol
from dspyc.compiler.resolve.names import Names
from dspyc.grammar.parse import parse
from support.edits import edit, facts
from support.shop import FILES, shown

EDITS = int(os.environ.get("DSPYC_EDITS", "500"))
"""How many random edits are made: `DSPYC_EDITS=10000` for a long run."""


def project(files: dict[str, str]) -> Project:
    return Project(files.get)


@pytest.mark.parametrize("seed", range(10))
def test_edits_find_what_a_check_from_scratch_finds(seed: int) -> None:
    rng = random.Random(seed)
    files = dict(FILES)
    kept = project(files)
    since = 0
    for number in range(max(1, EDITS // 10)):
        path = rng.choice(
            ["shop.dspy"] * 5 + ["kinds.dspy", "kinds.dspy", "main.dspy", "main.dspy", "tools.py"]
        )
        files[path] = edit(files[path], rng)
        since += 1
        if since > 12 or len(files[path]) > 8_000:
            # Back to a text that is mostly right, as somebody does who undoes.
            files.update(FILES)
            since = 0
        for each in ("main.dspy", "shop.dspy", "kinds.dspy") if number % 3 else (path,):
            if not each.endswith(".dspy"):
                continue
            found = kept.check(each)
            fresh = project(files).check(each)
            assert shown(found.diagnostics) == shown(fresh.diagnostics), (seed, number, each)
            assert found.file.items == parse(found.source).items
            if number % 5 == 0:
                assert facts(found) == facts(fresh), (seed, number, each)
                places = [rng.randrange(len(files[each]) + 1) for _ in range(3)]
                for place in places:
                    assert complete(found, place) == complete(fresh, place), (seed, number, each, place)


CALLER = (
    'from shared import f\nconfigure(lm=LM("openai/m"))\nx = f("a")\ntest "t":\n    f("a")\n    assert x\n'
)
BODIES = {
    "gives": "def {0}(x: str) -> str:\n    return x\n",
    "prints": "def {0}(x: str) -> str:\n    print(x)\n    return x\n",
    "asks": 'module p = Predict("z -> y")\ndef {0}(x: str) -> str:\n    return p(z=x).y\n',
    "module": 'module {0} = Predict("x -> y")\n',
    "leads on": "from third import g\ndef {0}(x: str) -> str:\n    g(x=x)\n    return x\n",
}


def test_what_an_imported_function_runs_is_as_it_is_now() -> None:
    """Bodies change, in the imported file and in one behind it, in all directions."""
    shared = ("gives", "prints", "asks", "leads on")
    states = [(one, two) for one in shared for two in ("gives", "prints", "module")]
    fresh = {}
    for before in states:
        for after in states:
            files = {"main.dspy": CALLER}
            checked = project(files)
            for state in (before, after):
                files |= {"shared.dspy": BODIES[state[0]].format("f")}
                files |= {"third.dspy": BODIES[state[1]].format("g")}
                if state not in fresh:
                    fresh[state] = project(dict(files)).check("main.dspy").diagnostics
                assert checked.check("main.dspy").diagnostics == fresh[state], (before, after)
                checked.check("third.dspy")
    assert len(set(fresh.values())) == 3


def test_a_function_that_runs_the_same_lets_nothing_be_looked_at_again() -> None:
    files = {"main.dspy": CALLER, "shared.dspy": BODIES["gives"].format("f")}
    checked = project(files)
    before, looks = checked.check("main.dspy"), checked.checked
    files["shared.dspy"] = files["shared.dspy"].replace("return x", "y = x\n    return y")
    assert checked.check("main.dspy") is before
    assert checked.checked == looks


def test_what_a_changed_body_leads_to_is_as_it_is_now() -> None:
    asking = {
        "tools.py": "def h(x: str) -> str:\n    return x\n",
        "other.dspy": 'from tools import h\ny = h("a")\n',
    }
    files = {"main.dspy": CALLER, "shared.dspy": BODIES["gives"].format("f"), **asking}
    checked = project(files)
    for path in ("main.dspy", "other.dspy"):
        checked.check(path)
    files["tools.py"] = "async def h(x: str) -> str:\n    return x\n"
    files["shared.dspy"] = "from tools import h\ndef f(x: str) -> str:\n    return h(x)\n"
    found = checked.check("main.dspy").diagnostics
    assert found == project(files).check("main.dspy").diagnostics


def test_fields_that_could_not_be_worked_out_once_are_worked_out_the_next_time() -> None:
    made = [types.Interface("R"), OverflowError()]

    def make() -> types.Interface:
        found = made.pop()
        if isinstance(found, Exception):
            raise found
        return found

    class File:
        def declare(self, name: str) -> Symbol:
            return Symbol(name, "module", types.ModuleClass(name, "", (), names.defer(name, make)))

    names = Names(lambda path: File())
    with pytest.raises(OverflowError):
        names.symbol(("main.dspy", "R"))
    symbol = names.symbol(("main.dspy", "R"))
    assert symbol is not None
    assert isinstance(symbol.type, types.ModuleClass)
    assert symbol.type.read().name == "R"
    assert not symbol.type.read().open
