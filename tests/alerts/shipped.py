"""The rules and the configurations that are shipped in ``deploy/``, as the tests look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploytrace.store.catalogue import METRICS, Type
from ground.cache import ROOT
from ground.smtp import MailServer

__all__ = [
    "ALERTMANAGER",
    "GATEWAY",
    "RULES",
    "UNIT_TESTS",
    "alertmanager_for",
    "alerts",
    "changed",
    "known_series",
    "rules",
    "unit_tests",
]

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
UNIT_TESTS = sorted((Path(__file__).parent / "rules").glob("*.yml"))
"""promtool's unit tests of the rules."""
GATEWAY = {
    "otelcol_exporter_queue_size": {"data_type", "exporter"},
    "otelcol_exporter_queue_capacity": {"data_type", "exporter"},
    "otelcol_exporter_send_failed_spans": {"exporter", "server_address", "server_port"},
}
"""What the gateway tells about itself, as far as rules name it, and its labels; ``tests/gateway`` asks a real one."""
_TARGET_LABELS = {"job", "instance"}


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, with its group under ``group``."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield {**rule, "group": group}


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def known_series() -> dict[str, set[str]]:
    """What may stand in an expression: every series of every metric and recorded rule, with the labels it may have."""
    known = {"up": set(_TARGET_LABELS)} | {name: _TARGET_LABELS | labels for name, labels in GATEWAY.items()}
    for metric in METRICS.values():
        labels = _TARGET_LABELS | set(metric.labels)
        if metric.type is Type.HISTOGRAM:
            known |= {f"{metric.name}_sum": labels, f"{metric.name}_count": labels}
            known[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            known[metric.name] = labels
    for rule in rules():
        if "record" in rule:
            known[rule["record"]] = set(rule["record"].partition(":")[0].split("_"))
    return known


def unit_tests() -> Iterator[dict[str, Any]]:
    """Every case in promtool's unit tests of alerts: ``alertname``, ``exp_alerts``."""
    for path in UNIT_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            yield from test.get("alert_rule_test", ())


def changed(path: Path, directory: Path, substitutions: Mapping[str, str]) -> Path:
    """Copy a shipped file to ``directory``, with some of its texts replaced, each of which must be there."""
    text = path.read_text()
    for shipped, here in substitutions.items():
        assert shipped in text, f"{path.name} has no '{shipped}'"
        text = text.replace(shipped, here)
    copy = directory / path.name
    copy.write_text(text)
    return copy


def alertmanager_for(mail: MailServer, directory: Path) -> Path:
    """The shipped configuration of Alertmanager, with a mail server of the test's own and without the waiting.

    It does not log in either: Alertmanager's LOGIN knows other prompts than aiosmtpd's.
    """
    substitutions = {
        "smtp.example.com:587": f"127.0.0.1:{mail.port}",
        "  smtp_auth_username: alerts@example.com\n": "",
        "  smtp_auth_password_file: /etc/alertmanager/smtp_password\n": "",
        "smtp_require_tls: true": "smtp_require_tls: false",
        "group_wait: 30s": "group_wait: 1s",
        "group_interval: 5m": "group_interval: 1s",
        "- ansible.tmpl": f"- {ALERTMANAGER.with_name('ansible.tmpl')}",
    }
    return changed(ALERTMANAGER, directory, substitutions)
