"""What a class of a module does stays what it does: what cannot be kept stays Python, and is told."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.moving.test_move import imported

HEAD = "import dspy\n\nSTYLE = 'of the file'\n\n"
_MADE = """
    def __init__(self):
        super().__init__()
        self.answer = dspy.Predict("question -> answer")
"""
STAYS = {
    "a list that a method changes and another argument shows": """
        def add(self, notes, last):
            notes.append("more")
            return self.answer(question=last).answer

        def forward(self, question):
            notes = [question]
            return dspy.Prediction(a=notes[-1], b=self.add(notes, question))
    """,
    "a list that `+=` changes": """
        def add(self, notes, question):
            notes += [self.answer(question=question).answer]

        def forward(self, question):
            notes = []
            self.add(notes, question)
            return dspy.Prediction(a=str(notes))
    """,
    "a default that is one list for all calls": """
        def add(self, question, seen=[]):
            seen.append(question)
            return self.answer(question=str(len(seen)))

        def forward(self, question):
            return self.add(question)
    """,
    "a default that is called once": """
        def add(self, question, at=len(STYLE)):
            return self.answer(question=question + str(at))

        def forward(self, question):
            return self.add(question)
    """,
    "a default whose name is another one in forward": """
        def add(self, question, style=STYLE):
            return self.answer(question=question + style).answer

        def forward(self, question):
            STYLE = question + "local"
            return dspy.Prediction(answer=self.add(question), other=STYLE)
    """,
    "a default that is a constant of the class": """
        STYLE = "of the class"

        def add(self, question, style=STYLE):
            return self.answer(question=question + style)

        def forward(self, question):
            return self.add(question)
    """,
    "a default of forward that is a constant of the class": """
        STYLE = "of the class"

        def forward(self, question, style=STYLE):
            return self.answer(question=question + style)
    """,
    "a call of its own": """
        def __call__(self, question):
            return self.forward(question="called " + question)

        def forward(self, question):
            return self.answer(question=question)
    """,
    "predictors of its own": """
        def named_predictors(self):
            return [("other", self.answer)]

        def forward(self, question):
            return self.answer(question=question)
    """,
    "the message of an assert": """
        def why(self, question):
            found = self.answer(question=question)
            return found.answer

        def forward(self, question):
            assert question, self.why(question)
            return self.answer(question=question)
    """,
    "the end of a comparison": """
        def size(self, question):
            found = self.answer(question=question)
            return len(found.answer)

        def forward(self, question):
            if 100 < len(question) < self.size(question):
                return self.answer(question="long")
            return self.answer(question=question)
    """,
    "a result that is not used and may not be there": """
        def check(self, rows):
            self.answer(question="check")
            return rows["missing"]

        def forward(self, question, rows: dict[str, str]):
            self.check(rows)
            return self.answer(question=question + str(len(rows)))
    """,
    "a prediction that others have, too": """
        def forward(self, question):
            pred = self.answer(question=question)
            seen = [pred]
            pred.note = question
            pred.count = len(seen[0])
            return pred
    """,
    "pairs whose names have other values later": """
        def forward(self, question):
            query = question
            pairs = [(self.answer, {"question": query})]
            query = "other"
            found = dspy.Parallel()(pairs)
            return dspy.Prediction(a=found[0].answer, query=query)
    """,
    "what failed of a `Parallel`": """
        def forward(self, question):
            found = dspy.Parallel(return_failed_examples=True)([(self.answer, {"question": question})])
            return dspy.Prediction(a=str(len(found)))
    """,
}
_BASE = """
class Base(dspy.Module):
    def __init__(self):
        super().__init__()
        self.heat = 0.1
        self.answer = dspy.Predict("question -> answer", temperature={heat})

    def forward(self, question):
        return self.answer(question=question + str(self.heat))

class Between(Base):
    def forward(self, question):
        return super().forward(question=question + " between")
"""
_BELOW = """
class Ask(Base):
    def __init__(self{parameters}):
        super().__init__()
