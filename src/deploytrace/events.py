"""The vocabulary: one named tuple per thing that can happen in a run, as it is written to the journal.

Events say what Ansible said, when, and nothing more; what it means is for ``run.replay`` alone to decide. Every event
but the first has ``t``: nanoseconds since the run's start on the monotonic clock, so that a step of the wall clock
changes no duration. All texts are redacted before an event is made. Numbers identify: ``play`` counts play starts,
``task`` counts tasks met (per play start), both from 1, and ``execution`` names the start of a task on a host by the
worker that does it. A host is at one task at a time, so that its name says which execution an event is about.
"""

# Annotations are not postponed here: `typing` would compile each one anew, at every start of Ansible.
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Union

__all__ = [
    "DETAIL_KEYS",
    "AsyncPolled",
    "AttemptFailed",
    "ControllerSeen",
    "DiffShown",
    "Event",
    "HostFinished",
    "HostSeen",
    "HostStarted",
    "HostsExhausted",
    "Included",
    "ItemFinished",
    "NoHostsMatched",
    "Notified",
    "PlayStarted",
    "PromptShown",
    "RunEnded",
    "RunLost",
    "RunStarted",
    "Signalled",
    "TaskDefined",
    "TaskStarted",
    "WorkerEnded",
]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RunStarted(NamedTuple):
    """A playbook begins. The only event with a wall-clock time; all later ones count from it.

    ``wall_ns`` is Unix time and ``mono_ns`` the monotonic clock at the same instant, both in ns. ``pid`` and
    ``pid_started`` (clock ticks since boot, from /proc) name Ansible's process beyond doubt on the boot ``boot_id``.
    """

    run_id: str
    wall_ns: int
    mono_ns: int
    boot_id: str
    pid: int
    pid_started: int
    command_id: str  # one per Ansible process; playbooks of one command share it
    sequence: int  # 1 for the command's first playbook
    previous: str | None  # "<trace id>-<root span id>" of the playbook before it in the same command
    front_end: str  # "playbook", "adhoc" or "console"
    playbook: str  # as given on the command line
    playbook_path: str  # absolute
    ansible_version: str
    python_version: str
    deploytrace_version: str
    user: str
    host_name: str  # the controller's
    host_id: str | None  # the controller's machine id
    os_type: str = "linux"
    check_mode: bool = False
    diff_mode: bool = False
    forks: int = 0
    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    plays_total: int | None = None
    context_vars: Mapping[str, str] = _NOTHING  # extra vars named by the setting context_vars
    resource: Mapping[str, str] = _NOTHING  # cicd.*, vcs.*, deployment.* found in the environment
    traceparent: str | None = None
    tracestate: str | None = None
    baggage: str | None = None
    join_trace: str = "parent"
    endpoint: str | None = None  # where this run's traces were to go (null: to a file); never with credentials
    protocol: str | None = None  # OTEL_EXPORTER_OTLP_PROTOCOL at the time
    callbacks: tuple[str, ...] = ("telemetry",)  # those of deploytrace's callbacks that are enabled
    settings: Mapping[str, str] = _NOTHING  # the run's settings that differ from their defaults, for a later delivery
    withheld: tuple[str, ...] = ()  # names of settings that are set and hold a secret; they are not recorded
    utc_offset: int | None = None  # seconds that the controller's local time is ahead of UTC
    ansible_log_path: str | None = None  # Ansible's own log (log_path), absolute
    ansible_log_size: int = 0  # its size at the run's start, bytes


class PlayStarted(NamedTuple):
    """A play, or one serial batch of it, begins. Batches of one play share ``uuid``."""

    t: int
    play: int
    uuid: str
    name: str  # as written, not evaluated
    hosts_pattern: str
    strategy: str
    serial: tuple[str, ...] = ()  # as written; empty where the play has no serial
    hosts: tuple[str, ...] | None = None  # the hosts of this batch; None where Ansible did not tell
    hosts_total: int | None = None  # hosts of all batches together
    path: str | None = None
    line: int | None = None


