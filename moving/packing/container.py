"""A recipe for a container that serves a program: text files, for `podman build` or `docker build`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .contents import Named

IMAGE = "python:3.12-slim-bookworm"
PORT = 8000

_CONTAINERFILE = """\
# Serves {distribution} {version} at port {port}. Build and run:
#   podman build -t {distribution} .
#   podman run --rm -p 127.0.0.1:{port}:{port} -e DSPYC_SERVE_KEY{keys} {distribution}
# No key is in the image: the one that callers send, and those of models, are given when it runs.
FROM {image}

ENV PYTHONUNBUFFERED=1 \\
    PIP_NO_CACHE_DIR=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    DSPYC_CACHE_DIR=/var/cache/dspyc

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin program \\
    && install -d -o program -g program /var/cache/dspyc

WORKDIR /srv
COPY requirements.txt ./
RUN pip install --requirement requirements.txt
COPY {wheel} ./
RUN pip install --no-deps ./{wheel} \\
    && rm ./{wheel}

USER 10001
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \\
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/ready', timeout=4)"]
CMD ["python", "-m", "{module}", "serve", "--host", "0.0.0.0", "--port", "{port}"]
"""

_IGNORED = """\
# Only what the recipe copies goes to the builder.
*
!requirements.txt
!{wheel}
"""


def recipe(name: Named, pinned: Sequence[str], keys: Sequence[str] = ()) -> dict[str, str]:
    """The files of a recipe by their names.

    Args:
        name: what the package is called.
        pinned: its requirements, all of them, with their versions.
        keys: the environment variables that its models read.
    """
    values = {
        "distribution": name.distribution,
        "version": name.version,
        "module": name.module,
        "wheel": name.wheel,
        "image": IMAGE,
        "port": PORT,
        "keys": "".join(f" -e {key}" for key in keys),
    }
    texts = {
        "Containerfile": _CONTAINERFILE.format(**values),
        ".dockerignore": _IGNORED.format(**values),
        "requirements.txt": "# What was installed where the package was made.\n" + "\n".join(pinned) + "\n",
    }
    return {each: f"{_mark(text)}{text}" for each, text in texts.items()}


def is_edited(text: str) -> bool:
    """Whether a file of a recipe is not as it was written."""
    head, newline, rest = text.partition("\n")
    return head + newline != _mark(rest)


def _mark(text: str) -> str:
    """The first line of a file: written anew as long as it says the truth about the rest."""
    return f"# Written by `dspyc package`, {hashlib.sha256(text.encode()).hexdigest()[:16]}\n"
