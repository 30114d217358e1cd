"""The command line: one module per subcommand, found by name; its docstring is its help.

This is the one place that turns an error into a sentence on standard error and an exit status.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from .. import __version__, settings
from ..errors import DeploytraceError
from .streams import ready_streams

__all__ = ["COMMANDS", "Command", "main"]

COMMANDS = (
    *("runs", "show", "trace", "top", "critical-path", "what-if", "advise", "diff", "check", "html", "export"),
    *("mail", "flush", "exporter", "doctor"),
)

_GARBAGE_AFTER = 10_000  # objects; while modules are loaded nothing is garbage
_INTERRUPTED = 128 + 2  # as a shell reports a program that SIGINT ended
_BROKEN_PIPE = 128 + 13  # likewise SIGPIPE: who read the output has seen enough


class Command(Protocol):
    """What a module of this package offers. Whatever it needs beyond the standard library it imports in ``run``."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's arguments."""

    def run(self, arguments: argparse.Namespace, settings: settings.Settings) -> int:
        """Do it; return the exit status. Raises `DeploytraceError` for what is to be told in one sentence."""


def _command(name: str) -> Command:
    return cast(Command, importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; of the commands only the one that is wanted is loaded, where one is."""
    parser = argparse.ArgumentParser(prog="deploytrace", description="Shows where a deploy's time goes.")
    parser.add_argument("--version", action="version", version=f"deploytrace {__version__}")
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name in [name for name in COMMANDS if name in argv[:1]] or COMMANDS:
        text = (_command(name).__doc__ or "").strip()
        summary = text.partition("\n")[0]
        subparser = subparsers.add_parser(
            name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        _command(name).add_arguments(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``deploytrace`` with these arguments (default: the process's own); return its exit status."""
    ready_streams()
    gc.set_threshold(_GARBAGE_AFTER)
    try:
        try:
            status = _run(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()
        gc.freeze()  # or Python's end would look through a whole run for garbage
    except DeploytraceError as error:
        print(f"deploytrace: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _BROKEN_PIPE
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"deploytrace: {error.strerror or error}{where}", file=sys.stderr)
        return 1
    return status


def _run(argv: Sequence[str]) -> int:
    """Do what the arguments say; return the exit status. Raises what a command raises, and `SystemExit` with 0 or 2."""
    arguments = _parser(argv).parse_args(argv)
    loaded, problems = settings.load(os.environ, settings.ansible_config_file(os.environ))
    if arguments.command != "doctor":  # which tells them among everything else
        for problem in problems:
            print(f"deploytrace: warning: {problem}", file=sys.stderr)
    return _command(arguments.command).run(arguments, loaded)
