"""Addresses of a run elsewhere, from the templates in the settings: its trace, a dashboard."""

from __future__ import annotations

import re
from urllib.parse import quote

from ..events import RunStarted
from ..identity import trace_id
from ..run.model import Node
from ..settings import Settings

__all__ = ["dashboard_link", "trace_link"]


def trace_link(settings: Settings, started: RunStarted) -> str | None:
    """Return the address of a run's trace in the UI, or None where no ``trace_url`` is set."""
    return _filled(settings.trace_url, _names(started))


def dashboard_link(settings: Settings, started: RunStarted, run: Node) -> str | None:
    """Return the address of a dashboard that shows a run, or None where no ``dashboard_url`` is set."""
    times = {"from_ms": str(run.start // 1_000_000), "to_ms": str(run.end // 1_000_000 + 1)}
    environment = started.context_vars.get("env") or settings.environment or ""
    more = {"playbook": started.playbook, "environment": environment}
    return _filled(settings.dashboard_url, {**_names(started), **more, **times})


def _names(started: RunStarted) -> dict[str, str]:
    trace = trace_id(started.run_id, started.traceparent, started.join_trace)
    return {"trace_id": trace, "run_id": started.run_id}


def _filled(template: str | None, values: dict[str, str]) -> str | None:
    """Return a template with the names in braces replaced, each as a part of an address; other braces stay."""
    if not template:
        return None
    return re.sub(
        r"\{(\w+)\}", lambda name: quote(values[name[1]], safe="") if name[1] in values else name[0], template
    )
