"""The rules of replay, each shown by the shortest run that needs it."""

from __future__ import annotations

import pytest

from deploytrace import events as ev
from deploytrace.run.model import HostDetail, Kind, Node, Outcome, RoleDetail, RunDetail, TaskDetail
from deploytrace.run.replay import Replay

from .stories import Story, seconds
from .tree_rules import check_tree


def _of(nodes: list[Node], kind: Kind) -> list[Node]:
    return [node for node in nodes if node.kind is kind]


def _told(story: Story) -> list[Node]:
    nodes = story.nodes()
    check_tree(nodes)
    return nodes


def test_host_result_ends_with_its_worker_not_with_its_announcement() -> None:
    story = Story()
    story.announce(0.1, "slow")
    one = story.start(0.2, "slow", "h1")
    story.finish(9.0, one, worker=4.2)
    story.end(9.1)
    host = _of(_told(story), Kind.HOST)[0]
    assert (seconds(host.start), seconds(host.end)) == (0.2, 4.2)
    assert isinstance(host.detail, HostDetail)
    assert host.detail.end_source == "worker"
    assert seconds(host.detail.announced or 0) == 9.0


def test_result_announced_before_the_worker_said_its_end_stands() -> None:
    story = Story()
    story.announce(0.1, "quick")
    one = story.start(0.2, "quick", "h1")
    story.finish(0.5, one)
    story.add(ev.WorkerEnded(600_000_000, one, 9))
    story.end(1.0)
    host = _of(_told(story), Kind.HOST)[0]
    assert seconds(host.end) == 0.5
    assert isinstance(host.detail, HostDetail)
    assert host.detail.end_source == "announcement"


def test_task_duration_is_the_union_of_its_hosts() -> None:
    story = Story("free")
    story.announce(0.1, "t")
    one = story.start(1, "t", "h1")
    story.finish(3, one)
    two = story.start(2, "t", "h2")
    story.finish(4, two)
    story.announce(5, "later")
    story.end(9)
    task = _of(_told(story), Kind.TASK)[0]
    assert isinstance(task.detail, TaskDetail)
    assert task.detail.busy_ns == 3_000_000_000
    assert (seconds(task.start), seconds(task.end)) == (1, 4)


def test_union_leaves_gaps_out() -> None:
    story = Story("free")
    story.announce(0.1, "t")
    story.finish(2, story.start(1, "t", "h1"))
    story.finish(8, story.start(7, "t", "h2"))
    story.end(9)
    task = _of(_told(story), Kind.TASK)[0]
    assert isinstance(task.detail, TaskDetail)
    assert task.detail.busy_ns == 2_000_000_000


def test_a_start_that_is_told_late_belongs_to_its_own_announcement() -> None:
    """Workers tell their starts: on a busy machine only after Ansible has announced the task for the next hosts."""
    story = Story("free", hosts=("h1", "h2", "h3"))
    for t in (1, 3, 5):
        story.announce(t, "t")
    executions = [story.start(t, "t", host) for t, host in ((5.1, "h3"), (2, "h1"), (4.5, "h2"))]
    for execution in executions:
        story.finish(6, execution)
    story.end(7)
    nodes = _told(story)
    waited = {node.detail.host: node.detail.waited_ns / 1e9 for node in nodes if isinstance(node.detail, HostDetail)}
    assert waited == {"h1": 1.0, "h2": 1.5, "h3": pytest.approx(0.1)}
    detail = _of(nodes, Kind.TASK)[0].detail
    assert isinstance(detail, TaskDetail)
    assert seconds(detail.announced) == 1


def test_linear_task_leaves_when_the_next_is_announced() -> None:
    story = Story()
    for name, t in (("a", 1), ("b", 2)):
        story.announce(t, name)
        for host in ("h1", "h2"):
            story.finish(t + 0.5, story.start(t + 0.1, name, host))
    left: list[str] = []

    replay = Replay()
    for event in story.events:
        left += [node.name for node in replay.feed(event) if node.kind is Kind.TASK]
    assert left == ["a"]


