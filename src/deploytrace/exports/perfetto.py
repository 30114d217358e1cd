"""A run in Perfetto's own trace format, which ui.perfetto.dev opens: a track for each host.

Source: https://perfetto.dev/docs/reference/synthetic-track-event
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count

from ..run.model import Kind, Node, Tree
from .walk import host_of, packed, parents_first
from .wire import message, number, text

__all__ = ["as_perfetto"]

_RUN, _HOSTS, _DOWNTIME = "plays, roles and tasks", "hosts", "downtime"
_SEQUENCE = 1  # all packets are of one
_BEGIN, _END = 1, 2  # TrackEvent.Type
_EXPLICIT = 3  # TrackDescriptor.ChildTracksOrdering


def as_perfetto(tree: Tree, run_id: str) -> bytes:
    """Return a run as a message ``perfetto.protos.Trace``; times are nanoseconds since the run's start.

    Slices of a track nest. What overlaps has a track of the same name, which the UI draws in one place.
    """
    groups: dict[tuple[str, str], list[Node]] = defaultdict(list)
    names = {}
    for node in parents_first(tree):
        names[node.id] = node.name
        host = host_of(node)
        group = _RUN if host is None else _DOWNTIME if node.kind is Kind.DOWNTIME else _HOSTS
        groups[group, host or "run"].append(node)
    packets: list[bytes] = []
    events: list[tuple[int, bytes]] = []
    tracks, uuids = count(1), {}
    for rank, ((group, name), nodes) in enumerate(groups.items()):
        if group not in uuids:
            uuids[group] = next(tracks)
            packets.append(_track(uuids[group], group, number(11, _EXPLICIT)))
        for lane in packed(nodes):
            track = next(tracks)
            packets.append(_track(track, name, number(5, uuids[group]), number(12, rank)))
            events += _slices(lane, track, tree.node.start, names, run_id)
    events.sort(key=lambda event: event[0])  # in order of time; what happens at once stays in order
    return b"".join(message(1, packet) for packet in (*packets, *(packet for _, packet in events)))


def _track(uuid: int, name: str, *more: bytes) -> bytes:
    """Return the packet that describes a track."""
    return message(60, number(1, uuid), text(2, name), *more)


def _slices(
    nodes: Iterable[Node], track: int, base: int, names: dict[str, str], run_id: str
) -> Iterator[tuple[int, bytes]]:
    """Yield when what begins and ends in a track, and the packets that say so; ``nodes`` nest."""
    ends: list[int] = []  # of what is open, the innermost last
    for node in nodes:
        while ends and ends[-1] <= node.start:
            yield _event(ends.pop() - base, track, number(9, _END))
        yield _event(node.start - base, track, number(9, _BEGIN), *_told(node, names, run_id))
        ends.append(node.end)
    while ends:
        yield _event(ends.pop() - base, track, number(9, _END))


def _event(t: int, track: int, *fields: bytes) -> tuple[int, bytes]:
    return t, number(8, t) + number(10, _SEQUENCE) + message(11, number(11, track), *fields)


def _told(node: Node, names: dict[str, str], run_id: str) -> Iterator[bytes]:
    """Yield name, categories and annotations of a node; a host result is named after its task."""
    yield text(23, names.get(node.parent or "", node.name) if node.kind is Kind.HOST else node.name)
    yield text(22, node.kind.value)
    yield text(22, node.outcome.value)
    if node.kind is Kind.RUN:
        yield message(4, text(10, "run_id"), text(6, run_id))
    if node.failure is not None:
        yield message(4, text(10, "error"), text(6, node.failure.message))
