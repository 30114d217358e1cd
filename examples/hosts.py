"""A few small hosts to deploy to: real sshd instances on loopback addresses, and the inventory that names them.

Every host is one unprivileged sshd with a configuration, host key and port of its own. Its files, and those of the
programs deployed to it, lie in one directory of its own, so that nothing else of the machine or the account is touched.
Where sshd cannot be had, the same hosts are reached by Ansible's local connection.

On the command line: `python3 hosts.py up DIRECTORY` and `python3 hosts.py down DIRECTORY`.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GROUPS", "Host", "HostsError", "find_sshd", "running", "start", "stop"]

GROUPS: Mapping[str, Sequence[str]] = {"balancer": ["lb1"], "web": ["web1", "web2", "web3"]}
"""The example's inventory: group name to host names."""

START_SECONDS = 10.0
STOP_SECONDS = 5.0


class HostsError(Exception):
    """A host could not be brought up; the text says which and why, in one sentence."""


@dataclass(frozen=True)
class Host:
    """One host: where its sshd listens, where its service may listen, and the directory that holds its files."""

    name: str
    address: str
    ssh_port: int
    service_port: int
    directory: Path


@contextlib.contextmanager
def running(
    directory: Path, groups: Mapping[str, Sequence[str]] = GROUPS, *, connection: str = "ssh", python: str | None = None
) -> Iterator[Path]:
    """Hosts for the length of a `with` block: gives the inventory's path and stops everything at the end."""
    try:
        yield start(directory, groups, connection=connection, python=python)
    finally:
        stop(directory)


def start(
    directory: Path, groups: Mapping[str, Sequence[str]] = GROUPS, *, connection: str = "ssh", python: str | None = None
) -> Path:
    """Bring the hosts of `groups` up below `directory` and return the path of the inventory to deploy with.

    `connection` is `ssh` or `local`; `python` is the interpreter for Ansible's modules on the hosts (default: the one
    that runs Ansible). The hosts are new ones: what an earlier use of the same directory left is stopped and removed.
    Raises HostsError if a host does not come up or does not let us in; nothing is left running then.
    """
    directory = directory.resolve()
    stop(directory)
    if (directory / "hosts").exists():
        shutil.rmtree(directory / "hosts")
    names = list(dict.fromkeys(name for members in groups.values() for name in members))
    variables: dict[str, object] = {
        "work_dir": str(directory),
        "ansible_remote_tmp": f"{directory}/ansible",  # for tasks on this machine itself; the hosts have their own
        "ansible_connection": connection,
        "ansible_python_interpreter": python or "{{ ansible_playbook_python }}",
    }
    try:
        hosts = [_prepare(directory, name, number) for number, name in enumerate(names)]
        if connection == "ssh":
            variables |= _start_sshds(directory, hosts)
    except BaseException:
        stop(directory)
        raise
    inventory = directory / "inventory.json"
    inventory.write_text(json.dumps(_inventory(groups, hosts, variables), indent=2) + "\n")
    return inventory


def stop(directory: Path) -> None:
    """Stop every sshd, session and program that runs on a host below `directory`; harmless if there is none.

    The files stay. Programs are the Python processes that have a host's directory on their command line: services, and
    asynchronous jobs of a deploy that was interrupted.
    """
    directory = directory.resolve()
    processes = _processes()
    ours = set()
    for pid, (_, command) in processes.items():
        program, _, arguments = command.partition(" ")
        if f"{directory}/hosts/" in arguments and Path(program).name.startswith("python"):
            ours.add(pid)
    for pid_file in directory.glob("hosts/*/sshd.pid"):
        pid = int(pid_file.read_text())
        if f"{directory}/hosts/" in processes.get(pid, (0, ""))[1]:  # else the id is somebody else's by now
            ours |= _family(pid, processes)
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        deadline = time.monotonic() + STOP_SECONDS
        while (ours := ours & _processes().keys()) and time.monotonic() < deadline:
            time.sleep(0.05)
    control_paths = directory / "control-paths"
    if control_paths.is_symlink():
        shutil.rmtree(control_paths.resolve(), ignore_errors=True)
        control_paths.unlink()


def find_sshd() -> str | None:
    """The absolute path of sshd (which it insists on being called by), or None. It is rarely on a user's PATH."""
    search = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"]
    return shutil.which("sshd", path=os.pathsep.join(search))


def _prepare(directory: Path, name: str, number: int) -> Host:
    address = f"127.0.0.{11 + number}"
    try:
        ports = _free_port(address), _free_port(address)
    except OSError:  # systems that give loopback the one address 127.0.0.1
        address = "127.0.0.1"
        ports = _free_port(address), _free_port(address)
    host = Host(name, address, *ports, directory / "hosts" / name)
    host.directory.mkdir(parents=True)
    return host


def _free_port(address: str) -> int:
    """A port that nobody listens on, below the range from which the kernel serves outgoing connections."""
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