def test_handler_flushed_twice_is_two_nodes_each_with_its_notifier() -> None:
    story = Story()
    story.define("restart", handler=True, listen=("topic",))
    for flush, t in enumerate((1, 5), start=1):
        name = f"configure {flush}"
        story.announce(t, name, notify=("topic",))
        story.finish(t + 1, story.start(t + 0.1, name, "h1"), "changed")
        story.announce(t + 1.1, "restart")
        story.finish(t + 2, story.start(t + 1.2, "restart", "h1"), "changed")
    story.end(9)
    nodes = _told(story)
    handlers = _of(nodes, Kind.HANDLER)
    assert [node.end - node.start for node in handlers] == [800_000_000] * 2
    by_id = {node.id: node for node in nodes}
    assert [by_id[node.links[0].node].name for node in handlers] == ["configure 1", "configure 2"]
    assert len({node.id for node in handlers}) == 2


def test_handlers_under_free_are_grouped_by_flush_not_by_announcement() -> None:
    story = Story("free")
    story.define("restart", handler=True)
    for t, host in ((1, "h1"), (2, "h2"), (3, "h1")):
        story.announce(t, "restart")
        story.finish(t + 0.5, story.start(t + 0.1, "restart", host))
    story.end(9)
    handlers = _of(_told(story), Kind.HANDLER)
    assert sorted(sum(node.detail.hosts.values()) for node in handlers if isinstance(node.detail, TaskDetail)) == [1, 2]


def test_roles_nest_and_end_when_the_next_task_stands_outside() -> None:
    outer = {"kind": "role", "key": "r1", "name": "outer", "fqcn": "outer", "path": "/p/roles/outer"}
    inner = {"kind": "role", "key": "r2", "name": "inner", "fqcn": "inner", "path": "/p/roles/inner"}
    story = Story()
    for t, (name, chain) in enumerate((("a", (outer,)), ("b", (outer, inner)), ("c", (outer,)), ("d", ())), start=1):
        story.announce(t, name, ancestors=chain)
        story.finish(t + 0.5, story.start(t + 0.1, name, "h1"))
    story.end(9)
    nodes = _told(story)
    roles = {node.name: node for node in _of(nodes, Kind.ROLE)}
    assert roles["inner"].parent == roles["outer"].id
    assert (seconds(roles["outer"].start), seconds(roles["outer"].end)) == (1.1, 3.5)
    assert [node.name for node in nodes if node.kind in (Kind.TASK, Kind.ROLE)] == [
        "a",
        "b",
        "inner",
        "c",
        "outer",
        "d",
    ]


def test_a_role_listed_twice_is_two_invocations() -> None:
    story = Story()
    for t, key in ((1, "r1"), (2, "r2")):
        role = {"kind": "role", "key": key, "name": "app", "fqcn": "app", "path": None}
        story.announce(t, f"t{t}", ancestors=(role,))
        story.finish(t + 0.5, story.start(t + 0.1, f"t{t}", "h1"))
    story.end(9)
    details = [node.detail for node in _of(_told(story), Kind.ROLE)]
    assert [detail.invocation for detail in details if isinstance(detail, RoleDetail)] == [1, 2]


def test_rescued_failure_does_not_reach_the_run() -> None:
    def block(section: str) -> dict[str, object]:
        return {"kind": "block", "key": "b", "name": "switch", "section": section, "path": "/p/x.yml", "line": 3}

    story = Story()
    story.announce(1, "break", ancestors=(block("block"),), rescuable=True)
    story.finish(2, story.start(1.1, "break", "h1"), "failed", detail={"msg": "no", "reason": "no"})
    story.announce(3, "repair", ancestors=(block("rescue"),))
    story.finish(4, story.start(3.1, "repair", "h1"))
    story.end(9)
    nodes = _told(story)
    assert _of(nodes, Kind.HOST)[0].outcome is Outcome.RESCUED
    whole = next(node for node in _of(nodes, Kind.BLOCK) if node.detail.section == "block")  # type: ignore[union-attr]
    rescue = next(node for node in _of(nodes, Kind.BLOCK) if node.detail.section == "rescue")  # type: ignore[union-attr]
    assert rescue.parent == whole.id
    assert whole.outcome is Outcome.OK
    assert whole.detail.rescued  # type: ignore[union-attr]
    assert nodes[-1].outcome is Outcome.OK
    assert nodes[-1].detail.result == "success"  # type: ignore[union-attr]


