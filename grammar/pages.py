"""What each syntax problem means: a sentence, a text that has it and one that says the same without it."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """The explanation of a code."""

    text: str
    wrong: str
    right: str


PAGES: dict[str, Page] = {
    "E001": Page(
        "Something is missing, is one too many, or stands where something else belongs. The message "
        "says what.",
        "signature Classify\n    input text: str\n",
        "signature Classify:\n    input text: str\n",
    ),
    "E002": Page(
        "A bracket has no partner. Where a line stands no deeper than the one with the open bracket, or "
        "begins a "
        "declaration, the bracket counts as forgotten.",
        'lm fast = LM("openai/gpt-4o-mini"\n',
        'lm fast = LM("openai/gpt-4o-mini")\n',
    ),
    "E003": Page(
        'A string has no end. One between `"` ends on its line; one between `"""` may have several.',
        'lm fast = LM("openai/gpt-4o-mini)\n',
        'lm fast = LM("openai/gpt-4o-mini")\n',
    ),
    "E004": Page(
        "Blocks are indented by spaces, because a tab is as wide as each editor likes.",
        "signature Classify:\n\tinput text: str\n",
        "signature Classify:\n    input text: str\n",
    ),
    "E005": Page(
        "The lines of a block start in the same column, four spaces further right than the line that "
        "begins it.",
        "signature Classify:\n    input text: str\n      output label: str\n",
        "signature Classify:\n    input text: str\n    output label: str\n",
    ),
    "E006": Page(
        "The file is something else: the ending `.dspy` is also used for pickled programs and for web pages.",
        '{"predict": {"demos": []}}\n',
        "module classify = Predict(Classify)\n",
    ),
    "E007": Page(
        "Python's reserved words cannot be names, because compiled programs are Python. The words of "
        "this language "
        "itself (`input`, `type`, `test` …) can.",
        "signature Travel:\n    input from: str\n",
        "signature Travel:\n    input from_: str\n",
    ),
    "E008": Page(
        "A character has no meaning in a program, for example a quote from a text processor.",
        "module math = Predict(“question -> answer”)\n",
        'module math = Predict("question -> answer")\n',
    ),
    "E009": Page("Numbers are written as in Python.", "LIMIT = 010\n", "LIMIT = 10\n"),
    "E010": Page(
        "A loop that may run for ever may cost without end. Say how often it runs at most, and leave it "
        "early.",
        "def tries(text: str) -> str:\n    while len(text) > 9:\n        text = text[1:]\n    return text\n",
        "def tries(text: str) -> str:\n    for _ in range(20):\n        if len(text) <= 9:\n            "
        "break\n"
        "        text = text[1:]\n    return text\n",
    ),
    "E011": Page(
        "Functions are used as they are written. What a decorator would do is an argument where the "
        "function is used.",
        "@cached\ndef shout(text: str) -> str:\n    return text.upper()\n",
        "def shout(text: str) -> str:\n    return text.upper()\n",
    ),
    "E012": Page(
        "A value gets its name on a line of its own.",
        "def size(text: str) -> int:\n    return (n := len(text)) + n\n",
        "def size(text: str) -> int:\n    n = len(text)\n    return n + n\n",
    ),
    "E013": Page(
        "Calls that do not depend on each other run at the same time without being told, and a function "
        "returns once.",
        "def answer(text: str) -> str:\n    return await ask(text)\n",
        "def answer(text: str) -> str:\n    return ask(text)\n",
    ),
    "E014": Page(
        "A `lambda` may be handed to a call. A function that has a name is declared with `def`.",
        "def longest(words: list[str]) -> str:\n    size = lambda word: len(word)\n    return "
        "max(words, key=size)\n",
        "def longest(words: list[str]) -> str:\n    return max(words, key=lambda word: len(word))\n",
    ),
    "E015": Page(
        "Lines are joined inside brackets, and only there.",
        "TOTAL = 1 + \\\n    2\n",
        "TOTAL = (\n    1 + 2\n)\n",
    ),
    "E016": Page("A line holds one statement.", "A = 1; B = 2\n", "A = 1\nB = 2\n"),
    "E017": Page(
        "Every string is text, so `b` and `u` before it mean nothing.",
        'NAME = b"bank"\n',
        'NAME = "bank"\n',
    ),
    "E018": Page(
        "Strings side by side are not joined, so that a description may follow a default value.",
        'HINT = "one" "two"\n',
        'HINT = "one" + "two"\n',
    ),
    "E019": Page(
        "Some of Python's statements do not exist here: what can fail is retried, settings belong to "
        "calls, and "
        "declarations stand in the first column. The message says what to write instead.",
        "def check(text: str) -> str:\n    raise ValueError\n",
        'def check(text: str) -> str:\n    assert text, "the text is empty"\n    return text\n',
    ),
    "E020": Page(
        "Values do not change; only a name can get another value.",
        'def add(words: list[str]) -> list[str]:\n    words[0] = "first"\n    return words\n',
        'def add(words: list[str]) -> list[str]:\n    return ["first", *words[1:]]\n',
    ),
    "E021": Page(
        "A backslash in a string begins an escape sequence, as in Python. Regular expressions are "
        "easier with `r`.",
        'DIGITS = "\\d+"\n',
        'DIGITS = r"\\d+"\n',
    ),
    "E022": Page(
        "Between the braces of an f-string stands an expression. Docstrings and descriptions are no "
        "f-strings.",
        'def greet(name: str) -> str:\n    return f"Hello {}"\n',
        'def greet(name: str) -> str:\n    return f"Hello {name}"\n',
    ),
    "E023": Page(
        "A line stands where it does not belong: statements in the first column, fields below "
        "`forward:`, a "
        "docstring that is not the first line.",
        "return 1\n",
        "def one(text: str) -> int:\n    return 1\n",
    ),
    "E024": Page(
        "Arguments with names follow those without, and each is given once.",
        "X = round(ndigits=2, 1.234)\n",
        "X = round(1.234, ndigits=2)\n",
    ),
    "E025": Page(
        "Fields have types. Only the outputs of a module with `forward:` may leave theirs out.",
        "signature Classify:\n    input text\n    output label: str\n",
        "signature Classify:\n    input text: str\n    output label: str\n",
    ),
    "E026": Page(
        "Nobody reads an expression that is nested this deeply, and neither do the tools.",
        "X = " + "[" * 60 + "]" * 60 + "\n",
        "INNER = [[]]\nX = [[INNER]]\n",
    ),
    "E027": Page(
        "A type may be used above its declaration, so it never needs quotes.",
        'type Labels = "list[str]"\n',
        "type Labels = list[str]\n",
    ),
}
