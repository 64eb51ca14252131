"""The same program, data and seed give the same state, whatever the hash seed and the number of threads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dspyc.runtime.values.ordering import in_order
from dspyc.runtime.values.rendering import render, to_json_types

SCRIPT = '''\
import json, random, re, sys, time, threading
from pathlib import Path
from typing import Literal

import dspyc.runtime as d

folder, threads, model = Path(sys.argv[1]), [int(n) for n in sys.argv[2].split(",")], sys.argv[3]
d.configure_cache(enable_disk_cache=False, enable_memory_cache=False)


class Hasty(d.BaseLM):
    """Answers from the prompt alone, after a moment that differs each time."""

    model = "test/hasty"

    def complete(self, request):
        time.sleep(random.random() / 500)
        text = "\\n".join(message["content"] for message in request.messages)
        seed = f"{text} {request.kwargs.get('rollout_id')}"
        rng = random.Random(seed)
        label = rng.choice(["red", "green", "blue"])
        tags = json.dumps(sorted(rng.sample(["a", "b", "c", "d", "e"], 3)))
        if rng.random() < 0.05:
            raise RuntimeError("out of order")
        return d.Response((f"[[ ## tags ## ]]\\n{tags}\\n\\n[[ ## label ## ]]\\n{label}",))


class Two(d.Module):
    def __init__(self):
        self.tags = d.Predict("text, known: set[str] -> tags: set[str]")
        self.label = d.Predict("text, tags: set[str] -> label")

    def forward(self, text, known):
        return self.label(text=text, tags=self.tags(text=text, known=known).tags)


def scripted():
    rows = [
        d.Example(text=f"text {n}", known={f"k{n}", f"l{n % 7}", "m"}, label=["red", "green", "blue"][n % 3])
        .with_inputs("text", "known")
        for n in range(24)
    ]
    return rows, Two(), Hasty()


def embedded():
    rows = list(d.Dataset(Path(sys.argv[4]) / "train.csv", inputs=["text"], shuffle=1, take=8))
    labels = tuple(sorted({row.label for row in rows}))
    signature = d.Signature({"text": (str, d.InputField()), "label": (Literal[labels], d.OutputField())})
    return rows, d.Predict(signature), d.LM("embedded/banking", cache=False)


def same(example, pred):
    return example.label == pred.label


rows, student, lm = scripted() if model == "scripted" else embedded()
often = {"metric": same, "max_errors": 99, "max_labeled_demos": 4 if model == "scripted" else 0}
for count in threads:
    for name, optimizer in (
        ("search", d.BootstrapRS(num_candidate_programs=1, max_rounds=2, num_threads=count, **often)),
        ("few", d.BootstrapFewShot(max_rounds=3, max_bootstrapped_demos=4, **often)),
        ("labeled", d.LabeledFewShot(k=2)),
    ):
        source = folder / "p.dspy"
        program = d.Program(optimizer, student, name=f"{name}_{count}", source=source, trainset=rows)
        with d.context(lm=lm, num_threads=count, max_errors=99):
            program.optimize()
'''

BANKING = Path(__file__).parents[2] / "examples" / "banking"


def states(folder: Path, seed: int, threads: str, model: str) -> dict[str, str]:
    """Digests of the states that a process with this hash seed makes, by the name of the optimizer."""
    home = folder / f"{model}-{seed}"
    home.mkdir()
    (home / "make.py").write_text(SCRIPT, encoding="utf-8")
    subprocess.run(
        [sys.executable, "make.py", str(home), threads, model, str(BANKING)],
        cwd=home,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        check=True,
        timeout=300,
    )
    found = {}
    for path in sorted(home.glob("*.state.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        learned = json.dumps([content["predictors"], content["candidates"]])
        found[path.name] = hashlib.sha256(learned.encode()).hexdigest()
    assert len(found) == 3 * len(threads.split(","))
    return found


def by_optimizer(found: dict[str, str]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for path, digest in found.items():
        names.setdefault(path.split(".")[1].partition("_")[0], set()).add(digest)
    return names


@pytest.mark.parametrize(
    ("model", "seeds", "threads"), [("scripted", (0, 1, 2), "1,4,8"), ("embedded", (0, 1), "1,8")]
)
def test_the_state_depends_on_neither_hashes_nor_threads(
    model: str, seeds: tuple[int, ...], threads: str, tmp_path: Path
) -> None:
    digests: dict[str, set[str]] = {}
    for seed in seeds:
        for name, found in by_optimizer(states(tmp_path, seed, threads, model)).items():
            digests.setdefault(name, set()).update(found)
    assert {name: len(found) for name, found in digests.items()} == {"search": 1, "few": 1, "labeled": 1}


def test_sets_are_written_in_one_order() -> None:
    import dataclasses

    import pydantic

    class Record(pydantic.BaseModel):
        tags: set[str]
        inner: list[frozenset[int]] = []

    @dataclasses.dataclass
    class Data:
        tags: set[str]

    assert to_json_types({"b", "a", "c"}) == ["a", "b", "c"]
    assert to_json_types([{"x": {"b", "a"}}]) == [{"x": ["a", "b"]}]
    made = Record(tags={"z", "y"}, inner=[frozenset({10, 9, 1})])
    assert to_json_types(made) == {"tags": ["y", "z"], "inner": [[1, 10, 9]]}
    assert to_json_types(Data({"q", "p"})) == {"tags": ["p", "q"]}
    assert to_json_types({(2, "b"), (1, "a")}) == [[1, "a"], [2, "b"]]
    assert render({"b", "a"}) == '["a", "b"]'
    plain = [1, {"a": (2, 3)}, "x"]
    assert in_order(plain) is plain
