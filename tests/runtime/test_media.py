"""Pictures, recordings, documents, code and reasoning as field types: what they are made of, what a model is
told of them, and that only what a program names is read or fetched.
"""

from __future__ import annotations

import base64
import builtins
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.lm.openai_shapes import read_message
from dspyc.runtime.types import loading
from dspyc.runtime.types.image import encode_image

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
DOG = "https://example.com/dog.jpg"
PART = {"type": "image_url", "image_url": {"url": DOG}}


class Scan(BaseModel):
    page: dspy.Image
    others: list[dspy.Image] | None = None
    title: str = ""


def _parts(messages: list[dict[str, Any]], kind: str = "image_url") -> list[Any]:
    found = []
    for message in messages:
        if isinstance(message["content"], list):
            found += [part for part in message["content"] if part["type"] == kind]
    return found


def _asked(signature: Any, answer: dict[str, Any], **inputs: Any) -> tuple[Any, list[dict[str, Any]]]:
    lm = dspy.DummyLM([answer])
    prediction = dspy.Predict(signature, lm=lm)(**inputs)
    return prediction, lm.history[-1]["messages"]


# --- made of ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        lambda: dspy.Image(DOG),
        lambda: dspy.Image(url=DOG),
        lambda: dspy.Image({"url": DOG}),
        lambda: dspy.Image(dspy.Image(DOG)),
        lambda: dspy.Image(f" {DOG}\n"),
    ],
)
def test_a_picture_by_its_address(made: Callable[[], dspy.Image]) -> None:
    assert made() == dspy.Image(url=DOG)
    assert made().format() == [PART]
    assert repr(made()) == f"Image(url='{DOG}')"


