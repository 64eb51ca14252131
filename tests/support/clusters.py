"""A cluster in this process, whose workers get texts and give texts back, as those of any other do."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from dspyc.cluster.engine import ClusterEngine
from dspyc.cluster.worker import work

PROGRAM = '''"""Sort messages."""

from words import is_alike, judged, length_of

configure(lm=LM("openai/any", api_base="{base}", cache=False, num_retries=0))

enum Team:
    cards
    loans

type Note:
    words: int
    kind: str

signature Sort:
    """Name the team that answers a message."""
    input text: str
    output team: Team
    output note: Note

module Sorting:
    input text: str
    output team: Team
    output note: Note
    first = Predict(Sort)
    forward:
        found = first(text=text)
        return team=found.team, note=Note(words=length_of(text), kind=found.note.kind)

module sort = Sorting()

def same_team(example, pred) -> Score:
    if is_alike(example.team, pred.team):
        return Score(1, feedback=f"{{pred.note.words}} words")
    return Score(0, feedback="another team")

def about(number: int) -> dict[str, str]:
    team = "cards" if number % 2 == 0 else "loans"
    return {{"text": f"message {{number}} on a {{team[:4]}}", "team": team}}

def made() -> list[dict[str, str]]:
    return [about(number) for number in range(20)]

dataset rows = Dataset(made(), inputs=["text"])
dataset train, dev = rows.split(0.5, 0.5, seed=0)

optimizer few = BootstrapFewShot(metric=same_team, max_bootstrapped_demos=2, max_labeled_demos=0)
optimizer search = BootstrapRS(metric=same_team, num_candidate_programs=2, max_labeled_demos=0)
program taught = few.compile(sort, trainset=train)
program searched = search.compile(sort, trainset=train, valset=dev)
def strict(example, pred) -> float:
    return 1.0 if judged(example, pred) else 0.0

evaluate strict_score = Evaluate(sort, devset=dev, metric=strict, num_threads=4, keep_calls=True)
evaluate score = Evaluate(sort, devset=dev, metric=same_team, num_threads=4)
evaluate taught_score = Evaluate(searched, devset=dev, metric=same_team, num_threads=4)
'''

WORDS = '''"""What the program needs of Python."""


def is_alike(one, other):
    """Whether two teams are the same."""
    return str(getattr(one, "value", one)) == str(getattr(other, "value", other))


def judged(example, pred):
    """Whether the teams are the same; no judgement of loans."""
    if example.team == "loans":
        raise ValueError("loans are not judged")
    return is_alike(example.team, pred.team)


def length_of(text):
    """How many words a text has."""
    return len(text.split())
'''


class Workers(ClusterEngine):
    """Three workers; `sent` has every text that went to them."""

    def __init__(self, source: Path) -> None:
        super().__init__(source)
        self.sent: list[str] = []
        self.contents: list[str] = []
        self._pool = ThreadPoolExecutor(3)

    @property
    def tasks(self) -> int:
        """How many tasks they had."""
        return len(self.contents)

    def _send(self, text: str) -> Any:
        assert type(text) is str
        self.sent.append(text)
        return text

    def _submit(self, content: str, names: str, refs: Sequence[Any]) -> Any:
        assert {type(each) for each in (content, names, *refs)} == {str}
        self.contents.append(content)
        return self._pool.submit(work, content, names, *refs)

    def _finished(self, handles: Sequence[Future[str]]) -> Sequence[Future[str]]:
        return list(wait(handles, return_when=FIRST_COMPLETED).done)

    def _result(self, handle: Future[str]) -> str:
        text = handle.result()
        assert type(text) is str
        return text

    def _cancel(self, handles: Sequence[Future[str]]) -> None:
        for handle in handles:
            handle.cancel()
        # What is under way would be seen by the next test.
        wait(handles)
