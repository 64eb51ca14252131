"""Data sets that papers measure with, of a local folder or of Hugging Face: HotPotQA, GSM8K, Banking77."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ...base.once import once
from ..errors import ConfigurationError, DataError
from ..example import Example
from ..values.rendering import to_json_types
from . import hub
from .opening import ending_of
from .readers import READERS, read
from .table import Row

_TRAIN = ("train", "hotpot_train")
_VALIDATION = ("validation", "valid", "val", "dev", "hotpot_dev")
_TEST = ("test",)


class SeededSplits:
    """Three lists of examples, each shuffled by a seed and cut to a size: `train`, `dev` and `test`.

    Subclasses give the rows of each, as `_train`, `_dev` and `_test`.

    Args:
        train_seed: the seed of `train`.
        train_size: how many examples `train` has; all unless given.
        eval_seed: the seed of `dev` and `test`.
        dev_size: how many examples `dev` has.
        test_size: how many examples `test` has.
        input_keys: the fields that are inputs.
    """

    # Lists of dicts, or properties that make them.
    _train: Any
    _dev: Any
    _test: Any

    def __init__(
        self,
        train_seed: int = 0,
        train_size: int | None = None,
        eval_seed: int = 0,
        dev_size: int | None = None,
        test_size: int | None = None,
        input_keys: Sequence[str] | None = None,
    ) -> None:
        self.train_seed, self.train_size = train_seed, train_size
        self.dev_seed = self.test_seed = eval_seed
        self.dev_size, self.test_size = dev_size, test_size
        self.input_keys = list(input_keys or ())
        self.do_shuffle = True
        self.name = type(self).__name__

    def reset_seeds(
        self,
        train_seed: int | None = None,
        train_size: int | None = None,
        eval_seed: int | None = None,
        dev_size: int | None = None,
        test_size: int | None = None,
    ) -> None:
        """Take other seeds and sizes; what is None stays."""
        given = {
            "train_seed": train_seed,
            "train_size": train_size,
            "dev_seed": eval_seed,
            "test_seed": eval_seed,
            "dev_size": dev_size,
            "test_size": test_size,
        }
        self.__dict__.update({name: value for name, value in given.items() if value is not None})
        for name in ("train", "dev", "test"):
            self.__dict__.pop(name, None)

    @once
    def train(self) -> list[Example]:
        """The examples to learn from."""
        return self._drawn("train", self._train, self.train_size, self.train_seed)

    @once
    def dev(self) -> list[Example]:
        """The examples to develop with."""
        return self._drawn("dev", self._dev, self.dev_size, self.dev_seed)

    @once
    def test(self) -> list[Example]:
        """The examples to measure with."""
        return self._drawn("test", self._test, self.test_size, self.test_seed)

    def _drawn(self, split: str, rows: Sequence[Row], size: int | None, seed: int) -> list[Example]:
        drawn = list(rows)
        if self.do_shuffle:
            random.Random(seed).shuffle(drawn)
        found = []
        for row in drawn[:size]:
            # Of the content, so that the same row has the same one in every process.
            content = json.dumps(to_json_types(row), sort_keys=True, default=str)
            name = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name}/{split}/{content}")
            example = Example({**row, "dspy_uuid": str(name), "dspy_split": split})
            found.append(example.with_inputs(*self.input_keys) if self.input_keys else example)
        return found

    @classmethod
    def prepare_by_seed(
        cls,
        train_seeds: Sequence[int] | None = None,
        train_size: int = 16,
        dev_size: int = 1000,
        divide_eval_per_seed: bool = True,
        eval_seed: int = 2023,
        **kwargs: Any,
    ) -> SimpleNamespace:
        """Several draws of training examples, with examples to measure each of them.

        Args:
            train_seeds: the seed of each draw; 1 to 5 unless given.
            train_size: how many training examples each has.
            dev_size: how many examples there are to measure with, all draws together.
            divide_eval_per_seed: give each draw a part of them of its own; False gives all of them to each.
            eval_seed: the seed of these.
            kwargs: further arguments of the class.

        Returns:
            an object with `train_sets` and `eval_sets`, a list for each draw.

        Raises:
            DataError: there are fewer examples than asked for.
        """
        seeds = list(train_seeds or (1, 2, 3, 4, 5))
        data = cls(train_size=train_size, eval_seed=eval_seed, dev_size=dev_size, test_size=0, **kwargs)
        measured, share = data.dev, dev_size // len(seeds) if divide_eval_per_seed else dev_size
        train_sets, eval_sets = [], []
        for number, seed in enumerate(seeds):
            data.reset_seeds(train_seed=seed)
            start = number * share if divide_eval_per_seed else 0
            eval_sets.append(measured[start : start + share])
            train_sets.append(data.train)
            if len(eval_sets[-1]) < share or len(data.train) < train_size:
                raise DataError(f"`{data.name}` has too few examples for {len(seeds)} draws of these sizes")
        return SimpleNamespace(train_sets=train_sets, eval_sets=eval_sets)


class HotPotQA(SeededSplits):
    """Questions that need two articles of Wikipedia (Yang et al., 2018), divided as DSPy divides them: of the
    hard training questions three quarters are `train` and one quarter is `dev`; the official validation
    questions are `test`.

    Args:
        args: see `SeededSplits`.
        only_hard_examples: leave out the training questions that are not of the level "hard".
        keep_details: True keeps all fields; "dev_titles" the titles of the articles (`gold_titles`) in `dev`
            and `test`; False only question and answer.
        unofficial_dev: whether there is a `dev`.
        folder: where the files are, whose names begin with `train` and `val` or `dev`; from Hugging Face
            unless given.
        kwargs: see `SeededSplits`.

    Raises:
        DataError: a file is missing or bad.
    """

    def __init__(
        self,
        *args: Any,
        only_hard_examples: bool = True,
        keep_details: bool | str = "dev_titles",
        unofficial_dev: bool = True,
        folder: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._source = _Source(folder, "hotpotqa/hotpot_qa", "fullwiki")
        self._hard = only_hard_examples
        self._details = keep_details
        self._unofficial_dev = unofficial_dev

    @once
    def _official(self) -> list[Row]:
        keys = ["question", "answer"]
        if self._details is True:
            keys = ["id", *keys, "type", "supporting_facts", "context"]
        elif self._details == "dev_titles":
            keys = [*keys, "supporting_facts"]
        rows = self._source.rows(_TRAIN, "train")
        found = [
            _with_titles(row, keys) for row in rows if not self._hard or row.get("level", "hard") == "hard"
        ]
        random.Random(0).shuffle(found)
        return found

    @once
    def _train(self) -> list[Row]:
        rows = self._official[: len(self._official) * 75 // 100]
        hidden = {"gold_titles"} if self._details == "dev_titles" else set()
        return [{name: value for name, value in row.items() if name not in hidden} for row in rows]

    @once
    def _dev(self) -> list[Row]:
        return self._official[len(self._official) * 75 // 100 :] if self._unofficial_dev else []

    @once
    def _test(self) -> list[Row]:
        keys = ["id", "question", "answer", "type", "supporting_facts"]
        return [_with_titles(row, keys) for row in self._source.rows(_VALIDATION, "validation")]


class GSM8K:
    """Word problems of grade-school mathematics (Cobbe et al., 2021), divided as DSPy divides them: 200
    training examples, 300 to develop with, and all official test examples.

    Each example has `question`, `gold_reasoning` and `answer`, a whole number as text.

    Args:
        folder: where the files are, whose names begin with `train` and `test`; from Hugging Face unless
            given.

    Raises:
        DataError: a file is missing or bad.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._source = _Source(folder, "openai/gsm8k", "main")
        self.do_shuffle = False

    @once
    def train(self) -> list[Example]:
        """The examples to learn from."""
        return self._official_train[:200]

    @once
    def dev(self) -> list[Example]:
        """The examples to develop with."""
        return self._official_train[200:500]

    @once
    def test(self) -> list[Example]:
        """The examples to measure with."""
        return self._examples(_TEST, "test")

    @once
    def _official_train(self) -> list[Example]:
        return self._examples(_TRAIN, "train")

    def _examples(self, names: Sequence[str], split: str) -> list[Example]:
        rows = [_solved(row, number) for number, row in enumerate(self._source.rows(names, split), 1)]
        random.Random(0).shuffle(rows)
        return [Example(row).with_inputs("question") for row in rows]


