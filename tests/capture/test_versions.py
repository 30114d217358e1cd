"""What is recorded is the same on every ansible-core: the journals of real runs against the committed ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from deploytrace.events import (
    Event,
    HostFinished,
    HostSeen,
    HostStarted,
    ItemFinished,
    Notified,
    PlayStarted,
    RunEnded,
    TaskDefined,
    WorkerEnded,
)
from endtoend.journals import events_of, journals, started_of
from ground.ansible import Ansible

TESTS = Path(__file__).parents[1]
SUCCEED = (
    "roles",
    "loops",
    "handlers",
    "meta",
    "delegation",
)  # delegation makes hosts for all after it: it is the last
FAIL = ("blocks",)


def test_every_version_tells_the_same(each_ansible: Ansible) -> None:
    """Several in one command, so that each playbook is a run of its own and statistics that go on are told apart."""
    for status, scenarios in ((0, SUCCEED), (2, FAIL)):
        result = each_ansible.run([TESTS / "playbooks" / f"{name}.yml" for name in scenarios], timeout=400)
        assert result.returncode == status, result.output
    each_ansible.wait_for_sidecar()
    recorded = journals(each_ansible.state_dir)
    assert [Path(started_of(path).playbook).stem for path in recorded] == [*SUCCEED, *FAIL]
    assert [started_of(path).sequence for path in recorded] == [1, 2, 3, 4, 5, 1]
    assert len({started_of(path).command_id for path in recorded}) == 2
    for name, path in zip((*SUCCEED, *FAIL), recorded, strict=True):
        expected = TESTS / "journals" / f"{name}-2.21.jsonl"
        events = events_of(path)
        assert told(events) == told(events_of(expected)), name
        began = [event.execution for event in events if isinstance(event, HostStarted)]
        ended = [event.execution for event in events if isinstance(event, WorkerEnded)]
        assert len(ended) == len(set(ended))
        # Ansible ends the workers that are still there at a play's end; those may have had no time to speak.
        assert len(began) - len(ended) <= max(1, 0.2 * len(began))


def told(events: list[Event]) -> Counter[Any]:
    """What a run's events say, without times, numbers and the order of hosts that work side by side."""
    tasks = {event.task: event for event in events if isinstance(event, TaskDefined)}
    at: dict[str, str] = {}  # what each host is at
    told: Counter[Any] = Counter()
    for event in events:
        kind = type(event).__name__
        if isinstance(event, PlayStarted):
            told[kind, event.play, event.name, event.strategy, event.hosts, event.hosts_total, event.serial] += 1
        elif isinstance(event, TaskDefined):
            around = tuple((entry["kind"], entry["name"], entry.get("section")) for entry in event.ancestors)
            flags = (event.handler, event.rescuable, event.include, event.meta, event.loop, event.run_once)
            args = tuple(sorted(event.args.items()))
            told[kind, event.name, event.action, event.role, around, flags, args, event.notify, event.line] += 1
        elif isinstance(event, HostStarted):
            at[event.host] = tasks[event.task].name
        elif isinstance(event, HostFinished):
            detail = event.detail or {}
            reason = bool(detail.get("reason")), detail.get("rc"), detail.get("items")
            told[kind, tasks[event.task].name, event.host, event.status, event.ignored, reason] += 1
        elif isinstance(event, ItemFinished):
            delegate = (event.detail or {}).get("delegated_host")
            told[kind, at[event.host], event.host, event.status, event.ignored, event.label, delegate] += 1
        elif isinstance(event, HostSeen):
            told[kind, event.host, event.connection] += 1
        elif isinstance(event, Notified):
            told[kind, event.name, event.host] += 1
        elif isinstance(event, RunEnded):
            told[
                kind, event.reason, str(sorted((host, sorted(counts.items())) for host, counts in event.stats.items()))
            ] += 1
    return told
