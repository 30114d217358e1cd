"""The head of the page: which run this is, how it ended, its figures at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from ... import identity
from ...run.model import Node, Outcome, RunDetail
from ...settings import Settings
from ..links import dashboard_link, trace_link
from ..wording import duration, local_time
from .markup import Markup, element, line

__all__ = ["head_of", "title_of"]

_VERDICTS = {
    Outcome.OK: "succeeded",
    Outcome.SKIPPED: "did nothing",
    Outcome.RUNNING: "is running",
}
_BAD = ("failed", "unreachable", "interrupted", "rescued", "ignored")


def title_of(run: Node) -> str:
    """Return the page's title: the playbook, how it ended and when it began."""
    return f"{_playbook(run)} {_verdict(run)}, {local_time(run.start)[:16]}"


def head_of(run: Node, settings: Settings) -> Markup:
    """Return the head of the page."""
    detail = run.detail
    if not isinstance(detail, RunDetail):
        raise TypeError("a run's own node is wanted")
    links = {
        "Trace": trace_link(settings, detail.started),
        "Dashboard": dashboard_link(settings, detail.started, run),
    }
    shown = [element("a", name, href=link, rel="noreferrer") for name, link in links.items() if _is_address(link)]
    return element(
        "header",
        element(
            "div",
            element("h1", _playbook(run)),
            element("span", _verdict(run), class_=f"badge {run.outcome.value}"),
            element("nav", *shown, aria_label="Elsewhere") if shown else None,
            class_="title",
        ),
        element("p", line(run.failure.message, 500), class_="reason") if run.failure and run.failure.message else None,
        element("div", *(_tile(*tile) for tile in _tiles(run, detail)), class_="tiles"),
        element("dl", *(_fact(name, value) for name, value in _facts(run, detail, settings) if value), class_="facts"),
    )


def _playbook(run: Node) -> str:
    detail = run.detail
    name = PurePath(detail.started.playbook).name if isinstance(detail, RunDetail) else ""
    return line(name or run.name, 120)


def _verdict(run: Node) -> str:
    return _VERDICTS.get(run.outcome, run.outcome.value)


def _is_address(link: str | None) -> bool:
    """A link must not run a script: the template is the user's, but what it leads to is opened by others."""
    return link is not None and link.startswith(("http://", "https://"))


def _tile(name: str, value: str, more: str = "") -> Markup:
    return element(
        "div",
        element("span", name, class_="name"),
        element("strong", value),
        element("span", more, class_="more") if more else None,
        class_="tile",
    )


def _tiles(run: Node, detail: RunDetail) -> Iterator[tuple[str, str, str]]:
    hosts = detail.hosts
    total = hosts.get("total", 0)
    bad = ", ".join(f"{hosts[name]} {name}" for name in _BAD if hosts.get(name))
    changed = f"{hosts['changed']} changed" if hosts.get("changed") else "none changed"
    yield "Took", duration(run.end - run.start), local_time(run.start)[:19]
    yield "Hosts", str(total), bad or changed
    yield "Tasks", str(detail.tasks_total), ""
    yield "Slowest host above the median", duration(detail.straggler_ns), "over all tasks in lockstep"
    if detail.downtime_ns is not None:
        yield "Longest downtime", duration(detail.downtime_ns), "of one host"


def _fact(name: str, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _facts(run: Node, detail: RunDetail, settings: Settings) -> Iterator[tuple[str, str]]:
    started = detail.started
    context = dict(started.context_vars)
    yield "Playbook", line(started.playbook)
    yield "Environment", line(context.pop("env", "") or settings.environment or "", 80)
    for name, value in context.items():
        yield line(name, 40), line(value, 80)
    yield "Limit", line(started.limit or "", 200)
    yield "Tags", line(", ".join(started.tags), 200) if started.tags != ("all",) else ""
    yield "Skipped tags", line(", ".join(started.skip_tags), 200)
    yield "Forks", str(started.forks or "")
    yield "Mode", "check: nothing was to be changed" if started.check_mode else ""
    yield "Revision", line(started.resource.get("vcs.ref.head.revision", ""), 80)
    yield "By", line(f"{started.user} on {started.host_name}", 120)
    yield "Ansible", line(started.ansible_version, 40)
    yield "Run", started.run_id
    trace = identity.trace_id(started.run_id, started.traceparent, started.join_trace)
    yield "Trace", trace if trace != started.run_id else ""
    yield "Ended", local_time(run.end)
