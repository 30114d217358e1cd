"""A real Ansible run that is held before its end and asked to dispatch, fork or weigh itself again and again."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.setting import INSIDE, Setting
from ground.ansible import Ansible

__all__ = ["Driven", "Forks", "driving"]

_PATIENCE_S = 300


@dataclass(frozen=True)
class Forks:
    """What forks took, all together: CPU of the parent and of the children in ns, threads in a child at most."""

    parent: int
    child: int
    threads: int


class Driven:
    """The harness's end of ``inside/drive.py``."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, output: Path) -> None:
        self._process = process
        self._control = control.makefile("rw")
        self._output = output
        hello = self._answer()
        self.loading_cpu: int = hello["cpu"]
        """CPU ns that loading all callbacks and telling them of the playbook took."""
        self.loading_memory: int = hello["memory"]
        """Bytes that the process grew by meanwhile."""
        self.hooks: Sequence[str] = hello["hooks"]
        """The hooks that the callback overrides."""

    def dispatch(self, task: str, tasks: int) -> int:
        """Have ``tasks`` more tasks like ``task`` dispatched, for every host each; return CPU ns of the main thread."""
        return int(self._ask(do="dispatch", task=task, tasks=tasks)["cpu"])

    def fork(self, times: int) -> Forks:
        """Fork like Ansible does for a task on a host."""
        return Forks(**self._ask(do="fork", times=times))

    def memory(self) -> int:
        """Return the process's resident bytes after a garbage collection."""
        return int(self._ask(do="memory")["memory"])

    def finish(self) -> int:
        """Have the run end, as far as callbacks are told of it; return the CPU ns of all the process's threads."""
        return int(self._ask(do="finish")["cpu"])

    def _ask(self, **request: Any) -> dict[str, Any]:
        self._control.write(json.dumps(request) + "\n")
        self._control.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._control.readline()
        if not line:
            self._process.wait(10)
            raise RuntimeError(f"the driven Ansible has ended:\n{self._output.read_text(errors='replace')}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def driving(
    setting: Setting, contestant: Contestant, *, version: str, hooks: Sequence[str] = (), hosts: int = 100
) -> Iterator[Driven]:
    """Start Ansible with a contestant, ``hosts`` in its inventory, and drive it; it is killed at the end.

    ``hooks`` are those that the empty callbacks are to override.
    """
    with setting.ansible(version) as ansible:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(_PATIENCE_S)
            output = ansible.directory / "output"
            command = [ansible.environment.python, INSIDE / "drive.py", str(theirs.fileno())]
            with output.open("wb") as said:
                process = subprocess.Popen(
                    [*map(str, command), "-i", str(_inventory(ansible, hosts)), str(INSIDE / "measured.yml")],
                    cwd=ansible.directory,
                    env=ansible.environ(
                        ANSIBLE_CALLBACK_PLUGINS=str(INSIDE / "callbacks"),
                        ANSIBLE_STDOUT_CALLBACK="quiet",
                        BENCHMARK_HOOKS=" ".join(hooks),
                        **setting.environ(contestant),
                    ),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            theirs.close()
            try:
                yield Driven(process, ours, output)
            finally:
                process.kill()
                process.wait()


def _inventory(ansible: Ansible, hosts: int) -> Path:
    """Write an inventory of many local hosts, of which the playbook runs on one."""
    names = [f"host{number:04d}" for number in range(1, hosts + 1)]
    variables = {"ansible_connection": "local", "ansible_python_interpreter": str(ansible.environment.python)}
    groups = {"all": {"hosts": {name: {} for name in names}, "vars": variables}, "measured": {"hosts": {names[0]: {}}}}
    return ansible.write("inventory.json", json.dumps(groups))
