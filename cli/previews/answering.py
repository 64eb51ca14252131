"""Answering an editor's question about a prompt: load the text without running Python, format, take apart."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from ...base.modules import file_of
from ...base.secrets import redact
from ...project.errors import Misuse
from ...project.programs import Loaded
from ...project.walking import entries
from ...project.workspace import Workspace
from ..errors import Refusal
from .pieces import pieces_of
from .question import Answer, Field, Message, Prompt, Question, Rows, as_typed

if TYPE_CHECKING:
    from ...compiler.analysis import FileAnalysis
    from ...compiler.query.subjects import Subject
    from ...runtime.modules.predict import Predict
    from ...runtime.signature.signature import Signature

MOST_ROWS = 200
"""Rows of a dataset that one can choose from: the first ones."""
LARGEST_DATA = 32 * 2**20
"""Bytes of a data file that is read for its rows."""


class Answerer:
    """Answers questions about texts, one after the other.

    Args:
        python: whether the Python files that a program imports are run; otherwise what their texts say stands
            in for them.
    """

    def __init__(self, python: bool) -> None:
        self._python = python
        self._workspace = Workspace()
        self._last: tuple[str, str, dict[str, Mark], Loaded] | None = None

    def answer(self, question: Question) -> Answer:
        """The answer; a mistake of the user's is a sentence in it."""
        from ...loader.harmless import guarded

        try:
            with nullcontext() if self._python else guarded():
                return self._answer(question)
        except (Misuse, Refusal) as problem:
            hint = problem.help if isinstance(problem, Misuse) else problem.hint
            return Answer(id=question.id, problem=redact(": ".join(filter(None, [problem.message, hint]))))
        except Exception as problem:  # noqa: BLE001 whatever loading or formatting raises is the answer
            return self._failed(question, problem)

    def _failed(self, question: Question, problem: Exception) -> Answer:
        """Why a text could not be loaded or formatted: the program's own fault, or that of what stands in."""
        from ...loader.compiling import CompileError
        from ...loader.harmless import NeedsPython
        from ..failures import one_line

        if isinstance(problem, CompileError):
            errors = [each for each in problem.diagnostics if each.severity == "error"]
            first = errors[0].message if errors else "the file has errors"
            more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
            return Answer(id=question.id, problem=redact(f"the file has an error: {first}{more}"))
        stands_in = isinstance(problem, NeedsPython) or (not self._python and self._imports_python(question))
        return Answer(id=question.id, problem=redact(one_line(problem)), python=stands_in)

    def _imports_python(self, question: Question) -> bool:
        targets = (item.target for item in self._workspace.analyse(question.path).program.items)
        return any(each is not None and each.kind == "python" for each in targets)

    def _answer(self, question: Question) -> Answer:
        from ...compiler.query.subjects import subject_at, tests_with

        self._workspace.disk.put(question.path, question.text)
        analysis = self._workspace.analyse(question.path)
        subject = subject_at(analysis, question.offset)
        if subject is None:
            return Answer(id=question.id)
        loaded = self._load(question, analysis)
        parts, program = _parts(loaded, subject)
        tests = tests_with(analysis, subject.name)
        rows = dict(_datasets(loaded, program))
        inputs = _inputs(loaded, subject, parts)
        given: dict[str, Any] = {}
        used = ""
        if question.dataset in rows:
            given = rows[question.dataset][min(question.row, len(rows[question.dataset]) - 1)]
        else:
            used = _test_of(question, subject, tests)
            given = tests.get(used, {})
        own = _from_typed(question.values, inputs)
        if not subject.part:
            given, own = {**given, **own}, {}
        values = {path: {**_reaching(analysis, loaded, subject, path, given), **own} for path in parts}
        prompts = [_prompt(_shown(subject, path, parts), one, values[path]) for path, one in parts.items()]
        shown = next(iter(values.values())) if subject.part else given
        return Answer(
            id=question.id,
            subject=subject.shown,
            prompts=prompts,
            inputs=[_with_value(each, shown) for each in inputs],
            tests=list(tests),
            datasets=[Rows(name, len(found)) for name, found in rows.items()],
            used=used,
            calls=_calls(analysis, subject),
        )

    def _load(self, question: Question, analysis: FileAnalysis) -> Loaded:
        """The text, loaded; the same one is not loaded again while what it was made from is as it was."""
        from ...loader.load import execute

        marks = {path: _mark(path) for path in self._made_from()}
        last = self._last
        if last is not None and last[:3] == (question.path, question.text, marks):
            return last[3]
        if self._python:
            self._forget_modules()
        with self._loading():
            module = execute(analysis)
        loaded = Loaded(os.path.basename(question.path), analysis, vars(module), module.__dspyc__)
        self._last = (question.path, question.text, marks, loaded)
        return loaded

    def _loading(self) -> AbstractContextManager[None]:
        from ...loader.load import afresh, without_python
        from ...loader.skeleton import stand_in

        return afresh() if self._python else without_python(stand_in)

    def _made_from(self) -> Iterator[str]:
        """The files that a load may read: those that checking asked for, and the states beside them."""
        disk = self._workspace.disk
        states = (
            os.path.join(folder, each)
            for folder in self._folders()
            for each in entries(folder, (".state.json",))
        )
        return iter(dict.fromkeys((*disk.asked, *disk.states_asked, *states)))

    def _folders(self) -> list[str]:
        """The folders of the programs that were asked about, and of those that they import."""
        programs = (each for each in self._workspace.disk.asked if each.endswith(".dspy"))
        return list(dict.fromkeys(map(os.path.dirname, (*programs, *self._workspace.disk.overlaid()))))

    def _forget_modules(self) -> None:
        """Let Python files be imported as they are now."""
        folders = set(self._folders())
        for name, module in list(sys.modules.items()):
            if os.path.dirname(file_of(module) or "") in folders:
                del sys.modules[name]
        importlib.invalidate_caches()


