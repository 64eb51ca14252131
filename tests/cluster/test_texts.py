"""What goes to the workers of a cluster and comes back: texts, with the same results as in this process."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.cluster import parcels, worker
from dspyc.cluster.failures import WorkerError, failure, failure_facts
from dspyc.runtime import (
    ConfigurationError,
    Evaluate,
    EvaluationError,
    Example,
    LMAuthError,
    Predict,
    context,
)
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.run import journalled, working
from support.clusters import WORDS, Workers
from support.openai_server import Failure, OpenAIServer
from support.resumable import Killed


def learned(path: Path) -> Any:
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["predictors"], content["candidates"], content["score"]


def test_an_evaluation_gives_the_same_rows(bank: Any, tmp_path: Path) -> None:
    here = bank.score()
    engine = Workers(tmp_path / "bank.dspy")
    with working(engine=engine):
        there = bank.score()
    assert engine.tasks == 10
    assert there.records() == here.records()
    assert [row.prediction.note.words for row in there.rows] == [
        row.prediction.note.words for row in here.rows
    ]
    assert {type(row.prediction.team) for row in there.rows} == {bank.Team}
    assert {row.feedback for row in there.rows} == {row.feedback for row in here.rows}
    assert all(row.seconds > 0 for row in there.rows)


@pytest.mark.parametrize("name", ["taught", "searched"])
def test_an_optimization_learns_the_same(bank: Any, tmp_path: Path, server: OpenAIServer, name: str) -> None:
    program = getattr(bank, name)
    evaluation = Evaluate(program, devset=bank.dev, metric=bank.same_team)
    program.optimize(evaluation=evaluation)
    here, asked = learned(program.state_path), len(server.requests)
    program.state_path.unlink()
    server.requests.clear()
    engine = Workers(tmp_path / "bank.dspy")
    program.optimize(evaluation=evaluation, engine=engine, journal=True)
    assert learned(program.state_path) == here
    assert len(server.requests) == asked
    assert engine.tasks > 10


def test_texts_are_sent_once_and_hold_no_key(bank: Any, tmp_path: Path) -> None:
    engine = Workers(tmp_path / "bank.dspy")
    with working(engine=engine):
        bank.score()
        before = list(engine.sent)
        bank.score()
    assert engine.sent == before
    assert not any("canary" in text for text in [*engine.sent, *engine.contents])
    sources = next(json.loads(text) for text in engine.sent if '"files"' in text)
    assert sorted(sources["files"]) == ["bank.dspy", "words.py"]


def test_settings_and_the_models_of_a_context_go_along(
    bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    from dspyc.runtime import LM, JSONAdapter

    server.answer = lambda body: (
        json.dumps({"team": "loans", "note": {"words": 1, "kind": "x"}})
        if body["model"] == "other" and body["temperature"] == 0.5
        else "?"
    )
    other = LM("openai/other", api_base=server.api_base, temperature=0.5, cache=False)
    with context(lm=other, adapter=JSONAdapter()), working(engine=Workers(tmp_path / "bank.dspy")):
        result = bank.score()
    assert {row.prediction.team for row in result.rows} == {bank.Team.loans}


def test_a_row_that_fails_fails_with_its_own_error(bank: Any, tmp_path: Path, server: OpenAIServer) -> None:
    server.answer = lambda body: "?" if "message 3 " in str(body) else _right(body)
    with working(engine=Workers(tmp_path / "bank.dspy")):
        result = bank.score()
    failed = [row for row in result.rows if row.error is not None]
    assert len(failed) == sum("message 3 " in row.text for row in bank.dev)
    for row in failed:
        assert type(row.error).__name__ == "AdapterParseError"
        assert row.value == 0


def test_a_row_that_no_metric_could_judge_keeps_its_prediction_and_its_calls(
    bank: Any, tmp_path: Path
) -> None:
    here = bank.strict_score()
    with working(engine=Workers(tmp_path / "bank.dspy")):
        there = bank.strict_score()
    assert 0 < len(here.errors) < len(here.rows)
    assert there.records() == here.records()
    assert [row.calls for row in there.rows] == [row.calls for row in here.rows]
    assert there.usage == here.usage
    assert {type(row.prediction.team) for row in there.rows} == {bank.Team}


@pytest.mark.parametrize("lost", [False, True])
def test_a_row_that_fails_ends_no_search(
    bank: Any, tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """Whether its run failed, or the worker that had it was lost."""
    from dspyc.runtime import GEPA, LM

    server.answer = lambda body: "?" if "message 3 " in str(body) and not lost else _right(body)
    engine = Workers(tmp_path / "bank.dspy")
    given = engine._result
    failures = iter([WorkerError("the worker was lost")] if lost else [])

    def result(handle: Any) -> str:
        text = given(handle)
        for error in failures:
            raise error
        return text

    monkeypatch.setattr(engine, "_result", result)
    writer = LM("openai/writer", api_base=server.api_base, cache=False)
    optimizer = GEPA(bank.same_team, max_metric_calls=40, reflection_lm=writer, reflection_minibatch_size=20)
    with working(engine=engine):
        assert optimizer.compile(bank.sort, trainset=bank.rows, valset=bank.dev).candidate_programs


def _right(body: dict[str, Any]) -> str:
    return (
        '[[ ## team ## ]]\ncards\n\n[[ ## note ## ]]\n{"words": 0, "kind": "short"}\n\n[[ ## completed ## ]]'
    )


def test_what_would_fail_for_all_ends_the_work(bank: Any, tmp_path: Path, server: OpenAIServer) -> None:
    server.script(*[Failure(401, "no such key")] * 30)
    engine = Workers(tmp_path / "bank.dspy")
    with working(engine=engine), pytest.raises(LMAuthError, match="no such key"):
        bank.score()
    assert engine.tasks < 10


def test_what_was_paid_for_outlives_what_ends_the_work(
    bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    """Rows that were under way are kept when another one ends the work."""
    server.script(Failure(401, "no such key"))
    path, facts = tmp_path / "journal", {"program": "bank"}
    engine = Workers(tmp_path / "bank.dspy")
    with pytest.raises(LMAuthError), journalled(path, facts, engine=engine):
        bank.score(num_threads=3)
    tasks = [line for line in path.read_text(encoding="utf-8").splitlines() if '"value"' in line]
    assert len(tasks) == engine.tasks - 1


def test_a_value_that_cannot_be_read_fails_its_row(
    bank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Workers(tmp_path / "bank.dspy")
    given, values = engine._result, iter([[]])

    def result(handle: Any) -> str:
        found = json.loads(given(handle))
        return json.dumps({**found, "value": next(values, found["value"])})

    monkeypatch.setattr(engine, "_result", result)
    with working(engine=engine):
        assert len(bank.score().errors) == 1


def test_a_budget_holds_and_calls_are_counted(bank: Any, tmp_path: Path, server: OpenAIServer) -> None:
    engine = Workers(tmp_path / "bank.dspy")
    with (
        working(budget=Budget(calls=5), engine=engine) as run,
        pytest.raises(EvaluationError, match="its budget of 5 calls is used up"),
    ):
        bank.score(num_threads=1)
    assert run.meter is not None
    assert run.meter.usage.calls == len(server.requests) == 5


def test_a_journal_of_one_engine_is_taken_up_by_another(
    bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    server.script(Failure(500, "down"))
    path, facts = tmp_path / "journal", {"program": "bank"}
    engine = Workers(tmp_path / "bank.dspy")
    with suppress(Killed), journalled(path, facts, engine=engine):
        first = bank.score()
        raise Killed
    assert [type(row.error).__name__ for row in first.rows if row.error is not None] == ["LMServerError"]
    asked = len(server.requests)
    with journalled(path, facts):
        second = bank.score()
    # Only what failed is done again.
    assert len(server.requests) == asked + 1
    assert second.errors == {}
    assert second.records() == bank.score().records()


def test_what_has_no_name_cannot_go(bank: Any, tmp_path: Path) -> None:
    rows = [Example(text="x", team="cards").with_inputs("text")]
    with (
        working(engine=Workers(tmp_path / "bank.dspy")),
        pytest.raises(ConfigurationError, match="has no name by which a worker could find it"),
    ):
        Evaluate(devset=rows, metric=lambda example, pred: True)(Predict("text -> team"))


def test_newer_sources_replace_older_ones(bank: Any, tmp_path: Path) -> None:
    with working(engine=Workers(tmp_path / "bank.dspy")):
        before = bank.score()

    (tmp_path / "words.py").write_text(WORDS.replace("len(text.split())", "99"), encoding="utf-8")
    again = dspyc.load(tmp_path / "bank.dspy")
    with working(engine=Workers(tmp_path / "bank.dspy")):
        after = again.score()
    assert {row.prediction.note.words for row in before.rows} == {5}
    assert {row.prediction.note.words for row in after.rows} == {99}


def test_sources_keep_their_bytes(tmp_path: Path) -> None:
    source = b'# -*- coding: latin-1 -*-\nWORD = "caf\xe9"\n'
    (tmp_path / "latin.py").write_bytes(source)
    there = worker._Sources.at(parcels.sources_text(tmp_path / "latin.py"))
    assert (there._folder / "latin.py").read_bytes() == source


def test_errors_keep_their_kind_and_lose_their_secrets() -> None:
    class Own(Exception):
        pass

    known = failure(
        failure_facts(LMAuthError("bad key sk-abcdefghijklmnop1234", model="openai/x", status=401))
    )
    assert isinstance(known, LMAuthError)
    assert known.model == "openai/x"
    assert "sk-abcdefghijklmnop1234" not in str(known)
    assert isinstance(failure(failure_facts(KeyError("x"))), KeyError)
    unknown = failure(failure_facts(Own("what happened")))
    assert isinstance(unknown, WorkerError)
    assert type(unknown).__name__ == "Own"
    assert str(unknown) == "what happened"


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "no such file", "rows.csv"),
        TimeoutError("too slow"),
        ConnectionResetError("gone"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "a reason"),
        KeyError("name"),
        StopIteration(3),
        SyntaxError("wrong"),
        ImportError("absent"),
        ExceptionGroup("several", [ValueError("one")]),
        *(kind("what happened") for kind in (ImportError, NameError, AttributeError, OSError)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_crosses(error: Exception) -> None:
    there = failure(failure_facts(error))
    assert type(there).__name__ == type(error).__name__
    assert isinstance(there, (type(error), WorkerError))
    assert str(there) == str(error)


def test_the_facts_of_an_error_hold_no_secret() -> None:
    error = ValueError("x")
    error.url, error.api_key, error.status = "https://u:hunter22222@host/", "abcdefgh12345", 500  # type: ignore[attr-defined]
    written = failure_facts(error)["facts"]
    assert written == {"url": "https://u:[redacted]@host/", "status": 500}
