"""What the terminal at standard output can show: how wide it is, whether in colour, and in which characters."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Terminal"]

_WIDTH = 100  # columns, where nobody tells
_NARROWEST = 30


class Terminal(NamedTuple):
    """``width`` in columns; ``color``: ANSI colours are welcome; ``ascii_only``: nothing but ASCII arrives whole."""

    width: int
    color: bool
    ascii_only: bool

    @classmethod
    def of_stdout(cls, environ: Mapping[str, str] | None = None) -> Terminal:
        """Return what standard output can show, and see to it that no character makes writing to it fail.

        Honours COLUMNS, NO_COLOR (https://no-color.org) and TERM=dumb.
        """
        environ = os.environ if environ is None else environ
        encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "").replace("_", "")
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        colorless = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        return cls(
            width=max(_NARROWEST, shutil.get_terminal_size((_WIDTH, 24)).columns),
            color=sys.stdout.isatty() and not colorless,
            ascii_only=not encoding.startswith("utf"),
        )
