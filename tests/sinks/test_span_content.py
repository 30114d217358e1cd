"""What a span says of what happened, each rule by the shortest run that needs it."""

from __future__ import annotations

from typing import Any

import pytest

from deploytrace import events as ev
from deploytrace.settings import Settings
from ground.otlp import Span
from run.stories import SECOND, Story
from run.test_downtime import DOWN, UP, Tasks

from .spans import named, told

INTERNAL, SERVER, CLIENT = 1, 2, 3
UNSET, ERROR = 0, 2


def _one(status: str = "ok", task: dict[str, Any] | None = None, **result: Any) -> list[Span]:
    """The spans of a run with one task on one host, which is reached by ssh."""
    story = Story(hosts=("h1",))
    story.add(ev.HostSeen(0, "h1", "192.0.2.7", 2222, "ssh"))
    story.announce(0.1, "Install it", **(task or {}))
    story.finish(1.5, story.start(0.2, "Install it", "h1"), status, worker=1.2, **result)
    story.end(2)
    return told(story)


def test_names_and_kinds() -> None:
    story = Story(hosts=("h1",))
    role = {"kind": "role", "key": "r", "name": "web", "fqcn": "acme.site.web", "path": "/p/roles/web"}
    block = {"kind": "block", "key": "b", "name": "Try", "section": "rescue", "path": "/p/x.yml", "line": 3}
    story.announce(0.1, "Repair", ancestors=(role, block))
    story.finish(1, story.start(0.2, "Repair", "h1"))
    story.announce(1.1, "Reload", handler=True)
    story.finish(2, story.start(1.2, "Reload", "h1"))
    story.end(3)
    kinds = {span.name: span.kind for span in told(story)}
    assert kinds == {
        "RUN site.yml": SERVER,
        "play web": INTERNAL,
        "role acme.site.web": INTERNAL,
        "block Try": INTERNAL,
        "rescue Try": INTERNAL,
        "task Repair": INTERNAL,
        "Repair": INTERNAL,
        "handler Reload": INTERNAL,
        "Reload": INTERNAL,
    }


def test_the_keys_of_community_general_keep_their_format() -> None:
    task = {"role": "web", "args": {"name": "nginx", "state": "present"}, "action": "ansible.builtin.apt"}
    spans = _one("changed", task)
    host = named(spans, "Install it").attributes
    assert {name: host[name] for name in host if name in COMPAT_HOST} == {
        "ansible.task.name": "[h1] web: web : Install it",
        "ansible.task.module": "ansible.builtin.apt",
        "ansible.task.message": "success",
        "ansible.task.result": 0,
        "ansible.task.host.name": "h1",
        "ansible.task.host.status": "ok",
        "ansible.task.args.name": ["name", "state"],
        "ansible.task.args.value": ["nginx", "present"],
    }
    root = named(spans, "RUN site.yml").attributes
    assert root["ansible.version"] == "2.21.5"
    assert root["ansible.host.name"] == "c"
    assert root["ansible.host.user"] == "u"
    assert len(root["ansible.session"].split("-")) == 5


COMPAT_HOST = {
    *(f"ansible.task.{name}" for name in ("name", "module", "message", "result", "args.name", "args.value")),
    *(f"ansible.task.host.{name}" for name in ("name", "status")),
}


@pytest.mark.parametrize(
    ("status", "rest", "outcome", "compat", "code"),
    [
        ("ok", {}, "ok", "ok", UNSET),
        ("changed", {}, "changed", "ok", UNSET),
        ("skipped", {"detail": {"skip_reason": "Conditional result was False"}}, "skipped", "skipped", UNSET),
        ("failed", {"detail": {"msg": "no"}}, "failed", "failed", ERROR),
        ("failed", {"detail": {"msg": "no"}, "ignored": True}, "ignored", "ignored", UNSET),
        ("unreachable", {"detail": {"msg": "no route"}}, "unreachable", "failed", ERROR),
        ("unreachable", {"detail": {"msg": "no route"}, "ignored": True}, "ignored", "ignored", UNSET),
    ],
)
def test_outcomes(status: str, rest: dict[str, Any], outcome: str, compat: str, code: int) -> None:
    spans = _one(status, **rest)
    host = named(spans, "Install it")
    assert host.attributes["ansible.task.host.outcome"] == outcome
    assert host.attributes["ansible.task.host.status"] == compat
    assert host.status == code
    assert named(spans, "task Install it").status == code
    assert named(spans, "RUN site.yml").status == code


def test_a_rescued_failure_is_told_by_the_outcome_and_is_no_error() -> None:
    spans = _one("failed", {"rescuable": True}, detail={"msg": "no"})
    host = named(spans, "Install it")
    assert (host.status, host.attributes["ansible.task.host.outcome"]) == (UNSET, "rescued")
    assert "error.type" not in host.attributes
    assert host.attributes["ansible.task.message"] == "no"
    assert named(spans, "RUN site.yml").attributes["cicd.pipeline.result"] == "success"


