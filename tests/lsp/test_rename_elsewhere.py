"""Renaming beyond the programs: Python that calls them, what optimizers learned, and columns of data."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import dspyc
import dspyc.runtime as dspy
from dspyc.lsp.workspace import Workspace
from dspyc.runtime.state.format import signature_facts
from support.lsp_client import CAPABILITIES, Client, ServerError, edited, offset_position

counter = itertools.count()

SHOP = '''\
configure(lm=LM("openai/gpt-4o-mini"))

signature Sort:
    """Sort it."""
    input text: str
    output kind: str

module sort = Predict(Sort)
dataset cards = Dataset("cards.csv", inputs=["text"], filter=lambda row: row.text != "")
dataset rows = Dataset([{"text": "a", "kind": "b"}], inputs=["text"])
dataset other = Dataset("other.csv", inputs=["text"])
dataset desks = Dataset([{"text": "c", "kind": "d"}], inputs=["text"])

def same(example: Sort, pred: Sort) -> bool:
    return example.kind == pred.kind

evaluate good = Evaluate(sort, devset=cards, metric=same)
optimizer tune = LabeledFewShot(k=2)
program tuned = tune.compile(sort, trainset=rows)

module Desk:
    input text: str
    output kind: str

    plan = Predict("text -> plan")

    forward:
        return kind=plan(text=text).plan

module desk = Desk()
program trained = tune.compile(desk, trainset=desks, state="desk.json")
'''
PYTHON = """\
import dspyc
from shop import sort, tuned as best
import shop as store

found = sort(text="ä", extra=1)
print(found.kind, sort(text="b").kind, store.sort(text="c"), best(text="d").kind)
text = {"text": 1}["text"]
loaded = dspyc.load("shop.dspy")
loaded.desk(text=text)


async def later(sort2):
    again = await sort.acall(text="e")
    return again.kind, sort2(text="f").kind
"""
ANNOTATING: dict[str, Any] = {
    **CAPABILITIES,
    "workspace": {
        **CAPABILITIES["workspace"],
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["rename"],
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
    },
}


def state(**signatures: str) -> str:
    """A state of predictors by their signatures, each with a demo."""
    predictors = {}
    for name, text in signatures.items():
        facts = signature_facts(dspy.Signature(text))
        demo = dict.fromkeys((*facts["inputs"], *facts["outputs"]), "x")
        predictors[name] = {
            "instructions": facts["instructions"], "demos": [demo], "lm": None, "signature": facts,
        }  # fmt: skip
    tried = {
        name: {key: each[key] for key in ("instructions", "demos", "lm")} for name, each in predictors.items()
    }
    content = {"dspyc_state": 1, "program": "p", "predictors": predictors}
    content["candidates"] = [{"score": 1.0, "seed": 1, "predictors": tried}]
    return json.dumps(content, indent=2) + "\n"


@pytest.fixture(scope="module")
def annotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    folder = tmp_path_factory.mktemp("renames").resolve()
    client = Client()
    client.initialize(folder, capabilities=ANNOTATING)
    yield client, folder
    client.kill()


@pytest.fixture
def shop(annotating: tuple[Client, Path]) -> Iterator[tuple[Client, Path]]:
    """A client, and a folder with a program, its data, its states and a Python file."""
    client, above = annotating
    folder = above / f"shop_{next(counter)}"
    folder.mkdir()
    write(folder)
    yield client, folder
    shutil.rmtree(folder)


def write(folder: Path) -> None:
    files = {
        "shop.dspy": SHOP,
        "app.py": PYTHON,
        "cards.csv": '"text",kind,texts\na,b,c\n',
        "other.csv": "text\na\n",
        "shop.tuned.state.json": state(self="text -> kind"),
        "desk.json": state(plan="text -> plan"),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


Renamed = tuple[dict[str, str], dict[str, set[Any]], list[Any]]


def renamed(client: Client, folder: Path, word: str, new: str) -> Renamed:
    """The changed texts by the names of files, the annotations of each file's edits, and files renamed."""
    place = offset_position(SHOP, SHOP.index(word))
    uri = (folder / "shop.dspy").as_uri()
    made = client.at("textDocument/rename", uri, place["line"], place["character"], newName=new)
    texts, annotations, files = {}, {}, []
    for each in made["documentChanges"]:
        if each.get("kind") == "rename":
            files.append([Path(unquote(urlsplit(each[key]).path)).name for key in ("oldUri", "newUri")])
            continue
        path = Path(unquote(urlsplit(each["textDocument"]["uri"]).path))
        texts[path.name] = edited(path.read_text(encoding="utf-8"), each["edits"])
        annotations[path.name] = {edit.get("annotationId") for edit in each["edits"]}
    used = set().union(*annotations.values()) - {None}
    assert used <= set(made.get("changeAnnotations", ()))
    return texts, annotations, files


