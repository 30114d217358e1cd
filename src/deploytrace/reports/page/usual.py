"""Compared with the usual: which tasks took longer or shorter than in runs like this one, and how unusual that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...analysis.regression import Regressions, Unusual
from ..slower import NEEDED, too_few
from ..wording import duration
from .markup import Markup, element, joined, line
from .tables import find, table

__all__ = ["comparison_of"]

_TASKS = 50  # rows, of the slower and of the faster
_SHIFT_NS = 50_000_000  # what tasks have in common is told from here on
_COLUMNS = ("task", "role", "usually", "this run", "change", "chance explains", "beyond that", "")


def comparison_of(found: Regressions | None, comparable: int | None) -> Markup:
    """Return what was unusual; ``found`` is None where there is nothing to compare with (`find_regressions`).

    ``comparable`` is how many runs there are to compare with, None where that is not known.
    """
    if found is None:
        return element("p", f"{too_few(comparable)} {NEEDED}")
    rows = [found.whole] if found.whole is not None else []
    rows += [*found.tasks[:_TASKS], *found.faster[:_TASKS]]
    words = element("p", " ".join(_sentences(found)))
    if not rows:
        return words
    caption = "Longer or shorter than usual, beyond what chance explains"
    return joined(words, table(caption, _COLUMNS, _rows(rows), left=2))


def _sentences(found: Regressions) -> Iterator[str]:
    slower, faster = len(found.tasks), len(found.faster)
    beyond = f"{slower} took longer and {faster} shorter" if slower or faster else "none took longer or shorter"
    yield f"The whole run took {duration(found.duration_ns)}, usually {duration(found.usual_ns)}."
    yield f"Of {found.compared} task{'' if found.compared == 1 else 's'} {beyond} than chance explains."
    if found.unknown:
        yield f"{len(found.unknown)} more cannot be judged: new, or with another outcome than usually."
    yield f"What is usual is told by {found.runs} runs before it of the same kind that went well."
    if found.shift_ns >= _SHIFT_NS:
        yield (
            f"Most tasks were {duration(found.shift_ns)} slower in common, which is the controller's or the "
            "connections' affair and counts in none of them."
        )


def _rows(rows: Iterable[Unusual]) -> Iterator[Sequence[str]]:
    for each in rows:
        key = each.key
        kind, sign = ("slower", "+") if each.excess_ns > 0 else ("faster", "\u2212")
        yield (
            element("strong", "the whole run") if key is None else find(line(key.name), line(key.name)),
            line(key.role, 80) if key else "",
            duration(each.usual_ns),
            duration(each.ns),
            element("span", sign + duration(abs(each.excess_ns)), class_=kind),
            f"\u00b1{duration(each.limit_ns)}",
            f"{abs(each.excess_ns) / max(1, each.limit_ns):.1f} times",
            _strip(each),
        )


def _strip(each: Unusual) -> Markup:
    """Return the range of what chance explains, the usual in its middle, and where this run lies."""
    most = max(each.ns, each.usual_ns + each.limit_ns) * 1.04

    def at(ns: float) -> str:
        return f"{100 * max(0.0, ns) / most:.2f}%"

    low, high = max(0, each.usual_ns - each.limit_ns), each.usual_ns + each.limit_ns
    kind = "slower" if each.excess_ns > 0 else "faster"
    words = f"{duration(each.ns)}, usually {duration(each.usual_ns)}, by chance {duration(low)} to {duration(high)}"
    return element(
        "svg",
        element("rect", x="0", y="7", width="100%", height="2", class_="axis"),
        element("rect", x=at(low), y="4", width=at(high - low), height="8", class_="range"),
        element("line", x1=at(each.usual_ns), x2=at(each.usual_ns), y1="2", y2="14", class_="middle"),
        element("circle", cx=at(each.ns), cy="8", r="4", class_=kind),
        class_="strip",
        role="img",
        aria_label=words,
        width="150",
        height="16",
    )
