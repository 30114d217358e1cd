"""Commands on a run whose journal is gone: what the history knows is answered as before; what it lacks is said."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from deploytrace.events import RunStarted
from deploytrace.settings import Settings
from deploytrace.sinks.history import HistorySink

from .program import Program
from .stories import Told, deploy

_LACKS = "is from the history, which keeps no loop items, tries, arguments and output."


def _remember(program: Program, told: Told) -> None:
    """Put a run into the history, without its journal."""
    started = told.events[0]
    assert isinstance(started, RunStarted)
    sink = HistorySink(f"sqlite:///{program.state_dir}/store.db", started, Settings(), traced=False)
    sink.deliver([entry for node in told.nodes() for entry in sink.translate(node)])
    sink.close()


def test_answers_are_those_of_the_journal(program: Program, expect: Callable[[str, str], None]) -> None:
    _remember(program, deploy())
    expect("show.txt", program.output("show"))
    expect("what-if.txt", program.output("what-if", deploy().run_id, "--forks", "1", "--without", "Check"))
    expect("advise.txt", program.output("advise", "last"))
    expect("top.txt", program.output("top"))
    path = json.loads(program.output("critical-path", "--json"))
    deploy().write(program.state_dir)
    assert path == json.loads(program.output("critical-path", "--json"))


def test_what_shows_more_than_the_history_has_says_so(program: Program, expect: Callable[[str, str], None]) -> None:
    """The tree without what is within results, the page, the tables; spans and mails are refused."""
    _remember(program, deploy())
    trace = program.run("trace")
    assert _LACKS in trace.stderr
    expect("gone.txt", trace.stdout)
    page = program.run("html", "-o", "-")
    assert _LACKS in page.stderr
    assert "from the history, which keeps no loop items, tries, arguments and output" in page.stdout
    assert "the control process exited with error code" in page.stdout
    rows = list(csv.DictReader(io.StringIO(program.run("export", "--format", "csv").stdout)))
    assert {(row["task"], row["host"], row["outcome"]) for row in rows} >= {("Check", "web2", "rescued")}
    refused = program.run("export", "--format", "otlp")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "Spans are made of more than the history keeps of run 00000001" in refused.stderr
    no_mail = program.run("mail", "last", "--preview")
    assert (no_mail.returncode, no_mail.stdout) == (4, "")
    assert "A mail shows more than the history keeps of run 00000001, whose journal is gone" in no_mail.stderr


def test_the_run_that_is_named_is_found_here_or_there(program: Program) -> None:
    """Journals and the history are one list."""
    for number in (1, 2, 3):
        told = Told(number)
        told.play(0.1)
        told.announce(0.2, "Restart")
        told.on("h1", "Restart", 0.3, 2.0)
        told.end(2.5, stats={"h1": {"ok": 1}})
        _remember(program, told)
        if number > 1:
            told.write(program.state_dir)
    assert [_shown(program, name) for name in ("last", "last~2", "00000001")] == [3, 1, 1]
    missing = program.run("show", "last~3")
    assert (missing.returncode, missing.stdout) == (4, "")
    assert "3 runs are recorded" in missing.stderr


def _shown(program: Program, name: str) -> int:
    return int(json.loads(program.output("show", name, "--json"))["run_id"][:8])
