"""Habits of published DSPy programs: what `dspyc import` makes of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.cli.main import run

HEAD = "import dspy\nimport argparse\nfrom pydantic import BaseModel\n"
MODULE = """
class M(dspy.Module):
    def __init__(self, kinds=None):
        super().__init__()
        {part}

    def forward(self, text):
        {forward}

m = M()
"""


def moved(python: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The `.dspy` file, which checks without a finding, and what was told."""
    path = folder / "program.py"
    path.write_text(HEAD + python)
    assert run(["import", str(path)]) == 0
    told = capsys.readouterr().err
    assert run(["check", str(path.with_suffix(".dspy"))]) == 0, capsys.readouterr().out
    assert "stays Python" not in told, told
    assert not (folder / "program_python.py").exists()
    return path.with_suffix(".dspy").read_text(), told


def module(part: str, forward: str) -> str:
    return MODULE.format(part=part, forward=forward.replace("\n", "\n        "))


CASES = {
    "a signature with instructions": (
        "sig = dspy.Signature('q -> a: int', 'Be brief.')\nqa = dspy.ChainOfThought(signature=sig)",
        ['signature sig = Signature("q -> a: int", "Be brief.")'],
    ),
    "instructions that are put in later": (
        "sig = dspy.Signature('q -> a').with_instructions('Be brief.')\n"
        "qa = dspy.Predict(dspy.Signature('q -> a').with_instructions('Be long.'))\n"
        "other = dspy.Predict(sig)\n",
        [
            'signature sig = Signature("q -> a", "Be brief.")',
            'module qa = Predict(Signature("q -> a", "Be long."))',
        ],
    ),
    "a metric with feedback": (
        "qa = dspy.Predict('q -> a')\n"
        "def metric(example, pred, trace=None, pred_name=None, pred_trace=None):\n"
        "    if example.a == pred.a:\n        return dspy.Prediction(score=1.0, feedback='Right.')\n"
        "    return dspy.Prediction(score=0.0, feedback=f'It is {example.a}.')\n"
        "rows = [dspy.Example(q='1', a='2').with_inputs('q')]\n"
        "check = dspy.Evaluate(devset=rows, metric=metric)\nresult = check(qa)\n",
        ['return Score(1.0, feedback="Right.")', 'return Score(0.0, feedback=f"It is {example.a}.")'],
    ),
    "a metric that says what it returns": (
        "qa = dspy.Predict('q -> a')\n"
        "def metric(example: dspy.Example, pred: dspy.Prediction) -> dspy.Prediction:\n"
        "    return dspy.Prediction(score=float(example.a == pred.a))\n"
        "rows = [dspy.Example(q='1', a='2').with_inputs('q')]\n"
        "check = dspy.Evaluate(devset=rows, metric=metric)\nresult = check(qa)\n",
        ["-> Score:", "return Score(float(example.a == pred.a))"],
    ),
    "a model for a part of forward": (
        "cheap = dspy.LM('openai/gpt-4o-mini')\n"
        + module(
            "self.ask = dspy.ChainOfThought('text -> answer, sure: float')",
            "with dspy.context(lm=cheap):\n    first = self.ask(text=text)\n"
            "if first.sure > 0.5:\n    return first\nreturn self.ask(text=text)",
        ),
        ["first = ask(text=text, lm=cheap)", "return ask(text=text)"],
    ),
    "parts by name": (
        "KINDS = ['a', 'b']\n"
        + module(
            "self.parts = {kind: dspy.Predict('text, kind -> answer') for kind in KINDS}",
            "answers = [self.parts[kind](text=text, kind=kind).answer for kind in KINDS]\n"
            "return dspy.Prediction(answers=answers)",
        ),
        ['parts = {kind: Predict("text, kind -> answer") for kind in KINDS}', "module M(kinds: Any"],
    ),
    "a prediction handed on": (
        module(
            "self.ask = dspy.Predict('text -> answer')",
            "found = self.ask(text=text)\nreturn dspy.Prediction(**found)",
        ),
        ["return **found"],
    ),
    "two lists at once": (
        "rows = [dspy.Example(q='1', a='2').with_inputs('q'), dspy.Example(q='2', a='3').with_inputs('q')]\n"
        "train, dev = rows[:1], rows[1:]\n",
        ["dataset train = rows[:1]", "dataset dev = rows[1:]"],
    ),
    "records that extend others": (
        "class Person(BaseModel):\n    name: str\n\nclass Manager(Person):\n    team: list[Person] = []\n\n"
        "class S(dspy.Signature):\n    '''Who?'''\n    text: str = dspy.InputField()\n"
        "    found: Manager = dspy.OutputField()\n\nask = dspy.Predict(S)\n",
        ["type Manager(Person):", "team: list[Person] = []"],
    ),
    "several attributes, an image and a key inside": (
        "from PIL import Image\nimport os\n"
        "look = dspy.Predict('picture: dspy.Image -> caption')\n"
        "def picture(text):\n    return dspy.Image(url=text)\n"
        + module(
            "self.most, self.look = 3, look",
            "for _ in range(self.most):\n    found = self.look(picture=picture(text))\n"
            "return dspy.Prediction(caption=found.caption)",
        )
        + "def metric(example, pred, trace=None):\n    return pred.caption != ''\n"
        "tp = dspy.COPRO(metric=metric, prompt_model=dspy.LM('openai/o3', api_key=os.environ['KEY']))\n",
        [
            "return Image(url=text)",
            "for _ in range(3):",
            'prompt_model=LM("openai/o3")',
            "return caption=found.caption",
        ],
    ),
    "a script with a main function": (
        "def build():\n    '''Make it.'''\n    return dspy.ChainOfThought('text -> summary')\n\n"
        "def main():\n    parser = argparse.ArgumentParser()\n    args = parser.parse_args()\n"
        "    dspy.configure(lm=dspy.LM('openai/gpt-4o-mini'))\n    summarize = build()\n"
        "    print(summarize(text='x').summary, args)\n\nif __name__ == '__main__':\n    main()\n",
        ['module summarize = ChainOfThought("text -> summary")', 'configure(lm=LM("openai/gpt-4o-mini"))'],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_habit(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python, expected = CASES[name]
    text, _ = moved(python, tmp_path, capsys)
    for line in expected:
        assert line in text, text


def test_what_a_script_does_when_it_runs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = moved(CASES["a script with a main function"][0], tmp_path, capsys)
    assert "argparse" not in text
    assert "left out: nothing else uses it" in told


def test_a_function_with_results_is_no_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = "qa = dspy.Predict('q -> a')\n\ndef main() -> str:\n    return qa(q='x').a\n\n"
    text, _ = moved(python + "if __name__ == '__main__':\n    main()\n", tmp_path, capsys)
    assert "def main() -> str:" in text


def test_names_that_change_places_are_left_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "program.py"
    path.write_text("import dspy\nqa = dspy.Predict('q -> a')\nA = 1\nB = 2\nA, B = B, A\n")
    assert run(["import", str(path)]) == 0
    assert "A = B" not in path.with_suffix(".dspy").read_text()


def test_a_model_for_calls_of_others_is_no_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = "big = dspy.LM('openai/gpt-4o')\nother = dspy.Predict('text -> answer')\n\n\n" + module(
        "self.ask = dspy.Predict('text -> answer')",
        "with dspy.context(lm=big):\n    found = other(text=text)\n    return self.ask(text=found.answer)",
    )
    path = tmp_path / "program.py"
    path.write_text(HEAD + python)
    assert run(["import", str(path)]) == 0
    text, told = path.with_suffix(".dspy").read_text(), capsys.readouterr().err
    assert "around `other(…)`, which may ask a model, has no form" in told
    assert "module M" not in text


def test_a_script_keeps_its_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = (
        "lm = dspy.LM('openai/gpt-4o')\nqa = dspy.Predict('q -> a')\n\n"
        "def main():\n    lm = dspy.LM('openai/o3')\n    dspy.configure(lm=lm)\n\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    text, _ = moved(python, tmp_path, capsys)
    assert "configure(lm=lm)" not in text
