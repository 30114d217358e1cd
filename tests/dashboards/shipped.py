"""The shipped dashboards as the tests look at them: panels, queries with their variables filled in, what these name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import promql_parser as promql

from ground.cache import ROOT

__all__ = ["DASHBOARDS", "DIRECTORY", "Dashboard", "Panel", "filled", "selectors"]

DIRECTORY = ROOT / "grafana/dashboards"

_GRAFANAS = {"__range": "1h", "__interval": "5m", "__rate_interval": "5m"}


@dataclass(frozen=True)
class Panel:
    """One panel."""

    dashboard: str
    json: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.json["title"])

    @property
    def type(self) -> str:
        """Its type, such as ``timeseries``."""
        return str(self.json["type"])

    @property
    def targets(self) -> list[dict[str, Any]]:
        """Its queries."""
        return list(self.json.get("targets", ()))

    @property
    def unit(self) -> str:
        """The unit of its values, where no column has one of its own."""
        return str(self.json["fieldConfig"]["defaults"].get("unit", ""))

    def renamed(self) -> dict[str, str]:
        """A table's columns: the data's name (``Value #A``) to the title."""
        organised = [step for step in self.json.get("transformations", ()) if step["id"] == "organize"]
        return dict(organised[0]["options"]["renameByName"]) if organised else {}

    def unit_of(self, target: Mapping[str, Any]) -> str:
        """The unit in which a query's values are shown."""
        names = self.renamed()
        title = names.get(f"Value #{target.get('refId')}", names.get("Value"))
        for override in self.json["fieldConfig"]["overrides"]:
            if override["matcher"] == {"id": "byName", "options": title}:
                return next((str(each["value"]) for each in override["properties"] if each["id"] == "unit"), self.unit)
        return self.unit

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.title}"


class Dashboard:
    """One dashboard."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.json: dict[str, Any] = json.loads((DIRECTORY / name).read_text(encoding="utf-8"))
        self.title = str(self.json["title"])

    @cached_property
    def panels(self) -> list[Panel]:
        """All panels that are not rows."""
        return [Panel(self.title, panel) for panel in self.json["panels"] if panel["type"] != "row"]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Its variables by name."""
        return {variable["name"]: variable for variable in self.json["templating"]["list"]}

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """Its annotations, without Grafana's own."""
        return [each for each in self.json.get("annotations", {}).get("list", ()) if not each.get("builtIn")]

    def queries(self) -> Iterator[tuple[Panel, dict[str, Any]]]:
        """Every query of every panel."""
        for panel in self.panels:
            for target in panel.targets:
                yield panel, target


DASHBOARDS = [Dashboard(path.name) for path in sorted(DIRECTORY.glob("*.json"))]


def filled(expression: str, **values: str) -> str:
    """A query as Grafana sends it: its own variables as given, those of the dashboard at *All*."""
    known = _GRAFANAS | values
    return re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda found: known.get(found[1] or found[2], ".+"), expression)


def selectors(expression: str) -> list[tuple[promql.VectorSelector, list[promql.Expr]]]:
    """The selectors in a query, each with the nodes above it, the nearest last. Raises ValueError: it is no PromQL."""
    found: list[tuple[promql.VectorSelector, list[promql.Expr]]] = []
    above: list[promql.Expr] = []

    def enter(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append((node, list(above)))
        above.append(node)

    def leave(node: promql.Expr) -> None:
        above.pop()

    promql.walk(promql.parse(filled(expression)), enter, leave)
    return found
