"""The query API: memory, suppression, what calls run, and that checking runs nothing."""

from __future__ import annotations

import ast
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dspyc.compiler import catalog, types
from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.emit import emit
from dspyc.compiler.program import CallKind
from dspyc.compiler.resolve import prelude
from dspyc.compiler.types.display import display
from dspyc.grammar import syntax
from support.counting import growth_of


class Files:
    """Files that can change, and how often each was read."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("__", "."): text for name, text in texts.items()}

    def read(self, path: str) -> str | None:
        return self.texts.get(path)


def analyse(text: str, **others: str) -> FileAnalysis:
    return Project(Files(main__dspy=text, **others).read).check("main.dspy")


def codes(analysis: FileAnalysis) -> list[str]:
    return [each.code for each in analysis.diagnostics]


# --- memory ---------------------------------------------------------------------------------------------


def test_an_unchanged_file_is_not_checked_again() -> None:
    files = Files(a__dspy="from b import limit\nx = limit\n", b__dspy="limit = 5\n")
    project = Project(files.read)
    assert project.check("a.dspy") is project.check("a.dspy")


def test_a_changed_import_is_seen() -> None:
    files = Files(a__dspy="from b import limit\nx = limit\n", b__dspy="limit = 5\n")
    project = Project(files.read)
    assert codes(project.check("a.dspy")) == []
    files.texts["b.dspy"] = "limits = 5\n"
    assert codes(project.check("a.dspy")) == ["E106"]


def test_a_file_that_appears_is_seen() -> None:
    files = Files(a__dspy="from b import limit\nx = limit\n")
    project = Project(files.read)
    assert codes(project.check("a.dspy")) == ["E104"]
    files.texts["b.py"] = "limit = 5\n"
    assert codes(project.check("a.dspy")) == []
    files.texts["b.dspy"] = "limit = 5\n"
    assert codes(project.check("a.dspy")) == ["E105"]


def test_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        Project(Files().read).check("a.dspy")


# --- where imports are looked for -----------------------------------------------------------------------


def test_roots_come_after_the_files_own_folder() -> None:
    files = {
        "app/main.dspy": "from shared import limit\nfrom own import width\nx = limit + width\n",
        "app/own.py": "width = 1\n",
        "lib/shared.py": "limit = 5\n",
        "lib/own.py": "",
    }
    assert not Project(files.get, roots=("lib",)).check("app/main.dspy").diagnostics


def test_installed_packages_are_found_by_the_finder() -> None:
    files = {
        "main.dspy": (
            "import numpy\nfrom shop.cart import total\nimport nowhere\nx = total(numpy.pi)\ny = nowhere.z\n"
        ),
        "site/shop/__init__.py": "",
        "site/shop/cart.py": "@dspyc.pure\ndef total(price: float) -> float: ...\n",
    }
    installed = {"numpy": "", "shop": "site/shop/__init__.py"}
    analysis = Project(files.get, find=installed.get).check("main.dspy")
    assert [each.message for each in analysis.diagnostics] == ["unknown module `nowhere`"]
    assert display(analysis.program.symbols["total"].type) == "(price: float) -> float"


@pytest.mark.parametrize("call", ["tools.look(q)", "look(q)", "see(q)", "statistics.mean(q)"])
@pytest.mark.parametrize("listed", [True, False])
def test_functions_that_the_project_lists_have_no_effects(call: str, listed: bool) -> None:
    text = (
        "import tools\nimport statistics\nfrom tools import look\nfrom .tools import look as see\n"
        "module M:\n    input q: str\n    output a: str\n    forward:\n"
        f"        return a={call}\n"
    )
    files = {"main.dspy": text, "tools.py": "def look(query):\n    return query\n"}
    pure = frozenset({"tools.look", "statistics.mean"} if listed else ())
    analysis = Project(files.get, pure=pure).check("main.dspy")
    item = analysis.program.items[-1]
    kind = analysis.program.call_kind(item, item.nodes(syntax.Call)[0])
    assert kind.effects is not listed
    assert ("call_pure" in ast.unparse(emit(analysis))) is listed


def test_a_program_says_where_its_state_is_and_what_to_do_with_a_stale_one() -> None:
    text = (
        'configure(lm=LM("openai/gpt-4o-mini"))\nmodule qa = Predict("question -> answer")\n'
        'dataset t = Dataset("t.csv", inputs=["question"])\noptimizer opt = LabeledFewShot(k=2)\n'
        'program x = opt.compile(qa, trainset=t, stale="error", state="x.json")\n'
    )
    analysis = analyse(text)
    assert not analysis.diagnostics
    assert "trainset=t, stale='error', state='x.json')" in ast.unparse(emit(analysis))
    assert codes(analyse(text.replace('"error"', '"never"'))) == ["E210"]
    assert codes(analyse(text.replace("state=", "name="))) == ["E202"]


def test_an_attribute_that_is_set_below_a_class_does_not_hide_it() -> None:
    tools = "class Box:\n    size: int = 1\nBox.size = 2\nBox.all[0] = 3\nfirst, *rest = 1, 2\n"
    imports = "from tools import Box, first, rest\n"
    text = f"{imports}def f(box: Box) -> int:\n    return box.size + len([first, rest])\n"
    analysis = analyse(text, tools__py=tools)
    assert not analysis.diagnostics
    assert display(analysis.program.symbols["Box"].type) == "type[Box]"


def test_an_import_that_is_not_python() -> None:
    analysis = analyse("from tools import search\nfound = search(5)\n", tools__py="def search(text) -> str\n")
    assert [each.message for each in analysis.diagnostics] == [
        "`tools` cannot be imported: `tools.py` is not valid Python"
    ]
    assert analysis.source.text[slice(*analysis.diagnostics[0].span)] == "tools"


# --- order --------------------------------------------------------------------------------------------


def test_syntax_problems_come_first_and_hide_nothing_else() -> None:
    analysis = analyse(
        "signature S:\n    input a:\n    output b: str\n\n"
        "module m = Predict(Ss)\ndef f() -> str:\n    return m(a=1).b\n"
    )
    assert [each.code for each in analysis.diagnostics] == ["E001", "E101"]
    spans = [each.span for each in analysis.diagnostics]
    assert spans == sorted(spans)


# --- what calls run -------------------------------------------------------------------------------------

CALLS = """
from tools import fetch, search, clean

