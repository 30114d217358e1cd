"""The kinds of panels, and their targets: everything that panels of a kind have in common is said here once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

__all__ = [
    "BLUE", "GREEN", "ORANGE", "RED", "SUCCESS", "TRACE_LINKS", "Column", "bar_gauge", "bars", "heat_map", "lines",
    "source", "stat_panel", "states", "table_panel", "target",
]  # fmt: skip

GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"
SUCCESS = {"1": ("success", GREEN), "0": ("failed", RED)}
"""How the values of a gauge that is 1 or 0 are shown."""

Steps = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on (None: the lowest) which colour."""

_EXPLORED = (
    '/explore?schemaVersion=1&orgId=1&panes={"trace":{"datasource":"${jaeger_datasource}","queries":[{"refId":"A",'
    '"datasource":{"type":"jaeger","uid":"${jaeger_datasource}"},"query":"${__data.fields.trace_id}"}],'
    '"range":{"from":"now-1h","to":"now"}}}'
)
TRACE_LINKS = [
    {"title": "The trace, in Grafana", "url": _EXPLORED},
    {"title": "The trace, in Jaeger", "url": "${jaeger_url}/trace/${__data.fields.trace_id}", "targetBlank": True},
]
"""Where a trace id in a table leads."""


@dataclass(frozen=True)
class Column:
    """One column of a table: a query, its title, its unit, and how it is shown."""

    title: str
    expression: str
    unit: str
    steps: Steps = ()
    mapped: Mapping[str, tuple[str, str]] | None = None
    gauge: bool = False
    decimals: int | None = None


def source() -> shapes.DataSourceRef:
    """The Prometheus that the dashboard's variable names."""
    return shapes.DataSourceRef(type_val="prometheus", uid="${prometheus_datasource}")


def target(expression: str, legend: str = "__auto", *, instant: bool = False) -> prometheus.Dataquery:
    """A query over the dashboard's time, or for its end alone."""
    query = prometheus.Dataquery().datasource(source()).expr(expression).legend_format(legend)
    return query.instant() if instant else query.range()


def _described(panel: Any, title: str, about: str, unit: str, size: tuple[int, int]) -> Any:
    return panel.title(title).description(about).unit(unit).span(size[0]).height(size[1]).datasource(source())


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    marks = [model.Threshold(value=value, color=colour) for value, colour in steps or [(None, BLUE)]]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(marks)


def _mappings(mapped: Mapping[str, tuple[str, str]]) -> list[model.ValueMapping]:
    found = {
        value: model.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(mapped.items())
    }
    return [model.ValueMap(options=found)]


def stat_panel(
    title: str, about: str, expression: str, unit: str, *, steps: Steps = (), decimals: int | None = None,
    size: tuple[int, int] = (4, 4), nothing: str = "none", legend: str = "__auto",
) -> stat.Panel:  # fmt: skip
    """One number, as it is at the end of the dashboard's time."""
    panel = _described(stat.Panel(), title, about, unit, size).with_target(target(expression, legend, instant=True))
    if decimals is not None:
        panel.decimals(decimals)
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"])
    panel.thresholds(_thresholds(steps)).reduce_options(reduced).graph_mode(shapes.BigValueGraphMode.NONE)
    return panel.color_mode(shapes.BigValueColorMode.VALUE).no_value(nothing)


def _graph(title: str, about: str, unit: str, size: tuple[int, int]) -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True).placement(shapes.LegendPlacement.BOTTOM)
    legend.display_mode(shapes.LegendDisplayMode.LIST)
    tooltip = common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
    return _described(timeseries.Panel(), title, about, unit, size).legend(legend).tooltip(tooltip).min(0)


def bars(
    title: str, about: str, targets: Sequence[prometheus.Dataquery], unit: str, *,
    colours: Mapping[str, str] | None = None, interval: str = "3h", size: tuple[int, int] = (12, 8),
) -> timeseries.Panel:  # fmt: skip
    """Stacked bars, one for each ``interval`` or longer: what happened in it, so that all bars add up to the whole."""
    panel = _graph(title, about, unit, size).interval(interval).draw_style(shapes.GraphDrawStyle.BARS)
    if unit == "short":
        panel.decimals(0)
    panel.fill_opacity(80).line_width(0).stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    for query in targets:
        panel.with_target(query)
    for name, colour in (colours or {}).items():
        fixed = model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel.override_by_name(name, [fixed])
    return panel


def lines(
    title: str, about: str, targets: Sequence[prometheus.Dataquery], unit: str, *,
    interval: str | None = None, size: tuple[int, int] = (12, 8),
) -> timeseries.Panel:  # fmt: skip
    """Lines that go on over gaps."""
    panel = _graph(title, about, unit, size).line_width(2).fill_opacity(5).span_nulls(True)
    if interval:
        panel.interval(interval)
    for query in targets:
        panel.with_target(query)
    return panel


