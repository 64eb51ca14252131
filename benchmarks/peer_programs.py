"""Python files with as many lines and declarations as those of `programs.py`, for the servers of the peers.

The bodies are the same statements; a signature is a dataclass, a module is a class with a method. Ruff, ty,
pyrefly and basedpyright (in its standard mode) find nothing in them.
"""

from __future__ import annotations

from string import Template

from languages import Language

HEAD = '''"""A desk that sorts and answers what customers send."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Generic, Literal, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")


class Predict(Generic[Input, Output]):
    """Asks a model."""

    def __init__(self, ask: Callable[[Input], Output], temperature: float = 0.0) -> None:
        self.ask = ask
        self.temperature = temperature

    def __call__(self, given: Input) -> Output:
        return self.ask(given)


'''

UNIT = Template('''\
class ${Name}Kind(Enum):
    """What a message about the $words is about."""

    MONEY = "money"
    DELAY = "delay"
    DETAILS = "details"
    QUESTION = "question"
    THANKS = "thanks"
    FRAUD = "fraud"
    OTHER = "other"


@dataclass
class ${Name}:
    """One $words, as the desk knows it."""

    number: int
    title: str
    body: str
    kind: ${Name}Kind = ${Name}Kind.OTHER
    state: Literal["open", "waiting", "closed"] = "open"
    tags: list[str] = field(default_factory=list)
    amount: Decimal = Decimal("0.00")
    opened: date | None = None
    related: list[$Previous] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    owner: str | None = None
    history: list[tuple[str, float]] = field(default_factory=list)
    urgent: bool = False


${Name}Batch = list[${Name}]

${NAME}_LIMIT = $number0

${NAME}_RULES: list[str] = [
    "Answer in the language that the customer writes in.",
    "Never promise a date that the $words does not carry.",
    "Name the number of the $words when there is one.",
    "An amount is written with its currency.",
    "Ask for at most $number1 things at a time.",
    "Do not repeat what the customer has written, except for numbers and names.",
    "Say what happens next, and who does it.",
    "Say nothing about other customers.",
    "When the desk has made a mistake, say so in the first sentence.",
]


@dataclass
class Sort${Name}Input:
    """Say what a message about the $words is about, and how urgent it is.

    Judge by what the customer needs next, not by the tone. A message that asks for several things is sorted
    by the first of them that nobody has answered yet.
    """

    subject: str
    messages: list[str]
    hint: str | None = None


@dataclass
class Sort${Name}:
    """What a message about the $words is about.

    - `money` is for amounts, whoever owes them.
    - `delay` is for what is late, also when the amount is wrong because of it.
    - `details` is for whatever the desk can correct by itself.
    """

    kind: Literal["money", "delay", "details", "question", "other"]
    urgency: int
    confidence: float
    reasons: list[str] = field(default_factory=list)
    summary: str = ""


def sort_$name(given: Sort${Name}Input) -> Sort${Name}:
    """Sort by what is written, for want of a model."""
    if given.subject == "About the $words":
        return Sort${Name}(kind="delay", urgency=4, confidence=0.9)
    if given.hint == "a customer of many years":
        return Sort${Name}(
            kind="details",
            urgency=2,
            confidence=0.75,
            reasons=["asks for a correction"],
        )
    return Sort${Name}(
        kind="question",
        urgency=1,
        confidence=0.6,
        reasons=["asks how it works", "is in no hurry"],
        summary="The customer wants to know what the letter about the $words means.",
    )


@dataclass
class Answer${Name}:
    """Write the answer to a message about the $words, by the rules."""

    draft: str
    questions: list[str] = field(default_factory=list)
    tone: Literal["plain", "warm", "formal"] = "plain"
    amounts: dict[str, float] = field(default_factory=dict)

    def keeps(self, rules: list[str]) -> bool:
        """Whether the draft may be sent."""
        return len(self.draft) >= 20 and len(self.questions) <= 3 and len(rules) > 0


class ${Name}Desk:
    """Sort a message about the $words, draft the answers and pick the best."""

    sort = Predict(sort_$name)

    def __init__(self, limit: int = $number3, bonus: int = 1) -> None:
        self.limit = limit
        self.bonus = bonus

    def answer(self, summary: str, rules: list[str], records: ${Name}Batch) -> Answer${Name}:
        """One draft."""
        return Answer${Name}(draft=f"{summary} {len(rules)} {len(records)}", tone="warm")

    def forward(
        self, subject: str, messages: list[str], records: ${Name}Batch
    ) -> tuple[str, str, float]:
        """The answer, the kind of the message and how sure that is."""
        limit, bonus = self.limit, self.bonus
        notes = [message.strip() for message in messages if message]
        plan = sort_$name(Sort${Name}Input(subject, notes, hint=notes[0] if notes else None))
        weight = len(notes) + limit
        known = [record for record in records if record.kind.value == plan.kind]
        total = sum([len(record.tags) * bonus for record in known])
        oldest = known[0].title if known else "nothing on file"
        by_state = {record.state: record.title for record in known if not record.urgent}
        if "open" in by_state and plan.urgency < 3:
            total += len(by_state["open"])
        elif len(by_state) > 2:
            total -= 1
        drafts = [
            self.answer(f"{plan.summary} ({number})", rules=${NAME}_RULES, records=known[:limit])
            for number in range(${NAME}_LIMIT)
        ]
        verdicts = [each.keeps(${NAME}_RULES) for each in drafts]
        good = [each.draft for each, verdict in zip(drafts, verdicts) if verdict]
        assert len(good) > 0, "no draft keeps the rules"
        best = good[0]
        for each in good:
            if len(each) < len(best) and plan.urgency > 3:
                best = each
            elif not plan.reasons:
                continue
            else:
                weight += 1
        match plan.kind:
            case "money" | "delay":
                share = total / (weight + 1)
            case "details":
                share = 0.5 * plan.confidence
            case _:
                share = plan.confidence
        shortest = min([len(each) for each in good])
        longest = max([len(each) for each in good])
        spread = (longest - shortest) / (longest + 1)
        closing = f"{oldest}: {spread:.2f}, {weight} messages"
        if spread > 0.9:
            return closing, "other", 0.0
        return f"{best} ({closing})", plan.kind, round(share, 2)


${name}_desk = ${Name}Desk(limit=$number1)


def ${name}_average(records: ${Name}Batch) -> float:
    """The mean number of tags of what is on file."""
    sizes = [len(record.tags) for record in records if record.state != "closed"]
    if not sizes:
        return 0.0
    for size in sizes:
        if size > ${NAME}_LIMIT:
            return float(size)
    return statistics.mean(sizes)


def same_$name(example: Sort${Name}, pred: Sort${Name}) -> float:
    """1 for the right kind, and less the further the urgency is off."""
    if example.kind != pred.kind:
        return 0.0
    distance = abs(example.urgency - pred.urgency)
    return max(0.0, 1.0 - distance / ${NAME}_LIMIT)


def test_$name() -> None:
    """$saying3"""
    answer, kind, score = ${name}_desk.forward("About the $words", ["$saying3"], [])
    assert kind in ["money", "delay", "details", "question", "other"]
    assert 0 <= score and len(answer) > 0, "there is an answer"


''')