def test_a_field(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    texts, annotations, files = renamed(client, folder, "text: str", "words")
    assert files == []
    assert texts["shop.dspy"] == (
        SHOP.replace("input text", "input words", 1)
        .replace(
            'inputs=["text"], filter=lambda row: row.text', 'inputs=["words"], filter=lambda row: row.words'
        )
        .replace(
            '{"text": "a", "kind": "b"}], inputs=["text"]', '{"words": "a", "kind": "b"}], inputs=["words"]'
        )
    )
    assert texts["app.py"] == (
        PYTHON.replace("sort(text=", "sort(words=")
        .replace("best(text", "best(words")
        .replace("acall(text", "acall(words")
    )
    assert texts["cards.csv"] == '"words",kind,texts\na,b,c\n'
    assert texts["shop.tuned.state.json"] == state(self="words -> kind")
    assert set(texts) == {"shop.dspy", "app.py", "cards.csv", "shop.tuned.state.json"}
    assert annotations == {
        "shop.dspy": {None, "data"},
        "app.py": {"python"},
        "cards.csv": {"data"},
        "shop.tuned.state.json": {"state"},
    }


def test_an_output(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    texts, _, _ = renamed(client, folder, "kind: str", "label")
    assert texts["app.py"] == PYTHON.replace(".kind, sort2", ".label, sort2").replace(
        'found.kind, sort(text="b").kind', 'found.label, sort(text="b").label'
    ).replace('best(text="d").kind', 'best(text="d").label')
    assert "example.label == pred.label" in texts["shop.dspy"]
    assert texts["cards.csv"].startswith('"text",label,texts\n')
    assert texts["shop.tuned.state.json"] == state(self="text -> label")


def test_a_declaration(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    texts, _, files = renamed(client, folder, "sort = Predict", "triage")
    assert files == []
    assert texts["app.py"] == (
        PYTHON.replace("import sort,", "import triage,")
        .replace("= sort(", "= triage(")
        .replace(' sort(text="b")', ' triage(text="b")')
        .replace("store.sort", "store.triage")
        .replace("await sort.", "await triage.")
    )
    texts, _, _ = renamed(client, folder, "sort = Predict", "later")
    assert texts["app.py"] == PYTHON.replace("import sort,", "import later as sort,").replace(
        "store.sort", "store.later"
    )
    texts, _, _ = renamed(client, folder, "desk = Desk", "counter")
    assert texts["app.py"] == PYTHON.replace("loaded.desk", "loaded.counter")


def test_a_program_and_its_state(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    texts, _, files = renamed(client, folder, "tuned = tune", "best")
    assert files == [["shop.tuned.state.json", "shop.best.state.json"]]
    assert texts["app.py"] == PYTHON.replace("tuned as best", "best as best")
    _, _, files = renamed(client, folder, "trained = tune", "best2")
    assert files == []


def test_a_state_that_is_there_is_not_overwritten(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    (folder / "shop.fresh.state.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ServerError, match="is there already"):
        renamed(client, folder, "tuned = tune", "fresh")


def test_a_part(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    texts, annotations, _ = renamed(client, folder, "plan = Predict", "outline")
    assert texts["desk.json"] == state(outline="text -> plan")
    assert annotations["desk.json"] == {"state"}
    assert set(texts) == {"shop.dspy", "desk.json"}


def test_a_state_that_cannot_be_worked_out_again_stays(shop: tuple[Client, Path]) -> None:
    client, folder = shop
    path = folder / "shop.tuned.state.json"
    path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    texts, _, _ = renamed(client, folder, "text: str", "words")
    assert path.name not in texts


APART = {
    "sigs.dspy": "signature Sort:\n    input text: str\n    output kind: str\n",
    "s.dspy": "from sigs import Sort\nmodule sort = Predict(Sort)\nmodule other = Predict('text -> kind')\n",
}
CALLS = [
    ("sigs.dspy", "text", "words", 'import s\ns.sort(text="a"); s.other(text="b")', ["s.sort(words="]),
    ("s.dspy", "sort", "triage", 'import dspyc\nx = dspyc.load("s.dspy")\nx.sort', ["x.triage"]),
    ("s.dspy", "sort", "triage", 'from dspyc import load as l\nx = l("s.dspy")\nx.sort', ["x.triage"]),
    ("s.dspy", "sort", "triage", 'from pathlib import Path\nx = Path("s.dspy")\nx.sort', []),
    ("s.dspy", "sort", "triage", "import s\ndef f(s): return s.sort", []),
    ("s.dspy", "sort", "triage", "def f():\n    import s\n    s.sort\nimport s\ns.sort", ["s.triage"] * 2),
    ("s.dspy", "sort", "len", "from s import sort\nsort(); len(x)", ["import len as sort"]),
    ("s.dspy", "sort", "len", "from s import sort\nsort()", ["import len\nlen()"]),
]


@pytest.mark.parametrize(("name", "old", "new", "text", "expected"), CALLS)
def test_calls_in_python(
    tmp_path: Path, name: str, old: str, new: str, text: str, expected: list[str]
) -> None:
    for file, content in {**APART, "app.py": text}.items():
        (tmp_path / file).write_text(content, encoding="utf-8")
    files = Workspace(folders=[str(tmp_path)])
    at = APART[name].index(f"{old} =" if name == "s.dspy" else old)
    places = files.renamed_elsewhere(str(tmp_path / name), at, new).places
    after = text
    for each in sorted(places, key=lambda each: -each.span.start):
        after = after[: each.span.start] + each.text + after[each.span.end :]
    for each in set(expected):
        assert after.count(each) == expected.count(each)
    assert (after != text) is bool(expected)


def sorting(**changes: Any) -> str:
    """A state of one predictor that has learned something by a field `instructions`, with changes to it."""
    facts = signature_facts(dspy.Signature("instructions -> kind"))
    nested = {"instructions": {"instructions": "instructions"}, "kind": "inputs"}
    predictor = {"instructions": "Sort.", "demos": [nested], "lm": {"instructions": "x"}, "signature": facts}
    return json.dumps({"dspyc_state": 1, "program": "p", "predictors": {"self": {**predictor, **changes}}})


@pytest.mark.parametrize(
    ("text", "is_renamed"),
    [
        (sorting(), True),
        (sorting(signature={}), False),
        (sorting(signature=None), False),
        (sorting(signature={"fingerprint": "x", "inputs": []}), False),
        ('{"dspyc_state": 1, "predictors": {"self": 3}}', False),
        ('{"dspyc_state": 1, "predictors": []}', False),
        ("[]", False),
    ],
)
def test_only_names_of_fields_are_renamed_in_states(tmp_path: Path, text: str, *, is_renamed: bool) -> None:
    program = SHOP[: SHOP.index("module Desk")].replace("text", "instructions")
    (tmp_path / "shop.dspy").write_text(program, encoding="utf-8")
    state = tmp_path / "shop.tuned.state.json"
    state.write_text(text, encoding="utf-8")
    files = Workspace(folders=[str(tmp_path)])
    at = program.index("instructions: str")
    places = files.renamed_elsewhere(str(tmp_path / "shop.dspy"), at, "told").places
    edits = [(each.span, each.text) for each in places if each.where == "state"]
    for span, new in sorted(edits, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    if not is_renamed:
        assert not edits
        return
    expected = json.loads(sorting(signature=signature_facts(dspy.Signature("told -> kind"))))
    (demo,) = expected["predictors"]["self"]["demos"]
    demo["told"] = demo.pop("instructions")
    assert json.loads(text) == expected


TABLE = "text,kind\na,b\n"
LATER = 'dataset more = Dataset("d.csv", inputs=["text"])\n'
DATA = [
    # What is written, what stands in the file, and how many places are changed here and in the file's header.
    ('Dataset("d.csv", inputs=["text"])', TABLE, 1, 1),
    ('Dataset("d.csv", inputs=["text"])', '"a, text, b",text\na,b\n', 1, 1),
    ('Dataset("d.csv", inputs=["text"])', "text,kind\n" + "ä" * 40_000 + "\n", 1, 1),
    ('Dataset("d.csv", inputs=["text"]).take(1)', TABLE, 1, 1),
    ('Dataset("d.csv").rename({"text": "kind"})', "text\na\n", 1, 1),
    ('Dataset("d.csv", inputs=["text"], rename={"body": "text"}, unique="text")', "body\na\n", 3, 0),
    ('Dataset("d.csv", inputs=["text"], copy={"body": "text"})', "body,text\na,b\n", 0, 0),
    ('Dataset("d.csv", inputs=["text"], filter=none)', TABLE, 1, 1),
    ('Dataset("d.csv", inputs=["text"])', "other\na\n", 0, 0),
    ('Dataset([{"text": {"text": "a"}}], inputs=["text"])', "", 2, 0),
    (f'Dataset("d.csv", inputs=["text"])\n{LATER}', TABLE, 2, 1),
]
READING = """\
signature Sort:
    input text: str
    output kind: str

module sort = Predict(Sort)
module think = Predict("text -> thought")
ROWS = [{"text": "a"}]
def long(row: Example) -> bool:
    return len(row.text) > 3
def none(row: Example) -> bool:
    return True
evaluate good = Evaluate(sort, devset=rows)
"""


def renamed_column(folder: Path, made: str, table: str, new: str = "words") -> tuple[str, list[str]]:
    """What a renaming makes of a dataset's declaration, and what it writes into its file."""
    before = f"{READING}dataset rows = {made}\n"
    (folder / "a.dspy").write_text(before, encoding="utf-8")
    data = folder / ("d.jsonl" if "d.jsonl" in made else "d.csv")
    data.write_text(table, encoding="utf-8")
    path = str(folder / "a.dspy")
    files = Workspace(folders=[str(folder)])
    places = files.renamed_elsewhere(path, READING.index("text"), new).places
    assert len({(each.path, each.span) for each in places}) == len(places)
    after = before
    for each in sorted((each for each in places if each.path == path), key=lambda each: -each.span.start):
        after = after[: each.span.start] + each.text + after[each.span.end :]
    return after.removeprefix(READING), [each.text for each in places if each.path == str(data)]


@pytest.mark.parametrize(("made", "table", "count", "in_header"), DATA)
def test_a_column_is_renamed_everywhere_or_nowhere(
    tmp_path: Path, made: str, table: str, count: int, in_header: int
) -> None:
    after, header = renamed_column(tmp_path, made, table)
    assert (after.count("words"), header) == (count, ["words"] * in_header)
    assert ".rename({" not in after or "rename({" in made


ROW = '{"text": "a", "kind": "b"}\n'
BEHIND = [
    ('Dataset("d.jsonl", inputs=["text"])', ROW, "made~"),
    ('Dataset("d.jsonl")', ROW, "made~"),
    ('Dataset("d.jsonl", inputs=["text"])\ndataset most = rows.take(3).unique("text")', ROW, "most"),
    ('Dataset("d.csv", inputs=["text"]) + Dataset("e.jsonl", inputs=["text"])', TABLE, "(made)~"),
    ('Dataset("d.csv", inputs=["text"], map=lambda row: {"text": row.text})', TABLE, "made~"),
    ('Dataset("d.csv", inputs=["text"], filter=long)', TABLE, "made~"),
    ("Dataset(ROWS, inputs=['text'])", "", "made~"),
    ('Dataset("d.csv", inputs=["text"])', "text," + "ä" * 32_766 + "\n" + "ä" * 10 + "\n", "made~"),
    # What cannot be told apart from something else stays.
    ("Dataset(ROWS)", "", "made"),
    ('Dataset("d.jsonl")', '{"words": "a", "text": "b"}\n', "made"),
    ('Dataset("d.jsonl")', '{"other": "a"}\n', "made"),
    ('Dataset("d.jsonl", inputs=["text"])\nevaluate m = Evaluate(think, devset=rows)', ROW, "made"),
    ('Dataset("d.jsonl")\ndataset mapped = rows.map(lambda row: {"text": row.text})', ROW, "made"),
    ('rows2 + Dataset("d.jsonl")\ndataset rows2 = Dataset("e.jsonl", inputs=["text"])', ROW, "made"),
]


@pytest.mark.parametrize(("made", "table", "expected"), BEHIND)
def test_rows_that_cannot_be_written_otherwise_get_a_step(
    tmp_path: Path, made: str, table: str, expected: str
) -> None:
    after, header = renamed_column(tmp_path, made, table)
    first, _, further = made.partition("\n")
    step = '.rename({"text": "words"})'
    if expected == "most":
        made, expected = f"{first}{step}\n{further.replace('text', 'words')}", "made"
    assert after == f"dataset rows = {expected.replace('made', made).replace('~', step)}\n"
    assert header == []


def test_a_table_that_others_read_as_well_stays_as_it_is(tmp_path: Path) -> None:
    made = f'Dataset("d.csv", inputs=["text"])\n{LATER}evaluate m = Evaluate(think, devset=more)'
    after, header = renamed_column(tmp_path, made, TABLE)
    first, _, further = made.partition("\n")
    assert after == f'dataset rows = {first}.rename({{"text": "words"}})\n{further}\n'
    assert header == []


def test_the_step_gives_rows_the_new_column(tmp_path: Path) -> None:
    after, _ = renamed_column(tmp_path, 'Dataset("d.jsonl", inputs=["text"])', ROW)
    text = READING.replace("input text: str", "input words: str").replace(
        "good = Evaluate(sort, devset=rows)\n", "good = Evaluate(sort, devset=rows)\n" + after
    )
    path = tmp_path / "a.dspy"
    path.write_text(text, encoding="utf-8")
    files = Workspace(folders=[str(tmp_path)])
    analysis = files.analysis(path.as_uri())
    assert analysis is not None
    # The evaluation has neither a metric nor a model; its rows are right.
    errors = [each.code for each in analysis.diagnostics if each.severity == "error"]
    assert errors == ["E402", "E301"]
    path.write_text(text.replace("devset=rows", "devset=rows, metric=answer_exact_match"), encoding="utf-8")
    (row,) = dspyc.load(path).rows
    assert dict(row.inputs().items()) == {"words": "a"}
    # Renamed once more, the step is changed.
    places = files.renamed_elsewhere(str(path), text.index("words"), "told").places
    assert [each.source.text[each.span.start : each.span.end] for each in places] == ["words"]


def test_a_client_without_a_preview_is_offered_no_change_of_data(new_client: Client, tmp_path: Path) -> None:
    write(tmp_path)
    new_client.initialize(tmp_path)
    texts, annotations, files = renamed(new_client, tmp_path, "text: str", "words")
    assert set(texts) == {"shop.dspy", "app.py", "shop.tuned.state.json"}
    assert texts["shop.dspy"] == SHOP.replace("input text", "input words", 1)
    assert set().union(*annotations.values()) == {None}
    _, _, files = renamed(new_client, tmp_path, "tuned = tune", "best")
    assert files == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sort = Predict", {"sort": 5}),
        ("text: str", {"text": 5}),
        ("kind: str", {"kind": 4}),
        ("tuned = tune", {"tuned": 1}),
        ("Sort:", {}),
    ],
)
def test_references_in_python(shop: tuple[Client, Path], word: str, expected: dict[str, int]) -> None:
    client, folder = shop
    place = offset_position(SHOP, SHOP.index(word))
    uri = (folder / "shop.dspy").as_uri()
    context = {"includeDeclaration": False}
    found = client.at("textDocument/references", uri, place["line"], place["character"], context=context)
    lines = PYTHON.split("\n")
    counted: dict[str, int] = {}
    for each in found:
        if each["uri"].endswith("/app.py"):
            start, end = each["range"]["start"], each["range"]["end"]
            name = lines[start["line"]][start["character"] : end["character"]]
            counted[name] = counted.get(name, 0) + 1
    assert counted == expected