lm strong = LM("openai/gpt-4o")
module qa = Predict("question -> answer")

type Entity:
    name: str

def pure(text: str) -> str:
    return text.upper()

def impure(text: str) -> str:
    return search(text)

def asks(text: str) -> str:
    return qa(question=pure(text)).answer

def asks_deeply(text: str) -> str:
    return asks(impure(text))

module Parts:
    input question: str
    output answer: str
    steps = [Predict("question -> answer") for _ in range(2)]
    forward:
        return steps[0](question=question)

test "calls":
    qa(question="x")
    strong("x")
    pure("x")
    impure("x")
    asks("x")
    asks_deeply("x")
    search("x")
    fetch("x")
    clean("x")
    len("x")
    "x".split()
    int("5")
    Entity(name="x")
    Parts()
    Predict("question -> answer")
    qa.deepcopy()
    nothing("x")
"""
TOOLS = """
import dspyc
def search(text: str) -> str: ...
async def fetch(text: str) -> str: ...
@dspyc.pure
def clean(text: str) -> str: ...
"""
EXPECTED = {
    "qa": CallKind("module", awaits=True, effects=False),
    "strong": CallKind("lm", awaits=True, effects=False),
    "pure": CallKind("function", awaits=False, effects=False),
    "impure": CallKind("function", awaits=False, effects=True),
    "asks": CallKind("function", awaits=True, effects=False),
    "asks_deeply": CallKind("function", awaits=True, effects=True),
    "search": CallKind("python", awaits=False, effects=True),
    "fetch": CallKind("python", awaits=True, effects=False),
    "clean": CallKind("python", awaits=False, effects=False),
    "len": CallKind("builtin", awaits=False, effects=False),
    '"x".split': CallKind("builtin", awaits=False, effects=False),
    "int": CallKind("builtin", awaits=False, effects=False),
    "Entity": CallKind("constructor", awaits=False, effects=False),
    "Parts": CallKind("constructor", awaits=False, effects=False),
    "Predict": CallKind("constructor", awaits=False, effects=False),
    "qa.deepcopy": CallKind("builtin", awaits=False, effects=False),
    "nothing": CallKind("unknown", awaits=False, effects=True),
}


def test_what_calls_run() -> None:
    program = analyse(CALLS, tools__py=TOOLS).program
    item = next(each for each in program.items if isinstance(each.declaration, syntax.TestDeclaration))
    found = {}
    for statement in item.nodes(syntax.ExpressionStatement):
        call = statement.value
        assert isinstance(call, syntax.Call)
        name = item.text[call.function.span.start : call.function.span.end]
        found[name] = program.call_kind(item, call)
    assert found == EXPECTED
    assert program.function_kind("asks_deeply") == EXPECTED["asks_deeply"]


def test_functions_of_other_files_are_looked_into() -> None:
    other = (
        'module qa = Predict("question -> answer")\n'
        "def ask(text: str) -> str:\n    return qa(question=text).answer\n"
    )
    program = analyse(
        "from other import ask\ndef again(text: str) -> str:\n    return ask(text)\n", other__dspy=other
    ).program
    assert program.function_kind("again") == CallKind("function", awaits=True, effects=False)


# --- types ----------------------------------------------------------------------------------------------


def test_an_output_without_a_type_has_the_inferred_one() -> None:
    text = (
        "module Count:\n    input text: str\n    output words\n    output label\n"
        "    classify = Predict(\"text -> label: Literal['a', 'b']\")\n"
        "    forward:\n        found = classify(text=text)\n        return words=len(text.split()), **found\n"
    )
    program = analyse(text).program
    fields = {each.name: display(each.type) for each in program.interface("Count").fields}
    assert fields == {"text": "str", "words": "int", "label": 'Literal["a", "b"]'}


def of(value: str) -> str:
    """The type of a value."""
    return display(analyse(f"x = {value}\n").program.symbols["x"].type)


def test_a_collection_of_few_constants_has_their_type() -> None:
    assert of('["a", "b", "a"]') == 'list[Literal["a", "b"]]'
    assert of("[True, 1, 0, False]") == "list[Literal[True, 1, 0, False]]"
    assert of('{"a": 1, "b": "x"}') == 'dict[Literal["a", "b"], Literal[1, "x"]]'
    assert of("[1, 2.5, None]") == "list[Literal[1] | float | None]"


def test_a_collection_of_many_constants_has_their_classes() -> None:
    many = range(types.MOST_VALUES + 1)
    texts = ", ".join(f'"s{each}"' for each in many)
    assert of(f"[{texts}]") == "list[str]"
    assert of(f"{{{texts}}}") == "set[str]"
    assert of(f"({texts})") == "tuple[str, ...]"
    assert of(f"[{texts}, None, 5]") == "list[str | int | None]"
    assert of("{" + ", ".join(f'"k{each}": {each}' for each in many) + "}") == "dict[str, int]"
    assert of("[" + ", ".join(f'("s{each}", {each})' for each in many) + "]") == "list[tuple[str, int]]"
    assert of("[" + ", ".join(f'{{"k{each}": "v"}}' for each in many) + "]") == "list[dict[str, str]]"


def test_a_collection_of_many_shapes_holds_anything() -> None:
    shapes = ", ".join(f"({', '.join('1' for _ in range(length))},)" for length in range(1, 70))
    assert of(f"[{shapes}]") == "list[Any]"


def test_a_type_keeps_all_constants_that_it_names() -> None:
    values = [f"s{each}" for each in range(types.MOST_VALUES + 1)]
    first, second = (
        ", ".join(f'"{each}"' for each in part) for part in (values, [f"t{each}" for each in values])
    )
    alias = f"type A = Literal[{first}] | Literal[{second}] | None\n"
    text = f"{alias}signature S:\n    input a: A\n    output b: str\n"
    kind = analyse(text).program.interface("S").fields[0].type
    assert isinstance(kind, types.Union)
    assert isinstance(kind.options[0], types.Literals)
    assert len(kind.options[0].values) == 2 * len(values)


def test_names_at_a_place() -> None:
    text = "limit = 5\ndef f(a: str) -> str:\n    b = a\n    return b\n"
    names = analyse(text).program.names_at(text.index("return"))
    assert names["b"].kind == "local"
    assert names["a"].kind == "parameter"
    assert names["limit"].kind == "constant"
    assert names["Predict"].kind == "runtime"
    assert names["len"].kind == "builtin"
    assert "b" not in analyse(text).program.names_at(text.index("def"))


# --- threads --------------------------------------------------------------------------------------------

PUBLIC = catalog.names()


def found_at_a_cold_start(threads: int, shared: bool) -> list[list[str]]:
    """What each of several threads finds out that ask for all public names before anything is read."""
    catalog._read.clear()
    prelude._given.clear()
    text = "from tools import fetch\n" + "".join(f"x{at} = {name}\n" for at, name in enumerate(PUBLIC))
    files = Files(main__dspy=text, tools__py=TOOLS)
    project = Project(files.read)
    start = threading.Barrier(threads)

    def look() -> list[str]:
        start.wait()
        analysis = (project if shared else Project(files.read)).check("main.dspy")
        kinds = [display(analysis.program.symbols[f"x{at}"].type) for at in range(len(PUBLIC))]
        return [*kinds, *(str(each) for each in analysis.diagnostics)]

    with ThreadPoolExecutor(threads) as pool:
        return [each.result() for each in [pool.submit(look) for _ in range(threads)]]


@pytest.mark.parametrize("shared", [True, False])
def test_threads_find_what_one_finds_at_a_cold_start(shared: bool) -> None:
    (alone,) = found_at_a_cold_start(1, shared)
    assert {"type[Module]", "type[Optimizer]", "type[BootstrapFewShotWithRandomSearch]"} <= set(alone)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(15):
            assert all(each == alone for each in found_at_a_cold_start(8, shared))
    finally:
        sys.setswitchinterval(interval)


# --- nothing runs ---------------------------------------------------------------------------------------


def test_no_code_of_the_user_runs() -> None:
    tools = "raise SystemExit(1)\ndef search(text: str) -> str: ...\n"
    before = sys.modules.get("tools")
    analysis = analyse(
        "from tools import search\ndef found() -> str:\n    return search(5)\n", tools__py=tools
    )
    assert codes(analysis) == ["E208"]
    assert sys.modules.get("tools") is before


def test_checking_opens_nothing_but_what_the_reader_gives() -> None:
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("exec", "socket.connect", "subprocess.Popen", "os.system"):
            seen.append(event)

    analyse('module warm = Predict("a -> b")\n')
    sys.addaudithook(hook)
    try:
        analyse(CALLS, tools__py=TOOLS)
    finally:
        watching = False
    assert not seen


def _in_one_cycle(count: int) -> FileAnalysis:
    functions = "\n\n".join(
        f"def f{number}(x: str) -> str:\n    return f{(number + 1) % count}(x)" for number in range(count)
    )
    text = f'module ask = Predict("a -> b")\n\n{functions}\n\ndef g(x: str) -> str:\n    return f0(x)\n'
    return analyse(text.replace("return f7(x)", "return ask(a=f7(x)).b"))


def test_functions_in_one_cycle_run_the_same() -> None:
    program = _in_one_cycle(50).program
    assert {program.function_kind(name) for name in (*(f"f{number}" for number in range(50)), "g")} == {
        CallKind("function", awaits=True, effects=False)
    }


def test_what_functions_in_a_cycle_run_is_found_out_in_linear_time() -> None:
    def ask(count: int) -> None:
        program = programs[count]
        for number in range(count):
            program.function_kind(f"f{number}")

    programs = {count: _in_one_cycle(count).program for count in (100, 200)}
    assert growth_of(ask, 100) < 2.5


def test_types_that_double_each_other_are_compared_by_what_they_share() -> None:
    """Written out, the last one would have more parts than there are atoms."""
    aliases = "".join(f"type T{n} = T{n - 1} | list[T{n - 1}]\n" for n in range(1, 300))
    assert codes(analyse(f"type T0 = str\n{aliases}")) == ["E117"]


def test_the_same_declaration_twice_is_one_too_many() -> None:
    assert codes(analyse("limit = 1\nlimit = 1\n")) == ["E102"]
    assert codes(analyse("limit = 1\n" * 4)) == ["E102"] * 3


def test_a_type_whose_name_is_still_being_written() -> None:
    text = "import datetime\n\nsignature A:\n    input a: datetime.\n    output b: str\n"
    assert Project({"a.dspy": text}.get).check("a.dspy").diagnostics


def test_what_belongs_to_a_model_is_said_to() -> None:
    files = {"main.dspy": 'configure(lm=LM("openai/gpt-4o-mini"), temperature=0.5)\n'}
    found = Project(files.get).check("main.dspy").diagnostics
    (help_,) = (each.help for each in found if each.code == "E202")
    assert help_ is not None
    assert help_.startswith("it is a setting of models: write `LM(…, temperature=…)`")


@pytest.mark.parametrize(
    ("metric", "without", "has_fix"),
    [("answer_exact_match()", "brackets", True), ("answer_exact_match(QA, QA)", "calling it", False)],
)
def test_a_metric_that_is_called_is_passed_itself(metric: str, without: str, has_fix: bool) -> None:
    text = f'signature QA = "q -> answer"\noptimizer few = BootstrapFewShot(metric={metric})\n'
    (wrong,) = (
        each for each in analyse(text).diagnostics if each.code == "E208" and "metric" in each.message
    )
    assert wrong.help == f"pass the function itself: `answer_exact_match`, without {without}"
    assert bool(wrong.fixes) == has_fix