"""
BASES = {
    "an attribute that the base uses before it is another one": _BASE.format(heat="self.heat")
    + _BELOW.format(parameters="")
    + "        self.heat = 0.9\n",
    "an attribute with two values": _BASE.format(heat="0.5")
    + _BELOW.format(parameters="")
    + "        self.heat = 0.8\n        self.heat = 0.9\n",
    "a name of the file that is a parameter below": _BASE.format(heat="len(STYLE)")
    + _BELOW.format(parameters=", STYLE='x'")
    + "        self.other = STYLE\n",
    "a class that is skipped": _BASE.format(heat="0.5")
    + """
class Ask(Between):
    def forward(self, question):
        return super(Between, self).forward(question=question)
""",
}
MOVES = {
    "an argument that a changed list shows": (
        """
        def add(self, notes, last):
            notes.append("more")
            return self.answer(question=last).answer

        def forward(self, question):
            notes = [question]
            found = self.add(notes, notes[-1])
            return dspy.Prediction(answer=found, notes=notes)
        """,
        ["last = notes[-1]", "answer(question=last)"],
        "`add` is written out where `forward` calls it",
    ),
    "an argument that may not be there": (
        """
        def pick(self, question, word):
            if len(question) > 5:
                return self.answer(question=word)
            return self.answer(question=question)

        def forward(self, question, rows: dict[str, str]):
            return self.pick(question, rows["missing"])
        """,
        ['word = rows["missing"]'],
        "`pick` is written out",
    ),
    "a method that nothing calls": (
        """
        def explain(self, question):
            return self.answer(question="explain " + question)

        def forward(self, question):
            return self.answer(question=question)
        """,
        ["return answer(question=question)"],
        "the method `explain` is left out: `forward` does not call it",
    ),
    "a variable of a method that another method reads from the file": (
        """
        def one(self, text):
            return self.answer(question=text + STYLE).answer

        def two(self, text):
            STYLE = self.answer(question=text).answer
            return STYLE[:9]

        def forward(self, text):
            return dspy.Prediction(a=self.one(text), b=self.two(text))
        """,
        ["text + STYLE", "STYLE_two = answer(question=text).answer"],
        "`two` is written out",
    ),
    "a constant of the class in `__init__`": (
        """
        heat = 0.3

        def __init__(self):
            self.answer = dspy.Predict("question -> answer", temperature=self.heat)

        def forward(self, question):
            return self.answer(question=question)
        """,
        ["temperature=0.3"],
        "",
    ),
    "a `Parallel` that is made in forward": (
        """
        def forward(self, question):
            found = dspy.Parallel()([(self.answer, {"question": question})])
            return dspy.Prediction(a=found[0].answer)
        """,
        ["found = [answer(question=question)]"],
        "`Parallel` becomes calls that run together; the first of them that fails ends the run",
    ),
}
KEYS = """
import os
import openai
from openai import OpenAI
import dspy

openai.api_key = "sk-aaaaaaaaaaaaaaaaaaaaaaaa1234"
API_KEY = "sk-bbbbbbbbbbbbbbbbbbbbbbbb1234"
client = openai.OpenAI(api_key="c0ffee-c0ffee-c0ffee")
other = OpenAI(api_key="c0ffee-c0ffee-c0ffee")
password = "d0nt-tell-anyone"

def search(query: str, token: str = "e1e1e1e1e2e2e2") -> list[str]:
    "Search."
    os.environ["SERP_API_KEY"] = "serp-5555555"
    openai.api_key = "sk-ffffffffffffffffffffffff1234"
    head = {"Authorization": "Bearer sk-gggggggggggggggggggg1234", "x-api-key": "hhhh-7e3a-9c1b"}
    while True:
        said = f"Bearer sk-iiiiiiiiiiiiiiiiii1234 {query}"
        return client.search(query, other, head, API_KEY, token, said, password)

