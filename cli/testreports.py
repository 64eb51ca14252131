"""What `dspyc test` says: lines for people, or events for a program that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click
from msgspec import Struct

from ..base.secrets import redact
from ..base.text import clip
from ..compiler.render import ansi, plain
from .console import columns, say
from .errors import Failure
from .lines import Tell, telling

if TYPE_CHECKING:
    from ..project.programs import Loaded

LONGEST_VALUE = 10_000
"""Characters of a value in an event."""


class Outcome(Struct, frozen=True):
    """What came of a test."""

    seconds: float
    problem: Exception | None
    """What it raised; None where it passed."""
    responses: Sequence[Any]
    """What models answered during it."""


class Reports(Protocol):
    """Who is told of tests while they run."""

    def started(self, loaded: Loaded, title: str) -> None:
        """A test begins."""

    def ended(self, loaded: Loaded, title: str, outcome: Outcome) -> None:
        """A test has passed or failed."""

    def broken(self, problem: Failure) -> None:
        """A file could not be loaded."""

    def finished(self, passed: int, failed: int, broken: int, seconds: float) -> None:
        """All that was asked for has run."""


@contextmanager
def reporting(as_lines: bool) -> Iterator[Reports]:
    """Yield who is told of tests: people, or a program that reads JSON Lines."""
    if not as_lines:
        yield _ForPeople()
        return
    with telling() as tell:
        yield _AsLines(tell)


class _ForPeople:
    def started(self, loaded: Loaded, title: str) -> None:
        """Say nothing: it may be over soon."""

    def ended(self, loaded: Loaded, title: str, outcome: Outcome) -> None:
        from .testing import explain

        took = f"({outcome.seconds:.2f} s)"
        if outcome.problem is None:
            say(f"{click.style('passed', fg='green')} {loaded.shown}: {title} {took}")
            return
        say(f"{click.style('FAILED', fg='red', bold=True)} {loaded.shown}: {title} {took}")
        say(redact(explain(outcome.problem, ansi, columns())))

    def broken(self, problem: Failure) -> None:
        problem.show()

    def finished(self, passed: int, failed: int, broken: int, seconds: float) -> None:
        files = "file" if broken == 1 else "files"
        parts = [
            click.style(f"{failed} failed", fg="red", bold=True) if failed else "",
            click.style(f"{passed} passed", fg="green", bold=True) if passed else "",
            click.style(f"{broken} {files} with errors", fg="red") if broken else "",
        ]
        say(f"{', '.join(filter(None, parts))} in {seconds:.2f} s")


class _AsLines:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def started(self, loaded: Loaded, title: str) -> None:
        self._tell("started", path=loaded.analysis.path, title=title)

    def ended(self, loaded: Loaded, title: str, outcome: Outcome) -> None:
        facts = {
            "path": loaded.analysis.path,
            "title": title,
            "seconds": round(outcome.seconds, 4),
            **used(outcome.responses),
        }
        if outcome.problem is None:
            self._tell("passed", **facts)
        else:
            self._tell("failed", **facts, **_failure(loaded, outcome.problem))

    def broken(self, problem: Failure) -> None:
        self._tell("broken", message=problem.report_text())

    def finished(self, passed: int, failed: int, broken: int, seconds: float) -> None:
        self._tell("finished", passed=passed, failed=failed, broken=broken, seconds=round(seconds, 4))


def used(responses: Sequence[Any]) -> dict[str, Any]:
    """What answers of models took: how many there were, their tokens, and their cost where it is known."""
    costs = [each.cost for each in responses if each.cost is not None and not each.cache_hit]
    return {
        "calls": len(responses),
        "cached": sum(bool(each.cache_hit) for each in responses),
        "tokens": sum(int(each.usage.get("total_tokens") or 0) for each in responses),
        "cost": sum(costs) if costs else None,
    }


def _failure(loaded: Loaded, problem: Exception) -> dict[str, Any]:
    """Why a test failed: where, what was read there, and the two sides of a comparison where it is one."""
    from ..runtime.errors import ProgramAssertionError
    from .failures import one_line, user_places
    from .testing import compared, explain, innermost

    place = innermost(problem)
    facts: dict[str, Any] = {
        "message": explain(problem, plain, 100),
        "error": type(problem).__name__,
        "summary": one_line(problem),
        "places": user_places(problem.__traceback__),
    }
    if place is not None:
        facts |= {"at": place[0], "line": place[1]}
    if isinstance(problem, ProgramAssertionError):
        facts["summary"] = problem.message
        facts["values"] = {name: clip(_shown(value), LONGEST_VALUE) for name, value in problem.values.items()}
        sides = compared(loaded, place[1], problem.values) if place is not None else None
        if sides is not None:
            facts["actual"], facts["expected"] = (clip(_shown(each), LONGEST_VALUE) for each in sides)
    return facts


def _shown(value: Any) -> str:
    """A value to compare with another one line by line."""
    if isinstance(value, str):
        return value
    from pprint import pformat

    return pformat(value, width=80, sort_dicts=False)
