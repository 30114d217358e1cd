"""Pushes the metrics over OTLP again and again: what is not told for five minutes Prometheus takes for gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ..errors import DeliveryRefused, DeliveryUnavailable
from ..sinks.metrics import Publisher

__all__ = ["Pushing", "push_interval"]

_LONGEST_INTERVAL = 60.0  # s
_VARIABLE = "OTEL_METRIC_EXPORT_INTERVAL"


def push_interval(environ: Mapping[str, str]) -> float:
    """Return the seconds between two pushes: what the standard variable says (in ms), 60 at most."""
    text = environ.get(_VARIABLE, "").strip()
    return min(_LONGEST_INTERVAL, int(text) / 1000) if text.isdecimal() and int(text) else _LONGEST_INTERVAL


class Pushing:
    """A thread that publishes every ``interval`` s; ``say`` is told of each cause of failure once."""

    def __init__(self, publisher: Publisher, interval: float, say: Callable[[str], None]) -> None:
        self._publisher = publisher
        self._interval = interval
        self._say = say
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push metrics", daemon=True)

    def start(self) -> None:
        """Begin, with a push at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; a push that is under way is not waited for."""
        self._stopped.set()

    def _run(self) -> None:
        trouble = ""
        while True:
            try:
                self._publisher.publish()
                if trouble:
                    self._say(f"Metrics get through to {self._publisher.way.destination} again.")
                trouble = ""
            except (DeliveryUnavailable, DeliveryRefused) as error:
                if str(error) != trouble:
                    self._say(str(error))
                trouble = str(error)
            if self._stopped.wait(self._interval):
                return
