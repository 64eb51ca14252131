"""Secrets: where keys and passwords stand in settings and in texts, and what is written in their place.

The one rule for every byte that leaves the process: messages, logs, states, history, callbacks, errors. A
value is secret

- by the name of its field (`api_key`, `hf_token`, `password`), of its header (`Authorization`, `Cookie`, and
  every header that is not known to be harmless) or of its part of a URL (`?key=…`, `user:password@`);
- by its shape (`sk-…`, `hf_…`, `ghp_…`, `AKIA…`, a JSON web token, `Bearer …`, a private key);
- because it is known: the value of an environment variable with such a name, or one that was remembered.

All of it takes time linear in the length of the text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from .expressions import pattern

REDACTED = "[redacted]"

_T = TypeVar("_T")

# --- names ----------------------------------------------------------------------------------------------

_SECRET_NAME = pattern(
    r"""(?:^|_)(?:
        api_?keys?
      | (?:access|account|auth|encryption|hmac|jwt|license|master|private|secret|service|shared|signing|ssh
          |storage|subscription|webhook)_?keys?
      | key$ | keys?_(?:id|\d+)$
      | (?:access|api|auth|bearer|bot|id|personal|refresh|secret|security|session)_?tokens?
      | token$ | token_\d+$ | pat$ | jwt$ | sas$ | sig$ | [a-z0-9]+_pwd$ | passcodes?
      | secrets? | passw(?:or)?ds? | passphrases? | credentials? | authorization | auth | cookies? | bearer
    )(?:_|$)
    | apikey | accesskey | secretkey | authtoken | accesstoken | password""",
    re.VERBOSE,
)
_HARMLESS_NAME = pattern(
    # Tokens of a vocabulary, keys of a table, and what only points to a secret or tells its kind.
    r"(?:^|_)(?:(?:bos|cls|end|eos|mask|max|min|new|next|pad|sep|special|start|stop|unk)_token"
    r"|(?:cache|dict|foreign|group|index|join|label|order|partition|primary|public|row|sort)_key)$"
    r"|_(?:column|columns|count|counts|dir|endpoint|expiry|field|fields|file|filename|folder|format|home|length"
    r"|limit|method|mode|name|path|scheme|size|sock|socket|timeout|ttl|type|uri|url|usage)$"
)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field, header or variable of this name holds something that only its owner may see."""
    plain = _snake_case(name)
    return _SECRET_NAME.search(plain) is not None and _HARMLESS_NAME.search(plain) is None


def _snake_case(name: str) -> str:
    """`x-api-key`, `apiKey` and `API_KEY` as `x_api_key`, `api_key` and `api_key`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:200])
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


# --- settings -------------------------------------------------------------------------------------------

_HEADERS = pattern(r"(?:^|_)headers?$")
_HARMLESS_HEADER = pattern(
    r"accept.*|content_.*|user_agent|host|date|connection|keep_alive|transfer_encoding|server|vary|age|"
    r"cache_control|retry_after|http_referer|referer|x_title|x_request_id|request_id|cf_ray|via|"
    r"openai_(?:beta|organization|project|version|processing_ms)|anthropic_(?:beta|version)|"
    r"x_ratelimit_.*|x_stainless_.*|traceparent"
)
_DEEPEST = 64
_PLACEHOLDERS = frozenset(
    {"none", "null", "empty", "dummy", "fake", "test", "local", "ollama", "example", "no-key", "not-needed"}
    | {
        "anything",
        "placeholder",
        "unused",
        "api-key",
        "your-api-key",
        "lm-studio",
        "default",
        "true",
        "false",
    }
)
"""What stands for a key where none is needed; taking these words out of texts would only garble them."""


def redact_mapping(value: _T) -> _T:
    """A value made of dicts, lists, tuples and texts, with `[redacted]` for every secret.

    The value itself is not changed. Whatever stands under a secret name is a secret as a whole.
    """
    result: _T = _redacted(value, _all_known(value), in_headers=False, depth=0)
    return result


def drop_secrets(value: _T) -> _T:
    """The same value without the entries that hold a secret, for what is read back, like a saved state."""
    result: _T = _without(redact_mapping(value), value)
    return result


def _redacted(value: Any, known: frozenset[str], *, in_headers: bool, depth: int) -> Any:
    if isinstance(value, str):
        return _replace(value, known)
    if depth > _DEEPEST:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            name: REDACTED
            if _hides(str(name), each, in_headers)
            else _redacted(each, known, in_headers=_is_headers(str(name)), depth=depth + 1)
            for name, each in value.items()
        }
    if _is_pair(value):
        name = _as_text(value[0])
        hidden = REDACTED if _hides(name, value[1], in_headers) else None
        second = hidden or _redacted(value[1], known, in_headers=_is_headers(name), depth=depth + 1)
        return type(value)((value[0], second))
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_redacted(each, known, in_headers=in_headers, depth=depth + 1) for each in value)
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        return value if not _spans(text, known) else REDACTED.encode()
    return value


def _hides(name: str, value: Any, in_headers: bool) -> bool:
    """Whether a value under a name is a secret; a switch or nothing at all never is."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    plain = _snake_case(name)
    if in_headers and not _HARMLESS_HEADER.fullmatch(plain):
        return True
    return is_secret(name)


