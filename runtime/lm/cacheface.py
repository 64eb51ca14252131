"""`Cache`: the cache as Python programs see it, with DSPy's methods; and `request_cache` for functions."""

from __future__ import annotations

import copy
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...base import json
from ...base.files import write_atomically
from ...base.secrets import is_secret
from ..errors import ConfigurationError
from . import cache as caching
from .cachejson import read_json, render_json
from .request import Response

if TYPE_CHECKING:
    from sqlite3 import Connection

    from .cachefile import CacheFile

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("dspyc")

_IGNORED = ("api_key", "api_base", "base_url")
_FORMAT = "dspyc cache 1"


class Cache:
    """Values by the request that they answer: `dspy.cache`, and caches of your own.

        dspy.cache.put({"model": "m", "prompt": "How much is 2 + 2?"}, "4")
        dspy.cache.get({"model": "m", "prompt": "How much is 2 + 2?"})     # "4"

    Values of JSON's types and responses of models are kept in the file too; others only in memory. Nothing is
    ever pickled. The answers of `LM` are in here under names of their own.

    Args:
        enable_disk_cache: keep values in a file.
        enable_memory_cache: keep them in memory too.
        disk_cache_dir: the file's folder; the platform's folder for caches when None.
        disk_size_limit_bytes: above this size, the oldest values are deleted from the file.
        memory_max_entries: how many values are kept in memory; `math.inf` for any number.
        restrict_pickle: accepted for DSPy's programs; nothing is ever pickled.
        safe_types: likewise.

    Raises:
        ConfigurationError: `memory_max_entries` is None, or not more than 0.
    """

    def __init__(
        self,
        enable_disk_cache: bool | None = True,
        enable_memory_cache: bool | None = True,
        disk_cache_dir: str | Path | None = None,
        disk_size_limit_bytes: int | None = caching.DEFAULT_BYTES,
        memory_max_entries: float | None = caching.DEFAULT_ENTRIES,
        restrict_pickle: bool = False,
        safe_types: Sequence[type[Any]] | None = None,
    ) -> None:
        entries = caching.verified_entries(enable_memory_cache, memory_max_entries)
        folder = caching.chosen_folder(enable_disk_cache, disk_cache_dir)
        size = caching.DEFAULT_BYTES if disk_size_limit_bytes is None else disk_size_limit_bytes
        self._store = caching.Store(folder, entries, size)

    @classmethod
    def over(cls, store: caching.Store) -> Cache:
        """The face of a store."""
        made = cls.__new__(cls)
        made._store = store
        return made

    @property
    def store(self) -> caching.Store:
        """What keeps the values."""
        return self._store

    @property
    def enable_memory_cache(self) -> bool:
        """Whether values are kept in memory."""
        return self._store.memory_entries > 0

    @property
    def enable_disk_cache(self) -> bool:
        """Whether values are kept in a file."""
        return self._store.file is not None

    @property
    def memory_cache(self) -> MemoryCopy:
        """What is in memory now, by name; a copy."""
        return MemoryCopy(self._store.contents(), self._store.memory_entries)

    @property
    def disk_cache(self) -> Mapping[str, Any]:
        """What is in the file, by name: read where it is asked for. Empty where there is no file."""
        return {} if self._store.file is None else DiskView(self._store.file)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._store.get(key, in_memory=False) is not None

    def cache_key(
        self, request: Mapping[str, Any], ignored_args_for_cache_key: Sequence[str] | None = None
    ) -> str:
        """The name of a request: 64 hexadecimal digits, the same for requests that are alike.

        Keys of providers have no part in it. Models of pydantic count by their content or their schema,
        functions by their source.

        Raises:
            TypeError, ValueError: it holds what has no content of its own.
        """
        from .keys import digest

        ignored = set(ignored_args_for_cache_key or ())
        facts = {
            name: _plain(value)
            for name, value in request.items()
            if name not in ignored and not is_secret(name)
        }
        return digest(_encoded(facts))

    def get(self, request: Mapping[str, Any], ignored_args_for_cache_key: Sequence[str] | None = None) -> Any:
        """A copy of what answers the request, or None; a response is marked as a hit and has no usage."""
        key = self._key(request, ignored_args_for_cache_key)
        found = None if key is None else self._store.get(key)
        if found is None or isinstance(found, Response):
            return found
        found = copy.deepcopy(found)
        if hasattr(found, "usage"):
            found.usage = {}
            object.__setattr__(found, "cache_hit", True)
        return found

    def put(
        self,
        request: Mapping[str, Any],
        value: Any,
        ignored_args_for_cache_key: Sequence[str] | None = None,
        enable_memory_cache: bool = True,
    ) -> None:
        """Keep what answers a request; one that cannot be named is not kept."""
        key = self._key(request, ignored_args_for_cache_key)
        if key is not None and value is not None:
            self._store.put(key, value, enable_memory_cache)

    def reset_memory_cache(self) -> None:
        """Forget what is in memory."""
        self._store.clear_memory()

    def save_memory_cache(self, filepath: str | Path) -> None:
        """Write what is in memory to a file, as JSON; what JSON cannot hold is left out.

        Raises:
            OSError: the file cannot be written.
        """
        kept = {}
        for key, value in self._store.contents().items():
            try:
                kept[key] = render_json(value)
            except (TypeError, ValueError, RecursionError):
                logger.warning("a value of type %s is left out of %s", type(value).__name__, filepath)
        write_atomically(filepath, json.dump({"format": _FORMAT, "answers": kept}))

    def load_memory_cache(self, filepath: str | Path, allow_pickle: bool = False) -> None:
        """Put into memory what `save_memory_cache` has written.

        Args:
            filepath: the file.
            allow_pickle: accepted for DSPy's programs; a pickle is never read.

        Raises:
            ConfigurationError: it is no such file.
            OSError: it cannot be read.
        """
        try:
            content = json.load(Path(filepath).read_bytes())
            if content["format"] != _FORMAT:
                raise ValueError("another format")
            answers = {key: read_json(text) for key, text in content["answers"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{filepath} is not a cache that `save_memory_cache` of dspyc has written; pickles of DSPy "
                "are never read, because reading them can run any code"
            ) from error
        for key, value in answers.items():
            self._store.put_in_memory(key, value)

    def _key(self, request: Mapping[str, Any], ignored: Sequence[str] | None) -> str | None:
        if not (self.enable_memory_cache or self.enable_disk_cache):
            return None
        try:
            return self.cache_key(request, ignored)
        except (TypeError, ValueError, AttributeError, RecursionError):
            return None


class MemoryCopy(dict[str, Any]):
    """What a cache held in memory at some moment, by name.

    Args:
        values: the values.
        maxsize: how many the cache keeps at most.
    """

    def __init__(self, values: Mapping[str, Any], maxsize: float) -> None:
        super().__init__(values)
        self.maxsize = maxsize


class DiskView(Mapping[str, Any]):
    """What a cache's file holds, by name.

    Args:
        file: the file.
    """

    def __init__(self, file: CacheFile) -> None:
        self._file = file

    def __getitem__(self, key: str) -> Any:
        text = self._file.get(key)
        if text is None:
            raise KeyError(key)
        return read_json(text)

    def __iter__(self) -> Iterator[str]:
        def read(connection: Connection) -> list[str]:
            return [key for (key,) in connection.execute("SELECT key FROM answers ORDER BY made")]

        return iter(self._file.work(read) or [])

    def __len__(self) -> int:
        return sum(1 for _ in self)


_shown: Cache | None = None
_before: deque[Cache] = deque(maxlen=16)
"""The caches that others were put in the place of, the last one last."""


def shown() -> Cache:
    """The cache of this process; the same object as long as it is the same cache."""
    global _shown
    store = caching.current()
    if _shown is None or _shown.store is not store:
        _shown = Cache.over(store)
    return _shown


def show(cache: Cache) -> None:
    """Make this the cache of this process.

    Raises:
        ConfigurationError: it is no `Cache`.
    """
    if not isinstance(cache, Cache):
        raise ConfigurationError(f"the cache must be a `Cache`, not {type(cache).__name__}")
    _before.append(shown())
    _use(cache)


def show_previous() -> None:
    """Make that the cache of this process which `show` has put another in the place of."""
    if _before:
        _use(_before.pop())


def _use(cache: Cache) -> None:
    global _shown
    _shown = cache
    caching.use(cache.store)


def request_cache(
    cache_arg_name: str | None = None,
    ignored_args_for_cache_key: Sequence[str] | None = None,
    enable_memory_cache: bool = True,
    *,
    maxsize: int | None = None,
) -> Callable[[F], F]:
    """A function whose results are kept in `dspy.cache`, by its arguments.

    Args:
        cache_arg_name: the argument that is the request; all arguments are when None.
        ignored_args_for_cache_key: arguments that do not matter; `api_key`, `api_base` and `base_url` when
            None.
        enable_memory_cache: keep results in memory too.
        maxsize: accepted for old programs of DSPy; it has no effect.
    """
    ignored = list(_IGNORED if ignored_args_for_cache_key is None else ignored_args_for_cache_key)

    def decorate(function: F) -> F:
        from inspect import iscoroutinefunction

        name = f"{function.__module__}.{function.__qualname__}"

        def request_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
            if cache_arg_name:
                given = dict(kwargs[cache_arg_name])
            else:
                given = {**kwargs, **{f"positional_arg_{at}": value for at, value in enumerate(args)}}
            # A function may change what it is given.
            return {**copy.deepcopy(given), "_fn_identifier": name}

        if iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                cache, request = shown(), request_of(args, kwargs)
                found = cache.get(request, ignored)
                if found is None:
                    found = await function(*args, **kwargs)
                    cache.put(request, found, ignored, enable_memory_cache)
                return found

            return awaited  # type: ignore[return-value]

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            cache, request = shown(), request_of(args, kwargs)
            found = cache.get(request, ignored)
            if found is None:
                found = function(*args, **kwargs)
                cache.put(request, found, ignored, enable_memory_cache)
            return found

        return called  # type: ignore[return-value]

    return decorate


def _encoded(facts: dict[str, Any]) -> bytes:
    import msgspec

    return msgspec.json.Encoder(order="deterministic").encode(facts)


def _plain(value: Any) -> Any:
    """A value as what can be told apart by its JSON."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if not is_secret(str(name))}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if callable(value):
        return _source_of(value)
    return value


def _source_of(function: Any) -> str:
    from inspect import getsource

    try:
        return f"<source:{getsource(function)}>"
    except (TypeError, OSError):
        return f"<function:{getattr(function, '__qualname__', type(function).__qualname__)}>"


__all__ = ["Cache", "request_cache"]
