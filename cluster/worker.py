"""What happens on a worker: texts become a program, rows and a metric again, and a task is done with them."""

from __future__ import annotations

import atexit
import hashlib
import importlib
import importlib.util
import shutil
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from ..base import json
from ..base.files import write_atomically
from ..loader.load import load, on_search_path
from ..loader.naming import file_of_name
from ..runtime.errors import StateError
from ..runtime.execution.replacing import replacing
from ..runtime.execution.settings import context
from ..runtime.lm.recording import recording
from ..runtime.lm.reproducible import reproducible
from ..runtime.lm.usage import observing
from ..runtime.modules.saving.names import OURS, Finder
from ..runtime.modules.saving.values import Reader
from ..runtime.work.budget import Count
from ..runtime.work.task import Task
from .failures import failure_facts

_KEPT = 256
"""How many objects a worker keeps; the ones that were used last stay."""


def work(content: str, names: str, *texts: str) -> str:
    """Do a task, and say what came of it.

    Args:
        content: the task, what to do, and the answers that it has already.
        names: what each of the texts is: `sources`, `settings`, and the names in the registry.
        texts: these.

    Returns:
        as JSON: `value`, `error`, `usage`, `seconds`, and where it failed the `answers` that it got.
    """
    given = json.load(content)
    by_name = dict(zip(json.load(names), texts, strict=True))
    program = _Sources.at(by_name.pop("sources"))
    settings = program.value(by_name.pop("settings"), _settings)
    registry = {name: program.value(text, _object) for name, text in by_name.items()}
    kept = _Answers(given["answers"])
    count = Count()
    began = time.perf_counter()
    with _in_force(settings), recording(kept), observing(count.add):
        value, error = _done(program, given, registry)
    usage = count.usage
    found: dict[str, Any] = {
        "value": value,
        "error": None if error is None else failure_facts(error),
        "usage": [usage.calls, usage.tokens, usage.cost],
        "seconds": time.perf_counter() - began,
        "answers": kept.new if error is not None else [],
    }
    return json.dump(found)


def _done(program: _Sources, given: Mapping[str, Any], registry: dict[str, Any]) -> tuple[Any, Any]:
    """The value in JSON's types, and the error; a failed one may have a value, too."""
    task = Task(**{**given["task"], "settings": tuple(given["task"]["settings"])})
    do: Callable[[Task, Mapping[str, Any]], Any] = program.finder.find(given["do"])
    write: Callable[[Any], Any] = program.finder.find(given["write"])
    try:
        value = do(task, registry)
    except Exception as raised:  # noqa: BLE001  the failure belongs to its task
        return None, raised
    error = getattr(value, "error", None)
    if error is None:
        return write(value), None
    with suppress(Exception):
        return (write(value) if given["writes_failed"] else None), error
    return None, error


class _Answers:
    """The answers to a task: those of an earlier process, and new ones."""

    def __init__(self, known: Mapping[str, list[Any]]) -> None:
        self._known = {name: list(answers) for name, answers in known.items()}
        self._lock = threading.Lock()
        self.new: list[list[Any]] = []

    def recall(self, name: str) -> Any:
        """See `Recorder`."""
        with self._lock:
            found = self._known.get(name)
            return found.pop(0) if found else None

    def keep(self, name: str, answer: Any) -> None:
        """See `Recorder`."""
        with self._lock:
            self.new.append([name, answer])


# --- settings ---------------------------------------------------------------------------------------------


def _settings(reader: Reader, content: Any) -> dict[str, Any]:
    found = {name: reader.read(content[name]) for name in ("settings", "lm", "everywhere")}
    return {**found, "reproducible": content["reproducible"]}


def _object(reader: Reader, content: Any) -> Any:
    return reader.read(content)


@contextmanager
def _in_force(settings: Mapping[str, Any]) -> Iterator[None]:
    """Let the settings of whoever gave the task hold."""
    given = dict(settings["settings"])
    if settings["lm"] is not None:
        given["lm"] = settings["lm"]
    with ExitStack() as stack:
        stack.enter_context(context(**given))
        if settings["everywhere"] is not None:
            stack.enter_context(replacing(settings["everywhere"]))
        if settings["reproducible"]:
            stack.enter_context(reproducible())
        yield


# --- sources ----------------------------------------------------------------------------------------------


class _Sources:
    """A program's files on this worker, and the objects that were read with them."""

    _lock = threading.RLock()
    _known: ClassVar[dict[str, _Sources]] = {}

    def __init__(self, text: str, name: str) -> None:
        content = json.load(text)
        self._folder = _own_folder() / name
        for path, source in content["files"].items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            # The bytes that they had; a source may say that it has another encoding.
            write_atomically(target, source.encode("utf-8", "surrogateescape"))
        self.finder = _Finder({name: self._folder / path for name, path in content["modules"].items()})
        self._values: OrderedDict[str, Any] = OrderedDict()

    @classmethod
    def at(cls, text: str) -> _Sources:
        """The files of a text; they are written once."""
        name = _digest(text)
        with cls._lock:
            if name not in cls._known:
                cls._known[name] = cls(text, name)
            return cls._known[name]

    def value(self, text: str, read: Callable[[Reader, Any], Any]) -> Any:
        """What a text stands for; read once."""
        name = _digest(text)
        with self._lock:
            if name not in self._values:
                self._values[name] = read(_Reader(self.finder), json.load(text))
                while len(self._values) > _KEPT:
                    self._values.popitem(last=False)
            self._values.move_to_end(name)
            return self._values[name]


@cache
def _own_folder() -> Path:
    """A folder that only this process writes to: what is in it will be run."""
    folder = tempfile.mkdtemp(prefix="dspyc-worker-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Reader(Reader):
    """Reads what the cluster's writer has written."""

    def _readers(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        return {**super()._readers(), "cluster lm": self._lm, "cluster text": self._text}

    def _lm(self, written: dict[str, Any]) -> Any:
        return self._finder.find(written["class"])(**written["state"])

    def _text(self, written: dict[str, Any]) -> Any:
        return self._finder.find(written["class"])(written["text"])


class _Finder(Finder):
    """Finds names in the files that came with the work, and else among what is installed here."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        super().__init__({}, allow_code=True)
        self._files = files

    def find(self, name: str) -> Any:
        """The class or function of a name; see `Finder`."""
        module_name, _, path = name.rpartition(":")
        found: Any = self._module(module_name, name)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise StateError(f"the work needs `{name}`, which does not exist on the worker")
        return found

    def _module(self, name: str, wanted: str) -> ModuleType:
        if (made := self._made.get(name)) is not None:
            return made
        if (file := self._files.get(name)) is not None:
            made = self._made[name] = _loaded(name, file)
            return made
        if file_of_name(name) is not None:
            raise StateError(f"the work needs `{wanted}`, whose file did not come with it")
        if name == OURS or name.startswith(f"{OURS}."):
            return importlib.import_module(name)
        return super()._module(name, wanted)


def _loaded(name: str, file: Path) -> ModuleType:
    """The module of a file of the user's, in its newest version."""
    if file.suffix == ".dspy":
        return load(file)
    parts = name.split(".")
    if name == "__main__":
        # As what is imported, so that only its declarations run.
        parts = [file.stem]
    folder = file.parents[len(parts) - 1 + (file.name == "__init__.py")]
    known = sys.modules.get(".".join(parts))
    if known is not None and getattr(known, "__file__", None) != str(file):
        for each in [each for each in sys.modules if each.partition(".")[0] == parts[0]]:
            del sys.modules[each]
    with on_search_path(str(folder)):
        importlib.invalidate_caches()
        return importlib.import_module(".".join(parts))