def _is_headers(name: str) -> bool:
    return _HEADERS.search(_snake_case(name)) is not None


def _is_pair(value: Any) -> bool:
    """Whether a value is a header as clients also write it: `("authorization", "Bearer …")`."""
    return (
        type(value) in (tuple, list)
        and len(value) == 2
        and isinstance(value[0], (str, bytes))
        and isinstance(value[1], (str, bytes))
        and len(value[0]) <= 100
        and " " not in _as_text(value[0])
    )


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _without(redacted: Any, value: Any) -> Any:
    """The parts of a redacted value in which nothing had to be redacted."""
    if isinstance(redacted, dict):
        return {
            name: _without(each, value[name])
            for name, each in redacted.items()
            if not _is_text_with_secret(each, value[name])
        }
    if type(redacted) in (list, tuple):
        pairs = zip(redacted, value, strict=True)
        return type(redacted)(_without(new, old) for new, old in pairs if not _is_text_with_secret(new, old))
    return redacted


def _is_text_with_secret(redacted: Any, value: Any) -> bool:
    if isinstance(redacted, (str, bytes)):
        return bool(redacted != value)
    return _is_pair(redacted) and bool(redacted[1] != value[1])


# --- known values ---------------------------------------------------------------------------------------

_SHORTEST = 6
_remembered: dict[str, None] = {}
_MOST_REMEMBERED = 100


def remember(settings: Any) -> None:
    """Take the secrets among some settings out of every text from here on, in this process."""
    for secret in known_secrets(settings):
        _remembered[secret] = None
    while len(_remembered) > _MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered)), None)


def known_secrets(settings: Any) -> frozenset[str]:
    """The texts among some settings that are secret by their name, as far as they can be told from words."""
    return frozenset(
        text for text in _values_of(settings, hidden=False, in_headers=False, depth=0) if _can_be_found(text)
    )


def _all_known(settings: Any) -> frozenset[str]:
    """Every form of every known secret: those of the settings, of the environment, and remembered ones."""
    secrets = {*_remembered, *filter(_can_be_found, _of_environment())}
    if settings:
        secrets |= known_secrets(settings)
    return frozenset(form for secret in secrets for form in _forms(secret))


def _can_be_found(text: str) -> bool:
    return len(text) >= _SHORTEST and text.lower() not in _PLACEHOLDERS


