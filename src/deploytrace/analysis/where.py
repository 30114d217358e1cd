"""Where the time went: of every second of a run, how much its hosts worked, and what they waited for.

At each moment each host of the batch is at one thing; a run's second is shared among the hosts of its batch, so what
all of them waited for counts whole, and what one of fifty waited for counts a fiftieth. The shares sum to the duration.

- ``module``: at work. ``connection``: of the work, what is not the module's own: connecting, transferring and starting
  it. Only commands tell how long they took themselves (``delta``), and only where results are recorded in detail; for
  the other commands of the run the median of those is taken; other modules count as ``module`` whole.
- ``forks``: waiting because all forks were taken, for one or for others that had to wait for one.
- ``throttle``: likewise, because as many hosts were at a task as its throttle allows, while there were forks.
- ``slowest_host``: waiting for hosts that took longer.
- ``controller``: for Ansible's main process: before and between tasks, starting workers one after the other though
  there are forks, announcing results late.
- ``overhead``: of that, what the callbacks of deploytrace took at most.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ..run.model import PlayDetail, RunDetail, Tree
from .occupancy import Occupancy
from .schedule import Batch, Schedule, Step, Strategy, Work, schedule

__all__ = ["SHARES", "Part", "Where", "where"]

SHARES = ("module", "connection", "forks", "throttle", "slowest_host", "controller", "overhead")
"""The names of the shares, in the order in which they are shown."""

_COMMANDS = frozenset({"command", "shell"})


@dataclass(frozen=True, slots=True)
class Part:
    """A play or a role, and what of the run's time is its own; the shares sum to ``ns``. All ns."""

    name: str
    ns: int
    shares: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Where:
    """The shares of a run, ns by name, every name of `SHARES`. They sum to ``duration_ns``, and so do plays and roles.

    The tasks without a role are the role ``""``. ``connection_measured`` is the share (0 to 1) of the hosts' work of
    which ``connection`` could be told from ``module``.
    """

    duration_ns: int
    shares: Mapping[str, int]
    plays: tuple[Part, ...]
    roles: tuple[Part, ...]
    connection_measured: float


def where(tree: Tree, scheduled: Schedule | None = None) -> Where:
    """Return where the time of a run went; ``scheduled`` is its schedule, where that is known already."""
    scheduled = scheduled or schedule(tree)
    connection = _Connection(scheduled)
    plays: defaultdict[str, Counter[str]] = defaultdict(Counter)
    roles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    start = 0
    for batch in scheduled.batches:
        end = min(scheduled.duration, max(work.announced for step in batch.steps for work in step.works))
        play, detail = batch.play.id, batch.play.detail
        names[play] = detail.started.name if isinstance(detail, PlayDetail) else ""
        for (role, share), ns in _shared(_Hosts(batch, start, end, connection).sums(), batch, end - start).items():
            plays[play][share] += ns
            roles[role][share] += ns
        start = end
    rest = scheduled.duration - start  # Ansible's end; all of the run where no host was at work
    plays[next(reversed(names), "")]["controller"] += rest
    roles[""]["controller"] += rest
    total = sum(plays.values(), Counter())
    overhead = _overhead(tree, total["controller"])
    return Where(
        duration_ns=scheduled.duration,
        shares=_with_overhead(total, overhead, total["controller"]),
        plays=_parts(plays, names, overhead, total["controller"]),
        roles=_parts(roles, {}, overhead, total["controller"]),
        connection_measured=connection.measured,
    )


class _Connection:
    """How much of a work is connecting, transferring and starting the module, as far as it can be told."""

    def __init__(self, scheduled: Schedule) -> None:
        works = [work for batch in scheduled.batches for step in batch.steps for work in step.works]
        known: defaultdict[str | None, list[int]] = defaultdict(list)
        for work in works:
            if (own := _own(work)) is not None:
                known[_way(work)].append(max(0, work.end - work.start - own))
        typical = {way: statistics.median_low(values) for way, values in known.items()}
        found = {work.node.id: _connecting(work, typical) for work in works} if typical else {}
        self._told = {node: ns for node, ns in found.items() if ns is not None}
        told = sum(work.end - work.start for work in works if work.node.id in self._told)
        self.measured = told / max(1, sum(work.end - work.start for work in works))

    def of(self, work: Work) -> int:
        """Return it in ns, 0 where it can not be told."""
        return self._told.get(work.node.id, 0)


def _connecting(work: Work, typical: Mapping[str | None, int]) -> int | None:
    definition = work.detail.definition
    if definition.action.rpartition(".")[2] not in _COMMANDS:
        return None
    whole, own = work.end - work.start, _own(work)
    if own is not None:
        return max(0, whole - own)
    usual = None if definition.loop else typical.get(_way(work))
    return None if usual is None else min(whole, usual)


def _own(work: Work) -> int | None:
    delta = work.detail.detail.get("delta")
    return round(delta * 1e9) if isinstance(delta, (int, float)) and work.detail.attempts <= 1 else None


def _way(work: Work) -> str | None:
    """Return how a work's host is reached."""
    seen = work.detail.seen
    return seen.connection if seen is not None else None


