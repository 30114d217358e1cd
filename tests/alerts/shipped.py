"""The rules and the configurations that are shipped in ``deploy/``, as the tests look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ground.cache import ROOT

__all__ = ["ALERTMANAGER", "RULES", "UNIT_TESTS", "alerts", "rules", "unit_tests"]

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
UNIT_TESTS = sorted((Path(__file__).parent / "rules").glob("*.yml"))
"""promtool's unit tests of the rules."""


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, with its group under ``group``."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield {**rule, "group": group}


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def unit_tests() -> Iterator[dict[str, Any]]:
    """Every case in promtool's unit tests of alerts: ``alertname``, ``exp_alerts``."""
    for path in UNIT_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            yield from test.get("alert_rule_test", ())
