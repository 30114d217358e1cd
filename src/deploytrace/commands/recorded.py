"""The recorded runs as commands find them: the state directory, and the journal of the run that RUN names."""

from __future__ import annotations

import argparse
import gc

from ..errors import JournalError, SettingError
from ..journal.directory import Directory, Recorded, State
from ..journal.reader import read_events
from ..run.load import load
from ..run.model import Tree
from ..settings import Settings

__all__ = ["add_run_argument", "load_journal", "state_directory"]


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """Declare RUN, for commands that look at one run."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="last",
        help="which run: the beginning of its id, `last` (the default), or `last~1` for the one before it",
    )


def state_directory(settings: Settings) -> Directory:
    """Return the state directory. Raises `SettingError` where there is neither a setting nor a home directory."""
    try:
        return Directory(settings.directory())
    except RuntimeError:
        raise SettingError(
            "There is no home directory, so the state directory is unknown: set DEPLOYTRACE_STATE_DIR."
        ) from None


def load_journal(directory: Directory, name: str) -> tuple[Recorded, Tree]:
    """Return the run that RUN names, and its tree, from its journal. Raises `RunNotFound` and `JournalError`."""
    gc.disable()  # a run stays in memory until the command ends; looking through it for garbage takes a quarter more
    run = directory.find(name)
    running = directory.state(run) is State.RUNNING
    try:
        tree = load(read_events(run.path), running=running)
    except OSError as error:
        raise JournalError(f"{run.path} cannot be read: {error.strerror}.") from error
    if tree is None:
        raise JournalError(f"{run.path} does not tell how the run began.")
    return run, tree
