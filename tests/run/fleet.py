"""A large run as events, made without Ansible: many hosts times many tasks in lockstep, with what large runs have."""

from __future__ import annotations

import random

from deploytrace import events as ev

from .stories import SECOND, Story

__all__ = ["fleet"]


def fleet(hosts: int, tasks: int, *, forks: int = 50, seed: int = 7) -> list[ev.Event]:
    """Return the events of a run of ``tasks`` tasks on ``hosts`` hosts, ``forks`` at a time; the same for each seed.

    Five roles share the tasks; every 19th task has a slow host, every tenth changes hosts, one host fails in the
    middle with an output that would like to run scripts.
    """
    dice = random.Random(seed)
    names = tuple(f"node{number:03}.example.org" for number in range(hosts))
    story = Story(hosts=names, hosts_total=hosts)
    events, t, execution = story.events, 0.05, 0
    alive = list(names)
    for number in range(tasks):
        role = ("base", "runtime", "storefront", "search", "monitoring")[number * 5 // tasks]
        name = f"{('Install', 'Configure', 'Check', 'Restart', 'Copy')[number % 5]} part {number}"
        key = {"kind": "role", "key": role, "name": role, "fqcn": role, "path": f"/srv/roles/{role}"}
        story._play = 1
        defined = ev.TaskDefined(
            round(t * SECOND), number + 1, 1, f"uuid-{number}", name, "command", role=role, ancestors=(key,),
            path=f"/srv/roles/{role}/tasks/main.yml", line=3 + 4 * number,
        )  # fmt: skip
        events += [defined, ev.TaskStarted(round(t * SECOND), number + 1)]
        usual = dice.choice((0.1, 0.2, 0.3, 0.5, 2.0))
        free = [t + 0.01 * each for each in range(min(forks, len(alive)))]
        happened: list[tuple[float, int, ev.Event]] = []
        slow = dice.randrange(len(alive)) if number % 19 == 0 else -1
        for each, host in enumerate(tuple(alive)):
            worker = min(range(len(free)), key=free.__getitem__)
            start = free[worker]
            end = free[worker] = start + usual * dice.uniform(0.8, 1.3) + (6.0 if each == slow else 0.0)
            execution += 1
            status = "changed" if number % 10 == 3 else "skipped" if number % 17 == 5 else "ok"
            detail = None
            if number == tasks // 2 and each == 3:
                status, said = "failed", "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
                detail = {
                    "msg": "non-zero return code",
                    "rc": 1,
                    "reason": said,
                    "stderr": f"\x1b[31m{said}\x1b[0m\u2028{said}",
                }
                alive.remove(host)
            happened += [
                (start, 2 * execution, ev.HostStarted(round(start * SECOND), execution, number + 1, host)),
                (end, 2 * execution + 1, ev.WorkerEnded(round(end * SECOND), execution, 99)),
                (end + 1e-4, 2 * execution + 1,
                 ev.HostFinished(round((end + 1e-4) * SECOND), number + 1, host, status, detail=detail)),
            ]  # fmt: skip
        events += [event for _, _, event in sorted(happened, key=lambda each: each[:2])]
        t = max(at for at, _, _ in happened) + 0.05
    stats = {host: {"ok": tasks, "failures": int(host not in alive)} for host in names}
    events.append(ev.RunEnded(round((t + 0.1) * SECOND), "finished", stats=stats))
    return events
