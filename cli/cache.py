"""`dspyc cache`: the answers that are kept: listing, explaining, exporting and deleting them."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.files import write_atomically
from ..base.text import plural
from .console import columns, say, say_json
from .errors import Refusal
from .models import lm_option

if TYPE_CHECKING:
    from ..runtime.lm.cachefile import CacheFile
    from ..runtime.lm.cachetable import Asked, Difference, Kept

_KEY = re.compile(r"[0-9a-f]{6,64}")
_SHORT = 12
_AGES = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_NO_LIMIT = 1 << 62

_model_option = click.option("--model", metavar="NAME", help="Only answers of this model.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group
def command() -> None:
    """List, explain, export and delete the kept answers of models.

    A request that was answered before is not sent again; see `cache` of LM. The answers are in a file in the
    folder for caches, or in $DSPYC_CACHE_DIR.

    \b
    Examples:
      dspyc cache list --model openai/gpt-4o-mini
      dspyc cache explain banking.dspy text="My card still has not arrived"
      dspyc cache export --output answers.jsonl
      dspyc cache prune --older-than 30d --max-size 500MB
    """


@command.command("list")
@_model_option
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="The most answers to list."
)
@_json_option
def list_(model: str | None, limit: int, as_json: bool) -> int:
    """List the answers, the newest first."""
    kept = _entries(model)
    shown = kept[:limit]
    if as_json:
        say_json([_facts(one) for one in shown])
        return 0
    if not kept:
        say("No answers are kept." if model is None else f"No answers of {model} are kept.")
        return 0
    width = max(len("MODEL"), *(len(one.model or "?") for one in shown))
    say(f"{'KEY':{_SHORT}}  {'ANSWERED':16}  {'MODEL':{width}}  {'SIZE':>8}  QUESTION")
    for one in shown:
        question = one.asked.question if one.asked is not None else "?"
        line = f"{one.key[:_SHORT]:{_SHORT}}  {_when(one)}  {one.model or '?':{width}}  {_size(one.size):>8}"
        say(f"{line}  {_cut(question, max(columns() - len(line) - 2, 20))}")
    more = f", of which {len(shown)} are shown" if len(shown) < len(kept) else ""
    say(f"{plural(len(kept), 'answer')}, {_size(sum(one.size for one in kept))}{more}")
    return 0


@command.command
@click.argument("target", metavar="[KEY | FILE[:NAME[.PART]]]", required=False, type=click.Path())
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@lm_option
@_json_option
def explain(target: str | None, inputs: tuple[str, ...], models: tuple[str, ...], as_json: bool) -> int:
    """Say why a request is not answered from the cache: what differs from the most similar one.

    The request is the one that a program would send for these inputs; nothing is sent. Or give the beginning
    of a kept answer's key to compare it with earlier ones; without an argument, the newest answer is used.

    \b
    Examples:
      dspyc cache explain banking.dspy text="My card still has not arrived"
      dspyc cache explain 1f3a9c2b0d4e
    """
    kept = _entries(None)
    if target is not None and not _KEY.fullmatch(target):
        key, asked = _request(target, inputs, models)
        others = kept
        hit = next((one for one in kept if one.key == key), None)
    else:
        chosen = _chosen(kept, target)
        if chosen.asked is None:
            raise Refusal(f"{chosen.key[:_SHORT]} was kept by an earlier version, without its request")
        key, asked, hit = chosen.key, chosen.asked, None
        others = [one for one in kept if one.made < chosen.made]
    _say_explanation(key, asked, hit, others, as_json)
    return 0


@command.command
@_model_option
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file, as JSON Lines."
)
def export(model: str | None, output: Path | None) -> int:
    """Write the answers, with what was asked, as JSON Lines: one object per line."""
    from ..base import json

    lines = [json.dump(_facts(one, whole=True)) for one in _entries(model)]
    if output is None:
        for line in lines:
            say(line)
        return 0
    write_atomically(output, "".join(f"{line}\n" for line in lines))
    say(f"Wrote {plural(len(lines), 'answer')} to {output}.")
    return 0


@command.command
@click.option("--older-than", metavar="AGE", help="Delete answers older than this: 90m, 12h, 30d, 4w.")
@click.option(
    "--max-size", metavar="SIZE", help="Delete the oldest answers until the rest has this size: 200MB, 2GB."
)
@_model_option
@click.option("--all", "everything", is_flag=True, help="Delete all answers.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@_json_option
def prune(
    older_than: str | None,
    max_size: str | None,
    model: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Delete answers by age, total size or model.

    \b
    Examples:
      dspyc cache prune --older-than 30d
      dspyc cache prune --max-size 500MB --dry-run
      dspyc cache prune --model openai/gpt-4o-mini
    """
    from ..runtime.lm.cachetable import delete, prunable

    if not (older_than or max_size or model or everything):
        raise Refusal("no answers are chosen to delete", "pass --older-than, --max-size, --model or --all")
    before = None if older_than is None else time.time() - _amount(older_than, _AGES, "an age", "30d")
    most = None if max_size is None else int(_amount(max_size, _SIZES, "a size", "500MB"))
    file = _file()
    doomed = prunable(_entries(None), before, most, model)
    if doomed and not dry_run and file is not None:
        delete(file, [one.key for one in doomed])
    count, size = len(doomed), sum(one.size for one in doomed)
    if as_json:
        say_json({"deleted": 0 if dry_run else count, "would_delete": count, "bytes": size})
    else:
        done = "Would delete" if dry_run else "Deleted"
        say(f"{done} {plural(count, 'answer')}, {_size(size)}." if count else "Nothing to delete.")
    return 0


