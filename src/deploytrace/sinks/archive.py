"""The archive of a run that failed (or of every run): its log, Ansible's own log, its trace, its page, as one tar.gz.

It is written under a temporary name and renamed, so that under its own name it is always whole. The same files give the
same bytes; a comment in its header names the run, so that it is known again.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO

from ..errors import DeliveryUnavailable
from ..events import RunStarted
from ..run.model import Kind, Node, Outcome
from .growing_file import create
from .log_file import begun, find_log
from .run_names import claim, claimed

__all__ = ["SUFFIX", "ArchiveSink", "begun_of_archive", "find_archive", "wanted"]

SUFFIX = ".tar.gz"

_MARK = "deploytrace archive of run "
_KEY = "comment"
_GOOD = (Outcome.OK, Outcome.CHANGED, Outcome.SKIPPED, Outcome.RESCUED, Outcome.IGNORED)


@dataclass(frozen=True, slots=True)
class _Order:
    """To write the archive."""

    size: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that goes into the archive, from ``offset`` (bytes) on."""

    name: str
    path: Path
    offset: int = 0


def wanted(archive: str, outcome: Outcome) -> bool:
    """Return whether a run that ended so is archived, by the setting ``archive``."""
    return archive == "always" or (archive == "failure" and outcome not in _GOOD)


def _comment(path: Path) -> tuple[str, str] | None:
    """Return the run id and the run's start that an archive of ours tells, None of anything else."""
    with contextlib.suppress(OSError, tarfile.TarError, EOFError, ValueError):
        if path.is_file() and not path.is_symlink():
            with tarfile.open(path, "r:gz") as archive:
                comment = archive.pax_headers.get(_KEY, "")
            if comment.startswith(_MARK):
                run_id, _, begun = comment.removeprefix(_MARK).partition(" ")
                return run_id, begun
    return None


def _owner(path: Path) -> str | None:
    found = _comment(path)
    return found[0] if found else None


def begun_of_archive(path: Path) -> str | None:
    """Return when the run began that an archive of ours belongs to (comparable as text), None of anything else."""
    found = _comment(path)
    return found[1] if found else None


def find_archive(directory: Path, name: PurePath, run_id: str) -> Path | None:
    """Return where a run's archive is, or None where it has none (yet)."""
    return claimed(directory, name, SUFFIX, run_id, _owner)


class ArchiveSink:
    """A run's archive; see `contract.Sink`. ``name`` is its path below ``directory``."""

    name = "archive"
    resumes = False
    max_items = 1
    max_bytes = 1
    schedule_delay = 0.0
    after: tuple[str, ...] = ("log", "trace_file", "page")

    def __init__(
        self,
        directory: Path,
        name: PurePath,
        started: RunStarted,
        archive: str,
        log_name: PurePath,
        trace_file: Path,
        page: Path,
    ) -> None:
        self.destination = str(directory / name)
        self._directory = directory
        self._file_name = name
        self._started = started
        self._archive = archive
        self._log_name = log_name
        self._trace_file = trace_file
        self._page = page

    def translate(self, node: Node) -> Sequence[_Order]:
        """Return the order to write the archive, at the end of a run that is to have one."""
        return (_Order(),) if node.kind is Kind.RUN and wanted(self._archive, node.outcome) else ()

    def deliver(self, items: Sequence[_Order]) -> int:
        """Write the archive; see `contract.Sink.deliver`."""
        draft = self._directory / f".{self._started.run_id}.archive-draft"
        try:
            with open(create(draft), "wb") as file:
                self._write(file)
            self._publish(draft)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise DeliveryUnavailable(
                f"The archive {self.destination} cannot be written ({error.strerror or error})."
            ) from None
        return 0

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, file: IO[bytes]) -> None:
        started = self._started
        seconds = started.wall_ns // 10**9
        headers = {_KEY: f"{_MARK}{started.run_id} {begun(started)}"}
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=seconds) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive,
        ):
            folder = self._file_name.name.removesuffix(SUFFIX)
            for part in self._parts():
                with open(os.open(part.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as source:
                    source.seek(part.offset)
                    member = tarfile.TarInfo(f"{folder}/{part.name}")
                    member.size = os.fstat(source.fileno()).st_size - part.offset
                    member.mtime, member.mode = seconds, 0o600
                    archive.addfile(member, source)

    def _publish(self, draft: Path) -> None:
        """Give the finished archive its name; one of this run's from an earlier delivery is replaced."""
        run_id = self._started.run_id
        path = find_archive(self._directory, self._file_name, run_id)
        if path is None:
            descriptor, path = claim(self._directory, self._file_name, SUFFIX, run_id, _owner)
            os.close(descriptor)
        draft.replace(path)

    def _parts(self) -> Iterator[_Part]:
        """Yield what there is to archive."""
        log = find_log(self._directory, self._log_name, self._started.run_id)
        if log is not None:
            yield _Part("deploy.log", log)
        if self._started.ansible_log_path:
            path = Path(self._started.ansible_log_path)
            if path.is_file():
                # One that is shorter than it was has been rotated meanwhile: what it holds is of this run, or newer.
                before = self._started.ansible_log_size
                yield _Part("ansible.log", path, before if before <= path.stat().st_size else 0)
        if self._trace_file.is_file():
            yield _Part("trace.jsonl", self._trace_file)
        if self._page.is_file():
            yield _Part("page.html", self._page)
