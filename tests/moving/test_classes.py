"""Classes of modules with methods, bases, constants and `Parallel`, as modules that have none of these."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.moving.test_move import imported

HEAD = "import dspy\n"
QA = 'dspy.Predict("question, context -> answer")'
CASES = {
    "a method that uses a part": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.search = dspy.Predict("question -> passages")
                self.answer = {QA}

            def look_up(self, words, most=3):
                found = self.search(question=words).passages
                return found[:most]

            def forward(self, question):
                context = self.look_up(question)
                return self.answer(question=question, context=context)
        """,
        ["found = search(question=question).passages", "context = found[:3]"],
    ),
    "a method with a variable of forward's name": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}

            def short(self, text):
                question = self.answer(question=text, context="").answer
                return question[:9]

            def forward(self, question):
                context = self.short(question)
                return self.answer(question=question, context=context)
        """,
        [
            'question_short = answer(question=question, context="").answer',
            "return answer(question=question, context=context)",
        ],
    ),
    "a method in tail position that returns early": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}

            def finish(self, question, context):
                if not context:
                    return self.answer(question=question, context="none")
                return self.answer(question=question, context=context)

            def forward(self, question, context):
                return self.finish(question, context)
        """,
        ["if not context:", 'return answer(question=question, context="none")'],
    ),
    "a base": (
        f"""
        class Base(dspy.Module):
            def __init__(self, most=2, **kwargs):
                super().__init__(**kwargs)
                self.most = most
                self.answer = {QA}

            def forward(self, question):
                return self.answer(question=question, context=self.context(question))

            def context(self, question):
                return question[: self.most]

        class Ask(Base):
            def __init__(self):
                super().__init__(most=5)
                self.rewrite = dspy.Predict("question -> better")

            def context(self, question):
                return self.rewrite(question=question).better[: self.most]
        """,
        ["module Ask:", "rewrite(question=question).better[:5]", "question[:most]"],
    ),
    "a method of the base that is called by super": (
        f"""
        class Base(dspy.Module):
            def __init__(self):
                super().__init__()
                self.answer = {QA}

            def forward(self, question):
                return self.answer(question=question, context="")

        class Ask(Base):
            def forward(self, question):
                return super().forward(question=question.strip())
        """,
        ["module Ask:", "question_forward_of_base = question.strip()"],
    ),
    "a constant of the class": (
        f"""
        class Ask(dspy.Module):
            kinds = ("a", "b")

            def __init__(self, style=None):
                self.style = style or "plain"
                self.answer = {QA}

            def forward(self, question):
                return self.answer(question=question, context=self.style + self.kinds[0])
        """,
        ['context=(style or "plain") + ("a", "b")[0]'],
    ),
    "a prediction that gets a field": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}

            def forward(self, question):
                pred = self.answer(question=question, context="")
                pred.origin = question
                return pred
        """,
        ["return **pred, origin=question"],
    ),
    "predictions with other fields": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}

            def forward(self, question):
                if not question:
                    return dspy.Prediction(answer="")
                found = self.answer(question=question, context="")
                return dspy.Prediction(answer=found.answer, origin=question)
        """,
        ["output origin: str | None", 'return answer="", origin=None'],
    ),
    "parallel calls": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}

            def forward(self, questions: list[str]):
                parallel = dspy.Parallel(num_threads=4)
                pairs = [(self.answer, {{"question": each, "context": ""}}) for each in questions]
                found = parallel(pairs)
                return dspy.Prediction(answers=[each.answer for each in found])
        """,
        ['found = [answer(question=each, context="") for each in questions]'],
    ),
    "an input and a part that nothing uses": (
        f"""
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = {QA}
                self.spare = dspy.Predict("a -> b")

            def forward(self, question, gold):
                return self.answer(question=question, context="")
        """,
        ["input gold: str  # dspyc: ignore[W104]", "# dspyc: ignore[W103]"],
    ),
    "a docstring by its name, and code in a language": (
        """
        class Write(dspy.Signature):
            __doc__ = "Write a program."

            task: str = dspy.InputField()
            source: dspy.Code["java"] = dspy.OutputField()

        write = dspy.Predict(Write)
        """,
        ['"""Write a program."""', 'output source: Code["java"]'],
    ),
}
STAYS = {
    "a method in a comprehension": (
        """
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = dspy.Predict("question -> answer")

            def one(self, text):
                found = self.answer(question=text)
                return found.answer

            def forward(self, texts: list[str]):
                return dspy.Prediction(answers=[self.one(each) for each in texts])

        ask = Ask()
        """,
        "the method `one`, which uses the object,",
    ),
    "a method that others call": (
        """
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = dspy.Predict("question -> answer")

            def one(self, text):
                return self.answer(question=text)

            def forward(self, text):
                return self.one(text)

        ask = Ask()

        def metric(example, pred, trace=None):
            return ask.one(example.text).answer == pred.answer
        """,
        "the method `one`, which uses the object,",
    ),
    "methods that call each other": (
        """
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = dspy.Predict("question -> answer")

            def one(self, text):
                return self.two(text)

            def two(self, text):
                self.answer(question=text)
                return self.one(text)

            def forward(self, text):
                return self.one(text)

        ask = Ask()
        """,
        "which uses the object,",
    ),
    "a name of the file that is another one in forward": (
        """
        words = "of the file"

        class Ask(dspy.Module):
            def __init__(self):
                self.answer = dspy.Predict("question -> answer")

            def one(self, text):
                return self.answer(question=text + words)

            def forward(self, text):
                words = "of forward"
                return dspy.Prediction(answer=self.one(text).answer, words=words)

        ask = Ask()
        """,
        "the method `one`, which uses the object,",
    ),
    "a list of the class that changes": (
        """
        class Ask(dspy.Module):
            seen = []

            def __init__(self):
                self.answer = dspy.Predict("question -> answer")

            def forward(self, question):
                self.seen.append(question)
                return self.answer(question=question)

        ask = Ask()
        """,
        "`seen = []` in a module",
    ),
    "pairs that are made elsewhere": (
        """
        class Ask(dspy.Module):
            def __init__(self):
                self.answer = dspy.Predict("question -> answer")
                self.parallel = dspy.Parallel()

            def forward(self, pairs: list):
                return dspy.Prediction(answers=self.parallel(pairs))

        ask = Ask()
        """,
        "`Parallel` of pairs that are made elsewhere",
    ),
}


def plain(python: str) -> str:
    """A program of a test's own indentation, with DSPy."""
    return HEAD + "\n".join(line[8:] for line in python.splitlines())


