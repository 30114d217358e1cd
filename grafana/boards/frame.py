"""What all dashboards have: name and tags, variables, links to each other, and the deploys marked on the time axis."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from .panels import source, target
from .queries import of

__all__ = ["framed"]

_ALL = model.VariableOption(selected=True, text=["All"], value=["$__all"])
_FROM = {  # which series' labels a variable offers
    "job": "ansible_telemetry_build_info",
    "instance": 'ansible_telemetry_build_info{job=~"$job"}',
    "playbook": 'ansible_playbook_runs_total{job=~"$job", instance=~"$instance"}',
    "host": 'ansible_host_outcomes_total{job=~"$job", instance=~"$instance"}',
}


def framed(
    uid: str, title: str, about: str, *, variables: tuple[str, ...] = ("playbook",), traces: bool = False,
    since: str = "now-7d",
) -> dashboard.Dashboard:  # fmt: skip
    """An empty dashboard; ``variables`` come after job and instance, ``traces`` says that its tables lead to Jaeger.

    Where a point of a graph leads is told by the data source (``exemplarTraceIdDestinations``).
    """
    board = dashboard.Dashboard(title).uid(uid).description(about).tags(["ansible", "deploytrace"]).readonly()
    board.time(since, "now").refresh("1m").timezone("browser").tooltip(model.DashboardCursorSync.CROSSHAIR)
    board.with_variable(_chosen_source("prometheus"))
    if traces:
        board.with_variable(_chosen_source("jaeger"))
        address = dashboard.TextBoxVariable("jaeger_url").label("Jaeger's address")
        board.with_variable(address.default_value("http://localhost:16686"))
    for name in ("job", "instance", *variables):
        board.with_variable(_chosen(name))
    link = dashboard.DashboardLink("Ansible").type(model.DashboardLinkType.DASHBOARDS).tags(["ansible"])
    board.link(link.keep_time(True).include_vars(True).as_dropdown(True))
    return board.annotation(_deploys()) if "playbook" in variables else board


def _chosen_source(kind: str) -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable(f"{kind}_datasource").label(f"{kind.title()} data source").type(kind)


def _chosen(name: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(name.title()).datasource(source())
    variable.query(f"label_values({_FROM[name]}, {name})").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.multi(True).include_all(True).all_value(".+").current(_ALL)
    return variable.sort(model.VariableSort.ALPHABETICAL_ASC)


def _deploys() -> dashboard.AnnotationQuery:
    """A mark where a deploy began. ``grafana/README.md`` says how other dashboards get it."""
    started = f"{of('ansible_playbook_last_start_timestamp_seconds')} * 1000"
    mark = dashboard.AnnotationQuery().name("Deploys").datasource(source()).enable(True).icon_color("light-blue")
    mark.target(target(started)).expr(started).title_format("{{playbook}}").text_format("on {{instance}}")
    return mark.tag_keys("playbook,instance").step("60s").use_value_for_time(True)
