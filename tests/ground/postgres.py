"""A real PostgreSQL on loopback, run by an ordinary user: it refuses to be root's.

The machine's own programs are used where it has some, else those of the distribution's package, unpacked.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from ground.cache import MissingPart
from ground.debian import libraries, unpacked
from ground.processes import free_port
from ground.waiting import PATIENCE_S

__all__ = ["PostgreSQL", "postgresql_programs", "running_postgresql"]

_USER, _PASSWORD = "deploy", "pass:w/rd@%"  # what must be escaped in a URL, and must not be seen anywhere
_QUOTED = "pass%3Aw%2Frd%40%25"
_NOBODY: Mapping[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
_OPTIONS = {"fsync": "off", "full_page_writes": "off", "log_statement": "none", "max_connections": "60"}


@functools.cache
def postgresql_programs() -> tuple[Path, Mapping[str, str]]:
    """The directory of initdb and postgres, and what they need in their environment; `MissingPart`."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent, {}
    root = unpacked("postgresql")
    found = sorted(root.glob("usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise MissingPart(f"The package postgresql brought no initdb to {root}.")
    return found[-1].parent, libraries(root)


class PostgreSQL:
    """A running server."""

    def __init__(self, port: int, start: list[str], environ: Mapping[str, str], log: Path) -> None:
        self.port = port
        self._start = start
        self._environ = environ
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def database(self) -> str:
        """Make an empty database; return its URL, which has a password in it."""
        name = f"deploys_{secrets.token_hex(4)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}:{_QUOTED}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers; `MissingPart` where it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._start, env=dict(self._environ), stdout=log, stderr=log, **(_NOBODY if os.getuid() == 0 else {})
            )
        until = time.monotonic() + PATIENCE_S
        while self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self._url("postgres")):
                return
            time.sleep(0.05)
        self.stop()
        raise MissingPart("PostgreSQL does not start:\n" + self._log.read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """Stop it as an operator does who is in a hurry: what is committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
            self._process = None


@contextlib.contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of one's own for the length of a ``with`` block; its storage is as fast as it is forgetful."""
    programs, extra = postgresql_programs()
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        root = Path(name)
        root.chmod(0o755)
        if extra and os.getuid() == 0:  # nobody may not look into root's cache
            shutil.copytree(programs.parents[3], root / "usr", symlinks=True)
            programs = root / programs.relative_to(programs.parents[4])
        environ = {**os.environ, **extra, "LC_ALL": "C", "TZ": "UTC"}
        data, password = root / "data", root / "password"
        password.write_text(_PASSWORD)
        data.mkdir()
        who: Mapping[str, Any] = {}
        if os.getuid() == 0:
            who = _NOBODY
            shutil.chown(data, "nobody", "nogroup")
        options = ("-A", "scram-sha-256", "-U", _USER, f"--pwfile={password}", "-E", "UTF8", "--no-sync")
        made = subprocess.run(
            [programs / "initdb", "-D", data, *options], env=environ, capture_output=True, text=True, check=False, **who
        )
        if made.returncode:
            raise MissingPart(f"initdb failed: {made.stderr[-2000:]}")
        port = free_port()
        settings = [f"-c{key}={value}" for key, value in _OPTIONS.items()]
        start = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", *settings]
        server = PostgreSQL(port, start, environ, root / "postgresql.log")
        server.start()
        try:
            yield server
        finally:
            server.stop()
