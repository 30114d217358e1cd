"""Which pictures there are: one for each row of each dashboard, as the dashboards' own files have them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PICTURES", "Picture"]

_ROOT = Path(__file__).resolve().parents[2]
_BOARDS = ("deploys", "where-the-time-goes", "hosts", "telemetry-health")


@dataclass(frozen=True)
class Picture:
    """One row of a dashboard. ``panels`` are the titles of all that is in it."""

    board: Path
    row: str
    panels: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it is."""
        words = re.sub(r"\(.*\)", "", self.row).lower().split()
        return _ROOT / "docs/images/dashboards" / f"{self.board.stem}-{'-'.join(words)}.png"


def _pictures() -> list[Picture]:
    found = []
    for name in _BOARDS:
        path = _ROOT / f"grafana/dashboards/{name}.json"
        board = json.loads(path.read_text(encoding="utf-8"))
        rows: dict[str, list[str]] = {}
        for panel in board["panels"]:
            if panel["type"] == "row":
                rows[panel["title"]] = []
            else:
                rows[next(reversed(rows))].append(panel["title"])
        found += [Picture(path, row, tuple(panels)) for row, panels in rows.items()]
    return found


PICTURES = _pictures()
"""All pictures, in their order."""
