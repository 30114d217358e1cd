"""Runs told by hand: a small builder of events, for the rules of replay that a real run shows only by chance."""

from __future__ import annotations

from typing import Any

from deploytrace import events as ev
from deploytrace.run.model import Node
from deploytrace.run.replay import Replay

SECOND = 1_000_000_000
BASE = 1_700_000_000 * SECOND


class Story:
    """A run whose events are told in seconds; tasks are named, executions are numbered by the builder."""

    def __init__(self, strategy: str = "linear", hosts: tuple[str, ...] = ("h1", "h2"), **play: Any) -> None:
        self.events: list[ev.Event] = [
            ev.RunStarted(
                run_id="0" * 31 + "1",
                wall_ns=BASE,
                mono_ns=5,
                boot_id="b",
                pid=1,
                pid_started=1,
                command_id="c",
                sequence=1,
                previous=None,
                front_end="playbook",
                playbook="site.yml",
                playbook_path="/p/site.yml",
                ansible_version="2.21.5",
                python_version="3.13.0",
                deploytrace_version="0",
                user="u",
                host_name="c",
                host_id=None,
            )
        ]
        self.executions = 0
        self.tasks: dict[str, int] = {}
        self._play = 0
        self.play(0.001, strategy=strategy, hosts=hosts, **play)

    def add(self, event: ev.Event) -> None:
        self.events.append(event)

    def play(self, t: float, *, uuid: str = "p1", name: str = "web", strategy: str = "linear", **rest: Any) -> None:
        self._play += 1
        rest.setdefault("hosts", ("h1", "h2"))
        rest.setdefault("hosts_total", len(rest["hosts"]))
        self.add(ev.PlayStarted(_ns(t), self._play, uuid, name, "all", strategy, **rest))

    def define(self, name: str, **rest: Any) -> int:
        number = self.tasks[name] = len([e for e in self.events if isinstance(e, ev.TaskDefined)]) + 1
        rest.setdefault("action", "command")
        self.add(ev.TaskDefined(self._now(), number, self._play, f"uuid-{name}", name, **rest))
        return number

    def announce(self, t: float, name: str, **rest: Any) -> None:
        if name not in self.tasks:
            self.define(name, **rest)
        self.add(ev.TaskStarted(_ns(t), self.tasks[name]))

    def start(self, t: float, name: str, host: str) -> int:
        self.executions += 1
        self.add(ev.HostStarted(_ns(t), self.executions, self.tasks[name], host))
        return self.executions

    def finish(self, t: float, execution: int, status: str = "ok", worker: float | None = None, **rest: Any) -> None:
        started = next(e for e in self.events if isinstance(e, ev.HostStarted) and e.execution == execution)
        if worker is not None:
            self.add(ev.WorkerEnded(_ns(worker), execution, 99))
        self.add(ev.HostFinished(_ns(t), started.task, started.host, status, **rest))

    def end(self, t: float, **rest: Any) -> None:
        self.add(ev.RunEnded(_ns(t), rest.pop("reason", "finished"), **rest))

    def _now(self) -> int:
        return getattr(self.events[-1], "t", 0)

    def nodes(self) -> list[Node]:
        replay = Replay()
        return [node for event in self.events for node in replay.feed(event)]


def _ns(t: float) -> int:
    return round(t * SECOND)


def seconds(t: int) -> float:
    """Return a node's Unix ns as seconds since the story's start."""
    return (t - BASE) / SECOND
