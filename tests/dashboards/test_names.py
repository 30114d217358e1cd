"""The dashboards name no metric, label or variable that nothing has, and are in step with the code that makes them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql
import pytest

from alerts.shipped import known_series
from ground.cache import ROOT

from .shipped import DASHBOARDS, DIRECTORY, Dashboard, filled

_GRAFANAS = {"__range", "__interval", "__rate_interval", "__data", "__all"}


def _wrong_in(expression: str) -> Iterator[str]:
    """What an expression names and nothing has: metrics, labels of matchers, labels to group by or to match on."""
    known = known_series()
    asked: list[set[str]] = []  # the labels that each node above asks for

    def enter(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.extend(_wrong_selector(node))
        labels: set[str] = set()
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            labels = set(node.modifier.labels)
        asked.append(labels)

    def leave(node: promql.Expr) -> None:
        asked.pop()

    def _wrong_selector(node: promql.VectorSelector) -> Iterator[str]:
        if node.name not in known:
            yield f"no metric {node.name}"
            return
        for label in sorted({each.name for each in node.matchers.matchers}.union(*asked) - known[node.name]):
            yield f"{node.name} has no label {label}"

    found: list[str] = []
    promql.walk(promql.parse(filled(expression)), enter, leave)
    yield from found


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_no_panel_names_a_metric_or_label_that_nothing_has(board: Dashboard) -> None:
    wrong = [f"{panel}: {what}" for panel, target in board.queries() for what in _wrong_in(target["expr"])]
    wrong += [what for each in board.annotations for what in _wrong_in(each["target"]["expr"])]
    for variable in board.variables.values():
        if variable["type"] == "query":
            series, _, label = variable["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            wrong += _wrong_in(f"max by ({label}) ({series})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ('ansible_playbook_runs{job="a"}', ["no metric ansible_playbook_runs"]),
        ('ansible_playbook_runs_total{host="a"}', ["ansible_playbook_runs_total has no label host"]),
        ("sum by (task) (ansible_playbook_runs_total)", ["ansible_playbook_runs_total has no label task"]),
        ("sum by (le) (increase(ansible_play_duration_seconds_bucket[1h]))", []),
    ],
)
def test_a_name_that_nothing_has_is_found(expression: str, wrong: list[str]) -> None:
    assert list(_wrong_in(expression)) == wrong


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_variable_is_there_and_of_use(board: Dashboard) -> None:
    text = json.dumps([board.json["panels"], board.json.get("annotations"), board.json["templating"]])
    used = {first or second for first, second in re.findall(r"\$(?:(\w+)|\{(\w+)[^}]*\})", text)}
    assert used - _GRAFANAS == board.variables.keys()


def test_each_dashboard_can_be_told_apart_and_found() -> None:
    assert len({board.json["uid"] for board in DASHBOARDS}) == len({board.title for board in DASHBOARDS}) == 4
    for board in DASHBOARDS:
        ids = [panel["id"] for panel in board.json["panels"]]
        assert ids == list(range(1, len(ids) + 1)), board.name
        assert "ansible" in board.json["tags"]
        assert all(link["tags"] == ["ansible"] and link["keepTime"] for link in board.json["links"])


def test_panels_do_not_overlap() -> None:
    for board in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in board.json["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, f"{board.name}: {panel['title']}"
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_the_traces_are_linked_by_the_label_that_exemplars_have() -> None:
    """In heatmaps by their exemplars, in the table of latest runs by its column."""
    panels = [panel for board in DASHBOARDS for panel in board.panels]
    assert all(panel.targets[0]["exemplar"] for panel in panels if panel.type == "heatmap")
    (table,) = [panel for panel in panels if panel.title.startswith("Latest runs")]
    (column,) = [each for each in table.json["fieldConfig"]["overrides"] if each["matcher"]["options"] == "trace_id"]
    links = column["properties"][0]["value"]
    assert len(links) == 2
    assert all("${__data.fields.trace_id}" in link["url"] for link in links)


def test_the_committed_dashboards_are_what_the_code_makes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "boards", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT / "grafana", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stderr}\nThe dashboards' SDK needs Python 3.11 or newer."
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.json")}
    committed = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.json")}
    assert made == committed, "run: cd grafana && ../.venv/bin/python -m boards"


def test_the_sdk_reads_them() -> None:
    """With nothing left over: an option that its schema does not know would be lost."""
    program = (
        "import json, sys\n"
        "from grafana_foundation_sdk.cog.encoder import JSONEncoder\n"
        "from grafana_foundation_sdk.cog.plugins import register_default_plugins\n"
        "from grafana_foundation_sdk.models.dashboard import Dashboard\n"
        "register_default_plugins()\n"
        "print(json.dumps([Dashboard.from_json(one) for one in json.load(sys.stdin)], cls=JSONEncoder))"
    )
    command = [sys.executable, "-c", program]
    boards = [board.json for board in DASHBOARDS]
    text = json.dumps(boards)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == boards