SMALL = Template('''\
"""Sort what customers write about the $words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class ${Name}:
    """One $words, as the desk knows it."""

    number: int
    title: str
    tags: list[str] = field(default_factory=list)


@dataclass
class Sort${Name}:
    """What a message is about."""

    kind: Literal["money", "delay", "other"]
    confidence: float


class Desk:
    """Sort all messages about one $words."""

    def forward(self, record: ${Name}, messages: list[str], limit: int = $number0) -> list[str]:
        """The kind of each message."""
        notes = [message.strip() for message in messages]
        weight = len(notes) + limit
        found = [Sort${Name}("delay", len(record.title + note) / 100) for note in notes[:weight]]
        return [each.kind for each in found]


desk = Desk()
''')

SHARED = '''\
"""What all desks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Channel(Enum):
    MAIL = "mail"
    PHONE = "phone"


@dataclass
class Case:
    """What a desk works on."""

    number: int
    priority: int
    channel: Channel = Channel.MAIL
    notes: list[str] = field(default_factory=list)


Cases = list[Case]

OPEN_CASES: Cases = []
'''

MEMBER = Template('''\
"""A desk for the $words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
$imports

@dataclass
class ${Name}:
    """One $words, as the desk knows it."""

    number: int
    title: str
    tags: list[str] = field(default_factory=list)
    related: list[$Previous] = field(default_factory=list)


@dataclass
class Sort${Name}:
    """What a message about the $words is about."""

    kind: Literal["money", "delay", "other"]
    urgency: int = $number0


class ${Name}Desk:
    """Sort all messages about one $words."""

    def forward(self, record: ${Name}, messages: list[str], limit: int = $number1) -> list[str]:
        """The kind of each message."""
        notes = [message.strip() for message in messages]
        weight = len(notes) + limit
${use}        found = [Sort${Name}("delay", len(record.title + note)) for note in notes[:weight]]
        return [each.kind for each in found]


def same_$name(example: Sort${Name}, pred: Sort${Name}) -> bool:
    """The kind that a person gave the message."""
    return example.kind == pred.kind
''')

PYTHON = Language(
    identifier="python",
    suffix=".py",
    head=HEAD,
    unit=UNIT,
    small=SMALL,
    shared=SHARED,
    member=MEMBER,
    shared_import="\nfrom shared import OPEN_CASES\n",
    shared_use="        weight += len([case for case in OPEN_CASES if case.priority > 1])\n",
    neighbour_import=Template("\nfrom $file import $Name\n"),
)
