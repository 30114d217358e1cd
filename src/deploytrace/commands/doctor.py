"""Say in plain words what is wrong with an installation, and what to do.

Run it where you run ansible-playbook (same directory, same environment): it asks that Ansible for its version and its
configuration, looks for the callback as Ansible would, tries the state directory, sends an empty request to where the
traces are to go, and tells which runs still wait to be delivered. Exit status 0: all is well; 1: a problem was found.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from .. import __version__
from ..errors import SettingError
from ..journal.directory import Directory
from ..settings import Settings, ansible_config_file, load
from .diagnosis.finding import Finding, ok, problem
from .recorded import state_directory
from .terminal import Terminal

__all__ = ["add_arguments", "run"]

_OLDEST_PYTHON, _NEWEST_PYTHON = (3, 10), (3, 13)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the diagnosis; return 1 if there is a problem."""
    from ..reports import doctor as report

    terminal = Terminal.of_stdout()
    findings = list(_findings(settings, os.environ))
    well = all(finding.state != "problem" for finding in findings)
    if arguments.json:
        json.dump({"ok": well, "findings": [asdict(finding) for finding in findings]}, sys.stdout, indent=2)
        print()
    else:
        text = report.render(findings, terminal.width, color=terminal.color, ascii_only=terminal.ascii_only)
        sys.stdout.write(text)
    return 0 if well else 1


def _findings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield all findings: first what others depend on."""
    from .diagnosis.ansible import check_ansible, find_ansible
    from .diagnosis.callback import check_callback
    from .diagnosis.endpoint import asks_for_grpc, check_endpoint
    from .diagnosis.runs import check_runs
    from .diagnosis.state import check_state
    from .diagnosis.store import check_store

    yield _check_python()
    ansible = find_ansible(environ)
    yield from check_ansible(ansible)
    if ansible is not None and ansible.version:
        yield from check_callback(ansible, environ, grpc=asks_for_grpc(environ))
    yield from _check_settings(environ)
    yield from check_endpoint(settings, environ)
    try:
        directory: Directory = state_directory(settings)
    except SettingError as error:
        yield problem("state", str(error), "export DEPLOYTRACE_STATE_DIR=/a/directory")
        return
    yield from check_state(directory.root)
    yield from check_store(settings, directory.root)
    yield from check_runs(directory)


def _check_python() -> Finding:
    """Return whether this very program runs on a Python that it was tested with."""
    version = sys.version_info[:2]
    here = f"deploytrace {__version__} on Python {platform.python_version()} ({sys.executable})"
    if _OLDEST_PYTHON <= version <= _NEWEST_PYTHON:
        return ok("python", f"{here}.")
    span = " to ".join(".".join(map(str, bound)) for bound in (_OLDEST_PYTHON, _NEWEST_PYTHON))
    return problem("python", f"{here}: only Python {span} are tested.", "Use one of these, or a newer deploytrace.")


def _check_settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with deploytrace's own settings, a finding each."""
    file = ansible_config_file(environ)
    _, problems = load(environ, file)
    for sentence in problems:
        yield problem("settings", sentence, "Correct or remove it; docs/settings.md lists all settings.")
    if not problems:
        yield ok("settings", f"All settings are understood ({file or 'no ansible.cfg'}, DEPLOYTRACE_*).")