@pytest.mark.parametrize("name", CASES)
def test_a_class_becomes_a_module(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python, expected = CASES[name]
    text, told = imported(tmp_path, plain(python), capsys)
    assert "stays Python" not in told
    assert all(each in text for each in expected), text


@pytest.mark.parametrize("name", STAYS)
def test_what_cannot_be_told_stays_python(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python, reason = STAYS[name]
    _, told = imported(tmp_path, plain(python), capsys)
    assert f"`Ask` stays Python: {reason}" in told or reason in told


def test_branches_that_options_choose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import argparse
        from pathlib import Path

        DATA = Path(__file__).parent
        qa = dspy.Predict("question -> answer")

        def load(path):
            with open(path) as file:
                return [dspy.Example(question=line).with_inputs("question") for line in file]

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--rows", type=Path, default=DATA / "rows.txt")
            parser.add_argument("--optimize", action="store_true")
            args = parser.parse_args()
            rows = load(args.rows)
            if args.optimize:
                optimizer = dspy.LabeledFewShot(k=2)
                better = optimizer.compile(qa, trainset=rows)
                better.save("better.json")

        if __name__ == "__main__":
            main()
        """
    text, told = imported(tmp_path, plain(python), capsys)
    assert "program better = optimizer.compile(qa, trainset=rows)" in text
    assert "it runs only with other options" in told
    assert "rows = load(DATA / 'rows.txt')" in (tmp_path / "program_python.py").read_text()
    assert "argparse" not in (tmp_path / "program_python.py").read_text()


def test_settings_and_wrappers_that_programs_do_not_need(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = """
        import fractions

        half = fractions.Fraction(1, 2)
        dspy.configure(lm=dspy.LM("openai/gpt-4o"), async_max_workers=4)
        qa = dspy.Predict("question -> answer")
        served = dspy.asyncify(qa)

        @half.register
        def handler(question):
            return served(question=question)
        """
    text, told = imported(tmp_path, plain(python), capsys)
    assert 'configure(lm=LM("openai/gpt-4o"))' in text
    assert "half" not in text
    assert "`async_max_workers=` is left out: `configure` has no such setting" in told
    assert "left out: `asyncify(…)`: each program has `acall`" in told


def test_rows_that_are_shuffled_stay_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import json
        import random

        with open("rows.jsonl") as file:
            read = [json.loads(line) for line in file]
        rows = [dspy.Example(**each).with_inputs("question") for each in read]
        random.Random(0).shuffle(rows)
        train = rows[:5]
        """
    text, told = imported(tmp_path, plain(python), capsys)
    assert "dataset train = rows[:5]" in text
    assert "`random.Random(0).shuffle(rows)` stays Python" in told