Mark: TypeAlias = tuple[int, int] | None
"""What tells a file from what it was before; None for one that is not there."""


def _mark(path: str) -> Mark:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _parts(loaded: Loaded, subject: Subject) -> tuple[dict[str, Predict], Any]:
    """The predictors that a subject has, by their paths, and the module."""
    from ...runtime import Predict
    from ...runtime.modules.base import Module
    from ..prompt import predictors_of

    found: Any = loaded.names.get(subject.name)
    if loaded.compiled.kinds.get(subject.name) == "signature":
        found = Predict(found)
    elif isinstance(found, type):
        try:
            found = found()
        except TypeError:
            raise Misuse(
                f"`{subject.name}` needs parameters", f"declare one: `module NAME = {subject.name}(…)`"
            ) from None
    if not isinstance(found, Module):
        raise Misuse(f"`{subject.name}` sends no messages")
    parts = predictors_of(found)
    if subject.part:
        parts = {
            path: one
            for path, one in parts.items()
            if path == subject.part or path.startswith((f"{subject.part}.", f"{subject.part}["))
        }
    if not parts:
        raise Misuse(f"`{subject.shown}` has no predictor, so it sends no messages")
    return parts, found


def _shown(subject: Subject, path: str, parts: Mapping[str, Predict]) -> str:
    alone = len(parts) == 1 and not subject.part
    return subject.name if alone or not path else f"{subject.name}.{path}"


def _inputs(loaded: Loaded, subject: Subject, parts: Mapping[str, Predict]) -> list[Any]:
    """What can be given: the inputs of the one predictor, else those of the program."""
    from ...project.interface import inputs_of
    from ..prompt import inputs_of_predictor

    kinds = loaded.compiled.kinds
    if subject.part or kinds.get(subject.name) not in ("module", "program"):
        return inputs_of_predictor(next(iter(parts.values())))
    return list(inputs_of(loaded, subject.name))