class TaskDefined(NamedTuple):
    """A task or handler is met for the first time in a play start; later events name it by ``task``.

    ``ancestors`` is outermost first: ``{"kind": "role", "key": uuid, "name", "fqcn", "path"}`` or ``{"kind": "block",
    "key", "name", "section": block|rescue|always, "path", "line"}`` (only blocks that are named or have a rescue or
    always section). ``rescuable`` is true inside the block section of a block that has a rescue; of meta
    tasks for flush_handlers only, and it goes for the handlers that run then.
    """

    t: int
    task: int
    play: int
    uuid: str
    name: str  # as written, not evaluated; without the role
    action: str
    handler: bool = False
    role: str | None = None
    role_fqcn: str | None = None
    path: str | None = None
    line: int | None = None
    ancestors: tuple[Mapping[str, Any], ...] = ()
    rescuable: bool = False
    include: bool = False  # include_tasks, include_role: its result is provisional until its host goes on
    meta: bool = False
    loop: bool = False
    async_seconds: int = 0
    delegate_to: str | None = None
    run_once: bool = False
    throttle: int = 0  # how many hosts may be at it at once; 0: any number, or what a template says
    no_log: bool = False
    check_mode: bool = False
    tags: tuple[str, ...] = ()
    args: Mapping[str, str] = _NOTHING  # as written, redacted
    notify: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()


class TaskStarted(NamedTuple):
    """Ansible announces a task: once per task under linear, once per host under free; no host is at work yet."""

    t: int
    task: int


class HostSeen(NamedTuple):
    """A host of the inventory is met for the first time in the run, and how it is reached."""

    t: int
    host: str
    address: str | None = None  # ansible_host
    port: int | None = None
    connection: str | None = None  # ssh, local, winrm...


class HostStarted(NamedTuple):
    """A worker for one task on one host is about to be forked; written by the worker itself, once it is.

    ``execution`` counts the workers of Ansible's process; it grows in the order in which they were forked.
    """

    t: int
    execution: int
    task: int
    host: str


class WorkerEnded(NamedTuple):
    """The worker of an execution ends; written by the worker itself, so it is the true end of the host's work."""

    t: int
    execution: int
    pid: int


class HostFinished(NamedTuple):
    """Ansible announces a host's result.

    ``status`` is ok, changed, failed, unreachable or skipped (from the hook that was called). ``ignored`` is true for
    ignore_errors and ignore_unreachable. ``detail`` holds what was read of the result: see `DETAIL_KEYS`. Some results
    had no worker (a skipped meta task), and where an include could not be loaded its hosts get a second one.
    """

    t: int
    task: int
    host: str
    status: str
    ignored: bool = False
    detail: Mapping[str, Any] | None = None


class ItemFinished(NamedTuple):
    """One loop item of a host's task ended. There is no start event: it began when the one before it ended."""

    t: int
    host: str
    status: str
    ignored: bool = False
    label: str | None = None
    detail: Mapping[str, Any] | None = None


class AttemptFailed(NamedTuple):
    """A try failed and another will follow after ``delay`` seconds; ``attempts`` is how many there may be in all."""

    t: int
    host: str
    attempts: int | None = None
    delay: float = 0.0
    detail: Mapping[str, Any] | None = None


class AsyncPolled(NamedTuple):
    """The controller looked after an asynchronous job. ``status``: running, ok or failed."""

    t: int
    host: str
    job: str | None = None
    status: str = "running"


class DiffShown(NamedTuple):
    """Ansible showed a diff (``--diff``): the names of what changed, never the content."""

    t: int
    host: str
    files: tuple[str, ...] = ()


class Included(NamedTuple):
    """An include was loaded for these hosts."""

    t: int
    task: int
    file: str
    hosts: tuple[str, ...] = ()
    role: bool = False


class Notified(NamedTuple):
    """A handler is about to run for a host that notified it (Ansible says so at the flush)."""

    t: int
    handler: str  # Ansible's uuid of the handler
    host: str
    name: str = ""