def test_a_picture_of_bytes_and_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "named_nothing").write_bytes(PNG)
    from_bytes = dspy.Image(PNG)
    assert from_bytes.url == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert dspy.Image.from_path(tmp_path / "a.png") == from_bytes
    assert dspy.Image.from_file(str(tmp_path / "a.png")) == from_bytes
    assert dspy.Image.from_path(tmp_path / "named_nothing") == from_bytes
    assert repr(from_bytes) == "Image(url=data:image/png;base64,<IMAGE_BASE_64_ENCODED(92)>)"


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (lambda: dspy.Image("dog.jpg"), ValueError, r"Image\.from_path"),
        (lambda: dspy.Image(b"no picture"), ValueError, "could not be identified"),
        (lambda: dspy.Image(5), ValueError, "Unsupported image type"),
        (lambda: dspy.Image(DOG, url=DOG), TypeError, "one source"),
        (lambda: dspy.Image(url=DOG, download=True), TypeError, "first argument"),
        (lambda: dspy.Image(DOG, size=3), ValueError, "size"),
        (lambda: dspy.Audio("clip.wav", audio_format="wav"), ValueError, r"Audio\.from_path"),
        (lambda: dspy.Audio("data:audio/wav;base64,AA==", audio_format="mp3"), TypeError, "already carries"),
        (lambda: dspy.Audio(b"x", sampling_rate=4), TypeError, "sampling_rate"),
        (lambda: dspy.Audio("data:audio/wav"), ValueError, "Malformed"),
        (lambda: dspy.File("report.pdf"), ValueError, r"File\.from_path"),
        (lambda: dspy.File(invalid="x"), ValueError, "must contain at least one"),
        (lambda: dspy.File(b"x", file_data="data:,"), TypeError, "file_data"),
        (lambda: dspy.Code(code=123), ValueError, "must be a string"),
        (lambda: dspy.Reasoning(content=[1]), ValueError, "must be a string"),
    ],
)
def test_what_is_none_of_a_type_says_so(
    made: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        made()


@pytest.mark.parametrize("kind", [dspy.Image, dspy.Audio, dspy.File])
def test_a_file_that_cannot_be_taken_is_named(kind: Any, tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(dspy.InputError, match=r"File not found: .*nowhere\.wav"):
        kind.from_path(str(tmp_path / "nowhere.wav"))
    with pytest.raises(dspy.InputError, match="is a folder"):
        kind.from_path(tmp_path)
    (tmp_path / "large.wav").write_bytes(b"x" * 2000)
    monkeypatch.setattr(loading.read_file, "__defaults__", (1000,))
    with pytest.raises(dspy.InputError, match=r"large\.wav is larger than"):
        kind.from_path(tmp_path / "large.wav")


def test_a_recording(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    data = base64.b64encode(b"sound").decode()
    recording = dspy.Audio.from_path(tmp_path / "a.wav")
    assert (recording.data, recording.audio_format) == (data, "wav")
    assert dspy.Audio(f"data:audio/x-wav;base64,{data}") == recording == dspy.Audio(b"sound")
    assert recording.format() == [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]
    assert "AUDIO_BASE_64_ENCODED(8)" in repr(recording)
    (tmp_path / "a.txt").write_bytes(b"text")
    with pytest.raises(dspy.InputError, match="Unsupported MIME type for audio: text/plain"):
        dspy.Audio.from_path(tmp_path / "a.txt")


def test_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("This is it.")
    file = dspy.File.from_path(tmp_path / "a.txt")
    assert file.file_data == "data:text/plain;base64,VGhpcyBpcyBpdC4="
    assert file.format() == [{"type": "file", "file": {"file_data": file.file_data, "filename": "a.txt"}}]
    assert dspy.File.from_path(tmp_path / "a.txt", filename="b", mime_type="x/y").filename == "b"
    assert dspy.File.from_file_id("id", filename="c").format() == [
        {"type": "file", "file": {"file_id": "id", "filename": "c"}}
    ]
    assert repr(file) == "File(file_data=<DATA_URI(text/plain, 16 chars)>, filename='a.txt')"
    assert str(file).startswith("<<CUSTOM-TYPE-START-IDENTIFIER>>")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("print(1)", "print(1)"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("Here:\n```python\nprint(1)```\nThat is all.", "print(1)"),
        ("```print(1)```", "print(1)"),
        ("```java\nint a;\nint b;", "int a;\nint b;"),
        ('{"a": 1}', '{"a": 1}'),
        ("x = '{\"code\": 1}'", "x = '{\"code\": 1}'"),
    ],
)
def test_code_of_a_text(text: str, code: str) -> None:
    assert dspy.Code(code=text).code == code
    assert dspy.Code.model_validate(text) == dspy.Code(code=code)


# --- read and fetched ------------------------------------------------------------------------------------

LOCATORS = ["/etc/passwd", "https://evil.example/a.png", "file:///etc/passwd", {"url": "/etc/passwd"}]


@pytest.mark.parametrize("kind", [dspy.Image, dspy.Audio, dspy.File, dspy.Document, dspy.Code])
@pytest.mark.parametrize("locator", LOCATORS)
def test_no_value_makes_anything_read_or_fetched(kind: Any, locator: Any, monkeypatch: Any) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise AssertionError("something was read or fetched")

    signature = dspy.make_signature({"given": (kind, dspy.InputField()), "made": (kind, dspy.OutputField())})
    monkeypatch.setattr(builtins, "open", fail)
    monkeypatch.setattr(loading, "read_bytes", fail)
    monkeypatch.setattr(loading, "download", fail)
    monkeypatch.setattr(socket, "create_connection", fail)
    for use in (
        lambda: kind(locator),
        lambda: kind.model_validate(locator),
        lambda: dspy.ChatAdapter().parse(signature, f"[[ ## made ## ]]\n{json.dumps(locator)}"),
        lambda: dspy.Predict(signature, lm=dspy.DummyLM([{"made": locator}]))(given=locator),
    ):
        try:
            made = use()
        except (ValueError, TypeError, dspy.AdapterParseError):
            continue
        assert b"root" not in str(made).encode()


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kinds = {"/a.png": ("image/png; charset=x", PNG), "/untyped.png": (None, PNG), "/a": (None, PNG)}
        kinds |= {"/a.wav": ("audio/x-wav", b"sound"), "/large": ("image/png", b"x" * 2000)}
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        kind, data = kinds.get(self.path, (None, b""))
        self.send_response(200 if data else 404)
        if kind:
            self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_is_asked_for_is_fetched(address: str, monkeypatch: Any) -> None:
    picture = dspy.Image(PNG)
    assert dspy.Image.from_url(f"{address}/a.png") == picture
    assert dspy.Image.from_url(f"{address}/untyped.png") == picture
    assert dspy.Image.from_url(f"{address}/a") == picture
    with pytest.warns(DeprecationWarning, match="from_url"):
        assert dspy.Image(f"{address}/a.png", download=True) == picture
    assert dspy.Audio.from_url(f"{address}/a.wav") == dspy.Audio(b"sound")
    monkeypatch.setattr(loading, "LARGEST", 1000)
    for wrong, message in (
        (f"{address}/none.png", "404"),
        (f"{address}/away", "cannot be fetched"),
        (f"{address}/large", "is larger than"),
        ("ftp://example.com/a.png", r"requires an HTTP\(S\) URL"),
        ("http://127.0.0.1:1/a.png", "cannot be fetched"),
    ):
        with pytest.raises(dspy.InputError, match=message):
            dspy.Image.from_url(wrong)
    with pytest.raises(dspy.InputError, match="Unsupported MIME type for audio: image/png"):
        dspy.Audio.from_url(f"{address}/large".replace("large", "a.png"))


# --- what a model is told --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "value", "count"),
    [
        ("dspy.Image", dspy.Image(DOG), 1),
        ("Image", DOG, 1),
        ("list[Image]", [DOG, dspy.Image(PNG)], 2),
        ("Image | None", None, 0),
        ("Image | None", DOG, 1),
        ("dict[str, Image]", {"a": DOG}, 1),
        (Scan, Scan(page=dspy.Image(DOG), others=[dspy.Image(DOG)]), 2),
        (Scan, {"page": DOG, "others": [{"url": DOG}]}, 2),
        (list[Scan], [{"page": {"url": DOG}}], 1),
    ],
)
def test_pictures_at_any_place_are_parts(annotation: Any, value: Any, count: int) -> None:
    if isinstance(annotation, str):
        signature: Any = f"picture: {annotation}, question -> answer"
    else:
        signature = dspy.make_signature(
            {"picture": (annotation, dspy.InputField()), "answer": (str, dspy.OutputField())}
        )
    inputs = {"picture": value} | ({"question": "?"} if isinstance(annotation, str) else {})
    prediction, messages = _asked(signature, {"answer": "yes"}, **inputs)
    assert prediction.answer == "yes"
    assert len(_parts(messages)) == count
    texts = [part["text"] for part in messages[-1]["content"] if count and part["type"] == "text"]
    assert base64.b64encode(PNG).decode() not in "".join(texts)


def test_an_untyped_input_takes_a_picture() -> None:
    _, messages = _asked("picture -> answer", {"answer": "yes"}, picture=dspy.Image(DOG))
    assert _parts(messages) == [PART]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (dspy.Audio(b"sound"), "input_audio"),
        (dspy.File(b"data"), "file"),
        (dspy.File.from_file_id("x"), "file"),
        (dspy.Document(data="words", title="t"), "document"),
    ],
)
def test_other_kinds_are_parts_of_their_own(value: Any, kind: str) -> None:
    _, messages = _asked(f"given: {type(value).__name__} -> answer", {"answer": "yes"}, given=value)
    assert _parts(messages, kind) == value.format()
    assert read_message(messages[-1]).as_openai()["content"][1] == value.format()[0]


