"""Trainings that cannot begin, or that teach a model its own mistakes."""

from __future__ import annotations

from collections.abc import Iterator

from ....base import databricks, models
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..models.written import Written, constant, model_of
from ..rule import Findings, file_rule, insert, label, replace, rule, written
from ..words import listed, near
from .compiled import Compilation, compilations
from .structure import FILE_MODEL, UNKNOWN_MODEL, structure_of_student, student_of


@file_rule("E410", "untrainable-model")
def untrainable_model(program: Program) -> Findings:
    """`BootstrapFinetune` is given a model that cannot be trained.

    Models in GGUF files can be trained on this machine: `embedded/base`, `gguf/PATH`; those of OpenAI, and of
    servers that speak its protocol, over there: `openai/NAME`; by a job of a Databricks workspace:
    `databricks/NAME`. Any other model needs its own `provider=` that
    trains it.

    ```dspy
    configure(lm=LM("anthropic/claude-haiku-4-5"))
    #               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E410 `BootstrapFinetune` cannot train this model
    module label = Predict("text -> answer")
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune(metric=answer_exact_match)
    program tuned = tune.compile(label, trainset=rows)
    ```

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module label = Predict("text -> answer")
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune(metric=answer_exact_match)
    program tuned = tune.compile(label, trainset=rows)
    ```
    """
    told: set[int] = set()
    for each in compilations(program):
        if each.optimizer != "BootstrapFinetune":
            continue
        for owner, found in _models(program, each):
            if found.provider and found.provider not in models.TRAINABLE and id(found.node) not in told:
                told.add(id(found.node))
                if found.argument("provider") is not None:
                    continue
                words = "`BootstrapFinetune` cannot train this model"
                help_ = "models in GGUF files can be trained, such as `embedded/base`"
                place = types.Place(program.path, each.item.at(each.call.function))
                labels = label(program, place, f"`{each.name}` would be trained here")
                yield untrainable_model.at(found.node, words, help_, labels=labels).shifted(owner.start)


def _models(program: Program, each: Compilation) -> Iterator[tuple[Item, Written]]:
    """The models that the predictors of a student use, each with the item that names it."""
    structure = structure_of_student(program, each.item, each.call)
    for model in dict.fromkeys(one.model for one in structure or ()):
        found = _written(program, model)
        if found is not None:
            yield found


def _written(program: Program, model: str) -> tuple[Item, Written] | None:
    """Where the model stands that a predictor uses."""
    if model == FILE_MODEL:
        return _of_file(program)
    if model == UNKNOWN_MODEL:
        return None
    symbol = program.symbols.get(model)
    owner = program.item(symbol.item) if symbol is not None else None
    if owner is not None and isinstance(owner.declaration, syntax.ValueDeclaration):
        return _of_call(owner, owner.declaration.value)
    return None


def _of_file(program: Program) -> tuple[Item, Written] | None:
    for item in program.items:
        if isinstance(item.declaration, syntax.ConfigureDeclaration):
            for argument in item.declaration.arguments:
                if argument.name is None or argument.name.text != "lm":
                    continue
                if isinstance(argument.value, syntax.Name):
                    symbol = item.symbol_of(argument.value)
                    owner = program.item(symbol.item) if symbol is not None else None
                    declaration = owner.declaration if owner is not None else None
                    if owner is not None and isinstance(declaration, syntax.ValueDeclaration):
                        return _of_call(owner, declaration.value)
                return _of_call(item, argument.value)
    return None


def _of_call(item: Item, node: syntax.Expression) -> tuple[Item, Written] | None:
    found = model_of(item, node) if isinstance(node, syntax.Call) else None
    return (item, found) if found is not None else None


