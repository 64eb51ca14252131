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


@pytest.mark.parametrize("seed", range(4))
def test_undoing_and_redoing_find_what_a_check_from_scratch_finds(seed: int) -> None:
    """Each file goes back and forth among its own texts, while the others change."""
    rng = random.Random(seed)
    files = dict(FILES)
    kept = project(files)
    undone = {path: [text] for path, text in files.items()}
    redone: dict[str, list[str]] = {path: [] for path in files}
    for number in range(max(1, EDITS // 20)):
        for path in rng.choices(list(files), k=rng.choice((1, 1, 2, 3))):
            past, future = undone[path], redone[path]
            match rng.choice(("edit", "edit", "undo", "undo", "redo")):
                case "undo" if len(past) > 1:
                    future.append(past.pop())
                case "redo" if future:
                    past.append(future.pop())
                case _:
                    past.append(edit(past[-1], rng))
                    future.clear()
            files[path] = past[-1]
        # Files of which nobody asks have several changes at once later.
        for each in rng.sample(("main.dspy", "shop.dspy", "kinds.dspy"), k=2):
            found, fresh = kept.check(each), project(files).check(each)
            assert shown(found.diagnostics) == shown(fresh.diagnostics), (seed, number, each)
            if number % 5 == 0:
                assert facts(found) == facts(fresh), (seed, number, each)


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


USED = {
    "main.dspy": (
        'from shared import f\nconfigure(lm=LM("openai/m"))\ntype Case:\n    """A case."""\n    title: str\n'
        'module ask = Predict("text -> word")\n'
        "def use(case: Case) -> str:\n    word = ask(text=f(case.title)).word\n    return word\n"
    ),
    "shared.dspy": BODIES["gives"].format("f"),
}
MEANWHILE = {
    "nothing": ("main.dspy", "", ""),
    "a field of its parameter": ("main.dspy", "title: str", "head: str"),
    "the documentation of its parameter": ("main.dspy", "A case.", "A case of the desk."),
    "the module that it calls": ("main.dspy", "text -> word", "text -> sentence"),
    "the text of the module that it calls": ("main.dspy", "text -> word", "text -> word: str"),
    "its own parameters": ("main.dspy", "def use(case: Case)", "def use(case: Case, more: int)"),
    "what the imported function takes": ("shared.dspy", "x: str", "x: int"),
    "what the imported function runs": ("shared.dspy", "    return x", "    print(x)\n    return x"),
    "the name of the imported function": ("shared.dspy", "def f", "def g"),
}
"""What changes between leaving a text and coming back to it: a file, and a text in place of another."""


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_text_that_comes_back_is_looked_at_again_only_where_something_else_has_changed(what: str) -> None:
    path, old, new = MEANWHILE[what]
    files = dict(USED)
    kept = project(files)
    kept.check("main.dspy")
    for before, after in (("return word", "return worth"), (old, new), ("return worth", "return word")):
        resolved, checked = kept.resolved, kept.checked
        edited = "main.dspy" if before.startswith("return") else path
        files[edited] = files[edited].replace(before, after) if before else files[edited]
        found, fresh = kept.check("main.dspy"), project(files).check("main.dspy")
        assert shown(found.diagnostics) == shown(fresh.diagnostics), before
        assert facts(found) == facts(fresh), before
    if what == "nothing":
        assert (kept.resolved, kept.checked) == (resolved, checked)


def test_a_text_that_comes_back_is_looked_at_again_where_what_its_function_runs_has_changed() -> None:
    """While another text stood there, nothing asked what the function runs."""
    calls = 'from shared import f\ntest "t":\n    f("a")\n    assert f("b") == "b"\n'
    other = calls.replace("f(", "str(")
    files = {"main.dspy": calls, "shared.dspy": BODIES["gives"].format("f")}
    kept = project(files)
    before = kept.check("main.dspy").diagnostics
    steps = (("main.dspy", other), ("shared.dspy", BODIES["prints"].format("f")), ("main.dspy", calls))
    for path, text in steps:
        files[path] = text
        found = kept.check("main.dspy").diagnostics
        assert found == project(files).check("main.dspy").diagnostics, path
    assert found != before


def test_only_so_many_texts_are_remembered() -> None:
    files = dict(USED)
    kept = project(files)
    kept.check("main.dspy")
    for number in range(50):
        files["main.dspy"] = USED["main.dspy"].replace("return word", f"return {number}")
        kept.check("main.dspy")
    resolved = kept.resolved
    for number in (40, 10):
        files["main.dspy"] = USED["main.dspy"].replace("return word", f"return {number}")
        kept.check("main.dspy")
    assert kept.resolved == resolved + 1


def test_long_texts_are_not_remembered_however_few_they_are() -> None:
    """What is known of a long item takes fifty times the memory of its text."""
    rows = "".join(f'    {{"question": "q{number}", "answer": "a"}},\n' for number in range(1_200))
    texts = [f"rows = [\n{rows}    {number},\n]\n" for number in range(4)]
    files = {"main.dspy": texts[0]}
    kept = project(files)
    looked = []
    for text in (*texts, texts[2], texts[0]):
        files["main.dspy"] = text
        resolved = kept.resolved
        kept.check("main.dspy")
        looked.append(kept.resolved - resolved)
    assert looked == [1, 1, 1, 1, 0, 1]


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
