"""What the runtime logs, and who sees it: DSPy's switches over Python's logging.

The runtime logs under the name `dspyc`, and adds no handler of its own: where a program has set up logging,
its lines are there; where it has not, Python shows warnings and errors on standard error.
"""

from __future__ import annotations

import logging

_HANDLER = "dspyc"
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_DATES = "%Y/%m/%d %H:%M:%S"


def disable_logging() -> None:
    """Say nothing from here on; `enable_logging` is the way back."""
    logging.getLogger("dspyc").disabled = True


def enable_logging() -> None:
    """Log again after `disable_logging`."""
    logging.getLogger("dspyc").disabled = False


def configure_dspy_loggers(root_module_name: str = "dspyc") -> None:
    """Show what is logged under a name on standard error, with its time, from INFO on.

    Args:
        root_module_name: the logger's name.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT, _DATES))
    handler.set_name(_HANDLER)
    logger = logging.getLogger(root_module_name)
    for known in [each for each in logger.handlers if each.name == _HANDLER]:
        logger.removeHandler(known)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
