"""`Audio`: a recording as a field's type."""

from __future__ import annotations

import base64
import os
from typing import Any

from pydantic import ConfigDict, model_validator

from ..errors import InputError
from . import loading
from .type import Type


class Audio(Type):
    """A recording.

        Audio.from_path("hello.wav")
        Audio.from_url("https://…/hello.mp3")           # fetched now, by this process
        Audio.from_array(samples, sampling_rate=16000)  # needs the package soundfile
        Audio(data, audio_format="wav")                 # bytes

    Making an `Audio` of a value reads no file and contacts no server. Where a field is an `Audio`, a
    `data:` URL is accepted as a string, too.

    Attributes:
        data: the content, in base64.
        audio_format: what it is: `wav`, `mp3`, `flac`.
    """

    data: str
    audio_format: str

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, source: Any = None, /, *, sampling_rate: int | None = None, **data: Any) -> None:
        if sampling_rate is not None and not hasattr(source, "shape"):
            raise TypeError("Audio received sampling_rate, which is for arrays only")
        if source is not None:
            if "data" in data:
                raise TypeError("Audio received data as both a positional and keyword argument")
            form = data.pop("audio_format", None)
            if form is not None and _names_its_format(source):
                raise TypeError("Audio received audio_format for an input that already carries its format")
            data = {**encode_audio(source, sampling_rate or 16000, form or "wav"), **data}
        super().__init__(**data)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return encode_audio(given)

    def format(self) -> list[dict[str, Any]]:
        """OpenAI's part with the recording."""
        return [{"type": "input_audio", "input_audio": {"data": self.data, "format": self.audio_format}}]

    @classmethod
    def from_path(cls, file_path: str | os.PathLike[str]) -> Audio:
        """The recording in a file.

        Raises:
            InputError: there is no such file, it is too large, or its name is not that of an audio file.
        """
        data = loading.read_file(file_path)
        kind = loading.media_type_of(file_path) or ""
        return cls(data=base64.b64encode(data).decode("ascii"), audio_format=_format(kind))

    @classmethod
    def from_file(cls, file_path: str | os.PathLike[str]) -> Audio:
        """The same as `from_path`."""
        return cls.from_path(file_path)

    @classmethod
    def from_url(cls, url: str, verify: bool = True, timeout: float | None = 30.0) -> Audio:
        """The recording at an address, fetched by this process.

        Args:
            url: an address of http or https. What is not your own has to be looked at first: this fetches
                from your own network, too.
            verify: whether the server's certificate has to be valid.
            timeout: seconds to wait for the server; None for any time.

        Raises:
            InputError: it cannot be fetched, is too large, or is not audio.
        """
        data, kind = loading.download(url, verify, timeout, cls.__name__)
        return cls(data=base64.b64encode(data).decode("ascii"), audio_format=_format(kind or "audio/wav"))

    @classmethod
    def from_array(cls, array: Any, sampling_rate: int, format: str = "wav") -> Audio:  # noqa: A002 DSPy's name
        """An array of samples as a recording.

        Args:
            array: the samples, one row each, one column for each channel.
            sampling_rate: samples in a second.
            format: how they are encoded.

        Raises:
            ImportError: the package soundfile is not installed.
        """
        import io

        try:
            import soundfile
        except ImportError:
            raise ImportError(
                "soundfile is required to process audio arrays: pip install 'dspyc[audio]'"
            ) from None
        buffer = io.BytesIO()
        soundfile.write(buffer, array, sampling_rate, format=format.upper(), subtype="PCM_16")
        return cls(data=base64.b64encode(buffer.getvalue()).decode("ascii"), audio_format=format)

    def __str__(self) -> str:
        return str(self.serialize_model())

    def __repr__(self) -> str:
        return f"Audio(data=<AUDIO_BASE_64_ENCODED({len(self.data)})>, audio_format={self.audio_format!r})"


def encode_audio(audio: Any, sampling_rate: int = 16000, format: str = "wav") -> dict[str, Any]:  # noqa: A002
    """A recording as a dict with `data` and `audio_format`.

    Args:
        audio: a `data:` URL, bytes, an array, an `Audio`, or such a dict.
        sampling_rate: of an array.
        format: of bytes and of an array.

    Raises:
        InputError: it is none of these. An address and a path of a file are none.
    """
    if isinstance(audio, Audio):
        return {"data": audio.data, "audio_format": audio.audio_format}
    if isinstance(audio, dict):
        return audio
    if isinstance(audio, str):
        if not audio.startswith("data:audio/"):
            raise InputError(
                f"String audio inputs must be data URIs, not {loading.shown(audio)}. Load local files with "
                "Audio.from_path() and remote resources with Audio.from_url()."
            )
        head, comma, content = audio.partition(",")
        kind = head.removeprefix("data:").partition(";")[0]
        if not comma or kind == "audio/":
            raise InputError("Malformed audio data URI")
        return {"data": content, "audio_format": _format(kind)}
    if isinstance(audio, bytes):
        return {"data": base64.b64encode(audio).decode("ascii"), "audio_format": format}
    if hasattr(audio, "shape"):
        return encode_audio(Audio.from_array(audio, sampling_rate, format))
    raise InputError(f"Unsupported type for encode_audio: {type(audio)}")


def _format(kind: str) -> str:
    """The format of a recording's media type: `wav` of `audio/x-wav`."""
    family, _, form = kind.partition("/")
    if family != "audio" or not form:
        raise InputError(f"Unsupported MIME type for audio: {kind or None}")
    return form.removeprefix("x-")


def _names_its_format(value: Any) -> bool:
    if isinstance(value, dict):
        return "audio_format" in value
    return isinstance(value, Audio) or (isinstance(value, str) and value.startswith("data:audio/"))