class Banking77:
    """Messages of bank customers with one of 77 intents (Casanueva et al., 2020): `train` and `test`.

    Each example has `text` and `label`.

    Args:
        folder: where the files are, whose names begin with `train` and `test`; from Hugging Face unless
            given.

    Raises:
        DataError: a file is missing or bad.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._source = _Source(folder, "mteb/banking77", None)

    @once
    def train(self) -> list[Example]:
        """The official training examples."""
        return list(self._examples(_TRAIN, "train"))

    @once
    def test(self) -> list[Example]:
        """The official test examples."""
        return list(self._examples(_TEST, "test"))

    @once
    def labels(self) -> list[str]:
        """The intents, in alphabetical order."""
        return sorted({example.label for example in self.train})

    def _examples(self, names: Sequence[str], split: str) -> Iterator[Example]:
        for number, row in enumerate(self._source.rows(names, split), 1):
            labels = [
                row[name] for name in ("category", "label_text", "label") if row.get(name) not in (None, "")
            ]
            if "text" not in row or not labels:
                raise DataError(f"row {number} of Banking77 has no `{'label' if 'text' in row else 'text'}`")
            yield Example(text=row["text"], label=labels[0]).with_inputs("text")


class _Source:
    """The files of a data set, in a folder or on Hugging Face."""

    def __init__(self, folder: str | Path | None, repo: str, config: str | None) -> None:
        self._folder = None if folder is None else Path(folder).expanduser()
        self._repo, self._config = repo, config
        if self._folder is not None and not self._folder.is_dir():
            raise ConfigurationError(f"there is no folder {self._folder}")

    def rows(self, names: Sequence[str], split: str) -> list[Row]:
        """The rows of a split.

        Args:
            names: how its file's name begins, in a folder.
            split: its name on Hugging Face.
        """
        if self._folder is None:
            files = hub.split_files(self._repo, self._config, split)
            return [row for _, row in hub.read_files(files, read).rows]
        there = sorted(self._folder.iterdir())
        for name in names:
            for file in there:
                if file.name.lower().startswith(name) and ending_of(file) in READERS:
                    return [row for _, row in hub.read_files(_shards(file, there), read).rows]
        raise DataError(f"{self._folder} has no data file whose name begins with `{names[0]}`")


_SHARD = re.compile(r"(?P<name>.+)-[0-9]+-of-(?P<count>[0-9]+)(?P<ending>\..+)")


def _shards(file: Path, there: Sequence[Path]) -> list[Path]:
    """All files of a split that Hugging Face has in several, `train-00000-of-00002.parquet`; else the file.

    Raises:
        DataError: one is missing.
    """
    part = _SHARD.fullmatch(file.name)
    if part is None:
        return [file]
    found = [
        other
        for other in there
        if (of := _SHARD.fullmatch(other.name))
        and of.group("name", "count", "ending") == part.group("name", "count", "ending")
    ]
    if len(found) != int(part["count"]):
        raise DataError(
            f"{file.parent} has {len(found)} of the {int(part['count'])} files of `{part['name']}`"
        )
    return found


def _with_titles(row: Mapping[str, Any], keys: Sequence[str]) -> Row:
    """Some fields of a row, with the titles of its supporting facts in the place of these."""
    found = {name: row[name] for name in keys if name in row}
    facts = found.pop("supporting_facts", None)
    if facts is not None:
        # Pairs of title and sentence in the official files, two lists on Hugging Face.
        found["gold_titles"] = set(
            facts["title"] if isinstance(facts, Mapping) else (fact[0] for fact in facts)
        )
    return found


def _solved(row: Mapping[str, Any], number: int) -> Row:
    """A problem with its reasoning and its answer apart."""
    words = str(row.get("answer", "")).split()
    try:
        mark, answer = words[-2], str(int(words[-1].replace(",", "")))
    except (IndexError, ValueError):
        mark, answer = "", ""
    if mark != "####":
        raise DataError(f"row {number} of GSM8K does not end in `#### ANSWER`")
    return {"question": row["question"], "gold_reasoning": " ".join(words[:-2]), "answer": answer}


def parse_integer_answer(answer: str, only_first_line: bool = True) -> int:
    """The last number of an answer in words, without what follows a decimal point; 0 where there is none.

    Args:
        answer: the answer.
        only_first_line: look at its first line only.
    """
    text = answer.strip().split("\n")[0] if only_first_line else answer
    numbers = [word for word in text.split() if any(character.isdigit() for character in word)]
    if not numbers:
        return 0
    digits = "".join(character for character in numbers[-1].split(".")[0] if character.isdigit())
    return int(digits) if digits else 0


def gsm8k_metric(gold: Any, pred: Any, trace: Any = None) -> bool:
    """Whether the last number of `pred.answer` is that of `gold.answer`."""
    return parse_integer_answer(str(gold.answer)) == parse_integer_answer(str(pred.answer))
