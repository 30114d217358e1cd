"""The shares of a run's time (`analysis.where.SHARES`) in words for people, and their colours in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SHARE_STYLES", "SHARE_WORDS"]

SHARE_WORDS: Mapping[str, str] = {
    "module": "hosts at work",
    "connection": "connecting and starting modules",
    "forks": "waiting for a free fork",
    "slowest_host": "waiting for slower hosts",
    "controller": "waiting for Ansible itself",
    "overhead": "deploytrace's callbacks, at most",
}

SHARE_STYLES: Mapping[str, str] = {
    "module": "green",
    "connection": "cyan",
    "forks": "yellow",
    "slowest_host": "magenta",
    "controller": "red",
    "overhead": "blue",
}
