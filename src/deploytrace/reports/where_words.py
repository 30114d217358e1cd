"""The shares of a run's time (`analysis.where.SHARES`) in words for people, and their colours in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["RARE", "SHARE_STYLES", "SHARE_WORDS"]

RARE = frozenset({"throttle"})
"""Shares that are shown only of runs that have some."""

SHARE_WORDS: Mapping[str, str] = {
    "module": "hosts at work",
    "connection": "connecting and starting modules",
    "forks": "waiting for a free fork",
    "throttle": "waiting for a throttled task",
    "slowest_host": "waiting for slower hosts",
    "controller": "waiting for Ansible itself",
    "overhead": "deploytrace's callbacks, at most",
}

SHARE_STYLES: Mapping[str, str] = {
    "module": "green",
    "connection": "cyan",
    "forks": "yellow",
    "throttle": "bright_yellow",
    "slowest_host": "magenta",
    "controller": "red",
    "overhead": "blue",
}
