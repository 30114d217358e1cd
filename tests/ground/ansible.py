"""Real ``ansible-playbook`` runs, as a user starts, interrupts and kills them.

An `Ansible` is one user at one controller: an environment to run in, and a home and a state directory of its own, so
that no run sees another's files, nor the settings of whoever runs the tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ground.environments import Environment
from ground.processes import SESSION_MARK, Process, end_all, marked, new_mark, wait_until_gone
from ground.waiting import PATIENCE_S

__all__ = ["TELEMETRY", "Ansible", "Result", "Running"]

TELEMETRY = "deploytrace.callbacks.telemetry"

_MARK = "GROUND_ANSIBLE"
_PASSED_ON = ("PATH", SESSION_MARK)
_LONGEST_S = 300.0  # a limit for a machine that is busy with other things; idle, no run takes half a minute


@dataclass(frozen=True)
class Result:
    """How a program ended."""

    returncode: int
    """Negative: the number of the signal that ended it."""
    stdout: str
    stderr: str
    seconds: float
    """From its start to the end of its main process."""
    ended: float
    """When that was (s, monotonic clock)."""
    pid: int

    @property
    def output(self) -> str:
        """Everything it said, for an assertion's message."""
        return f"exit status {self.returncode}\n{self.stdout}\n{self.stderr}"


