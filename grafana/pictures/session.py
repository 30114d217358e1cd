"""What there is to see: two controllers that deploy for a while, with all that goes wrong on the way.

Everything is real: ansible-playbook, the hosts (each an sshd), the sidecars, what they deliver and what they cannot.
The metrics are read as an exporter reads them, every two seconds.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploytrace.errors import DeploytraceError
from deploytrace.exporter.source import Source
from deploytrace.journal.directory import Directory
from deploytrace.settings import Settings
from deploytrace.store.snapshot import Snapshot
from ground.ansible import Ansible, Running
from ground.cache import ROOT
from ground.environments import RELEASES, installed
from ground.receiver import Answer, Receiver, running_receiver
from ground.sshd import hosts, running_hosts

__all__ = ["Look", "recorded"]

DEPLOY = ROOT / "examples/deploy.yml"
RESTART = Path(__file__).with_name("restart.yml")
_SLOWER_SECONDS = 0.7
_LOOK_SECONDS = 2.0
_HOLD_SECONDS = 5.0
_AGES = ("deploy.yml=172800", "restart.yml=43200")


@dataclass(frozen=True)
class Look:
    """What the metrics of one controller were at a Unix time (s)."""

    controller: str
    time: float
    snapshot: Snapshot


class Controller:
    """One controller: its Ansible, its hosts, and where its traces go."""

    def __init__(self, name: str, ansible: Ansible, inventory: Path, receiver: Receiver, series_limit: int) -> None:
        self.name = name
        self.receiver = receiver
        self._ansible = ansible
        self._inventory = inventory
        self._version = 0
        self._environ = {
            "DEPLOYTRACE_METRICS_LEVEL": "host",
            "DEPLOYTRACE_METRICS_BIRTH_HOLD": str(_HOLD_SECONDS),
            "DEPLOYTRACE_METRICS_SERIES_LIMIT": str(series_limit),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http,
            "ANSIBLE_CONFIG": str(ROOT / "examples/ansible.cfg"),
            "ANSIBLE_ROLES_PATH": str(ROOT / "examples/roles"),
        }
        settings = Settings(
            metrics_level="host",
            metrics_birth_hold=_HOLD_SECONDS,
            metrics_last_run_info=True,
            metrics_max_success_age=_AGES,
        )
        self._source = Source(settings, Directory(ansible.state_dir), lambda text: None)

    def look(self) -> Look | None:
        """Read the metrics; None where there are none yet, or the store cannot be read."""
        with contextlib.suppress(DeploytraceError):
            snapshot = self._source.snapshot()
            return Look(self.name, snapshot.time, snapshot)
        return None

    def deploy(self, *words: str, forks: int = 5, away: str = "", interrupt: str = "") -> None:
        """Roll a new version out; ``away`` is a host that nobody reaches, at the output ``interrupt`` comes Ctrl-C."""
        self._version += 1
        self._run(DEPLOY, [f"app_version=1.{self._version}.0", *words], forks, away, interrupt)

    def restart(self, *words: str) -> None:
        """Restart the version that is there."""
        self._run(RESTART, [f"app_version=1.{self._version}.0", *words], 5, "", "")

    def begin(self) -> None:
        """Begin a deploy that is not waited for."""
        self._start(DEPLOY, ["app_version=2.0.0"], 5, "")

    def slow_down(self, host: str) -> None:
        """Let Python start slowly on a host from now on."""
        inventory = json.loads(self._inventory.read_text())
        slow = self._inventory.with_name("slow-python")
        slow.write_text(f'#!/bin/sh\nsleep {_SLOWER_SECONDS}\nexec {self._ansible.environment.hosts_python} "$@"\n')
        slow.chmod(0o755)
        inventory["all"]["hosts"][host]["ansible_python_interpreter"] = str(slow)
        self._inventory.write_text(json.dumps(inventory))

    @contextlib.contextmanager
    def without_store(self) -> Iterator[None]:
        """Something else stands in the store's place."""
        store, aside = self._ansible.state_dir / "store.db", self._ansible.state_dir / "aside.db"
        self._ansible.wait_for_sidecar(120)
        store.rename(aside)
        store.mkdir()
        yield
        store.rmdir()
        aside.rename(store)

    def _run(self, playbook: Path, words: Sequence[str], forks: int, away: str, interrupt: str) -> None:
        running = self._start(playbook, words, forks, away)
        if interrupt:
            running.wait_for_output(interrupt, 120)
            running.interrupt()
        result = running.finish(300)
        print(
            f"  {self.name}: {playbook.name} {' '.join(words)}: {result.returncode} ({result.seconds:.0f} s)",
            flush=True,
        )

    def _start(self, playbook: Path, words: Sequence[str], forks: int, away: str) -> Running:
        inventory = json.loads(self._inventory.read_text())
        if away:
            inventory["all"]["hosts"][away]["ansible_port"] = 1
        path = self._inventory.with_name("inventory-now.json")
        path.write_text(json.dumps(inventory))
        args = ["--forks", str(forks), "-e", f"@{ROOT / 'examples/group_vars/all.yml'}"]
        for word in words:
            args += ["-e", word]
        return self._ansible.start(playbook, inventory=path, env_vars=self._environ, args=args)


