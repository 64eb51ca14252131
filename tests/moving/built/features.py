# Built from features.dspy for DSPy by dspyc; change that file, not this one.
# It needs DSPy 3.4 or newer, and nothing else.

"""What `dspyc build --target dspy` has to say with DSPy's means."""

from pathlib import Path
import contextvars
import csv
import enum
import gzip
import json
import pathlib
import random
import re
import dspy
import pydantic


def with_lm(module, lm):
    """A module whose predictors ask this model."""
    module.set_lm(lm)
    return module


def with_demos(module, demos):
    """A module whose predictors show these examples."""
    for predictor in module.predictors():
        predictor.demos = [dspy.Example(**demo) for demo in demos]
    return module


def learned(module, name):
    """A copy of a module with what was learned: as DSPy keeps it beside this file, or as dspyc does."""
    found = module.deepcopy()
    kept, state = (Path(__file__).with_name(f"{name}{end}") for end in (".json", ".state.json"))
    if kept.exists():
        found.load(str(kept))
    elif state.exists():
        saved = json.loads(state.read_text(encoding="utf-8"))["predictors"]
        for key, predictor in found.named_predictors():
            if key in saved:
                predictor.signature = predictor.signature.with_instructions(
                    saved[key]["instructions"]
                )
                predictor.demos = [dspy.Example(**demo) for demo in saved[key]["demos"]]
    return found


def matches(text, pattern):
    """Whether a regular expression is found in a text."""
    return re.search(pattern, text) is not None


def described(**texts):
    """Say what members of an enumeration mean, to `CheckedAdapter` and in JSON schemas."""

    def schema(kind, core, handler):
        found = handler(core)
        resolved = handler.resolve_ref_schema(found)
        told = [resolved.get("description"), *kind.means]
        resolved["description"] = "\n".join((each for each in told if each))
        return found

    def note(kind):
        kind.means = [f"{kind[name].value}: {text}" for name, text in texts.items()]
        kind.__get_pydantic_json_schema__ = classmethod(schema)
        return kind

    return note


def without(base, *names):
    """A record with the attributes of another one, some of them left out."""
    fields = {
        name: (field.annotation, field)
        for name, field in base.model_fields.items()
        if name not in names
    }
    return pydantic.create_model(base.__name__, __doc__=base.__doc__, **fields)


def told(signature, field, words):
    """Tell the model what a field's value has to be."""
    signature.fields[field].json_schema_extra["constraints"] = words


def condition(signature, field, words, reads, holds):
    """Let `CheckedAdapter` refuse an answer whose field does not hold; `reads` names the values that it is about."""
    extra = signature.fields[field].json_schema_extra
    extra["conditions"] = [*extra.get("conditions", ()), (words, reads, holds)]


_INPUTS = contextvars.ContextVar("_INPUTS", default={})


class CheckedAdapter(dspy.ChatAdapter):
    """Tells what choices mean, and refuses an answer that breaks a condition.

    DSPy then asks once more, as JSON; a second answer that breaks one is an error.
    """

    def __call__(self, lm, lm_kwargs, signature, demos, inputs):
        token = _INPUTS.set(inputs)
        try:
            answers = super().__call__(lm, lm_kwargs, signature, demos, inputs)
        finally:
            _INPUTS.reset(token)
        return [_verified(signature, each, inputs, each) for each in answers]

    async def acall(self, lm, lm_kwargs, signature, demos, inputs):
        token = _INPUTS.set(inputs)
        try:
            answers = await super().acall(lm, lm_kwargs, signature, demos, inputs)
        finally:
            _INPUTS.reset(token)
        return [_verified(signature, each, inputs, each) for each in answers]

    def format_field_structure(self, signature):
        found = super().format_field_structure(signature)
        for name, field in signature.output_fields.items():
            if isinstance(field.annotation, type) and (
                means := getattr(field.annotation, "means", None)
            ):
                choices = "; ".join((str(member.value) for member in field.annotation))
                note = f"{{{name}}}        # note: the value you produce must be one of: {choices}"
                found = found.replace(note, f"{note} ({'; '.join(means)})")
        return found

    def parse(self, signature, completion):
        return _verified(signature, super().parse(signature, completion), _INPUTS.get(), completion)


def _verified(signature, answer, inputs, completion):
    values = {**inputs, **answer}
    for name, field in signature.output_fields.items():
        for words, reads, holds in (field.json_schema_extra or {}).get("conditions", ()):
            if all((each in values for each in reads)) and (not holds(values)):
                raise dspy.AdapterParseError(
                    adapter_name="CheckedAdapter",
                    signature=signature,
                    lm_response=str(completion),
                    message=f"`{name}`: {words}",
                )
    return answer