def test_a_failure_says_why_in_status_and_attributes_and_its_traceback_is_an_event() -> None:
    trace = "Traceback (most recent call last):\n  File x\nKeyError: 'a'"
    detail = {"msg": "MODULE FAILURE", "reason": "KeyError: 'a'", "exception": trace, "stderr": "two\nlines"}
    spans = _one("failed", detail=detail)
    host = named(spans, "Install it")
    assert host.status_message == "KeyError: 'a'"
    assert host.attributes["error.type"] == "module_traceback:KeyError"
    assert host.attributes["ansible.task.stderr"] == "two\nlines"
    (event,) = host.events
    assert (event.name, event.time) == ("exception", host.end)
    assert event.attributes["exception.type"] == "KeyError"
    assert event.attributes["exception.stacktrace"] == trace
    task = named(spans, "task Install it")
    assert (task.status_message, task.attributes["cicd.pipeline.task.run.result"]) == ("KeyError: 'a'", "failure")
    assert not task.events, "the traceback is told once"


def test_the_host_is_the_server_and_the_connection_the_protocol() -> None:
    host = named(_one(), "Install it")
    assert host.kind == CLIENT
    picked = ("server.address", "server.port", "network.peer.address", "network.protocol.name", "ansible.connection")
    assert [host.attributes[name] for name in picked] == ["192.0.2.7", 2222, "192.0.2.7", "ssh", "ssh"]


@pytest.mark.parametrize(
    ("delegate", "kind", "address"),
    [("localhost", INTERNAL, "localhost"), ("db1", CLIENT, "db1"), ("{{ groups.db[0] }}", CLIENT, None)],
)
def test_a_delegated_task_ran_elsewhere(delegate: str, kind: int, address: str | None) -> None:
    host = named(_one(task={"delegate_to": delegate}), "Install it")
    assert (host.kind, host.attributes.get("server.address")) == (kind, address)
    assert not host.attributes.keys() & {"server.port", "network.protocol.name"}, "those are the inventory host's"


def test_times_beside_the_duration() -> None:
    host = named(_one(detail={"delta": 0.25}), "Install it")
    assert host.seconds == pytest.approx(1.0)
    assert host.attributes["ansible.task.wait_seconds"] == pytest.approx(0.1)
    assert host.attributes["ansible.task.announce_delay_seconds"] == pytest.approx(0.3)
    assert host.attributes["ansible.task.module_seconds"] == 0.25
    assert host.attributes["ansible.task.end_source"] == "worker"


@pytest.mark.parametrize(
    ("action", "args", "url"),
    [
        ("ansible.builtin.uri", {"url": "https://web/health"}, "https://web/health"),
        ("get_url", {"url": "https://{{ host }}/x"}, None),
        ("ansible.builtin.git", {"repo": "https://git/app.git"}, "https://git/app.git"),
        ("ansible.builtin.apt", {"url": "https://web"}, None),
    ],
)
def test_url_of_the_modules_that_have_one(action: str, args: dict[str, str], url: str | None) -> None:
    assert named(_one(task={"action": action, "args": args}), "Install it").attributes.get("url.full") == url


def test_deprecated_keys_only_where_they_are_asked_for() -> None:
    story = Story(hosts=("h1",))
    story.add(ev.HostSeen(0, "h1", None, None, "ssh"))
    story.announce(0.1, "Ask", action="uri", args={"url": "https://web/health"})
    story.finish(1, story.start(0.2, "Ask", "h1"))
    story.end(2)
    assert not named(told(story), "Ask").attributes.keys() & {"http.url", "peer.service"}
    asked = told(story, settings=Settings(compat_http_url=True, jaeger_peer_service=True))
    assert named(asked, "Ask").attributes["http.url"] == "https://web/health"
    assert named(asked, "Ask").attributes["peer.service"] == "h1"


def test_items_tell_whom_each_was_delegated_to() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Drain", loop=True, delegate_to="{{ item }}")
    one = story.start(0.2, "Drain", "h1")
    for end, balancer in enumerate(("lb1", "lb2"), start=1):
        detail = {"delegated_host": balancer}
        story.add(ev.ItemFinished(end * SECOND, "h1", "ok", label=balancer, detail=detail))
    story.finish(2.1, one)
    story.end(3)
    items = sorted((span for span in told(story) if span.name == "Drain item"), key=lambda span: span.start)
    assert [item.attributes["ansible.task.delegated_host"] for item in items] == ["lb1", "lb2"]


