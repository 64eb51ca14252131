"""`@parameters`: a class whose annotated fields are its constructor's parameters.

The catalog, completion, hover and the reference read the same facts that construction uses:

    @parameters
    class Refine(Module):
        '''Runs a module again with advice until a reward is reached.'''

        module: Module
        '''What to run.'''
        N: Annotated[int, Ge(1)]
        '''How often at most.'''
        threshold: float | None = None
        '''The reward that is good enough.'''

        def __post_init__(self) -> None: ...

Fields of base classes come first. `_: KW_ONLY` makes what follows keyword-only. A default that is a list,
dict or set is copied for each use. `extra="config"` keeps keyword arguments that no field names in a dict of
that name. A class with an attribute `callbacks` takes them too, from Python. Limits (`Ge`, `Gt`, `Le`, `Lt`,
`MinLen`) and `Literal` choices of what is given are checked when an object is made; defaults are not. A
static method `__complete__(given)` may add to what is given, where a default depends on another parameter; a
dict `__former__` says of parameters that are no more what is there instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from ..base.frozen import frozen_record
from ..base.text import did_you_mean, near
from .errors import ConfigurationError

if TYPE_CHECKING:
    # Imported with the first class, so nothing here may need it before someone asks for a signature.
    import inspect
    from dataclasses import KW_ONLY as KW_ONLY
else:

    class KW_ONLY:  # noqa: N801 the name of what it stands for, which takes 10 ms to import
        """What follows can only be given by name."""


T = TypeVar("T")
Check: TypeAlias = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()

_MISSPELLED = 0.85
"""How alike two names are that are taken for one; the checker draws the line there, too."""

_LIMITS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("ge", "at least", lambda value, limit: value >= limit),
    ("gt", "more than", lambda value, limit: value > limit),
    ("le", "at most", lambda value, limit: value <= limit),
    ("lt", "less than", lambda value, limit: value < limit),
    ("min_length", "of at least that many items:", lambda value, limit: len(value) >= limit),
)


SETTINGS_OF_LM = ("temperature", "max_tokens", "probabilities")
"""The parameters of `LM` that are marked as a `Setting`; a test compares them."""


@frozen_record
class ConstructorParameter:
    """One parameter of a class: its name, default (`MISSING` when there is none) and whether it may be
    positional.
    """

    name: str
    default: Any
    keyword_only: bool


@overload
def parameters(cls: type[T]) -> type[T]: ...
@overload
def parameters(*, extra: str | None = None) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(eq_default=False, order_default=False)
def parameters(
    cls: type[T] | None = None, *, extra: str | None = None
) -> type[T] | Callable[[type[T]], type[T]]:
    """Give a class the constructor that its annotated fields describe; it calls `__post_init__` at the end.

    Args:
        cls: the class, when used without arguments.
        extra: the attribute that takes keyword arguments which no field names; without it they are errors.
    """

    def decorate(cls: type[T]) -> type[T]:
        _equip(cls, extra)
        return cls

    return decorate if cls is None else decorate(cls)


def parameters_of(cls: type) -> tuple[ConstructorParameter, ...]:
    """The parameters of a class made by `@parameters`, in the order of its constructor."""
    found: tuple[ConstructorParameter, ...] = getattr(cls, "__parameters__", ())
    return found


def refuse_misspelled(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Complain about a further setting of an LM that was probably meant as another name.

    Providers take settings of any name, so only those are refused that are very like a known one.

    Args:
        owner: what was constructed, for the message.
        given: the names that were given and are no parameters.
        known: the parameters.

    Raises:
        ConfigurationError: naming the parameter that was meant.
    """
    for name in given:
        meant = near(name, [*known, *SETTINGS_OF_LM], _MISSPELLED)
        if meant:
            raise ConfigurationError(f"`{owner}` has no parameter `{name}`; did you mean `{meant}`?")


