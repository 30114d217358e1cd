"""Turns styled lines into the text that is printed: with ANSI colours or without, in UTF-8 or in plain ASCII."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

__all__ = ["on_paper"]


def on_paper(lines: Iterable[Text], width: int, *, color: bool, ascii_only: bool) -> str:
    """Return the lines as one text; none is wrapped. What ASCII has no character for is written as an escape."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        _environ={},  # the caller has decided; NO_COLOR and the like must not be read a second time
    )
    with console.capture() as captured:
        for line in lines:
            line.rstrip()
            console.print(line, soft_wrap=True)
    text = captured.get()
    if ascii_only:
        text = text.replace("…", "~").encode("ascii", "backslashreplace").decode("ascii")
    return text