class Rows(list):
    """Examples, with the steps that they can go through; each gives new ones."""

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return Rows(found) if isinstance(index, slice) else found

    def __add__(self, other):
        return Rows([*self, *other])

    def inputs(self, columns):
        """The same rows with these columns as inputs."""
        return Rows((row.with_inputs(*columns) for row in self))

    def rename(self, names):
        """Columns under other names; the old one may be a path, `answer.value`."""
        return self._each(lambda row: _renamed(row, names))

    def copy(self, names):
        """Columns under a second name, too."""
        return self._each(lambda row: {**row, **{new: row[old] for old, new in names.items()}})

    def columns(self, names):
        """These columns alone."""
        return self._each(lambda row: {name: row[name] for name in names})

    def filter(self, keep):
        """The rows for which a function is true."""
        return Rows((row for row in self if keep(row)))

    def unique(self, by=True):
        """The first of equal rows."""
        names = [by] if isinstance(by, str) else by
        found = {}
        for row in self:
            values = row.toDict() if names is True else {name: row[name] for name in names}
            found.setdefault(json.dumps(values, default=str, sort_keys=True), row)
        return Rows(found.values())

    def map(self, change):
        """What a function makes of each row."""
        return self._each(lambda row: change(dspy.Example(**row)))

    def shuffle(self, seed=True):
        """Another order; the same seed gives the same."""
        found = Rows(self)
        if seed is not False:
            random.Random(None if seed is True else seed).shuffle(found)
        return found

    def skip(self, count):
        """The rows after the first ones."""
        return self[count:]

    def take(self, count):
        """The first rows."""
        return self[:count]

    def split(self, *fractions, seed=0):
        """Several lists, each with its share of the rows."""
        rows = list(self) if seed is None else random.Random(seed).sample(self, len(self))
        ends = [0.0, *(sum(fractions[: count + 1]) for count in range(len(fractions)))]
        places = [round(end * len(rows)) for end in ends]
        return tuple(
            (Rows(rows[start:end]) for start, end in zip(places, places[1:], strict=False))
        )

    def _each(self, change):
        made = []
        for row in self:
            new = dict(change(row.toDict()))
            inputs = (
                [name for name in row.inputs().keys() if name in new] if row._input_keys else []
            )
            made.append(dspy.Example(**new).with_inputs(*inputs) if inputs else dspy.Example(**new))
        return Rows(made)


def _renamed(row, names):
    found = dict(row)
    for old, new in names.items():
        value = found
        for part in old.split("."):
            value = value[part]
        found.pop(old.split(".")[0], None)
        found[new] = value
    return found


_STEPS = ("rename", "copy", "columns", "filter", "unique", "map", "shuffle", "skip", "take")


def dataset(source, *, inputs=(), **steps):
    """The rows of a file, of a list or of a function, after their steps in their fixed order."""
    if callable(source):
        source = source()
    rows = _read(Path(source)) if isinstance(source, (str, Path)) else source
    found = Rows(
        (
            dspy.Example(**row.model_dump() if hasattr(row, "model_dump") else dict(row))
            for row in rows
        )
    )
    for name in _STEPS:
        if (value := steps.get(name)) is not None and value is not False:
            found = getattr(found, name)(value)
    return found.inputs(inputs) if inputs else found


def _read(path):
    suffixes = [each for each in path.suffixes if each != ".gz"]
    with (gzip.open if path.suffix == ".gz" else open)(
        path, "rt", encoding="utf-8-sig", newline=""
    ) as file:
        match suffixes[-1:]:
            case [".csv"]:
                return list(csv.DictReader(file))
            case [".tsv"]:
                return list(csv.DictReader(file, delimiter="\t"))
            case [".json"]:
                return json.load(file)
            case _:
                return [json.loads(line) for line in file if line.strip()]


class Line(pydantic.BaseModel):
    """A line of an order."""

    quantity: float = pydantic.Field(gt=0)
    amount: float = pydantic.Field(description="in euros; about the quantity")
    code: str = pydantic.Field(json_schema_extra={"pattern": "[a-z]"})
    size: int = pydantic.Field(description="must hold: size != 2", default=1, ge=0, le=3)

    @pydantic.field_validator("amount")
    @classmethod
    def check_amount(cls, value, info):
        values = {**info.data, "amount": value}
        if "quantity" in values and (not abs(values["amount"] - values["quantity"]) < 3):
            raise ValueError("about the quantity")
        return value

    @pydantic.field_validator("code")
    @classmethod
    def check_code(cls, value, info):
        values = {**info.data, "code": value}
        if not matches(values["code"], "[a-z]"):
            raise ValueError("matching the regular expression: [a-z]")
        return value

    @pydantic.field_validator("size")
    @classmethod
    def check_size(cls, value, info):
        values = {**info.data, "size": value}
        if not values["size"] != 2:
            raise ValueError("size != 2")
        return value


class Big(without(Line, "code")):
    __doc__ = Line.__doc__
    name: str = pydantic.Field(description="the name", default="x")


@described(A="the first")
class Kind(enum.StrEnum):
    """Kinds of things."""

    A = "a"
    B = "b"


