"""Which sinks a run has, in one place; what each needs is imported only where it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..events import RunStarted
from ..features import features
from ..journal.directory import Directory
from ..settings import Settings
from .blocked import Blocked
from .contract import Sink
from .metric_destinations import metric_ways, open_metrics
from .metrics import Way

__all__ = ["open_sinks"]


def open_sinks(settings: Settings, started: RunStarted, state_dir: Path, environ: Mapping[str, str]) -> list[Sink[Any]]:
    """Return the sinks of a run, by the settings and the environment of now; what these leave open, the run's own say.

    One that cannot be opened stands in nobody's way: the run waits for it (`blocked`).
    """
    settings = settings.for_run(started.context_vars).completed_by(started.settings)
    wanted = features(settings, started.callbacks)

    def traces() -> Sequence[Sink[Any]]:
        from .trace_destinations import open_traces

        return open_traces(settings, started, state_dir, environ)

    def log() -> Sequence[Sink[Any]]:
        from .logs import open_logs

        return open_logs(settings, started, state_dir)

    def history() -> Sequence[Sink[Any]]:
        from .history import open_history

        return open_history(settings, started, state_dir, environ)

    def metrics(way: Callable[[], Way]) -> Callable[[], Sequence[Sink[Any]]]:
        return lambda: open_metrics(way, settings, started, state_dir)

    def page() -> Sequence[Sink[Any]]:
        from .expectations import usual_for
        from .page import PageSink

        return [PageSink(settings, started.run_id, Directory(state_dir), usual_for(started, state_dir))]

    def mail() -> Sequence[Sink[Any]]:
        from .expectations import usual_for
        from .logs import archive_of
        from .mail import MailSink

        def archive() -> Path | None:
            return archive_of(settings, started, state_dir) if wanted.log else None

        pages = Directory(state_dir).page(started.run_id)
        return [MailSink(settings, started, archive, pages, usual_for(started, state_dir))]

    openers: dict[str, tuple[bool, Callable[[], Sequence[Sink[Any]]]]] = {
        "traces": (wanted.traces, traces),
        "history": (wanted.history, history),
        "log": (wanted.log, log),
        "page": (wanted.page, page),
        "mail": (wanted.mail, mail),
    }
    openers |= {name: (wanted.history, metrics(way)) for name, way in metric_ways(settings, environ).items()}
    sinks: list[Sink[Any]] = []
    for name, (is_wanted, opened) in openers.items():
        if is_wanted:
            try:
                sinks += opened()
            except Exception as error:  # noqa: BLE001 - one sink's fault must not touch the others
                sinks.append(Blocked(name, f"The {name} cannot be delivered: {str(error) or type(error).__name__}"))
    return sinks