def _equip(cls: type, extra: str | None) -> None:
    fields = {parameter.name: parameter for parameter in parameters_of(cls)}
    fields.update(_own_parameters(cls))
    ordered = tuple(fields.values())
    extra = extra or getattr(cls, "__parameters_extra__", None)
    cls.__parameters__ = ordered  # type: ignore[attr-defined]
    cls.__parameters_extra__ = extra  # type: ignore[attr-defined]
    cls.__init__ = _initializer(cls, ordered, extra)  # type: ignore[misc]
    cls.__signature__ = _Signature(cls, ordered, extra)  # type: ignore[attr-defined]


def _own_parameters(cls: type) -> dict[str, ConstructorParameter]:
    own: dict[str, ConstructorParameter] = {}
    keyword_only = False
    for name, annotation in cls.__annotations__.items():
        if _is(annotation, "KW_ONLY"):
            keyword_only = True
        elif not _is(annotation, "ClassVar"):
            own[name] = ConstructorParameter(name, cls.__dict__.get(name, MISSING), keyword_only)
    return own


def _is(annotation: Any, name: str) -> bool:
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2] == name
    if name == "ClassVar":
        return annotation is ClassVar or get_origin(annotation) is ClassVar
    return annotation is KW_ONLY or type(annotation).__name__ == "_KW_ONLY_TYPE"  # that of `dataclasses`


def _initializer(
    cls: type, fields: tuple[ConstructorParameter, ...], extra: str | None
) -> Callable[..., None]:
    positional = [field.name for field in fields if not field.keyword_only]
    known = [field.name for field in fields]
    checks: dict[str, Check | None] = {}
    complete: Callable[[dict[str, Any]], None] | None = getattr(cls, "__complete__", None)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if args:
            _name_them(cls, positional, args, kwargs)
        if complete is not None:
            complete(kwargs)
        values, given = self.__dict__, []
        if "callbacks" in kwargs and "callbacks" not in known and hasattr(cls, "callbacks"):
            values["callbacks"] = kwargs.pop("callbacks") or ()
        for field in fields:
            if field.name in kwargs:
                values[field.name] = kwargs.pop(field.name)
                given.append(field.name)
            elif field.default is MISSING:
                raise ConfigurationError(f"`{cls.__name__}` needs the parameter `{field.name}`")
            else:
                values[field.name] = _fresh(field.default)
        if extra is not None:
            refuse_misspelled(cls.__name__, kwargs, known)
            values[extra] = kwargs
        elif kwargs:
            raise _unknown(cls, next(iter(kwargs)), fields)
        for name in given:
            if name not in checks:
                checks[name] = _check(_hint(cls, name))
            check = checks[name]
            if check is not None and (complaint := check(values[name])) is not None:
                raise ConfigurationError(f"`{name}` of `{cls.__name__}` {complaint}")
        post_init = getattr(self, "__post_init__", None)
        if post_init is not None:
            post_init()

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return __init__