agent = dspy.ReAct("question -> answer", tools=[search])
"""


def _class(body: str) -> str:
    made = "" if "__init__" in body else _MADE
    return f"class Ask(dspy.Module):{made}\n" + textwrap.indent(textwrap.dedent(body), "    ")


@pytest.mark.parametrize("name", [*STAYS, *BASES])
def test_what_would_mean_something_else_stays_python(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = BASES[name] if name in BASES else _class(STAYS[name])
    text, told = imported(tmp_path, f"{HEAD}{own}\nask = Ask()\n", capsys)
    assert "`Ask` stays Python" in told
    assert "module Ask" not in text


@pytest.mark.parametrize("name", MOVES)
def test_what_is_moved_means_the_same(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body, expected, said = MOVES[name]
    text, told = imported(tmp_path, f"{HEAD}{_class(body)}\nask = Ask()\n", capsys)
    assert all(each in text for each in expected), text
    assert said in told
    assert "stays Python" not in told


def test_keys_in_what_stays_python_are_not_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = imported(tmp_path, KEYS, capsys)
    python = (tmp_path / "program_python.py").read_text()
    for key in ("aaaa", "bbbb", "c0ffee", "d0nt", "e1e1", "serp-", "ffff", "gggg", "hhhh", "iiii"):
        assert key not in text + python + told
    compile(python, "program_python.py", "exec")
    assert "openai.OpenAI(api_key=os.environ['OPENAI_API_KEY'])" in python
    assert "other = OpenAI(api_key=os.environ['OPENAI_API_KEY'])" in python
    assert "API_KEY = os.environ['API_KEY']" in python
    assert "a key is not copied: `OPENAI_API_KEY` is read from the environment" in told
    assert "left out: a key that is set here: set it outside of the program" in told


def test_what_is_no_key_is_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import dspy

        secret = "a word with an e"
        token = "[SEP]"
        KEY = "OPENAI_API_KEY"
        qa = dspy.Predict("question -> answer")
        """
    text, told = imported(tmp_path, python, capsys)
    assert 'secret = "a word with an e"' in text
    assert 'token = "[SEP]"' in text
    assert 'KEY = "OPENAI_API_KEY"' in text
    assert "is read from the environment" not in told


def test_models_that_nothing_uses_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = """
        import dspy

        teacher = dspy.LM("openai/gpt-4o", temperature=0.3)
        dspy.configure(lm=dspy.LM("openai/gpt-4o-mini"))
        qa = dspy.Predict("question -> answer")
        """
    text, _ = imported(tmp_path, python, capsys)
    assert 'lm teacher = LM("openai/gpt-4o", temperature=0.3)' in text


@pytest.mark.parametrize(
    "body",
    [
        "SEEN.append(pred.answer)\n    return len(SEEN) == 1",
        "example.notes.append(1)\n    notes.append(pred.answer)\n    return notes == []",
        "trace.extend([pred])\n    return True",
    ],
)
def test_functions_that_fill_a_list_made_elsewhere_stay_python(
    body: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = f"SEEN = []\nnotes = []\n\ndef metric(example, pred, trace=None):\n    {body}\n"
    use = "\nqa = dspy.Predict('question -> answer')\ntune = dspy.BootstrapFewShot(metric=metric)\n"
    text, told = imported(tmp_path, f"import dspy\n\n{metric}{use}", capsys)
    assert "def metric" not in text
    assert "metric" in (tmp_path / "program_python.py").read_text()
    assert "of a list that is made elsewhere" in told or "has no form in the language" in told


def test_functions_that_fill_their_own_lists_move(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metric = """
        import dspy

        def metric(example, pred, trace=None):
            words = []
            for each in pred.answer.split():
                words.append(each)
            return words == example.answer.split()

        qa = dspy.Predict("question -> answer")
        tune = dspy.BootstrapFewShot(metric=metric)
        """
    text, _ = imported(tmp_path, metric, capsys)
    assert "words += [each]" in text
