"""Datasets of Hugging Face, by their files: `hf://datasets/OWNER/NAME[@REVISION]/FILE`.

The form is that of huggingface_hub, pandas and DuckDB. `FILE` may have `*`; the files that fit are read one
after the other. `@~parquet` is the branch on which Hugging Face keeps every dataset as Parquet, under
`CONFIG/SPLIT/`; it is taken where a path names no file, or names a configuration and a split. No code of a
dataset is ever run.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ...base.secrets import redact
from ..errors import DataError, did_you_mean, list_names
from .opening import ending_of
from .table import Origin, Row, Table

_PARQUET = "refs/convert/parquet"
_PATH = re.compile(
    r"hf://datasets/(?P<repo>[^/@]+(?:/[^/@]+)?)(?:@(?P<revision>[^/]+(?:/(?:convert|pr)/[^/]+)?))?(?:/(?P<file>.+))?"
)


@dataclass(frozen=True)
class Place:
    """Files of a dataset.

    Attributes:
        repo: its name, "OWNER/NAME".
        pattern: the files, with `*` for any; "" for none that are named.
        revision: a branch, a tag or a commit; None for the main branch.
    """

    repo: str
    pattern: str = ""
    revision: str | None = None


def place_of(name: str) -> Place:
    """What a path names.

    Raises:
        DataError: it is no such path.
    """
    found = _PATH.fullmatch(name)
    if found is None:
        raise DataError(
            f"`{name}` is not the path of a Hugging Face dataset; write hf://datasets/OWNER/NAME/FILE, or "
            "hf://datasets/OWNER/NAME/CONFIG/SPLIT"
        )
    revision = found["revision"]
    return Place(found["repo"], found["file"] or "", _PARQUET if revision == "~parquet" else revision)


def read_remote(name: str, read: Callable[[Path], Table]) -> Table:
    """The rows of files on Hugging Face, which are downloaded into its cache.

    Args:
        name: the path.
        read: reads a file.

    Raises:
        DataError: there is no such dataset or file, or it cannot be downloaded.
    """
    return read_files(files_of(place_of(name)), read)


def files_of(place: Place) -> list[Path]:
    """The files that a place names, downloaded.

    Raises:
        DataError: there are none, or one cannot be downloaded.
    """
    hub = _Hub(place.repo)
    last = place.pattern.rpartition("/")[2]
    if place.pattern and ending_of(Path(last)):
        return [hub.download(name, place.revision) for name in hub.matching(place.pattern, place.revision)]
    # A configuration and a split, or their names left out.
    config, _, split = place.pattern.partition("/")
    return split_files(place.repo, config or None, split or "train", place.revision)


def split_files(repo: str, config: str | None, split: str, revision: str | None = None) -> list[Path]:
    """The files of a split, downloaded.

    Args:
        repo: the dataset.
        config: its configuration; the only one, or the one called `default`, unless given.
        split: the split.
        revision: a branch, a tag or a commit of the Parquet files.

    Raises:
        DataError: there is no such configuration or split.
    """
    hub, revision = _Hub(repo), revision or _PARQUET
    splits = hub.splits(revision)
    name = config or ("default" if "default" in splits or len(splits) != 1 else next(iter(splits)))
    if name not in splits:
        raise DataError(
            f"the dataset `{repo}` has no configuration `{name}`; it has {list_names(sorted(splits))}"
            f"{did_you_mean(name, splits)}"
        )
    if split not in splits[name]:
        raise DataError(
            f"the dataset `{repo}` has no split `{split}`; it has {list_names(sorted(splits[name]))}"
            f"{did_you_mean(split, splits[name])}"
        )
    return [hub.download(file, revision) for file in sorted(splits[name][split])]


def splits_of(repo: str, config: str | None, revision: str | None = None) -> list[str]:
    """The names of a configuration's splits."""
    splits = _Hub(repo).splits(revision or _PARQUET)
    return sorted(splits.get(config or "default", next(iter(splits.values()), {})))


def read_files(files: Sequence[Path], read: Callable[[Path], Table]) -> Table:
    """The rows of several files, one after the other, each at its line of its file. A file is opened when the
    ones before it are read.
    """
    first = read(files[0])
    if len(files) == 1:
        return first
    return Table(first.columns, _joined(files, chain([first], map(read, files[1:]))))


def _joined(files: Sequence[Path], tables: Iterable[Table]) -> Iterator[tuple[Origin, Row]]:
    for file, table in zip(files, tables, strict=True):
        for line, row in table.rows:
            yield line if isinstance(line, tuple) else (file.name, line), row


class _Hub:
    """One dataset on Hugging Face, or on the server that `HF_ENDPOINT` names."""

    def __init__(self, repo: str) -> None:
        try:
            import huggingface_hub
            from huggingface_hub import errors
        except ImportError:
            raise DataError(
                f"`{repo}` is a Hugging Face dataset; reading it needs the package `huggingface_hub`: "
                "pip install 'dspyc[data]'"
            ) from None
        self._repo = repo
        self._hub: Any = huggingface_hub
        self._errors: Any = errors
        self._endpoint = os.environ.get("HF_ENDPOINT") or None

    def matching(self, pattern: str, revision: str | None) -> list[str]:
        """The names of the files that fit a pattern."""
        if "*" not in pattern:
            return [pattern]
        found = sorted(name for name in self._files(revision) if fnmatch.fnmatch(name, pattern))
        if not found:
            raise DataError(f"the dataset `{self._repo}` has no files `{pattern}`")
        return found

    def splits(self, revision: str) -> dict[str, dict[str, list[str]]]:
        """The Parquet files by configuration and split."""
        found: dict[str, dict[str, list[str]]] = {}
        for name in self._files(revision):
            config, _, rest = name.partition("/")
            split, _, file = rest.partition("/")
            if file.endswith(".parquet"):
                found.setdefault(config, {}).setdefault(split, []).append(name)
        if not found:
            raise DataError(f"the dataset `{self._repo}` is not there as Parquet; name one of its files")
        return found

    def download(self, name: str, revision: str | None) -> Path:
        """A file, in the cache of this machine."""
        return Path(
            self._asked(
                lambda: self._hub.hf_hub_download(
                    self._repo, name, repo_type="dataset", revision=revision, endpoint=self._endpoint
                ),
                name,
            )
        )

    def _files(self, revision: str | None) -> list[str]:
        api = self._hub.HfApi(endpoint=self._endpoint)
        files: list[str] = self._asked(
            lambda: api.list_repo_files(self._repo, repo_type="dataset", revision=revision), ""
        )
        return files

    def _asked(self, ask: Any, file: str) -> Any:
        errors = self._errors
        try:
            return ask()
        except errors.RepositoryNotFoundError:
            raise DataError(
                f"there is no Hugging Face dataset `{self._repo}`, or it is private; for a private one, set "
                "HF_TOKEN"
            ) from None
        except errors.RevisionNotFoundError:
            raise DataError(f"the dataset `{self._repo}` has no such revision") from None
        except errors.LocalEntryNotFoundError as error:
            raise self._unreachable(error.__cause__ or error) from error
        except errors.EntryNotFoundError:
            raise DataError(f"the dataset `{self._repo}` has no file `{file}`") from None
        except Exception as error:  # the client's own kinds of network errors differ by its version
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> DataError:
        reason = redact((str(error).splitlines() or [type(error).__name__])[0][:300])
        return DataError(f"the dataset `{self._repo}` cannot be downloaded: {reason}")
