"""Whether the log of a run, and its archive, can be written where the settings say, under the names that they say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...settings import Settings
from ...sinks.run_names import unknown_names
from .finding import Finding, ok, problem

__all__ = ["check_log"]


def check_log(settings: Settings, state_dir: Path) -> Iterator[Finding]:
    """Yield whether logs could be written; nothing is created. A relative directory is each playbook's own affair."""
    for setting, template in (("log_name", settings.log_name), ("archive_name", settings.archive_name)):
        for name in unknown_names(template, settings.context_vars):
            yield problem(
                "log",
                f"{setting} has {{{name}}}, which is no placeholder and not among context_vars: it is left Undefined.",
                f"Add {name} to context_vars, or take one of the placeholders that docs/log.md lists.",
            )
    directory = state_dir / "logs" if settings.log_dir is None else settings.log_dir
    try:
        directory = directory.expanduser()
    except RuntimeError:
        yield problem("log", f"log_dir is {directory}, but there is no such home directory.", "Give a whole path.")
        return
    if not directory.is_absolute():
        yield ok("log", f"Logs are written to {directory}, below the directory of each playbook.")
        return
    existing = next(path for path in (directory, *directory.parents) if os.path.lexists(path))
    if not existing.is_dir():
        yield problem("log", f"Logs cannot be written to {directory}: {existing} is not a directory.", "Set log_dir.")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield problem("log", f"Logs cannot be written to {directory}: {existing} is not writable.", "Set log_dir.")
    else:
        yield ok("log", f"Logs are written to {directory}.")
