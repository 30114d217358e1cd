"""The rules of grafana/dashboard-linter, a program that no registry has; exceptions are in its own ``.lint`` file.

The rules and their names: https://github.com/grafana/dashboard-linter/blob/main/docs/index.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import promql_parser as promql
import pytest
import yaml

from .shipped import DASHBOARDS, DIRECTORY, Dashboard, Panel, filled, selectors

_SOURCE = "${prometheus_datasource}"
_UNITS = {"none", "short", "percentunit", "s", "bytes", "dateTimeFromNow"}  # of Grafana's, those that are used
_RATES = {"rate", "irate"}

Faults = Iterator[tuple[Panel | None, str]]


def _template_datasource(board: Dashboard) -> Faults:
    sources = [each for each in board.variables.values() if each["type"] == "datasource"]
    if not sources or sources[0]["query"] != "prometheus":
        yield None, "the first data source is no variable for a Prometheus"
    for each in sources:
        if (each["name"], each["label"]) != (f"{each['query']}_datasource", f"{each['query'].title()} data source"):
            yield None, f"{each['name']} or its label are not named after {each['query']}"


def _template_of(name: str) -> Callable[[Dashboard], Faults]:
    def rule(board: Dashboard) -> Faults:
        wanted = {"type": "query", "label": name.title(), "multi": True, "includeAll": True, "allValue": ".+"}
        found = board.variables.get(name, {})
        if wanted.items() - {key: found.get(key) for key in wanted}.items() or found["datasource"]["uid"] != _SOURCE:
            yield None, f"variable {name} is {found}"

    return rule


def _template_label_promql(board: Dashboard) -> Faults:
    for each in board.variables.values():
        if each["type"] == "query":
            series, _, label = each["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            if len(selectors(series)) != 1 or label != each["name"]:
                yield None, f"variable {each['name']} asks for {each['query']}"


def _template_on_time_change_reload(board: Dashboard) -> Faults:
    for each in board.variables.values():
        if each["type"] == "query" and each["refresh"] != 2:
            yield None, f"variable {each['name']} is not read anew with the time"


def _panel_datasource(board: Dashboard) -> Faults:
    for panel in board.panels:
        places = [panel.json, *panel.targets]
        if any(place["datasource"] != {"type": "prometheus", "uid": _SOURCE} for place in places):
            yield panel, "asks a data source that is none of the variables"


def _panel_title_description(board: Dashboard) -> Faults:
    for panel in board.panels:
        if not panel.title or not panel.json.get("description", "").endswith("."):
            yield panel, "has no title, or no sentence that describes it"


def _panel_units(board: Dashboard) -> Faults:
    for panel, target in board.queries():
        if panel.unit_of(target) not in _UNITS:
            yield panel, f"has the unit {panel.unit_of(target)!r}"


def _panel_no_targets(board: Dashboard) -> Faults:
    for panel in board.panels:
        if not panel.targets:
            yield panel, "has no query"


def _target_promql(board: Dashboard) -> Faults:
    for panel, target in board.queries():
        try:
            promql.parse(filled(target["expr"]))
        except ValueError as error:
            yield panel, f"{target['expr']}: {error}"


def _target_rate_interval(board: Dashboard) -> Faults:
    """``$__rate_interval`` becomes 5m here, and nothing else does."""
    for panel, target in board.queries():
        marked = target["expr"].replace("$__rate_interval", "321s")
        for _, above in selectors(marked):
            ranged = [node for node in above if isinstance(node, promql.MatrixSelector)]
            called = [node for node in above if isinstance(node, promql.Call)]
            if ranged and called and called[-1].func.name in _RATES and ranged[0].range != timedelta(seconds=321):
                yield panel, f"{target['expr']} has a rate over something else than $__rate_interval"


def _target_matcher(label: str) -> Callable[[Dashboard], Faults]:
    def rule(board: Dashboard) -> Faults:
        for panel, target in board.queries():
            for selector, _ in selectors(target["expr"].replace(f"${label}", "chosen")):
                chosen = [each for each in selector.matchers.matchers if each.name == label]
                if [(str(each.op), each.value) for each in chosen] != [("MatchOp.Re", "chosen")]:
                    yield panel, f'{selector.name} lacks {label}=~"${label}"'

    return rule


def _target_counter_agg(board: Dashboard) -> Faults:
    for panel, target in board.queries():
        for selector, above in selectors(target["expr"]):
            called = [node.func.name for node in above[-2:] if isinstance(node, promql.Call)]
            if str(selector.name).endswith("_total") and called[:1] not in (["rate"], ["irate"], ["increase"]):
                yield panel, f"{selector.name} is a counter, and neither rate nor increase is asked for"


def _uneditable(board: Dashboard) -> Faults:
    if board.json["editable"] is not False:
        yield None, "can be edited"


_RULES: dict[str, Callable[[Dashboard], Faults]] = {
    "template-datasource-rule": _template_datasource,
    "template-job-rule": _template_of("job"),
    "template-instance-rule": _template_of("instance"),
    "template-label-promql-rule": _template_label_promql,
    "template-on-time-change-reload-rule": _template_on_time_change_reload,
    "panel-datasource-rule": _panel_datasource,
    "panel-title-description-rule": _panel_title_description,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_no_targets,
    "target-promql-rule": _target_promql,
    "target-rate-interval-rule": _target_rate_interval,
    "target-job-rule": _target_matcher("job"),
    "target-instance-rule": _target_matcher("instance"),
    "target-counter-agg-rule": _target_counter_agg,
    "uneditable-dashboard": _uneditable,
}


def _exceptions() -> dict[tuple[str, str, str], str]:
    """Rule, dashboard and panel to the reason."""
    exclusions = yaml.safe_load((DIRECTORY / ".lint").read_text(encoding="utf-8"))["exclusions"]
    return {
        (rule, entry["dashboard"], entry["panel"]): about["reason"]
        for rule, about in exclusions.items()
        for entry in about["entries"]
    }


@pytest.mark.parametrize("rule", _RULES)
def test_dashboards_keep_the_rule(rule: str) -> None:
    faults = [(board, panel, what) for board in DASHBOARDS for panel, what in _RULES[rule](board)]
    found = [what for what in faults if (rule, what[0].title, what[1].title if what[1] else "") not in _exceptions()]
    assert not found, "\n".join(f"{panel or board.title}: {what}" for board, panel, what in found)


def test_each_exception_is_of_a_rule_that_is_broken_and_has_a_reason() -> None:
    broken = {
        (rule, board.title, panel.title)
        for rule, check in _RULES.items()
        for board in DASHBOARDS
        for panel, _ in check(board)
        if panel
    }
    assert _exceptions().keys() <= broken
    assert all(len(reason) > 40 for reason in _exceptions().values())


def _broken(change: Callable[[dict[str, object]], object]) -> list[str]:
    """The rules that a dashboard breaks after a change of its first stat panel."""
    board = Dashboard("telemetry-health.json")
    change(next(panel for panel in board.json["panels"] if panel["type"] == "stat"))
    return [rule for rule, check in _RULES.items() if list(check(board))]


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ('sum(up{job=~"$job"})', "target-instance-rule"),
        ('sum(up{job="$job", instance=~"$instance"})', "target-job-rule"),
        ('rate(a_total{job=~"$job", instance=~"$instance"}[5m])', "target-rate-interval-rule"),
        ('sum(a_total{job=~"$job", instance=~"$instance"})', "target-counter-agg-rule"),
    ],
)
def test_a_query_that_breaks_a_rule_is_found(expression: str, rule: str) -> None:
    assert _broken(lambda panel: panel["targets"][0].update(expr=expression)) == [rule]  # type: ignore[index]


def test_what_is_no_promql_is_found() -> None:
    board = Dashboard("telemetry-health.json")
    board.panels[0].targets[0].update(expr="sum(increase(")
    assert [what for _, what in _target_promql(board)] == ["sum(increase(: unclosed left parenthesis"]


def test_a_panel_that_breaks_a_rule_is_found() -> None:
    assert _broken(lambda panel: panel.update(title="")) == ["panel-title-description-rule"]
    assert _broken(lambda panel: panel["fieldConfig"]["defaults"].update(unit="sec")) == ["panel-units-rule"]  # type: ignore[index]
    assert _broken(lambda panel: panel["datasource"].update(uid="x")) == ["panel-datasource-rule"]  # type: ignore[attr-defined]
    assert _broken(lambda panel: panel.update(targets=[])) == ["panel-no-targets-rule"]
