"""Write one run in a format that other programs open.

otlp: the spans as the trace file has them, JSON lines that Jaeger's UI opens (Search, Upload). perfetto: Perfetto's own
trace format, which ui.perfetto.dev opens; it is binary. speedscope: for www.speedscope.app. csv: a row for each host
result. json: the tree of `deploytrace trace --json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from .. import __version__
from ..errors import JournalError, NotKept, SettingError
from ..run.load import children_first
from ..run.model import RunDetail
from ..settings import Settings
from .one_run import OneRun, load_run
from .recorded import add_run_argument

__all__ = ["FORMATS", "add_arguments", "run"]

FORMATS = ("otlp", "perfetto", "speedscope", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("--format", choices=FORMATS, required=True, help="which format")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write it."""
    if arguments.output is None and arguments.format == "perfetto" and sys.stdout.isatty():
        raise SettingError("The format perfetto is binary and not for a terminal: name a file with -o.")
    exported = _exported(arguments.format, load_run(settings, arguments.run, details=True), settings)
    content = exported if isinstance(exported, bytes) else exported.encode("utf-8")
    if arguments.output is None:
        sys.stdout.buffer.write(content)
    else:
        arguments.output.write_bytes(content)
        print(arguments.output)
    return 0


def _exported(name: str, found: OneRun, settings: Settings) -> str | bytes:
    tree, run_id = found.tree, found.run_id
    detail = tree.node.detail
    if not isinstance(detail, RunDetail):
        raise JournalError(f"The journal of run {run_id} does not tell how the run began.")
    playbook = detail.started.playbook
    if name == "otlp" and found.remembered:
        raise NotKept(
            f"Spans are made of more than the history keeps of run {run_id[:8]}, whose journal is gone: export it as "
            "json, csv, perfetto or speedscope."
        )
    if name == "otlp":
        from ..sinks.trace_destinations import spans_as_json_lines

        settings = settings.for_run(detail.started.context_vars).completed_by(detail.started.settings)
        return spans_as_json_lines(children_first(tree), detail.started, settings, os.environ)
    if name == "csv":
        from ..exports.rows import as_csv

        return as_csv(tree, run_id, playbook)
    if name == "perfetto":
        from ..exports.perfetto import as_perfetto

        return as_perfetto(tree, run_id)
    if name == "speedscope":
        from ..exports.speedscope import as_speedscope

        return json.dumps(as_speedscope(tree, f"{playbook} {run_id[:8]}", __version__), separators=(",", ":")) + "\n"
    from ..reports.tree_json import as_json

    return json.dumps(as_json(tree, run_id), indent=2) + "\n"
