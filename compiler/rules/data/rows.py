"""Rows that are written out: each has the columns of the others, and values of the program's types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, file_rule, label, replace, rule, written
from ..walking import Construction, remembered
from ..words import described, near
from .fitting import Misfit, misfits
from .written_rows import WrittenRows, owner_of, rows_behind, source_of


@rule("E432", "not-rows", Construction)
def not_rows(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A dataset is made from something that has no rows.

    Rows come from a data file, a list of dicts, examples or records, or a function that returns them.

    ```dspy
    dataset train = Dataset({"text": "My card?"})
    #                       ^^^^^^^^^^^^^^^^^^^^ E432 a dataset takes a list of rows; write `[{…}]`
    ```

    ```dspy
    dataset train = Dataset([{"text": "My card?"}])
    ```
    """
    source = source_of(item, node)
    if source is None:
        return
    match source, item.type_of(source):
        case syntax.Dict(), _:
            yield not_rows.at(source, "a dataset takes a list of rows; write `[{…}]`")
        case syntax.List(elements=()), _:
            yield not_rows.at(source, "the dataset has no rows")
        case syntax.List(elements=elements), _:
            for each in elements:
                kind = item.type_of(each)
                if not isinstance(each, syntax.Starred) and not may_be_row(kind):
                    yield not_rows.at(each, f"a row is a dict, an example or a record, not {described(kind)}")
                    return
        case _, types.Function(parameters=parameters, untyped=False, name=name) if any(
            each.required and each.kind not in ("*", "**") for each in parameters
        ):
            yield not_rows.at(source, f"`{name}` needs arguments; write `{written(item, source)}(…)`")
        case _, types.Module() | types.ModuleClass() | types.Class() | types.Signature() as kind:
            yield not_rows.at(source, f"a dataset takes a file, rows or a function, not {described(kind)}")
        case _, types.List(item=kind) | types.Iterable(item=kind) | types.Set(item=kind) | types.Function(
            returns=types.List(item=kind)
        ) if not may_be_row(kind):
            yield not_rows.at(source, f"a row is a dict, an example or a record, not {described(kind)}")


def may_be_row(kind: types.Type) -> bool:
    """Whether a value of a type can be a row of a dataset, as far as is known."""
    plain = types.Builtin | types.Literals | types.List | types.Set | types.Tuple | types.Nothing | types.Enum
    return not types.known(kind) or any(not isinstance(each, plain) for each in types.options(kind))


@file_rule("E435", "wrong-row", fix="sometimes")
def wrong_row(program: Program) -> Findings:
    """A literal row lacks an input, names a column twice, or names one that the other rows do not have.

    ```dspy
    dataset train = Dataset(
        [
            {"text": "Where is my card?", "label": "card"},
            {"text": "No cash", "lable": "cash"},
    #                           ^^^^^^^ E435 the other rows have no column `lable`; did you mean `label`?
            {"text": "My card is late", "label": "card"},
        ],
        inputs=["text"],
    )
    ```

    ```dspy
    dataset train = Dataset(
        [
            {"text": "Where is my card?", "label": "card"},
            {"text": "No cash", "label": "cash"},
            {"text": "My card is late", "label": "card"},
        ],
        inputs=["text"],
    )
    ```
    """
    told: set[int] = set()
    for item, sources in program.found(_sources):
        for source, inputs in sources:
            owner, rows = item, source
            if isinstance(source, syntax.Name):
                found = owner_of(program, item, source)
                if found is None or not isinstance(found.declaration, syntax.ConstantDeclaration):
                    continue
                owner, rows = found, found.declaration.value
            if isinstance(rows, syntax.List) and id(rows) not in told:
                told.add(id(rows))
                yield from (each.shifted(owner.start) for each in _kept_wrong_keys(owner, rows, inputs))


@remembered
def _sources(item: Item) -> tuple[tuple[syntax.Expression, tuple[str, ...]], ...]:
    """What gives the datasets of an item their rows, if that is a list or a name, and their inputs."""
    if item.broken:
        return ()
    found: list[tuple[syntax.Expression, tuple[str, ...]]] = []
    for node in item.nodes(syntax.Call):
        source = source_of(item, node)
        if isinstance(source, syntax.List | syntax.Name):
            kind = item.type_of(node)
            inputs = kind.columns.inputs if isinstance(kind, types.Dataset) else ()
            found.append((source, tuple(each.name for each in inputs)))
    return tuple(found)


def _kept_wrong_keys(owner: Item, rows: syntax.List, inputs: tuple[str, ...]) -> Sequence[Diagnostic]:
    """What is wrong with the keys of rows, remembered with the item that holds them."""
    key = (_wrong_keys, id(rows), inputs)
    if key not in owner.memory:
        owner.memory[key] = tuple(_wrong_keys(rows, inputs))
    found: Sequence[Diagnostic] = owner.memory[key]
    return found


