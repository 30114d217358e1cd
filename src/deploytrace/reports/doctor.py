"""A diagnosis as text: one line per finding, a remedy below each problem, and a last line that sums up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.text import Text

from .paper import on_paper, wrapped
from .wording import neutral_line

__all__ = ["render"]

_STYLES = {"ok": "green", "problem": "bold red", "unknown": "yellow"}
_INDENT = 9  # columns


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
        lines += _sentence(finding.state, _STYLES[finding.state], finding.text, "", width)
        if finding.remedy:
            lines += _sentence("", "", finding.remedy, "bold", width)
    problems = sum(finding.state == "problem" for finding in findings)
    summary = "Everything is well." if not problems else f"{problems} problem{'s'[: problems != 1]} found."
    lines += [Text(), Text(summary, style=_STYLES["problem" if problems else "ok"])]
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _sentence(head: str, head_style: str, text: str, style: str, width: int) -> list[Text]:
    """Return a sentence in lines that all begin in the same column."""
    lines = wrapped((Text(word, style) for word in neutral_line(text).split(" ")), width - _INDENT, between=Text(" "))
    heads = [Text(head.ljust(_INDENT), head_style), *(Text(" " * _INDENT) for _ in lines)]
    return [start.append_text(line) for start, line in zip(heads, lines, strict=False)]
