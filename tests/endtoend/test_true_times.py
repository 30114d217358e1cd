"""A host result lasts as long as its worker, measured from outside, whatever the strategy and the number of forks."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from deploytrace.events import WorkerEnded
from deploytrace.run.model import HostDetail, Kind, TaskDetail
from ground.ansible import Ansible, Running

from .journals import events_of, nodes_of, only_journal, started_of
from .workers import WorkerWatch

_SLEEP = """
- hosts: all
  gather_facts: false
  tasks:
    - name: short
      ansible.builtin.command: sleep 0.1
    - name: long
      ansible.builtin.command: sleep 4
"""
_NEAR_S = 0.1
_AT_ONCE = 5  # runs: while it waits, each Ansible looks for its workers' ends a thousand times a second
_SECONDS = 900  # a limit for a machine that is busy with other things; idle, it takes a minute and a half


@pytest.mark.alone
@pytest.mark.timeout(_SECONDS)
def test_each_host_result_agrees_with_its_worker(ansibles: list[Ansible]) -> None:
    """All versions and strategies, some at the same time, since they sleep; each begins when the others do."""
    runs: list[tuple[Path, Running, WorkerWatch]] = []
    for user in ansibles:
        inventory = user.local_inventory(*(f"h{number}" for number in range(1, 7)))
        for strategy in ("linear", "free", "host_pinned"):
            if len(runs) >= _AT_ONCE:
                finish(*runs[-_AT_ONCE][1:])
            state = user.directory / strategy
            running = user.start(
                _SLEEP,
                inventory=inventory,
                strategy=strategy,
                args=["--forks", "2"],
                env_vars={"DEPLOYTRACE_STATE_DIR": str(state)},
            )
            watch = WorkerWatch(running.pid)
            watch.start()
            runs.append((state, running, watch))
            running.wait_for_output("TASK [long]")
    for _, running, watch in runs[-_AT_ONCE:]:
        finish(running, watch)
    for user in ansibles:
        user.wait_for_sidecar()
    for state, _, watch in runs:
        check(only_journal(state), watch)


def finish(running: Running, watch: WorkerWatch) -> None:
    """See a run to its end."""
    result = running.finish()
    watch.join()
    assert result.returncode == 0, result.output


def check(journal: Path, watch: WorkerWatch) -> None:
    """What a run's journal says of its workers is what was seen of them."""
    pids = {event.execution: event.pid for event in events_of(journal) if isinstance(event, WorkerEnded)}
    started = started_of(journal)
    to_monotonic = started.mono_ns - started.wall_ns
    nodes = nodes_of(journal)
    results = [node for node in nodes if node.kind is Kind.HOST]
    assert len(results) == 12
    apart = {}
    for node in results:
        pid = pids.get(int(node.id.removeprefix("host/")))
        if pid is None:  # Ansible ends workers that still live when a play ends: then the announcement stands
            assert node.name == "long"
            others = watch.lifetimes.keys() - set(pids.values())
            pid = min(others, key=lambda other: abs(node.start + to_monotonic - watch.lifetimes[other][0]))
        start, last_seen, gone = watch.lifetimes[pid]
        end = node.end + to_monotonic
        apart[node.name, node.id] = (
            abs(node.start + to_monotonic - start) / 1e9,
            max(last_seen - end, end - gone, 0) / 1e9,
        )
    assert not {key: gaps for key, gaps in apart.items() if max(gaps) > _NEAR_S}, journal

    durations = {
        name: [(node.end - node.start) / 1e9 for node in results if node.name == name] for name in ("short", "long")
    }
    # Each agrees with its own worker, as was seen; that the time is the module's is told by the median: a busy machine
    # may hold up one worker, but a plugin that counts waiting for a fork as work does so on most hosts.
    start_up = max(durations["short"]) - 0.1
    assert min(durations["long"]) >= 4.0, (journal, durations)
    assert statistics.median(durations["long"]) <= 4.1 + 2 * start_up, (journal, durations)
    # Six hosts, two forks: two wait once for two others to sleep 4 s, two wait twice. A fork that is free and that
    # Ansible has not noticed is no wait.
    waited = sum(node.detail.fork_wait_ns for node in results if isinstance(node.detail, HostDetail)) / 1e9
    longer = max(durations["long"]) - 4
    assert 18 <= waited <= 24 + 6 * longer + 12 * max(durations["short"]), (waited, durations)
    tasks = {node.name: node.detail for node in nodes if node.kind is Kind.TASK}
    assert isinstance(tasks["long"], TaskDetail)
    assert isinstance(tasks["short"], TaskDetail)
    assert tasks["long"].busy_ns > tasks["short"].busy_ns
    assert all(
        node.detail.end_source in ("worker", "announcement") for node in results if isinstance(node.detail, HostDetail)
    )