class _Hosts:
    """What each host of a batch was at, from the batch's start to its end."""

    def __init__(self, batch: Batch, start: int, end: int, connection: _Connection) -> None:
        self._batch = batch
        self._lockstep = batch.strategy is Strategy.LINEAR
        self._start, self._end = start, end
        self._connection = connection
        self._sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._occupancy = Occupancy(batch, start, end)
        self._barriers = {id(step): _Barrier(step, self._occupancy) for step in batch.steps} if self._lockstep else {}

    def sums(self) -> Mapping[tuple[str, str], int]:
        """Return how long hosts were at what, by role and share (host ns); each host's sum to the batch's length."""
        own: dict[str, list[tuple[Work, Step]]] = {host: [] for host in self._batch.hosts}
        for step in self._batch.steps:
            for work in step.works:
                own[work.host].append((work, step))
        for works in own.values():
            works.sort(key=lambda each: each[0].start)
            self._add_host(works)
        return self._sums

    def _add_host(self, works: list[tuple[Work, Step]]) -> None:
        t, before = self._start, None
        role = ""
        for work, step in works:
            role = step.detail.definition.role or ""
            begin = max(t, work.start)
            end = min(self._end, max(t, work.end))
            self._add_waiting(t, begin, before, role, begun=step.works[0].start)
            spent = end - begin
            connecting = min(spent, self._connection.of(work))
            self._sums[role, "connection"] += connecting
            self._sums[role, "module"] += spent - connecting
            t, before = end, (work, step)
        self._add_waiting(t, self._end, before, role)

    def _add_waiting(
        self, t: int, until: int, before: tuple[Work, Step] | None, role: str, *, begun: int | None = None
    ) -> None:
        """Add what a host waited for after one work and before the next (``role``: of that; the first host began it at
        ``begun``), or the batch's end."""
        sums = self._sums
        if self._lockstep and before is not None:
            work, step = before
            barrier = self._barriers[id(step)]
            passed = min(until, barrier.end)
            if passed > t:
                name = step.detail.definition.role or ""
                for share, ns in barrier.waiting(work, passed - t).items():
                    sums[name, share] += ns
                t = passed
        if until <= t:
            return
        # Until a task begins, hosts wait for those that are at another one; from then on only to be started.
        middle = until if begun is None else min(until, max(t, begun)) if self._lockstep else t
        others = middle - t - self._occupancy.idle.within(t, middle) - sum(self._occupancy.queued(t, middle).values())
        queued = self._occupancy.queued(t, until)
        for share, ns in queued.items():
            sums[role, share] += ns
        sums[role, "slowest_host"] += others
        sums[role, "controller"] += until - t - sum(queued.values()) - others


class _Barrier:
    """The end of a task in lockstep, where the hosts that are done wait for the others."""

    def __init__(self, step: Step, occupancy: Occupancy) -> None:
        first = step.works[0].start
        latest = max(step.works, key=lambda work: work.end)
        self.end = latest.end
        self._longest = max(work.end - work.start for work in step.works)
        self._late = max(1, latest.start - first)
        self._queued = occupancy.queued(first, latest.start)

    def waiting(self, work: Work, ns: int) -> dict[str, int]:
        """Return what ``ns`` of waiting after a work are, by share: for slower hosts; because others started late, who
        had to queue, or because the controller starts one after the other."""
        slower = min(ns, self._longest - (work.end - work.start))
        queued = {share: (ns - slower) * late // self._late for share, late in self._queued.items()}
        return {**queued, "slowest_host": slower, "controller": ns - slower - sum(queued.values())}


def _shared(sums: Mapping[tuple[str, str], int], batch: Batch, length: int) -> dict[tuple[str, str], int]:
    """Return host times as shares of the batch's length, by role and share; they sum to it exactly."""
    shares = {key: ns // len(batch.hosts) for key, ns in sums.items() if ns}
    if shares:
        shares[max(shares, key=lambda key: shares[key])] += length - sum(shares.values())  # what rounding left
    return shares


def _overhead(tree: Tree, controller: int) -> int:
    ended = tree.node.detail.ended if isinstance(tree.node.detail, RunDetail) else None
    return min(controller, ended.callback_ns) if ended is not None else 0


def _with_overhead(shares: Counter[str], overhead: int, controller: int) -> dict[str, int]:
    """Return shares with their part of the overhead taken out of their controller's time."""
    own = overhead * shares["controller"] // max(1, controller)
    found = {name: shares[name] for name in SHARES}
    found["controller"] -= own
    found["overhead"] += own
    return found


def _parts(
    parts: Mapping[str, Counter[str]], names: Mapping[str, str], overhead: int, controller: int
) -> tuple[Part, ...]:
    """Return plays in their order, roles with the most time first."""
    found = [
        Part(names.get(key, key), sum(shares.values()), _with_overhead(shares, overhead, controller))
        for key, shares in parts.items()
    ]
    return tuple(found) if names else tuple(sorted(found, key=lambda part: -part.ns))
