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
        "Something is missing, superfluous, or in the wrong place. The message says what.",
        "signature Classify\n    input text: str\n",
        "signature Classify:\n    input text: str\n",
    ),
    "E002": Page(
        "A bracket has no partner. A bracket counts as unclosed at the first line that is indented no "
        "further than the line with the bracket, or that starts a declaration.",
        'lm fast = LM("openai/gpt-4o-mini"\n',
        'lm fast = LM("openai/gpt-4o-mini")\n',
    ),
    "E003": Page(
        'A string is never closed. A string in `"` ends on its line; one in `"""` can span several lines.',
        'lm fast = LM("openai/gpt-4o-mini)\n',
        'lm fast = LM("openai/gpt-4o-mini")\n',
    ),
    "E004": Page(
        "Blocks are indented with spaces, because the width of a tab depends on the editor.",
        "signature Classify:\n\tinput text: str\n",
        "signature Classify:\n    input text: str\n",
    ),
    "E005": Page(
        "The lines of a block start in the same column, four spaces to the right of the line that starts "
        "the block.",
        "signature Classify:\n    input text: str\n      output label: str\n",
        "signature Classify:\n    input text: str\n    output label: str\n",
    ),
    "E006": Page(
        "The file is not a program: the extension `.dspy` is also used for pickled programs and web pages.",
        '{"predict": {"demos": []}}\n',
        "module classify = Predict(Classify)\n",
    ),
    "E007": Page(
        "Python's reserved words cannot be names, because programs are compiled to Python. The words of this "
        "language itself (`input`, `type`, `test` …) can be.",
        "signature Travel:\n    input from: str\n",
        "signature Travel:\n    input from_: str\n",
    ),
    "E008": Page(
        "A character is not valid in a program, for example a curly quote from a word processor.",
        "module math = Predict(“question -> answer”)\n",
        'module math = Predict("question -> answer")\n',
    ),
    "E009": Page("Numbers are written as in Python.", "LIMIT = 010\n", "LIMIT = 10\n"),
    "E010": Page(
        "A loop needs a limit, because each iteration can cost money. Use `for`; leave early with `break`.",
        "def tries(text: str) -> str:\n    while len(text) > 9:\n        text = text[1:]\n    return text\n",
        "def tries(text: str) -> str:\n    for _ in range(20):\n        if len(text) <= 9:\n            "
        "break\n"
        "        text = text[1:]\n    return text\n",
    ),
    "E011": Page(
        "Functions cannot be decorated. Pass a setting as an argument where the function is used.",
        "@cached\ndef shout(text: str) -> str:\n    return text.upper()\n",
        "def shout(text: str) -> str:\n    return text.upper()\n",
    ),
    "E012": Page(
        "Values are assigned on a line of their own.",
        "def size(text: str) -> int:\n    return (n := len(text)) + n\n",
        "def size(text: str) -> int:\n    n = len(text)\n    return n + n\n",
    ),
    "E013": Page(
        "Calls that do not depend on each other run concurrently anyway, and a function returns once.",
        "def answer(text: str) -> str:\n    return await ask(text)\n",
        "def answer(text: str) -> str:\n    return ask(text)\n",
    ),
    "E014": Page(
        "A `lambda` can only be an argument of a call. Declare a named function with `def`.",
        "def longest(words: list[str]) -> str:\n    size = lambda word: len(word)\n    return "
        "max(words, key=size)\n",
        "def longest(words: list[str]) -> str:\n    return max(words, key=lambda word: len(word))\n",
    ),
    "E015": Page(
        "Lines are joined only inside brackets.",
        "TOTAL = 1 + \\\n    2\n",
        "TOTAL = (\n    1 + 2\n)\n",
    ),
    "E016": Page("A line holds one statement.", "A = 1; B = 2\n", "A = 1\nB = 2\n"),
    "E017": Page(
        "Every string is text, so the prefixes `b` and `u` have no meaning.",
        'NAME = b"bank"\n',
        'NAME = "bank"\n',
    ),
    "E018": Page(
        "Adjacent strings are not joined, because a description may follow a default value. In a list, a "
        "comma may be missing.",
        'HINT = "one" "two"\n',
        'HINT = "one" + "two"\n',
    ),
    "E019": Page(
        "Some of Python's statements are not supported: calls that fail are retried, settings belong to "
        "calls, and declarations start in the first column. The message says what to write instead.",
        "def check(text: str) -> str:\n    raise ValueError\n",
        'def check(text: str) -> str:\n    assert text, "the text is empty"\n    return text\n',
    ),
    "E020": Page(
        "Values are immutable; only names can be assigned to.",
        'def add(words: list[str]) -> list[str]:\n    words[0] = "first"\n    return words\n',
        'def add(words: list[str]) -> list[str]:\n    return ["first", *words[1:]]\n',
    ),
    "E021": Page(
        "A backslash in a string starts an escape sequence, as in Python. Regular expressions are easier to "
        "write with the prefix `r`.",
        'DIGITS = "\\d+"\n',
        'DIGITS = r"\\d+"\n',
    ),
    "E022": Page(
        "An f-string holds expressions between braces, as in Python 3.11: without backslashes, comments or "
        "the f-string's own quotes. Docstrings and descriptions cannot be f-strings.",
        'def greet(name: str) -> str:\n    return f"Hello {}"\n',
        'def greet(name: str) -> str:\n    return f"Hello {name}"\n',
    ),
    "E023": Page(
        "A line is in the wrong place: a statement in the first column, a field below `forward:`, a "
        "docstring that is not the first line of its body.",
        "return 1\n",
        "def one(text: str) -> int:\n    return 1\n",
    ),
    "E024": Page(
        "Named arguments follow positional ones, and each is given once.",
        "X = round(ndigits=2, 1.234)\n",
        "X = round(1.234, ndigits=2)\n",
    ),
    "E025": Page(
        "Fields have types. Only the outputs of a module with `forward:` may omit them.",
        "signature Classify:\n    input text\n    output label: str\n",
        "signature Classify:\n    input text: str\n    output label: str\n",
    ),
    "E026": Page(
        "Expressions and blocks cannot be nested without limit. Assign the inner parts to names.",
        "X = " + "[" * 60 + "]" * 60 + "\n",
        "INNER = [[]]\nX = [[INNER]]\n",
    ),
    "E027": Page(
        "A type can be used above its declaration, so it never needs quotes.",
        'type Labels = "list[str]"\n',
        "type Labels = list[str]\n",
    ),
    "E028": Page(
        "A character that changes the direction of the text can make a program look different from what it "
        "is. In a string it can be written as an escape sequence.",
        'NAME = "user\u202e"\n',
        'NAME = "user\\u202e"\n',
    ),
    "E029": Page(
        "This is the syntax of another language: JavaScript, TypeScript, BAML, SQL or DSPy's classes. The "
        "message says how to write it here; the fix rewrites it where the meaning is clear.",
        "def good(example, pred) -> bool:\n    return example.label === pred.label\n",
        "def good(example, pred) -> bool:\n    return example.label == pred.label\n",
    ),
    "E030": Page(
        "The short form of a signature is a string, as in DSPy.",
        "module classify = Predict(text -> label)\n",
        'module classify = Predict("text -> label")\n',
    ),
    "E031": Page(
        "A module has no methods. Its inputs and outputs are fields, its parts are lines of its body, and "
        "`forward:` is a block that uses them by their names. Functions are declared in the first column.",
        "module Echo:\n    input text: str\n    output copy: str\n\n    def forward(self, text):\n"
        "        return copy=text\n",
        "module Echo:\n    input text: str\n    output copy: str\n\n    forward:\n        return copy=text\n",
    ),
}
