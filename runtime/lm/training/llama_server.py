"""llama.cpp as a server of its own, on loopback: `python -m dspyc.runtime.lm.training.llama_server FILE`.

What `LM("openai/local:PATH").launch()` starts. The key that clients must know stands in `DSPYC_SERVER_KEY`.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Sequence

from .server import KEY


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a GGUF file until the process is told to end."""
    import xllamacpp

    parser = argparse.ArgumentParser(description="Serve a GGUF file on this machine.")
    parser.add_argument("file")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--context", type=int, default=0, help="the tokens of a conversation; 0 for the model's own"
    )
    parser.add_argument("--parallel", type=int, default=4, help="the conversations at one time")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    params = xllamacpp.CommonParams()
    params.model.path = options.file
    params.n_ctx = options.context * options.parallel
    params.n_parallel = options.parallel
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.hostnames, params.port = ["127.0.0.1"], options.port
    params.ui = False
    if key := os.environ.get(KEY):
        params.api_keys = [key]
    server = xllamacpp.Server(params)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    del server


if __name__ == "__main__":
    main()
