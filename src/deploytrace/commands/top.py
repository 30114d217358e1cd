"""Show the slowest tasks of one run, and the time of each role; or of the last runs of its kind.

With `--last N`, or with `--by role`, `play` or `host`, each has a line: the median and the 95th percentile of its time,
its share of the time of all runs, and its trend. Runs of one kind have playbook, environment, tags and check mode in
common; RUN is the newest of them.

A task's time is the time in which at least one host was at work on it, however many hosts at once; with
`--measure hosts` that of all hosts added up. A role's own time leaves out the roles that it includes or depends on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from ..run.load import children_first
from ..run.model import RunDetail
from ..settings import Settings
from .one_run import load_run
from .recorded import add_run_argument
from .terminal import Terminal

__all__ = ["add_arguments", "run"]

_TOP = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("-n", type=int, metavar="N", help=f"only the N slowest (default: top_console, else {_TOP})")
    parser.add_argument("--measure", choices=("wall", "hosts"), help="what is measured (default: top_measure)")
    parser.add_argument(
        "--last", type=_count, default=1, metavar="N", help="the last N runs of its kind that went well"
    )
    parser.add_argument("--by", choices=("task", "role", "play", "host"), default="task", help="what is ranked")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def _count(text: str) -> int:
    """Return a number of runs. Raises `argparse.ArgumentTypeError`."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the list."""
    if arguments.last > 1 or arguments.by != "task":
        return _over_runs(arguments, settings)
    from rich.text import Text

    from ..analysis.ranking import Ranking
    from ..reports import top as report
    from ..reports.paper import on_paper

    tree = load_run(settings, arguments.run).tree
    settings = dataclasses.replace(settings, top_measure=arguments.measure or settings.top_measure)
    limit = settings.top_console or _TOP if arguments.n is None else max(0, arguments.n)
    ranking = Ranking(children_first(tree))
    if arguments.json:
        playbook = tree.node.detail.started.playbook if isinstance(tree.node.detail, RunDetail) else ""
        json.dump(report.as_json(ranking, settings, limit, playbook), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    lines = report.render(ranking, settings, limit, terminal.width).splitlines()
    sys.stdout.write(on_paper(map(Text, lines), terminal.width, color=False, ascii_only=terminal.ascii_only))
    return 0


def _over_runs(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what the last runs spend their time on."""
    from ..analysis.trends import trends
    from ..reports import trends as report
    from .past import opened_past

    limit = settings.top_console or _TOP if arguments.n is None else max(0, arguments.n)
    measure = arguments.measure or settings.top_measure
    with opened_past(settings) as past:
        summary = past.summary(arguments.run)
        times = past.times(summary, arguments.last, arguments.by, measure, limit)
    found = trends(times)[:limit]
    if arguments.json:
        json.dump(report.as_json(found, arguments.by, summary.context.playbook), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    text = report.render(
        found,
        arguments.by,
        len(times.durations),
        terminal.width,
        color=terminal.color,
        ascii_only=terminal.ascii_only,
    )
    sys.stdout.write(text)
    return 0
