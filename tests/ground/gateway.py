"""The OpenTelemetry Collector with the components of the shipped gateway, built by its own builder, once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ground.cache import CACHE, ROOT, MissingPart, build_once, digest, run_tool

__all__ = ["gateway_program"]

_BUILDER = "go.opentelemetry.io/collector/cmd/builder"
_MANIFEST = ROOT / "deploy/collector/builder.yml"
_OUTPUT = "./otelcol-gateway"


def gateway_program() -> Path:
    """The Collector that ``deploy/collector/builder.yml`` describes. Raises `MissingPart` where there is no Go."""
    manifest = _MANIFEST.read_text()
    version = next(line.split()[1] for line in manifest.splitlines() if line.strip().startswith("version:"))

    def build(target: Path) -> None:
        if not shutil.which("go"):
            raise MissingPart("The gateway's Collector is built with Go, and there is no 'go' on PATH.")
        environ = os.environ | {"GOWORK": "off", "GOFLAGS": "-buildvcs=false", "GOBIN": str(target / "bin")}
        run_tool("go", "install", f"{_BUILDER}@v{version}", environ=environ)
        (target / "builder.yml").write_text(manifest.replace(_OUTPUT, str(target / "source")))
        run_tool(target / "bin/builder", "--config", target / "builder.yml", environ=environ)
        shutil.move(target / "source/otelcol-gateway", target / "otelcol-gateway")
        shutil.rmtree(target / "source")
        shutil.rmtree(target / "bin")

    what = "the gateway's OpenTelemetry Collector, about 2 minutes on 2 cores, once"
    return build_once(CACHE / "gateway" / f"{version}-{digest(manifest)}", what, build) / "otelcol-gateway"
