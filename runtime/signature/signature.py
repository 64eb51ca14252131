"""Signatures: the inputs and outputs of a module, with instructions.

A signature is a class, and immutable: every change makes a new one. It is not a pydantic model, so making one
costs microseconds and a field may have any name. What a call needs of it (messages, renderers, validators) is
compiled once, by `adapters`, and kept in the class.
"""

from __future__ import annotations

import copyreg
import keyword
import sys
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast, get_type_hints

from ...base.frozen import frozen_record
from ..errors import SignatureError, UndeclaredFieldError, did_you_mean
from .fields import RESERVED, Field
from .string import parse_signature_string

FieldSource: TypeAlias = "Mapping[str, Field | tuple[Any, Field]]"


def _cleaned(doc: str) -> str:
    """A docstring without the indentation of its lines."""
    if "\n" not in doc:
        return doc.expandtabs().lstrip()
    from inspect import cleandoc

    return cleandoc(doc)


STRING_SIGNATURE = "StringSignature"
"""The name of a signature that was made of a string."""


@frozen_record
class _Pending:
    """The fields that a class body declares, and the names in which their types are looked up when needed."""

    fields: dict[str, Field]
    annotations: dict[str, Any]
    global_names: dict[str, Any]
    local_names: dict[str, Any]
    without: frozenset[str]

    def types(self) -> dict[str, Any]:
        """The types that the annotations name."""
        written = SimpleNamespace(__annotations__=self.annotations)
        return get_type_hints(written, self.global_names, self.local_names, include_extras=True)


def _refuse_validators(name: str, namespace: Mapping[str, Any]) -> None:
    """Complain about pydantic's validators, which a signature would never call."""
    for key, value in namespace.items():
        if type(value).__name__ == "PydanticDescriptorProxy":
            raise SignatureError(
                f"the validator `{key}` of `{name}` would never run, because a signature is not a pydantic "
                "model: state the constraint on the field, OutputField(ge=0, where=…), or give the field a "
                "pydantic model as its type"
            )


def _inherited(name: str, bases: tuple[type, ...], without: Collection[str]) -> dict[str, Field]:
    """The fields of the bases that the class of this name takes over."""
    found: dict[str, Field] = {}
    for base in reversed(bases):
        if isinstance(base, SignatureMeta):
            found.update(base._table())
    for key in without:
        if found.pop(key, None) is None:
            raise SignatureError(f"`{name}` cannot leave out `{key}`: its base has no such field")
    return found