def _values_of(value: Any, *, hidden: bool, in_headers: bool, depth: int) -> Iterator[str]:
    if isinstance(value, (str, bytes)):
        text = _as_text(value)
        if hidden:
            yield from _parts_of_secret(text, depth)
        yield from _of_urls(text)
    elif depth > _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _values_of(
                each,
                hidden=hidden or _hides(str(name), each, in_headers),
                in_headers=_is_headers(str(name)),
                depth=depth + 1,
            )
    elif _is_pair(value):
        hides = hidden or _hides(_as_text(value[0]), value[1], in_headers)
        yield from _values_of(value[1], hidden=hides, in_headers=False, depth=depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _values_of(each, hidden=hidden, in_headers=in_headers, depth=depth + 1)


_SCHEMES = frozenset({"bearer", "basic", "token", "digest", "apikey", "api-key", "key"})


def _parts_of_secret(text: str, depth: int) -> Iterator[str]:
    """A secret, and what it holds: credentials of a header, values of cookies and of a JSON object."""
    yield text
    scheme, _, rest = text.partition(" ")
    if scheme.lower() in _SCHEMES:
        yield rest.strip()
    for pair in text.split(";") if "=" in text else ():
        yield pair.partition("=")[2].strip()
    if text.lstrip().startswith("{"):
        import json

        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _values_of(value, hidden=False, in_headers=False, depth=depth + 1)


def _of_urls(text: str) -> Iterator[str]:
    """The passwords and keys of the URLs in a text."""
    if "://" in text:
        for found in _USER_INFO.finditer(text):
            yield found["password"] or found["user"]
        yield from (found["secret"] for found in _QUERY.finditer(text) if _is_secret_in_url(found["name"]))


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if is_secret(name):
            yield value
        else:
            yield from _of_urls(value)


# --- texts ----------------------------------------------------------------------------------------------

_NAME = r"(?<![\w-])(?P<name>[A-Za-z_][\w-]{1,63})"

_SHAPES = pattern(
    r"""(?<![A-Za-z0-9])(?:
        (?:sk|pk|rk|xai|csk|pplx|nvapi|glpat|lsv2)[-][A-Za-z0-9_-]{12,}
      | (?:gsk|hf|fw|r8|ghp|gho|ghu|ghs|ghr|npm|tgp_v1|dckr_pat|lsv2_[a-z]{2}|esecret)_[A-Za-z0-9]{16,}
      | (?:sk|pk|rk|whsec)_(?:live|test|prod)?_?[A-Za-z0-9]{16,}
      | github_pat_[A-Za-z0-9_]{16,}
      | (?:AKIA|ASIA)[A-Z0-9]{12,}
      | AIza[A-Za-z0-9_-]{12,}
      | ya29\.[A-Za-z0-9_-]{16,}
      | xox[a-z]-[A-Za-z0-9-]{8,}
      | pypi-[A-Za-z0-9_-]{16,}
      | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?
    )""",
    re.VERBOSE,
)
_LONG_WORD = pattern(r"[A-Za-z0-9_.-]{13}")
"""What every one of the shapes has."""
_HAS_SHAPE = pattern(r"://|PRIVATE KEY|earer|EARER")
"""What the passwords and keys around which other words stand have."""
_BEARER = pattern(
    r"\b[Bb][Ee][Aa][Rr][Ee][Rr]\s{1,4}(?P<secret>(?:[A-Za-z]{0,200}[-._~+/0-9]|[A-Za-z]{20})[-._~+/A-Za-z0-9]{4,}=*)"
)
_PRIVATE_KEY = pattern(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<secret>[^-]*)")
_USER_INFO = pattern(
    r"[A-Za-z][A-Za-z0-9+.-]{0,20}://"
    r"(?:(?P<name>[^\s/:@?#\"'<>]{0,256}):(?P<password>[^\s/\"'?#<>]{1,256})"
    r"|(?P<user>[^\s/:@?#\"'<>]{16,256}))@"
)
_QUERY = pattern(r"[?&;](?P<name>[\w.-]{1,64})=(?P<secret>[^&\s\"'#<>\\]+)")
_SIGNATURES = frozenset({"sig", "signature", "x_amz_signature", "x_amz_credential", "x_goog_signature"})
_QUOTED = pattern(
    _NAME + r"""\\?["']?\s{0,4}[:=]\s{0,4}(?:"""
    r"""b?\\?"(?P<double>(?:[^"\\\n]|\\[^"\n])*)\\?"|b?'(?P<single>(?:[^'\\\n]|\\.)*)')"""
)
_PLAIN = pattern(_NAME + r"\s{0,4}(?P<sign>[:=])\s{0,4}(?P<secret>[^\s\"',;(){}\[\]<>&\\]{4,})")
_HEADER = pattern(
    r"(?i)(?<![\w-])(?:proxy-)?authorization\s{0,4}[:=]\s{0,4}"
    r"(?:bearer|basic|token|digest|apikey|key|negotiate)\s{1,4}(?P<secret>[^\s\"',;]{1,})"
)
_COOKIE = pattern(r"(?i)(?<![\w-])(?:set-)?cookie\s{0,4}:\s{0,4}(?P<secret>[\w.-]{1,100}=[^\n\"']{1,})")
_AMBIGUOUS = frozenset({"key", "keys", "token", "tokens", "auth", "pat", "cookie", "cookies", "secret"})
"""Names that a program may give to anything; only a long value without spaces is a secret under them."""


def looks_like_key(text: str) -> bool:
    """Whether a key, a token or a password stands in a text, by its shape alone."""
    if _LONG_WORD.search(text) is None and not _HAS_SHAPE.search(text):
        return False
    return any(True for _ in _shaped_spans(text)) and not is_placeholder(text)


def is_placeholder(text: str) -> bool:
    """Whether a text stands for a key where none is needed, or where one is to be filled in."""
    plain = text.lower()
    return plain in _PLACEHOLDERS or "your" in plain or len(set(plain) - set("-_. <>")) < 3


def redact(text: str, settings: Any = None) -> str:
    """The text with `[redacted]` for every secret in it, those among the settings included."""
    return _replace(text, _all_known(settings))


def mask(text: str) -> str:
    """The text with as many stars in the place of every secret, for where columns are counted."""
    for start, end in _spans(text, _all_known(None)):
        text = text[:start] + "*" * (end - start) + text[end:]
    return text


def _replace(text: str, known: frozenset[str]) -> str:
    spans = _spans(text, known)
    if not spans:
        return text
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], REDACTED]
        at = end
    return "".join([*parts, text[at:]])


