"""The one rule for secrets: where they stand, what they look like, and what is left alone."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.base import secrets
from dspyc.base.secrets import drop_secrets, is_secret, mask, redact, redact_mapping

CANARY = "canary-7f3b9-value"

SECRET_NAMES = [
    "key",
    "api_key",
    "apiKey",
    "API_KEY",
    "api-key",
    "x-api-key",
    "X-Goog-Api-Key",
    "Ocp-Apim-Subscription-Key",
    "openaiapikey",
    "OPENAI_API_KEY",
    "OPENAI_API_KEY_2",
    "aws_access_key_id",
    "aws_secret_access_key",
    "AWS_SESSION_TOKEN",
    "private_key",
    "token",
    "hf_token",
    "HF_TOKEN",
    "access_token",
    "refreshToken",
    "azure_ad_token",
    "token_2",
    "GITHUB_PAT",
    "auth",
    "basic_auth",
    "Authorization",
    "Proxy-Authorization",
    "password",
    "PGPASSWORD",
    "user_password",
    "passwd",
    "MYSQL_PWD",
    "passphrase",
    "secret",
    "client_secret",
    "webhook_secret_v2",
    "credentials",
    "vertex_credentials",
    "cookie",
    "Set-Cookie",
    "cookies",
    "bearer",
]

HARMLESS_NAMES = [
    "model",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "max_new_tokens",
    "prompt_tokens",
    "total_tokens",
    "tokens",
    "token_count",
    "tokenizer",
    "eos_token",
    "pad_token",
    "stop_token",
    "primary_key",
    "cache_key",
    "prompt_cache_key",
    "public_key",
    "key_points",
    "key_facts",
    "keys",
    "keyword",
    "keywords",
    "monkey",
    "author",
    "authors",
    "authority",
    "auth_type",
    "auth_url",
    "PWD",
    "OLDPWD",
    "SSH_AUTH_SOCK",
    "PASSWORD_STORE_DIR",
    "SSL_KEY_FILE",
    "TOKENIZERS_PARALLELISM",
    "cookie_path",
    "secretary_name",
    "max_token",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret(name)


SETTINGS: list[Any] = [
    {"api_key": CANARY},
    {"extra_headers": {"Authorization": f"Bearer {CANARY}"}},
    {"extra_headers": {"x-api-key": CANARY}},
    {"headers": {"X-Company-Gateway": CANARY}},
    {"default_headers": [("authorization", f"Bearer {CANARY}")]},
    {"default_headers": [(b"x-custom", CANARY.encode())]},
    {"train_kwargs": {"hf_token": CANARY}},
    {"extra_body": {"deep": [{"auth": {"user": "me", "password": CANARY}}]}},
    {"cookie": f"session={CANARY}"},
    {"cookies": {"session": CANARY}},
    {"api_base": f"https://user:{CANARY}@host/v1"},
    {"api_base": f"https://host/v1?api_key={CANARY}&version=2"},
    {"base_url": f"https://host/v1?X-Amz-Signature={CANARY}"},
    {"vertex_credentials": {"type": "service_account", "private_key": CANARY}},
    {"credentials": json.dumps({"private_key": CANARY})},
    {"fallbacks": [{"model": "x", "api_key": CANARY}]},
    {"jwt": CANARY, "passcode": CANARY},
    {"extra_query": {"sv": "2024", "sig": CANARY}},
    {"aws_access_key_id": CANARY, "aws_secret_access_key": CANARY},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_settings(settings: dict[str, Any]) -> None:
    before = repr(settings)
    assert CANARY not in repr(redact_mapping(settings))
    assert CANARY not in repr(drop_secrets(settings))
    assert "redacted" not in repr(drop_secrets(settings))
    assert repr(settings) == before
    # An error that repeats the value, however it is written, repeats it without.
    for text in (
        f"the server says: {CANARY} is not valid",
        f"the server says:{CANARY}.",
        json.dumps({"echo": CANARY}),
    ):
        assert CANARY not in redact(text, settings), text


def test_what_is_no_secret_stays() -> None:
    settings = {
        "model": "openai/gpt-4o",
        "max_tokens": 100,
        "stop": ["a"],
        "api_base": "https://host:8080/v1",
        "extra_headers": {
            "User-Agent": "me/1.0",
            "Content-Type": "application/json",
            "anthropic-version": "1",
        },
        "api_key": None,
        "stream": True,
        "messages": [{"role": "user", "content": "key points of a=b"}],
        "metadata": ("a", 1.5, {"b"}),
    }
    assert redact_mapping(settings) == settings
    assert drop_secrets(settings) == settings


def test_a_cycle_and_great_depth_end() -> None:
    cycle: dict[str, Any] = {"api_key": CANARY}
    cycle["self"] = cycle
    assert CANARY not in repr(redact_mapping(cycle))
    deep: Any = CANARY
    for _ in range(5_000):
        deep = [deep]
    assert CANARY not in str(redact_mapping(deep)) + redact("x", deep)


TEXTS = [
    f"Authorization: Bearer {CANARY}",
    f"authorization: Basic {base64.b64encode(b'user:' + CANARY.encode()).decode()}",
    f"{{'Authorization': 'Token {CANARY}', 'x': 1}}",
    f'{{"authorization": "{CANARY}"}}',
    f'"{{\\"api_key\\": \\"{CANARY}\\"}}"',
    f"x-api-key: {CANARY}",
    f"X-API-KEY={CANARY}",
    f"curl -H 'x-goog-api-key: {CANARY}' https://host",
    f"api_key='{CANARY}'",
    f'LM("openai/x", api_key="{CANARY}")',
    f'password = "{CANARY} with spaces"',
    f"Cookie: a=1; session={CANARY}",
    f"Set-Cookie: session={CANARY}; Path=/",
    f"https://me:{CANARY}@host/path",
    f"postgres://me:p{CANARY}@@host/db",
    f"GET https://host/v1/models?key={CANARY}&alt=json failed",
    f"MY_SERVICE_TOKEN={CANARY}",
    f"(b'authorization', b'Bearer {CANARY}')",
]


@pytest.mark.parametrize("text", TEXTS)
def test_places_in_texts(text: str) -> None:
    for changed in (redact(text), mask(text)):
        assert CANARY not in changed
        assert base64.b64encode(b"user:" + CANARY.encode()).decode() not in changed
    assert len(mask(text)) == len(text)


SHAPES = [
    "sk-abcdefghijklmnop",
    "sk-proj-Ab12_cd-34efgh",
    "sk-ant-api03-abcdefgh",
    "sk-or-v1-0123456789abcdef",
    "pk-lf-0123456789ab",
    "sk_live_0123456789abcdef",
    "gsk_0123456789abcdefghij",
    "xai-0123456789abcdef",
    "hf_abcdefghijklmnopqrst",
    "ghp_abcdefghijklmnopqrst",
    "github_pat_11ABCDEFG0123456789_abc",
    "glpat-0123456789abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "xoxb-123456789012-abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ya29.a0AfH6SMBabcdefgh12",
    "pypi-AgEIcHlwaS5vcmcabcdef",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    for text in (
        f"the key {shape} is wrong",
        f"({shape})",
        f'"{shape}"',
        f"x_{shape}",
        f"Incorrect key: {shape}.",
    ):
        assert shape not in redact(text), text
        assert redact(text).count("[redacted]") == 1


def test_a_private_key_in_full() -> None:
    text = f"-----BEGIN RSA PRIVATE KEY-----\nMII{CANARY[:6]}\nabc+/=\n-----END RSA PRIVATE KEY-----"
    assert redact(text) == "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----"


ORDINARY = [
    "the risk-assessment-framework and the task-management-system are skeletonizations",
    "input password: str",
    "output token: list[str]",
    "    input api_key: Optional[str]",
    "api_key=read_key(path)",
    'demo(token="noun")',
    'sort(key="score")',
    "Bearer authentication is required",
    "key: the main finding of 2024",
    "https://host:8080/a@b",
    "git@host.example:owner/repository",
    "ssh://git@host/path",
    "mail me@host.example",
    "?page=2&sort=key",
    "tokens: 1200, max_tokens=4096",
    "key=value",
    "password:",
    "hf_token_for_reading = read()",
    "cookie: datetime",
    "a_key = 12",
    "`key` is not a field; did you mean `keys`?",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_stay(text: str) -> None:
    assert redact(text) == text
    assert mask(text) == text


def test_the_environment_and_what_was_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_remembered", {})
    monkeypatch.setenv("SERVICE_TOKEN", "environment canary/1")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:databasecanary@host/db")
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    monkeypatch.setenv("OTHER_API_KEY", "none")
    text = "environment canary/1 environment%20canary%2F1 databasecanary abc none remembered-canary"
    assert redact(text) == "[redacted] [redacted] [redacted] abc none remembered-canary"
    secrets.remember({"headers": {"x": "Bearer remembered-canary"}})
    assert redact(text) == "[redacted] [redacted] [redacted] abc none [redacted]"


@given(st.text(max_size=200), st.sampled_from([*TEXTS, *SHAPES]), st.text(max_size=50))
def test_redacting_twice_changes_nothing(before: str, secret: str, after: str) -> None:
    once = redact(f"{before} {secret} {after}")
    assert redact(once) == once


@given(st.text(max_size=300))
def test_masking_keeps_the_length(text: str) -> None:
    assert len(mask(text)) == len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a-",
        "a_",
        "api_key=",
        'api_key="',
        'api_key=\\"',
        "'k='",
        "?k=",
        "x://a:",
        "://",
        "Bearer a",
        "eyJa.",
        "sk-",
        "cookie: a=",
        "authorization: bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "\\",
        "AKIA",
        "a=b;",
        "Bearer ",
    ],
)
def test_time_is_linear(piece: str) -> None:
    """With a quadratic pattern, this text would take hours."""
    text = piece * (300_000 // len(piece))
    assert len(mask(text)) == len(text)


PIECES = st.sampled_from(
    [
        *SECRET_NAMES,
        *"=:\"'\\ \n-_.?&;,({İK",
        "city",
        "pattern",
        "Authorization: Basic ",
        "Cookie: a=",
        "7f3b9c2d8e1a",
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_text_that_is_passed_over_names_no_secret(text: str) -> None:
    spans = list(secrets._named_spans(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_may_name_secret", lambda _: True)
        assert list(secrets._named_spans(text)) == spans
