"""The shipped rules: right by promtool of both versions, each tested and documented, about metrics that there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ground.cache import ROOT
from ground.prometheus import GENERATIONS, prometheus_programs, running_prometheus

from .shipped import RULES, UNIT_TESTS, alerts, known_series, rules, unit_tests

RUNBOOKS = ROOT / "docs/runbooks"
LOOKBACK_S = 300  # older results of a recording rule are not seen (Prometheus's query.lookback-delta)


def _promtool(generation: str, *words: str | Path) -> str:
    command = [prometheus_programs(generation) / "promtool", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("generation", GENERATIONS)
def test_promtool_accepts_rules_and_configuration(generation: str) -> None:
    _promtool(generation, "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    said = _promtool(generation, "check", "config", "--lint=all", "--lint-fatal", "deploy/prometheus/prometheus.yml")
    assert f"{len(RULES)} rule files found" in said
    assert "WARNING" not in said


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_alert_fires_when_it_should_and_only_then(generation: str) -> None:
    said = _promtool(generation, "test", "rules", *UNIT_TESTS)
    assert said.count("SUCCESS") == len(UNIT_TESTS)


def test_promtools_unit_tests_have_both_cases_of_each_alert() -> None:
    fires = {case["alertname"] for case in unit_tests() if case["exp_alerts"]}
    silent = {case["alertname"] for case in unit_tests() if not case["exp_alerts"]}
    assert fires == silent == set(alerts())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_real_prometheus_evaluates_the_rules(generation: str) -> None:
    with running_prometheus(rules=RULES, generation=generation) as prometheus:
        wanted = {rule.get("alert") or rule["record"] for rule in rules()}
        assert {rule["name"] for rule in prometheus.rules()} == wanted
        prometheus.wait_for('ALERTS{alertname="AnsibleExporterDown", alertstate="pending"}')
        assert [rule["name"] for rule in prometheus.rules() if rule["health"] == "err"] == []


def test_each_alert_says_what_it_is_about_and_what_to_do() -> None:
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in ("critical", "warning", "info"), name
        notes = alert["annotations"]
        assert notes.keys() == {"summary", "description", "runbook_url"}, name
        assert notes["runbook_url"].endswith(f"/docs/runbooks/{name}.md")
        assert notes["description"].endswith("."), name
        assert not notes["summary"].endswith("."), name
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == set(alerts())


def test_each_runbook_says_what_it_means_how_to_look_and_what_to_do() -> None:
    for page in RUNBOOKS.glob("*.md"):
        assert re.findall(r"^#+ .*", page.read_text(), re.MULTILINE) == [f"# {page.stem}", "## Look", "## Do"]


def test_rules_that_others_read_are_evaluated_before_they_are_forgotten() -> None:
    for rule in rules():
        number, unit = re.fullmatch(r"(\d+)([sm])", rule["group"].get("interval", "1m")).groups()  # type: ignore[union-attr]
        assert int(number) * {"s": 1, "m": 60}[unit] < LOOKBACK_S, rule["group"]["name"]


def _unknown_in(expression: str) -> set[str]:
    """The metrics, and the labels of matchers, that an expression names and nothing has."""
    known = known_series()
    unknown = set()
    for name, matchers in re.findall(r"\b((?:ansible_|job_|otelcol_|up\b)[\w:]*)(?:\{([^}]*)\})?", expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        unknown |= {name} if name not in known else labels - known[name]
    grouping = re.findall(r"\b(?:without|by|ignoring|on)\s*\(([^)]*)\)", expression)
    used = {label for text in grouping for label in re.findall(r"\w+", text)}
    return unknown | used - set().union(*known.values())


def test_no_rule_names_a_metric_or_label_that_nothing_has() -> None:
    unknown = {rule.get("alert") or rule["record"]: _unknown_in(rule["expr"]) for rule in rules()}
    assert not {name: what for name, what in unknown.items() if what}
    for name, alert in alerts().items():
        text = " ".join(alert["annotations"].values())
        named = set(re.findall(r"\$labels\.(\w+)", text))
        produced = set().union(*(known_series()[metric] for metric in known_series() if metric in alert["expr"]))
        assert named <= produced, f"{name} tells {named - produced}, which its metrics do not have"


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("ansible_playbook_runs_totals > 0", {"ansible_playbook_runs_totals"}),
        ('ansible_playbook_runs_total{outcome="ok"}', {"outcome"}),
        ("sum without (host_name) (ansible_playbook_runs_total)", {"host_name"}),
        ('sum without (result) (ansible_playbook_runs_total{result="error"})', set()),
    ],
)
def test_a_name_that_nothing_has_is_found(expression: str, unknown: set[str]) -> None:
    assert _unknown_in(expression) == unknown
