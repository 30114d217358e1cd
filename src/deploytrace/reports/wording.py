"""How reports put things into words: durations, times of day, shares of many, and texts that are safe to print.

Names and messages come from hosts and playbooks. `neutral` makes control characters visible, so that none of them can
move the cursor, colour the terminal or forge a line; every text from a journal passes through it before it is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len, set_cell_size

__all__ = ["cut", "cut_middle", "duration", "local_time", "median", "neutral", "neutral_line", "without_ansi"]

# Cc control, Cs lone surrogate, Zl and Zp line and paragraph separators; of the formatting characters (Cf) only those
# that turn the direction of the text, since some scripts need the others.
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# ECMA-48: control sequences (colours, the cursor), operating system commands (titles, links), other escapes.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)


def without_ansi(text: str) -> str:
    """Return the text as a terminal would show it, without colours and the like; the rest is as it was."""
    return _ANSI.sub("", text) if "\x1b" in text or not text.isascii() else text


def neutral(text: str) -> str:
    """Return the text with everything that a terminal could act on made visible (``\\x1b``); newlines too."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if char in _DIRECTIONS or unicodedata.category(char) in _UNSAFE
        else char
        for char in text
    )


def neutral_line(text: str) -> str:
    """Return a text of several lines as one neutral line, white space closed up."""
    return neutral(" ".join(text.split()))


def cut(text: str, width: int) -> str:
    """Return the text shortened at its end to ``width`` terminal cells, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """Return the text shortened in its middle to at most ``width`` terminal cells: both ends tell names apart."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head = (width - 1 + 1) // 2
    tail = width - 1 - head
    ending = set_cell_size(text[::-1], tail)[::-1] if tail else ""
    return set_cell_size(text, head).rstrip() + "…" + ending.lstrip()


def duration(ns: int) -> str:
    """Return a duration (ns) in at most seven characters: 45ms, 3.71s, 42.3s, 1m 23s, 2h 05m, 3d 04h."""
    seconds = max(0, ns) / 1e9
    if seconds < 0.0995:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60:02}m"
    hours = round(seconds / 3600)
    return f"{hours // 24}d {hours % 24:02}h"


def local_time(unix_ns: int) -> str:
    """Return a Unix time (ns) as the reader's date and time of day, to the second, with the offset from UTC."""
    return datetime.fromtimestamp(unix_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def median(values: Sequence[int]) -> int:
    """Return the lower median of some numbers, 0 of none: one of them, never a mean that nobody took."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0
