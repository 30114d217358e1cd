"""Starts a server program on free loopback ports, waits until it answers, and ends it: the same for all of them."""

from __future__ import annotations

import contextlib
import ctypes
import json
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ground.cache import MissingPart
from ground.processes import free_port
from ground.waiting import PATIENCE_S

__all__ = ["ask", "serving"]

_STARTS = 3
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@contextlib.contextmanager
def serving(
    name: str,
    port_names: Sequence[str],
    command: Callable[[Path, Mapping[str, int]], Sequence[str | Path]],
    ready: Callable[[Mapping[str, int]], object],
) -> Iterator[Mapping[str, int]]:
    """A server for the length of a ``with`` block; gives its ports by name.

    ``command`` is given an empty directory of the server's own and its ports, writes the configuration there, and
    returns the command line. ``ready`` asks the server anything and raises OSError until it is there. The server is
    killed at the end: it has nothing to save. Raises `MissingPart`, with what it said last, if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix=f"{name.lower()}-", ignore_cleanup_errors=True) as temporary:
        for _ in range(_STARTS):  # on other ports if somebody took one of them in between
            directory = Path(tempfile.mkdtemp(dir=temporary))
            ports = {port: free_port() for port in port_names}
            arguments = command(directory, ports)
            log = Path(temporary) / "log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    arguments,
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=_end_with_the_tests,
                )
            try:
                if _comes_up(process, lambda ports=ports: ready(ports)):  # type: ignore[misc]
                    yield ports
                    return
            finally:
                process.kill()
                process.wait()
        said = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise MissingPart(f"{name} does not start:\n{said}")


def ask(url: str, *, timeout: float = PATIENCE_S) -> Any:
    """The JSON document at ``url``, or its text where it is none; OSError where there is no such answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - always http, our own
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        raise OSError(f"{url} answers {error.code}: {error.read().decode(errors='replace')}") from error
    with contextlib.suppress(ValueError):
        return json.loads(text)
    return text


def _comes_up(process: subprocess.Popen[bytes], ready: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            ready()
            return True
        time.sleep(0.05)
    return False


def _end_with_the_tests() -> None:
    """Have the kernel end this child when the process that started it ends, be it by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