class SignatureMeta(type):
    """Makes signature classes out of class bodies, strings and tables of fields."""

    __fields__: Mapping[str, Field]
    __instructions__: str
    __demos__: tuple[dict[str, Any], ...]
    __pending__: _Pending | None
    __compiled__: dict[Any, Any]

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        demos: Sequence[Mapping[str, Any]] = (),
        without: Collection[str] = (),
        table: Mapping[str, Field] | None = None,
    ) -> SignatureMeta:
        """Make the class that a `class` statement describes, or one of the fields of a `table`.

        Fields and instructions of the bases are taken over, except for the fields named by `without`; demos
        are not, because they belong to the fields that they were written for.
        """
        own = {key: value for key, value in namespace.items() if isinstance(value, Field)}
        annotations = namespace.get("__annotations__", {})
        for key, annotation in annotations.items():
            if key not in own and not key.startswith("__") and "ClassVar" not in str(annotation):
                raise UndeclaredFieldError(
                    f"the field `{key}` of `{name}` must be declared with InputField() or OutputField()"
                )
        _refuse_validators(name, namespace)
        # Fields live in a table of their own, not among the class's attributes, so that none hides a method.
        body = {key: value for key, value in namespace.items() if key not in own}
        inherited_instructions = ""
        for base in reversed(bases):
            if isinstance(base, SignatureMeta):
                inherited_instructions = base._written_instructions() or inherited_instructions
        doc = namespace.get("__doc__") if bases else ""
        own = {key: field.updated(name=key) for key, field in own.items()}
        is_late = any(isinstance(base, SignatureMeta) and base.__pending__ is not None for base in bases)
        pending, found = None, table
        if found is None and (is_late or any(isinstance(annotations.get(key), str) for key in own)):
            # Annotations under `from __future__ import annotations` are texts that may name what comes later.
            found = {}
            written = {key: annotations[key] for key in own if key in annotations}
            pending = _Pending(own, written, *_caller_names(), frozenset(without))
        elif found is None:
            typed = {key: _typed(field, annotations.get(key)) for key, field in own.items()}
            found = {**_inherited(name, bases, without), **typed}
        # In the class's body, because each assignment to a class has its price.
        body |= {
            "__fields__": MappingProxyType(found),
            "__instructions__": inherited_instructions if doc is None else _cleaned(doc),
            "__demos__": tuple([dict(demo) for demo in demos]),
            "__compiled__": {},
            "__pending__": pending,
        }
        cls = super().__new__(mcs, name, bases, body)
        if bases:
            _verify(cls, own if table is None else table)
        return cls

    def __init__(cls, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)

    def __call__(
        cls,
        signature: str | FieldSource = "",
        instructions: str | None = None,
        signature_name: str = STRING_SIGNATURE,
        *,
        custom_types: Mapping[str, Any] | None = None,
        demos: Sequence[Mapping[str, Any]] = (),
        **inputs: Any,
    ) -> type[Signature]:
        """Make a signature of a string (`Signature("question -> answer")`) or of a table of fields.

        Args:
            signature: the fields: a string, or names to fields or to pairs of a type and a field.
            instructions: what to do with them; made from the names when None.
            signature_name: the name of the class.
            custom_types: names of types of one's own that the string uses.
            demos: few-shot examples that belong to the signature.

        Raises:
            SignatureError: the string is no signature, or the fields cannot stand together.
        """
        if cls is not Signature or inputs:
            raise SignatureError(
                f"`{cls.__name__}` is a signature, not a function: call a module made from it, "
                f"such as Predict({cls.__name__})"
            )
        if isinstance(signature, str):
            fields = parse_signature_string(signature, custom_types)
        else:
            fields = [_from_table(name, entry) for name, entry in signature.items()]
        return make(fields, instructions, name=signature_name, demos=demos)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in ("instructions", "fields", "input_fields", "output_fields"):
            raise AttributeError(
                "signatures are immutable: use with_instructions(…) or with_updated_fields(…) "
                f"instead of `{name} = …`"
            )
        super().__setattr__(name, value)

    def __repr__(cls) -> str:
        if not cls.fields:
            return f"<class {cls.__name__}>"
        lines = [
            f"    {name} = {field.kind}: {field.annotation!r} {field.description!r}"
            for name, field in cls.fields.items()
        ]
        return "\n".join(
            [f"{cls.__name__}({cls.signature}", f"    instructions={cls.instructions!r}", *lines, ")"]
        )

    def _table(cls) -> Mapping[str, Field]:
        if cls.__pending__ is not None:
            pending = cls.__pending__
            inherited = _inherited(cls.__name__, cls.__bases__, pending.without)
            try:
                hints = pending.types()
            except (AttributeError, NameError, TypeError) as error:
                raise SignatureError(f"a type of `{cls.__name__}` cannot be found: {error}") from error
            typed = {key: _typed(field, hints.get(key)) for key, field in pending.fields.items()}
            cls.__fields__ = MappingProxyType({**inherited, **typed})
            cls.__pending__ = None
        return cls.__fields__

    def _written_instructions(cls) -> str:
        return cls.__instructions__

    @property
    def fields(cls) -> dict[str, Field]:
        """All fields by name, inputs first."""
        return {**cls.input_fields, **cls.output_fields}

    @property
    def input_fields(cls) -> dict[str, Field]:
        """The inputs by name."""
        return {name: field for name, field in cls._table().items() if field.kind == "input"}

    @property
    def output_fields(cls) -> dict[str, Field]:
        """The outputs by name."""
        return {name: field for name, field in cls._table().items() if field.kind == "output"}

    @property
    def model_fields(cls) -> dict[str, Field]:
        """All fields by name, under the name that pydantic and DSPy have for them."""
        return cls.fields

    @property
    def instructions(cls) -> str:
        """What to do with the fields; made from their names when none were written."""
        return cls.__instructions__ or default_instructions(list(cls.input_fields), list(cls.output_fields))

    @property
    def signature(cls) -> str:
        """The names of the fields in the string form, without types."""
        return f"{', '.join(cls.input_fields)} -> {', '.join(cls.output_fields)}"

    @property
    def demos(cls) -> tuple[dict[str, Any], ...]:
        """The few-shot examples that belong to the signature."""
        return cls.__demos__


