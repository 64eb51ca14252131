"""Folders of other architectures than llama: asked by transformers, and trained by TRL and PEFT."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    LM,
    BootstrapFinetune,
    Example,
    InputField,
    OutputField,
    Predict,
    Signature,
)
from dspyc.runtime.errors import DataError, LMConfigurationError
from dspyc.runtime.lm.training import memory
from dspyc.runtime.lm.training.local import _verify_replaceable
from dspyc.runtime.lm.training.settings import Progress
from dspyc.runtime.lm.training.tuning import put_in_place

pytestmark = pytest.mark.train

WORDS = {"money": ["cash", "a fee", "euros"], "card": ["my pin", "plastic", "the chip"]}
FRAMES = ["What about {}?", "Tell me of {}", "{} is wrong"]
ROWS = [(frame.format(word), label) for label, words in WORDS.items() for word in words for frame in FRAMES]
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
KINDS = ("qwen2", "gpt2", "gemma3", "phi")


class Sort(Signature):
    """Say what the text is about."""

    text: str = InputField()
    label: str = OutputField()


def chat(text: str, label: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}


def network(kind: str, size: int, end: int) -> Any:
    """A tiny model of an architecture, with random weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    usual = {
        "vocab_size": size, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
        "bos_token_id": None, "eos_token_id": end, "pad_token_id": end,
    }  # fmt: skip
    match kind:
        case "qwen2":
            return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**usual))
        case "gemma3":
            config = transformers.Gemma3TextConfig(**usual, head_dim=12, sliding_window=64)
            return transformers.Gemma3ForCausalLM(config)
        case "phi":
            return transformers.PhiForCausalLM(transformers.PhiConfig(**usual, initializer_range=0.2))
        case _:
            ends = {"bos_token_id": end, "eos_token_id": end}
            config = transformers.GPT2Config(
                vocab_size=size,
                n_embd=48,
                n_layer=2,
                n_head=4,
                n_positions=256,
                initializer_range=0.2,
                **ends,
            )
            return transformers.GPT2LMHeadModel(config)


def written(path: Path, kind: str, template: str | None = TEMPLATE) -> Path:
    """A folder as transformers writes it, with a tokenizer made of the rows."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<end>", "<user>", "<assistant>", "<system>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"{text} {label}" for text, label in ROWS], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.chat_template = template
    network(kind, len(fast), fast.eos_token_id).save_pretrained(path)
    fast.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each architecture."""
    place = tmp_path_factory.mktemp("models")
    return {kind: written(place / kind, kind) for kind in KINDS}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "trained"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def right(lm: LM, count: int = 6) -> float:
    rows = [chat(*row)["messages"] for row in ROWS[:: len(ROWS) // count]]
    return sum(lm(messages=row[:1]) == [row[1]["content"]] for row in rows) / len(rows)


TRAINING = {"steps": 40, "batch_size": 9, "learning_rate": 5e-3, "warmup_steps": 5, "dropout": 0.0}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("qwen2", {}),
        ("gemma3", {"validation": 0.2}),
        ("gpt2", {"lora": 16, "learning_rate": 2e-2}),
        ("phi", {"lora": 16, "learning_rate": 2e-2}),
    ],
)
def test_other_architectures_learn(folders: dict[str, Path], kind: str, settings: dict[str, Any]) -> None:
    base = LM(f"gguf/{folders[kind]}", cache=False, max_tokens=4)
    assert right(base, 2) == 0
    job = base.finetune([chat(*row) for row in ROWS], "chat", {**TRAINING, **settings})
    trained = job.result(timeout=300)
    assert job.status() == "done"
    assert len(job.losses) == 40
    assert sum(job.losses[-5:]) < 0.3 * sum(job.losses[:5])
    assert right(trained) > 0.6
    made = Path(trained.model.removeprefix("gguf/"))
    assert (made / "model.safetensors").is_file()
    assert not [each.name for each in made.iterdir() if each.suffix in (".bin", ".pt", ".pth")]
    assert not list(made.glob("adapter*")), "what LoRA trained is merged into the weights"
    left = {each.name for each in made.parent.iterdir()} - {"converted"}
    assert left == {made.name}, "nothing else is left"
    if "validation" in settings:
        assert min(job.validation_losses) < 0.5 * job.validation_losses[0]


def test_a_program_is_trained_on_labels_and_saved(folders: dict[str, Path], tmp_path: Path) -> None:
    examples = [Example(text=text, label=label).with_inputs("text") for text, label in ROWS]
    lm = LM(f"gguf/{folders['qwen2']}", cache=False, max_tokens=8)
    student = Predict(Sort, lm=lm)
    assert lm.capabilities.grammar, "llama.cpp answers"
    assert LM(f"gguf/{folders['gpt2']}").capabilities.grammar, "llama.cpp answers"
    assert not LM(f"gguf/{folders['phi']}").capabilities.grammar, "transformers answers"
    tuned = BootstrapFinetune(train_kwargs=TRAINING).compile(student, trainset=examples, teacher="labels")
    made = Path(tuned.lm.model.removeprefix("gguf/"))
    assert json.loads((made / "dspyc.json").read_text())["prompts"] == "compact"
    assert tuned.lm.prompt_form == "compact"
    answers = [tuned(text=text).label == label for text, label in ROWS[::3]]
    assert sum(answers) > 0.6 * len(answers)


