"""Hover of what runs: the prompt of a predictor, and how good a program is and since when."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

import dspyc
from dspyc.cli.prompt import prompt_of
from support.lsp_client import Client, offset_position

PROGRAM = '''\
configure(lm=LM("openai/gpt-4o-mini"))

enum Kind:
    A = "a"
    B = "b"

signature Sort:
    """Sort it

    by what it says.
    """
    input text: str "what they wrote"
    input n: int
    output kind: Kind
    output how: Literal["x", "y"] | None
    output score: float where 0 <= score <= 1

module sort = Predict(Sort)
module think = ChainOfThought(Sort)
module short = Predict("text, n: int -> label: bool")

signature Other:
    """Say it."""
    input rows: list[str]
    output many: list[str]

module other = Predict(Other)
module best = BestOfN(sort, N=2, reward_fn=lambda args, pred: pred.score)
module tuned_model = Predict(Sort, temperature=0.3)

module Desk:
    input text: str
    output label: bool
    part = ChainOfThought("text -> label: bool")
    forward:
        return label=part(text=text).label
'''


def told(client: Client, uri: str, text: str, word: str) -> str:
    place = offset_position(text, text.index(word))
    value: str = client.at("textDocument/hover", uri, place["line"], place["character"])["contents"]["value"]
    return value


def test_the_prompt_is_that_of_a_run(client: Client, workspace: Path, uri: str) -> None:
    path = workspace / "prompts.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    loaded = dspyc.load(path)
    client.open(uri, PROGRAM)
    for name in ("sort", "think", "short"):
        module = getattr(loaded, name)
        expected = prompt_of(name, getattr(module, "predict", module), {})
        shown = told(client, uri, PROGRAM, f"{name} = ")
        first = str(expected.messages[0]["content"]).splitlines()[:8]
        assert "```text\n" + "\n".join([*first, "…"]) + "\n```" in shown
        assert f"about {expected.tokens} tokens" in shown
    assert "about" in told(client, uri, PROGRAM, "part(text")
    client.close(uri)


@pytest.mark.parametrize("word", ["other = ", "best = ", "tuned_model = ", "Desk:", "Sort:"])
def test_no_prompt_where_only_the_program_knows_it(client: Client, uri: str, word: str) -> None:
    client.open(uri, PROGRAM)
    assert "tokens" not in told(client, uri, PROGRAM, word)
    client.close(uri)


@pytest.mark.parametrize("member", ["mro", "_x_"])
def test_no_prompt_of_an_enum_that_is_none_in_python(client: Client, uri: str, member: str) -> None:
    text = f'enum Odd:\n    {member} = "a"\n\nmodule odd = Predict("text -> odd: Odd")\n'
    client.open(uri, text)
    assert "tokens" not in told(client, uri, text, "odd = ")
    client.close(uri)


@pytest.mark.parametrize("setting", ['LM("gguf/x.gguf")', 'LM("openai/gpt-4o-mini"), adapter=JSONAdapter()'])
def test_no_prompt_where_another_form_is_used(client: Client, uri: str, setting: str) -> None:
    text = PROGRAM.replace('LM("openai/gpt-4o-mini")', setting)
    client.open(uri, text)
    assert "tokens" not in told(client, uri, text, "sort = ")
    client.close(uri)


LEARNED = """\
configure(lm=LM("openai/gpt-4o-mini"))
module sort = Predict("text -> kind")
dataset rows = Dataset([{"text": "a", "kind": "b"}], inputs=["text"])
optimizer tune = LabeledFewShot(k=1)
program tuned = tune.compile(sort, trainset=rows)
test "it":
    assert tuned(text="a").kind == "b"
"""


@pytest.mark.parametrize(
    ("days", "says"), [(0, "today 10:00"), (1, "yesterday"), (8, "8 days ago"), (-3, "")]
)
def test_how_good_a_program_is(client: Client, tmp_path: Path, days: int, says: str) -> None:
    created = (date.today() - timedelta(days=days)).isoformat()
    score = {"before": 20.5, "after": 65.0, "metric": "same", "examples": 154}
    state = {
        "dspyc_state": 1,
        "program": "tuned",
        "created": f"{created}T10:00:00",
        "score": score,
        "predictors": {},
    }
    path = tmp_path / f"learned_{days}.dspy"
    path.with_name(f"learned_{days}.tuned.state.json").write_text(json.dumps(state), encoding="utf-8")
    client.open(path.as_uri(), LEARNED)
    for word in ("tuned = ", 'tuned(text="a")'):
        shown = told(client, path.as_uri(), LEARNED, word)
        assert f"Learned: 20.5 → 65 (same, 154 rows), {created}{f', {says}' if says else ''}." in shown
    client.close(path.as_uri())


def test_a_program_that_has_learned_nothing(client: Client, uri: str) -> None:
    client.open(uri, LEARNED)
    assert "Learned" not in told(client, uri, LEARNED, "tuned = ")
    client.close(uri)