class Running:
    """A program under way, in a process group of its own, with its output in files."""

    def __init__(self, command: Sequence[str], cwd: Path, environ: Mapping[str, str], output: Path) -> None:
        self._output = output.with_name(output.name + ".stdout"), output.with_name(output.name + ".stderr")
        with self._output[0].open("wb") as stdout, self._output[1].open("wb") as stderr:
            self._begun = time.monotonic()
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The main process's id (also its process group's)."""
        return self.process.pid

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._output[0].read_text(errors="replace")

    @property
    def stderr(self) -> str:
        """What it has said on standard error so far."""
        return self._output[1].read_text(errors="replace")

    def interrupt(self) -> None:
        """Ctrl-C: SIGINT to the whole process group, as a terminal sends it."""
        os.killpg(self.pid, signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM to the main process, as a supervisor sends it."""
        self.process.terminate()

    def kill(self) -> None:
        """SIGKILL to the main process alone; its workers live on."""
        self.process.kill()

    def wait_until(self, condition: Callable[[], object], timeout: float = PATIENCE_S) -> None:
        """Wait until ``condition()`` is true; AssertionError if the program ends or ``timeout`` s pass before."""
        deadline = time.monotonic() + timeout
        while not condition():
            status = self.process.poll()
            assert status is None, f"ended meanwhile with status {status}\n{self.stdout}\n{self.stderr}"
            assert time.monotonic() < deadline, f"not so after {timeout:g} s\n{self.stdout}\n{self.stderr}"
            time.sleep(0.05)

    def wait_for_output(self, text: str, timeout: float = PATIENCE_S) -> None:
        """Wait until ``text`` stands in its standard output."""
        self.wait_until(lambda: text in self.stdout, timeout)

    def finish(self, timeout: float = _LONGEST_S) -> Result:
        """Wait for the main process's end; after ``timeout`` s end the whole group and raise AssertionError."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"still running after {timeout:g} s\n{self.stdout}\n{self.stderr}") from None
        ended = time.monotonic()
        return Result(self.process.returncode, self.stdout, self.stderr, ended - self._begun, ended, self.pid)


class Ansible:
    """One user's Ansible: ``environment`` run with everything that is the user's below ``directory``."""

    def __init__(self, environment: Environment, directory: Path, temporary: Path) -> None:
        self.environment = environment
        self.directory = directory
        self.home = directory / "home"
        self.state_dir = directory / "state"
        """deploytrace's state directory; it is not made here."""
        self.temporary = temporary
        """Where killed modules leave their files; its path is short, since Ansible makes sockets in it."""
        self._mark = new_mark()
        self._programs = 0
        self._inventories = 0
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def version(self) -> str:
        """The ansible-core it runs, such as "2.21"."""
        return self.environment.release.version

    def environ(self, **more: str | None) -> dict[str, str]:
        """What its programs get: of the tester's environment only PATH, and ``more`` (None takes a variable out)."""
        found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        found |= {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "PATH": f"{self.environment.path / 'bin'}{os.pathsep}{found.get('PATH', os.defpath)}",
            "DEPLOYTRACE_STATE_DIR": str(self.state_dir),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            _MARK: self._mark,
        }
        changed: dict[str, str | None] = {**found, **more}
        return {name: value for name, value in changed.items() if value is not None}

    def local_inventory(self, *names: str, **variables: object) -> Path:
        """An inventory of hosts that are all this machine, reached without a connection, and with no file for a module.

        A tenth of what a module takes goes into the files that it is sent as: pipelining saves that.
        """
        fixed = {"ansible_connection": "local", "ansible_pipelining": True}
        variables = {**fixed, "ansible_python_interpreter": str(self.environment.hosts_python), **variables}
        inventory = {"all": {"hosts": {name: {} for name in names}, "vars": variables}}
        self._inventories += 1
        return self.write(f"inventory-{self._inventories:02d}.json", json.dumps(inventory))

    def write(self, name: str, text: str) -> Path:
        """Write a file, a playbook say, below its directory."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(
        self,
        playbook: str | Path | Sequence[Path],
        *,
        inventory: Path | None = None,
        strategy: str | None = None,
        callbacks: Sequence[str] = (TELEMETRY,),
        env_vars: Mapping[str, str | None] | None = None,
        args: Sequence[str | Path] = (),
    ) -> Running:
        """Start ``ansible-playbook`` on a playbook's text, its path, or several paths in one command.

        Without ``inventory`` there are three local hosts, h1 to h3. ``callbacks`` are those that ansible.cfg would
        enable; ``env_vars`` adds to the environment (None takes a variable out); ``args`` are further arguments.
        """
        if isinstance(playbook, str):
            playbook = self.write("site.yml", playbook)
        paths = [playbook] if isinstance(playbook, Path) else list(playbook)
        enabled = ",".join(callbacks) or None  # an empty list is an error to Ansible
        more: dict[str, str | None] = {"ANSIBLE_CALLBACKS_ENABLED": enabled, "ANSIBLE_STRATEGY": strategy}
        words = ["-i", inventory or self.local_inventory("h1", "h2", "h3"), *args, *paths]
        return self.start_program(
            "ansible-playbook", *words, env_vars={**more, **(env_vars or {})}, cwd=paths[0].parent
        )

    def run(
        self,
        playbook: str | Path | Sequence[Path],
        *,
        inventory: Path | None = None,
        strategy: str | None = None,
        callbacks: Sequence[str] = (TELEMETRY,),
        env_vars: Mapping[str, str | None] | None = None,
        args: Sequence[str | Path] = (),
        timeout: float = _LONGEST_S,
    ) -> Result:
        """Run ``ansible-playbook`` to its end: `start`, then `Running.finish` within ``timeout`` s."""
        running = self.start(
            playbook, inventory=inventory, strategy=strategy, callbacks=callbacks, env_vars=env_vars, args=args
        )
        return running.finish(timeout)

    def start_program(
        self, program: str, *args: str | Path, env_vars: Mapping[str, str | None] | None = None, cwd: Path | None = None
    ) -> Running:
        """Start any program of the environment, such as ``ansible`` or ``deploytrace``."""
        self._programs += 1
        command = [str(self.environment.program(program)), *map(str, args)]
        output = self.directory / f"{self._programs:02d}-{program}"
        return Running(command, cwd or self.directory, self.environ(**(env_vars or {})), output)

    def deploytrace(
        self, *args: str | Path, env_vars: Mapping[str, str | None] | None = None, timeout: float = PATIENCE_S
    ) -> Result:
        """Run the command ``deploytrace`` to its end."""
        return self.start_program("deploytrace", *args, env_vars=env_vars).finish(timeout)

    def runs(self) -> list[dict[str, Any]]:
        """The recorded runs, newest first, as ``deploytrace runs --json`` tells them."""
        answer = self.deploytrace("runs", "--json")
        assert answer.returncode == 0, answer.output
        runs: list[dict[str, Any]] = json.loads(answer.stdout)
        return runs

    def processes(self) -> list[Process]:
        """What its programs have left running: after a run has ended, the sidecar."""
        return marked(_MARK, self._mark)

    def sidecars(self) -> list[Process]:
        """Those of them that are sidecars."""
        return [process for process in self.processes() if "deploytrace.sidecar" in process.command]

    def wait_for_sidecar(self, timeout: float = PATIENCE_S) -> None:
        """Wait until all its programs' processes have ended; AssertionError naming those that have not."""
        left = wait_until_gone(_MARK, self._mark, timeout)
        assert not left, f"still running after {timeout:g} s: {left}"

    def end(self) -> None:
        """Kill whatever its programs have left running, and what that may have started meanwhile."""
        while left := self.processes():
            end_all(left)
            wait_until_gone(_MARK, self._mark, 0.1)
