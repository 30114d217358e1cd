"""Show the slowest tasks of one run, and the time of each role.

A task's time is the time in which at least one host was at work on it, however many hosts at once; with
`--measure hosts` that of all hosts added up. A role's own time leaves out the roles that it includes or depends on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from ..run.load import children_first
from ..settings import Settings
from .recorded import add_run_argument, load_run
from .terminal import Terminal

__all__ = ["add_arguments", "run"]

_TOP = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("-n", type=int, metavar="N", help=f"only the N slowest (default: top_console, else {_TOP})")
    parser.add_argument("--measure", choices=("wall", "hosts"), help="what is measured (default: top_measure)")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the list."""
    from rich.text import Text

    from ..analysis.ranking import Ranking
    from ..reports import top as report
    from ..reports.paper import on_paper

    recorded, tree = load_run(settings, arguments.run)
    settings = dataclasses.replace(settings, top_measure=arguments.measure or settings.top_measure)
    limit = settings.top_console or _TOP if arguments.n is None else max(0, arguments.n)
    ranking = Ranking(children_first(tree))
    if arguments.json:
        started = recorded.started
        playbook = started.playbook if started is not None else ""
        json.dump(report.as_json(ranking, settings, limit, playbook), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    lines = report.render(ranking, settings, limit, terminal.width).splitlines()
    sys.stdout.write(on_paper(map(Text, lines), terminal.width, color=False, ascii_only=terminal.ascii_only))
    return 0
