"""What went wrong, as the page tells it: each cause once, with the hosts it struck and the first one's output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...analysis.causes import Cause, Causes
from ...run.model import Outcome
from .markup import Markup, element, excerpt, joined, line

__all__ = ["OUTPUT_LENGTH", "failures_section"]

OUTPUT_LENGTH = 8192
"""Characters that are shown of each output; of a longer one the beginning and the end."""

_CAUSES, _HOSTS, _ITEMS, _OPEN = 25, 100, 20, 3
_OUTPUTS: Mapping[str, str] = {
    "msg": "message",
    "stderr": "standard error",
    "module_stderr": "the module's standard error",
    "stdout": "standard output",
    "module_stdout": "the module's standard output",
    "exception": "traceback",
}
_HAPPENED: Mapping[Outcome, str] = {Outcome.FAILED: "failed", Outcome.UNREACHABLE: "could not be reached"}
_HIDDEN = "(hidden by no_log)"


def failures_section(causes: Causes, interrupted: bool) -> Markup | None:
    """Return the causes of a run, None where there are none."""
    told: Sequence[Cause] = (*(causes.under_way() if interrupted else ()), *causes.failures())
    if not told:
        return None
    shown = [_cause(cause, is_open=number < _OPEN) for number, cause in enumerate(told[:_CAUSES])]
    more = sum(cause.hosts_total for cause in told[_CAUSES:]) + causes.untold
    rest = (
        element("p", f"More causes, on {more} hosts: `deploytrace trace` shows them.", class_="dim") if more else None
    )
    heading = "What was under way" if interrupted and not causes.failures() else "What went wrong"
    return element("section", element("h2", heading, id="failures"), *shown, rest, aria_labelledby="failures")


def _cause(cause: Cause, *, is_open: bool) -> Markup:
    number = f"{cause.hosts_total} host{'s' if cause.hosts_total != 1 else ''} "
    happened = number + _HAPPENED.get(cause.outcome, "at work when the run was broken off")
    task = cause.definition
    name = f"{task.role} | {task.name}" if task.role else task.name
    place = f"{task.path}:{task.line}" if task.path and task.line else ""
    return element(
        "details",
        element(
            "summary",
            element("span", happened, class_=f"badge {cause.outcome.value}"),
            element("strong", line(name)),
            element("span", line(cause.reason, 500) or _HIDDEN, class_="reason"),
        ),
        element("dl", *_facts(cause, place), class_="facts"),
        *_items(cause.detail),
        *_output(cause),
        open=is_open,
        class_="cause",
    )


def _facts(cause: Cause, place: str) -> Iterator[Markup]:
    hosts = ", ".join(line(host, 120) for host in cause.hosts[:_HOSTS])
    more = cause.hosts_total - min(_HOSTS, len(cause.hosts))
    facts = {
        "Hosts": hosts + (f" and {more} more" if more else ""),
        "Play": line(cause.play, 120),
        "Module": line(cause.definition.action, 120),
        "Where": line(place),
        "Command": line(str(cause.detail.get("cmd") or ""), 1000),
        "Exit status": str(cause.detail.get("rc", "")),
        "Tries": str(cause.attempts) if cause.attempts > 1 else "",
    }
    for name, value in facts.items():
        if value:
            yield joined(element("dt", name), element("dd", value))


def _items(detail: Mapping[str, Any]) -> Iterator[Markup]:
    items = [item for item in detail.get("failed_items") or () if isinstance(item, Mapping)]
    if items:
        rows = [element("li", line(f"{item.get('label', '')}: {item.get('msg', '')}", 500)) for item in items[:_ITEMS]]
        yield element("h3", "Items that failed")
        yield element("ul", *rows)


def _output(cause: Cause) -> Iterator[Markup]:
    """Yield the first host's outputs; what the reason says already is not said twice."""
    said = {cause.reason.strip(), ""}
    for key, name in _OUTPUTS.items():
        text = str(cause.detail.get(key) or "").strip()
        if text not in said:
            said.add(text)
            title = f"{name} of {line(cause.hosts[0], 120)}" if cause.hosts else name
            yield element("h3", title)
            yield element("pre", excerpt(text, OUTPUT_LENGTH), tabindex="0", aria_label=title)