def test_the_conversation_and_the_demos_have_pictures_too() -> None:
    lm = dspy.DummyLM([{"answer": "yes"}])
    predict = dspy.Predict("picture: Image, history: History -> answer", lm=lm)
    predict.demos = [dspy.Example(picture=dspy.Image(DOG), answer="a", history=dspy.History(messages=[]))]
    earlier = dspy.History(messages=[{"picture": dspy.Image(DOG), "answer": "before"}])
    predict(picture=DOG, history=earlier)
    assert len(_parts(lm.history[-1]["messages"])) == 3


# --- kept ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("Image", dspy.Image(PNG)),
        ("list[Image]", [dspy.Image(DOG), dspy.Image(PNG)]),
        ("Audio", dspy.Audio(b"x", audio_format="mp3")),
        ("File", dspy.File.from_bytes(b"x", filename="y")),
        ("Code['java']", dspy.Code["java"](code="int a;")),
        ("Document", dspy.Document(data="x", context="y")),
        ("Reasoning", dspy.Reasoning(content="because")),
    ],
)
def test_saved_demos_come_back_as_they_were(annotation: str, value: Any, tmp_path: Path) -> None:
    signature = f"given: {annotation} -> answer"
    predict = dspy.Predict(signature)
    predict.demos = [dspy.Example(given=value, answer="a").with_inputs("given")]
    predict.save(tmp_path / "state.json")
    loaded = dspy.Predict(signature)
    loaded.load(tmp_path / "state.json")
    assert loaded.demos[0]["given"] == value
    assert type(loaded.demos[0]["given"]) is type(value)
    assert loaded(given=value, lm=dspy.DummyLM([{"answer": "b"}])).answer == "b"


