"""The mail about a run that failed, as a letter: every text of it chosen, bounded and made harmless.

`mail_html` and `mail_text` put a letter on paper. What comes from hosts and playbooks passes through here: terminal
colours are left out, other control characters made visible, long texts cut. The log is in the archive, so the letter is
short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, NamedTuple

from ..analysis.causes import Cause, Causes
from ..analysis.ranking import RankedTask, Ranking
from ..run.model import Node, Outcome, RunDetail
from ..settings import Settings
from .links import dashboard_link, trace_link
from .wording import cut, duration, local_time, neutral, neutral_line, without_ansi

__all__ = ["Letter", "Output", "Trouble", "letter_of", "test_letter"]

_SUBJECT_TASK, _SUBJECT_REASON = 80, 120  # terminal cells
_REASON = 500
_TROUBLES = 8  # causes that are described; the rest is counted
_HOSTS = 15  # named for each
_ITEMS = 5
_SLOWEST = 5
_LINES, _LINE = 12, 160  # of an output: lines kept of its end, terminal cells of a line
_HIDDEN = "(hidden by no_log)"
_SAYS_NOTHING = frozenset({"non-zero return code", "MODULE FAILURE"})


@dataclass(frozen=True, slots=True)
class Output:
    """The end of what a host's command said."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause: what happened to how many hosts, where in the playbook, and what the first host said of it."""

    heading: str
    task: str
    place: str
    reason: str
    hosts: str
    command: str
    items: tuple[str, ...]
    output: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's contents.

    ``verdict`` is Failed, Unreachable, Interrupted or Test; each of ``slowest`` has a name, a time and its share of
    the longest. ``slower`` says what was slower than usual, a line each.
    """

    subject: str
    verdict: str
    headline: str
    reason: str
    run: str
    facts: tuple[tuple[str, str], ...]
    troubles: tuple[Trouble, ...]
    untold: str
    slowest: tuple[tuple[str, str, float], ...]
    links: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    slower: tuple[str, ...] = ()

    def with_note(self, note: str) -> Letter:
        """Return the letter with one more note at its end."""
        return replace(self, notes=(*self.notes, _harmless(note, 1000)))


def _harmless(text: str, width: int) -> str:
    """Return a text as one line of at most ``width`` terminal cells that nothing acts on."""
    return cut(neutral_line(without_ansi(text)), width)


def letter_of(
    run: Node, causes: Causes, ranking: Ranking, last: str, settings: Settings, slower: Sequence[str] = ()
) -> Letter | None:
    """Return the letter about a run, or None where there is nothing to write about: it went well.

    ``run`` is the run's own node, ``last`` the name of the task that ended last, ``slower`` what was slower than usual.
    """
    detail = run.detail
    if not isinstance(detail, RunDetail) or run.outcome not in _VERDICTS:
        return None
    failures, under_way = causes.failures(), causes.under_way()
    interrupted = run.outcome is Outcome.INTERRUPTED
    told = (*(under_way if interrupted else ()), *failures)
    verdict = _verdict(run, failures, under_way, last)
    started = detail.started
    links = (("Trace", trace_link(settings, started)), ("Dashboard", dashboard_link(settings, started, run)))
    slowest = ranking.tasks(limit=_SLOWEST)
    return Letter(
        subject=_subject(verdict),
        verdict=verdict.word,
        headline=_harmless(verdict.headline, 200),
        reason=_harmless(verdict.reason, _REASON),
        run=_harmless(PurePath(started.playbook).name, 80),
        facts=tuple(_facts(run, detail, settings)),
        troubles=tuple(map(_trouble, told[:_TROUBLES])),
        untold=_untold(told[_TROUBLES:], causes.untold),
        slowest=tuple((_ranked(task), duration(task.wall_ns), task.wall_ns / slowest[0].wall_ns) for task in slowest),
        links=tuple((label, link) for label, link in links if link),
        notes=(f"On the controller, `deploytrace trace {started.run_id[:8]}` shows the whole run.",),
        slower=tuple(_harmless(line, 200) for line in slower),
    )


def test_letter(facts: tuple[tuple[str, str], ...]) -> Letter:
    """Return the letter that tries out the way."""
    return Letter(
        subject="deploytrace: test mail",
        verdict="Test",
        headline="Mails arrive here",
        reason="When a run fails, a mail comes the same way.",
        run="deploytrace mail --test",
        facts=tuple((name, _harmless(value, 200)) for name, value in facts),
        troubles=(),
        untold="",
        slowest=(),
        links=(),
        notes=("Nothing has failed.",),
    )


_VERDICTS: Mapping[Outcome, str] = {
    Outcome.FAILED: "Failed",
    Outcome.UNREACHABLE: "Unreachable",
    Outcome.INTERRUPTED: "Interrupted",
}


class _Verdict(NamedTuple):
    """``task`` is what the subject names, ``headline`` the same with its role."""

    word: str
    task: str
    headline: str
    reason: str


def _verdict(run: Node, failures: Sequence[Cause], under_way: Sequence[Cause], last: str) -> _Verdict:
    """Return what is said of a run first: what was being done, and why that went wrong by the first real failure."""
    word = _VERDICTS[run.outcome]
    why = run.failure.message if run.failure is not None else ""
    if run.outcome is Outcome.INTERRUPTED:
        if under_way:
            return _Verdict(word, f"during {under_way[0].definition.name}", _task(under_way[0]), why)
        between = f"after {last}" if last else "before the first task"
        return _Verdict(word, between, between, why)
    if failures:
        first = failures[0]
        return _Verdict(_VERDICTS[first.outcome], first.definition.name, _task(first), first.reason or _HIDDEN)
    return _Verdict(word, run.name, run.name, why or "no host told why")


def _subject(verdict: _Verdict) -> str:
    task = _harmless(verdict.task, _SUBJECT_TASK)
    reason = _harmless(verdict.reason, _SUBJECT_REASON)
    words = {"Unreachable": reason, "Interrupted": task}
    return f"{verdict.word}: {words.get(verdict.word, f'{task} {reason}')}"


def _task(cause: Cause) -> str:
    definition = cause.definition
    return f"{definition.role} | {definition.name}" if definition.role else definition.name


def _ranked(task: RankedTask) -> str:
    name = f"{task.role} | {task.task}" if task.role else task.task
    return _harmless(name, 200) + (f" (x{task.count})" if task.count > 1 else "")


def _facts(run: Node, detail: RunDetail, settings: Settings) -> Iterator[tuple[str, str]]:
    started = detail.started
    yield "Playbook", _harmless(started.playbook, 200)
    context = dict(started.context_vars)
    environment = context.pop("env", None) or settings.environment
    if environment:
        yield "Environment", _harmless(environment, 80)
    for name, value in context.items():
        yield _harmless(name, 40), _harmless(value, 80)
    yield "Started", local_time(run.start)
    yield "Took", duration(run.end - run.start)
    yield "Hosts", _counts(detail.hosts)
    yield "Tasks", str(detail.tasks_total)
    if started.limit:
        yield "Limit", _harmless(started.limit, 200)
    if started.tags and started.tags != ("all",):
        yield "Tags", _harmless(", ".join(started.tags), 200)
    if started.check_mode:
        yield "Mode", "check: nothing was to be changed"
    yield "By", _harmless(f"{started.user} on {started.host_name}", 120)


def _counts(hosts: Mapping[str, int]) -> str:
    named = ("ok", "failed", "unreachable", "interrupted", "rescued", "ignored")
    counts = [f"{hosts[name]} {name}" for name in named if hosts.get(name)]
    return " · ".join([f"{hosts.get('total', 0)} in all", *counts])


def _trouble(cause: Cause) -> Trouble:
    task = cause.definition
    hosts = [_harmless(host, 80) for host in cause.hosts[:_HOSTS]]
    more = cause.hosts_total - len(hosts)
    number = f"{cause.hosts_total} host" + ("s" if cause.hosts_total != 1 else "")
    what = {Outcome.FAILED: "failed", Outcome.UNREACHABLE: "could not be reached"}
    place = f"{PurePath(*PurePath(task.path).parts[-3:])}:{task.line}" if task.path and task.line else ""
    return Trouble(
        heading=f"{number} {what.get(cause.outcome, 'at work when the run was broken off')}",
        task=_harmless(_task(cause), 200),
        place=_harmless(place, 80),
        reason=_harmless(cause.reason, _REASON) or _HIDDEN,
        hosts=", ".join(hosts) + (f" and {more} more" if more else ""),
        command=_harmless(str(cause.detail.get("cmd") or ""), 300),
        items=tuple(_items(cause.detail)),
        output=tuple(_output(cause)),
    )


def _items(detail: Mapping[str, Any]) -> Iterator[str]:
    items = [item for item in detail.get("failed_items") or () if isinstance(item, Mapping)]
    for item in items[:_ITEMS]:
        yield _harmless(f"{item.get('label', '')}: {item.get('msg', '')}", 300)
    if len(items) > _ITEMS:
        yield f"and {len(items) - _ITEMS} more items"


def _output(cause: Cause) -> Iterator[Output]:
    """Yield how the first host's output ended; what the reason says already is not said twice."""
    names = {
        "stderr": "standard error",
        "module_stderr": "the module's standard error",
        "stdout": "standard output",
        "module_stdout": "the module's standard output",
        "msg": "message",
    }
    host = _harmless(cause.hosts[0], 80)
    said = {cause.reason.strip()} | _SAYS_NOTHING
    for key, name in names.items():
        text = str(cause.detail.get(key) or "").strip()
        if text in said:
            continue
        said.add(text)
        lines = [line.rstrip() for line in without_ansi(text).expandtabs(4).splitlines()]
        kept = tuple(cut(neutral(line), _LINE) for line in lines[-_LINES:])
        if kept:
            rest = f", last {len(kept)} of {len(lines)} lines" if len(lines) > len(kept) else ""
            yield Output(f"{name} of {host}{rest}", kept)


def _untold(causes: Sequence[Cause], untold: int) -> str:
    if not causes and not untold:
        return ""
    hosts = sum(cause.hosts_total for cause in causes) + untold
    more = f"{len(causes)} more causes" if len(causes) > 1 else "One more cause" if not untold else "More causes"
    return f"{more}, on {hosts} host{'s' if hosts > 1 else ''}: see the log."
