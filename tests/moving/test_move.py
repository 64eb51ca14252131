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


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        # Calls that wait together, and variables with the names of parts.
        (
            """
            class Both(dspy.Module):
                def __init__(self):
                    self.pro = dspy.Predict("topic -> text")
                    self.con = dspy.Predict("topic -> text")
                async def aforward(self, topic):
                    pro, con = await asyncio.gather(self.pro.acall(topic=topic), self.con.acall(topic=topic))
                    return dspy.Prediction(text=pro.text + con.text)
            """,
            "        pro_result = pro(topic=topic)\n        con_result = con(topic=topic)\n",
        ),
        (
            """
            class Many(dspy.Module):
                def __init__(self):
                    self.answer = dspy.Predict("question -> text")
                async def aforward(self, questions: list[str], **options):
                    found = await asyncio.gather(*[self.answer.acall(question=q) for q in questions])
                    two = await asyncio.gather(self.answer.acall(question=""), self.answer.acall(question=""))
                    return dspy.Prediction(text=found[0].text + two[0].text)
            """,
            "found = [answer(question=q) for q in questions]\n"
            '        two = [answer(question=""), answer(question="")]',
        ),
        # Names of a loop, of a comprehension and of parameters are not those of the file.
        (
            """
            def metric(example, pred, trace=None):
                return example.label == pred.label
            for name, pred in classify.named_predictors():
                print(name, pred)
            evaluate = dspy.Evaluate(devset=rows, metric=metric)
            evaluate(classify)
            """,
            "def metric(example, pred, trace=None):",
        ),
        (
            """
            few = [dspy.Example(text=x.text).with_inputs("text") for x in rows]
            metric = lambda x, y, trace=None: x.label == y.label
            evaluate = dspy.Evaluate(devset=rows, metric=metric)
            evaluate(classify)
            """,
            "def metric(x, y, trace=None) -> Any:\n    return x.label == y.label",
        ),
        # Arguments that are kept in a dict, which may be bound anew.
        (
            """
            kwargs = dict(num_threads=3, max_errors=5)
            tune = dspy.LabeledFewShot(k=2)
            evaluate = dspy.Evaluate(devset=rows, metric=dspy.evaluate.answer_exact_match, **kwargs)
            kwargs = {"sample": False}
            tuned = tune.compile(classify, trainset=rows, **kwargs)
            """,
            "program tuned = tune.compile(classify, trainset=rows, sample=False)",
        ),
        # Variables of `__init__`.
        (
            """
            class Agent(dspy.Module):
                def __init__(self, steps=3):
                    words = "Produce short answers."
                    signature = dspy.Signature("question, seen -> answer", words)
                    self.steps = steps
                    self.act = dspy.ChainOfThought(signature)
                def forward(self, question):
                    seen = []
                    for _ in range(self.steps):
                        seen.append(self.act(question=question, seen=seen).answer)
                    return dspy.Prediction(answer=seen[-1])
            """,
            'act = ChainOfThought(Signature("question, seen -> answer", "Produce short answers."))',
        ),
        # A helper that only its calls know.
        (
            """
            def share(wanted, given):
                return sum(1 for key, value in wanted.items() if value and key in given) / len(wanted)
            def metric(example, pred, trace=None):
                return share({"a": True}, pred.label)
            evaluate = dspy.Evaluate(devset=rows, metric=metric)
            evaluate(classify)
            """,
            "def share(wanted: Any, given: Any) -> Any:",
        ),
    ],
)
def test_what_a_file_needs_stays_in_the_language(
    python: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = (
        "import asyncio\nimport dspy\ndspy.configure(lm=dspy.LM('openai/gpt-4o'))\n"
        "classify = dspy.Predict('text -> label')\n"
        "rows = [dspy.Example(text='a', label='b').with_inputs('text')]\n"
    )
    text, told = imported(tmp_path, head + textwrap.dedent(python), capsys)
    assert expected in text
    assert "stays Python" not in told


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("first, *rest = await asyncio.gather(self.ask.acall(q=q), self.ask.acall(q=q))", "first, *rest = ["),
        ("first, first = await asyncio.gather(self.ask.acall(q=q), self.ask.acall(q=q))", "first, first = ["),
        ("first = await asyncio.gather(self.ask.acall(q=q), return_exceptions=True)", "`asyncio.gather`"),
        ("first = await asyncio.wait_for(self.ask.acall(q=q), 5)", "`asyncio.wait_for`"),
        ("first = (await aio.gather(self.ask.acall(q=q)))[0]", "`aio.gather`"),
        ("first = await wait_for(self.ask.acall(q=q), 5)", "`wait_for` of asyncio"),
        ("async with asyncio.timeout(5): first = await self.ask.acall(q=q)", "`async with"),
    ],
)
def test_calls_that_wait_together(
    line: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = f"""
    import asyncio
    import asyncio as aio
    from asyncio import wait_for
    import dspy

    class Ask(dspy.Module):
        def __init__(self):
            self.ask = dspy.Predict("q -> a")

        async def aforward(self, q):
            {line}
            return dspy.Prediction(a=first.a)

    asking = Ask()
    """
    text, told = imported(tmp_path, python, capsys)
    if expected.startswith("`"):
        assert f"`Ask` stays Python: {expected}" in told
    else:
        assert expected in text


def test_what_only_drives_a_program_takes_nothing_out_of_the_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = """
    import asyncio
    import dspy

    dspy.configure(lm=dspy.LM('openai/gpt-4o'))
    classify = dspy.Predict('text -> label')
    stream = dspy.streamify(classify)

    async def read():
        async for piece in stream(text="a"):
            print(piece)

    def main():
        found = classify(text="a")
        while not found.label:
            found = classify(text="a")
        return found

    if __name__ == "__main__":
        found = asyncio.run(read())
        label = main().label
        with open("label.txt", "w") as file:
            file.write(label)
    """
    text, told = imported(tmp_path, python, capsys)
    assert 'module classify = Predict("text -> label")' in text
    assert "stays Python" not in told
    assert not list(tmp_path.glob("*_python.py"))


def test_what_is_changed_later_stays_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import dspy
        settings = dict(model="openai/gpt-4o-mini", temperature=0.0)
        settings |= dict(temperature=1.0)
        lm = dspy.LM(**settings)
    """
    text, told = imported(tmp_path, python, capsys)
    assert "lm lm = LM(**settings)" in text
    assert "it is changed later" in told
    assert 'settings = dict(model="openai/gpt-4o-mini"' in (tmp_path / "program_python.py").read_text()


def test_a_package_is_written_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs find each other and the Python files beside them, however they import them."""
    files = {
        "__init__.py": "# What uses dspy.\nfrom .pipeline import Pipeline\n",
        "kinds.py": "from enum import Enum\n\n\nclass Tone(str, Enum):\n    good = 'good'\n    bad = 'bad'\n",
        "signatures.py": "import dspy\nfrom .kinds import Tone\n\n\nclass Judge(dspy.Signature):\n"
        "    'How is it?'\n\n    text: str = dspy.InputField()\n    tone: Tone = dspy.OutputField()\n",
        "pipeline.py": "import dspy\nfrom shop.signatures import Judge\nfrom . import kinds\n\n\n"
        "class Pipeline(dspy.Module):\n    def __init__(self):\n        self.judge = dspy.Predict(Judge)\n\n"
        "    def forward(self, text: str):\n        tone = self.judge(text=text).tone\n"
        "        return dspy.Prediction(is_good=tone == kinds.Tone.good)\n\n\n"
        "pipeline = Pipeline()\n",
    }
    (tmp_path / "shop").mkdir()
    for name, text in files.items():
        (tmp_path / "shop" / name).write_text(text)
    out = tmp_path / "out"
    assert run(["import", str(tmp_path), "--out", str(out)]) == 0
    assert {each.name for each in (out / "shop").iterdir()} == {
        "__init__.py",
        "kinds.py",
        "pipeline.dspy",
        "signatures.dspy",
    }
    text = (out / "shop" / "pipeline.dspy").read_text()
    assert "from .signatures import Judge" in text
    assert "ignore" not in text
    assert run(["check", str(out)]) == 0
    program = dspyc.load(out / "shop" / "pipeline.dspy").pipeline
    program.set_lm(dspyc.DummyLM([{"tone": "good"}]))
    assert program(text="Nice.").is_good is True
