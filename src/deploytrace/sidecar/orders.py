"""What a sidecar is told by whoever starts it: one JSON object on its standard input."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..settings import Settings

__all__ = ["Orders", "read_orders"]


@dataclass(frozen=True, slots=True)
class Orders:
    """Which journal to follow, in which state directory, and the settings of the process that writes it.

    ``pidfd`` is a descriptor of that process, where the system has such; ``columns`` is the width of its console.
    """

    journal: Path
    state_dir: Path
    pidfd: int | None
    settings: Settings
    columns: int = 79


def read_orders(text: bytes) -> Orders:
    """Return the orders in a JSON text. Raises `ValueError` where it holds none."""
    try:
        given: Any = json.loads(text)
        pidfd = given.get("pidfd")
        return Orders(
            journal=Path(given["journal"]),
            state_dir=Path(given["state_dir"]),
            pidfd=None if pidfd is None else int(pidfd),
            settings=_settings(given.get("settings") or {}),
            columns=int(given.get("columns") or 79),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no orders for a sidecar ({error.__class__.__name__}: {error})") from None


def _settings(given: Mapping[str, Any]) -> Settings:
    values = {}
    for item in dataclasses.fields(Settings):
        if item.name in given:
            value = given[item.name]
            if isinstance(value, list):
                value = tuple(value)
            elif value is not None and str(item.type).startswith("Path"):
                value = Path(value)
            values[item.name] = value
    return Settings(**values)
