"""What a log says: recorded real runs as committed logs, and output of hosts that tries to be more than output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploytrace.events import AttemptFailed, ItemFinished, RunLost, Signalled
from deploytrace.reports.log_text import entry
from run.stories import SECOND, Story

from .logs import text_of
from .spans import JOURNALS, recorded

_EXPECTED = Path(__file__).parent / "expected"
# The log's own lines: nothing that a host said may look like one.
_OWN_LINE = re.compile(
    r"(PLAY|TASK|HANDLER|RUN): .*|PLAY RECAP \*+|NO MORE HOSTS LEFT \*+|"
    r"(ok|changed|failed|unreachable|skipped|rescued|ignored|interrupted|retrying|included|downtime): .*|"
    r"interrupted (during|between) .*|(\w+day) \d\d \w+ \d{4}  [\d:]{8} .*|"
    r"(\S+|\".*\") +: ok=.*|Ansible gave no statistics\.|"
    r"(playbook|by|with|inventory|limit|tags|skipped tags|extra variables|check mode|trace): .*|"
    r"(why|signal|duration|run): .*|"
    r"=+|.* -+ [\d.]+s( +[\d.]+s)?|role +own *inclusive|>> TOTAL TIME: <<< [\d:]+|"
)


@pytest.mark.parametrize("journal", [path for path in JOURNALS if "2.21" in path.stem], ids=lambda path: path.stem)
def test_recorded_runs_have_the_committed_logs(journal: Path, request: pytest.FixtureRequest) -> None:
    path = _EXPECTED / f"{journal.stem}.log"
    text = text_of(recorded(journal))
    if request.config.getoption("--accept"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; if the change is meant: pytest --accept"


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_every_line_is_the_logs_own_or_indented(journal: Path) -> None:
    """Also where the journal breaks off in the middle, as after SIGKILL."""
    events = recorded(journal)
    for cut in (events, [*events[: len(events) // 2], RunLost(10**12)]):
        lines = text_of(cut).splitlines()
        strange = [line for line in lines if not line.startswith("    ") and not _OWN_LINE.fullmatch(line)]
        assert strange == []


_FORGERY = (
    "TASK: [forged] ****\nok: [h1] 00:00:00\n\nPLAY RECAP ****\r\nfatal: [h2]\rRUN: ok ***\n"
    "\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07 \u202edrawkcab \u2028RUN: ok\u2029x\x85y\x0bz\x0cw "
    "\udcff \x00 \N{ROCKET}\t|"
)


def test_what_hosts_say_is_inert_and_readable() -> None:
    """In every place that text from a host or a playbook can come to: names, labels, messages, structures."""
    story = Story(hosts=(_FORGERY,), name=_FORGERY)
    story.announce(0.1, "t", role=_FORGERY, delegate_to=_FORGERY, loop=True)
    detail = {
        "reason": _FORGERY,
        "msg": _FORGERY,
        "stdout": _FORGERY,
        "warnings": [_FORGERY],
        "delegated_host": _FORGERY,
        "rest": {_FORGERY: [_FORGERY, {_FORGERY: _FORGERY}], "long": "x" * 2_000_000},
    }
    execution = story.start(0.2, "t", _FORGERY)
    story.add(AttemptFailed(SECOND // 2, "h1", 3, 0.1, detail))
    story.add(ItemFinished(SECOND, "h1", "failed", label=_FORGERY, detail=detail))
    story.finish(1.5, execution, "failed", detail=detail)
    story.end(2, stats={_FORGERY: {"failures": 1}})
    text = text_of(story.events)
    assert [
        line[:60] for line in text.splitlines() if not line.startswith("    ") and not _OWN_LINE.fullmatch(line)
    ] == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\u2029\ud800-\udfff]", text)
    for header in ("PLAY", "TASK", "RUN"):
        assert len(re.findall(rf"^{header}: .* \*{{3,}}$", text, re.MULTILINE)) == 1
    for readable in ("    red ", "\\x1b[2J", "\\u202edrawkcab", "\\udcff", "\\x00", "\N{ROCKET}", "x" * 2_000_000):
        assert readable in text


def test_gathered_facts_are_left_out_and_others_shown() -> None:
    """Hundreds of lines, the environment among them, that nobody asked for."""
    facts = {"rest": {"ansible_facts": {"seen": "here"}, "module_setup": True}}
    story = Story(hosts=("h1",))
    for name, action in (("Gathering Facts", "gather_facts"), ("Set", "ansible.builtin.set_fact")):
        story.announce(0.1, name, action=action)
        story.finish(1, story.start(0.2, name, "h1"), detail=facts)
    story.end(2)
    gathered, settled = text_of(story.events).split("TASK: ")[1:3]
    assert "here" not in gathered
    assert "    module_setup: true\n" in gathered
    assert "    ansible_facts:\n        seen: here\n" in settled


def test_a_services_downtime_stands_where_it_ended() -> None:
    story = Story(hosts=("h1",))
    for number, (name, tags) in enumerate((("Stop", ("deploytrace_down:shop",)), ("Start", ("deploytrace_up:shop",)))):
        story.announce(2 * number + 0.1, name, tags=tags)
        story.finish(2 * number + 1, story.start(2 * number + 0.2, name, "h1"), "changed")
    story.announce(4, "Rest")
    story.finish(5, story.start(4.1, "Rest", "h1"))
    story.end(6)
    assert "\ndowntime: [h1] shop at most 0:00:02.800\n" in text_of(story.events)
    assert " so far, it is still down\n" in text_of([*story.events[:7], RunLost(SECOND)])


def test_a_killed_run_says_so_at_its_end() -> None:
    story = Story()
    story.announce(0.1, "Copy")
    story.finish(1, story.start(0.2, "Copy", "h1"), "changed")
    story.start(0.3, "Copy", "h2")
    story.announce(1.1, "Restart", role="web")
    story.start(1.2, "Restart", "h1")
    story.add(RunLost(3 * SECOND))
    end = text_of(story.events).split("RUN: ")[1]
    assert end.startswith("interrupted ***")
    assert "interrupted during [Copy] on h2: Ansible's process disappeared\n" in end
    assert "interrupted during [web | Restart] on h1: Ansible's process disappeared\n" in end


def test_a_run_that_a_signal_ended_names_it() -> None:
    story = Story()
    story.announce(0.1, "Copy")
    story.start(0.2, "Copy", "h1")
    story.add(Signalled(SECOND, 2))
    story.end(1.1, reason="interrupted")
    text = text_of(story.events)
    assert "interrupted during [Copy] on h1: the run was interrupted\nsignal: 2\nwhy: the run was interrupted\n" in text
    assert "Ansible gave no statistics." in text


def test_failures_of_many_hosts_are_one_line() -> None:
    hosts = tuple(f"h{number}" for number in range(500))
    story = Story(hosts=hosts)
    story.announce(0.1, "Try")
    for number, execution in enumerate([story.start(0.2, "Try", host) for host in hosts]):
        story.finish(0.3 + number / 1000, execution, "unreachable", detail={"msg": "no route", "reason": "no route"})
    story.end(2)
    end = text_of(story.events).split("RUN: ")[1]
    assert "unreachable: [h0, h1, h2" in end
    assert "h49 and 450 more] Try: no route\n" in end
    assert end.count("Try") == 1


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("text", ["    k: text"]),
        ("two\nlines\n", ["    k: |", "        two", "        lines"]),
        ("two\n\nlines", ["    k: |", "        two", "", "        lines"]),
        ("", ['    k: ""']),
        ("12", ['    k: "12"']),
        (12, ["    k: 12"]),
        (True, ["    k: true"]),
        (None, ["    k: null"]),
        ([], ["    k: []"]),
        ({}, ["    k: {}"]),
        ([1, "a\nb"], ["    k:", "        - 1", "        - |", "            a", "            b"]),
        ({"a": {"b": 1}}, ["    k:", "        a:", "            b: 1"]),
        ([{"a": 1, "b": [2]}], ["    k:", "        - a: 1", "          b:", "              - 2"]),
        ([[1]], ["    k:", "        -", "            - 1"]),
    ],
)
def test_values_are_written_like_yaml(value: object, lines: list[str]) -> None:
    assert list(entry("k", value)) == lines
