"""What tasks and handlers look like as spans."""

from __future__ import annotations

from ..run.model import Kind, Node, Outcome, TaskDetail
from .span_shape import Attribute, Shape, seconds

__all__ = ["HANDLER", "TASK"]

_RESULTS = {
    Outcome.FAILED: "failure",
    Outcome.UNREACHABLE: "failure",
    Outcome.SKIPPED: "skip",
}


def _result(node: Node) -> str:
    """Return cicd.pipeline.task.run.result: handled failures are successes, as they are for Ansible."""
    if node.outcome is Outcome.INTERRUPTED:
        return "cancellation" if node.failure and node.failure.type == "cancelled" else "error"
    return _RESULTS.get(node.outcome, "success")


def _hosts(outcome: str, meaning: str) -> Attribute[TaskDetail]:
    return Attribute(f"ansible.task.hosts.{outcome}", "int", meaning, lambda _, task: task.hosts.get(outcome) or None)


_COMMON: tuple[Attribute[TaskDetail], ...] = (
    Attribute("cicd.pipeline.task.name", "string", "The task's name as written.", lambda node, _: node.name),
    Attribute(
        "cicd.pipeline.task.run.id",
        "string",
        "The same in every run: a hash of play, role, place in the project, and name.",
        lambda _, task: task.stable_id,
    ),
    Attribute(
        "cicd.pipeline.task.run.result",
        "string",
        "success, failure, error, skip or cancellation.",
        lambda node, _: _result(node),
    ),
    Attribute("code.file.path", "string", "The file that it stands in.", lambda _, task: task.definition.path),
    Attribute("code.line.number", "int", "The line that it begins in.", lambda _, task: task.definition.line),
    Attribute("ansible.task.uuid", "string", "Ansible's uuid of the task.", lambda _, task: task.definition.uuid),
    Attribute(
        "ansible.task.action", "string", "The action or module as written.", lambda _, task: task.definition.action
    ),
    Attribute("ansible.play.name", "string", "The play's name as written.", lambda _, task: task.play),
    Attribute("ansible.role.name", "string", "The role that it belongs to.", lambda _, task: task.definition.role),
    Attribute(
        "ansible.task.tags", "string[]", "Its tags, inherited ones included.", lambda _, task: task.definition.tags
    ),
    Attribute("ansible.task.loop", "boolean", "Whether it loops.", lambda _, task: task.definition.loop or None),
    Attribute(
        "ansible.task.async",
        "int",
        "Seconds that it may go on asynchronously.",
        lambda _, task: task.definition.async_seconds or None,
    ),
    Attribute(
        "ansible.task.delegate_to", "string", "delegate_to as written.", lambda _, task: task.definition.delegate_to
    ),
    Attribute(
        "ansible.task.run_once",
        "boolean",
        "Whether one host does it for all.",
        lambda _, task: task.definition.run_once or None,
    ),
    Attribute(
        "ansible.task.no_log",
        "boolean",
        "Whether no_log hides its data.",
        lambda _, task: task.definition.no_log or None,
    ),
    Attribute(
        "ansible.task.check_mode",
        "boolean",
        "Whether it only checks.",
        lambda _, task: task.definition.check_mode or None,
    ),
    Attribute(
        "ansible.task.notify", "string[]", "The handlers that it notifies.", lambda _, task: task.definition.notify
    ),
    Attribute(
        "ansible.task.busy_seconds",
        "double",
        "The task's duration: the length of the union of its host results' times (under free, less than the span's).",
        lambda _, task: seconds(task.busy_ns),
    ),
    Attribute("ansible.task.hosts.total", "int", "Host results.", lambda _, task: sum(task.hosts.values())),
    _hosts("ok", "Host results that were ok; absent where there were none, as those below."),
    _hosts("changed", "Host results with a change."),
    _hosts("failed", "Host results that failed and were not handled."),
    _hosts("unreachable", "Hosts that could not be reached."),
    _hosts("skipped", "Host results that were skipped."),
    _hosts("rescued", "Failed host results that a rescue section handled."),
    _hosts("ignored", "Failed host results that were ignored."),
    _hosts("interrupted", "Hosts at work when the run was broken off."),
    Attribute(
        "ansible.task.straggler.host",
        "string",
        "The slowest host, where there are at least two.",
        lambda _, task: task.straggler_host,
    ),
    Attribute(
        "ansible.task.straggler.seconds",
        "double",
        "How much longer the slowest host took than the median host.",
        lambda _, task: seconds(task.straggler_ns) if task.straggler_host else None,
    ),
)

TASK = Shape[TaskDetail](
    Kind.TASK,
    "task {name}",
    "A task on all its hosts, from the first start to the last end.",
    name=lambda node, _: f"task {node.name}",
    attributes=_COMMON,
)

HANDLER = Shape[TaskDetail](
    Kind.HANDLER,
    "handler {name}",
    "One flush of a handler, where it was flushed, with links to the host results that notified it.",
    name=lambda node, _: f"handler {node.name}",
    attributes=(
        *_COMMON,
        Attribute("ansible.handler.name", "string", "The handler's name as written.", lambda node, _: node.name),
        Attribute(
            "ansible.handler.notified_by",
            "string[]",
            "Names of the tasks that notified it.",
            lambda _, task: task.notified_by,
        ),
        Attribute(
            "ansible.handler.flush", "int", "Which flush of it this is, from 1.", lambda _, task: task.occurrence
        ),
    ),
)
