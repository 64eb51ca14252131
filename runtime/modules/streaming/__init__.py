"""Programs whose answers are shown while they are written: field by field, with status messages.

    for piece in program.stream(question="…"):
        ...                               # StreamResponse, StatusMessage, at last the Prediction

`streamify` gives the same in DSPy's form. Models are asked for pieces only while somebody listens.
"""

from .events import streaming_response
from .listening import StreamListener
from .pieces import StatusMessage, StreamResponse, StreamRestart
from .running import sync_send_to_stream
from .status import StatusMessageProvider
from .streamify import stream_module, stream_now, streamify
from .synchronous import apply_sync_streaming

__all__ = [
    "StatusMessage",
    "StatusMessageProvider",
    "StreamListener",
    "StreamResponse",
    "StreamRestart",
    "apply_sync_streaming",
    "stream_module",
    "stream_now",
    "streamify",
    "streaming_response",
    "sync_send_to_stream",
]