def test_an_interrupted_training_goes_on(folders: dict[str, Path], tmp_path: Path) -> None:
    lm, rows = LM(f"gguf/{folders['qwen2']}"), [chat(*row) for row in ROWS]
    settings = {**TRAINING, "epochs": 4, "checkpoints": True}
    del settings["steps"]
    seen: list[Progress] = []

    def train(name: str, most: int = 100) -> tuple[Path, list[float]]:
        def tell(progress: Progress) -> None:
            seen.append(progress)
            if progress.step == most:
                raise CancelledError

        given = {**settings, "output": tmp_path / f"{name}.gguf", "progress": tell}
        job = lm.finetune(rows, "chat", given)
        return Path(job.result(timeout=300).model.removeprefix("gguf/")), job.losses

    whole, losses = train("whole")
    with pytest.raises(CancelledError):
        train("broken", 5)
    assert not (tmp_path / "broken").exists()
    del seen[:]
    again, later = train("broken")
    assert [each.step for each in seen] == [5, 6, 7, 8], "it goes on behind the last epoch's end"
    assert later == pytest.approx(losses[4:], rel=1e-4)
    assert (again / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir() if "checkpoints" in each.name) == []


@pytest.mark.parametrize("changed", [{"seed": 1}, {"fresh": True}])
def test_checkpoints_of_another_training_are_not_gone_on_from(
    folders: dict[str, Path], tmp_path: Path, changed: dict[str, Any]
) -> None:
    lm, rows = LM(f"gguf/{folders['qwen2']}"), [chat(*row) for row in ROWS]
    usual = {**TRAINING, "epochs": 4, "checkpoints": True, "output": tmp_path / "new.gguf"}
    del usual["steps"]
    seen: list[int] = []

    def stop(progress: Progress) -> None:
        seen.append(progress.step)
        if progress.step == 5 or len(seen) > 5:
            raise CancelledError

    for settings in ({}, changed):
        with pytest.raises(CancelledError):
            lm.finetune(rows, "chat", {**usual, **settings, "progress": stop}).result(timeout=300)
    assert seen == [1, 2, 3, 4, 5, 1]