class PromptShown(NamedTuple):
    """A play asks for a variable; only its name is recorded."""

    t: int
    name: str


class NoHostsMatched(NamedTuple):
    """The play matched no hosts."""

    t: int


class HostsExhausted(NamedTuple):
    """No hosts are left in the play."""

    t: int


class Signalled(NamedTuple):
    """Ansible's main process received a signal that ends it."""

    t: int
    signal: int


class RunEnded(NamedTuple):
    """The run is over, by Ansible's own account.

    ``reason`` is ``finished`` (statistics were shown), ``interrupted`` (a signal) or ``aborted`` (Ansible left without
    statistics: a parser error, an internal error). ``stats`` maps a host to its counts in this run: ok, changed,
    failures, unreachable, skipped, rescued, ignored. ``callback_ns`` is what the callbacks cost Ansible, of plain
    successes by one in sixteen. ``stopped`` says why recording had stopped before the end, where it had.
    """

    t: int
    reason: str
    stats: Mapping[str, Mapping[str, int]] = _NOTHING
    callback_ns: int = 0
    stopped: str | None = None


class ControllerSeen(NamedTuple):
    """What only the sidecar may look up: the controller's address. Written by the sidecar."""

    t: int
    ip: str | None = None


class RunLost(NamedTuple):
    """Ansible's process is gone without a word (SIGKILL, power). Written by the sidecar; nothing after it counts."""

    t: int


# What the ``detail`` of a result, an item or a try may hold, each only where the result had it: its type in JSON, its
# meaning. All texts are redacted; of one longer than 8 KiB the beginning and the end are kept, with a mark in between.
DETAIL_KEYS: Mapping[str, tuple[str, str]] = {
    "reason": ("text", "The failure in one line: the last of stderr, else of stdout, else the first of msg."),
    "msg": ("text", "What the module said."),
    "stdout": ("text", "The command's standard output."),
    "stderr": ("text", "The command's standard error."),
    "module_stdout": ("text", "What a module wrote that ended without a result."),
    "module_stderr": ("text", "Its standard error: mostly a traceback, or what ssh said."),
    "exception": ("text", "The module's traceback."),
    "cmd": ("text", "The command, its words joined by spaces."),
    "rc": ("number", "The command's exit status."),
    "start": ("text", "When the command began, by the host's own clock."),
    "end": ("text", "When it ended."),
    "delta": ("number", "Seconds that the command itself took."),
    "url": ("text", "The address that was asked, without credentials."),
    "changed": ("true or false", "Whether the module changed something."),
    "attempts": ("number", "How many tries there were."),
    "timedout": ("true", "The task's timeout ended it."),
    "job": ("text", "Id of the asynchronous job."),
    "delegated_host": ("text", "The host that did the work, where that was delegated."),
    "connection": ("text", "How that host was reached."),
    "warnings": ("list of texts", "The module's warnings, at most 10."),
    "deprecations": ("list of texts", "Its deprecation warnings, at most 10."),
    "skip_reason": ("text", "Why it was skipped."),
    "items": ("number", "How many items the loop had."),
    "failed_items": ("list of objects", "`label` and `msg` of the items that failed, at most 20."),
    "rest": ("object", "What else the module returned; only with `results=all`, at most some 32 KiB of it."),
    "censored": ("true", "Hidden by no_log: beside it stand at most `attempts` and `changed`."),
}

Event = Union[  # noqa: UP007 - a runtime alias that Python 3.10 can evaluate and mypy can narrow
    RunStarted,
    PlayStarted,
    TaskDefined,
    TaskStarted,
    HostSeen,
    HostStarted,
    WorkerEnded,
    HostFinished,
    ItemFinished,
    AttemptFailed,
    AsyncPolled,
    DiffShown,
    Included,
    Notified,
    PromptShown,
    NoHostsMatched,
    HostsExhausted,
    Signalled,
    RunEnded,
    ControllerSeen,
    RunLost,
]