def test_requests_with_other_pictures_are_other_requests(tmp_path: Path) -> None:
    from dspyc.runtime.lm.keys import request_key
    from dspyc.runtime.lm.request import Request

    def key(picture: Any) -> str | None:
        signature = dspy.ensure_signature("picture: Image -> answer")
        messages = dspy.ChatAdapter().format(signature, [], {"picture": dspy.Image(picture)})
        return request_key(Request("m", messages), "here")

    assert key(DOG) == key(DOG) != key(PNG)


# --- answers ---------------------------------------------------------------------------------------------


def _read(signature: str, answer: str) -> Any:
    found = dspy.ChatAdapter().parse(dspy.ensure_signature(signature), f"[[ ## it ## ]]\n{answer}")
    return found["it"]


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        ("Code", "```python\nx = {1: 2}\n```", dspy.Code(code="x = {1: 2}")),
        ("Code", '{"code": "x = 1"}', dspy.Code(code="x = 1")),
        ("Code['json']", '{"a": 1}', dspy.Code["json"](code='{"a": 1}')),
        ("list[Code]", '["x", {"code": "y"}]', [dspy.Code(code="x"), dspy.Code(code="y")]),
        ("Code | None", "None", None),
        ("Reasoning", 'He said "no".\n- so', 'He said "no".\n- so'),
        ("Image", DOG, dspy.Image(DOG)),
        ("Image", f'{{"url": "{DOG}"}}', dspy.Image(DOG)),
        ("Image", f'```json\n{{"url": "{DOG}"}}\n```', dspy.Image(DOG)),
        ("list[Image]", f'["{DOG}"]', [dspy.Image(DOG)]),
        ("Document", "just words", dspy.Document(data="just words")),
        ("Document", '{"data": "x", "title": "y"}', dspy.Document(data="x", title="y")),
    ],
)
def test_answers_are_read(annotation: str, text: str, value: Any) -> None:
    assert _read(f"q -> it: {annotation}", text) == value


