"""What a query's values are by the metrics in it: seconds, bytes, a point in time, a ratio, a number."""

from __future__ import annotations

import promql_parser as promql

from deploytrace.store.catalogue import METRICS, Type

from .shipped import filled

__all__ = ["GRAFANAS", "dimension"]

GRAFANAS = {
    "seconds": {"s"},
    "bytes": {"bytes"},
    "Unix ms": {"dateTimeFromNow"},
    "ratio": {"percentunit", "short"},
    "number": {"short"},
    "flag": {"none"},
}
"""The units of Grafana that show each; Unix seconds are none of them: Grafana takes times for ms."""

_FLAGS = {"ansible_playbook_last_run_success"}
_COMPARING = {"==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"}  # the left side, or some of it


def dimension(expression: str) -> str:
    """Return one of `GRAFANAS`, ``Unix s``, or empty for a bare number. Raises ValueError: they do not go together."""
    return _of(promql.parse(filled(expression)))


def _of(node: promql.Expr) -> str:
    if isinstance(node, promql.VectorSelector):
        return _of_metric(str(node.name))
    if isinstance(node, promql.MatrixSelector):
        return _of_metric(str(node.vector_selector.name))
    if isinstance(node, promql.ParenExpr):
        return _of(node.expr)
    if isinstance(node, promql.AggregateExpr):
        return "number" if str(node.op) == "count" else _of(node.expr)
    if isinstance(node, promql.Call):
        return _of_call(node)
    if isinstance(node, promql.BinaryExpr):
        return _of_both(str(node.op), _of(node.lhs), _of(node.rhs))
    if isinstance(node, promql.NumberLiteral):
        return str(node.val) if node.val == 1000 else ""
    raise ValueError(f"{node} has no dimension that is known here")


def _of_metric(name: str) -> str:
    if name.endswith(("mean14d", "mean3d")):
        return "seconds"
    if name == "up":
        return "flag"
    if name.endswith(("_bucket", "_count")):
        return "number"
    metric = METRICS[name.removesuffix("_sum")]
    if "_timestamp_seconds" in name:
        return "Unix s"
    if metric.type is Type.INFO or name in _FLAGS:
        return "flag"
    return {"s": "seconds", "By": "bytes"}.get(metric.unit, "number")


def _of_call(node: promql.Call) -> str:
    name, args = node.func.name, node.args
    if name == "time":
        return "Unix s"
    if name == "vector":
        return ""
    if name == "histogram_quantile":
        return "seconds"  # all our histograms are of seconds
    return _of(args[-1])


def _of_both(operator: str, left: str, right: str) -> str:
    if operator in _COMPARING:
        return left
    both = {left, right}
    if operator == "/" and left == right:
        return "ratio"
    if operator == "/" and both == {"seconds", "number"}:
        return "seconds"
    if operator == "-" and left == right:
        return "seconds" if left == "Unix s" else left
    if operator == "+" and both == {"Unix s", "seconds"}:
        return "Unix s"
    if operator == "*" and both == {"Unix s", "1000.0"}:
        return "Unix ms"
    if operator == "*" and left == "flag":  # an info's labels for another's value
        return right
    raise ValueError(f"{left} {operator} {right} makes no sense")
