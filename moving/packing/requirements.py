"""What a packaged program needs besides itself: extras of this package, and what its Python files import."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from typing import Any

from ...base.version import VERSION
from .contents import Named, Unpackable

_EXTRAS = {
    "mcp": r"\bMCP\(",
    "retrieval": r"\b(?:BM25|Embeddings|EmbeddingsWithScores|KNNFewShot|KNN)\(",
    "embedded": r"""["'](?:embedded|gguf)/""",
    "code": r"\b(?:run_python|ProgramOfThought|CodeAct|RLM)\b",
    "data": r"""\.parquet["'.]|["']hf://""",
    "audio": r"\bAudio\b",
}
"""The extras of this package, each with what in a program's text needs it."""


def extras(contents: Mapping[str, bytes]) -> list[str]:
    """The extras that the `.dspy` files, and the models among the contents, need."""
    text = "\n".join(
        data.decode("utf-8", errors="replace") for name, data in contents.items() if name.endswith(".dspy")
    )
    found = {extra for extra, pattern in _EXTRAS.items() if re.search(pattern, text)}
    if any(name.endswith(".safetensors") for name in contents):
        found.add("tune")
    if any(name.endswith(".gguf") for name in contents):
        found.add("embedded")
    return sorted(found)


def requirements(
    contents: Mapping[str, bytes], imported: Iterable[tuple[str, str]], also: Iterable[str] = ()
) -> list[str]:
    """The requirements as pip reads them: this package first, then those of the program's Python files.

    Args:
        contents: the program's files.
        imported: what its `.dspy` files import: the file, and the module.
        also: further extras.

    Raises:
        Unpackable: a Python file imports what is neither installed nor part of the program.
    """
    wanted = sorted({*extras(contents), *also})
    own = f"dspyc[{','.join(wanted)}]" if wanted else "dspyc"
    others = {distribution_of(module, name) for name, module in _foreign(contents, imported)}
    found = [f"{name}>={metadata.version(name)}" for name in sorted(others - {"dspyc"})]
    return [f"{own}>={VERSION}", *found]


def pinned(wanted: Iterable[str]) -> list[str]:
    """All that these requirements need, each with the version that is installed here.

    Raises:
        Unpackable: one of them is not installed.
    """
    found: dict[str, str] = {}
    waiting = [_parsed(each) for each in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, chosen = waiting.pop()
        if (name, chosen) in seen:
            continue
        seen.add((name, chosen))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise Unpackable(
                f"`{name}` is needed and not installed, so its version cannot be pinned",
                f'install it: pip install "{name}"',
            ) from None
        found[name] = distribution.version
        waiting += _needed(distribution.requires or (), chosen)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _requirement(text: str) -> Any:
    """One requirement, read.

    Raises:
        Unpackable: the package that reads them is not installed.
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:
        raise Unpackable(
            "requirements are read by the package `packaging`, which is not installed",
            'install it: pip install "dspyc[build]"',
        ) from None
    return Requirement(text)


def _needed(requires: Iterable[str], chosen: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    found = []
    for text in requires:
        one = _requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*chosen, "")):
            found.append((_normal(one.name), frozenset(one.extras)))
    return found


def _parsed(text: str) -> tuple[str, frozenset[str]]:
    one = _requirement(text)
    return _normal(one.name), frozenset(one.extras)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _foreign(contents: Mapping[str, bytes], imported: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The modules that the program's files import and that are not its own, each with the file."""
    own = {name.partition("/")[0].rpartition(".")[0] or name.partition("/")[0] for name in contents}
    found: dict[str, str] = {}
    python = [
        (name, module)
        for name, data in contents.items()
        if name.endswith(".py")
        for module in _python_imports(data)
    ]
    for name, module in (*imported, *python):
        top = module.partition(".")[0]
        if top and top not in own and top not in sys.stdlib_module_names:
            found.setdefault(module, name)
    return [(name, module) for module, name in found.items()]


def _python_imports(data: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def distribution_of(module: str, name: str) -> str:
    """What pip calls the package that has a module.

    Args:
        module: with its packages, like `google.protobuf`.
        name: the file that imports it.

    Raises:
        Unpackable: no package that is installed here has it.
    """
    known = list(dict.fromkeys(_distributions().get(module.partition(".")[0], ())))
    if not known:
        raise Unpackable(
            f"{name} imports `{module}`, which is neither part of the program nor installed",
            "install it, so that the package can require it",
        )
    if len(known) > 1:
        # A namespace that several share: the one with the module's file.
        path = module.replace(".", "/")
        files = {f"{path}.py", f"{path}/__init__.py"}
        having = [
            each for each in known if files & {str(one) for one in metadata.distribution(each).files or ()}
        ]
        known = having or known
    return _normal(known[0])


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def refuse_taken(name: Named, script: str | None) -> None:
    """Refuse names that would replace what others have installed here, which the program may need.

    Raises:
        Unpackable: a package, or a command, of another origin has the name.
    """
    commands: set[str] = set()
    try:
        distribution = metadata.distribution(name.distribution)
    except metadata.PackageNotFoundError:
        pass
    else:
        commands = {each.name for each in distribution.entry_points}
        if f"{name.module}/package.json" not in {str(each) for each in distribution.files or ()}:
            raise Unpackable(
                f"a package called `{name.distribution}` is installed here, and this one would replace it",
                f"pass another name, --name {name.distribution}-program",
            )
    taken = {each.name for each in metadata.entry_points(group="console_scripts")} | {"python", "python3"}
    if script is not None and script in taken - commands:
        raise Unpackable(f"another package has a command called `{script}`", "pass another --script")