def _first(one: Controller) -> None:
    """Deploys often; a host of it gets slow, and a deploy fails."""
    one.deploy('{"rollout": ["100%"]}')
    one.deploy()
    one.restart()
    one.deploy(forks=2)
    one.receiver.answer = Answer(503)
    one.deploy('{"rollout": ["100%"]}', forks=2)
    one.restart()
    one.receiver.answer = Answer()
    one.deploy()
    one.deploy("storefront_settings=/nowhere/settings.json")
    one.slow_down("web3")
    one.deploy()
    one.restart()
    one.deploy()
    one.deploy('{"rollout": ["100%"]}', forks=2)
    one.deploy(away="web2")
    one.deploy()
    one.restart("health=/gone")
    one.restart()
    one.deploy()


def _second(one: Controller) -> None:
    """Deploys seldom; its receiver once refuses, its store is too small and once cannot be opened."""
    one.deploy('{"rollout": ["100%"]}')
    one.restart()
    one.deploy()
    one.receiver.answer = Answer(400)
    one.restart()
    one.receiver.answer = Answer()
    one.deploy(interrupt="Build the search index")
    one.deploy()
    with one.without_store():
        one.restart()
    one.restart()
    one.deploy()
    one.deploy('{"rollout": ["100%"]}')
    one.restart()
    one.deploy()


def recorded() -> list[Look]:
    """Let it all happen, in some fifteen minutes; returns what was seen, the last of it while a deploy goes on."""
    release = next(release for release in RELEASES if release.version == "2.21")
    looks: list[Look] = []
    with contextlib.ExitStack() as stack:
        controllers = []
        for name, series_limit in (("deploy1", 500), ("deploy2", 25)):
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
            ansible = Ansible(installed(release), directory, directory)
            stack.callback(ansible.end)
            inventory = stack.enter_context(
                running_hosts(directory / "work", hosts.GROUPS, python=ansible.environment.hosts_python)
            )
            receiver = stack.enter_context(running_receiver())
            controllers.append(Controller(f"{name}.example.net:9822", ansible, inventory, receiver, series_limit))
        acts = [
            threading.Thread(target=act, args=(one,)) for act, one in zip((_first, _second), controllers, strict=True)
        ]
        for act in acts:
            act.start()
        while any(act.is_alive() for act in acts):
            looks += _looked(controllers)
        controllers[0].begin()
        for _ in range(6):
            looks += _looked(controllers)
    return looks


def _looked(controllers: Sequence[Controller]) -> list[Look]:
    found = [look for look in (one.look() for one in controllers) if look is not None]
    time.sleep(_LOOK_SECONDS)
    return found
