"""The names of Python's library that only make values of what they are given.

None of them gives a module, finds an attribute by its name, or evaluates a text, so what is made with them
stays in the program: `typing.ForwardRef`, `operator.attrgetter` and `string.Formatter` are not here.
"""

from __future__ import annotations

from collections.abc import Mapping

_TYPING = (
    "Annotated Any AnyStr AsyncIterable AsyncIterator Awaitable Callable ClassVar Collection Container "
    "Coroutine Counter DefaultDict Deque Dict Final FrozenSet Generic Hashable Iterable Iterator List "
    "Literal Mapping MutableMapping MutableSequence NamedTuple Never NewType NotRequired Optional "
    "OrderedDict ParamSpec Protocol Required Self Sequence Set Sized Tuple Type TypeAlias TypeVar TypedDict "
    "Union Unpack cast"
)
HARMLESS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "__future__": "annotations",
        "array": "array",
        "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
        "calendar": "day_abbr day_name isleap leapdays month_abbr month_name monthcalendar monthrange timegm "
        "weekday",
        "cmath": "acos asin atan cos e exp inf isclose isfinite isinf isnan log log10 nan phase pi "
        "polar rect sin sqrt tan tau",
        "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
        "collections.abc": "AsyncIterable AsyncIterator Awaitable Callable Collection Container Coroutine "
        "Hashable Iterable Iterator Mapping MutableMapping MutableSequence MutableSet Reversible Sequence "
        "Set Sized",
        "colorsys": "hls_to_rgb hsv_to_rgb rgb_to_hls rgb_to_hsv rgb_to_yiq yiq_to_rgb",
        "copy": "copy deepcopy",
        "dataclasses": "asdict astuple field fields is_dataclass replace",
        "datetime": "UTC date datetime time timedelta timezone",
        "difflib": "SequenceMatcher context_diff get_close_matches ndiff unified_diff",
        "decimal": "Context Decimal ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN "
        "ROUND_HALF_UP ROUND_UP",
        "enum": "Enum Flag IntEnum IntFlag StrEnum auto",
        "fractions": "Fraction",
        "functools": "cache cmp_to_key lru_cache partial reduce",
        "graphlib": "TopologicalSorter",
        "hashlib": "blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_256 sha3_512 sha512",
        "heapq": "heapify heappop heappush merge nlargest nsmallest",
        "html": "escape unescape",
        "itertools": "accumulate batched chain combinations combinations_with_replacement compress count "
        "cycle dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile "
        "tee zip_longest",
        "json": "dumps loads",
        "keyword": "iskeyword issoftkeyword kwlist softkwlist",
        "math": "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf "
        "erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf "
        "isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians "
        "remainder sin sinh sqrt tan tanh tau trunc ulp",
        "numbers": "Complex Integral Number Rational Real",
        "operator": "abs add and_ contains eq floordiv ge gt itemgetter le lt mod mul ne neg not_ or_ "
        "pow sub truediv xor",
        "pydantic": "BaseModel Field",
        "re": "A ASCII DOTALL I IGNORECASE M MULTILINE S VERBOSE X compile escape findall finditer fullmatch "
        "match search split sub subn",
        "statistics": "NormalDist correlation covariance fmean geometric_mean harmonic_mean "
        "linear_regression mean median median_grouped median_high median_low mode "
        "multimode pstdev pvariance quantiles stdev variance",
        "string": "Template ascii_letters ascii_lowercase ascii_uppercase digits hexdigits "
        "octdigits printable punctuation whitespace capwords",
        "textwrap": "dedent fill indent shorten wrap",
        "types": "MappingProxyType SimpleNamespace",
        "typing": _TYPING,
        "typing_extensions": _TYPING,
        "unicodedata": "category combining name normalize",
        "uuid": "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL UUID uuid3 uuid4 uuid5",
        "zoneinfo": "ZoneInfo",
    }.items()
}
