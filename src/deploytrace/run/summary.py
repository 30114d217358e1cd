"""A run in short: its circumstances, and how long its tasks, roles, plays and hosts took. What runs are compared by.

Made of a run's nodes (`analysis.summing`) or read from the history, the same figures either way. Durations are ns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Context", "HostTime", "PlayTime", "RoleTime", "Summary", "TaskKey", "TaskTime", "Times"]


class TaskKey(NamedTuple):
    """Which task it is, in every run of its playbook, also where lines were added above it.

    ``role`` is fully qualified, empty outside roles; ``place`` is the file within the project. ``nth`` counts, from 1,
    the tasks that have all of this in common, in the order in which they are written.
    """

    play: str
    role: str
    place: str
    name: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class TaskTime:
    """A task of one run, all its batches, flushes and includes together.

    ``wall_ns`` is the time in which at least one host was at work on it, ``hosts_ns`` that of all hosts added up,
    ``count`` how often it was run, ``results`` on how many hosts in all. ``passes`` says from when to when each time
    went (ns since the run's start): from its announcement to its last host's end.
    """

    key: TaskKey
    stable_id: str
    line: int
    wall_ns: int
    hosts_ns: int
    count: int
    results: int
    outcome: str
    passes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RoleTime:
    """All invocations of a role; ``own_ns`` leaves out the roles that it includes or depends on."""

    role: str
    own_ns: int
    inclusive_ns: int


@dataclass(frozen=True, slots=True)
class PlayTime:
    """All plays of one name."""

    play: str
    wall_ns: int


@dataclass(frozen=True, slots=True)
class HostTime:
    """How long a host was at work, how many host results it had, and how it is reached (ssh, local...)."""

    host: str
    busy_ns: int
    results: int
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of a run, as far as they may explain how long it took. ``kind`` is `kinds.run_kind`."""

    kind: str
    playbook: str
    environment: str
    check_mode: bool
    forks: int
    hosts: int
    limit: str | None
    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    ansible_version: str
    python_version: str
    deploytrace_version: str
    revision: str | None
    controller: str
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """One run. ``start`` is Unix time (ns); ``outcome`` is that of the run's node (`run.model.Outcome`)."""

    run_id: str
    trace_id: str
    start: int
    duration_ns: int
    outcome: str
    context: Context
    tasks: tuple[TaskTime, ...] = ()
    roles: tuple[RoleTime, ...] = ()
    plays: tuple[PlayTime, ...] = ()
    hosts: tuple[HostTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """What took how long in many runs: ``durations`` are those of the runs (ns), in order of start.

    ``times`` has for each task (by its key), role, play or host (by name) the time (ns) in each run that had it, with
    the run's place in ``durations``.
    """

    durations: tuple[int, ...]
    times: Mapping[TaskKey | str, Sequence[tuple[int, int]]] = field(default_factory=dict)
