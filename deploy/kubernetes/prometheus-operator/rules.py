"""Writes rules.yml beside it: the rules of ``deploy/prometheus/rules`` as the Prometheus Operator takes them.

    python deploy/kubernetes/prometheus-operator/rules.py

The files there are the only place for a rule; ``tests/stack`` fails where rules.yml is not what this would write.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_RULES = _HERE.parents[1] / "prometheus/rules"
_GROUPS = "groups:\n"
_FIRST = """\
# Written by rules.py from deploy/prometheus/rules: change the rules there. A file is a PrometheusRule of its own, so
# that a kustomization can leave it out.
"""
_HEAD = """\
---
{about}apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  namespace: deploytrace
spec:
  groups:
"""


def manifests() -> str:
    """Return the content of rules.yml."""
    return _FIRST + "".join(_manifest(path) for path in sorted(_RULES.glob("*.yml")))


def _manifest(path: Path) -> str:
    about, _, groups = path.read_text(encoding="utf-8").partition(_GROUPS)
    return _HEAD.format(about=about, name=path.stem) + textwrap.indent(groups, "  ")


if __name__ == "__main__":
    (_HERE / "rules.yml").write_text(manifests(), encoding="utf-8")
