"""What host results, loop items and attempts look like as spans.

The keys of community.general.opentelemetry keep their meaning and format, so that saved searches go on working:
``ansible.task.{module,message,name,result}``, ``ansible.task.host.{name,status}``, ``ansible.task.args.{name,value}``.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import Any, NamedTuple

from ..run.delegation import delegate_of
from ..run.model import AttemptDetail, HostDetail, ItemDetail, Kind, Node, Outcome
from .span import SpanKind
from .span_limits import cut
from .span_shape import Attribute, Shape, seconds

__all__ = ["ATTEMPT", "HOST", "ITEM"]

_LABEL_BYTES = 256
_ON_CONTROLLER = frozenset({"localhost", "127.0.0.1", "::1"})
_PROTOCOLS = {"smart": "ssh", "paramiko": "ssh", "paramiko_ssh": "ssh", "network_cli": "ssh", "httpapi": "http"}
_COMPAT_STATUS = {
    Outcome.SKIPPED: "skipped",
    Outcome.IGNORED: "ignored",
    Outcome.FAILED: "failed",
    Outcome.UNREACHABLE: "failed",
    Outcome.RESCUED: "failed",
    Outcome.INTERRUPTED: "failed",
}
_URL_ARGUMENTS = {"uri": "url", "get_url": "url", "win_get_url": "url", "win_uri": "url", "git": "repo"}


class _Result(NamedTuple):
    """A host result, and what several of its attributes need: who did its work, how that host is reached."""

    host: HostDetail
    delegate: str | None
    connection: str | None
    kind: SpanKind


def _result(host: HostDetail) -> _Result:
    delegate = delegate_of(host) or host.definition.delegate_to  # ``{{ ... }}`` where only Ansible knows
    connection = _connection(host, delegate)
    local = delegate in _ON_CONTROLLER if delegate is not None else connection in (None, "local")
    return _Result(host, delegate, connection, SpanKind.INTERNAL if local else SpanKind.CLIENT)


def _connection(host: HostDetail, delegate: str | None) -> str | None:
    """Return the connection plugin without its collection; how a delegate is reached, only its result tells."""
    name = host.detail.get("connection")
    if name is None and host.seen is not None and delegate is None:
        name = host.seen.connection
    return str(name).rpartition(".")[2] if name else None


def _address(result: _Result) -> str | None:
    host, delegate = result.host, result.delegate
    if delegate is not None:
        return None if "{{" in delegate else delegate
    return (host.seen.address if host.seen else None) or host.host


def _port(result: _Result) -> int | None:
    seen = result.host.seen
    return seen.port if seen and result.delegate is None else None


@functools.lru_cache(maxsize=4096)
def _ip_literal(address: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(address or ""))
    except ValueError:
        return None


def _protocol(result: _Result) -> str | None:
    connection = result.connection
    if connection is None or connection == "local" or result.kind is not SpanKind.CLIENT:
        return None
    return _PROTOCOLS.get(connection, connection)


def _url(host: HostDetail) -> str | None:
    """Return the URL that a result, or a literal argument of a few well-known modules, names; both are redacted."""
    url = host.detail.get("url")
    if url is None:
        definition = host.definition
        argument = _URL_ARGUMENTS.get(definition.action.rpartition(".")[2])
        url = definition.args.get(argument) if argument else None
    return url if isinstance(url, str) and "://" in url and "{{" not in url else None


def _message(node: Node, result: _Result) -> str:
    if node.outcome is Outcome.SKIPPED:
        return str(result.host.detail.get("skip_reason") or "skipped")
    if node.failure is not None:
        return node.failure.message or str(result.host.detail.get("msg") or "failed")
    return "success"


def _compat_status(node: Node, result: _Result) -> str:
    if result.host.definition.include and node.outcome is Outcome.OK:
        return "included"
    return _COMPAT_STATUS.get(node.outcome, "ok")


def _compat_name(node: Node, result: _Result) -> str:
    host = result.host
    role = f"{host.definition.role} : " if host.definition.role else ""
    return f"[{host.host}] {host.play}: {role}{node.name}"


def _detail(key: str, name: str, kind: str, meaning: str) -> Attribute[_Result]:
    return Attribute(
        name, kind, meaning, lambda _, result: None if (value := result.host.detail.get(key)) == "" else value
    )


def _failed_messages(host: HostDetail) -> list[Any]:
    items = host.detail.get("failed_items")
    if not isinstance(items, list):
        return []
    return [item.get("msg") or "" for item in items if isinstance(item, dict)]


HOST = Shape[_Result](
    Kind.HOST,
    "{task name}",
    "One task on one host, from its worker's start to its worker's end.",
    name=lambda node, _: node.name,
    subject=_result,
    span_kind=lambda _, result: result.kind,
    span_kinds="CLIENT where the host is reached over a connection, INTERNAL on the controller itself",
    attributes=(
        Attribute(
            "ansible.task.host.name", "string", "The host's name in the inventory.", lambda _, result: result.host.host
        ),
        Attribute(
            "ansible.task.host.outcome",
            "string",
            "ok, changed, failed, unreachable, skipped, rescued, ignored or interrupted.",
            lambda node, _: node.outcome.value,
        ),
        Attribute(
            "ansible.task.host.status",
            "string",
            "ok, failed, skipped, ignored or included (as community.general).",
            _compat_status,
        ),
        Attribute("ansible.task.name", "string", "[host] play: task (as community.general).", _compat_name),
        Attribute(
            "ansible.task.module",
            "string",
            "The action or module as written (as community.general).",
            lambda _, result: result.host.definition.action,
        ),
        Attribute(
            "ansible.task.message",
            "string",
            "success, why it failed, or why it was skipped (as community.general).",
            _message,
        ),
        Attribute(
            "ansible.task.result",
            "int",
            "The command's exit status, else 0 (as community.general).",
            lambda _, result: result.host.detail.get("rc") or 0,
        ),
        Attribute(
            "ansible.task.args.name",
            "string[]",
            "Names of the task's arguments (as community.general).",
            lambda _, result: tuple(result.host.definition.args),
        ),
        Attribute(
            "ansible.task.args.value",
            "string[]",
            "Their values as written in the playbook, masked (as community.general).",
            lambda _, result: tuple(result.host.definition.args.values()),
        ),
        Attribute(
            "server.address",
            "string",
            "Where the work was done: ansible_host, or the delegate.",
            lambda _, result: _address(result),
        ),
        Attribute("server.port", "int", "ansible_port.", lambda _, result: _port(result)),
        Attribute(
            "network.peer.address",
            "string",
            "The address where it is a literal one.",
            lambda _, result: _ip_literal(_address(result)),
        ),
        Attribute("network.protocol.name", "string", "ssh, winrm...", lambda _, result: _protocol(result)),
        Attribute(
            "peer.service",
            "string",
            "The host's name; deprecated.",
            lambda _, result: result.host.host if result.kind is SpanKind.CLIENT else None,
            "jaeger_peer_service",
        ),
        Attribute(
            "url.full",
            "string",
            "The URL that the task asked, without credentials.",
            lambda _, result: _url(result.host),
        ),
        Attribute(
            "http.url", "string", "The same; deprecated.", lambda _, result: _url(result.host), "compat_http_url"
        ),
        Attribute("ansible.connection", "string", "The connection plugin.", lambda _, result: result.connection),
        Attribute(
            "ansible.role.name",
            "string",
            "The role that the task belongs to.",
            lambda _, result: result.host.definition.role,
        ),
        Attribute(
            "ansible.task.changed",
            "boolean",
            "Whether it changed something.",
            lambda node, result: node.outcome is Outcome.CHANGED or bool(result.host.detail.get("changed")),
        ),
        Attribute(
            "ansible.task.attempts",
            "int",
            "Tries, where there was more than one.",
            lambda _, result: result.host.attempts if result.host.attempts > 1 else None,
        ),
        _detail("rc", "ansible.task.rc", "int", "The command's exit status, where it is known."),
        _detail("delegated_host", "ansible.task.delegated_host", "string", "The host that it was delegated to."),
        Attribute(
            "ansible.task.no_log",
            "boolean",
            "Whether no_log hides its data.",
            lambda _, result: bool(result.host.definition.no_log or result.host.detail.get("censored")) or None,
        ),
        _detail("job", "ansible.task.async_id", "string", "Id of the asynchronous job."),
        Attribute(
            "ansible.task.wait_seconds",
            "double",
            "From the task's announcement to this start: mostly waiting for a free fork.",
            lambda _, result: seconds(result.host.waited_ns),
        ),
        Attribute(
            "ansible.task.announce_delay_seconds",
            "double",
            "From this end to Ansible's announcement of the result: the controller was the bottleneck.",
            lambda node, result: (
                seconds(max(0, result.host.announced - node.end)) if result.host.announced is not None else None
            ),
        ),
        Attribute(
            "ansible.task.end_source",
            "string",
            "Who told the end: worker (the true one), announcement (the worker did not) or end (the run ended first).",
            lambda _, result: result.host.end_source,
        ),
        _detail("delta", "ansible.task.module_seconds", "double", "How long the module itself says that it worked."),
        Attribute("ansible.items.total", "int", "Loop items.", lambda _, result: result.host.items or None),
        Attribute(
            "ansible.items.failed",
            "string[]",
            "Labels of the loop items that failed.",
            lambda _, result: result.host.failed_items,
        ),
        Attribute(
            "ansible.items.failed.messages",
            "string[]",
            "Why they failed, at most 20.",
            lambda _, result: _failed_messages(result.host),
        ),
        _detail("cmd", "ansible.task.cmd", "string", "The command of a failed result, redacted."),
        _detail("stdout", "ansible.task.stdout", "string", "Standard output of a failed result, redacted and cut."),
        _detail("stderr", "ansible.task.stderr", "string", "Standard error of a failed result, redacted and cut."),
    ),
)

ITEM = Shape[ItemDetail](
    Kind.ITEM,
    "{task name} item",
    "One loop item; it begins where the one before it ended.",
    name=lambda node, _: f"{node.name} item",
    attributes=(
        Attribute("ansible.item.index", "int", "Counted from 0.", lambda _, item: item.index),
        Attribute(
            "ansible.item.label",
            "string",
            "The loop's label for it; hidden by no_log.",
            lambda _, item: cut(item.label, _LABEL_BYTES) if item.label else None,
        ),
        Attribute("ansible.task.host.name", "string", "The host's name in the inventory.", lambda _, item: item.host),
        Attribute(
            "ansible.task.host.outcome",
            "string",
            "The item's outcome, as of a host result.",
            lambda node, _: node.outcome.value,
        ),
        Attribute(
            "ansible.task.message",
            "string",
            "Why it failed.",
            lambda node, _: node.failure.message or None if node.failure else None,
        ),
        Attribute(
            "ansible.task.rc",
            "int",
            "The command's exit status, where it is known.",
            lambda _, item: item.detail.get("rc"),
        ),
        Attribute(
            "ansible.task.delegated_host",
            "string",
            "The host that it was delegated to.",
            lambda _, item: delegate_of(item),
        ),
    ),
)

ATTEMPT = Shape[AttemptDetail](
    Kind.ATTEMPT,
    "{task name} attempt",
    "One try of a task that was retried, the last one included; of more than 20, the first and the last ten.",
    name=lambda node, _: f"{node.name} attempt",
    attributes=(
        Attribute("ansible.attempt.number", "int", "Counted from 1.", lambda _, attempt: attempt.number),
        Attribute("ansible.attempt.max", "int", "How many there may be.", lambda _, attempt: attempt.maximum),
        Attribute(
            "ansible.attempt.delay_seconds",
            "double",
            "What was waited after it.",
            lambda _, attempt: attempt.delay or None,
        ),
        Attribute(
            "ansible.task.host.name", "string", "The host's name in the inventory.", lambda _, attempt: attempt.host
        ),
        Attribute(
            "ansible.task.host.outcome",
            "string",
            "The try's outcome, as of a host result.",
            lambda node, _: node.outcome.value,
        ),
        Attribute(
            "ansible.task.message",
            "string",
            "Why it failed.",
            lambda node, _: node.failure.message or None if node.failure else None,
        ),
    ),
)
