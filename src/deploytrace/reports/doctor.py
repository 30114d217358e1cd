"""A diagnosis as text: one line per finding, a remedy below each problem, and a last line that sums up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.text import Text

from .paper import on_paper
from .wording import neutral_line

__all__ = ["render"]

_STYLES = {"ok": "green", "problem": "bold red", "unknown": "yellow"}
_INDENT = "         "


class _Finding(Protocol):
    """What is rendered (see `commands.diagnosis`, which this layer does not know)."""

    @property
    def state(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def remedy(self) -> str: ...


def render(findings: Sequence[_Finding], width: int, *, color: bool = False, ascii_only: bool = False) -> str:
    """Return the findings as text, wrapped at ``width`` terminal cells."""
    lines = []
    for finding in findings:
        lines += _wrapped(Text(finding.state.ljust(len(_INDENT)), style=_STYLES[finding.state]), finding.text, width)
        if finding.remedy:
            lines += _wrapped(Text(_INDENT), finding.remedy, width, "bold")
    problems = sum(finding.state == "problem" for finding in findings)
    summary = "Everything is well." if not problems else f"{problems} problem{'s'[: problems != 1]} found."
    lines += [Text(), Text(summary, style=_STYLES["problem" if problems else "ok"])]
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _wrapped(head: Text, text: str, width: int, style: str = "") -> list[Text]:
    """Return a sentence in lines that all begin at the same column; words are never broken, paths can be copied."""
    lines, line = [], head
    for word in neutral_line(text).split(" "):
        if line.cell_len > len(_INDENT) and line.cell_len + 1 + len(word) > width:
            lines.append(line)
            line = Text(_INDENT)
        if line.cell_len > len(_INDENT):
            line.append(" ")
        line.append(word, style=style)
    return [*lines, line]
