"""Say whether a run was slower than runs like it usually are, and which of its tasks.

It is compared with up to 30 runs before it that are of its kind (playbook, environment, tags, check mode), had a
similar number of hosts, and went well; below five of them nothing is called unusual. A task counts as slower where its
time is beyond what chance explains. With --fail-on-regression the exit status is 10 then, for CI.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..settings import Settings
from .recorded import add_run_argument
from .terminal import Terminal

__all__ = ["REGRESSION", "add_arguments", "run"]

REGRESSION = 10
"""The exit status of a run that was slower than usual, where that was asked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("--fail-on-regression", action="store_true", help="exit with 10 where anything was slower")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the verdict."""
    from ..analysis.regression import find_regressions
    from ..analysis.usual import usual_of
    from ..reports import check as report
    from .past import opened_past

    with opened_past(settings) as past:
        summary = past.summary(arguments.run)
        history = past.like(summary)
    found = find_regressions(summary, usual_of(history))
    if arguments.json:
        json.dump(report.as_json(summary.run_id, found), sys.stdout, indent=2)
        print()
    else:
        terminal = Terminal.of_stdout()
        look = {"color": terminal.color, "ascii_only": terminal.ascii_only}
        sys.stdout.write(report.render(summary, found, terminal.width, comparable=len(history), **look))
    return REGRESSION if arguments.fail_on_regression and found else 0