def test_failure_and_its_reason_reach_the_run() -> None:
    story = Story()
    story.announce(1, "break")
    story.finish(2, story.start(1.1, "break", "h1"), "failed", detail={"msg": "boom", "reason": "boom", "rc": 1})
    story.end(9, stats={"h1": {"failures": 1}})
    run = _told(story)[-1]
    assert run.outcome is Outcome.FAILED
    assert run.failure is not None
    assert (run.failure.type, run.failure.message) == ("task_failed", "boom")


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_handler_that_fails_is_rescued_where_it_is_flushed_and_nowhere_else(strategy: str) -> None:
    story = Story(strategy=strategy)
    story.announce(1, "flush", meta=True, rescuable=True)
    story.announce(1, "reload", handler=True)
    story.finish(2, story.start(1.1, "reload", "h1"), "failed")
    story.announce(3, "repair")
    story.finish(4, story.start(3.1, "repair", "h1"))
    story.announce(5, "flush at the end", meta=True)
    story.announce(5, "reload")
    story.finish(6, story.start(5.1, "reload", "h1"), "failed")
    story.end(9)
    assert [node.outcome for node in _of(_told(story), Kind.HANDLER)] == [Outcome.RESCUED, Outcome.FAILED]


def test_what_the_debugger_had_done_again_is_two_host_results_and_the_second_counts() -> None:
    story = Story()
    story.announce(1, "break")
    story.finish(2, story.start(1.1, "break", "h1"), "failed", detail={"msg": "boom", "reason": "boom"})
    story.finish(4, story.start(3, "break", "h1"), "changed")
    story.end(9, stats={"h1": {"ok": 1, "failures": 0}})
    nodes = _told(story)
    assert [node.outcome for node in _of(nodes, Kind.HOST)] == [Outcome.FAILED, Outcome.CHANGED]
    assert (nodes[-1].outcome, nodes[-1].failure) == (Outcome.OK, None)


def test_include_that_could_not_be_loaded_is_one_failed_host_result() -> None:
    """Also where a block rescues: Ansible runs the rescue, and yet takes the host for failed from then on."""
    story = Story()
    story.announce(1, "include", include=True, action="include_tasks", rescuable=True)
    one = story.start(1.1, "include", "h1")
    story.finish(1.2, one, "ok")
    story.finish(1.3, one, "failed", detail={"msg": "Could not find or access 'x.yml'"})
    story.end(9)
    nodes = _told(story)
    host = _of(nodes, Kind.HOST)
    assert [node.outcome for node in host] == [Outcome.FAILED]
    assert host[0].failure is not None
    assert host[0].failure.type == "parse_error"
    assert seconds(host[0].end) == 1.2
    assert nodes[-1].outcome is Outcome.FAILED


def test_items_and_tries_follow_each_other_without_touching() -> None:
    story = Story()
    story.announce(1, "loop", loop=True)
    one = story.start(1, "loop", "h1")
    story.add(ev.ItemFinished(2_000_000_000, "h1", "ok", label="first"))
    story.add(ev.AttemptFailed(3_000_000_000, "h1", attempts=3, delay=0.5, detail={"msg": "not yet"}))
    story.add(ev.ItemFinished(4_000_000_000, "h1", "failed", label="second", detail={"msg": "no"}))
    story.finish(4.1, one, "failed", worker=4.05, detail={"msg": "One or more items failed"})
    story.end(9)
    nodes = _told(story)
    items, tries = _of(nodes, Kind.ITEM), _of(nodes, Kind.ATTEMPT)
    assert [node.outcome for node in items] == [Outcome.OK, Outcome.FAILED]
    assert [node.parent for node in tries] == [items[1].id] * 2
    assert 3.5 < seconds(tries[1].start) < 3.501
    host = _of(nodes, Kind.HOST)[0]
    assert isinstance(host.detail, HostDetail)
    assert host.detail.failed_items == ("second",)


def test_of_many_tries_the_first_and_last_ten_are_kept() -> None:
    story = Story()
    story.announce(1, "wait")
    one = story.start(1, "wait", "h1")
    for number in range(1, 50):
        story.add(ev.AttemptFailed((1 + number) * 1_000_000_000, "h1", attempts=60, detail={"msg": "no"}))
    story.finish(60, one, "ok", detail={"attempts": 50})
    story.end(61)
    nodes = _told(story)
    numbers = [node.detail.number for node in _of(nodes, Kind.ATTEMPT)]  # type: ignore[union-attr]
    assert numbers == [*range(1, 11), *range(41, 51)]
    assert _of(nodes, Kind.HOST)[0].detail.attempts == 50  # type: ignore[union-attr]


