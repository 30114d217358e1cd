"""Runs told by hand and written as journals: small, exact, the same on every machine; each shows some of what a list
or a tree may have to show. What Ansible really records is in ``tests/journals``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploytrace import events as ev
from deploytrace.journal.format import encode, encode_header
from run.stories import SECOND, Story

__all__ = ["Told", "crowd", "deploy", "downtime", "interrupted", "nasty"]


class Told(Story):
    """A run that can be written as a journal; its tasks are named, and one host does one task at a time."""

    def __init__(self, number: int = 1, **fields: Any) -> None:
        """``number`` makes the run's id, and its start: that many minutes after 2023-11-14 22:13:20 UTC."""
        super().__init__()
        del self.events[1:]  # the play that a story of replay's begins with
        self._play = 0
        (began,) = self.events
        assert isinstance(began, ev.RunStarted)
        self.run_id = f"{number:08x}" + "c" * 24
        known: dict[str, Any] = {"playbook": "deploy.yml", "boot_id": "of another machine"}
        wall_ns = began.wall_ns + number * 60 * SECOND
        self.events[0] = began._replace(run_id=self.run_id, wall_ns=wall_ns, **{**known, **fields})
        self._running: dict[str, tuple[str, int]] = {}

    def on(self, host: str, task: str, start: float, end: float | None, status: str = "ok", **fields: Any) -> None:
        """Do an announced task on a host from ``start`` to ``end``; without an end it is still at it."""
        self._running[host] = (task, self.start(start, task, host))
        if end is not None:
            self.done(host, end, status, **fields)

    def done(self, host: str, end: float, status: str = "ok", **fields: Any) -> None:
        """End what a host is at."""
        self.finish(end, self._running.pop(host)[1], status, worker=end, **fields)

    def item(self, host: str, end: float, label: str, status: str = "ok", **fields: Any) -> None:
        """End a loop item of what a host is at."""
        self.add(ev.ItemFinished(round(end * SECOND), host, status, label=label, **fields))

    def attempt(self, host: str, end: float, attempts: int, delay: float) -> None:
        """Let a try of what a host is at fail."""
        self.add(ev.AttemptFailed(round(end * SECOND), host, attempts=attempts, delay=delay))

    def write(self, state_dir: Path) -> Path:
        """Write the journal where a state directory has it; return its path. Events are put in order of time."""
        path = state_dir / "journals" / f"{self.run_id}.jsonl"
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        ordered = sorted(self.events, key=lambda event: getattr(event, "t", -1))
        path.write_bytes(encode_header(self.run_id) + b"".join(map(encode, ordered)))
        path.chmod(0o600)
        return path


def _role(name: str) -> Mapping[str, str]:
    return {"kind": "role", "key": name, "name": name, "fqcn": name, "path": f"/srv/roles/{name}"}


def _block(name: str, section: str = "block") -> Mapping[str, Any]:
    return {"kind": "block", "key": name, "name": name, "section": section, "path": "/srv/deploy.yml", "line": 3}


def deploy() -> Told:
    """Three hosts: a nested role, a loop, a wait for a fork, a rescued failure, tries, delegation, skips, a failure."""
    told = Told(1)
    hosts = ("web1", "web2", "web3")
    told.play(0.1, name="Roll out the shop", hosts=hosts)
    told.announce(0.2, "Install the packages", role="common", loop=True, ancestors=(_role("app"), _role("common")))
    for number, host in enumerate(hosts):
        told.on(host, "Install the packages", 0.21, None)
        step = 1.1 + number * 0.4
        for index, label in enumerate(("nginx", "python3-venv", "libpq5"), start=1):
            told.item(host, 0.21 + index * step, label, "ok" if label == "libpq5" else "changed")
        told.done(host, 0.31 + 3 * step, "changed")
    name = "Unpack release {{ version }} below {{ releases_directory }} and make it the current one"
    told.announce(6.2, name, role="app", ancestors=(_role("app"),))
    told.on("web1", name, 6.21, 9.2, "changed")
    told.on("web2", name, 6.22, 9.3, "changed")
    told.on("web3", name, 9.21, 11.9, "changed")
    told.announce(12, "Check", role="app", ancestors=(_role("app"), _block("Switch over")), rescuable=True)
    told.on("web1", "Check", 12.02, 12.9)
    emerg = 'nginx: [emerg] unknown directive "srever" in shop.conf:3'
    told.on("web2", "Check", 12.03, 13, "failed", detail={"msg": "non-zero return code", "rc": 1, "reason": emerg})
    told.on("web3", "Check", 12.04, 12.8)
    ancestors = (_role("app"), _block("Switch over"), _block("Switch over", "rescue"))
    told.announce(13.2, "Go back", role="app", ancestors=ancestors)
    told.on("web2", "Go back", 13.22, 13.8, "changed")
    told.announce(14, "Wait until it answers", role="app", ancestors=(_role("app"),))
    told.on("web1", "Wait until it answers", 14.02, None)
    told.attempt("web1", 14.4, 5, 2)
    told.attempt("web1", 16.8, 5, 2)
    told.done("web1", 19.2)
    told.on("web2", "Wait until it answers", 14.03, 14.4)
    told.announce(19.4, "Tell the load balancer", delegate_to="lb1", run_once=True)
    told.on("web1", "Tell the load balancer", 19.5, 20.9, detail={"delegated_host": "lb1"})
    told.announce(21, "Only on Debian")
    for host in hosts:
        told.on(host, "Only on Debian", 21.02, 21.1, "skipped")
    told.announce(21.2, "restart nginx", handler=True)
    told.on("web1", "restart nginx", 21.25, 22.3, "changed")
    reason = "Job for nginx.service failed because the control process exited with error code. See systemctl status."
    for host in ("web2", "web3"):
        told.on(host, "restart nginx", 21.26, 23.3, "failed", detail={"msg": reason, "reason": reason})
    failed = {"ok": 3, "failures": 1}
    told.end(23.6, stats={"web1": {"ok": 6, "changed": 3}, "web2": {**failed, "rescued": 1}, "web3": failed})
    return told


