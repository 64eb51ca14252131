"""Words that other languages have for what is called otherwise here."""

from __future__ import annotations

TYPE_WORDS = {
    "string": "str",
    "String": "str",
    "text": "str",
    "varchar": "str",
    "number": "float",
    "double": "float",
    "Double": "float",
    "Float": "float",
    "integer": "int",
    "Integer": "int",
    "Int": "int",
    "long": "int",
    "boolean": "bool",
    "Boolean": "bool",
    "Bool": "bool",
    "any": "Any",
    "unknown": "Any",
    "object": "dict",
    "Object": "dict",
    "array": "list",
    "Array": "list",
    "List": "list",
    "Vec": "list",
    "map": "dict",
    "Map": "dict",
    "Record": "dict",
    "Dict": "dict",
    "hash": "dict",
    "HashMap": "dict",
    "Set": "set",
    "Tuple": "tuple",
    "FrozenSet": "set",
    "Sequence": "list",
    "Iterable": "list",
    "Mapping": "dict",
    "null": "None",
    "NoneType": "None",
    "void": "None",
}
"""Types, and what they are called here."""

VALUE_WORDS = {
    "null": "None",
    "NULL": "None",
    "Null": "None",
    "nil": "None",
    "none": "None",
    "NONE": "None",
    "undefined": "None",
    "true": "True",
    "TRUE": "True",
    "false": "False",
    "FALSE": "False",
}
"""Constants, and what they are called here."""
VARIABLE_WORDS = frozenset({"let", "const", "var", "val", "final", "auto", "local", "my", "static", "mut"})
"""What other languages put before a new variable."""
PUBLIC_WORDS = frozenset({"export", "public", "private", "pub", "extern", "default"})
"""What other languages put before a declaration."""
DECLARATION_WORDS = {
    "function": "def",
    "func": "def",
    "fn": "def",
    "fun": "def",
    "define": "def",
    "interface": "type",
    "struct": "type",
    "record": "type",
    "model": "type",
    "dataclass": "type",
    "schema": "type",
    "Signature": "signature",
    "Module": "module",
    "Type": "type",
    "Enum": "enum",
    "Test": "test",
}
"""The heads of declarations, and what they are called here."""

_METRIC = "a metric is a function: `def {name}(example, pred) -> float:`"
_MODEL = 'a language model is declared as `lm {name} = LM("provider/model")`'
_DEFAULT_MODEL = '`configure(lm=LM("provider/model"))` sets the model of all calls'
_OPTIMIZED = "`program NAME = OPTIMIZER.compile(MODULE, trainset=…)` says what an optimizer is used for"
_STEPS = "the steps of a program are put together in a module: `module {name}:`"
_PROMPT = "a prompt is made of a signature: `signature {name}:`, with the instructions as its docstring"
_DATA = 'rows are declared as `dataset {name} = Dataset("rows.csv", inputs=[…])`'
HEAD_WORDS: dict[str, tuple[str, str | None]] = {
    "metric": (_METRIC, "it is given to `Evaluate` and to optimizers: `metric={name}`"),
    "reward": ("a reward is a function: `def {name}(inputs, pred) -> float:`", None),
    "model": (_MODEL, _DEFAULT_MODEL),
    "llm": (_MODEL, _DEFAULT_MODEL),
    "lm": (_MODEL, _DEFAULT_MODEL),
    "optimize": ("an optimizer is declared as `optimizer NAME = MIPROv2(metric=…)`", _OPTIMIZED),
    "compile": ("an optimizer is declared as `optimizer NAME = MIPROv2(metric=…)`", _OPTIMIZED),
    "train": ("an optimizer is declared as `optimizer NAME = MIPROv2(metric=…)`", _OPTIMIZED),
    "agent": ("an agent is a module: `module {name} = ReAct(SIGNATURE, tools=[…])`", None),
    "tool": (
        "a tool is a function with a docstring: `def {name}(…) -> …:`",
        "`tools=[{name}]` gives it to an agent",
    ),
    "predictor": ("a predictor is a module: `module {name} = Predict(SIGNATURE)`", None),
    "predict": ("a predictor is a module: `module {name} = Predict(SIGNATURE)`", None),
    "prompt": (_PROMPT, None),
    "template": (_PROMPT, None),
    "chain": (_STEPS, None),
    "pipeline": (_STEPS, None),
    "workflow": (_STEPS, None),
    "flow": (_STEPS, None),
    "data": (_DATA, None),
    "trainset": (_DATA, None),
    "devset": (_DATA, None),
    "configure": ('settings are given in a call: `configure(lm=LM("provider/model"))`', None),
    "settings": ('settings are given in a call: `configure(lm=LM("provider/model"))`', None),
    "config": ('settings are given in a call: `configure(lm=LM("provider/model"))`', None),
}
"""What begins a declaration elsewhere: a message and advice, with the name that is declared."""
