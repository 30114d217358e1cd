"""The log as a file: its name, its owner, the link to the latest, rotation, and what a full or foreign disk does."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryUnavailable
from deploytrace.events import Event, RunLost
from deploytrace.sinks.log_file import run_of_log
from deploytrace.sinks.run_names import fill
from run.stories import SECOND, Story

from .logs import deliver, log_of, opened_logs, started_of, text_of
from .spans import nodes_of

_MINUTE = 60 * SECOND


def story(number: int = 1, *, later: int = 0, **started: object) -> list[Event]:
    """A run of a task on a host; ``later`` is how many ns after the others it started."""
    made = Story(hosts=("h1",))
    made.announce(0.1, "Copy")
    made.finish(1, made.start(0.2, "Copy", "h1"), "changed")
    made.end(2, stats={"h1": {"ok": 1, "changed": 1}})
    first = started_of(made.events)
    made.events[0] = first._replace(run_id=f"{number:032x}", wall_ns=first.wall_ns + later, **started)  # type: ignore[arg-type]
    return made.events


def logs(state_dir: Path) -> list[str]:
    """The names of the logs that are there."""
    return sorted(path.name for path in (state_dir / "logs").glob("*.log"))


def test_it_grows_as_the_run_goes_and_is_for_nobody_else(tmp_path: Path) -> None:
    events = story()
    sink = opened_logs(events, tmp_path)[0]
    assert not (tmp_path / "logs").exists(), "nothing is made before there is something to write"
    for number, node in enumerate(nodes_of(events)):
        items = sink.translate(node)
        if items:
            sink.deliver(items)  # type: ignore[arg-type]
        if number == 0:
            path = log_of(tmp_path)
            assert "\nchanged: [h1] 00:13:21 (0:00:00.800)\n" in path.read_text()
            assert "RECAP" not in path.read_text()
    sink.close()
    first, rest = path.read_text().split("\n", 1)
    assert first == f"deploytrace log of run {1:032x}, begun 2023-11-14T22:13:20.000000000Z"
    assert rest == text_of(events)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_delivery_writes_the_same_bytes_into_the_same_file(tmp_path: Path) -> None:
    """As when the sidecar was killed in mid-run: what it left is written anew, whole."""
    events = story()
    deliver([*events[:-1], RunLost(SECOND * 2)], tmp_path)
    assert "RUN: interrupted" in log_of(tmp_path).read_text()
    for _ in range(2):
        deliver(events, tmp_path)
        assert logs(tmp_path) == ["site-2023-11-15-0013.log"]
        assert log_of(tmp_path).read_text().split("\n", 1)[1] == text_of(events)


def test_runs_of_the_same_minute_keep_their_own_logs(tmp_path: Path) -> None:
    for number in (1, 2, 3, 2, 1):
        deliver(story(number, later=number), tmp_path)
    assert logs(tmp_path) == [f"site-2023-11-15-0013{suffix}.log" for suffix in ("-2", "-3", "")]
    owners = [run_of_log(tmp_path / "logs" / name) for name in logs(tmp_path)]
    assert [int(owner[0], 16) for owner in owners if owner] == [2, 3, 1]


def test_what_lies_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    other = tmp_path / "logs" / "site-2023-11-15-0013.log"
    other.write_text("somebody's notes")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "logs" / "site-2023-11-15-0013-2.log").symlink_to(victim)
    os.mkfifo(tmp_path / "logs" / "site-2023-11-15-0013-3.log")
    deliver(story(), tmp_path)
    assert log_of(tmp_path).name == "site-2023-11-15-0013-4.log"
    assert (other.read_text(), victim.read_text()) == ("somebody's notes", "mine")


def test_latest_leads_to_the_run_that_started_last(tmp_path: Path) -> None:
    """Also where an older run is delivered after it, and where the link leads nowhere."""
    deliver(story(1, later=_MINUTE), tmp_path)
    deliver(story(2, later=0), tmp_path)
    assert log_of(tmp_path).name == "site-2023-11-15-0014.log"
    deliver(story(3, later=2 * _MINUTE), tmp_path)
    assert log_of(tmp_path).name == "site-2023-11-15-0015.log"
    log_of(tmp_path).unlink()
    deliver(story(2, later=0), tmp_path)
    assert log_of(tmp_path).name == "site-2023-11-15-0013.log"
    assert not list((tmp_path / "logs").glob(".latest*"))


def test_a_file_called_latest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "latest").write_text("somebody's")
    deliver(story(), tmp_path)
    assert (tmp_path / "logs" / "latest").read_text() == "somebody's"
    assert logs(tmp_path)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{playbook}-{date}", "site-2023-11-15-0013.log"),
        ("{env}/{brand}", "production/a_b.log"),
        ("{env}-{nothing}.log", "production-Undefined.log"),
        ("{evil}", "_.._etc_passwd.log"),
        ("../{env}", "production.log"),
        ("/var/log/{env}", "var/log/production.log"),
        ("{control}", "a__31mb_c.log"),
        ("{long}", "é" * 40 + ".log"),
        ("{dots}", "Undefined.log"),
        ("{", "{.log"),
        ("..", "0" * 31 + "1.log"),
        ("{short_id}-{run_id}-{user}-{host}", f"00000000-{'0' * 31}1-u-c.log"),
    ],
)
def test_names_are_filled_and_safe(template: str, name: str) -> None:
    variables = {
        "env": "production",
        "brand": "a/b",
        "evil": "../../etc/passwd",
        "control": "a\x1b\n31mb\u202ec",
        "long": "é" * 300,
        "dots": "..",
        "date": "never",
    }
    started = started_of(story(context_vars=variables))
    assert str(fill(template, started, ".log")) == name


def test_an_unknown_placeholder_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    deliver(story(), tmp_path, log_name="{enviroment}", archive="never")
    assert logs(tmp_path) == ["Undefined.log"]
    assert "log_name has {enviroment}, which is no placeholder and not among context_vars" in caplog.text


def test_old_logs_go_and_others_stay(tmp_path: Path) -> None:
    directory = tmp_path / "elsewhere" / "logs"
    directory.mkdir(parents=True)
    (directory / "other.log").write_text("not ours")
    for number in range(1, 6):
        deliver(
            story(number, later=number * _MINUTE), tmp_path, log_dir=directory, keep_logs=3, log_name="{date}/{host}"
        )
    assert sorted(path.parent.name for path in directory.glob("*/c.log")) == [f"2023-11-15-00{n}" for n in (16, 17, 18)]
    old = time.time() - 31 * 86400
    os.utime(directory / "2023-11-15-0017" / "c.log", (old, old))
    deliver(story(6, later=6 * _MINUTE), tmp_path, log_dir=directory, keep_logs=0, log_name="{date}/{host}")
    assert sorted(path.parent.name for path in directory.glob("*/c.log")) == [f"2023-11-15-00{n}" for n in (16, 18, 19)]
    assert (directory / "other.log").read_text() == "not ours"


def test_a_relative_directory_counts_from_the_playbook(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    deliver(story(playbook_path=str(tmp_path / "project" / "site.yml")), tmp_path, log_dir=Path("logs"))
    assert log_of(tmp_path / "project").is_file()


def test_a_directory_that_takes_nothing_is_a_delivery_that_waits(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(DeliveryUnavailable, match=r"site-2023-11-15-0013\.log cannot be written \(Not a directory\)"):
        deliver(story(), tmp_path)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """In a process whose files may not grow beyond 700 bytes: a log that found no room at all is not left behind."""
    program = (
        "import sys; from pathlib import Path\n"
        "from deploytrace.errors import DeliveryUnavailable\n"
        "from sinks.logs import opened_logs\n"
        "from sinks.spans import nodes_of\n"
        "from sinks.test_log_file import story\n"
        "sink = opened_logs(story(), Path(sys.argv[1]))[0]\n"
        "try:\n"
        "    for node in nodes_of(story()):\n"
        "        sink.deliver(sink.translate(node))\n"
        "except DeliveryUnavailable as error:\n"
        "    print(error)\n"
        "sink.close()\n"
    )
    for most, left in ((700, 1), (10, 0)):
        state_dir = tmp_path / str(most)

        def limit(most: int = most) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        done = subprocess.run(
            [sys.executable, "-B", "-c", program, str(state_dir)],  # else a .pyc file is cut short too, and kept
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd=Path(__file__).parents[1],
            preexec_fn=limit,
        )
        assert "cannot be written (File too large)" in done.stdout, done.stderr
        assert len(logs(state_dir)) == left
        assert all((state_dir / "logs" / name).read_text().endswith("(0:00:00.800)\n") for name in logs(state_dir))