@file_rule("E411", "too-few-threads", fix="always")
def too_few_threads(program: Program) -> Findings:
    """`BootstrapFinetune` has fewer threads than models to train.

    It trains one model for each model that the student's predictors use; with `multitask=False`, one for each
    predictor.

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module Both:
        input text: str
        output answer: str
        first = Predict("text -> draft")
        second = Predict("draft -> answer")
        forward:
            return answer=second(draft=first(text=text).draft).answer
    module both = Both()
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune(num_threads=1, multitask=False, metric=answer_exact_match)
    #                                  ^^^^^^^^^^^^^ E411 `both` has 2 models to train; write `num_threads=2`
    program tuned = tune.compile(both, trainset=rows)
    ```

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module Both:
        input text: str
        output answer: str
        first = Predict("text -> draft")
        second = Predict("draft -> answer")
        forward:
            return answer=second(draft=first(text=text).draft).answer
    module both = Both()
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune(num_threads=2, multitask=False, metric=answer_exact_match)
    program tuned = tune.compile(both, trainset=rows)
    ```
    """
    told: set[int] = set()
    for each in compilations(program):
        if each.optimizer != "BootstrapFinetune" or id(each.construction) in told:
            continue
        argument = each.setting("num_threads")
        jobs, threads = _jobs(program, each), _threads(each)
        if jobs is None or threads is None or threads >= jobs:
            continue
        told.add(id(each.construction))
        words = f"`{_student(each)}` has {jobs} models to train; write `num_threads={jobs}`"
        if argument is not None:
            fix = replace(f"Write `{jobs}`", argument.value, str(jobs))
        else:
            given = each.construction.arguments
            end = given[-1].span.end if given else each.construction.span.end - 1
            text = f"{', ' if given else ''}num_threads={jobs}"
            fix = insert(f"Write `num_threads={jobs}`", end, text)
        place = each.construction.function if argument is None else argument
        yield too_few_threads.at(place, words, fix=fix).shifted(each.owner.start)


def _jobs(program: Program, each: Compilation) -> int | None:
    """How many models are to be trained; None where that cannot be told."""
    structure = structure_of_student(program, each.item, each.call)
    if structure is None or any(one.model == UNKNOWN_MODEL for one in structure):
        return None
    multitask = each.setting("multitask")
    is_shared = multitask is None or constant(multitask.value) is True
    return len({one.model for one in structure}) if is_shared else len(structure)


def _threads(each: Compilation) -> int | None:
    """How many threads there are: those that are written, else the optimizer's own number."""
    argument = each.setting("num_threads")
    if argument is not None:
        given = constant(argument.value)
    else:
        default = next(
            (one.default for one in each.settings.parameters or () if one.name == "num_threads"), ""
        )
        given = int(default) if default.isdigit() else None
    return given if isinstance(given, int) else None


@rule("E412", "training-setting", syntax.Argument, fix="sometimes")
def training_setting(program: Program, item: Item, node: syntax.Argument) -> Findings:
    """Training is given a setting that does not exist, an impossible value, or two settings for its length.

    Of a training at Databricks (`databricks/NAME`) only values can be wrong, as every setting that is not one
    of the provider's is a parameter of the job that trains.

    ```dspy
    lm own = LM("gguf/own", train_kwargs={"epochss": 3})
    #                                     ^^^^^^^^^ E412 unknown setting `epochss`; did you mean `epochs`?
    ```

    ```dspy
    lm own = LM("gguf/own", train_kwargs={"epochs": 3})
    ```
    """
    if node.name is None or node.name.text != "train_kwargs" or not isinstance(node.value, syntax.Dict):
        return
    if _is_at_databricks(item, node, node.value):
        yield from _complaints(node.value)
        return
    owner = _owner(item, node)
    if owner is None:
        return
    of_file = owner is catalog.definition("LM")
    length: str | None = None
    for entry in node.value.entries:
        key = entry.key
        if not isinstance(key, syntax.String):
            continue
        name = models.TRAINING_ALIASES.get(key.value, key.value)
        if name in models.SERVER_TRAINING_SETTINGS and not of_file:
            continue
        if name not in models.TRAINING_SETTINGS:
            close = near(key.value, (*models.TRAINING_SETTINGS, *models.TRAINING_ALIASES))
            ending = f"; did you mean `{close}`?" if close else ""
            help_ = None if close else f"the training settings are {listed(models.TRAINING_SETTINGS)}"
            fix = replace(f"Change to `{close}`", key, f'"{close}"') if close else None
            words = f"unknown setting `{key.value}`{ending}"
            yield training_setting.at(key, words, help_, fix)
        elif name in _LENGTHS:
            if length is not None and length != name:
                words = f"`{length}` already says how long to train; set only one of {listed(_LENGTHS, 'or')}"
                yield training_setting.at(key, words)
            length = length or name


