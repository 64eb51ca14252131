"""`dspy.cache`, `Cache` and `request_cache`: DSPy's methods over the cache, without pickles."""

from __future__ import annotations

import asyncio
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.request import Response

REQUEST = {"prompt": "Hello", "model": "openai/gpt-4o-mini", "temperature": 0.7}


@dataclass
class Answered:
    message: str
    usage: dict[str, int] = field(default_factory=lambda: {"tokens": 3})


class Point(pydantic.BaseModel):
    x: int


class Other(pydantic.BaseModel):
    y: int


def test_a_value_is_found_by_its_request(tmp_path: Path) -> None:
    cache = dspy.Cache(disk_cache_dir=tmp_path)
    assert cache.get(REQUEST) is None
    cache.put(REQUEST, {"answer": [1, "two", None]})
    assert cache.cache_key(REQUEST) in cache
    found = cache.get(dict(reversed(REQUEST.items())))
    assert found == {"answer": [1, "two", None]}
    found["answer"].append("changed")
    cache.reset_memory_cache()
    assert cache.memory_cache == {}
    assert cache.get(REQUEST) == {"answer": [1, "two", None]}
    assert dspy.Cache(disk_cache_dir=tmp_path).get(REQUEST) == {"answer": [1, "two", None]}


def test_responses_come_back_as_hits(tmp_path: Path) -> None:
    cache = dspy.Cache(disk_cache_dir=tmp_path, enable_memory_cache=False)
    cache.put(REQUEST, Response(["a"], {"total_tokens": 3}, 0.5))
    assert cache.get(REQUEST) == Response(["a"], cache_hit=True)


def test_what_json_cannot_hold_stays_in_memory(tmp_path: Path) -> None:
    cache = dspy.Cache(disk_cache_dir=tmp_path)
    for value in (Answered("hi"), (1, 2), {1: "x"}, float("nan")):
        cache.put(REQUEST, value)
        assert type(cache.get(REQUEST)) is type(value)
    cache.put(REQUEST, Answered("hi"))
    found = cache.get(REQUEST)
    assert (found.message, found.usage, found.cache_hit) == ("hi", {}, True)
    cache.reset_memory_cache()
    assert cache.get(REQUEST) is None


def test_the_name_of_a_request() -> None:
    cache = dspy.Cache(enable_disk_cache=False)

    def name(**changes: Any) -> str:
        return cache.cache_key({**REQUEST, **changes})

    assert len(name()) == 64
    assert name(api_key="a") == name(api_key="b") == name()
    assert name(extra={"hf_token": "a", "k": 1}) == name(extra={"hf_token": "b", "k": 1})
    assert name(data=Point(x=1)) == name(data=Point(x=1)) != name(data=Point(x=2))
    assert name(kind=Point) != name(kind=Other)
    assert name(function=test_the_name_of_a_request) != name(function=len)
    assert cache.cache_key({"a": 1, "b": 2}, ["b"]) == cache.cache_key({"a": 1})
    cache.put({"a": object()}, "x")
    assert cache.get({"a": object()}) is None


@pytest.mark.parametrize("entries", [None, 0, -1])
def test_a_size_that_is_none_is_refused(entries: Any) -> None:
    with pytest.raises(ValueError, match="memory_max_entries"):
        dspy.Cache(enable_disk_cache=False, memory_max_entries=entries)
    with pytest.raises(ValueError, match="memory_max_entries"):
        dspy.configure_cache(memory_max_entries=entries)
    dspy.Cache(enable_disk_cache=False, enable_memory_cache=False, memory_max_entries=entries).put(
        REQUEST, "x"
    )


def test_the_memory_is_bounded_or_not() -> None:
    small = dspy.Cache(enable_disk_cache=False, memory_max_entries=2)
    endless = dspy.Cache(enable_disk_cache=False, memory_max_entries=math.inf)
    for number in range(5):
        small.put({"n": number}, number)
        endless.put({"n": number}, number)
        small.get({"n": 0})
    assert list(small.memory_cache.values()) == [4, 0]
    assert list(endless.memory_cache.values()) == [0, 1, 2, 3, 4]


def test_the_memory_can_be_saved_and_loaded_without_a_pickle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = dspy.Cache(enable_disk_cache=False)
    cache.put(REQUEST, "text")
    cache.put({"n": 1}, Response(["a"]))
    cache.put({"n": 2}, Answered("stays"))
    cache.save_memory_cache(tmp_path / "memory.json")
    assert "Answered" in caplog.records[0].message
    fresh = dspy.Cache(enable_disk_cache=False)
    fresh.load_memory_cache(str(tmp_path / "memory.json"), allow_pickle=True)
    assert (fresh.get(REQUEST), fresh.get({"n": 1}).text, fresh.get({"n": 2})) == ("text", "a", None)
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps({"a": 1}))
    for name, content in (("evil.pkl", None), ("list.json", "[]"), ("other.json", '{"format": "x"}')):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(dspy.ConfigurationError, match="is not a cache"):
            fresh.load_memory_cache(tmp_path / name, allow_pickle=True)
    with pytest.raises(FileNotFoundError):
        fresh.load_memory_cache(tmp_path / "missing")


def test_the_cache_of_the_process_can_be_seen_and_replaced(tmp_path: Path, monkeypatch: Any) -> None:
    dspy.configure_cache(disk_cache_dir=tmp_path / "a")
    first = dspy.cache
    assert dspy.cache is first
    asked: list[str] = []

    class Model(dspy.BaseLM):
        cache = True

        def complete(self, request: Any) -> Response:
            asked.append("asked")
            return Response(["x"])

    lm = Model()
    lm("q")
    lm("q")
    assert len(first.memory_cache) == len(asked) == 1
    with monkeypatch.context() as patch:
        patch.setattr(dspy, "cache", dspy.Cache(enable_disk_cache=False))
        lm("q")
        assert len(asked) == len(dspy.cache.memory_cache) + 1 == 2
    assert dspy.cache is first
    lm("q")
    assert len(asked) == 2
    dspy.configure_cache(disk_cache_dir=tmp_path / "b")
    assert dspy.cache is not first
    with pytest.raises(dspy.ConfigurationError, match="must be a `Cache`"):
        dspy.cache = {}
    assert "cache" in dir(dspy)


def test_functions_can_keep_their_results() -> None:
    calls: list[Any] = []

    @dspy.request_cache(cache_arg_name="request", ignored_args_for_cache_key=["api_key"])
    def by_request(request: dict[str, Any], other: int = 0) -> dict[str, Any]:
        calls.append(dict(request))
        request.pop("model")
        return {"n": len(calls)}

    @dspy.request_cache()
    async def by_all(*args: Any, **kwargs: Any) -> int:
        calls.append((args, kwargs))
        return len(calls)

    assert by_request(request={"model": "m", "api_key": "a"}) == {"n": 1}
    assert by_request(request={"model": "m", "api_key": "b"}, other=1) == {"n": 1}
    assert by_request(request={"model": "n"}) == {"n": 2}
    assert asyncio.run(by_all(1, x=2)) == asyncio.run(by_all(1, x=2)) == 3
    assert asyncio.run(by_all(2, x=2)) == 4
    assert by_request.__name__ == "by_request"
