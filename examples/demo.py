"""The demo: rolls an application out to real hosts on this machine with deploytrace on, then shows the trace.

Everything it makes is below one directory (`.work` beside this file): a virtual environment with ansible-core and this
checkout's deploytrace, the hosts, and the traces. The hosts are stopped at its end, however it ends.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import hosts

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
INSTALLED_FROM = ("pyproject.toml", "README.md", "src", "callback_plugins", "deploy/collection")
EXTRA_VARS = ("env=staging", "brand=acme", "subBrand=outdoor")
FIRST, NEXT = "1.0.0", "1.1.0"
CHILD_END_SECONDS = 10.0


class DemoError(Exception):
    """The demo cannot go on; the text says why, in one sentence."""


def main() -> int:
    """Run the whole demo; returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    work = _work_directory()
    try:
        programs = _prepare_environment(work)
        inventory = _start_hosts(work)
        environ = _environment(work, programs)
        _deploy(programs, environ, inventory, work)
        return _show(programs, environ, work)
    except DemoError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("Interrupted.")
        return 130
    finally:
        hosts.stop(work)


def _work_directory() -> Path:
    """Where everything goes; elsewhere if the checkout's path has a space, which neither ssh nor `#!` lines bear."""
    work = HERE / ".work"
    if any(character.isspace() for character in str(work)):
        work = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deploytrace-demo"
    work.mkdir(parents=True, exist_ok=True)
    return work


def _prepare_environment(work: Path) -> Path:
    """A virtual environment with ansible-core and this checkout's deploytrace; returns its directory of programs."""
    venv = work / "venv"
    stamp = venv / "installed"
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        _step(1, f"Using the virtual environment {_short(venv)}.")
        return venv / "bin"
    _step(1, f"Installing ansible-core and deploytrace into {_short(venv)}; takes up to a minute, the first time.")
    creation = [sys.executable, "-m", "venv", "--clear", str(venv)]
    if subprocess.run(creation, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not (_apt_install(package) and subprocess.run(creation).returncode == 0):
            raise DemoError(f"{sys.executable} cannot make virtual environments: install {package} or the like.")
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Most of ansible-core is never imported here: Python compiles the rest when it is.
    if subprocess.run([*pip, "install", "--no-compile", "ansible-core>=2.17", str(ROOT)]).returncode:
        raise DemoError("pip could not install ansible-core and deploytrace; its own words are above.")
    stamp.write_text(wanted)
    return venv / "bin"


def _fingerprint() -> str:
    """What the virtual environment depends on, as one short text: the Python and the checkout's installed files."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version}".encode())
    for name in INSTALLED_FROM:
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _start_hosts(work: Path) -> Path:
    """The hosts to deploy to, over SSH if that can be had; returns their inventory."""
    names = [name for members in hosts.GROUPS.values() for name in members]
    why_not = ""
    if not (hosts.find_sshd() and shutil.which("ssh")):
        if Path("/run/systemd/system").exists():
            why_not = "OpenSSH's server is not installed, and installing it here would open this machine's port 22"
        elif not _apt_install("openssh-server", "openssh-client"):
            why_not = "OpenSSH's server is not installed and cannot be installed from here"
    if not why_not:
        try:
            inventory = hosts.start(work)
            _step(2, f"Started {len(names)} hosts, each a real sshd on a loopback address: {', '.join(names)}.")
            return inventory
        except hosts.HostsError as error:
            why_not = str(error)
    _step(2, f"Reaching the hosts {', '.join(names)} by a local connection, not over SSH: {why_not}.")
    return hosts.start(work, connection="local")


def _apt_install(*packages: str) -> bool:
    """Install Debian packages if this user may without being asked; says so before."""
    apt = shutil.which("apt-get")
    prefix = [] if os.getuid() == 0 else ["sudo", "-n"]
    if not apt or (prefix and not shutil.which("sudo")):
        return False
    _say(f"Installing {' and '.join(packages)} with apt-get, if that is allowed.")
    get = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq"]
    install = [*get, "install", "-y", "--no-install-recommends", *packages]
    for command in ([*get, "update"], install):
        if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode:
            return False
    return True


def _environment(work: Path, programs: Path) -> dict[str, str]:
    """The environment to run Ansible in: the user's own, with this example's configuration and state directory."""
    environ = os.environ | {
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
        "ANSIBLE_HOME": str(work / "ansible"),
        "DEPLOYTRACE_STATE_DIR": str(work / "state"),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    if environ.get("LC_ALL") in ("C", "POSIX"):  # Ansible insists on UTF-8
        environ["LC_ALL"] = "C.UTF-8"
    return environ


def _deploy(programs: Path, environ: Mapping[str, str], inventory: Path, work: Path) -> None:
    """Bring the first version to all hosts at once, quietly; then roll the next one out, in full view."""
    command = [str(programs / "ansible-playbook"), "-i", str(inventory), str(HERE / "deploy.yml")]
    for variable in EXTRA_VARS:
        command += ["-e", variable]
    log = work / "first-deploy.log"
    _step(3, f"Deploying the storefront {FIRST} to all hosts at once; what Ansible says goes to {_short(log)}.")
    everywhere = ["-e", f"app_version={FIRST}", "-e", '{"rollout": ["100%"]}']
    begin = time.monotonic()
    with log.open("w") as output:
        if status := _run([*command, *everywhere], environ, output.fileno()):
            tail = "\n".join(log.read_text().splitlines()[-15:])
            raise DemoError(f"{tail}\nThe first deploy failed with exit status {status}; its end is above.")
    _say(f"It took {time.monotonic() - begin:.0f} s.")
    _step(4, f"Rolling the storefront from {FIRST} to {NEXT}: one host first, then the others.")
    if status := _run([*command, "-e", f"app_version={NEXT}"], environ):
        raise DemoError(f"The rolling update failed with exit status {status}.")


def _show(programs: Path, environ: Mapping[str, str], work: Path) -> int:
    """Show the last run's trace and say where it is; returns the exit status."""
    _step(5, "Where the time went: the trace of the rolling update.\n")
    deploytrace = programs / "deploytrace"
    status = _run([str(deploytrace), "trace", "last"], environ)
    print()
    if any(environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_")):
        _say("The same trace went to the OTLP endpoint that your environment names.")
    elif files := sorted((work / "state" / "traces").glob("*"), key=lambda file: file.stat().st_mtime):
        _say(f"The same trace, for the upload in Jaeger's UI: {_short(files[-1])}")
    _say(f"Look again: DEPLOYTRACE_STATE_DIR={_short(work / 'state')} {_short(deploytrace)} trace last")
    return status


def _run(command: Sequence[str], environ: Mapping[str, str], output: int | None = None) -> int:
    """Run a program to its end, which it also gets time for when the demo is told to stop; returns its exit status."""
    with subprocess.Popen(command, env=environ, cwd=HERE, stdout=output, stderr=output) as process:
        try:
            return process.wait()
        except BaseException as reason:
            if not isinstance(reason, KeyboardInterrupt):  # the terminal interrupts the program too
                process.terminate()
            try:
                process.wait(CHILD_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _short(path: Path) -> str:
    """The path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _step(number: int, text: str) -> None:
    print(f"\n[{number}/5] {text}", flush=True)


def _say(text: str) -> None:
    print(f"      {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
