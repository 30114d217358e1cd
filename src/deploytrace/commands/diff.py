"""Compare two runs: which tasks came, went, or took another time than chance explains, and what else is different.

Tasks are aligned by play, role, file and name, so lines that were added above do not matter. How far chance takes two
runs apart is told by other runs of the same kind, where there are some, else by the two runs themselves. Only what is
beyond that is shown.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..settings import Settings
from .terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("a", metavar="A", nargs="?", default="last~1", help="the run before (default: last~1)")
    parser.add_argument("b", metavar="B", nargs="?", default="last", help="the run after (default: last)")
    parser.add_argument("--all", action="store_true", help="show the tasks within the noise, too")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs; all tasks")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the comparison."""
    from ..analysis.comparison import compare
    from ..reports import diff as report
    from .past import opened_past

    with opened_past(settings) as past:
        a, b = past.summary(arguments.a), past.summary(arguments.b)
        comparison = compare(a, b, past.like(b))
    if arguments.json:
        json.dump(report.as_json(comparison), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    text = report.render(
        comparison, terminal.width, everything=arguments.all, color=terminal.color, ascii_only=terminal.ascii_only
    )
    sys.stdout.write(text)
    return 0