class Signature(metaclass=SignatureMeta):
    """The base class of all signatures.

    As a class, with the instructions as its docstring:

        class Classify(Signature):
            '''Classify the sentiment of a sentence.'''

            sentence: str = InputField()
            sentiment: Literal["positive", "negative"] = OutputField(desc="as a reader feels it")

    or from a string: `Signature("question, context: list[str] -> answer: float", "Answer the question.")`.
    """

    fields: ClassVar[dict[str, Field]]
    input_fields: ClassVar[dict[str, Field]]
    output_fields: ClassVar[dict[str, Field]]
    instructions: ClassVar[str]
    signature: ClassVar[str]
    demos: ClassVar[tuple[dict[str, Any], ...]]

    @classmethod
    def with_instructions(cls, instructions: str) -> type[Signature]:
        """The same fields with other instructions."""
        return make(list(cls.fields.values()), instructions, name=cls.__name__, demos=cls.demos)

    @classmethod
    def append_instructions(cls, instructions: str) -> type[Signature]:
        """The same fields with these instructions after the current ones, separated by a blank line."""
        return cls.with_instructions(f"{cls.instructions}\n\n{instructions}")

    @classmethod
    def with_updated_fields(cls, name: str, type_: Any = None, **changes: Any) -> type[Signature]:
        """The same signature with one field changed: its type, `desc`, default or constraints.

        Raises:
            SignatureError: there is no such field.
        """
        fields = cls.fields
        if name not in fields:
            raise SignatureError(f"`{cls.__name__}` has no field `{name}`{did_you_mean(name, fields)}")
        if type_ is not None:
            changes |= {"annotation": type_, "untyped": False}
        fields[name] = fields[name].updated(**changes)
        return make(list(fields.values()), cls.instructions, name=cls.__name__, demos=cls.demos)

    @classmethod
    def prepend(cls, name: str, field: Any, type_: Any = None) -> type[Signature]:
        """The signature with a field before the others of its kind."""
        return cls.insert(0, name, field, type_)

    @classmethod
    def append(cls, name: str, field: Any, type_: Any = None) -> type[Signature]:
        """The signature with a field after the others of its kind."""
        return cls.insert(-1, name, field, type_)

    @classmethod
    def insert(cls, index: int, name: str, field: Any, type_: Any = None) -> type[Signature]:
        """The signature with a field at a position among those of its kind; a negative index counts from the
        end.

        A field of the same name is replaced.

        Raises:
            SignatureError: the index is out of range, or `field` is not an InputField() or OutputField().
        """
        if not isinstance(field, Field):
            raise SignatureError(f"`{name}` must be an InputField() or an OutputField(), not {field!r}")
        new = _typed(field.updated(name=name), type_)
        same = [old for old in cls.fields.values() if old.kind == new.kind and old.name != name]
        others = [old for old in cls.fields.values() if old.kind != new.kind and old.name != name]
        at = index + len(same) + 1 if index < 0 else index
        if not 0 <= at <= len(same):
            raise SignatureError(f"{index} is not a position among {len(same)} {new.kind} fields")
        same.insert(at, new)
        return make([*same, *others], cls.instructions, name=cls.__name__, demos=cls.demos)

    @classmethod
    def delete(cls, name: str) -> type[Signature]:
        """The signature without a field; the same fields when it has no such field."""
        fields = [field for field in cls.fields.values() if field.name != name]
        return make(fields, cls.instructions, name=cls.__name__, demos=cls.demos)

    @classmethod
    def equals(cls, other: Any) -> bool:
        """Whether the other signature has the same instructions and fields."""
        if not isinstance(other, SignatureMeta) or cls.instructions != other.instructions:
            return False
        return list(cls.fields.values()) == list(other.fields.values())

    @classmethod
    def dump_state(cls) -> dict[str, Any]:
        """What optimizers change: the instructions, and each field's name, prefix and description."""
        fields = [
            {"name": name, "prefix": field.json_schema_extra["prefix"], "description": field.description}
            for name, field in cls.fields.items()
        ]
        return {"instructions": cls.instructions, "fields": fields}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> type[Signature]:
        """The signature with a dumped state applied: by names, or by position for DSPy's files, which have
        none.

        Raises:
            SignatureError: the state names a field that does not exist, or has another number of fields
                without names.
        """
        fields = cls.fields
        saved = state.get("fields", [])
        names = [entry.get("name") for entry in saved]
        if any(name is None for name in names):
            if len(saved) != len(fields):
                raise SignatureError(
                    f"the state has {len(saved)} fields without names and `{cls.__name__}` has {len(fields)}"
                )
            names = list(fields)
        for name, entry in zip(names, saved, strict=True):
            if name not in fields:
                raise SignatureError(f"the state has a field `{name}`, which `{cls.__name__}` does not have")
            description = entry.get("description")
            if description is not None and description != fields[name].description:
                fields[name] = fields[name].updated(desc=description)
            if (prefix := entry.get("prefix")) is not None and prefix != fields[name].json_schema_extra[
                "prefix"
            ]:
                fields[name] = fields[name].updated(prefix=prefix)
        return make(list(fields.values()), state["instructions"], name=cls.__name__, demos=cls.demos)