def test_a_folder_whose_replacement_was_interrupted_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, beside = tmp_path / "new", tmp_path / ".new.new"
    for folder, words in ((place, "old"), (beside, "new")):
        folder.mkdir()
        (folder / "config.json").write_text(words)
    (beside / "dspyc.json").write_text("{}")

    def interrupted(folder: Path, **_: Any) -> None:
        if folder.exists():
            (folder / "config.json").unlink()
            raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(place)
    monkeypatch.undo()
    _verify_replaceable(place, tmp_path / "base")
    put_in_place(place)
    assert (place / "config.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [place]


def test_the_same_training_is_done_once(folders: dict[str, Path]) -> None:
    base, rows = LM(f"gguf/{folders['qwen2']}"), [chat(*row) for row in ROWS]

    def train(**settings: Any) -> tuple[Path, int, list[float]]:
        job = base.finetune(rows, "chat", {**TRAINING, "steps": 2, **settings})
        folder = Path(job.result(timeout=300).model.removeprefix("gguf/"))
        return folder, (folder / "model.safetensors").stat().st_ino, job.losses

    first = train()
    assert len(first[2]) == 2
    assert train() == first
    assert train(fresh=True)[1] != first[1]
    assert train(seed=1)[0] != first[0]


def test_a_running_training_can_be_cancelled(folders: dict[str, Path], tmp_path: Path) -> None:
    begun = threading.Event()
    settings = {**TRAINING, "steps": 100_000, "progress": lambda progress: begun.set()}
    job = LM(f"gguf/{folders['gpt2']}").finetune([chat(*row) for row in ROWS], "chat", settings)
    assert begun.wait(60)
    assert job.cancel()
    with pytest.raises(CancelledError):
        job.result(timeout=60)
    assert job.status() == "cancelled"
    assert list((tmp_path / "trained").iterdir()) == []


def test_only_what_the_assistant_says_is_learned(folders: dict[str, Path]) -> None:
    from dspyc.runtime.lm.training.settings import FinetuneSettings
    from dspyc.runtime.lm.training.written import Writer, form_of, rows_of
    from dspyc.runtime.lm.transports import in_torch

    network, tokenizer = in_torch.read(folders["qwen2"], "it")
    writer = Writer(network, tokenizer, form_of(folders["qwen2"], tokenizer, FinetuneSettings()))
    two = [*chat("my pin", "card")["messages"], *chat("a fee", "money")["messages"]]
    [row] = rows_of(writer, [{"messages": two}], "it")
    learned = tokenizer.decode([each for each, marked in zip(row.ids, row.answers, strict=True) if marked])
    assert learned == "card<end>money<end>"
    assert tokenizer.decode(row.ids) == (
        "<user>my pin<end><assistant>card<end><user>a fee<end><assistant>money<end>"
    )
    plain = Writer(network, tokenizer, "plain")
    [row] = rows_of(plain, [chat("What is it?", " card")], "it")
    assert tokenizer.decode(row.ids) == "What is it? card<end>"


@pytest.mark.parametrize("package", ["transformers", "trl", "peft"])
def test_without_a_package_the_message_says_what_to_install(
    folders: dict[str, Path], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    job = LM(f"gguf/{folders['qwen2']}").finetune([chat(*ROWS[0])], "chat", {"steps": 1})
    with pytest.raises(LMConfigurationError, match=rf"`{package}`: pip install 'dspyc\[tune\]'"):
        job.result(timeout=60)


def test_a_model_too_large_for_the_memory_is_refused(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 100 << 10)
    job = LM(f"gguf/{folders['qwen2']}").finetune([chat(*ROWS[0])], "chat", {"steps": 1})
    with pytest.raises(LMConfigurationError, match="GiB of memory"):
        job.result(timeout=60)


def test_pickled_weights_and_code_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    import torch

    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for each in folders["qwen2"].iterdir():
        if each.suffix != ".safetensors":
            (pickled / each.name).write_bytes(each.read_bytes())
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(LMConfigurationError, match="no safetensors"):
        LM(f"gguf/{pickled}").finetune([chat(*ROWS[0])], "chat", {"steps": 1}).result(timeout=60)
    with pytest.raises(LMConfigurationError, match="cannot load"):
        LM(f"gguf/{pickled}", cache=False)("hello")
    coded = tmp_path / "coded"
    coded.mkdir()
    for each in folders["qwen2"].iterdir():
        (coded / each.name).write_bytes(each.read_bytes())
    config = json.loads((coded / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}}
    (coded / "config.json").write_text(json.dumps(config))
    (coded / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(LMConfigurationError, match="cannot load"):
        LM(f"gguf/{coded}", cache=False)("hello")
    assert not (tmp_path / "ran").exists()


def test_rows_that_are_no_conversations_are_named(folders: dict[str, Path]) -> None:
    lm = LM(f"gguf/{folders['qwen2']}")
    for rows, words in (
        ([{"prompt": "a"}], "row 1 of the training data is not in chat format"),
        ([chat("a " * 500, "b")], "longer than the 256 tokens"),
    ):
        with pytest.raises(DataError, match=words):
            lm.finetune(rows, "chat", {"steps": 1}).result(timeout=60)


PROGRAM = """
configure(lm=LM("gguf/{folder}", cache=False, max_tokens=8))

signature Sort:
    \"\"\"Say what the text is about.\"\"\"
    input text: str
    output label: Literal["money", "card"]

module sort = Predict(Sort)

dataset rows = Dataset("rows.csv", inputs=["text"])
dataset dev = Dataset("dev.csv", inputs=["text"])

def same(example: Sort, pred: Sort) -> bool:
    return example.label == pred.label

optimizer learn = BootstrapFinetune(metric=same, train_kwargs={settings})
program sorter = learn.compile(sort, trainset=rows, teacher="labels")

evaluate after = Evaluate(sorter, devset=dev, metric=same, require=60)
"""


def test_the_command_line_keeps_the_trained_folder_beside_the_state(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    from dspyc.cli.main import run

    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    table = "\n".join(["text,label", *(f"{text},{label}" for text, label in ROWS)])
    for name in ("rows.csv", "dev.csv"):
        (place / name).write_text(table + "\n")
    text = PROGRAM.replace("{folder}", str(folders["qwen2"])).replace("{settings}", json.dumps(TRAINING))
    (place / "sorter.dspy").write_text(text)
    assert run(["check", "sorter.dspy"]) == 0
    assert run(["optimize", "sorter.dspy"]) == 0, capfd.readouterr()
    state = json.loads((place / "sorter.sorter.state.json").read_text())
    [kept] = [each for each in place.iterdir() if each.is_dir()]
    assert f'"gguf/{kept.name}"' in json.dumps(state)
    assert kept.name.startswith("sorter.sorter.qwen2-")
    # Another place is another project, without what lies in the user's folder of models.
    shutil.rmtree(tmp_path / "trained")
    moved = place.rename(tmp_path / "moved")
    monkeypatch.chdir(moved)
    assert run(["eval", "sorter.dspy"]) == 0, capfd.readouterr()
