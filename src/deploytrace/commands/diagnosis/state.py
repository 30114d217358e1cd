"""Whether the state directory can hold what runs record: writable, private, with room."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...journal.directory import Directory
from .finding import Finding, ok, problem

__all__ = ["check_state"]

_ENOUGH = 100  # megabytes (10^6 bytes) that should be free


def check_state(directory: Path, *, enough: int = _ENOUGH) -> Iterator[Finding]:
    """Yield whether Ansible's process, run by this user, could write below ``directory``; it is not created.

    ``enough`` is how many megabytes should be free there.
    """
    existing = next((path for path in (directory, *directory.parents) if os.path.lexists(path)), Path("/"))
    if not existing.is_dir():
        yield problem(
            "state",
            f"The state directory {directory} cannot be there: {existing} is not a directory.",
            "Move that file away, or set DEPLOYTRACE_STATE_DIR (state_dir) to another place.",
        )
        return
    files = Directory(directory)
    for place in filter(os.path.isdir, (existing, files.journals, files.traces, files.pages)):
        try:
            with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as probe:
                (Path(probe) / "probe").write_bytes(b"\0" * 4096)
        except OSError as error:
            yield problem(
                "state",
                f"The state directory {directory} is not writable: {error.strerror or error} ({place}).",
                "Make it writable for the user that runs Ansible, or set DEPLOYTRACE_STATE_DIR (state_dir).",
            )
            return
    yield from _check_private(directory, exists=existing == directory)
    yield from _check_shared(files.log, files.recovery_lock)
    free = shutil.disk_usage(existing).free // 1_000_000
    if free < enough:
        yield problem(
            "state",
            f"Only {free} MB are free where the state directory {directory} lies.",
            "Make room, lower keep_megabytes, or set DEPLOYTRACE_STATE_DIR (state_dir) to another disk.",
        )
    else:
        yield ok("state", f"The state directory {directory} is writable; {free / 1000:.1f} GB are free.")


def _check_private(directory: Path, *, exists: bool) -> Iterator[Finding]:
    if exists and stat.S_IMODE(directory.stat().st_mode) & 0o077:
        yield problem("state", f"Others can look into the state directory {directory}.", f"chmod 700 {directory}")


def _check_shared(*paths: Path) -> Iterator[Finding]:
    """Yield which of the files that all runs share this user cannot use: one that root has made, say."""
    for path in paths:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = error.strerror or error
            yield problem(
                "state", f"{path} cannot be written: {reason}.", f"Remove {path}; the next run makes it anew."
            )
