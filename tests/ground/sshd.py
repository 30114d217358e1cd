"""Real SSH hosts on loopback addresses: those of the example deploy, for any test that needs some."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ground.cache import ROOT, MissingPart, announce, run_tool

sys.path.append(str(ROOT / "examples"))

import hosts

__all__ = ["ensure_sshd", "running_hosts"]


@contextlib.contextmanager
def running_hosts(
    directory: Path, groups: Mapping[str, Sequence[str]], *, python: Path | None = None
) -> Iterator[Path]:
    """One sshd per host name in ``groups`` (group to names), for a ``with`` block; gives the inventory's path.

    Everything they write is below ``directory``. ``python`` is the hosts' interpreter (default: Ansible's own).
    """
    with hosts.running(directory, groups, python=str(python) if python else None) as inventory:
        yield inventory


def ensure_sshd() -> None:
    """Install OpenSSH's server where it is missing and that is possible; else raise `MissingPart`."""
    if hosts.find_sshd() and shutil.which("ssh"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingPart(
            "The tests deploy to real sshd instances on loopback addresses, and OpenSSH is not installed: install the "
            "packages openssh-server and openssh-client; no service needs to run."
        )
    announce("installing openssh-server with apt-get")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ("openssh-server", "openssh-client")
    run_tool("apt-get", "update", "-qq", environ=environ)
    run_tool("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages, environ=environ)