def _from_typed(values: Mapping[str, str], inputs: list[Any]) -> dict[str, Any]:
    """What was typed in, in the types of the inputs; a text that is none of its type is itself the value."""
    from ...project.inputs import convert

    known = {each.name: each for each in inputs}
    made: dict[str, Any] = {}
    for name, text in values.items():
        if name in known and text:
            try:
                made |= convert({name: text}, [known[name]])
            except Misuse:
                made[name] = text
    return made


def _reaching(
    analysis: FileAnalysis, loaded: Loaded, subject: Subject, path: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What of a program's inputs reaches a predictor of it: what the file's own module calls the part with,
    and under the same names in a module of the runtime.
    """
    from ...compiler.query.subjects import reaching
    from ..prompt import module_of

    made: Any = loaded.names.get(subject.name)
    kind = made if isinstance(made, type) else type(module_of(made))
    if loaded.compiled.kinds.get(kind.__name__) != "module class":
        return dict(given)
    return reaching(analysis, kind.__name__, path.partition(".")[0].partition("[")[0], given)


def _test_of(question: Question, subject: Subject, tests: Mapping[str, Any]) -> str:
    """The title of the test whose values are taken; empty for none."""
    if question.test in tests:
        return question.test
    if not question.automatic:
        return ""
    return subject.test if subject.test in tests else next(iter(tests), "")


def _datasets(loaded: Loaded, program: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of the file's datasets that have what the program must be given; nothing is fetched."""
    from ...runtime import Dataset
    from ...runtime.data.readers import is_remote

    signature: type[Signature] | None = program.declared_signature()
    needed = {
        name for name, one in (signature.input_fields if signature else {}).items() if one.is_required()
    }
    for name in loaded.of_kind("dataset"):
        dataset = loaded.names[name]
        if not isinstance(dataset, Dataset) or not needed:
            continue
        file = dataset.file
        if file is not None and (
            is_remote(str(file)) or not file.is_file() or file.stat().st_size > LARGEST_DATA
        ):
            continue
        try:
            rows = [dict(row.items()) for row in islice(dataset.stream(), MOST_ROWS)]
        except Exception:  # noqa: BLE001 rows that cannot be read are the business of `check` and `eval`
            continue
        if rows and needed <= rows[0].keys():
            yield name, rows


def _with_value(one: Any, values: Mapping[str, Any]) -> Field:
    value = as_typed(values[one.name]) if one.name in values else None
    return Field(one.name, one.shown, one.required, value)


def _calls(analysis: FileAnalysis, subject: Subject) -> str:
    from ...compiler.query.describe import describe_bound
    from ...compiler.schedule.bounds import most_calls

    symbol = analysis.program.lookup(subject.name)
    bound = None if symbol is None or subject.part else most_calls(analysis.program, symbol)
    return "" if bound is None else describe_bound(bound)


def _prompt(name: str, predictor: Predict, values: Mapping[str, Any]) -> Prompt:
    from ...runtime.lm.prices import cost_of
    from ...runtime.modules.calling import in_force
    from ..prompt import prompt_of, text_of

    found = prompt_of(name, predictor, values)
    messages = [Message(str(each["role"]), redact(text_of(each))) for each in found.messages]
    pieces = pieces_of(predictor, messages)
    tokens = sum(each.tokens for each in pieces)
    lm = in_force(predictor)[0]
    model = str(getattr(lm, "model", "") or "")
    cost = cost_of(model, {"prompt_tokens": tokens, "completion_tokens": 0}) if model else None
    return Prompt(
        name=name,
        module=_described(predictor),
        model=redact(model),
        messages=messages,
        open=list(found.open),
        pieces=pieces,
        tokens=tokens,
        cost=cost,
    )


def _described(predictor: Predict) -> str:
    signature = predictor.signature
    inputs, outputs = (", ".join(each) for each in (signature.input_fields, signature.output_fields))
    return f"{type(predictor).__name__}({inputs} -> {outputs})"