def test_a_failed_loop_names_its_items_and_their_reasons() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Install", loop=True)
    one = story.start(0.2, "Install", "h1")
    story.add(ev.ItemFinished(1 * SECOND, "h1", "ok", label="nginx"))
    story.add(ev.ItemFinished(2 * SECOND, "h1", "failed", label="redis", detail={"msg": "no package", "rc": 100}))
    detail = {"msg": "One or more items failed", "failed_items": [{"label": "redis", "msg": "no package"}]}
    story.finish(2.1, one, "failed", detail=detail)
    story.end(3)
    spans = told(story)
    host = named(spans, "Install").attributes
    assert host["ansible.items.failed"] == ["redis"]
    assert host["ansible.items.failed.messages"] == ["no package"]
    assert host["ansible.items.total"] == 2
    good, bad = sorted((span for span in spans if span.name == "Install item"), key=lambda span: span.start)
    assert (good.attributes["ansible.item.label"], good.status) == ("nginx", UNSET)
    assert (bad.attributes["ansible.item.label"], bad.status) == ("redis", ERROR)
    assert (bad.attributes["ansible.item.index"], bad.attributes["ansible.task.rc"]) == (1, 100)
    assert bad.attributes["ansible.task.message"] == "no package"


def test_a_retried_task_is_no_error_but_its_failed_tries_are() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Wait")
    one = story.start(0.2, "Wait", "h1")
    story.add(ev.AttemptFailed(1 * SECOND, "h1", attempts=5, delay=2.0, detail={"msg": "not yet"}))
    story.finish(4, one, "ok", detail={"attempts": 2})
    story.end(5)
    spans = told(story)
    first, second = sorted((span for span in spans if span.name == "Wait attempt"), key=lambda span: span.start)
    assert (first.status, second.status, named(spans, "Wait").status) == (ERROR, UNSET, UNSET)
    picked = ("ansible.attempt.number", "ansible.attempt.max", "ansible.attempt.delay_seconds")
    assert [first.attributes[name] for name in picked] == [1, 5, 2.0]
    assert named(spans, "Wait").attributes["ansible.task.attempts"] == 2


def test_a_handler_is_linked_to_what_notified_it() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Configure", notify=("Reload",))
    story.finish(1, story.start(0.2, "Configure", "h1"), "changed")
    story.add(ev.Notified(SECOND + 1, "uuid-Reload", "h1", "Reload"))
    story.announce(1.1, "Reload", handler=True)
    story.finish(2, story.start(1.2, "Reload", "h1"))
    story.end(3)
    spans = told(story)
    handler = named(spans, "handler Reload")
    (link,) = handler.links
    assert (link.span_id, link.trace_id) == (named(spans, "Configure").span_id, handler.trace_id)
    assert link.attributes == {"ansible.link.kind": "notify"}
    assert handler.attributes["ansible.handler.notified_by"] == ["Configure"]


@pytest.mark.parametrize(
    ("events", "result", "why", "task_result"),
    [
        (
            [ev.Signalled(SECOND, 2), ev.RunEnded(SECOND * 2, "interrupted")],
            "cancellation",
            "cancelled",
            "cancellation",
        ),
        ([ev.RunLost(SECOND * 2)], "error", "lost", "error"),
    ],
)
def test_a_run_that_was_broken_off(events: list[ev.Event], result: str, why: str, task_result: str) -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Sleep")
    story.start(0.2, "Sleep", "h1")
    story.events += events
    spans = told(story)
    assert {span.status for span in spans} == {ERROR}
    assert {span.attributes["error.type"] for span in spans} == {why}
    assert named(spans, "RUN site.yml").attributes["cicd.pipeline.result"] == result
    assert named(spans, "task Sleep").attributes["cicd.pipeline.task.run.result"] == task_result
    assert named(spans, "Sleep").attributes["ansible.task.host.outcome"] == "interrupted"
    assert named(spans, "Sleep").seconds == pytest.approx(1.8)


def test_what_no_text_should_hold_does_not_break_a_span() -> None:
    """Half a surrogate pair cannot be encoded, a number may have any size, a detail any type."""
    detail = {"msg": "bad \udc80 byte", "reason": "bad \udc80 byte", "rc": 10**30, "delta": "soon", "cmd": ["a", 1]}
    host = named(_one("failed", detail=detail), "Install it")
    assert host.status_message == "bad ? byte"
    assert host.attributes["ansible.task.rc"] == 2**63 - 1
    assert "ansible.task.module_seconds" not in host.attributes
    assert host.attributes["ansible.task.cmd"] == "['a', 1]"


def test_what_a_service_had_up_is_on_the_root() -> None:
    """Also where the tags name none."""
    story = Tasks()
    story.task(f"{DOWN}:shop {DOWN}")  # 1 to 1.5
    story.task(f"{UP}:shop {DOWN}", "h1", "h2")  # 2 to 2.5
    story.task(UP, "h1", "h2")
    story.end(story.t)
    found = named(told(story), "RUN site.yml").attributes
    assert {name: value for name, value in found.items() if "downtime" in name} == {
        "ansible.downtime.max_seconds": 2.5,
        "ansible.downtime.reduced_seconds": 2.5,
        "ansible.downtime.outage_seconds": 1.5,
        "ansible.downtime.shop.reduced_seconds": 1.5,
        "ansible.downtime.shop.outage_seconds": 0,
    }


def test_context_variables_are_on_the_root() -> None:
    story = Story()
    story.events[0] = story.events[0]._replace(context_vars={"env": "staging"})
    story.end(1)
    assert named(told(story), "RUN site.yml").attributes["ansible.context.env"] == "staging"
