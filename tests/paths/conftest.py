"""All that metrics may go to, running, and one Prometheus that sees the same of each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ground.collector import running_collector
from ground.node_exporter import running_node_exporter
from ground.prometheus import running_prometheus
from ground.pushgateway import running_pushgateway

from .landscape import Landscape


@pytest.fixture
def landscape(tmp_path: Path) -> Iterator[Landscape]:
    """Pushgateway, node_exporter, Collector and Prometheus, empty."""
    textfiles, targets = tmp_path / "textfiles", tmp_path / "exporters.json"
    textfiles.mkdir()
    targets.write_text("[]")
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(running_pushgateway())
        node = stack.enter_context(running_node_exporter(textfiles))
        collector = stack.enter_context(running_collector())
        fixed = {"gateway": gateway, "node": node, "collector": collector.scrape}
        scrape = [
            {"job_name": name, "honor_labels": name != "node", "static_configs": [{"targets": [address]}]}
            for name, address in fixed.items()
        ]
        scrape.append({"job_name": "exporter", "file_sd_configs": [{"files": [str(targets)]}]})
        prometheus = stack.enter_context(running_prometheus(scrape))
        yield Landscape(gateway, textfiles, collector, prometheus, targets)
