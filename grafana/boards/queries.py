"""The queries' words: a metric with the matchers of the dashboard's variables, and what is made of several."""

from __future__ import annotations

from deploytrace.store.catalogue import METRICS

__all__ = ["age", "grown", "latest", "of", "per_playbook", "share", "usual"]

_SUFFIXES = ("_bucket", "_sum", "_count")
_CHOSEN = ("playbook", "host")  # labels that a variable chooses, where a metric has them


def of(name: str, *matchers: str) -> str:
    """Select a metric's series of the chosen jobs, instances, playbooks and hosts. Raises KeyError: no such metric."""
    family = name if name in METRICS else next(name.removesuffix(end) for end in _SUFFIXES if name.endswith(end))
    chosen = [f'{label}=~"${label}"' for label in ("job", "instance", *_CHOSEN) if label in _labels(family)]
    return f"{name}{{{', '.join([*chosen, *matchers])}}}"


def _labels(family: str) -> set[str]:
    return {"job", "instance", *METRICS[family].labels}


def grown(name: str, *matchers: str, over: str = "$__range") -> str:
    """By how much a counter grew in the dashboard's time, or in ``over``."""
    return f"increase({of(name, *matchers)}[{over}])"


def per_playbook(operation: str, expression: str) -> str:
    """Aggregate over controllers: a playbook is the same one wherever it runs."""
    return f"{operation} by (job, playbook) ({expression})"


def latest(name: str) -> str:
    """What the controller says on which the playbook ended last."""
    ended = of("ansible_playbook_last_completion_timestamp_seconds")
    newest = f"{ended} == on (job, playbook) group_left () {per_playbook('max', ended)}"
    return per_playbook("max", f"{of(name)} and on (job, instance, playbook) ({newest})")


def age(name: str) -> str:
    """Seconds since the newest of the controllers' times."""
    return f"time() - {per_playbook('max', of(name))}"


def usual() -> str:
    """The mean of a playbook's runs of 14 days, as the recording rule of ``deploy/prometheus/rules`` keeps it."""
    recorded = 'job_playbook:ansible_playbook_duration_seconds:mean14d{job=~"$job", playbook=~"$playbook"}'
    return per_playbook("max", recorded)


def share(part: str, whole: str) -> str:
    """A part of a whole, from 0 to 1; nothing, instead of NaN, where there is no whole."""
    return f"{part} / ({whole} > 0)"
