"""Write one run as a page: a single HTML file that needs no network and opens in any browser.

It shows what went wrong with the output of it, where the time went, what took longer than runs like it usually take, a
timeline of hosts and tasks to zoom and search, the critical path, the slowest tasks, roles and hosts, and when services
were down. Of each output the first and the last 4,096 characters are in it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import JournalError
from ..run.load import children_first
from ..run.model import RunDetail
from ..settings import Settings
from .one_run import LACKS, load_run
from .recorded import add_run_argument

__all__ = ["add_arguments", "run"]

_STDOUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write it (default: deploytrace-RUN.html); - for stdout",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the page."""
    from ..analysis.regression import find_regressions
    from ..analysis.summing import summary_of
    from ..analysis.usual import usual_of
    from ..reports.page.document import render
    from .past import opened_past

    found = load_run(settings, arguments.run, details=True)
    detail = found.tree.node.detail
    if not isinstance(detail, RunDetail):
        raise JournalError(f"The journal of run {found.run_id} does not tell of a run.")
    settings = settings.for_run(detail.started.context_vars).completed_by(detail.started.settings)
    summary = summary_of(children_first(found.tree))
    with opened_past(settings) as past:
        history = past.like(summary)
    lacks = LACKS if found.remembered else ""
    page = render(found.tree, settings, find_regressions(summary, usual_of(history)), len(history), lacks=lacks)
    if arguments.output == _STDOUT:
        sys.stdout.write(page)
        return 0
    path = arguments.output or Path(f"deploytrace-{found.run_id[:8]}.html")
    path.write_text(page, encoding="utf-8")
    print(path)
    return 0
