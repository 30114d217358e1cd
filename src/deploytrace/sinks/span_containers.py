"""What runs, plays, serial batches, roles and blocks look like as spans."""

from __future__ import annotations

import uuid

from ..run.model import BatchDetail, BlockDetail, Kind, Node, PlayDetail, RoleDetail, RunDetail
from .span import SpanKind, Value
from .span_limits import clean
from .span_shape import Attribute, Shape, seconds

__all__ = ["BATCH", "BLOCK", "CONTEXT_PREFIX", "PLAY", "ROLE", "RUN", "context_attributes", "session"]

CONTEXT_PREFIX = "ansible.context."


def session(command_id: str) -> str:
    """Return a command's id in the form of a UUID, as community.general.opentelemetry writes ``ansible.session``."""
    try:
        return str(uuid.UUID(command_id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"deploytrace:{command_id}"))


def context_attributes(detail: RunDetail) -> dict[str, Value]:
    """Return the recorded extra variables as attributes: theirs are the only names that a table cannot hold."""
    return {CONTEXT_PREFIX + clean(name): str(value) for name, value in detail.started.context_vars.items()}


def _hosts(outcome: str, meaning: str) -> Attribute[RunDetail]:
    name = f"ansible.hosts.{outcome}"
    return Attribute(name, "int", meaning, lambda _, run: run.hosts.get(outcome, 0))


RUN = Shape[RunDetail](
    Kind.RUN,
    "RUN {playbook}",
    "One playbook executed once: the root, and OpenTelemetry's CI/CD pipeline run.",
    name=lambda node, _: f"RUN {node.name}",
    span_kind=lambda _node, _detail: SpanKind.SERVER,
    span_kinds="SERVER",
    attributes=(
        Attribute(
            "cicd.pipeline.result",
            "string",
            "success, failure, error, timeout, skip or cancellation.",
            lambda _, run: run.result,
        ),
        Attribute("cicd.pipeline.action.name", "string", "Always RUN.", lambda _node, _run: "RUN"),
        Attribute(
            "code.file.path",
            "string",
            "The playbook's absolute path.",
            lambda _, run: run.started.playbook_path or None,
        ),
        Attribute(
            "ansible.version",
            "string",
            "ansible-core's version (as community.general).",
            lambda _, run: run.started.ansible_version,
        ),
        Attribute(
            "ansible.session",
            "string",
            "One UUID per Ansible command (as community.general).",
            lambda _, run: session(run.started.command_id),
        ),
        Attribute(
            "ansible.host.name",
            "string",
            "The controller's host name (as community.general); never a managed host.",
            lambda _, run: run.started.host_name,
        ),
        Attribute(
            "ansible.host.ip",
            "string",
            "The controller's address (as community.general).",
            lambda _, run: run.controller_ip,
        ),
        Attribute(
            "ansible.host.user",
            "string",
            "Who ran it on the controller (as community.general).",
            lambda _, run: run.started.user,
        ),
        Attribute("ansible.run.id", "string", "The run's id: its journal's name.", lambda _, run: run.started.run_id),
        Attribute(
            "ansible.command.id",
            "string",
            "The same for all playbooks of one command.",
            lambda _, run: run.started.command_id,
        ),
        Attribute(
            "ansible.command.sequence",
            "int",
            "1 for the command's first playbook.",
            lambda _, run: run.started.sequence,
        ),
        Attribute("ansible.playbook.name", "string", "The playbook's file name.", lambda node, _: node.name),
        Attribute(
            "ansible.playbook.path",
            "string",
            "The playbook as given on the command line.",
            lambda _, run: run.started.playbook,
        ),
        Attribute("ansible.front_end", "string", "playbook, adhoc or console.", lambda _, run: run.started.front_end),
        Attribute("ansible.check_mode", "boolean", "Whether --check was given.", lambda _, run: run.started.check_mode),
        Attribute("ansible.diff_mode", "boolean", "Whether --diff was given.", lambda _, run: run.started.diff_mode),
        Attribute("ansible.tags", "string[]", "--tags.", lambda _, run: run.started.tags),
        Attribute("ansible.skip_tags", "string[]", "--skip-tags.", lambda _, run: run.started.skip_tags),
        Attribute("ansible.limit", "string", "--limit.", lambda _, run: run.started.limit),
        Attribute(
            "ansible.forks", "int", "How many workers may run at once.", lambda _, run: run.started.forks or None
        ),
        Attribute("ansible.inventory.sources", "string[]", "--inventory.", lambda _, run: run.started.inventory),
        Attribute("ansible.plays.total", "int", "Plays in the playbook.", lambda _, run: run.started.plays_total),
        Attribute("ansible.tasks.total", "int", "Tasks that were executed.", lambda _, run: run.tasks_total),
        _hosts("total", "Hosts that took part."),
        _hosts("ok", "Hosts without a failure that nobody handled."),
        _hosts("changed", "Hosts with a change."),
        _hosts("failed", "Hosts with an unhandled failure."),
        _hosts("unreachable", "Hosts that could not be reached."),
        _hosts("skipped", "Hosts that skipped a task."),
        _hosts("rescued", "Hosts with a failure that a rescue section handled."),
        _hosts("ignored", "Hosts with a failure that was ignored."),
        _hosts("interrupted", "Hosts at work when the run was broken off."),
        Attribute(
            "ansible.straggler.seconds",
            "double",
            "Time that all hosts waited for the slowest one, summed over the tasks in lockstep.",
            lambda _, run: seconds(run.straggler_ns),
        ),
        Attribute(
            "ansible.downtime.max_seconds",
            "double",
            "The longest downtime of a host, where one was marked.",
            lambda _, run: None if run.downtime_ns is None else seconds(run.downtime_ns),
        ),
        Attribute(
            "ansible.callback.seconds",
            "double",
            "What deploytrace's callbacks cost Ansible's process.",
            lambda _, run: seconds(run.ended.callback_ns) if run.ended else None,
        ),
        Attribute(
            "ansible.recording.stopped",
            "string",
            "Why recording had stopped before the end, where it had.",
            lambda _, run: run.ended.stopped if run.ended else None,
        ),
    ),
)

