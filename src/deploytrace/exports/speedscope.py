"""A run in speedscope's file format: a profile of plays, roles and tasks, and one for each host.

Source: https://www.speedscope.app/file-format-schema.json
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..run.model import Kind, Node, Tree
from .walk import host_of, packed, parents_first

__all__ = ["as_speedscope"]


def as_speedscope(tree: Tree, title: str, version: str) -> dict[str, Any]:
    """Return a run as JSON values; times are seconds since the run's start."""
    nodes = [node for node in parents_first(tree) if node.kind is not Kind.DOWNTIME]
    names = {node.id: node.name for node in nodes}
    groups: dict[str | None, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[host_of(node)].append(node)
    frames: dict[str, int] = {}
    profiles = []
    for host, own in groups.items():
        for number, lane in enumerate(packed(own), start=1):
            events: list[dict[str, Any]] = []
            opened: list[tuple[int, int]] = []  # end and frame of what is open
            for node in lane:
                _close(opened, events, node.start, tree.node.start)
                name = names.get(node.parent or "", node.name) if node.kind is Kind.HOST else node.name
                frame = frames.setdefault(name, len(frames))
                events.append({"type": "O", "frame": frame, "at": (node.start - tree.node.start) / 1e9})
                opened.append((node.end, frame))
            _close(opened, events, None, tree.node.start)
            profiles.append(
                {
                    "type": "evented",
                    "name": (host or "plays, roles and tasks") + (f" ({number})" if number > 1 else ""),
                    "unit": "seconds",
                    "startValue": 0,
                    "endValue": (tree.node.end - tree.node.start) / 1e9,
                    "events": events,
                }
            )
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": title,
        "exporter": f"deploytrace {version}",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": profiles,
    }


def _close(opened: list[tuple[int, int]], events: list[dict[str, Any]], until: int | None, start: int) -> None:
    """Close what has ended by an instant, the innermost first; everything where there is none."""
    while opened and (until is None or opened[-1][0] <= until):
        end, frame = opened.pop()
        events.append({"type": "C", "frame": frame, "at": (end - start) / 1e9})