def test_citations_are_read_from_text() -> None:
    place = {"cited_text": "a", "document_index": 0, "start_char_index": 1, "end_char_index": 2}
    found = _read("q -> it: Citations", json.dumps([place]))
    assert found == dspy.Citations.from_dict_list([place])
    assert (len(found), found[0].cited_text, [each.type for each in found]) == (1, "a", ["char_location"])
    assert _read("q -> it: Citations", json.dumps({"citations": [place]})) == found
    assert found.format() == [{"type": "char_location", **place}]
    assert dspy.Citations.parse_lm_response({"citations": [place]}) == found
    assert dspy.Citations.parse_lm_response("text") is None


def test_an_address_that_is_none_is_an_answer_that_cannot_be_read() -> None:
    with pytest.raises(dspy.AdapterParseError, match="neither a URL nor a data URL"):
        _read("q -> it: Image", "/etc/passwd")


def test_what_is_asked_of_a_model_for_code_and_reasoning() -> None:
    signature = dspy.ensure_signature("q -> code: Code['java'], why: Reasoning, more: list[Code]")
    system, user = dspy.ChatAdapter().format(signature, [], {"q": "?"})
    assert "Programming language: java" in system["content"]
    assert "2. `why` (str):" in system["content"]
    assert re.search(r"\[\[ ## code ## \]\]\n\{code\}\n\n\[\[ ## why ## \]\]\n\{why\}\n", system["content"])
    assert "Source text" not in system["content"]  # the docstring, which is for programmers
    assert "then `[[ ## why ## ]]`, then" in user["content"]


# --- reasoning -------------------------------------------------------------------------------------------


def test_reasoning_is_like_a_text() -> None:
    said = dspy.Reasoning(content=" Hello World ")
    assert str(said) == said == " Hello World "
    assert repr(said) == "' Hello World '"
    assert said == dspy.Reasoning(content=" Hello World ") != "hello"
    assert (len(said), said[1], said[1:3], "World" in said, list(said)[1]) == (13, "H", "He", True, "H")
    assert said.strip().lower().split() == ["hello", "world"]
    assert [said + "!", "a" + said] == [" Hello World !", "a Hello World "]
    assert isinstance(said + said, dspy.Reasoning)
    with pytest.raises(AttributeError, match="`Reasoning` object has no attribute 'nothing'"):
        said.nothing  # noqa: B018
    with pytest.raises(TypeError):
        said + 1


def test_a_model_that_thinks_fills_reasoning_itself() -> None:
    signature = dspy.ensure_signature("q -> why: Reasoning, answer")

    class Thinking:
        model, model_type, kwargs = "anthropic/claude", "chat", {}
        capabilities = dspy.DummyLM([]).capabilities._replace(reasoning=True)

    settings: dict[str, Any] = {}
    asked = dspy.Reasoning.adapt_to_native_lm_feature(signature, "why", Thinking, settings)
    assert (list(asked.output_fields), settings) == (["answer"], {"reasoning_effort": "low"})
    off = {"reasoning_effort": None}
    assert dspy.Reasoning.adapt_to_native_lm_feature(signature, "why", Thinking, off) is signature
    assert dspy.Reasoning.parse_lm_response({"text": "", "reasoning_content": "hm"}) == "hm"
    assert dspy.Reasoning.parse_lm_response({"text": ""}) is None
    plain = dspy.DummyLM([])
    assert dspy.Reasoning.adapt_to_native_lm_feature(signature, "why", plain, {}) is signature


def test_a_picture_of_pillow() -> None:
    pillow = pytest.importorskip("PIL.Image")
    picture = pillow.new("RGB", (2, 2))
    assert dspy.Image(picture).url.startswith("data:image/png;base64,")
    assert dspy.Image.from_PIL(picture) == dspy.Image(picture)
    assert encode_image(picture) == dspy.Image(picture).url


def test_an_array_of_samples() -> None:
    pytest.importorskip("soundfile")
    numpy = pytest.importorskip("numpy")
    recording = dspy.Audio.from_array(numpy.zeros(100), 8000)
    assert base64.b64decode(recording.data)[:4] == b"RIFF"
    assert dspy.Audio(numpy.zeros(100), sampling_rate=8000) == recording