def _start_sshds(directory: Path, hosts: Sequence[Host]) -> dict[str, object]:
    """Start one sshd for each host, log in to each once, and return the variables that let Ansible do the same."""
    sshd = find_sshd()
    if not sshd or not shutil.which("ssh"):
        raise HostsError("OpenSSH is not installed: sshd and ssh are needed")
    key = directory / "id_ed25519"
    _make_key(key)
    known_hosts = directory / "known_hosts"
    known_hosts.unlink(missing_ok=True)
    for host in hosts:
        _start_sshd(sshd, host, key.with_suffix(".pub"))
        public = (host.directory / "ssh_host_key.pub").read_text().split()
        with known_hosts.open("a") as lines:
            lines.write(f"[{host.address}]:{host.ssh_port} {public[0]} {public[1]}\n")
    user = pwd.getpwuid(os.getuid()).pw_name
    options = f"-F /dev/null -o IdentitiesOnly=yes -o UserKnownHostsFile={known_hosts} -o StrictHostKeyChecking=yes"
    for host in hosts:
        login = ["ssh", *options.split(), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-i", str(key)]
        login += ["-p", str(host.ssh_port), f"{user}@{host.address}", "true"]
        answer = subprocess.run(login, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        if answer.returncode:
            reason = (answer.stderr.strip() or f"exit status {answer.returncode}").splitlines()[-1].rstrip(".")
            raise HostsError(f"sshd of {host.name} does not let {user} in: {reason}")
    # A socket's path is limited to about 100 characters, more than a deep checkout leaves over.
    control_paths = tempfile.mkdtemp(prefix="deploytrace-", dir="/tmp")
    (directory / "control-paths").symlink_to(control_paths)
    return {
        "ansible_user": user,
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": options,
        "ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=60s",  # Ansible's own, without the compression
        "ansible_control_path_dir": control_paths,
        "ansible_pipelining": True,
        "ansible_ssh_use_tty": False,  # an unprivileged sshd cannot always hand a terminal over
    }


def _start_sshd(sshd: str, host: Host, public_key: Path) -> None:
    """Start the host's sshd in the background and wait until it greets."""
    _make_key(host.directory / "ssh_host_key")
    config = host.directory / "sshd_config"
    log = host.directory / "sshd.log"
    pid_file = host.directory / "sshd.pid"
    config.write_text(
        f"ListenAddress {host.address}:{host.ssh_port}\n"
        f"HostKey {host.directory}/ssh_host_key\n"
        f"PidFile {pid_file}\n"
        f"AuthorizedKeysFile {public_key}\n"
        "AuthenticationMethods publickey\n"
        "PermitRootLogin prohibit-password\n"
        "StrictModes no\n"  # a checkout may lie in a directory that others can write to
        "Subsystem sftp internal-sftp\n"
        "UseDNS no\n"
        "PrintMotd no\n"
        f"SetEnv HOME={host.directory}\n"
    )
    check = subprocess.run([sshd, "-t", "-f", str(config)], capture_output=True, text=True, timeout=30)
    missing = re.search(r"Missing privilege separation directory: (\S+)", check.stderr)
    if missing and os.getuid() == 0:  # made by the service's start script, which has not run on this machine
        Path(missing[1]).mkdir(mode=0o755, parents=True, exist_ok=True)
    elif check.returncode:
        raise HostsError(f"sshd refuses the configuration of {host.name}: {check.stderr.strip().splitlines()[-1]}")
    subprocess.run([sshd, "-f", str(config), "-E", str(log)], stdin=subprocess.DEVNULL, check=True, timeout=30)
    deadline = time.monotonic() + START_SECONDS
    while not (pid_file.exists() and _greets(host)):
        if time.monotonic() > deadline:
            lines = log.read_text().strip().splitlines() if log.exists() else []
            raise HostsError(f"sshd of {host.name} did not start: {lines[-1] if lines else 'it says nothing'}")
        time.sleep(0.05)


def _greets(host: Host) -> bool:
    try:
        with socket.create_connection((host.address, host.ssh_port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _make_key(path: Path) -> None:
    if not path.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "deploytrace example", "-f", str(path)]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=30)


def _inventory(
    groups: Mapping[str, Sequence[str]], hosts: Sequence[Host], variables: Mapping[str, object]
) -> dict[str, object]:
    host_variables = {
        host.name: {
            "ansible_host": host.address,
            "ansible_port": host.ssh_port,
            "ansible_remote_tmp": f"{host.directory}/ansible",
            "ansible_async_dir": f"{host.directory}/ansible/async",
            "host_dir": str(host.directory),
            "service_port": host.service_port,
        }
        for host in hosts
    }
    children = {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()}
    return {"all": {"vars": dict(variables), "hosts": host_variables, "children": children}}


def _processes() -> dict[int, tuple[int, str]]:
    """Every living process: its id to its parent's id and its command line."""
    found = {}
    if not Path("/proc/self/stat").exists():
        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True).stdout
        rows = (line.split(None, 3) for line in table.splitlines())
        return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if state != "Z":
                    found[int(entry.name)] = (int(parent), command)
    return found


def _family(pid: int, processes: Mapping[int, tuple[int, str]]) -> set[int]:
    """The process and all its descendants: sshd's sessions outlive it otherwise."""
    family = {pid}
    while more := {child for child, (parent, _) in processes.items() if parent in family} - family:
        family |= more
    return family


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["up", "down"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--local", action="store_true", help="reach the hosts by the local connection, without sshd")
    options = parser.parse_args(arguments)
    if options.what == "down":
        stop(options.directory)
        return 0
    try:
        print(start(options.directory, connection="local" if options.local else "ssh"))
    except HostsError as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