def _wrong_keys(rows: syntax.List, inputs: tuple[str, ...]) -> Iterator[Diagnostic]:
    written_out = [each for each in rows.elements if isinstance(each, syntax.Dict)]
    keys = [[entry.key for entry in row.entries] for row in written_out]
    counts = Counter(key.value for row in keys for key in row if isinstance(key, syntax.String))
    first = {key.value for key in keys[0] if isinstance(key, syntax.String)} if keys else set()
    usual = {
        name
        for name, count in counts.items()
        if 2 * count > len(keys) or (2 * count == len(keys) and name in first)
    }
    for row, own in zip(written_out, keys, strict=True):
        names = [key.value for key in own if isinstance(key, syntax.String)]
        lacking = [name for name in counts if name in usual and name not in names]
        seen: set[str] = set()
        is_told = False
        for key in own:
            if not isinstance(key, syntax.String):
                is_told = True  # which columns it has is not known
                continue
            close = near(key.value, lacking) if key.value not in usual else None
            if key.value in seen:
                yield wrong_row.at(key, f"the row sets `{key.value}` twice")
            elif close is not None:
                is_told = True
                words = f"the other rows have no column `{key.value}`; did you mean `{close}`?"
                yield wrong_row.at(key, words, fix=replace(f'Change to "{close}"', key, f'"{close}"'))
            seen.add(key.value)
        missing = [name for name in inputs if name in usual and name not in names]
        if missing and not is_told:
            yield wrong_row.at(row, f"the row has no column `{missing[0]}`, which is an input")


@file_rule("E436", "wrong-row-value", fix="sometimes")
def wrong_row_value(program: Program) -> Findings:
    """A value in a literal row does not have the type of its field in the program that uses it.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module route = Predict("text -> answer: Literal['card', 'cash']")
    rows = [{"text": "My card?", "answer": "crad"}]
    #                                      ^^^^^^ E436 `answer` is `Literal["card", "cash"]`, not `"crad"`
    dataset dev = Dataset(rows, inputs=["text"])
    evaluate accuracy = Evaluate(route, devset=dev, metric=answer_exact_match)
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module route = Predict("text -> answer: Literal['card', 'cash']")
    rows = [{"text": "My card?", "answer": "card"}]
    dataset dev = Dataset(rows, inputs=["text"])
    evaluate accuracy = Evaluate(route, devset=dev, metric=answer_exact_match)
    ```
    """
    told: set[int] = set()
    for item, uses in program.found(_uses):
        for value, taker in uses:
            kind = item.type_of(taker)
            assert isinstance(kind, types.Module)
            for rows in rows_behind(program, item, value):
                place = types.Place(program.path, item.at(taker))
                labels = label(program, place, f"the rows are used for `{written(item, taker)}`")
                for each in _wrong_values(rows, kind.interface, told):
                    yield wrong_row_value.at(each.place, each.words, fix=each.fix, labels=labels).shifted(
                        rows.item.start
                    )


@remembered
def _uses(item: Item) -> tuple[tuple[syntax.Expression, syntax.Expression], ...]:
    """The rows that an item hands to something together with a module, and the module."""
    if item.broken:
        return ()
    found: list[tuple[syntax.Expression, syntax.Expression]] = []
    for node in item.nodes(syntax.Call):
        values = [each.value for each in node.arguments]
        taker = next((each for each in values if isinstance(item.type_of(each), types.Module)), None)
        if taker is not None:
            found += [
                (each, taker)
                for each in values
                if isinstance(item.type_of(each), types.Dataset) and not isinstance(each, syntax.List)
            ]
    return tuple(found)


def _wrong_values(rows: WrittenRows, fields: types.Interface, told: set[int]) -> Iterator[Misfit]:
    """The values that do not fit their fields, apart from those that are told already."""
    for entry, found in _kept_misfits(rows, fields):
        if entry not in told:
            told.add(entry)
            yield from found


def _kept_misfits(rows: WrittenRows, fields: types.Interface) -> Sequence[tuple[int, Sequence[Misfit]]]:
    """The misfits of each entry of some rows, remembered with the item that holds them."""
    key = (_kept_misfits, id(rows.node), tuple(rows.keys.items()), id(fields))
    # The fields are kept beside what was found, so that their identity stands for nothing else meanwhile.
    kept: tuple[types.Interface, Sequence[tuple[int, Sequence[Misfit]]]] | None = rows.item.memory.get(key)
    if kept is None:
        kept = rows.item.memory[key] = (fields, tuple(_misfits(rows, fields)))
    return kept[1]


def _misfits(rows: WrittenRows, fields: types.Interface) -> Iterator[tuple[int, Sequence[Misfit]]]:
    wanted = {rows.keys.get(each.name, each.name): each for each in fields.fields}
    for row in rows.rows:
        for entry in row.entries:
            field = wanted.get(entry.key.value) if isinstance(entry.key, syntax.String) else None
            found = () if field is None else tuple(_misfits_of(rows.item, entry.value, field))
            if found:
                yield id(entry), found


def _misfits_of(item: Item, value: syntax.Expression, field: types.Field) -> Iterator[Misfit]:
    """What does not fit in a value; a label may be a list of the answers that are right."""
    answers = value.elements if isinstance(value, syntax.List) and field.direction == "output" else ()
    if not answers or any(True for each in answers for _ in misfits(item, each, field.type, field.name)):
        yield from misfits(item, value, field.type, field.name)
