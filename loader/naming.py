"""Names of modules that are not imported by name, such that another process finds their files by them.

A class or function goes to another process as the name of its module and its own. The one of a file that
`load` has read says where the file is: `dspyc.loader.file:/home/me/triage%2Edspy`.
"""

from __future__ import annotations

_PREFIX = f"{__package__}.file:"


def name_of_file(path: str) -> str:
    """The name of the module of a file, by its full path."""
    # Each dot would be one between packages.
    return _PREFIX + path.replace("%", "%25").replace(".", "%2E").replace("\n", "%0A")


def file_of_name(name: str) -> str | None:
    """The path in a name that `name_of_file` has made; None for other names.

    A name with a dot is that of a module inside of a package, which is found in the package's folder.
    """
    if not name.startswith(_PREFIX) or "." in name[len(_PREFIX) :]:
        return None
    return name[len(_PREFIX) :].replace("%0A", "\n").replace("%2E", ".").replace("%25", "%")
