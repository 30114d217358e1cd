"""Where the metrics go besides being scraped: each way is switched on by one setting, here in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..events import RunStarted
from ..settings import Settings
from ..store.address import store_url_of
from .metrics import MetricsSink, Publisher, Way

__all__ = ["metric_ways", "open_metrics"]


def metric_ways(settings: Settings, environ: Mapping[str, str]) -> dict[str, Callable[[], Way]]:
    """Return the ways that are on, by name, to be opened; opening raises `SettingError` where a value is of no use."""
    ways: dict[str, Callable[[], Way]] = {}
    if (path := settings.metrics_textfile) is not None:

        def textfile() -> Way:
            from .metrics_textfile import Textfile

            return Textfile(path)

        ways["metrics_textfile"] = textfile
    if (url := settings.metrics_pushgateway) is not None:

        def pushgateway() -> Way:
            from .metrics_pushgateway import Pushgateway

            return Pushgateway(url)

        ways["metrics_pushgateway"] = pushgateway
    if environ.get("OTEL_METRICS_EXPORTER"):
        from .metrics_otlp import OtlpMetrics, metrics_exported

        if metrics_exported(environ):
            ways["metrics_otlp"] = lambda: OtlpMetrics(settings, environ)
    return ways


def open_metrics(way: Callable[[], Way], settings: Settings, started: RunStarted, state_dir: Path) -> list[MetricsSink]:
    """Return a run's sink on a way. Raises `SettingError`, also where the metrics would be those of another store."""
    store_url_of(started, settings, state_dir)
    return [MetricsSink(Publisher(settings, state_dir, way()))]
