"""Which Ansible would run a playbook here, and whether deploytrace works with it; asked of Ansible's own programs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .finding import Finding, ok, problem, unknown

__all__ = ["NEWEST", "OLDEST", "Ansible", "check_ansible", "find_ansible"]

OLDEST = (2, 17)
NEWEST = (2, 22)
_PATIENCE = 60.0  # s for one of Ansible's programs; they take about one
_VERSION = re.compile(r"\[core (\d+)\.(\d+)([^\]]*)\]")
_PYTHON = re.compile(r"^\s*python version = .*\((/[^()]+)\)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Ansible:
    """The Ansible of the current directory and environment."""

    playbook: Path  # ansible-playbook
    version: str  # of ansible-core; empty where it would not say
    release: tuple[int, int]
    python: Path | None  # that runs it
    complaint: str = ""  # why it would not say its version
    _config: dict[str, Any] = field(default_factory=dict, compare=False)

    def ask(self, program: str, *arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run another of its programs (``ansible-config``, ``ansible-doc``). Raises `OSError` and `SubprocessError`."""
        return _run([str(_beside(self.playbook, program)), *arguments], environ)

    def config(self, environ: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the values of Ansible's own settings by name, asked for once.

        Raises `OSError`, `SubprocessError`, `ValueError`.
        """
        if not self._config:
            output = self.ask("ansible-config", "dump", "--format", "json", environ=environ).stdout
            self._config.update({item["name"]: item["value"] for item in json.loads(output) if "name" in item})
        return self._config


def _run(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in environ.items() if name != "ANSIBLE_FORCE_COLOR"}
    return subprocess.run(
        command,
        env={**plain, "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PATIENCE,
        check=False,
    )


def _beside(playbook: Path, program: str) -> Path:
    """Return a program of the same installation: tools such as pipx link to some of its programs only."""
    near = playbook.with_name(program)
    return near if near.exists() else playbook.resolve().with_name(program)


def find_ansible(environ: Mapping[str, str]) -> Ansible | None:
    """Return the Ansible that ``ansible-playbook`` would be, None where there is none on PATH."""
    found = shutil.which("ansible-playbook", path=environ.get("PATH"))
    if found is None:
        return None
    playbook = Path(found).absolute()
    try:
        answer = _run([found, "--version"], environ)
    except (OSError, subprocess.SubprocessError) as error:
        return Ansible(playbook, "", (0, 0), None, str(error))
    version = _VERSION.search(answer.stdout)
    python = _PYTHON.search(answer.stdout)
    if version is None:
        said = (answer.stderr or answer.stdout).strip().splitlines()
        return Ansible(playbook, "", (0, 0), None, said[0] if said else f"exit status {answer.returncode}")
    release = (int(version[1]), int(version[2]))
    return Ansible(playbook, f"{version[1]}.{version[2]}{version[3]}", release, Path(python[1]) if python else None)


def check_ansible(ansible: Ansible | None) -> Iterator[Finding]:
    """Yield whether there is an Ansible, and one that deploytrace was tested with."""
    span = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    if ansible is None:
        yield problem(
            "ansible",
            "ansible-playbook is not on PATH.",
            "Install ansible-core, or activate the virtual environment that has it.",
        )
    elif not ansible.version:
        yield problem(
            "ansible",
            f"{ansible.playbook} does not tell its version: {ansible.complaint}.",
            f"Run '{ansible.playbook} --version' and repair what it says.",
        )
    elif ansible.release < OLDEST:
        yield problem(
            "ansible",
            f"ansible-core {ansible.version} ({ansible.playbook}) is older than what deploytrace supports ({span}).",
            f"Upgrade ansible-core to {OLDEST[0]}.{OLDEST[1]} or newer.",
        )
    elif ansible.release > NEWEST:
        yield problem(
            "ansible",
            f"ansible-core {ansible.version} ({ansible.playbook}) is newer than what this deploytrace knows ({span}).",
            "Upgrade deploytrace; if it is the newest, compare a trace with what you expect before you rely on it.",
        )
    else:
        yield ok("ansible", f"ansible-core {ansible.version} ({ansible.playbook}) is supported.")
    if ansible is not None and ansible.version and ansible.python is None:
        yield unknown("ansible", "Ansible does not tell which Python runs it.")
