"""What DSPy's modules offer beside its face, for programs that import it from there.

`dspy_paths.py` says which path has which; nothing here is used by the runtime itself.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import BatchError
from .evaluate.metrics import normalize_text
from .execution.batch import BatchOptions, run_each
from .execution.settings import lookup
from .prediction import Prediction
from .signature.fields import Field
from .tools.tool import Tool
from .values.reading import reader_for

logger = logging.getLogger("dspyc")

COMMENT_SYMBOL = "#"
"""What comments of `BAMLAdapter` begin with."""
INDENTATION = "  "
"""What each level of `BAMLAdapter`'s types is indented by."""


def FieldInfoWithName(name: str, info: Field) -> Field:  # noqa: N802 DSPy's name, which is a class there
    """A field under a name, as `format_field_with_value` takes it."""
    return info.updated(name=name)


class OldField:
    """A field of DSPy's signatures before they were classes: its prefix, and what is said about it.

    `InputField` and `OutputField` are the fields of signatures; this holds what old programs keep of them.
    """

    def __init__(
        self,
        *,
        prefix: str | None = None,
        desc: str | None = None,
        input: bool,  # noqa: A002 DSPy's name
        format: Any = None,  # noqa: A002 DSPy's name
    ) -> None:
        self.prefix = prefix
        self.desc = desc
        self.format = format
        self.input = input

    def finalize(self, key: str, inferred_prefix: str) -> None:
        """Set the prefix and the description where they were not given."""
        if self.prefix is None:
            self.prefix = f"{inferred_prefix}:"
        if self.desc is None:
            self.desc = f"${{{key}}}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self.prefix}, desc={self.desc})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OldField) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


class OldInputField(OldField):
    """An input of the old kind."""

    def __init__(self, *, prefix: str | None = None, desc: str | None = None, format: Any = None) -> None:  # noqa: A002
        super().__init__(prefix=prefix, desc=desc, input=True, format=format)


class OldOutputField(OldField):
    """An output of the old kind."""

    def __init__(self, *, prefix: str | None = None, desc: str | None = None, format: Any = None) -> None:  # noqa: A002
        super().__init__(prefix=prefix, desc=desc, input=False, format=format)


def parse_value(value: Any, annotation: Any) -> Any:
    """A value of an answer in a type.

    Args:
        value: a text, or a value of JSON's types.
        annotation: the type.

    Raises:
        ValueError: it is no value of the type.
    """
    if annotation is str:
        return str(value)
    read = reader_for(annotation)
    return read(value) if isinstance(value, str) else read.from_json(value)


def convert_mcp_tool(session: Any, tool: Any) -> Tool:
    """A tool of an MCP server as a tool of an agent; see `Tool.from_mcp_tool`."""
    return Tool.from_mcp_tool(session, tool)


def em_score(prediction: str, ground_truth: str) -> bool:
    """Whether a prediction is one answer, both normalized."""
    return normalize_text(prediction) == normalize_text(ground_truth)


def precision_score(prediction: str, ground_truth: str) -> float:
    """The share of the prediction's words that one answer has, too, both normalized; 0 to 1."""
    found, wanted = normalize_text(prediction).split(), normalize_text(ground_truth).split()
    return (Counter(found) & Counter(wanted)).total() / len(found) if found else 0.0


def get_signature(predictor: Any) -> Any:
    """The signature of a predictor."""
    return predictor.signature


def set_signature(predictor: Any, updated_signature: Any) -> None:
    """Give a predictor another signature."""
    predictor.signature = updated_signature


def deduplicate(seq: Iterable[Any]) -> list[Any]:
    """The items without those that were there before, in their order: passages of several searches.

    Args:
        seq: items that can be hashed.
    """
    return list(dict.fromkeys(seq))


def create_minibatch(trainset: Sequence[Any], batch_size: int = 50, rng: random.Random | None = None) -> Any:
    """Some of the examples, drawn by chance; all of them, in another order, where there are no more.

    Args:
        trainset: the examples.
        batch_size: how many.
        rng: what draws; the generator of the process unless given.
    """
    draw = random.sample if rng is None else rng.sample
    return draw(list(trainset), min(batch_size, len(trainset)))


