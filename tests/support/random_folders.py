"""Random small folders of programs and Python files that import each other, and random edits of them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from support.edits import edit

Step = Mapping[str, str | None]
"""Texts that files get, None for one that is deleted."""

MODULES = {
    "a.dspy": "a", "b.dspy": "b", "c.dspy": "c", "p.py": "p", "q.py": "q", "r.py": "r",
    "pack/__init__.py": "pack", "pack/d.dspy": "pack.d", "pack/s.py": "pack.s",
}  # fmt: skip
"""The files that a folder may have, and what they are called in imports."""
_INSIDE = {"pack/__init__.py": ".", "pack/d.dspy": ".d", "pack/s.py": ".s"}
"""What the files of a package are called in it."""

_KINDS: Mapping[str, tuple[str, ...]] = {
    "type": ("T", "U"),
    "any type": ("T", "U", "E", "K", "C", "S"),
    "enum": ("E",),
    "alias": ("K",),
    "class": ("C",),
    "signature": ("S",),
    "function": ("f", "g"),
    "module": ("m",),
    "module class": ("M",),
    "value": ("x", "y"),
    "rows": ("rows",),
    "optimizer": ("tune",),
    "called": ("f", "g", "m", "C", "T"),
}
_NAMES = ("T", "U", "E", "K", "C", "S", "f", "g", "m", "M", "x", "y", "rows", "tune")

_PROGRAM = (
    "type {type}:\n    a: {a_type}\n    b: {a_type}\n",
    "type {type}:\n    a: int\n    b: list[{a_type}] = []\n",
    "type {type}({base}):\n    c: {a_type}\n",
    "type {alias} = {a_type}\n",
    "enum {enum}:\n    one\n    two\n",
    'signature {signature}:\n    """Do."""\n    input a: {a_type}\n    output b: {a_type}\n',
    "signature {signature}({base}):\n    output c: {a_type}\n",
    "module {module} = Predict({signature})\n",
    'module {module} = ChainOfThought("a: {a_type} -> b: {a_type}")\n',
    "module {module} = {module class}()\n",
    "module {module class}:\n    input a: {a_type}\n    output b\n    forward:\n        return b={a_value}\n",
    "module {module class}:\n    input a: str\n    output b: {a_type}\n    part = Predict({signature})\n"
    "    forward:\n        found = part(a=a)\n        other = {called}(a=found.b)\n        return b=other\n",
    "module {module class}:\n    input a: str\n    output b: str\n    forward:\n"
    "        one = {function}(a)\n        two = {function}(a)\n        assert one == two\n"
    "        return b=one\n",
    "def {function}(a: {a_type}) -> {a_type}:\n    return {a_value}\n",
    "def {function}(a: str) -> str:\n    {called}(a)\n    print(a)\n    return {module}(a=a).b\n",
    "def {function}(a: {any type}) -> int:\n    return a.a + {a_value}\n",
    "{value} = {a_value}\n",
    "{value}: {a_type} = {a_value}\n",
    'test "t":\n    {called}(a={a_value})\n    assert {called}(a={a_value}).b == {a_value}\n',
    'dataset {rows} = Dataset([{{"a": {a_value}, "b": {a_value}}}], inputs=["a"])\n',
    "evaluate score = Evaluate({module}, devset={rows}, metric={function}, require=80)\n",
    "optimizer {optimizer} = BootstrapFewShot(metric={function})\n",
    "program {module} = {optimizer}.compile({module}, trainset={rows})\n",
    'configure(lm=LM("openai/gpt-4o-mini"))\n',
    'module {module} = ReAct("a -> b", tools=[{function}, {called}])\n',
    "module {module} = Refine({module}, N=3, reward_fn={function}, threshold=1.0)\n",
)
_PYTHON = (
    "def {function}(a: {a_type}) -> {a_type}:\n    return a\n",
    "async def {function}(a: {a_type}) -> {a_type}:\n    return a\n",
    'def {function}(a: str, b: int = 1) -> str:\n    """Do."""\n    import os\n'
    "    return str(os.system(a))\n",
    "class {class}({any type}):\n    a: {a_type}\n    c: '{a_type}' = 1\n",
    "class {class}:\n    b: {a_type}\n    def __init__(self, a: {a_type}) -> None:\n        self.a = a\n"
    "    def go(self) -> '{a_type}':\n        return self.a\n",
    "from dataclasses import dataclass\n@dataclass\nclass {class}:\n    a: {a_type}\n    b: {a_type}\n",
    "from dataclasses import dataclass\n@dataclass\nclass {type}({base}):\n    a: {a_type}\n",
    "from enum import Enum\nclass {enum}(Enum):\n    one = 1\n    two = 2\n",
    "{any type} = {any type}\n",
    "{value} = {value}\n",
    "{function} = {called}\n",
    "{value}: {a_type} = 1\n",
    "{alias} = list[{a_type}]\n",
    "{alias}: TypeAlias = '{a_type} | None'\n",
    "import dspyc\nclass {module class}(dspyc.Module):\n    def forward(self, a: {a_type}) -> {a_type}:\n"
    "        return a\n",
    "import dspyc\n@dspyc.pure\ndef {function}(a: {a_type}):\n    return 1\n",
)
_VALUES = (
    "1", '"s"', "{value}", "[{value}]", "{called}(a={value})", "{called}({value}).b", "E.one", "{value}.a",
    "{called}(a=1, b=2)", "{module}(a={value}).b", "{module class}()", "[{value}, {called}({value})]",
)  # fmt: skip
_TYPES = (
    "int", "str", "{any type}", "{any type}", "{any type}", "list[{any type}]", "{any type} | None",
    "{module}", "dict[str, {any type}]",
)  # fmt: skip
_WORD = re.compile(r"\b[A-Za-z]\w*\b(?! *=[^=]| *:)")
_HEAD = re.compile(
    r"^(?:(?:async )?def|class|type|enum|signature|module|dataset|optimizer|program) (\w+)|^(\w+)(?=:| =)",
    re.M,
)
_IMPORT = re.compile(r"^from \S+ import (.*)$", re.M)


class Folder:
    """The files of a folder, made and changed at random.

    Args:
        seed: of all that is random.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.paths = self.rng.sample(list(MODULES), self.rng.randrange(3, 7))
        if not any(path.endswith(".dspy") for path in self.paths):
            self.paths[0] = "a.dspy"
        self.files: dict[str, str] = {}
        for path in self.paths:
            self.files[path] = self._text(path)
        for _ in range(3):
            for path in self.paths:
                self.files[path] = self._with_imports(path, self.files[path])
        self._before: list[Step] = []
        """What would undo each of the last steps, the last one last."""

    def step(self) -> Step:
        """Change something. Returns what has changed."""
        step = self._undoing() if self._before and self.rng.random() < 0.25 else self._changing()
        self._before = [*self._before[-5:], {path: self.files.get(path) for path in step}]
        for path, text in step.items():
            if text is None:
                self.files.pop(path, None)
            else:
                self.files[path] = text
        return step

    def programs(self) -> list[str]:
        """The `.dspy` files that there are."""
        return sorted(path for path in self.files if path.endswith(".dspy"))

    def _undoing(self) -> Step:
        return self._before.pop(self.rng.randrange(len(self._before)))

    def _changing(self) -> Step:
        rng = self.rng
        path = rng.choice(self.paths)
        if path not in self.files:
            return {path: self._with_imports(path, self._text(path))}
        text = self.files[path]
        match rng.randrange(16):
            case 0:
                return {path: None}
            case 1:
                return {path: None, rng.choice(list(MODULES)): text}
            case 2:
                folder = [each for each in self.files if each.startswith("pack/")]
                return dict.fromkeys(folder or [path])
            case 3:
                at = rng.randrange(len(text) + 1)
                return {path: text[:at] + rng.choice(("(", '"', ":", "\n", "    ")) + text[at:]}
            case 4:
                return {path: edit(text, rng)}
            case 5:
                return {path: re.sub(rf"\b{rng.choice(_NAMES)}\b", rng.choice(_NAMES), text)}
            case 6 | 7:
                return {path: self._without(text)}
            case _:
                return {path: self._with_imports(path, self._without(text) + self._declaration(path))}

    def _text(self, path: str) -> str:
        return "".join(self._declaration(path) for _ in range(self.rng.randrange(2, 6)))

    def _with_imports(self, path: str, text: str) -> str:
        """A text with an import of each name that it uses and does not have, from any of the other files."""
        known = set(_declared(text))
        used = dict.fromkeys(each for each in _WORD.findall(text) if each in _NAMES)
        wanted: dict[str, list[str]] = {}
        for name in used:
            others = [each for each in self.files if each != path]
            if name in known or not others or self.rng.random() < 0.1:
                continue
            having = [each for each in others if name in _declared(self.files[each])]
            wanted.setdefault(self.rng.choice(having or others), []).append(name)
        return "".join(self._import(path, other, names) for other, names in wanted.items()) + text

    def _import(self, path: str, other: str, names: list[str]) -> str:
        module = MODULES[other]
        if path.startswith("pack/") and other in _INSIDE:
            module = _INSIDE[other]
        if path.endswith(".py") and self.rng.random() < 0.1:
            return f"from {module} import *\n"
        return f"from {module} import {', '.join(names)}\n"

    def _declaration(self, path: str) -> str:
        return self._filled(self.rng.choice(_PROGRAM if path.endswith(".dspy") else _PYTHON)) + "\n"

    def _filled(self, template: str) -> str:
        """A template with a word for each of its blanks."""
        return (
            re.sub(r"\{([a-z][a-z _]*)\}", lambda blank: self._word(blank[1]), template)
            .replace("{{", "{")
            .replace("}}", "}")
        )

    def _word(self, blank: str) -> str:
        rng = self.rng
        match blank:
            case "a_type":
                return self._filled(rng.choice(_TYPES))
            case "a_value":
                return self._filled(rng.choice(_VALUES))
            case "base":
                return rng.choice(_NAMES[:6])
            case _:
                return rng.choice(_KINDS[blank] if rng.random() < 0.95 else _NAMES)

    def _without(self, text: str) -> str:
        """A text without one of its blocks."""
        blocks = text.split("\n\n")
        del blocks[self.rng.randrange(len(blocks))]
        rest = "\n\n".join(blocks)
        return rest if rest.endswith("\n") or not rest else rest + "\n"


def _declared(text: str) -> list[str]:
    """The names that a text declares and imports."""
    heads = [first or second for first, second in _HEAD.findall(text)]
    return [*heads, *(each for names in _IMPORT.findall(text) for each in re.findall(r"\w+", names))]
