"""The settings of what a run leaves to be read: its log, its archive, its page; a part of `settings.Settings`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .setting_types import setting

__all__ = ["LogSettings"]


@dataclass(frozen=True, init=False, repr=False, eq=False)  # a part has no objects of its own
class LogSettings:
    """Which files there are of a run, how they are called, how many are kept."""

    log_dir: Path | None = setting(
        None,
        "Where the log of each run, and its archive, is written; a relative path counts from the playbook's directory. "
        "Default with log_plays: logs in the state directory; with telemetry alone there is a log only where this is "
        "set.",
        group="log",
    )
    log_name: str = setting(
        "{playbook}-{date}", "Name of a run's log, a template; docs/log.md lists the placeholders.", group="log"
    )
    archive: str = setting(
        "failure",
        "Of which runs the log, Ansible's own log, the trace file and the page are put into an archive beside the log.",
        choices=("never", "failure", "always"),
        group="log",
    )
    archive_name: str = setting(
        "{env}_{brand}_{subBrand}-{date}",
        "Name of the archive, a template over the variables that context_vars names; docs/log.md tells more.",
        group="log",
    )
    page: str = setting(
        "never",
        "Of which runs a page, as deploytrace html makes it, is left in the directory pages of the state directory.",
        choices=("never", "failure", "always"),
        group="log",
    )
    keep_logs: int = setting(
        100, "How many logs are kept, and how many archives; 0: all that keep_days allows.", group="log"
    )
