"""What a downtime window looks like as a span: on its host's timeline, beside the tasks that made it.

What the windows of a service's hosts mean together stands on the root span.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..analysis.downtime import ServiceDowntime, length
from ..run.model import DowntimeDetail, Kind
from .span import Value
from .span_limits import clean
from .span_shape import Attribute, Shape, seconds

__all__ = ["DOWNTIME", "SERVICES", "service_attributes"]

_REDUCED, _OUTAGE = "reduced_seconds", "outage_seconds"

DOWNTIME = Shape[DowntimeDetail](
    Kind.DOWNTIME,
    "downtime {service}",
    "When a host's service was down, by the tags of tasks ([downtime.md](downtime.md)). It stands in its play, or in "
    "the run where it goes from one play to another or is open. It ends 10 µs early, lest Jaeger's critical path take "
    "it for work.",
    name=lambda node, _: f"downtime {node.name}".rstrip(),
    attributes=(
        Attribute("ansible.downtime.host", "string", "The inventory's name of the host.", lambda _, down: down.host),
        Attribute(
            "ansible.downtime.service",
            "string",
            "The service that the tag names, where it names one.",
            lambda _, down: down.service or None,
        ),
        Attribute(
            "ansible.downtime.seconds",
            "double",
            "How long it was down at most: from the start of the task that took it down to the end of the one that "
            "brought it up, or to the run's end.",
            lambda _, down: seconds(down.duration_ns),
        ),
        Attribute(
            "ansible.downtime.at_least",
            "double",
            "Seconds that it was down at least: from the end of the first of the two to the start of the second.",
            lambda _, down: seconds(down.at_least_ns),
        ),
        Attribute(
            "ansible.downtime.open",
            "boolean",
            "Whether nothing had brought it up again when the run ended.",
            lambda _, down: down.open,
        ),
    ),
)

SERVICES: tuple[Attribute[Any], ...] = (
    Attribute(
        f"ansible.downtime.{{service}}.{_REDUCED}",
        "double",
        "How long fewer than all hosts of a service were up, at most; without {service} where the tags name none.",
        lambda _node, _subject: None,
    ),
    Attribute(
        f"ansible.downtime.{{service}}.{_OUTAGE}",
        "double",
        "How long no host of the service was up, at most.",
        lambda _node, _subject: None,
    ),
)
"""What the root span has of each service that was down on a host."""


def service_attributes(services: Iterable[ServiceDowntime]) -> dict[str, Value]:
    """Return these attributes (`SERVICES`)."""
    found: dict[str, Value] = {}
    for one in services:
        prefix = f"ansible.downtime.{clean(one.service)}".rstrip(".")
        found[f"{prefix}.{_REDUCED}"] = seconds(length(one.reduced))
        found[f"{prefix}.{_OUTAGE}"] = seconds(length(one.outage))
    return found
