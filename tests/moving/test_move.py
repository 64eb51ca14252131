"""What becomes of single statements, and what is told of those that have no form."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import dspyc
from dspyc.cli.main import run


def imported(folder: Path, python: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The `.dspy` file, which has no finding, and what was told."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(python).lstrip())
    assert run(["import", str(path), "--force"]) == 0
    told = capsys.readouterr().err
    target = folder / "program.dspy"
    assert run(["check", str(target)]) == 0
    assert "All checks passed" in capsys.readouterr().out
    return target.read_text(), told


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("qa = dspy.Predict('question -> answer')", 'module qa = Predict("question -> answer")'),
        ("qa = dspy.predict.ChainOfThought('q -> a')", 'module qa = ChainOfThought("q -> a")'),
        (
            "lm = dspy.LM(model='openai/gpt-4o', api_key='sk-1234567890abcdef', max_tokens=9)",
            'lm lm = LM(model="openai/gpt-4o", max_tokens=9)',
        ),
        (
            "dspy.configure(lm=dspy.LM('openai/gpt-4o', api_key=KEY), adapter=dspy.JSONAdapter())",
            'configure(lm=LM("openai/gpt-4o"), adapter=JSONAdapter())',
        ),
        ("LIMITS = {'a': [1, 2.5], 'b': None}", 'LIMITS = {"a": [1, 2.5], "b": None}'),
        ("sig = dspy.Signature('a, b: int -> c: list[str]')", 'signature sig = "a, b: int -> c: list[str]"'),
        (
            "rows = [dspy.Example(a='x', b=1).with_inputs('a')]\nhead = rows[:1]",
            "dataset head = rows[:1]",
        ),
        (
            "class S(dspy.Signature):\n    '''Say \"it\".'''\n"
            "    a: Optional[int] = dspy.InputField(default=3)\n"
            "    b: Dict[str, List[float]] = dspy.OutputField(desc='all of \"them\"', min_length=1)\n",
            "input a: int | None = 3",
        ),
        (
            "class S(dspy.Signature):\n    '''T.'''\n    a = dspy.InputField()\n"
            "    b: float = dspy.OutputField(ge=0, le=1)\nclass T(S):\n    c: str = dspy.OutputField()\n",
            "signature T(S):",
        ),
    ],
)
def test_a_statement(python: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = imported(tmp_path, "import dspy\nfrom typing import *\n" + python, capsys)
    assert expected in text
    assert "stays Python" not in told
    assert "sk-1234567890abcdef" not in text + told


def test_nothing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = f"""
        import dspy
        open({str(tmp_path / "ran")!r}, "w")
        qa = dspy.Predict("question -> answer")
        for number in range(3):
            qa(question=str(number))
        """
    text, told = imported(tmp_path, python, capsys)
    assert 'module qa = Predict("question -> answer")' in text
    assert told.count("left out") == 2
    assert not (tmp_path / "ran").exists()


def test_what_has_no_form_stays_python_and_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = """
        import functools

        import dspy


        @functools.cache
        def doubled(number: int) -> int:
            return 2 * number


        def plus_one(number: int) -> int:
            while number < 0:
                number += 1
            return number + 1


        def both(number: int) -> int:
            return doubled(number) + plus_one(number)
        """
    text, told = imported(tmp_path, python, capsys)
    assert "from program_python import doubled, plus_one" in text
    assert "def both(number: int) -> int:" in text
    assert "program.py:6: `doubled` stays Python: a decorator has no form in the language" in told.replace(
        str(tmp_path) + "/", ""
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert dspyc.load(tmp_path / "program.dspy").both(4) == 13


def test_a_class_that_changes_itself_stays_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import dspy


        class Ask(dspy.Signature):
            \"\"\"Answer.\"\"\"

            question: str = dspy.InputField()
            answer: str = dspy.OutputField()


        class Counting(dspy.Module):
            def __init__(self):
                self.ask = dspy.Predict(Ask)
                self.calls = 0

            def forward(self, question):
                self.calls += 1
                return self.ask(question=question)


        counting = Counting()
        """
    text, told = imported(tmp_path, python, capsys)
    assert "from program_python import Counting" in text
    assert "module counting = Counting()" in text
    assert "`Counting` stays Python: `self.calls`, which changes while the program runs, has no form" in told
    assert "`Ask` stays Python: `Counting`, which stays Python, uses `Ask`" in told


