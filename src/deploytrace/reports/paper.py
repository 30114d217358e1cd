"""Turns styled lines into the text that is printed: with ANSI colours or without, in UTF-8 or in plain ASCII."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

__all__ = ["on_paper", "wrapped"]


def wrapped(words: Iterable[Text], width: int, *, between: Text, indent: int = 0) -> list[Text]:
    """Return the words in lines of at most ``width`` terminal cells, ``between`` those of a line.

    A word is never broken, since one may want to copy it; the second and later lines are indented.
    """
    lines = [Text()]
    begun = False
    for word in words:
        if begun and lines[-1].cell_len + between.cell_len + word.cell_len > width:
            lines.append(Text(" " * indent))
            begun = False
        lines[-1].append_text(between if begun else Text()).append_text(word)
        begun = True
    return lines


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
