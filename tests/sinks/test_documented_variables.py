"""Every standard variable that is read is documented, and every documented one is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from run.stories import Story

from .spans import opened

PAGE = Path(__file__).parents[2] / "docs" / "opentelemetry.md"


class _Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, names: set[str], **values: str) -> None:
        super().__init__(values)
        self._names = names

    def get(self, name: str, default: Any = None) -> Any:
        self._names.add(name)
        return super().get(name, default)


def _documented() -> set[str]:
    """The first column of the page's table, each name with its form for traces where it has one."""
    found = set()
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `OTEL_"):
            found |= set(re.findall(r"`(OTEL_\w+)`", line.split("|")[1]))
    providers = {re.sub("(HTTP|GRPC)_", r"\1_TRACES_", name) for name in found if "CREDENTIAL_PROVIDER" in name}
    ours = {name for name in found if name.startswith("OTEL_EXPORTER_OTLP_")}
    return found | providers | {name.replace("OTLP_", "OTLP_TRACES_") for name in ours}


def test_variables() -> None:
    asked: set[str] = set()
    for protocol in ("grpc", "http/protobuf"):
        values = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        for sampler in ("", "traceidratio"):
            for sink in opened(Story().events, _Asked(asked, **values, OTEL_TRACES_SAMPLER=sampler)):
                sink.close()
    assert asked == _documented()