def test_serial_batches_share_the_play() -> None:
    story = Story(hosts=("h1",), hosts_total=2, serial=("1",))
    story.announce(1, "t")
    story.finish(2, story.start(1.1, "t", "h1"))
    story.play(3, hosts=("h2",), hosts_total=2, serial=("1",))
    story.tasks.clear()
    story.announce(4, "t")
    story.finish(5, story.start(4.1, "t", "h2"))
    story.end(9)
    nodes = _told(story)
    assert len(_of(nodes, Kind.PLAY)) == 1
    assert [node.detail.number for node in _of(nodes, Kind.BATCH)] == [1, 2]  # type: ignore[union-attr]
    assert len({node.id for node in _of(nodes, Kind.TASK)}) == 2


def test_serial_that_makes_one_batch_makes_no_batch_node() -> None:
    story = Story(hosts=("h1", "h2"), serial=("5",))
    story.announce(1, "t")
    story.finish(2, story.start(1.1, "t", "h1"))
    story.end(9)
    assert not _of(_told(story), Kind.BATCH)


def test_lost_run_closes_what_was_open_as_interrupted() -> None:
    story = Story()
    story.announce(1, "t")
    story.finish(2, story.start(1.1, "t", "h1"))
    story.start(1.2, "t", "h2")
    story.add(ev.RunLost(3_000_000_000))
    story.add(ev.WorkerEnded(4_000_000_000, 2, 9))
    nodes = _told(story)
    hosts = {node.detail.host: node for node in _of(nodes, Kind.HOST)}  # type: ignore[union-attr]
    assert hosts["h1"].outcome is Outcome.OK
    assert hosts["h2"].outcome is Outcome.INTERRUPTED
    assert 3 <= seconds(hosts["h2"].end) < 3.001
    assert hosts["h2"].failure is not None
    assert hosts["h2"].failure.type == "lost"
    run = nodes[-1]
    assert run.outcome is Outcome.INTERRUPTED
    assert isinstance(run.detail, RunDetail)
    assert run.detail.result == "error"


def test_signal_then_silence_is_a_cancellation() -> None:
    story = Story()
    story.announce(1, "t")
    story.start(1.2, "t", "h2")
    story.add(ev.Signalled(2_000_000_000, 15))
    story.add(ev.RunLost(2_100_000_000))
    run = _told(story)[-1]
    assert isinstance(run.detail, RunDetail)
    assert run.detail.result == "cancellation"
    assert run.failure is not None
    assert run.failure.type == "cancelled"


def test_explicit_meta_tasks_leave_no_node_unless_they_have_a_result() -> None:
    story = Story()
    for t in (1, 1.1):
        story.announce(t, "flush", action="meta", meta=True)
    story.announce(2, "maybe", action="meta", meta=True)
    story.add(ev.HostFinished(2_100_000_000, story.tasks["maybe"], "h1", "skipped"))
    story.end(9)
    assert [node.name for node in _of(_told(story), Kind.TASK)] == ["maybe"]


def test_a_play_without_hosts_is_skipped() -> None:
    story = Story(hosts=())
    story.add(ev.NoHostsMatched(1_000_000))
    story.end(1)
    run = _told(story)[-1]
    assert isinstance(run.detail, RunDetail)
    assert run.detail.result == "skip"


def test_a_run_cut_in_the_pause_between_tries_has_no_open_try() -> None:
    story = Story()
    story.announce(1, "wait")
    story.start(1, "wait", "h1")
    story.add(ev.AttemptFailed(2_000_000_000, "h1", attempts=5, delay=10, detail={"msg": "no"}))
    story.add(ev.RunLost(3_000_000_000))
    assert [node.outcome for node in _of(_told(story), Kind.ATTEMPT)] == [Outcome.FAILED]


def test_items_reported_after_their_worker_ended_still_follow_each_other() -> None:
    story = Story()
    story.announce(1, "loop", loop=True)
    one = story.start(1, "loop", "h1")
    story.add(ev.WorkerEnded(2_000_000_000, one, 9))
    for t in (2_100_000_000, 2_200_000_000):
        story.add(ev.ItemFinished(t, "h1", "ok", label="late"))
    story.finish(2.3, one)
    story.end(9)
    assert len(_of(_told(story), Kind.ITEM)) == 2
