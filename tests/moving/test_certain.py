"""What an import may not change: rows, values, options and keys that cannot be told from the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from dspyc.cli.main import run

HEAD = "import argparse\nimport json\nimport os\nfrom typing import Literal\nimport dspy\n"
EVALUATED = """
qa = dspy.Predict("q -> a")
def metric(example, pred, trace=None):
    return example.a == pred.a
check = dspy.Evaluate(devset=rows, metric=metric)
check(qa)
"""
OPTION = "p = argparse.ArgumentParser()\np.add_argument({given})\n"
MODEL = "args = p.parse_args()\nlm = dspy.LM('openai/a', n=args.x)\n"
SIGNATURE = """
class S(dspy.Signature):
    '''Short.'''
    q: str = dspy.InputField()
    a: {kind} = dspy.OutputField()
"""


class Case(Struct):
    """A program; what stands in the `.dspy` file, in the Python beside it, and what is told."""

    python: str
    text: list[str] = []
    kept: list[str] = []
    told: list[str] = []
    absent: list[str] = []
    """What is nowhere."""


def option(given: str, *text: str, before: str = "", after: str = MODEL) -> Case:
    return Case(before + OPTION.format(given=given) + after, list(text))


CASES = {
    "names of the user's own are free": Case(
        "def load_rows():\n    return json.load(open('a.json'))\n"
        "def cache(found):\n    return found\n"
        "rows = [dspy.Example(**row).with_inputs('q') for row in cache(load_rows())]\n"
        "rows.append(dspy.Example(q='3', a='4').with_inputs('q'))\n" + EVALUATED,
        text=["dataset rows = Dataset(load_rows_)"],
        kept=["def load_rows():", "def load_rows_():", "import cache as cache_", "    rows.append("],
    ),
    "two files are read into one list": Case(
        "rows = []\n"
        "with open('a') as f:\n    rows += [dspy.Example(**json.loads(x)).with_inputs('q') for x in f]\n"
        "with open('b') as f:\n    rows += [dspy.Example(**json.loads(x)).with_inputs('q') for x in f]\n"
        + EVALUATED,
        kept=["    rows = []", "open('a')", "open('b')"],
        absent=["rows_1"],
    ),
    "metrics and models are no datasets": Case(
        "rows = [dspy.Example(q='1', a='2').with_inputs('q')]\n"
        "def make(kind):\n    try:\n        return open(kind).read()\n    finally:\n        print()\n"
        "score = make('metric')\nlm = make('lm')\n"
        "qa = dspy.Predict('q -> a')\ncheck = dspy.Evaluate(devset=rows, metric=score)\ncheck(qa)\n"
        "best = dspy.MIPROv2(metric=score, prompt_model=lm)\n",
        text=["import lm, score"],
        absent=["dataset score", "dataset lm", "load_"],
    ),
    "a name with several values": Case(
        SIGNATURE.format(kind="str") + "S = S.with_instructions('Long.')\nqa = dspy.Predict(S)\n",
        kept=["S = S.with_instructions("],
        told=["`S` is given several values"],
    ),
    "an option": option("'--x', type=int, default='8'", "n=8"),
    "an option of the environment": option("'--x', default=int(os.environ.get('N', '8'))", "n=8"),
    "an option by its other name": option("'--y', dest='x', default=2", "n=2"),
    "an option made by a function": option("'--x', type=json.loads, default='2'", "n=args.x"),
    "an option without an end": option("'--x', type=float, default='inf'", "n=args.x"),
    "an option of more that is not told": option("'--x', **KW", "n=args.x", before="KW = {'default': 2}\n"),
    "options set later": option("'--x', default=1", "n=args.x", after="p.set_defaults(x=2)\n" + MODEL),
    "options of sub-commands": option("'--x', default=1", "n=args.x", after="p.add_subparsers()\n" + MODEL),
    "options that are given": option(
        "'--x', default=1", "n=args.x", after=MODEL.replace("parse_args()", "parse_args(['--x', '2'])")
    ),
    "options assigned later": option(
        "'--x', default=1", "n=args.x", after=MODEL.replace("\n", "\nargs.x = 2\n", 1)
    ),
    "a parameter is no option": option(
        "'--x', default=1", "return args.x", after=MODEL + "def f(args):\n    return args.x\nprint(f(1))\n"
    ),
    "the command line of dspyc is not the program's": Case(
        OPTION.format(given="'--x', type=json.loads, default='2'") + MODEL,
        kept=["p.add_argument('--x'", "parse_args([])"],
        told=["the options are what they are by default"],
    ),
    "nor where a function may be given another": Case(
        "def options(argv=None):\n    p = argparse.ArgumentParser()\n    p.add_argument('--x', default=1)\n"
        "    return p.parse_args(argv)\nargs = options()\nlm = dspy.LM('openai/a', n=args.x)\n",
        text=["n=args.x"],
        kept=["parse_args([] if argv is None else argv)"],
    ),
    "a signature with what a function has": Case(
        SIGNATURE.format(kind="str")
        + "class M(dspy.Module):\n    def __init__(self, words):\n        kind = Literal['a']\n"
        "        self.ask = dspy.Predict(S.append('n', dspy.OutputField(), kind))\n"
        "    def forward(self, q):\n        return self.ask(q=q)\n"
        "m = M('x')\n",
        absent=["class AskSignature", "signature AskSignature"],
    ),
    "choices of a class that stays Python": Case(
        "LABELS = ['a', 'b']\n"
        + SIGNATURE.format(kind="Literal[tuple(LABELS)]")
        + "S = S.with_instructions('Long.')\nqa = dspy.Predict(S)\n",
        kept=["Literal['a', 'b']"],
        text=["import S"],
    ),
    "constants stay where they are": Case(
        "WORDS = 'Be brief.'\n"
        + SIGNATURE.format(kind="str")
        + "T = S.with_instructions(WORDS)\nqa = dspy.Predict(T)\n",
        text=['WORDS = "Be brief."'],
    ),
    "a key with a type": Case(
        "KEY: str = 'sk-1234567890'\nlm = dspy.LM('openai/a', api_key=KEY)\n",
        text=['LM("openai/a")'],
        told=["`api_key` is left out"],
        absent=["KEY"],
    ),
    "keys in what stays Python": Case(
        "def make(key):\n    try:\n        return dspy.LM('openai/b', api_key=key)\n"
        "    finally:\n        del key\n"
        "class M(dspy.Module):\n    def __init__(self):\n"
        "        self.lm = dspy.LM('openai/a', api_key='sk-1234567890')\n"
        "        self.other = make('a')\n        self.ask = dspy.Predict('q -> a')\n"
        "    def forward(self, q):\n        return self.ask(q=q)\nm = M()\n",
        kept=["api_key=key", "dspy.LM('openai/a')"],
        told=["`api_key` is left out"],
        absent=["sk-1234567890"],
    ),
    "keys that the callers of functions give": Case(
        "class M(dspy.Module):\n    def __init__(self):\n        self.ask = dspy.Predict('q -> a')\n"
        "        self.make = lambda key: dspy.LM('openai/a', api_key=key)\n"
        "    async def find(self, key, q):\n        try:\n            lm = dspy.LM('openai/b', api_key=key)\n"
        "            return await lm.acall(q)\n        finally:\n            del key\n"
        "    def forward(self, q):\n        return self.ask(q=q)\nm = M()\n",
        kept=["dspy.LM('openai/a', api_key=key)", "dspy.LM('openai/b', api_key=key)"],
    ),
}


def imported(case: Case, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    (folder / "program.py").write_text(HEAD + case.python)
    assert run(["import", str(folder / "program.py")]) == 0
    told = capsys.readouterr().err
    kept = folder / "program_python.py"
    return (folder / "program.dspy").read_text(), kept.read_text() if kept.exists() else "", told


@pytest.mark.parametrize("name", CASES)
def test_only_what_is_certain(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    text, kept, told = imported(case, tmp_path, capsys)
    everything = text + kept + told
    assert [each for each in case.text if each not in text] == [], everything
    assert [each for each in case.kept if each not in kept] == [], everything
    assert [each for each in case.told if each not in told] == [], everything
    assert [each for each in case.absent if each in everything] == [], everything


def test_a_folder_is_written_into_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "helper.py").write_text("A = 1\n")
    (tmp_path / "program.py").write_text(HEAD + "qa = dspy.Predict('q -> a')\n")
    assert run(["import", str(tmp_path), "--out", str(tmp_path)]) == 0
    assert "is copied" not in capsys.readouterr().out
    assert (tmp_path / "program.dspy").exists()


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(HEAD + "qa = dspy.Predict('q -> a')\n")
    (tmp_path / "second.dspy").write_text("mine")
    assert run(["import", str(tmp_path)]) == 2
    assert not (tmp_path / "first.dspy").exists()


def test_a_helper_keeps_its_encoding(tmp_path: Path) -> None:
    content = "# coding: latin-1\nNAME = 'caf\xe9'\n".encode("latin-1")
    (tmp_path / "helper.py").write_bytes(content)
    (tmp_path / "program.py").write_bytes(content + HEAD.encode() + b"qa = dspy.Predict('q -> a')\n")
    assert run(["import", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "helper.py").read_bytes() == content
    assert 'NAME = "caf\xe9"' in (tmp_path / "out" / "program.dspy").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["rot13", "no-such-encoding", "idna"])
def test_a_file_in_an_encoding_that_is_none_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program.py").write_text(f"# coding: {name}\n{HEAD}qa = dspy.Predict('q -> a')\n")
    assert run(["import", str(tmp_path / "program.py")]) == 2
    assert f"is not text in `{name}`" in capsys.readouterr().err