# --- reading --------------------------------------------------------------------------------------------


def _file() -> CacheFile | None:
    """The cache's file; None where there is none yet."""
    from ..runtime.lm.cache import usable_folder
    from ..runtime.lm.cachefile import CacheFile

    folder = usable_folder()
    path = None if folder is None else folder / "answers.sqlite3"
    return CacheFile(path, _NO_LIMIT) if path is not None and path.exists() else None


def _entries(model: str | None) -> list[Kept]:
    from ..runtime.lm.cachetable import entries

    file = _file()
    return [] if file is None else entries(file, model)


def _chosen(kept: list[Kept], key: str | None) -> Kept:
    found = kept[:1] if key is None else [one for one in kept if one.key.startswith(key)]
    if not found:
        raise Refusal("no answers are kept" if key is None else f"no answer has a key that begins with {key}")
    if len(found) > 1:
        raise Refusal(f"{len(found)} answers have keys that begin with {key}", "give more of the key")
    return found[0]


def _request(target: str, inputs: tuple[str, ...], models: tuple[str, ...]) -> tuple[str, Asked]:
    """The request that a program would send: its key, and what it asks."""
    from ..runtime.lm.cachetable import Asked
    from ..runtime.lm.keys import digest, request_facts
    from ..runtime.modules.calling import request_of
    from .prompt import chosen_predictor

    with chosen_predictor(target, inputs, models) as (predictor, values):
        lm, request = request_of(predictor, values)
        facts = request_facts(request, lm.identity(request))
    asked = Asked.read(facts)
    if facts is None or asked is None:
        raise Refusal("this request cannot be cached: it holds objects that have no content of their own")
    if not lm.cache:
        raise Refusal(f"answers of {lm.model} are not cached", "its `cache` is False")
    return digest(facts), asked


def _amount(text: str, units: dict[str, int], what: str, example: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", text.strip())
    if found is None or found[2].lower() not in units:
        raise Refusal(f"`{text}` is not {what}", f"write a number and a unit: {example}")
    return float(found[1]) * units[found[2].lower()]


# --- showing --------------------------------------------------------------------------------------------


def _say_explanation(key: str, asked: Asked, hit: Kept | None, others: list[Kept], as_json: bool) -> None:
    from ..runtime.lm.cachetable import differences, nearest

    like = hit or nearest(asked, others)
    found = [] if like is None or like.asked is None else differences(like.asked, asked)
    if as_json:
        changes = [{"where": each.where, "then": each.then, "now": each.now} for each in found]
        nearest_key = None if like is None else like.key
        say_json({"key": key, "hit": hit is not None, "nearest": nearest_key, "differences": changes})
        return
    if hit is not None:
        say(f"This request is answered from the cache: {key[:_SHORT]}, of {_when(hit)}.")
    elif like is None:
        say(f"{key[:_SHORT]}: no other request is kept to compare it with.")
    else:
        say(f"{key[:_SHORT]} is not the most similar one, {like.key[:_SHORT]} of {_when(like)}. They differ:")
        for each in found:
            _say_difference(each)


def _say_difference(difference: Difference) -> None:
    say(click.style(difference.where, bold=True))
    for mark, text, colour in (("-", difference.then, "red"), ("+", difference.now, "green")):
        if text is not None:
            say(click.style("\n".join(f"  {mark} {line}" for line in text.split("\n")), fg=colour))


def _facts(one: Kept, whole: bool = False) -> dict[str, Any]:
    """An answer as an object of JSON."""
    facts: dict[str, Any] = {
        "key": one.key,
        "answered": datetime.fromtimestamp(one.made).astimezone().isoformat(timespec="seconds"),
        "model": one.model or None,
        "bytes": one.size,
    }
    if whole:
        return {**facts, "request": one.asked and one.asked.as_dict(), "answers": one.answers}
    return {**facts, "question": one.asked and one.asked.question}


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _when(one: Kept) -> str:
    return f"{datetime.fromtimestamp(one.made):%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
