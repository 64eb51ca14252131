"""What a Python function may do to the machine it runs on, read from its text: suspicions, no proof.

A function is looked at with the functions of its own file that it calls. What other files do is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from typing import TypeAlias

from ..facts import NOTHING_KNOWN, PythonFacts, Risk, RiskKind
from .file import Imported, PythonFile
from .types import dotted

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_MOST_FUNCTIONS = 200
"""How many functions of a file are looked at for one."""

_MODULES: Mapping[str, RiskKind] = {
    "aiohttp": "network",
    "boto3": "network",
    "code": "code",
    "ctypes": "code",
    "docker": "commands",
    "fabric": "commands",
    "ftplib": "network",
    "http.client": "network",
    "httpx": "network",
    "imaplib": "network",
    "invoke": "commands",
    "paramiko": "network",
    "pexpect": "commands",
    "playwright": "network",
    "poplib": "network",
    "pty": "commands",
    "requests": "network",
    "runpy": "code",
    "selenium": "network",
    "smtplib": "network",
    "socket": "network",
    "subprocess": "commands",
    "telnetlib": "network",
    "urllib.request": "network",
    "urllib3": "network",
    "websocket": "network",
    "websockets": "network",
    "xmlrpc.client": "network",
}
"""Modules that are there to do this."""

_FUNCTIONS: Mapping[str, RiskKind] = {
    "asyncio.create_subprocess_exec": "commands",
    "asyncio.create_subprocess_shell": "commands",
    "asyncio.open_connection": "network",
    "dill.load": "code",
    "dill.loads": "code",
    "eval": "code",
    "exec": "code",
    "importlib.import_module": "code",
    "joblib.load": "code",
    "marshal.loads": "code",
    "os.chmod": "files",
    "os.link": "files",
    "os.makedirs": "files",
    "os.mkdir": "files",
    "os.popen": "commands",
    "os.remove": "files",
    "os.removedirs": "files",
    "os.rename": "files",
    "os.renames": "files",
    "os.replace": "files",
    "os.rmdir": "files",
    "os.symlink": "files",
    "os.system": "commands",
    "os.truncate": "files",
    "os.unlink": "files",
    "pickle.load": "code",
    "pickle.loads": "code",
    "shutil.copy": "files",
    "shutil.copy2": "files",
    "shutil.copyfile": "files",
    "shutil.copytree": "files",
    "shutil.move": "files",
    "shutil.rmtree": "files",
    "shutil.unpack_archive": "files",
}
_COMMANDS = ("os.exec", "os.spawn", "os.posix_spawn")
_METHODS: Mapping[str, RiskKind] = {"write_text": "files", "write_bytes": "files"}
"""Methods of paths whose names nothing else has."""


def python_facts(file: PythonFile, name: str) -> PythonFacts:
    """What the text of a function of the file's top level tells."""
    node = file.definitions.get(name)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return NOTHING_KNOWN
    arguments = node.args
    untyped = tuple(
        each.arg
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if each.annotation is None
    )
    by_kind: dict[RiskKind, Risk] = {}
    for risk in _risks(file, node):
        by_kind.setdefault(risk.kind, risk)
    return PythonFacts(tuple(by_kind.values()), untyped)


def _risks(file: PythonFile, function: _Function) -> Iterator[Risk]:
    seen = {function.name}
    waiting: list[_Function] = [function]
    while waiting:
        own = waiting.pop()
        imports = _imports(file, own)
        for node in ast.walk(own):
            if not isinstance(node, ast.Call):
                continue
            risk = _risk(node, imports, file.definitions)
            if risk is not None:
                yield risk
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            called = file.definitions.get(name)
            if isinstance(called, _FUNCTION) and name not in seen and len(seen) < _MOST_FUNCTIONS:
                seen.add(name)
                waiting.append(called)


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _imports(file: PythonFile, function: _Function) -> dict[str, str]:
    """What the names of modules and of their functions stand for inside of a function."""
    found = {
        name: each.module if each.name is None else f"{each.module}.{each.name}"
        for name, each in file.definitions.items()
        if isinstance(each, Imported) and not each.level
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for each in node.names:
                found[each.asname or each.name] = f"{node.module}.{each.name}"
    return found


def _risk(call: ast.Call, imports: Mapping[str, str], own: Container[str]) -> Risk | None:
    """What a call may do; `own` are the names that the file defines itself."""
    written = dotted(call.func)
    head, dot, rest = written.partition(".")
    if head in imports:
        name = f"{imports[head]}{dot}{rest}"
        kind = risk_of(name)
        if kind is not None:
            return Risk(kind, name)
    if isinstance(call.func, ast.Name):
        if head in imports or head in own:
            return None
        kind = _FUNCTIONS.get(head)
        if head == "open" and _writes(call, 1):
            kind = "files"
        return Risk(kind, head) if kind is not None else None
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    kind = _METHODS.get(method)
    if method == "open" and _writes(call, 0):
        kind = "files"
    return Risk(kind, written.lstrip(".")) if kind is not None else None


def risk_of(name: str) -> RiskKind | None:
    """What a function of an installed module does, by its full name."""
    found = _FUNCTIONS.get(name)
    if found is not None:
        return found
    if name.startswith(_COMMANDS):
        return "commands"
    module = name
    while "." in module:
        module = module.rpartition(".")[0]
        if module in _MODULES:
            return _MODULES[module]
    return None


def _writes(call: ast.Call, position: int) -> bool:
    """Whether a file is opened to write into it, as far as that is written; the mode stands at a position."""
    modes = [each.value for each in call.keywords if each.arg == "mode"] + call.args[position : position + 1]
    texts = [each.value for each in modes if isinstance(each, ast.Constant)]
    return any(isinstance(each, str) and set(each) <= _MODE and set(each) & set("wax+") for each in texts)


_MODE = frozenset("rwaxbt+")