PLAY = Shape[PlayDetail](
    Kind.PLAY,
    "play {name}",
    "One play; its serial batches are within it.",
    name=lambda node, _: f"play {node.name}",
    attributes=(
        Attribute("ansible.play.name", "string", "The play's name as written.", lambda _, play: play.started.name),
        Attribute("ansible.play.uuid", "string", "Ansible's uuid of the play.", lambda _, play: play.started.uuid),
        Attribute(
            "ansible.play.hosts_pattern", "string", "hosts: as written.", lambda _, play: play.started.hosts_pattern
        ),
        Attribute("ansible.play.strategy", "string", "linear, free...", lambda _, play: play.started.strategy),
        Attribute("ansible.play.serial", "string[]", "serial: as written.", lambda _, play: play.started.serial),
        Attribute("ansible.play.batches", "int", "How many batches were begun.", lambda _, play: play.batches),
        Attribute(
            "ansible.play.hosts.total",
            "int",
            "Hosts of all batches together.",
            lambda _, play: play.started.hosts_total,
        ),
        Attribute("code.file.path", "string", "The file that it stands in.", lambda _, play: play.started.path),
        Attribute("code.line.number", "int", "The line that it begins in.", lambda _, play: play.started.line),
    ),
)

BATCH = Shape[BatchDetail](
    Kind.BATCH,
    "batch",
    "One serial batch of a play, only where there is more than one.",
    name=lambda _node, _detail: "batch",
    attributes=(
        Attribute("ansible.batch.number", "int", "Counted from 1.", lambda _, batch: batch.number),
        Attribute("ansible.batch.hosts.total", "int", "Hosts of the batch.", lambda _, batch: batch.hosts_total),
    ),
)

ROLE = Shape[RoleDetail](
    Kind.ROLE,
    "role {fqcn}",
    "One invocation of a role, within the role or block that it was invoked from.",
    name=lambda _, role: f"role {role.fqcn}",
    attributes=(
        Attribute("ansible.role.name", "string", "The role's name.", lambda _, role: role.name),
        Attribute("ansible.role.fqcn", "string", "The role's name with its collection.", lambda _, role: role.fqcn),
        Attribute("ansible.role.path", "string", "The role's directory.", lambda _, role: role.path),
        Attribute(
            "ansible.role.invocation",
            "int",
            "Counted from 1 among the invocations of the same role in a play or batch.",
            lambda _, role: role.invocation,
        ),
        Attribute("code.file.path", "string", "The role's directory.", lambda _, role: role.path),
    ),
)


def _block_name(node: Node, block: BlockDetail) -> str:
    return f"{block.section} {node.name}".rstrip()


BLOCK = Shape[BlockDetail](
    Kind.BLOCK,
    "block {name}, rescue {name}, always {name}",
    "A block that has a name, a rescue or an always section; the two sections are spans within the block's own.",
    name=_block_name,
    attributes=(
        Attribute("ansible.block.section", "string", "block, rescue or always.", lambda _, block: block.section),
        Attribute(
            "ansible.block.rescued",
            "boolean",
            "Whether the rescue section was entered.",
            lambda _, block: block.rescued,
        ),
        Attribute("code.file.path", "string", "The file that it stands in.", lambda _, block: block.path),
        Attribute("code.line.number", "int", "The line that it begins in.", lambda _, block: block.line),
    ),
)