def eval_candidate_program(
    batch_size: int,
    trainset: Sequence[Any],
    candidate_program: Any,
    evaluate: Any,
    rng: random.Random | None = None,
) -> Any:
    """What an evaluation of a program gives, for optimizers of your own; a score of 0.0 where it fails, which
    is logged.

    Args:
        batch_size: on how many of the examples to measure.
        trainset: the examples.
        candidate_program: the program.
        evaluate: an `Evaluate`, or another function of a program and `devset`.
        rng: what draws the examples; the generator of the process unless given.
    """
    rows = trainset if batch_size >= len(trainset) else create_minibatch(trainset, batch_size, rng)
    try:
        return evaluate(candidate_program, devset=rows)
    except Exception as error:  # noqa: BLE001 a candidate that cannot be measured is the worst
        logger.error("a candidate could not be measured: %s: %s", type(error).__name__, error)
        return Prediction(score=0.0, results=[])


class dotdict(dict[str, Any]):  # noqa: N801 DSPy's name
    """A dict whose entries are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no entry `{name}`") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"there is no entry `{name}`") from None


class ParallelExecutor:
    """Calls a function on many items at the same time; `Module.batch` does it for modules.

    Attributes:
        failed_indices: the numbers of the items that failed in the last run, from 0.
        exceptions_map: their errors.
    """

    def __init__(
        self,
        num_threads: int | None = None,
        max_errors: int | None = None,
        disable_progress_bar: bool = False,
        provide_traceback: bool | None = None,
        compare_results: bool = False,
        timeout: float | None = 120,
        straggler_limit: int = 3,
    ) -> None:
        """Say how to run.

        Args:
            num_threads: how many items at a time; `settings.num_threads` unless given.
            max_errors: give up at this many failures; `settings.max_errors` unless given.
            disable_progress_bar: accepted for compatibility with DSPy; no progress bar is drawn.
            provide_traceback: log failures with their traceback.
            compare_results: accepted for compatibility with DSPy, which changes its progress bar by it.
            timeout: seconds after which one of the last items is started once more; None or 0 for never.
            straggler_limit: how many items "the last" are.
        """
        self.num_threads = num_threads
        self.max_errors = max_errors
        self.disable_progress_bar = disable_progress_bar
        self.provide_traceback = provide_traceback
        self.compare_results = compare_results
        self.timeout = timeout
        self.straggler_limit = straggler_limit
        self.failed_indices: list[int] = []
        self.exceptions_map: dict[int, Exception] = {}

    def execute(self, function: Callable[[Any], Any], data: Sequence[Any]) -> list[Any]:
        """The results in the order of the items, None for one that failed.

        Raises:
            BatchError: `max_errors` or more failed; the first failure is its cause.
        """
        most = lookup("max_errors") if self.max_errors is None else self.max_errors
        options = BatchOptions(
            self.num_threads,
            max(most - 1, 0),
            True,
            self.provide_traceback,
            self.timeout or 0,
            self.straggler_limit,
        )
        items = list(enumerate(data))
        try:
            results, failed, errors = run_each(lambda item: function(item[1]), items, items, options)
        except BatchError as error:
            # The first sentence is DSPy's, which programs look for.
            raise BatchError(
                f"Execution cancelled due to errors or interruption. {error}"
            ) from error.__cause__
        self.failed_indices = [index for index, _ in failed]
        self.exceptions_map = dict(zip(self.failed_indices, errors, strict=True))
        found: list[Any] = results
        return found


def experimental(f: Any = None, version: str | None = None) -> Any:
    """Say in the docstring of a function, class or property that it may still change.

    Args:
        f: what to mark; without it, the result is a decorator.
        version: the version that it came with.

    Returns:
        the same object, with the note before its docstring, after that of a property.
    """
    if f is None:
        return lambda marked: experimental(marked, version)
    since = f" (introduced in v{version})" if version else ""
    kind = "class" if isinstance(f, type) else "property" if isinstance(f, property) else "function"
    note = f"Experimental: This {kind} may change or be removed in a future release without warning{since}."
    text = f.__doc__ or ""
    parts = [text, note] if kind == "property" else [note, text]
    f.__doc__ = "\n\n".join(part for part in parts if part)
    return f


def is_in_ipython_notebook_environment() -> bool:
    """Whether this code runs in a notebook."""
    import sys

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