def _name_them(cls: type, names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Add the arguments that were given by position to those that were given by name.

    Raises:
        ConfigurationError: there are too many, or one that was given by name, too.
    """
    if len(args) > len(names):
        raise ConfigurationError(
            f"`{cls.__name__}` takes at most {len(names)} positional arguments, not {len(args)}"
        )
    for name, value in zip(names, args, strict=False):
        if name in kwargs:
            raise ConfigurationError(f"`{cls.__name__}` got the parameter `{name}` twice")
        kwargs[name] = value


def _unknown(cls: type, name: str, fields: tuple[ConstructorParameter, ...]) -> ConfigurationError:
    former = getattr(cls, "__former__", {}).get(name)
    instead = (
        f": {former}" if former else did_you_mean(name, [field.name for field in fields]) or _has(fields)
    )
    return ConfigurationError(f"`{cls.__name__}` has no parameter `{name}`{instead}")


def _has(fields: tuple[ConstructorParameter, ...]) -> str:
    return f"; it has {', '.join(f'`{field.name}`' for field in fields)}" if fields else "; it takes none"


def _fresh(default: Any) -> Any:
    return default.copy() if isinstance(default, (list, dict, set)) else default


class _Signature:
    """The attribute `__signature__` of a class, made when it is first read; by then `inspect` is imported."""

    def __init__(self, cls: Any, fields: tuple[ConstructorParameter, ...], extra: str | None) -> None:
        self._of = (cls, fields, extra)
        self._constructor = cls.__init__
        self._made: inspect.Signature | None = None

    def __get__(self, instance: Any, owner: Any) -> inspect.Signature:
        if instance is not None:
            above: Any = super(self._of[0], instance)  # that of its calls, if any
            found: inspect.Signature = above.__signature__
            return found
        if owner.__init__ is not self._constructor:
            raise AttributeError("__signature__")  # its own constructor says what it takes
        if self._made is None:
            self._made = _signature(*self._of)
        return self._made


def _signature(cls: type, fields: tuple[ConstructorParameter, ...], extra: str | None) -> inspect.Signature:
    import inspect

    kinds = inspect.Parameter
    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        annotations.update(_annotations(base))
    listed = []
    seen_default = False
    for field in fields:
        # A required parameter after one with a default can only be given by name.
        seen_default |= field.default is not MISSING
        by_name = field.keyword_only or (seen_default and field.default is MISSING)
        kind = kinds.KEYWORD_ONLY if by_name else kinds.POSITIONAL_OR_KEYWORD
        default = kinds.empty if field.default is MISSING else field.default
        listed.append(kinds(field.name, kind, default=default, annotation=annotations[field.name]))
    listed.sort(key=lambda parameter: parameter.kind)
    if extra is not None:
        listed.append(kinds(extra, kinds.VAR_KEYWORD, annotation=Any))
    return inspect.Signature(listed)


def _annotations(cls: type) -> Mapping[str, Any]:
    """A class's own annotations; those of a built-in one are none."""
    found: Mapping[str, Any] = getattr(cls, "__annotations__", {})
    return found


def _hint(cls: type, name: str) -> Any:
    """What the annotation of a parameter stands for; None where it names what its module does not have."""
    owner = next(base for base in cls.__mro__ if name in _annotations(base))
    only = SimpleNamespace(__annotations__={name: _annotations(owner)[name]})
    try:
        return get_type_hints(only, vars(sys.modules[owner.__module__]), include_extras=True)[name]
    except NameError:
        # A class made inside a function may name types that only its function knows; it goes unchecked.
        return None


def _check(hint: Any) -> Check | None:
    limits, choices, optional = _facts(hint)
    if not limits and choices is None:
        return None

    def check(value: Any) -> str | None:
        if value is None and optional:
            return None
        if choices is not None and value not in choices:
            options = " or ".join(repr(choice) for choice in choices)
            return f"must be {options}, not {value!r}"
        for words, limit, holds in limits:
            try:
                good = holds(value, limit)
            except TypeError:
                good = False
            if not good:
                return f"must be {words} {limit}, not {value!r}"
        return None

    return check


def _facts(
    hint: Any,
) -> tuple[list[tuple[str, Any, Callable[[Any, Any], bool]]], tuple[Any, ...] | None, bool]:
    """The limits, the choices (or None) and whether None is allowed, read through Annotated and unions."""
    if get_origin(hint) is Annotated:
        base, *notes = get_args(hint)
        limits, choices, optional = _facts(base)
        for note in notes:
            for attribute, words, holds in _LIMITS:
                if (limit := getattr(note, attribute, None)) is not None:
                    limits.append((words, limit, holds))
        return limits, choices, optional
    if get_origin(hint) in (Union, UnionType):
        arms = get_args(hint)
        others = [arm for arm in arms if arm is not type(None)]
        if len(others) == 1:
            limits, choices, _ = _facts(others[0])
            return limits, choices, len(others) < len(arms)
        return [], None, True
    return [], (get_args(hint) if get_origin(hint) is Literal else None), False
