"""Fine-tuning for real: a GGUF model in, some seconds of torch, a better GGUF model out."""

from __future__ import annotations

import math
import os
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM
from dspyc.runtime.errors import ConfigurationError, DataError, LMConfigurationError
from dspyc.runtime.lm.training import local as training
from dspyc.runtime.lm.training.settings import Progress, data_folder
from dspyc.runtime.lm.transports.embedded import SHIPPED

pytestmark = pytest.mark.train

SYSTEM = "Say whether the text is about money, about a card or about a person."
WORDS = {
    "money": ["cash", "euros", "a fee", "the exchange rate", "my top up", "a transfer"],
    "card": ["the card", "my pin", "a virtual card", "the card machine", "contactless", "a new card"],
    "person": ["my name", "my address", "my age", "my identity", "my phone number", "my details"],
}
FRAMES = [
    "What about {}?",
    "I have a question on {}",
    "Tell me of {} please",
    "{} is wrong",
    "Why {}",
    "Help with {}!",
]


def conversation(text: str, label: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": text},
            {"role": "assistant", "content": f"About: {label}"},
        ]
    }


def small_task() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows to learn from, and rows of the same words in other sentences."""
    pairs = [
        (frame.format(word), label) for label, words in WORDS.items() for word in words for frame in FRAMES
    ]
    random.Random(0).shuffle(pairs)
    rows = [conversation(*pair) for pair in pairs]
    return rows[:80], rows[80:]


def accuracy(lm: LM, rows: list[dict[str, Any]]) -> float:
    return sum(lm(messages=row["messages"][:-1]) == [row["messages"][-1]["content"]] for row in rows) / len(
        rows
    )


def test_training_makes_a_model_that_can_do_what_it_could_not(tmp_path: Path) -> None:
    base, (rows, others) = LM("embedded/banking-base", cache=False), small_task()
    assert accuracy(base, others) == 0
    job = base.finetune(rows, "chat", {"steps": 120, "output": tmp_path, "learning_rate": 2e-3})
    trained = job.result(timeout=300)
    assert job.status() == "done"
    assert len(job.losses) == 120
    assert sum(job.losses[-10:]) < 0.1 * sum(job.losses[:10])
    assert trained.model.startswith(f"gguf/{tmp_path}/banking-base-")
    assert accuracy(trained, others) > 0.6
    assert accuracy(base, others) == 0, "the shipped model is as it was"


def test_the_same_steps_and_seed_make_the_same_file(tmp_path: Path) -> None:
    rows, _ = small_task()

    def train(name: str, seed: int) -> bytes:
        settings = {"steps": 12, "seed": seed, "dropout": 0.1, "output": tmp_path / name / "model.gguf"}
        LM("embedded/banking-base").finetune(rows, "chat", settings).result(timeout=300)
        return (tmp_path / name / "model.gguf").read_bytes()

    assert train("a", 3) == train("b", 3) != train("c", 4)


def test_a_budget_of_cpu_seconds_is_kept(tmp_path: Path) -> None:
    rows, _ = small_task()
    seen: list[Progress] = []
    settings = {"cpu_seconds": 1.5, "output": tmp_path, "progress": seen.append}
    job = LM("embedded/banking-base").finetune(rows, "chat", settings)
    job.result(timeout=300)
    assert 1.4 < seen[-1].cpu_seconds < 2.5
    assert [step.step for step in seen] == list(range(1, len(job.losses) + 1))
    assert seen[0].share < 0.1 < 0.8 < seen[-1].share


def test_the_weights_that_do_best_on_rows_held_out_are_kept(tmp_path: Path) -> None:
    from dspyc.runtime.lm.gguf import checkpoint as gguf
    from dspyc.runtime.lm.training.loop import measure
    from dspyc.runtime.lm.training.text import encode

    rows, _ = small_task()
    # A learning rate that spoils the model: what is kept is what it started from.
    settings = {"steps": 20, "validation": 0.25, "learning_rate": 3.0, "warmup_steps": 1, "precision": "f16"}
    job = LM("embedded/banking-base").finetune(rows, "chat", {**settings, "output": tmp_path})
    path = job.result(timeout=300).model.removeprefix("gguf/")
    assert job.validation_losses[0] == min(job.validation_losses)
    kept = gguf.read(path)
    held_out = encode(kept.vocabulary, kept.shape.context, rows).rows
    assert measure(tensors(kept.weights), kept.shape, held_out) < 0.5 * min(job.validation_losses[1:])


def test_what_is_measured_on_the_way_is_what_would_be_given() -> None:
    import torch

    from dspyc.runtime.lm.gguf.checkpoint import Shape
    from dspyc.runtime.lm.training.loop import Plan, Row, Step, train
    from dspyc.runtime.lm.training.model import initial_weights

    rows = [Row((1, 2 + number, 3 + number), (False, False, True)) for number in range(8)]
    shape = Shape(vocabulary=16, width=8, layers=1, heads=2, key_value_heads=2, feed_forward=8, context=8)
    weights, seen = initial_weights(shape, 0), []

    def report(step: Step) -> None:
        live = weights["token_embd.weight"]
        with step.given():
            seen.append(weights["token_embd.weight"].clone())
        assert weights["token_embd.weight"] is live

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    train(weights, shape, lambda epoch: rows, Plan(steps=30, batch_size=4, average=0.5), report)
    torch.set_num_threads(threads)
    assert seen[-1].equal(weights["token_embd.weight"])
    assert not seen[-1].equal(seen[-2])


def test_a_running_training_can_be_cancelled(tmp_path: Path) -> None:
    begun = threading.Event()
    settings = {"steps": 100_000, "output": tmp_path, "progress": lambda progress: begun.set()}
    job = LM("embedded/banking-base").finetune(small_task()[0], "chat", settings)
    assert begun.wait(60)
    assert job.status() == "running"
    assert job.cancel()
    with pytest.raises(CancelledError):
        job.result(timeout=60)
    assert job.status() == "cancelled"
    assert not job.cancel()
    assert list(tmp_path.iterdir()) == []


def test_epochs_count_the_rows(tmp_path: Path) -> None:
    rows, _ = small_task()
    job = LM("embedded/banking-base").finetune(rows, None, {"num_train_epochs": 2, "output_dir": tmp_path})
    job.result(timeout=300)
    assert len(job.losses) == 2 * math.ceil(len(rows) / 16)


def test_a_name_of_our_own_making_tells_trainings_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    rows, _ = small_task()

    def train(**settings: Any) -> str:
        return (
            LM("embedded/banking-base").finetune(rows[:16], "chat", {"steps": 1, **settings}).result(60).model
        )

    first = train()
    assert Path(first.removeprefix("gguf/")).parent == data_folder() == tmp_path / "models"
    assert train() == first
    assert train(seed=1) != first
    assert [path.suffix for path in (tmp_path / "models").iterdir()] == [".gguf", ".gguf"]


def tensors(weights: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(array) for name, array in weights.items()}


@pytest.mark.parametrize(
    ("rows", "settings", "kind", "words"),
    [
        ([], {}, DataError, "the training data is empty"),
        ([{"prompt": "a"}], {}, DataError, "row 1 of the training data is not in chat format"),
        ([{"messages": [{"role": "user"}]}], {}, DataError, "whose `role` or `content` is not text"),
        ([{"messages": [{"role": "user", "content": "a"}]}], {}, DataError, "row 1 .* has no `assistant`"),
        ([conversation("my card " * 2000, "card")], {}, DataError, "longer than the 1024 tokens"),
        ([conversation("a", "card")], {"validation": 0.5}, DataError, "too few to hold out"),
        (None, {"learning_rat": 1}, ConfigurationError, r"did you mean `learning_rate`\?"),
        (None, {"steps": 1, "epochs": 1}, ConfigurationError, "set only one of"),
        (None, {"steps": 0}, ConfigurationError, "`steps` must be above 0"),
        (None, {"dropout": 1}, ConfigurationError, "`dropout` must be at least 0 and below 1"),
        (None, {"word_dropout": -1}, ConfigurationError, "`word_dropout` must be at least 0 and below 1"),
        (None, {"precision": "q4"}, ConfigurationError, "`precision` must be"),
        (None, {"output": SHIPPED["banking-base"]}, ConfigurationError, "cannot replace its base model"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_said(
    rows: list[dict[str, Any]] | None, settings: dict[str, Any], kind: type[Exception], words: str
) -> None:
    before = SHIPPED["banking-base"].read_bytes()
    job = LM("embedded/banking-base").finetune(small_task()[0] if rows is None else rows, "chat", settings)
    with pytest.raises(kind, match=words):
        job.result(timeout=60)
    assert job.status() == "failed"
    assert SHIPPED["banking-base"].read_bytes() == before


def test_pairs_of_texts_are_no_conversations() -> None:
    job = LM("embedded/banking-base").finetune([{"prompt": "a", "completion": "b"}], "completion", {})
    with pytest.raises(LMConfigurationError, match="learns from conversations"):
        job.result(timeout=60)


@pytest.mark.parametrize(("settings", "copies"), [({}, 5), ({"validation": 0.5}, 6)])
def test_the_average_and_the_best_so_far_are_counted(
    settings: dict[str, Any], copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dspyc.runtime.lm.gguf import checkpoint as gguf

    shape = gguf.read(SHIPPED["banking-base"]).shape
    weights = sum(math.prod(size) for size in shape.tensors(tied=False).values())
    monkeypatch.setattr(training, "available_memory", lambda: 4 * weights * copies)
    job = LM("embedded/banking-base").finetune(
        [conversation("a", "card")] * 4, "chat", {"steps": 1, "batch_size": 1, **settings}
    )
    with pytest.raises(LMConfigurationError, match=r"GiB of memory"):
        job.result(timeout=60)


def test_a_model_too_large_for_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "available_memory", lambda: 10 << 20)
    job = LM("embedded/banking-base").finetune(small_task()[0], "chat", {"steps": 1})
    with pytest.raises(LMConfigurationError, match=r"GiB of memory and 0.0 GiB are free"):
        job.result(timeout=60)


@pytest.mark.parametrize("package", ["torch", "gguf", "tokenizers", "numpy"])
def test_without_a_package_the_message_says_what_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    job = LM("embedded/banking-base").finetune(small_task()[0], "chat", {"steps": 1})
    with pytest.raises(
        LMConfigurationError, match=rf"needs the package `{package}`: pip install 'dspyc\[train\]'"
    ):
        job.result(timeout=60)


def other_architecture(raw: bytes) -> bytes:
    return raw.replace(b"llama", b"mamba")


def other_tokenizer(raw: bytes) -> bytes:
    return raw.replace(b"gpt-2", b"bloom")


def other_weights(raw: bytes) -> bytes:
    return raw.replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_architecture, "its architecture is `mamba`"),
        (other_tokenizer, "its tokenizer is `gpt2/bloom`"),
        (other_weights, "not those of a plain llama model"),
    ],
)
def test_other_models_are_refused(change: Callable[[bytes], bytes], words: str, tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(change(SHIPPED["banking-base"].read_bytes()))
    job = LM(f"gguf/{path}").finetune(small_task()[0], "chat", {"steps": 1, "output": tmp_path / "new.gguf"})
    with pytest.raises(LMConfigurationError, match=words):
        job.result(timeout=60)
    assert list(tmp_path.iterdir()) == [path]


if folder := os.environ.get("DSPYC_DATA"):

    def test_a_minute_of_banking77(tmp_path: Path) -> None:
        """The loop that the package promises, on the data set itself; see `benchmarks/finetune.py`."""
        sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
        from finetune import measure_finetuning

        before, after = measure_finetuning(Path(folder), [60.0], tmp_path)
        assert before.accuracy < 0.35
        assert after.accuracy > 0.75