def crowd() -> Told:
    """Forty hosts in one task, ten at a time: one unreachable, three slow."""
    told = Told(2, playbook="/srv/patch.yml")
    hosts = tuple(f"node{number:02}" for number in range(40))
    told.play(0, name="Patch", hosts=hosts)
    told.announce(0.1, "Upgrade", action="apt")
    for number, host in enumerate(hosts):
        start = 0.1 + number // 10
        slow = number in (7, 18, 33)
        status = "unreachable" if number == 21 else "changed" if number % 4 == 0 else "ok"
        detail = {"msg": "Connection timed out", "reason": "Connection timed out"} if status == "unreachable" else None
        told.on(host, "Upgrade", start, start + (2.5 if slow else 0.5 + number / 1000), status, detail=detail)
    told.end(6, stats={host: {"ok": 1, "unreachable": int(host == "node21")} for host in hosts})
    return told


def interrupted() -> Told:
    """Broken off by Ctrl-C while two hosts were at work."""
    told = Told(3, playbook="long.yml")
    told.play(0.1, name="Long", hosts=("h1", "h2", "h3"), strategy="free")
    told.announce(0.2, "Copy a lot")
    told.on("h1", "Copy a lot", 0.3, 2)
    told.on("h2", "Copy a lot", 0.4, None)
    told.on("h3", "Copy a lot", 2.1, None)
    told.add(ev.Signalled(4 * SECOND, 2))
    told.end(4.2, reason="interrupted")
    return told


def nasty() -> Told:
    """Names and messages that would like to take over the terminal, or are wide, or belong to no encoding."""
    told = Told(4, playbook="/srv/\x1b[2Jclear.yml")
    told.play(0.1, name="forged\nok: [everything]\r", hosts=("h1",))
    wide = "部署应用程序" * 9
    told.announce(0.2, wide, loop=True)
    told.on("h\x9b31m1", wide, 0.3, None)
    told.item("h\x9b31m1", 0.5, "\u202egnp.exe", "ok")
    told.item("h\x9b31m1", 0.7, "lone \ud800 surrogate \u2028 and a separator", "ok")
    told.done(
        "h\x9b31m1", 0.9, "failed", detail={"msg": "\x1b]0;title\x07", "reason": "a\tb \x1b]0;title\x07 \x85 end"}
    )
    told.end(1, stats={"h1": {"failures": 1}})
    return told


def downtime() -> Told:
    """Twelve hosts restart a cache all at once; one of them is taken down for good, one comes up again."""
    told = Told(5)
    hosts = tuple(f"web{number:02}" for number in range(1, 13))
    told.play(0.1, name="Roll out", hosts=hosts)
    told.announce(0.2, "Restart the cache", tags=("deploytrace_down:cache", "deploytrace_up:cache"))
    for number, host in enumerate(hosts):
        told.on(host, "Restart the cache", 0.2, 1.0 + number / 10, "changed")
    told.announce(3.0, "Stop the shop", tags=("deploytrace_down",))
    told.on("web01", "Stop the shop", 3.0, 3.5, "changed")
    told.on("web02", "Stop the shop", 3.0, 3.6, "changed")
    told.announce(4.0, "Start the shop", tags=("deploytrace_up",))
    told.on("web01", "Start the shop", 4.0, 4.8, "changed")
    told.on("web02", "Start the shop", 4.0, 4.9, "failed", detail={"msg": "the port is taken", "rc": 1})
    told.end(6.0, stats={"web02": {"failures": 1}})
    return told
