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
from typing import NamedTuple

from ..run.model import PlayDetail, RunDetail, Tree
from .occupancy import Occupancy
from .schedule import Batch, Schedule, Step, Strategy, Work, schedule

__all__ = ["SHARES", "Part", "Where", "where"]

SHARES = ("module", "connection", "forks", "throttle", "slowest_host", "controller", "overhead")
"""The names of the shares, in the order in which they are shown."""

_COMMANDS = frozenset({"command", "shell"})


class Part(NamedTuple):
    """A play or a role, and what of the run's time is its own; the shares sum to ``ns``. All ns."""

    name: str
    ns: int
    shares: Mapping[str, int]


class Where(NamedTuple):
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
    """How much of a work is connecting, transferring and starting the module, as far as it can be told: ``told``, in
    ns by the work's node. ``measured`` is the share (0 to 1) of all work of which it can.
    """

    def __init__(self, scheduled: Schedule) -> None:
        works = [work for batch in scheduled.batches for step in batch.steps for work in step.works]
        known: defaultdict[str | None, list[int]] = defaultdict(list)
        for work in works:
            if (own := _own(work)) is not None:
                known[_way(work)].append(max(0, work.end - work.start - own))
        self.told: dict[str, int] = {}
        self.measured = 0.0
        if not known:
            return
        typical = {way: statistics.median_low(values) for way, values in known.items()}
        found = {work.node.id: _connecting(work, typical) for work in works}
        self.told = {node: ns for node, ns in found.items() if ns is not None}
        told = sum(work.end - work.start for work in works if work.node.id in self.told)
        self.measured = told / max(1, sum(work.end - work.start for work in works))


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
    said = work.detail.detail
    delta = said.get("delta") if said else None
    return round(delta * 1e9) if isinstance(delta, (int, float)) and work.detail.attempts <= 1 else None


def _way(work: Work) -> str | None:
    """Return how a work's host is reached."""
    seen = work.detail.seen
    return seen.connection if seen is not None else None


class _Spent:
    """What hosts were at, in all, of one role: host ns by share, as `SHARES` names them."""

    __slots__ = ("connection", "controller", "forks", "module", "slowest_host", "throttle")

    def __init__(self) -> None:
        self.module = self.connection = self.forks = self.throttle = self.slowest_host = self.controller = 0


class _Task(NamedTuple):
    """A step as its hosts' time is counted. Until ``begun`` they wait for other hosts, then only to be started: in
    lockstep the first host's start, elsewhere 0. In lockstep it has a barrier.
    """

    spent: _Spent
    begun: int
    barrier: _Barrier | None


class _Hosts:
    """What each host of a batch was at, from the batch's start to its end."""

    def __init__(self, batch: Batch, start: int, end: int, connection: _Connection) -> None:
        self._batch = batch
        self._start, self._end = start, end
        self._connecting = connection.told
        self._occupancy = Occupancy(batch, start, end)

    def sums(self) -> Mapping[tuple[str, str], int]:
        """Return how long hosts were at what, by role and share (host ns); each host's sum to the batch's length."""
        lockstep = self._batch.strategy is Strategy.LINEAR
        roles: defaultdict[str, _Spent] = defaultdict(_Spent)
        own: dict[str, list[tuple[Work, _Task]]] = {host: [] for host in self._batch.hosts}
        for step in self._batch.steps:
            spent = roles[step.detail.definition.role or ""]
            barrier = _Barrier(step, self._occupancy) if lockstep else None
            task = _Task(spent, step.works[0].start if lockstep else 0, barrier)
            for work in step.works:
                own[work.host].append((work, task))
        for works in own.values():
            works.sort(key=lambda each: each[0].start)
            spent = works[-1][1].spent if works else roles[""]
            self._add_host(works, _Task(spent, self._end, None))
        return {(role, share): getattr(spent, share) for role, spent in roles.items() for share in _Spent.__slots__}

    def _add_host(self, works: list[tuple[Work, _Task]], rest: _Task) -> None:
        """Add what one host was at; ``rest`` stands for the batch's end."""
        t, last, connecting = self._start, self._end, self._connecting
        before: tuple[Work, _Task] | None = None
        for now in works:
            work, task = now
            begin = max(t, work.start)
            end = min(last, max(t, work.end))
            if t < begin:
                self._add_waiting(t, begin, before, task)
            spent, length = task.spent, end - begin
            if connecting:  # it is rarely known
                connection = min(length, connecting.get(work.node.id, 0))
                spent.connection += connection
                length -= connection
            spent.module += length
            t, before = end, now
        if t < last:
            self._add_waiting(t, last, before, rest)

    def _add_waiting(self, t: int, until: int, before: tuple[Work, _Task] | None, task: _Task) -> None:
        """Add what a host waited for after one work and before its next task, or the batch's end."""
        if before is not None and (barrier := before[1].barrier) is not None and t < barrier.end:
            passed = min(until, barrier.end)
            barrier.add_waiting(before[1].spent, before[0], passed - t)
            t = passed
        if t < until:
            forks, throttle = self._occupancy.queued(t, until)
            middle = min(until, max(t, task.begun))
            others = self._occupancy.others.within(t, middle) if t < middle else 0
            spent = task.spent
            spent.forks += forks
            spent.throttle += throttle
            spent.slowest_host += others
            spent.controller += until - t - forks - throttle - others


class _Barrier:
    """The end of a task in lockstep, where the hosts that are done wait for the others."""

    def __init__(self, step: Step, occupancy: Occupancy) -> None:
        first = step.works[0].start
        latest = max(step.works, key=lambda work: work.end)
        self.end = latest.end
        self._longest = max(work.end - work.start for work in step.works)
        self._late = max(1, latest.start - first)
        self._forks, self._throttle = occupancy.queued(first, latest.start)

    def add_waiting(self, spent: _Spent, work: Work, ns: int) -> None:
        """Add what ``ns`` of waiting after a work are: for slower hosts; because others started late, who had to
        queue, or because the controller starts one after the other.
        """
        slower = min(ns, self._longest - (work.end - work.start))
        spent.slowest_host += slower
        if rest := ns - slower:
            forks, throttle = rest * self._forks // self._late, rest * self._throttle // self._late
            spent.forks += forks
            spent.throttle += throttle
            spent.controller += rest - forks - throttle


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
