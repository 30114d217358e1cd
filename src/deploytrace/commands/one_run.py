"""The one run that RUN names, whole: from its journal, or, where that is gone, from the history."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RunNotFound, StoreUnavailable
from ..journal.directory import Directory, named
from ..run.model import Tree
from ..settings import Settings
from ..store.address import store_url
from .recorded import load_journal, state_directory

if TYPE_CHECKING:
    from ..store.history import History

__all__ = ["LACKS", "OneRun", "find", "load_run", "reached_history"]

LACKS = "loop items, tries, arguments and output"
"""What the history does not keep of a run, in words."""


class OneRun(NamedTuple):
    """A run; ``remembered`` where it is from the history, which does not keep all of it (`LACKS`)."""

    run_id: str
    tree: Tree
    remembered: bool = False


def load_run(settings: Settings, name: str, *, details: bool = False) -> OneRun:
    """Return the run that a RUN argument names. ``details``: what is shown needs `LACKS`; where it is gone, say so.

    Raises `RunNotFound`, `JournalError`, and `NotKept` where the history has too little of it.
    """
    directory = state_directory(settings)
    if settings.store_url is None:  # nobody else's runs are in the store, and journals are of the newest
        with contextlib.suppress(RunNotFound):
            run, tree = load_journal(directory, name)
            return OneRun(run.run_id, tree)
    with reached_history(settings) as history:
        run_id = find(directory, history, name)
        if history is None or directory.journal(run_id).exists():
            return OneRun(run_id, load_journal(directory, run_id)[1])
        kept = history.tree(run_id)
    if kept is None:
        raise RunNotFound(f"Run {run_id} was removed just now.")
    if details:
        short = f"deploytrace: note: The journal of run {run_id[:8]} is gone"
        print(f"{short}: this is from the history, which keeps no {LACKS}.", file=sys.stderr)
    return OneRun(run_id, kept, remembered=True)


def find(directory: Directory, history: History | None, name: str) -> str:
    """Return the id of the run that a RUN argument names, of all that there are. Raises as `load_run`."""
    if history is None:
        return directory.find(name).run_id
    starts = {run.run_id: run.started.wall_ns for run in directory.runs()} | history.starts()
    newest_first = sorted(starts, key=lambda run_id: (starts[run_id], run_id), reverse=True)
    return named(name, newest_first, str(directory.root))


@contextlib.contextmanager
def reached_history(settings: Settings) -> Iterator[History | None]:
    """Give the history, None where there is no store. Where it cannot be reached now, that is said."""
    gc.disable()  # as for a journal: neither what speaks to databases nor what is read is garbage before the end
    root = state_directory(settings).root
    with contextlib.ExitStack() as opened:
        history = None
        if settings.store_url is not None or (root / "store.db").exists():
            from ..store.history import opened_history

            try:
                history = opened.enter_context(opened_history(store_url(settings, root)))
            except StoreUnavailable as error:
                print(f"deploytrace: warning: {error} Only journals are looked at.", file=sys.stderr)
        yield history
