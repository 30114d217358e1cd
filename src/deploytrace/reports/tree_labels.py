"""What the rows of a run's tree say: what a node is called, why it went wrong, how a crowd is summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..run.delegation import delegate_of
from ..run.failure import ERROR_TYPES
from ..run.model import (
    AttemptDetail,
    BatchDetail,
    BlockDetail,
    Detail,
    DowntimeDetail,
    HostDetail,
    ItemDetail,
    Kind,
    Node,
    RoleDetail,
    TaskDetail,
    Tree,
)
from .wording import duration, median, neutral, neutral_line

__all__ = ["Label", "crowd", "label_of", "reason_of", "rest", "shared_reason"]

_OF_THE_RUN = frozenset({"cancelled", "lost", "_OTHER"})

Label = tuple[str, str, str]
"""What a node is, its name, and what belongs to it: each neutral, the first and the last may be empty."""


def label_of(node: Node, only: Tree | None, beside: str) -> Label:
    """Return what a node is called; ``only`` is the host result that shares its row, ``beside`` what else to add."""
    detail = node.detail
    if isinstance(detail, TaskDetail):
        what = "handler" if node.kind is Kind.HANDLER else ""
        host = _host(only.node.detail) if only is not None else ""
        return (what, neutral_line(node.name), ", ".join(filter(None, (host, beside))))
    if isinstance(detail, HostDetail):
        return ("", _host(detail), beside)
    if isinstance(detail, ItemDetail):
        return ("item", _item(detail), beside)
    if isinstance(detail, AttemptDetail):
        return ("try", str(detail.number) + (f" of {detail.maximum}" if detail.maximum else ""), "")
    if isinstance(detail, BatchDetail):
        return ("batch", str(detail.number), "" if detail.hosts_total is None else _count(detail.hosts_total, "host"))
    if isinstance(detail, BlockDetail):
        return (detail.section, neutral_line(detail.name), "")
    if isinstance(detail, RoleDetail):
        again = f"invocation {detail.invocation}" if detail.invocation > 1 else ""
        return ("role", neutral_line(detail.name), again)
    if isinstance(detail, DowntimeDetail):
        return ("downtime", neutral_line(detail.service), neutral(detail.host))
    return ("" if node.kind is Kind.RUN else node.kind.value, neutral_line(node.name), "")


def _host(detail: Detail) -> str:
    """Return a host's name, and where its task was delegated to."""
    if not isinstance(detail, HostDetail):
        return ""
    target = neutral_line(delegate_of(detail) or "")
    return neutral(detail.host) + (f" on {target}" if target and target != detail.host else "")


def _item(detail: ItemDetail) -> str:
    """Return an item's label, and where it was delegated to if that is its own and not said by the label."""
    name = neutral_line(detail.label) if detail.label else str(detail.index + 1)
    target = delegate_of(detail) if "{{" in (detail.definition.delegate_to or "") else None
    return name + (f" on {neutral_line(target)}" if target and target not in (detail.host, detail.label) else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"


def crowd(folded: Sequence[Tree]) -> str:
    """Return the words for hosts or items none of which is shown: 3 hosts."""
    return _count(len(folded), folded[0].node.kind.value)


def rest(folded: Sequence[Tree]) -> str:
    """Return the words for what was folded: 490 more: 480 ok, 10 skipped (median 0.30s, longest 0.41s)."""
    times = [child.node.end - child.node.start for child in folded]
    span = f"(median {duration(median(times))}, longest {duration(max(times))})"
    if folded[0].node.kind is Kind.DOWNTIME:
        return f"{len(folded)} more downtimes {span}"
    counts = Counter(child.node.outcome.value for child in folded)
    shares = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    return f"{len(folded)} more: {shares} {span}"


def reason_of(node: Node, has_children: bool) -> str:
    """Return why a host result or an item went wrong, in one line; empty where other rows say so.

    What broke off the whole run is told once, at the run.
    """
    if node.failure is None or (node.failure.type in _OF_THE_RUN) != (node.kind is Kind.RUN):
        return ""
    if node.kind not in (Kind.HOST, Kind.ITEM, Kind.RUN):
        return ""
    if has_children and isinstance(node.detail, HostDetail) and node.detail.failed_items:
        return ""
    hidden = isinstance(node.detail, HostDetail | ItemDetail) and node.detail.detail.get("censored")
    said = neutral_line(node.failure.message) or ERROR_TYPES.get(node.failure.type.partition(":")[0], node.failure.type)
    return f"{said} (hidden by no_log)" if hidden else said


def shared_reason(children: Sequence[Tree]) -> str:
    """Return the reason that all children with one have in common, if there are at least two; else an empty text."""
    reasons = [reason for child in children if (reason := reason_of(child.node, bool(child.children)))]
    if len(reasons) < 2 or len(set(reasons)) > 1:
        return ""
    return f"{_count(len(reasons), children[0].node.kind.value)}: {reasons[0]}"