def heat_map(title: str, about: str, expression: str, *, interval: str = "3h", size: tuple[int, int] = (24, 9)) -> Any:
    """How many durations there were in each bucket and ``interval``; the exemplars on it lead to traces."""
    query = target(expression, "{{le}}").format(PromQueryFormat.HEATMAP).exemplar(True)
    colour = heatmap.HeatmapColorOptions().mode(heat.HeatmapColorMode.SCHEME).scheme("Oranges").exponent(0.5)
    panel = _described(heatmap.Panel(), title, about, "short", size).with_target(query).interval(interval)
    axis = heatmap.YAxisConfig().unit("s").axis_placement(shapes.AxisPlacement.LEFT)
    colour.fill("dark-orange").scale(heat.HeatmapColorScale.EXPONENTIAL)
    return panel.color(colour).y_axis(axis).calculate(False)


def bar_gauge(
    title: str, about: str, expression: str, legend: str, unit: str, *, steps: Steps = (),
    size: tuple[int, int] = (12, 8), decimals: int | None = None, nothing: str = "No data",
) -> bargauge.Panel:  # fmt: skip
    """A ranking: a bar for each series."""
    panel = _described(bargauge.Panel(), title, about, unit, size)
    panel.with_target(target(expression, legend, instant=True)).min(0).thresholds(_thresholds(steps)).no_value(nothing)
    if decimals is not None:
        panel.decimals(decimals)
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"])
    panel.reduce_options(reduced).orientation(shapes.VizOrientation.HORIZONTAL)
    panel.sizing(shapes.BarGaugeSizing.MANUAL).min_viz_height(16).max_viz_height(32)  # few are not to fill the panel
    panel.text(common.VizTextDisplayOptions().title_size(14).value_size(16))
    return panel.display_mode(shapes.BarGaugeDisplayMode.BASIC).show_unfilled(True)


def states(
    title: str, about: str, expression: str, legend: str, mapped: Mapping[str, tuple[str, str]], *,
    size: tuple[int, int] = (12, 8),
) -> statetimeline.Panel:  # fmt: skip
    """What state something was in, over time."""
    panel = _described(statetimeline.Panel(), title, about, "none", size).with_target(target(expression, legend))
    return panel.mappings(_mappings(mapped)).show_value(shapes.VisibilityMode.NEVER).row_height(0.8)


def table_panel(
    title: str, about: str, names: Sequence[str], columns: Sequence[Column], *, sort: str,
    size: tuple[int, int] = (24, 8), links: bool = False, nothing: str = "none", hidden: Sequence[str] = (),
) -> table.Panel:  # fmt: skip
    """A row for each value of the labels ``names``, a column for each query; ``sort``: by which, descending.

    The labels ``hidden`` tell rows apart and are not shown.
    """
    panel = _described(table.Panel(), title, about, "short", size).no_value(nothing).min_width(70)
    panel.override_by_regexp(".*", [model.DynamicConfigValue("noValue", "-")])  # of a cell, where others have a value
    letters = "ABCDEFGH"[: len(columns)]
    for letter, column in zip(letters, columns, strict=True):
        panel.with_target(target(column.expression, instant=True).format(PromQueryFormat.TABLE).ref_id(letter))
    # One query's value column is called Value, those of several Value #A and so on.
    values = [f"Value #{letter}" for letter in letters] if len(letters) > 1 else ["Value"]
    order = {name: index for index, name in enumerate([*names, *values])}
    organised = {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "indexByName": order,
        "renameByName": {value: column.title for value, column in zip(values, columns, strict=True)},
    }
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=organised))
    for column in columns:
        panel.override_by_name(column.title, _shown(column))
    if links:
        panel.override_by_name("trace_id", [model.DynamicConfigValue("links", TRACE_LINKS)])
    return panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])


def _shown(column: Column) -> list[model.DynamicConfigValue]:
    found: dict[str, Any] = {"unit": column.unit}
    if column.decimals is not None:
        found["decimals"] = column.decimals
    if column.mapped:
        found["mappings"] = _mappings(column.mapped)
    if column.steps:
        found["thresholds"] = _thresholds(column.steps).build()
    if column.gauge:
        found |= {"custom.cellOptions": {"type": "gauge", "mode": "basic"}, "min": 0, "max": 1}
    elif column.steps or column.mapped:
        found["custom.cellOptions"] = {"type": "color-text"}
    return [model.DynamicConfigValue(name, value) for name, value in found.items()]
