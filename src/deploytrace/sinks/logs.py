"""Opens a run's log and archive: where they lie, how they are called, how many are kept."""

from __future__ import annotations

import logging
import time
from pathlib import Path, PurePath
from typing import Any

from ..errors import SettingError
from ..events import RunStarted
from ..journal.directory import Directory
from ..reports.log_page import LogPage
from ..settings import Settings
from .archive import SUFFIX as ARCHIVE_SUFFIX
from .archive import ArchiveSink, begun_of_archive, find_archive
from .contract import Sink
from .log_file import SUFFIX as LOG_SUFFIX
from .log_file import LogSink, begun_of_log
from .rotation import rotate
from .run_names import fill, unknown_names
from .trace_file import trace_file_path

__all__ = ["archive_of", "log_directory", "open_logs"]

_log = logging.getLogger(__name__)
_DAY = 86400.0


def log_directory(settings: Settings, started: RunStarted, state_dir: Path) -> Path:
    """Return where a run's log and archive lie; a relative ``log_dir`` counts from the playbook's directory.

    Raises `SettingError` where ``~`` leads nowhere.
    """
    if settings.log_dir is None:
        return state_dir / "logs"
    try:
        directory = settings.log_dir.expanduser()
    except RuntimeError:
        raise SettingError(
            f"log_dir is {settings.log_dir}, but there is no such home directory: give a whole path."
        ) from None
    return (Path(started.playbook_path).parent if started.playbook_path else state_dir) / directory


def open_logs(settings: Settings, started: RunStarted, state_dir: Path) -> list[Sink[Any]]:
    """Return the sinks of a run's log and, by the setting ``archive``, of its archive. Raises `SettingError`."""
    directory = log_directory(settings, started, state_dir)
    for setting, template in (("log_name", settings.log_name), ("archive_name", settings.archive_name)):
        for name in unknown_names(template, settings.context_vars):
            _log.warning(
                "%s has {%s}, which is no placeholder and not among context_vars: it is left Undefined.", setting, name
            )
    log_name = fill(settings.log_name, started, LOG_SUFFIX)
    page = LogPage(started, settings)
    log = LogSink(directory, log_name, started, page, lambda: _rotate(settings, directory))
    if settings.archive == "never":
        return [log]
    archive_name = fill(settings.archive_name, started, ARCHIVE_SUFFIX)
    trace_file, html = trace_file_path(state_dir, started.run_id), Directory(state_dir).page(started.run_id)
    return [log, ArchiveSink(directory, archive_name, started, settings.archive, log_name, trace_file, html)]


def archive_of(settings: Settings, started: RunStarted, state_dir: Path) -> Path | None:
    """Return a run's archive if it has been written. Raises `SettingError`."""
    name: PurePath = fill(settings.archive_name, started, ARCHIVE_SUFFIX)
    return find_archive(log_directory(settings, started, state_dir), name, started.run_id)


def _rotate(settings: Settings, directory: Path) -> None:
    """Make room, now that a log is begun; it does not count itself, since it does not yet say whose it is."""
    older_than = time.time() - settings.keep_days * _DAY
    keep = settings.keep_logs or None
    rotate(directory, LOG_SUFFIX, begun_of_log, keep=None if keep is None else keep - 1, older_than=older_than)
    rotate(directory, ARCHIVE_SUFFIX, begun_of_archive, keep=keep, older_than=older_than)
