"""Python as users write it, old annotations among it: read for its types, never run."""

# ruff: noqa: E401, F401, F821, I001, UP006, UP007, UP037, UP045

from __future__ import annotations
import enum, re, typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
    overload,
    ClassVar,
    Annotated,
)
from pydantic import BaseModel, Field
import functools

T = TypeVar("T")
K = TypeVar("K", bound=str)
Json = Union[dict[str, Any], list[Any], None]
Kind = Literal["a", "b"]
Alias = dict[str, list[int]]
LIMIT: Final = 5
NAMES: list[str] = []
RATE = 0.5
TABLE = {"a": 1}
PATTERN = re.compile("a")


class Color(enum.Enum):
    RED = "red"
    BLUE = enum.auto()


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)

    def norm(self) -> float:
        return 1.0

    @property
    def label(self) -> str:
        return ""

    @functools.cached_property
    def deep(self) -> Optional[str]:
        return None

    @classmethod
    def origin(cls) -> "Point":
        return cls(0)

    @staticmethod
    def make(n: int) -> list["Point"]:
        return []


class User(BaseModel):
    name: str
    email: str | None = None
    age: Annotated[int, Field(ge=0)] = 0
    kind: Kind = "a"


class Admin(User):
    level: Level


class Pair(NamedTuple):
    first: str
    second: int


class Movie(TypedDict):
    title: str
    year: int


class Box(Generic[T]):
    value: T

    def __init__(self, value: T) -> None:
        self.value = value

    def get(self) -> T:
        return self.value


class Client:
    base: str = ""
    count: ClassVar[int] = 0

    def __init__(self, url: str, *, timeout: float = 1.0, retries: int | None = None):
        self.url = url
        self.cache: dict[str, str] = {}
        self._secret = 1

    def fetch(self, path: str) -> str | None: ...
    async def afetch(self, path: str) -> bytes: ...
    def untyped(self, x):
        return x

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: str) -> int:
        return 0

    def __iter__(self) -> Iterator[str]: ...
    def __add__(self, other: "Client") -> "Client":
        return self

    def __lt__(self, other):
        return True

    def __call__(self, q: str) -> list[str]:
        return []

    def __contains__(self, x) -> bool:
        return True


def plain(x):
    return x


def typed(x: int, y: str = "a") -> dict[str, int]: ...
def opt(x: str) -> Optional[int]: ...
def old(x: t.List[str]) -> t.Dict[str, t.Tuple[int, str]]: ...
def first(xs: Sequence[T]) -> T: ...
def pick(xs: Iterable[T], default: K) -> T | K: ...
def each(xs: Iterable[str]) -> Iterator[tuple[int, str]]:
    yield 1, "a"


def users() -> list[User]: ...
def fn(f: Callable[[int], str]) -> str: ...
async def later(q: str) -> list[str]: ...
@functools.cache
def cached(x: int) -> str: ...
@functools.wraps(plain)
def wrapped(x: int) -> str: ...
def deco(f):
    return f


@deco
def decorated(x: int) -> str: ...
@overload
def both(x: int) -> int: ...
@overload
def both(x: str) -> str: ...
def both(x):
    return x


def lit(k: Kind) -> Kind: ...
def partial(x: int, y):
    return 1


def quoted(x: "int | None") -> "User": ...
def star(*xs: int, **kw: str) -> None: ...
def gen() -> t.Generator[int, None, None]: ...
def js() -> Json: ...
def movie() -> Movie: ...
def box() -> Box[int]: ...
def mapping() -> Mapping[str, int]: ...
def nested() -> dict[str, list[tuple[int, str | None]]]: ...
def cls() -> type[User]: ...
def opaque() -> "np.ndarray": ...
def noreturn() -> t.NoReturn: ...
def self_typed(x: "Undefined") -> int: ...
def patt() -> re.Pattern[str]: ...
def newtype() -> "UserId": ...


UserId = t.NewType("UserId", int)
x, y = 1, "b"


def numbers(n: int = 3):
    return n + 1
