"""What all subcommands share: help, exit statuses, one sentence for an error, no traceback for anybody."""

from __future__ import annotations

import fcntl
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploytrace import __version__
from deploytrace.commands import COMMANDS
from ground.receiver import SILENCE, Receiver
from ground.waiting import wait_for

from .program import Program
from .stories import deploy, interrupted


def test_version(program: Program) -> None:
    assert program.output("--version") == f"deploytrace {__version__}\n"


def test_every_command_s_docstring_is_its_help(program: Program) -> None:
    overview = " ".join(program.output("--help").split())
    for name in COMMANDS:
        text = (importlib.import_module(f"deploytrace.commands.{name.replace('-', '_')}").__doc__ or "").strip()
        assert f"{name} {text.partition(chr(10))[0]}" in overview
        assert text in program.output(name, "--help")


def test_every_command_module_is_listed() -> None:
    """A file that has a ``run`` and is in no list would be a command that nobody can call."""
    directory = Path(importlib.import_module("deploytrace.commands").__file__ or "").parent
    with_run = {path.stem for path in directory.glob("*.py") if "\ndef run(" in path.read_text(encoding="utf-8")}
    assert with_run == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("words", [(), ("fly",), ("runs", "-n", "-1"), ("runs", "-n", "few"), ("trace", "a", "b")])
def test_wrong_usage(program: Program, words: tuple[str, ...]) -> None:
    answer = program.run(*words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: deploytrace")


def test_interrupt_ends_it_quietly(program: Program, receiver: Receiver) -> None:
    receiver.answer = SILENCE
    environ = program.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http, PATH=str(program.cwd))
    command = [sys.executable, "-m", "deploytrace", "doctor"]
    with subprocess.Popen(command, env=environ, cwd=program.cwd, stdout=-1, stderr=-1) as child:
        wait_for(lambda: receiver.requests, "it asks the receiver")
        child.send_signal(signal.SIGINT)
        output = child.communicate(timeout=60)
    assert (child.returncode, *output) == (130, b"", b"")


def _in_shell(program: Program, script: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which $deploytrace is the command."""
    environ = program.environ(deploytrace=f"{sys.executable} -m deploytrace", DEPLOYTRACE_EXIT_WAIT="soon")
    command = ["bash", "-c", script]
    return subprocess.run(
        command, env=environ, cwd=program.cwd, capture_output=True, text=True, check=False, timeout=60
    )


_WARNING = (
    "deploytrace: warning: DEPLOYTRACE_EXIT_WAIT is 'soon' but must be a number, 0 or more; its default 0.25 is used.\n"
)


@pytest.mark.parametrize("words", ["runs", "runs --json", "trace", "export --format otlp", "flush", "--help"])
def test_standard_output_that_takes_nothing(program: Program, words: str) -> None:
    """Closed, or on a disk that is full: one sentence, and no success. Nobody who reads it any more: not even that."""
    deploy().write(program.state_dir)
    warning = "" if words == "--help" else _WARNING
    for output, reason in ((">&-", "Bad file descriptor"), ("> /dev/full", "No space left on device")):
        answer = _in_shell(program, f"$deploytrace {words} {output}")
        sentence = f"deploytrace: Standard output cannot be written ({reason}).\n"
        assert (answer.returncode, answer.stderr) == (1, warning + sentence), output
    answer = _in_shell(program, f"mkfifo gone; (exec 3<gone) & exec >gone; wait; $deploytrace {words}")
    assert (answer.returncode, answer.stderr) == (141, warning)


def test_standard_output_that_does_not_wait(program: Program) -> None:
    """As some CI runners hand it down: all arrives, however late it is read."""
    deploy().write(program.state_dir)
    words = ("export", "--format", "otlp")
    whole = program.output(*words).encode()
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    assert fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096) < len(whole) / 2
    command = [sys.executable, "-m", "deploytrace", *words]
    with subprocess.Popen(command, env=program.environ(), stdout=theirs, stderr=-1) as child, open(ours, "rb") as read:
        os.close(theirs)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.5)
        assert read.read() == whole
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 0


@pytest.mark.parametrize("errors", ["2>&-", "2> /dev/full"])
def test_standard_error_that_takes_nothing_changes_nothing(program: Program, errors: str) -> None:
    """What is said there comes beside what was asked for: neither the output nor the exit status depend on it."""
    deploy().write(program.state_dir)
    for words in ("runs", "show nothing-like-it", "--nonsense"):
        well = _in_shell(program, f"$deploytrace {words}")
        assert well.stderr
        ill = _in_shell(program, f"$deploytrace {words} {errors}")
        assert (ill.returncode, ill.stdout, ill.stderr) == (well.returncode, well.stdout, ""), words
    assert _in_shell(program, f"$deploytrace runs >&- {errors}").returncode == 1


def test_a_narrow_plain_terminal_gets_whole_lines(program: Program) -> None:
    """Sixty columns and nothing but ASCII: no table is wider, but for commands that one may want to copy."""
    deploy().write(program.state_dir)
    interrupted().write(program.state_dir)
    first = deploy().run_id
    asked = [("runs",), ("diff", first, "last"), ("what-if", first, "--forks", "2")]
    asked += [(command, first) for command in ("show", "top", "trace", "critical-path", "advise", "check")]
    for words in asked:
        text = program.output(*words, COLUMNS="60", PYTHONIOENCODING="ascii", TERM="dumb")
        assert text.isascii(), words
        assert "\x1b" not in text, words
        lines = [line for line in text.splitlines() if not line.startswith("   deploytrace what-if")]
        assert max(map(len, lines)) <= 60, text
        assert not any(line.endswith("~") and " > " not in line for line in lines), "only a reason is cut at its end"


def test_the_current_directory_is_gone(program: Program) -> None:
    """As where a CI job has tidied up; or another user's, as under sudo."""
    deploy().write(program.state_dir)
    gone = program.cwd / "gone"
    gone.mkdir()
    script = f"rmdir {gone} && exec {sys.executable} -m deploytrace runs -n 1"
    child = subprocess.run(["sh", "-c", script], env=program.environ(), cwd=gone, capture_output=True, check=False)
    assert (child.returncode, child.stderr) == (0, b"")
