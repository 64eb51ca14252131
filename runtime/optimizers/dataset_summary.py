"""What a data set is about, in the words of a model that has looked at it batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import OptimizerError
from ..example import Example
from ..lm.base import BaseLM
from ..modules.predict import Predict
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from .instructions import cleaned
from .program_text import rows_text
from .prompting import Question, ask

MOST_BATCHES = 10
"""How many batches of rows are looked at."""
ENOUGH = 5
"""After how many batches with nothing new no more are looked at."""
_NOTHING_NEW = "COMPLETE"


class DatasetDescriptor(Signature):
    """You get some rows of a data set. Note what holds for most or all of them: their topics, content,
    wording, length and form. Guess what task the data is for, and say so. Be inventive.
    """

    examples: str = InputField(desc="rows of the data set")
    observations: str = OutputField(desc="what holds for most or all of the rows")


class DatasetDescriptorWithPriorObservations(Signature):
    """You get some more rows of a data set, and what was noted about the rows before. Add what else holds for
    most or all of them: their topics, content, wording, length and form, and what task the data is for. If
    the notes already say it all, answer COMPLETE.
    """

    examples: str = InputField(desc="more rows of the data set")
    prior_observations: str = InputField(desc="what was noted so far")
    observations: str = OutputField(desc="what else holds for most or all of the rows, or COMPLETE")


class ObservationSummarizer(Signature):
    """You get notes about a data set. Sum up the most important of them in two or three sentences."""

    observations: str = InputField(desc="the notes")
    summary: str = OutputField(desc="the most important of it, in two or three sentences")


def create_dataset_summary(
    trainset: Sequence[Example], view_data_batch_size: int, prompt_model: BaseLM | None
) -> str | None:
    """A summary of a data set: observations about up to ten batches of its rows, in two or three sentences.

    Args:
        trainset: the rows.
        view_data_batch_size: how many rows to look at in each call.
        prompt_model: the model that looks at them; the configured one when None.

    Returns:
        the summary; None where there are no rows, or the budget leaves no room for it.

    Raises:
        OptimizerError: a call failed before anything was noted, or the summary did.
    """
    rows = list(trainset)
    if not rows:
        return None
    size = view_data_batch_size
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    settings = {"temperature": 1.0}
    first = {"examples": rows_text(batches[0])}
    found = ask(Predict(DatasetDescriptor), Question(first, prompt_model, settings), what="dataset summary")
    if found is None:
        return None
    notes, empty = [found.observations.strip()], 0
    for batch in batches[1:MOST_BATCHES]:
        inputs = {"examples": rows_text(batch), "prior_observations": "\n".join(notes)}
        asking = Predict(DatasetDescriptorWithPriorObservations)
        try:
            found = ask(asking, Question(inputs, prompt_model, settings), what="dataset summary")
        except OptimizerError:
            # It was logged, and what was noted so far will do.
            break
        if found is None:
            return None
        if found.observations.strip().upper().startswith(_NOTHING_NEW):
            empty += 1
            if empty >= ENOUGH:
                break
        else:
            notes.append(found.observations.strip())
    question = Question({"observations": "\n".join(notes)}, prompt_model, settings)
    found = ask(Predict(ObservationSummarizer), question, what="dataset summary")
    return None if found is None else cleaned(found.summary)
