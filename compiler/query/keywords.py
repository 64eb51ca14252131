"""The language's own words: what each is for, and how a declaration or statement with it is begun."""

from __future__ import annotations

from msgspec import Struct


class Keyword(Struct, frozen=True):
    """A word, what it is for, and what to insert for it; `$1`, `${1:text}` and `$0` are places to type in."""

    word: str
    doc: str
    snippet: str


LINES = (
    Keyword(
        "signature",
        "Declares the inputs and outputs of a model call.",
        "signature ${1:Name}:\n"
        '    """${2:Instructions.}"""\n'
        "    input ${3:text}: ${4:str}\n"
        "    output ${5:answer}: ${6:str}\n",
    ),
    Keyword("module", "Declares a module: made by a constructor, or with a body.", "module ${1:name} = $0"),
    Keyword("lm", "Declares a language model.", "lm ${1:name} = $0"),
    Keyword(
        "type",
        "Declares a record, or names a type.",
        "type ${1:Name}:\n    ${2:field}: ${3:str}\n",
    ),
    Keyword("enum", "Declares an enumeration.", 'enum ${1:Name}:\n    ${2:FIRST} = "${3:first}"\n'),
    Keyword(
        "def",
        "Declares a function: a metric, a reward, a tool or a helper.",
        "def ${1:name}(${2}) -> ${3:str}:\n    return $0",
    ),
    Keyword("dataset", "Declares a dataset, which is read when it is first used.", "dataset ${1:name} = $0"),
    Keyword("optimizer", "Declares an optimizer.", "optimizer ${1:name} = $0"),
    Keyword(
        "program",
        "Declares a module together with what an optimizer learned for it.",
        "program ${1:name} = ${2:optimizer}.compile(${3:module}, trainset=${4:train})",
    ),
    Keyword("evaluate", "Declares an evaluation; `require=` makes it a gate.", "evaluate ${1:name} = $0"),
    Keyword("tools", "Declares the tools of a server.", "tools ${1:name} = $0"),
    Keyword("test", "Declares a test; `dspyc test` and pytest run it.", 'test "${1:what holds}":\n    $0'),
    Keyword("configure", "Sets the defaults of this file's programs.", "configure(lm=$0)"),
    Keyword("from", "Imports names of a `.dspy` or Python file.", "from ${1:module} import $0"),
    Keyword("import", "Imports a Python module.", "import $0"),
    Keyword("input", "Declares an input field.", "input ${1:name}: ${2:str}"),
    Keyword("output", "Declares an output field.", "output ${1:name}: ${2:str}"),
    Keyword("forward", "Starts the block that computes the outputs from the inputs.", "forward:\n    $0"),
    Keyword(
        "fallback",
        "Starts the block that returns the outputs when `forward` fails.",
        "fallback:\n    $0",
    ),
    Keyword("demo", "Gives an example that is shown to the model.", "demo $0"),
    Keyword("del", "Leaves out a field of the extended declaration.", "del ${1:name}"),
    Keyword("return", "Returns the outputs, by name, or the result of a function.", "return $0"),
    Keyword("if", "Runs a block when a condition holds.", "if ${1:condition}:\n    $0"),
    Keyword("elif", "The next condition of an `if`.", "elif ${1:condition}:\n    $0"),
    Keyword("else", "Runs a block when no condition holds.", "else:\n    $0"),
    Keyword("for", "Runs a block for each item, in order.", "for ${1:item} in ${2:items}:\n    $0"),
    Keyword(
        "match",
        "Chooses a block by the shape of a value.",
        "match ${1:value}:\n    case ${2:pattern}:\n        $0",
    ),
    Keyword("case", "A pattern of a `match` and its block.", "case ${1:pattern}:\n    $0"),
    Keyword(
        "try",
        "Runs a block, and another block if it fails with a named error.",
        "try:\n    ${1:pass}\nexcept ${2:LMError} as ${3:error}:\n    $0",
    ),
    Keyword(
        "except",
        "Handles errors from the block of a `try`.",
        "except ${1:LMError} as ${2:error}:\n    $0",
    ),
    Keyword(
        "assert",
        "Requires a condition; if it fails, `forward` tries again.",
        'assert ${1:condition}, "${2:message}"',
    ),
    Keyword(
        "suggest",
        "Asks for a condition; if it still fails after the last try, continues without it.",
        'suggest ${1:condition}, "${2:message}"',
    ),
    Keyword("break", "Ends a `for`.", "break"),
    Keyword("continue", "Continues with the next item of a `for`.", "continue"),
    Keyword("pass", "Does nothing.", "pass"),
)
"""What begins a line: of the file, of a declaration's body, of a block."""

OPERATORS = (
    Keyword("and", "Both conditions.", "and"),
    Keyword("or", "Either condition.", "or"),
    Keyword("in", "Whether a value is among others.", "in"),
    Keyword("not", "Whether a value is not among others.", "not in"),
    Keyword("is", "Whether two values are the same, as in `is None`.", "is"),
    Keyword("if", "The value when a condition holds: `a if condition else b`.", "if"),
    Keyword("else", "The value when a condition does not hold.", "else"),
    Keyword("for", "Each item, in a comprehension.", "for"),
)
"""What goes on with a value."""

BEHIND = (
    Keyword(
        "where",
        "Requires a condition of a field; an answer that violates it is requested again.",
        "where $0",
    ),
    Keyword("as", "Gives it another name.", "as"),
    Keyword("import", "The names that are imported.", "import"),
)
"""What goes on with a field, a pattern or an import."""

VALUES = (
    Keyword("not", "Whether a condition does not hold.", "not"),
    Keyword("True", "The truth value.", "True"),
    Keyword("False", "The truth value.", "False"),
    Keyword("None", "No value.", "None"),
    Keyword("lambda", "A small function, as an argument.", "lambda ${1:item}: $0"),
)
"""What may begin a value, besides names."""

OF_EXPRESSIONS = (*OPERATORS, *VALUES)

_BEGINNING = {each.word: each for each in (*VALUES, *LINES)}
_BEHIND = {each.word: each for each in (*OPERATORS, *BEHIND)}

WORDS = tuple(dict.fromkeys((*(each.word for each in LINES), *_BEGINNING, *_BEHIND)))
"""All words of the language, in the order in which they are offered."""

DOCUMENTED = {each.word: each.doc for each in (BEHIND[0], *LINES)}
"""What hover says of a word; of those that go on with a value nothing."""


def find(word: str, *, behind_a_value: bool) -> Keyword:
    """What a word is for at the beginning of a line or value, or else behind one. Raises KeyError."""
    first, second = (_BEHIND, _BEGINNING) if behind_a_value else (_BEGINNING, _BEHIND)
    return first.get(word) or second[word]