def _spans(text: str, known: frozenset[str]) -> list[tuple[int, int]]:
    """Where secrets stand, in order; what overlaps or touches is one."""
    if len(text) < 4:
        return []
    found = sorted((*_known_spans(text, known), *_shaped_spans(text), *_named_spans(text)))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif text[start:end] != REDACTED:
            merged.append((start, end))
    return merged


def _known_spans(text: str, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    for secret in known:
        at = text.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + len(secret))


@lru_cache(maxsize=1024)
def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it stands in a text, in a URL, and between quotes."""
    from urllib.parse import quote

    escaped = secret.encode("unicode_escape").decode("ascii")
    try:
        quoted = quote(secret, safe="")
    except UnicodeEncodeError:
        quoted = secret
    return tuple(dict.fromkeys((secret, quoted, escaped, secret.replace("\\", "\\\\").replace('"', '\\"'))))


def _shaped_spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _SHAPES.finditer(text):
        yield found.span()
    if "earer" in text or "EARER" in text:
        yield from (found.span("secret") for found in _BEARER.finditer(text))
    if "PRIVATE KEY" in text:
        yield from (found.span("secret") for found in _PRIVATE_KEY.finditer(text))
    if "://" in text:
        for found in _USER_INFO.finditer(text):
            yield found.span("password" if found["password"] else "user")


def _named_spans(text: str) -> Iterator[tuple[int, int]]:
    if ("=" not in text and ":" not in text) or not _may_name_secret(text):
        return
    for found in _QUERY.finditer(text):
        if _is_secret_in_url(found["name"]):
            yield found.span("secret")
    for found in _QUOTED.finditer(text):
        group = "double" if found["double"] is not None else "single"
        if found[group] and is_secret(found["name"]) and _is_value(found["name"], found[group]):
            yield found.span(group)
    for found in _PLAIN.finditer(text):
        if is_secret(found["name"]) and _is_plain_value(found["name"], found["secret"]):
            yield found.span("secret")
    yield from (found.span("secret") for found in _HEADER.finditer(text))
    yield from (found.span("secret") for found in _COOKIE.finditer(text))


_ROOTS = (
    "key", "token", "pat", "jwt", "sas", "sig", "pwd", "passcode", "secret", "passw", "passphrase",
    "credential", "auth", "cookie", "bearer",
)  # fmt: skip
"""One of these stands in every name of a secret."""
_VALUE_FOLLOWS = pattern(r"""[\w.-]{0,63}+\\?["']?\s{0,4}[:=]""")
"""From such a root on, what comes before a value."""


def _may_name_secret(text: str) -> bool:
    """Whether a value in a text can have the name of a secret; most texts are told from that at once.

    Prompts are redacted whenever an answer is kept, and the patterns look at each of their words.
    """
    plain = text.lower()
    if len(plain) != len(text):
        return True  # a letter whose small form is two characters, and the second may be no letter
    follows = _VALUE_FOLLOWS.match
    for root in _ROOTS:
        at = plain.find(root)
        while at >= 0:
            if follows(plain, at + len(root)):
                return True
            at = plain.find(root, at + 1)
    return False


def _is_secret_in_url(name: str) -> bool:
    return is_secret(name) or _snake_case(name) in _SIGNATURES


def _is_value(name: str, value: str) -> bool:
    return _snake_case(name) not in _AMBIGUOUS or (len(value) >= 8 and " " not in value)


def _is_plain_value(name: str, value: str) -> bool:
    """Whether what follows a name without quotes is a value rather than a type, a name or a word.

    In `input password: str` and `api_key=read_key(…)` it is not; `x-api-key: …` and `API_KEY=7f3…` hold one.
    """
    if "-" in name or name.isupper():
        return _is_value(name, value)
    return len(value) >= 8 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
