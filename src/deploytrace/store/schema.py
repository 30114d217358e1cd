"""The store's tables, the same in SQLite and PostgreSQL; the source of ``docs/store.md``.

Times are whole ns: ``..._ns`` of a run is Unix time, of what is in a run the time since the run's start; durations are
lengths. What many rows share (names of hosts, definitions of tasks) stands once and is named by number, so that a
row of ``host_results``, of which there are millions, takes some 30 bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from .entries import OUTCOME_CODES

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "applied",
    "buckets",
    "containers",
    "definitions",
    "downtimes",
    "exemplars",
    "failures",
    "host_results",
    "host_times",
    "hosts",
    "levels",
    "plays",
    "role_times",
    "roles",
    "runs",
    "series",
    "service_downtimes",
    "store",
    "task_times",
    "tasks",
]

SCHEMA_VERSION = "0003"
"""The latest migration in ``store/migrations``; a store of a later one is refused."""

SCHEMA = MetaData()


def _run() -> Column[int]:
    return Column(
        "run", Integer, ForeignKey("runs.key", ondelete="CASCADE"), primary_key=True, comment="The run, by its key."
    )


store = Table(
    "store",
    SCHEMA,
    Column("one", Integer, primary_key=True, comment="Always 1: the table has one row."),
    Column("store_id", String(36), nullable=False, comment="The store's UUID: who the metrics are from."),
    Column("created_ns", BigInteger, nullable=False, comment="When it was made, Unix time."),
    Column("generation", BigInteger, nullable=False, comment="Rises with each commit; its row is each writer's lock."),
    comment="What the store is.",
)

runs = Table(
    "runs",
    SCHEMA,
    Column("key", Integer, primary_key=True, comment="Names the run in this store."),
    Column("run_id", String(32), nullable=False, unique=True, comment="The run's id, as in its journal."),
    Column("trace_id", String(32), nullable=False, comment="Its trace."),
    Column("playbook", Text, nullable=False, comment="The playbook as the metrics name it: its path in the project."),
    Column("playbook_path", Text, nullable=False, comment="Where it was on the controller; empty for ad-hoc commands."),
    Column("started_ns", BigInteger, nullable=False, comment="Start, Unix time."),
    Column("heartbeat_ns", BigInteger, nullable=False, comment="When it was last known to go on, Unix time."),
    Column("duration_ns", BigInteger, comment="Its length; null while it goes on."),
    Column("outcome", Text, comment="ok, failed, unreachable, skipped or interrupted; null while it goes on."),
    Column("result", Text, comment="OpenTelemetry's cicd.pipeline.result; null while it goes on."),
    Column("error_type", Text, comment="What went wrong first, as error.type in docs/spans.md."),
    Column("complete", Boolean, comment="Whether Ansible told the end; false where it was killed."),
    Column("command_id", String(32), nullable=False, comment="Playbooks of one command share it."),
    Column("sequence", Integer, nullable=False, comment="1 for the command's first playbook."),
    Column("front_end", Text, nullable=False, comment="playbook, adhoc or console."),
    Column("controller", Text, nullable=False, comment="The host that Ansible ran on."),
    Column("boot_id", Text, nullable=False, comment="Its boot; a run of an earlier boot does not go on."),
    Column("user", Text, nullable=False, comment="Who ran it."),
    Column("check_mode", Boolean, nullable=False, comment="Run with --check."),
    Column("diff_mode", Boolean, nullable=False, comment="Run with --diff."),
    Column("forks", Integer, nullable=False, comment="How many hosts at a time."),
    Column("host_limit", Text, comment="--limit."),
    Column("tags", Text, nullable=False, comment="--tags, a JSON list."),
    Column("skip_tags", Text, nullable=False, comment="--skip-tags, a JSON list."),
    Column("inventory", Text, nullable=False, comment="Inventory sources, a JSON list."),
    Column("ansible_version", Text, nullable=False, comment="ansible-core's version."),
    Column("python_version", Text, nullable=False, comment="Its Python's version."),
    Column("deploytrace_version", Text, nullable=False, comment="Who recorded it."),
    Column("environment", Text, comment="deployment.environment.name."),
    Column("revision", Text, comment="Commit of the project (vcs.ref.head.revision)."),
    Column("context", Text, nullable=False, comment="Extra variables that context_vars names, a JSON object."),
    Column("resource", Text, nullable=False, comment="What CI and git said (cicd.*, vcs.*), a JSON object."),
    Column("hosts", Text, nullable=False, comment="Hosts by how they ended, a JSON object; empty while it goes on."),
    Column("tasks_total", Integer, nullable=False, comment="Tasks that ended."),
    Column("results_total", Integer, nullable=False, comment="Rows in host_results, also when they are pruned."),
    Column("pruned", Boolean, nullable=False, comment="Whether its host_results were removed for the size limit."),
    Column("straggler_ns", BigInteger, nullable=False, comment="What slow hosts cost, as in the metric."),
    Column("idle_ns", BigInteger, nullable=False, comment="What hosts waited for others, as in the metric."),
    Column("callback_ns", BigInteger, nullable=False, comment="What deploytrace's callbacks cost Ansible."),
    Column("kind", String(16), comment="Runs of one kind can be compared; null in those of a first version."),
    Column("expected_end_ns", BigInteger, comment="When it should end, by half of the runs like it, Unix time."),
    Column("latest_end_ns", BigInteger, comment="And by nine of ten of them."),
    Column("message", Text, comment="What went wrong first, in one line, at most 500 characters."),
    Index("runs_by_start", "started_ns"),
    Index("runs_by_playbook", "playbook", "started_ns"),
    Index("runs_by_kind", "kind", "started_ns"),
    comment="One row for each playbook that was run, from its start on.",
)

plays = Table(
    "plays",
    SCHEMA,
    _run(),
    Column("play", Integer, primary_key=True, autoincrement=False, comment="Its number in the run."),
    Column("name", Text, nullable=False, comment="As written."),
    Column("strategy", Text, nullable=False, comment="linear, free..."),
    Column("batches", Integer, nullable=False, comment="How many batches serial made."),
    Column("started_ns", BigInteger, nullable=False, comment="Start, since the run's."),
    Column("duration_ns", BigInteger, nullable=False, comment="Its length."),
    Column("outcome", Text, nullable=False, comment="As in docs/spans.md."),
    Column("straggler_ns", BigInteger, nullable=False, comment="What slow hosts cost; 0 where each goes its own pace."),
    Column("idle_ns", BigInteger, nullable=False, comment="What hosts waited for others."),
    Column("hosts", Text, comment="Keys of the (first batch's) hosts in Ansible's order, a JSON list."),
    comment="Plays.",
    sqlite_with_rowid=False,
)

roles = Table(
    "roles",
    SCHEMA,
    _run(),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="Counts role invocations as they end."),
    Column("play", Integer, nullable=False, comment="The play that it is in."),
    Column("role", Text, nullable=False, comment="Its fully qualified name."),
    Column("invocation", Integer, nullable=False, comment="Counts the same role's invocations in a play."),
    Column("started_ns", BigInteger, nullable=False, comment="Start of its first task, since the run's."),
    Column("duration_ns", BigInteger, nullable=False, comment="To the end of its last, with the roles in it."),
    Column("outcome", Text, nullable=False, comment="As in docs/spans.md."),
    comment="Role invocations.",
    sqlite_with_rowid=False,
)

containers = Table(
    "containers",
    SCHEMA,
    _run(),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="Counts the run's containers."),
    Column("node", Text, nullable=False, comment="Its id in the run's tree: batch/..., role/... or block/..."),
    Column("container", Integer, comment="The container that it is in; null where that is the play."),
    Column("play", Integer, nullable=False, comment="The play that it is in."),
    Column("name", Text, nullable=False, comment="As written."),
    Column("started_ns", BigInteger, nullable=False, comment="Start, since the run's."),
    Column("duration_ns", BigInteger, nullable=False, comment="Its length."),
    Column("outcome", Text, nullable=False, comment="As in docs/spans.md."),
    Column("detail", Text, nullable=False, comment="What only a batch, a role or a block has, a JSON object."),
    comment="What tasks stand in, below the play: serial batches, role invocations and blocks.",
    sqlite_with_rowid=False,
)

definitions = Table(
    "definitions",
    SCHEMA,
    Column("key", Integer, primary_key=True, comment="Names the definition in this store."),
    Column("playbook", Text, nullable=False, comment="As in runs."),
    Column("stable_id", String(16), nullable=False, comment="Hash of play, role, place, name: the same in every run."),
    Column("play", Text, nullable=False, comment="Name of the play, as written."),
    Column("role", Text, nullable=False, comment="The role that it stands in, fully qualified; empty outside roles."),
    Column("name", Text, nullable=False, comment="As written."),
    Column("action", Text, nullable=False, comment="The module."),
    Column("handler", Boolean, nullable=False, comment="Whether it is a handler."),
    Column("path", Text, nullable=False, comment="The file that it is written in."),
    Column("line", Integer, nullable=False, comment="And the line."),
    Column("place", Text, comment="The file within the project; null where a first version put it down."),
    UniqueConstraint("playbook", "stable_id"),
    comment="Tasks and handlers as they are written; what the runs of a playbook have in common.",
)

tasks = Table(
    "tasks",
    SCHEMA,
    _run(),
    Column("task", Integer, primary_key=True, autoincrement=False, comment="Its number in the run."),
    Column("occurrence", SmallInteger, primary_key=True, autoincrement=False, comment="Counts flushes of a handler."),
    Column("definition", Integer, ForeignKey("definitions.key"), nullable=False, comment="What is run."),
    Column("play", Integer, nullable=False, comment="The play that it is in."),
    Column("announced_ns", BigInteger, nullable=False, comment="When Ansible announced it, since the run's start."),
    Column("started_ns", BigInteger, nullable=False, comment="When its first host began."),
    Column("duration_ns", BigInteger, nullable=False, comment="From there to its last host's end."),
    Column("busy_ns", BigInteger, nullable=False, comment="Time in which at least one host was at work on it."),
    Column("straggler_ns", BigInteger, nullable=False, comment="The slowest host's time minus the median's."),
    Column("straggler", Integer, ForeignKey("hosts.key"), comment="The slowest host."),
    Column("outcome", Text, nullable=False, comment="The gravest of its host results."),
    Column("results", Integer, nullable=False, comment="How many host results it had."),
    Column("container", Integer, comment="The container that it is in; null where that is the play."),
    Column("told_ns", BigInteger, comment="When Ansible announced it to the hosts whose waited_ns is null."),
    Column("written", Text, comment="How it was written in this run, a JSON object; null in runs of a first version."),
    Index("tasks_by_definition", "definition", "run", "busy_ns", "outcome"),
    comment="Tasks of a run, and flushes of its handlers.",
    sqlite_with_rowid=False,
)

hosts = Table(
    "hosts",
    SCHEMA,
    Column("key", Integer, primary_key=True, comment="Names the host in this store."),
    Column("name", Text, nullable=False, unique=True, comment="As in the inventory."),
    comment="Managed hosts.",
)

host_results = Table(
    "host_results",
    SCHEMA,
    Column("started_ns", BigInteger, nullable=False, comment="When its worker began, since the run's start."),
    Column("duration_ns", BigInteger, nullable=False, comment="Until its worker ended."),
    _run(),
    Column("execution", Integer, primary_key=True, autoincrement=False, comment="Its number in the run."),
    Column("task", Integer, nullable=False, comment="The task, with"),
    Column("occurrence", SmallInteger, nullable=False, comment="its occurrence."),
    Column("outcome", SmallInteger, nullable=False, comment="By number: " + ", ".join(
        f"{code} {outcome}" for code, outcome in enumerate(OUTCOME_CODES)) + "."),
    Column("attempts", SmallInteger, nullable=False, comment="How many tries."),
    Column("host", Integer, nullable=False, comment="The host."),
    Column("loop_items", Integer, nullable=False, comment="How many loop items."),
    Column("late_ns", BigInteger, comment="From its end to its announcement; null where there was none."),
    Column("waited_ns", BigInteger, comment="From its task's announcement to its start; null: from told_ns on."),
    Column("own_ns", BigInteger, comment="What the module itself took, where it said so."),
    Column("delegate", Integer, comment="The host that did the work, where that was another."),
    comment="One task on one host. Millions: it is first to be pruned.",
    sqlite_with_rowid=False,
)  # fmt: skip

task_times = Table(
    "task_times",
    SCHEMA,
    _run(),
    Column("definition", Integer, ForeignKey("definitions.key"), primary_key=True, comment="The task."),
    Column("nth", SmallInteger, nullable=False, comment="Counts tasks of one name in one file, by line."),
    Column("wall_ns", BigInteger, nullable=False, comment="Time in which at least one host was at work on it."),
    Column("hosts_ns", BigInteger, nullable=False, comment="That of all hosts added up."),
    Column("passes", Integer, nullable=False, comment="How often it was run: in batches, includes, flushes."),
    Column("results", Integer, nullable=False, comment="How many host results it had."),
    Column("outcome", SmallInteger, nullable=False, comment="The gravest, by number as in host_results."),
    Index("task_times_by_definition", "definition", "run", "nth", "wall_ns", "hosts_ns"),
    comment="What each task took in a whole run; made when it is over.",
    sqlite_with_rowid=False,
)

role_times = Table(
    "role_times",
    SCHEMA,
    _run(),
    Column("role", Text, primary_key=True, comment="The role, all its invocations."),
    Column("own_ns", BigInteger, nullable=False, comment="Time in which hosts were at work on tasks of its own."),
    Column("inclusive_ns", BigInteger, nullable=False, comment="With the roles that it includes or depends on."),
    comment="What each role took in a whole run; made when it is over.",
    sqlite_with_rowid=False,
)

host_times = Table(
    "host_times",
    SCHEMA,
    _run(),
    Column("host", Integer, ForeignKey("hosts.key"), primary_key=True, comment="The host."),
    Column("busy_ns", BigInteger, nullable=False, comment="Time in which it was at work."),
    Column("results", Integer, nullable=False, comment="How many host results it had."),
    Column("connection", Text, comment="How it was reached: ssh, local..."),
    comment="What each host took in a whole run; made when it is over.",
    sqlite_with_rowid=False,
)

failures = Table(
    "failures",
    SCHEMA,
    _run(),
    Column("execution", Integer, primary_key=True, autoincrement=False, comment="The host result."),
    Column("error_type", Text, nullable=False, comment="As error.type in docs/spans.md."),
    Column("message", Text, nullable=False, comment="The reason in one line, redacted, at most 500 characters."),
    comment="Why a host result failed or was unreachable; also where that was ignored or rescued.",
    sqlite_with_rowid=False,
)

downtimes = Table(
    "downtimes",
    SCHEMA,
    _run(),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="Counts the run's windows."),
    Column("host", Text, nullable=False, comment="The host."),
    Column("service", Text, nullable=False, comment="The service; empty where the tags name none."),
    Column("started_ns", BigInteger, nullable=False, comment="Start of the task that opened it, since the run's."),
    Column("duration_ns", BigInteger, nullable=False, comment="To the end of the task that closed it, or of the run."),
    Column("at_least_ns", BigInteger, nullable=False, comment="From the end of the first to the start of the second."),
    Column("open", Boolean, nullable=False, comment="Whether nothing closed it."),
    Column("execution", Integer, comment="The host result that opened it."),
    Column("at_least_from_ns", BigInteger, comment="From when at_least_ns counts, since the run's start."),
    Column("play", Integer, comment="The play that it is in; null where it is in several."),
    Column("span_ns", BigInteger, comment="Length of its span, which ends before what it waited for."),
    comment="Downtime windows of hosts.",
    sqlite_with_rowid=False,
)

service_downtimes = Table(
    "service_downtimes",
    SCHEMA,
    _run(),
    Column("service", Text, primary_key=True, comment="The service; empty where the tags name none."),
    Column("hosts", Integer, nullable=False, comment="How many hosts it has."),
    Column("reduced_ns", BigInteger, nullable=False, comment="How long fewer than all of them were up, at most."),
    Column("reduced_at_least_ns", BigInteger, nullable=False, comment="And at least."),
    Column("outage_ns", BigInteger, nullable=False, comment="How long none of them was up, at most."),
    Column("outage_at_least_ns", BigInteger, nullable=False, comment="And at least."),
    Column("open", Boolean, nullable=False, comment="Whether the run left a host of it down."),
    comment="What the windows of hosts mean for a service.",
    sqlite_with_rowid=False,
)

applied = Table(
    "applied",
    SCHEMA,
    Column("run_id", String(32), primary_key=True, comment="The run's id."),
    Column("entries", BigInteger, nullable=False, comment="How many of its entries are committed."),
    Column("changed_ns", BigInteger, nullable=False, comment="When that was, Unix time."),
    comment="What keeps a replayed journal from counting twice; outlives the run's history.",
)

series = Table(
    "series",
    SCHEMA,
    Column("key", Integer, primary_key=True, comment="Names the series in this store."),
    Column("family", Text, nullable=False, comment="The metric, as in docs/metrics.md."),
    Column("labels", Text, nullable=False, comment="Its label values in the metric's order, a JSON list."),
    Column("born_ns", BigInteger, nullable=False, comment="When it began at 0, Unix time."),
    Column("touched_ns", BigInteger, nullable=False, comment="When it last changed; of a gauge, when its value held."),
    Column("count", BigInteger, nullable=False, comment="Of a histogram: how many observations."),
    Column("total", BigInteger, nullable=False, comment="Sum of a histogram, value of the others; seconds in ns."),
    UniqueConstraint("family", "labels"),
    comment="The metric accumulators. They never shrink; one that nothing touched for long is removed as a whole.",
)

buckets = Table(
    "buckets",
    SCHEMA,
    Column("series", Integer, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True, comment="The histogram."),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False, comment="From 0; the last is +Inf."),
    Column("count", BigInteger, nullable=False, comment="Observations in this bucket alone."),
    comment="Buckets of histograms that have observations.",
    sqlite_with_rowid=False,
)

exemplars = Table(
    "exemplars",
    SCHEMA,
    Column("series", Integer, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True, comment="The histogram."),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False, comment="Which bucket."),
    Column("trace_id", String(32), nullable=False, comment="The trace."),
    Column("span_id", String(16), nullable=False, comment="The span."),
    Column("value_ns", BigInteger, nullable=False, comment="What was observed."),
    Column("time_ns", BigInteger, nullable=False, comment="When that was over, Unix time."),
    comment="The latest observation of each bucket, with the way to its trace.",
    sqlite_with_rowid=False,
)

levels = Table(
    "levels",
    SCHEMA,
    Column("source", Text, primary_key=True, comment="A run, or a state directory."),
    Column("name", Text, primary_key=True, comment="What is counted there."),
    Column("value", BigInteger, nullable=False, comment="The count when it was last looked at."),
    Column("changed_ns", BigInteger, nullable=False, comment="When that was, Unix time."),
    comment="Counts kept elsewhere (deliveries, losses), as far as they are in the accumulators.",
    sqlite_with_rowid=False,
)
