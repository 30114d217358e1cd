"""What would have shortened a run most: each change with its seconds, its reason, and how to try it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from ..analysis.advice import Advice
from ..run.model import RunDetail, Tree
from .heading import heading
from .paper import on_paper, wrapped
from .styles import DIM
from .timeline import Glyphs
from .wording import cut_middle, duration, neutral_line

__all__ = ["as_json", "render"]


def as_json(found: Sequence[Advice]) -> list[dict[str, Any]]:
    """Return it as JSON values, seconds; ``arguments`` are those of ``what-if``."""
    return [
        {
            "change": advice.change,
            "reason": advice.reason,
            "arguments": list(advice.arguments),
            "saving": advice.prediction.saving_ns / 1e9,
            "recorded": advice.prediction.recorded_ns / 1e9,
            "predicted": advice.prediction.predicted_ns / 1e9,
            "low": advice.prediction.low_ns / 1e9,
            "high": advice.prediction.high_ns / 1e9,
        }
        for advice in found
    ]


def render(tree: Tree, found: Sequence[Advice], width: int, *, color: bool = False, ascii_only: bool = False) -> str:
    """Return it as text, at most ``width`` terminal cells a line; only a command, to be copied, is never cut."""
    glyphs = Glyphs.ascii() if ascii_only else Glyphs.unicode()
    lines = [*heading(tree, glyphs, width), Text()]
    if not found:
        lines.append(Text("Nothing that was tried would have shortened the run by more than 1 %."))
    for number, advice in enumerate(found, start=1):
        saving = advice.prediction.saving_ns
        share = 100 * saving / max(1, advice.prediction.recorded_ns)
        line = Text().append(f"{number}  ", DIM).append(cut_middle(neutral_line(advice.change), width - 24), "bold")
        lines.append(line.append(f"  {duration(saving)}", "bold green").append(f"  {share:.0f} %", DIM))
        reason = (Text(word) for word in neutral_line(advice.reason).split(" "))
        lines += [Text("   ").append_text(line) for line in wrapped(reason, width - 3, between=Text(" "))]
        words = shlex.join(neutral_line(word) for word in advice.arguments)
        lines.append(Text(f"   deploytrace what-if {_run(tree)} {words}", DIM))
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _run(tree: Tree) -> str:
    """Return a name of the run that commands understand."""
    detail = tree.node.detail
    return detail.started.run_id[:8] if isinstance(detail, RunDetail) else "last"
