"""Puts byte code in the place of sources; runs in Pyodide itself, whose byte code it is (see `build.mjs`)."""

from __future__ import annotations

import compileall
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode


def compile_zip(file: str, folder: str) -> None:
    """Put byte code in the place of the sources in a zip file: a page need not compile them at each visit.

    Args:
        file: the zip file.
        folder: where it is to be unpacked; it must not be there yet.

    Raises:
        ValueError: a source cannot be compiled.
    """
    place = Path(folder)
    with zipfile.ZipFile(file) as sources:
        sources.extractall(place)
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(place, quiet=1, legacy=True, invalidation_mode=mode, maxlevels=20):
        raise ValueError("a source cannot be compiled")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(place.rglob("*")):
            if path.is_file() and path.suffix != ".py":
                entry = zipfile.ZipInfo(path.relative_to(place).as_posix(), (2026, 1, 1, 0, 0, 0))
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