def test_files_that_exist_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "program.py"
    path.write_text("import dspy\nqa = dspy.Predict('a -> b')\n")
    (tmp_path / "program.dspy").write_text("mine\n")
    assert run(["import", str(path)]) == 2
    assert "exists" in capsys.readouterr().err
    assert (tmp_path / "program.dspy").read_text() == "mine\n"


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import dspy\nx = (\n")
    assert run(["import", str(broken)]) == 2
    assert "broken.py:2: this is not Python" in capsys.readouterr().err
    assert run(["import", str(tmp_path / "none.py")]) == 2
    assert run(["import", str(tmp_path)]) == 2
    capsys.readouterr()


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "inner").mkdir(parents=True)
    (source / "one.py").write_text("import dspy\nqa = dspy.Predict('a -> b')\n")
    (source / "inner" / "two.py").write_text("import dspy\nqa = dspy.Predict('c -> d')\n")
    (source / "other.py").write_text("x = 1\n")
    assert run(["import", str(source), "--out", str(out)]) == 0
    assert sorted(str(each.relative_to(out)) for each in out.rglob("*.dspy")) == [
        "inner/two.dspy",
        "one.dspy",
    ]
    capsys.readouterr()


LOSSES = """
import os

import dspy

try:
    import numpy as np
except ImportError:
    np = None

os.environ["SOME_KEY"] = "my-very-own-key-123"


class Bot(dspy.Module):
    def __init__(self, k=3):
        self.k = k
        self.answer = dspy.ChainOfThought("question, k: int -> answer")
        self.by_kind = {"a": dspy.Predict("x -> y"), "b": dspy.Predict("x -> y")}

    def forward(self, question):
        return self.answer(question=question, k=self.k)


def mean(numbers: list[float]) -> float:
    return float(np.mean(numbers))


def metric(example, pred, trace=None):
    return mean([len(pred.answer)]) > 0


rows = []
for number in range(3):
    rows.append({"question": str(number), "answer": "a"})

with open("dev.txt") as file:
    names = file.read().split()

bot = Bot()


def main():
    while True:
        print(bot(question="x").answer)


if __name__ == "__main__":
    data = [dspy.Example(**row).with_inputs("question") for row in rows]
    tuned = dspy.BootstrapFewShot(metric=metric).compile(bot, trainset=data)
    print(dspy.Evaluate(devset=data, metric=metric)(tuned))
    main()
"""


def test_nothing_drags_a_program_into_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = imported(tmp_path, LOSSES, capsys)
    for head in ("module Bot(k: int = 3):", "module bot = Bot()", "program tuned = ", "def metric("):
        assert head in text
    python = (tmp_path / "program_python.py").read_text()
    assert "import numpy as np" in python
    assert "rows.append(" in python
    assert "open(" in python or "names" not in text
    assert "compile" not in python
    assert "def main" not in text + python
    assert "my-very-own-key-123" not in text + python + told
    assert "left out: an environment variable that is set here" in told


def test_a_name_that_is_another_value_is_not_taken_for_a_parameter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = """
        import dspy


        class Bot(dspy.Module):
            def __init__(self, k=3):
                self.k = k
                self.answer = dspy.Predict("question, k: int -> answer")

            def forward(self, question):
                k = 10
                return self.answer(question=question, k=self.k)


        class Other(dspy.Module):
            def __init__(self, k, /):
                self.answer = dspy.Predict("question -> answer")

            def forward(self, question):
                return self.answer(question=question)


        bot = Bot()
        other = Other(1)
        """
    text, told = imported(tmp_path, python, capsys)
    assert "`Bot` stays Python: `self.k`, whose parameter `k` is another value in `forward`" in told
    assert "`Other` stays Python: `*`, `**` or `/`" in told
    assert "module Bot" not in text


def test_files_that_would_become_one_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text("import dspy\nqa = dspy.Predict('a -> b')\n")
    paths = [str(tmp_path / name / "x.py") for name in ("a", "b")]
    assert run(["import", *paths, "--out", str(tmp_path / "out"), "--force"]) == 2
    assert "would both become" in capsys.readouterr().err
