"""The timestamp line, the same in the console and in the log: now, since the line before, since the start."""

from __future__ import annotations

import datetime

__all__ = ["elapsed", "filled", "remaining", "timestamp"]

_LEAST_STARS = 3


def elapsed(seconds: float) -> str:
    """Return a duration as H:MM:SS.mmm."""
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{milliseconds / 1000:06.3f}"


def remaining(half: float, most: float) -> str:
    """Return what is left of a run in words, by half of the runs like it and by nine of ten (s)."""
    return f"{_clock(half)} left, {_clock(most)} at most"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def timestamp(now: float, since_last: float, since_start: float, utc_offset: int | None = None) -> str:
    """Return the line's text: ``now`` in Unix seconds and the two durations in seconds.

    ``utc_offset`` is how many seconds local time is ahead of UTC; None: as it is on this machine now.
    """
    zone = None if utc_offset is None else datetime.timezone(datetime.timedelta(seconds=utc_offset))
    shown = datetime.datetime.fromtimestamp(now, zone).astimezone(zone).strftime("%A %d %B %Y  %H:%M:%S %z")
    return f"{shown} ({elapsed(since_last)})       {elapsed(since_start)}"


def filled(text: str, columns: int) -> str:
    """Return a text filled with asterisks to a width, as Ansible fills its own lines; at least three of them."""
    return f"{text} {'*' * max(_LEAST_STARS, columns - len(text) - 1)}"