if TYPE_CHECKING:
    # A module's attribute `signature` is a class, whatever its parameter `signature` was given.
    SignatureLike: TypeAlias = Any
else:
    SignatureLike = type[Signature] | str
"""A signature class, or its string form."""


def make(
    fields: Sequence[Field],
    instructions: str | None = None,
    *,
    name: str = STRING_SIGNATURE,
    demos: Sequence[Mapping[str, Any]] = (),
) -> type[Signature]:
    """A signature class of these fields.

    Raises:
        SignatureError: a field is named twice, or has a name that cannot be.
    """
    table: dict[str, Field] = {}
    for field in fields:
        if field.name in table:
            raise SignatureError(
                f"the field `{field.name}` is declared twice: inputs and outputs need distinct names"
            )
        table[field.name] = field
    namespace = {"__module__": __name__, "__doc__": instructions or ""}
    return SignatureMeta(name, (Signature,), namespace, demos=demos, table=table)  # type: ignore[return-value]


def _reduced(cls: SignatureMeta) -> str | tuple[Any, ...]:
    """How a signature goes to another process: by name where it can be imported there, else as its parts.

    Nothing here reads what was sent: that is for `multiprocessing`, between the processes of one program.
    """
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is cls:
        name: str = cls.__qualname__
        return name
    parts = (cls.__name__, tuple(cls._table().values()), cls._written_instructions(), cls.demos)
    return _made_again, parts


def _made_again(
    name: str, fields: Sequence[Field], instructions: str, demos: Sequence[Mapping[str, Any]]
) -> type[Signature]:
    return make(fields, instructions, name=name, demos=demos)


copyreg.pickle(SignatureMeta, _reduced)


def make_signature(
    signature: str | FieldSource,
    instructions: str | None = None,
    signature_name: str = STRING_SIGNATURE,
    custom_types: Mapping[str, Any] | None = None,
) -> type[Signature]:
    """The same as `Signature(...)`, under DSPy's name."""
    return Signature(signature, instructions, signature_name, custom_types=custom_types)  # type: ignore[call-arg,return-value]


def ensure_signature(signature: SignatureLike, instructions: str | None = None) -> type[Signature]:
    """The signature itself, or the one that a string describes.

    Raises:
        SignatureError: it is neither, or instructions were given for a signature that has some already.
    """
    if isinstance(signature, str):
        return make(parse_signature_string(signature), instructions)
    if not isinstance(signature, SignatureMeta):
        raise SignatureError(
            "a signature must be a Signature class or a string such as 'question -> answer', "
            f"not {signature!r}"
        )
    if instructions is not None:
        raise SignatureError(
            f"`{signature.__name__}` already has instructions; use with_instructions(…) to change them"
        )
    return cast("type[Signature]", signature)


def default_instructions(inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """The instructions of a signature for which none were written."""
    quoted_inputs = ", ".join(f"`{name}`" for name in inputs)
    quoted_outputs = ", ".join(f"`{name}`" for name in outputs)
    return f"Given the fields {quoted_inputs}, produce the fields {quoted_outputs}."


def _typed(field: Field, annotation: Any) -> Field:
    if annotation is not None:
        return field.updated(annotation=annotation)
    return field if field.annotation is not None else field.updated(annotation=str, untyped=True)


def _from_table(name: str, entry: Field | tuple[Any, Field]) -> Field:
    annotation, field = (None, entry) if isinstance(entry, Field) else entry
    if not isinstance(field, Field):
        raise SignatureError(f"`{name}` must be an InputField() or an OutputField(), not {field!r}")
    return _typed(field.updated(name=name), annotation)


def _verify(cls: type, fields: Mapping[str, Field]) -> None:
    for name, field in fields.items():
        if not name.isidentifier() or keyword.iskeyword(name):
            raise SignatureError(
                f"`{name}` cannot be a field's name: it is not a valid name, or it is a Python keyword"
            )
        if name in RESERVED and field.kind == "output":
            raise SignatureError(
                f"`{name}` {RESERVED[name]}; give the field of `{cls.__name__}` another name"
            )


def _caller_names() -> tuple[dict[str, Any], dict[str, Any]]:
    """The global and the local names around a class body."""
    # The frames: this function, SignatureMeta.__new__, the body's surroundings.
    frame = sys._getframe(2)
    return frame.f_globals, {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)