def _complaints(given: syntax.Dict) -> Findings:
    """What is wrong with the values that are written out for a training at Databricks."""
    for entry in given.entries:
        value = constant(entry.value)
        if isinstance(entry.key, syntax.String) and value not in (None, ...):
            for _, words in databricks.complaints({entry.key.value: value}):
                yield training_setting.at(entry.value, words)


def _is_at_databricks(item: Item, node: syntax.Argument, given: syntax.Dict) -> bool:
    """Whether an argument's settings are those of a training at Databricks."""
    call, definition = _call(item, node)
    if call is not None and definition is catalog.definition("LM"):
        found = model_of(item, call)
        if found is None or found.argument("provider") is not None:
            return False
        return found.provider == "databricks"
    names = (entry.key.value for entry in given.entries if isinstance(entry.key, syntax.String))
    return definition is catalog.definition("BootstrapFinetune") and not databricks.MARKS.isdisjoint(names)


_LENGTHS = ("cpu_seconds", "steps", "epochs")


def _owner(item: Item, node: syntax.Argument) -> types.ClassDefinition | None:
    """The class that an argument is given to, if it is one that trains models on this machine."""
    call, definition = _call(item, node)
    if call is not None and definition is catalog.definition("LM"):
        found = model_of(item, call)
        return definition if found is not None and found.provider in models.HERE else None
    return definition if definition is catalog.definition("BootstrapFinetune") else None


def _call(
    item: Item, node: syntax.Argument
) -> tuple[syntax.Call, types.ClassDefinition | None] | tuple[None, None]:
    """The call that an argument belongs to, and the class that it makes an instance of."""
    for call in item.nodes(syntax.Call):
        if any(each is node for each in call.arguments):
            kind = item.type_of(call)
            return call, kind.definition if isinstance(kind, types.Instance) else None
    return None, None


@file_rule("W503", "taught-by-itself", severity="warning")
def taught_by_itself(program: Program) -> Findings:
    """A model is trained on its own answers, right or wrong.

    Without a metric every answer is kept, and without a `teacher` they are the student's. Add a metric, use
    another program as the teacher, or learn from the labels of the rows with `teacher="labels"`.

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module label = Predict("text -> answer")
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune()
    program tuned = tune.compile(label, trainset=rows)
    #               ^^^^^^^^^^^^ W503 `label` learns from its own answers, right or wrong
    ```

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module label = Predict("text -> answer")
    dataset rows = Dataset("rows.csv", inputs=["text"])
    optimizer tune = BootstrapFinetune(metric=answer_exact_match)
    program tuned = tune.compile(label, trainset=rows)
    ```
    """
    for each in compilations(program):
        if each.optimizer != "BootstrapFinetune" or _is_given(each.setting("metric")):
            continue
        if _is_given(each.argument("teacher")) or any(one.star for one in each.construction.arguments):
            continue
        words = f"`{_student(each)}` learns from its own answers, right or wrong"
        help_ = "give the optimizer a metric, or `compile` a teacher"
        yield taught_by_itself.at(each.call.function, words, help_).shifted(each.item.start)


def _student(each: Compilation) -> str:
    """What is improved, as it is written."""
    student = student_of(each.item, each.call)
    return written(each.item, student) if student is not None else "the student"


def _is_given(argument: syntax.Argument | None) -> bool:
    return argument is not None and constant(argument.value) is not None
