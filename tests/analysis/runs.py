"""Runs as the analyses get them: recorded ones, and ones told by hand, exact to the nanosecond."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploytrace.events import PlayStarted, RunStarted
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.model import Tree
from run.stories import Story

__all__ = ["RECORDED", "Told", "recorded", "throttled"]

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


def recorded(journal: Path) -> Tree:
    """The tree of a recorded run."""
    tree = load(read_events(journal))
    assert tree is not None
    return tree


class Told(Story):
    """A run in which tasks are named and each work is one line; times are seconds."""

    def __init__(self, hosts: Iterable[str], strategy: str = "linear", forks: int = 5) -> None:
        super().__init__(strategy, hosts=tuple(hosts))
        started, play = self.events
        assert isinstance(started, RunStarted)
        assert isinstance(play, PlayStarted)
        self.events[:] = [started._replace(forks=forks), play._replace(t=0)]

    def play(self, t: float, **fields: Any) -> None:
        """Begin a play or batch; the tasks before it are not its own."""
        super().play(t, **fields)
        self.tasks.clear()

    def work(self, task: str, host: str, start: float, end: float, announced: float | None = None) -> None:
        """A host's work, and when its result was announced (default: a hundredth of a second later)."""
        execution = self.start(start, task, host)
        self.finish(end + 0.01 if announced is None else announced, execution, worker=end)

    def tree(self) -> Tree:
        """The run, its events in order of time."""
        tree = load(sorted(self.events, key=lambda event: getattr(event, "t", -1)))
        assert tree is not None
        return tree


def throttled(strategy: str, *starts: float) -> Tree:
    """Three hosts do a throttled task for 1 s, then another; they begin with each at these times."""
    told = Told("abc", strategy=strategy, forks=3)
    told.define("narrow", throttle=1)
    told.define("wide")
    for number, (begin, host) in enumerate(zip(starts, "abcabc", strict=True)):
        task = "narrow" if number < 3 else "wide"
        if strategy == "free" or host == "a":
            told.announce(begin, task)
        waits = strategy == "linear" and number < 2  # Ansible stands still for the next to start
        told.work(task, host, begin, begin + 1, announced=begin + (1.001 if waits else 1))
    told.end(4)
    return told.tree()