class Base(dspy.Signature):
    """Do it."""

    text: str = dspy.InputField()
    hint: str | None = dspy.InputField(default=None)
    x: float = dspy.OutputField(desc="how sure", ge=0, le=1)
    kind: Kind = dspy.OutputField()
    y: str = dspy.OutputField(max_length=49)
    z: list[Kind] = dspy.OutputField()


condition(Base, "x", "greater than or equal to: 0", ["x"], lambda values: values["x"] >= 0)
condition(Base, "x", "less than or equal to: 1", ["x"], lambda values: values["x"] <= 1)
told(Base, "y", "maximum length: 49, short")
condition(Base, "y", "short", ["y"], lambda values: len(values["y"]) <= 49)
condition(Base, "y", "short", ["y"], lambda values: values["y"] != "no")
told(Base, "z", "z != [] or hint")
condition(
    Base, "z", "z != [] or hint", ["hint", "z"], lambda values: values["z"] != [] or values["hint"]
)
BASE_DEMOS = [{"text": "a", "x": 0.5, "y": "abc", "z": ["a"]}]


class Less(Base):
    y: int = dspy.OutputField()


Less = Less.delete("x")


class More(Base):
    """Another task."""

    lines: list[Line] = dspy.OutputField()
    big: Big | None = dspy.OutputField()


strong = dspy.LM("openai/gpt-4o", temperature=0.5, max_tokens=1000)
first = with_demos(dspy.ChainOfThought(Base, temperature=0.5), BASE_DEMOS)
less = dspy.Predict(Less)
more = with_lm(dspy.ChainOfThought(More), strong)


def double(x: int, kind: Kind = Kind.A) -> int:
    """Twice a number."""
    kind = pydantic.TypeAdapter(Kind).validate_python(kind)
    return 2 * x


agent = with_demos(dspy.ReAct(Base, tools=[double], max_iters=2), BASE_DEMOS)
inline = dspy.Predict(
    dspy.make_signature(
        "text, kinds: list[Kind] -> best: Kind, why: str", custom_types={"Kind": Kind}
    )
)


class Steps(dspy.Module):
    """Several steps."""

    def __init__(self, n: int = 2) -> None:
        super().__init__()
        self.n = n
        self.parts = [dspy.Predict(Less) for _ in range(self.n)]
        self.last = with_lm(
            dspy.Predict(
                dspy.make_signature(
                    "text, names: list[str] -> y: int, kind: Kind", custom_types={"Kind": Kind}
                )
            ),
            strong,
        )

    def forward(self, *, text: str, names: list[str] = []) -> dspy.Prediction:
        try:
            return self.guarded_forward(text=text, names=names)
        except Exception as error:
            return dspy.Prediction(out="none", plain="none")

    def guarded_forward(self, *, text: str, names: list[str] = []) -> dspy.Prediction:
        said = ""
        for part in self.parts:
            said = f"{said} {part(text=text + said).y}"
        try:
            r = self.last(text=said, names=names)
        except dspy.LMError as error:
            return dspy.Prediction(out="error", plain=json.dumps(names))
        print(r.y)
        assert r.y > -3, f"too small: {r.y}"
        for each in said.split():
            if each == "a":
                break
        return dspy.Prediction(out=said, plain=json.dumps(names))


steps = Steps(n=3)
other = with_lm(Steps(n=1), strong)


def length(args: dspy.Example, pred: dspy.Example) -> float:
    """Longer is better."""
    return len(pred.out) / len(args.text)


best = dspy.BestOfN(
    steps, N=2, reward_fn=lambda args, pred: length(dspy.Example(**args), pred), threshold=0.5
)


def same(example: dspy.Example, pred: dspy.Example, trace=None) -> float:
    """Whether the outputs are the same."""
    return float(pred.out == example.out)


def is_short(row: dspy.Example) -> bool:
    return len(row.text) < 3


rows = dataset(
    [{"text": "a", "out": "b"}, {"text": "bb", "out": "b"}, {"text": "cccc", "out": "b"}],
    inputs=["text"],
    filter=is_short,
    shuffle=3,
)
train, dev = rows.split(0.5, 0.5)
file = dataset(
    pathlib.Path(__file__).parent / "rows.csv", inputs=["text"], rename={"label": "out"}, take=2
)
tune = dspy.BootstrapFewShot(metric=same, max_labeled_demos=2)
tuned = learned(steps, "features.tuned")


def compile_tuned():
    """Optimize `tuned`, and keep what was learned beside this file."""
    program = tune.compile(steps, trainset=train)
    program.save(str(Path(__file__).with_name("features.tuned.json")))
    return program


def evaluate_scores():
    """Measure `scores`."""
    result = dspy.Evaluate(devset=dev + file, metric=same)(tuned)
    assert result.score >= 10, result.score
    return result


def test_one() -> None:
    """one"""
    assert double(2) == 4, "double(2) == 4"


dspy.configure(
    lm=dspy.LM("openai/gpt-4o-mini", temperature=0.0, max_tokens=1000), adapter=CheckedAdapter()
)
