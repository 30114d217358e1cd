"""Show one run in short: how it ended, where its time went, what would help most, and how long services were down.

Each second of the run is shared among its hosts by what they were at: work, waiting for a fork, waiting for slower
hosts, waiting for Ansible. The shares sum to the run's duration.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..settings import Settings
from .one_run import load_run
from .recorded import add_run_argument
from .terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the summary."""
    from ..analysis.critical_path import critical_path
    from ..analysis.schedule import schedule
    from ..analysis.where import where
    from ..reports import show as report

    tree = load_run(settings, arguments.run).tree
    scheduled = schedule(tree)
    shown = report.Shown(tree, where(tree, scheduled), critical_path(tree, scheduled))
    if arguments.json:
        json.dump(report.as_json(shown), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    sys.stdout.write(report.render(shown, terminal.width, color=terminal.color, ascii_only=terminal.ascii_only))
    return 0
