"""Writes the dashboards as JSON: ``cd grafana && python -m boards``, or to another directory with its name after that.

Needs grafana-foundation-sdk, which needs Python 3.11 or newer. Nobody who uses the dashboards needs either.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from . import deploys, hosts, telemetry, where_time_goes

DASHBOARDS = {
    "deploys.json": deploys.board,
    "where-the-time-goes.json": where_time_goes.board,
    "hosts.json": hosts.board,
    "telemetry-health.json": telemetry.board,
}


def main() -> None:
    """Write them."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dashboards")
    for name, board in DASHBOARDS.items():
        document = json.loads(json.dumps(board().build(), cls=JSONEncoder))
        (target / name).write_text(json.dumps(_numbered(document), indent=2) + "\n", encoding="utf-8")


def _numbered(document: dict[str, Any]) -> dict[str, Any]:
    """Give rows and panels ids in their order: the SDK gives panels none, and all rows the same."""
    for number, panel in enumerate(document["panels"], 1):
        panel["id"] = number
    return document


main()
