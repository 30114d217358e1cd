"""docs/migration.md: what it says of the callbacks that others have now, asked of these callbacks themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploytrace.settings import declared
from ground.ansible import TELEMETRY, Result
from ground.otlp import Span, tree
from ground.peers import peers
from ground.receiver import Receiver

from .conftest import Project

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
OPENTELEMETRY, PROFILE_TASKS = "community.general.opentelemetry", "ansible.posix.profile_tasks"
COLLECTIONS = "ANSIBLE_COLLECTIONS_PATH"
UNSET, OK, ERROR = 0, 1, 2
MESSAGES = {  # theirs and ours, by outcome
    "skipped": ("Conditional result was False", "skipped"),
    "ignored": ("success", "The command exited with a non-zero return code."),
    "rescued": ("(traceback unavailable)", "broken"),
}

PLAYBOOK = """
- name: Site
  hosts: h1, h2
  gather_facts: false
  tasks:
    - name: Run it
      ansible.builtin.command: echo {{ inventory_hostname }}
    - name: Leave it
      ansible.builtin.debug: {msg: x}
      when: inventory_hostname == 'none'
    - name: Overlook it
      ansible.builtin.command: sh -c 'exit 3'
      ignore_errors: true
    - name: Ask it
      ansible.builtin.uri: {url: "ADDRESS/ask", method: POST, body: "", status_code: 200}
    - name: Include it
      ansible.builtin.include_role: {name: web}
    - block:
        - name: Break it
          ansible.builtin.fail: {msg: broken}
      rescue:
        - name: Mend it
          ansible.builtin.debug: {msg: mended}
"""
ROLE = "- name: Install it\n  ansible.builtin.command: echo nginx\n  args: {creates: /nowhere}\n"


def rows(section: str) -> Iterator[list[str]]:
    """The rows of the tables of a section, with the section's own subsections."""
    (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| option"):
            yield [cell.strip() for cell in line.strip("| ").split(" | ")]


def words(cell: str) -> list[str]:
    """What a cell has in code."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("callback", [OPENTELEMETRY, PROFILE_TASKS])
def test_every_option_has_its_place_and_every_setting_is_one(project: Project, callback: str) -> None:
    listing = project.shell(f"ansible-doc -t callback --json {callback}", **{COLLECTIONS: str(peers())})
    options = json.loads(listing.stdout)[callback]["doc"]["options"]
    table = {words(cells[0])[0]: cells[1] for cells in rows(f"From {callback}") if words(cells[0])}
    named = {option: here for option, here in table.items() if option in options}
    assert named.keys() == options.keys()
    known = {"timestamp"} | set(declared())
    settings = [word.partition(" =")[0] for second in named.values() for word in words(second) if word.islower()]
    assert settings
    assert set(settings) <= known


@pytest.fixture
def both(project: Project, receiver: Receiver) -> tuple[Result, list[Span], list[Span]]:
    """One run with both callbacks: how it ended, their spans, ours."""
    user = project.user
    user.write("roles/web/tasks/main.yml", ROLE)
    result = user.run(
        PLAYBOOK.replace("ADDRESS", receiver.http),
        callbacks=(OPENTELEMETRY, TELEMETRY),
        inventory=user.local_inventory("h1", "h2"),
        env_vars={
            COLLECTIONS: str(peers()),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http,
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            "DEPLOYTRACE_COMPAT_HTTP_URL": "true",
            "DEPLOYTRACE_EXIT_WAIT": "30",
        },
    )
    assert result.returncode == 0, result.output
    spans = receiver.spans()
    ours = [span for span in spans if span.scope == "deploytrace"]
    theirs = [span for span in spans if span.scope != "deploytrace"]
    return result, theirs, ours


def test_both_at_once_make_two_traces_that_differ_as_the_page_says(both: tuple[Result, list[Span], list[Span]]) -> None:
    result, theirs, ours = both
    (their_trace,), (our_trace,) = {span.trace_id for span in theirs}, {span.trace_id for span in ours}
    assert their_trace != our_trace
    assert f"deploytrace: trace {our_trace}" in result.stderr
    (their_root,), (our_root,) = tree(theirs)[""], tree(ours)[""]
    assert (their_root.name, our_root.name) == ("site.yml", "RUN site.yml")
    assert (their_root.status, our_root.status) == (ERROR, UNSET), "the rescued failure"
    same = ["ansible.version", "ansible.host.name", "ansible.host.user"]
    assert [their_root.attributes[key] for key in same] == [our_root.attributes[key] for key in same]
    assert {"ansible.session", "ansible.host.ip"} <= their_root.attributes.keys() & our_root.attributes.keys()
    assert their_root.resource["service.name"] == our_root.resource["service.name"]

    found = {_key(span): span for span in ours if "ansible.task.name" in span.attributes}
    results = [span for span in theirs if span is not their_root]
    assert {_key(span) for span in results if span.attributes["ansible.task.host.name"] != "include"} == found.keys()
    for span in results:
        assert span.parent_id == their_root.span_id
        if span.attributes["ansible.task.host.name"] != "include":
            _compare(span, found[_key(span)])


def _key(span: Span) -> tuple[str, str]:
    return span.attributes["ansible.task.name"], span.attributes["ansible.task.host.name"]


def _compare(theirs: Span, ours: Span) -> None:
    """The attributes are the same; name and status differ as the page says."""
    outcome = ours.attributes["ansible.task.host.outcome"]
    wanted = dict(theirs.attributes)
    if ours.attributes["ansible.task.module"] == "ansible.builtin.include_role":
        assert wanted.pop("ansible.task.host.status") == "ok"
        assert ours.attributes["ansible.task.host.status"] == "included"
    if outcome in MESSAGES:
        messages = wanted.pop("ansible.task.message"), ours.attributes["ansible.task.message"]
        assert messages == MESSAGES[outcome]
    assert {key: ours.attributes.get(key) for key in wanted} == wanted
    assert ours.attributes.get("url.full") == wanted.get("http.url")
    assert ours.name == theirs.name.removeprefix("web : ")
    assert (ours.name == theirs.name) == ("ansible.role.name" not in ours.attributes)
    assert theirs.status == {"ignored": UNSET, "skipped": UNSET, "rescued": ERROR}.get(outcome, OK)
    assert ours.status == UNSET
    assert len(theirs.events) == (2 if outcome == "rescued" else 1)
    assert not ours.events
