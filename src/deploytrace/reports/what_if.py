"""A prediction: how long the run took, how long it would have taken, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from ..analysis.what_if import Prediction
from ..run.model import Outcome, Tree
from .heading import heading
from .paper import on_paper, wrapped
from .styles import DIM
from .timeline import Glyphs
from .wording import duration, neutral_line

__all__ = ["as_json", "render"]

_CUT_SHORT = {
    Outcome.FAILED: "The run failed",
    Outcome.UNREACHABLE: "Some host was out of reach",
    Outcome.INTERRUPTED: "The run was broken off",
    Outcome.RUNNING: "The run goes on",
}


def as_json(prediction: Prediction) -> dict[str, Any]:
    """Return it as JSON values, seconds."""
    return {
        "recorded": prediction.recorded_ns / 1e9,
        "predicted": prediction.predicted_ns / 1e9,
        "low": prediction.low_ns / 1e9,
        "high": prediction.high_ns / 1e9,
    }


def render(
    tree: Tree,
    prediction: Prediction,
    width: int,
    *,
    stays: Sequence[str] = (),
    color: bool = False,
    ascii_only: bool = False,
) -> str:
    """Return it as text, at most ``width`` terminal cells a line; ``stays``: handlers that nobody would notify."""
    glyphs = Glyphs.ascii() if ascii_only else Glyphs.unicode()
    saving = prediction.saving_ns
    share = 100 * abs(saving) / max(1, prediction.recorded_ns)
    lines = [*heading(tree, glyphs, width), Text()]
    lines.append(Text().append("recorded   ", DIM).append(duration(prediction.recorded_ns).rjust(7)))
    line = Text().append("predicted  ", DIM).append(duration(prediction.predicted_ns).rjust(7), "bold")
    lines.append(line.append(f"  {duration(prediction.low_ns)} to {duration(prediction.high_ns)}", DIM))
    lines.append(
        Text("shorter by " if saving >= 0 else "longer by  ", DIM)
        .append(duration(abs(saving)).rjust(7), "bold green" if saving >= 0 else "bold red")
        .append(f"  {share:.0f} %", DIM)
    )
    remarks = [
        f"The handler {neutral_line(each)} is still counted, though nothing else notified it: --without leaves it out."
        for each in stays
    ]
    if tree.node.outcome in _CUT_SHORT:
        remarks.append(f"{_CUT_SHORT[tree.node.outcome]}: what hosts have not come to is not counted.")
    for remark in remarks:
        lines += [Text(), *wrapped((Text(word, DIM) for word in remark.split(" ")), width, between=Text(" "))]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return on_paper(lines, width, color=color, ascii_only=ascii_only)
