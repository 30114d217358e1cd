"""Where the time went: the shares sum to every recorded run, and of runs told by hand they are what one can count."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploytrace.analysis.where import SHARES, where
from deploytrace.run.model import Tree

from .runs import RECORDED, Told, recorded, throttled


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_shares_sum_to_the_run_its_plays_and_its_roles(journal: Path) -> None:
    found = where(recorded(journal))
    assert sum(found.shares.values()) == found.duration_ns
    for parts in (found.plays, found.roles):
        assert sum(part.ns for part in parts) == found.duration_ns
        for part in parts:
            assert sum(part.shares.values()) == part.ns
            assert tuple(part.shares) == SHARES
            assert min(part.shares.values()) >= 0
    assert sum(round(100 * ns / found.duration_ns) for ns in found.shares.values()) == pytest.approx(100, abs=1)
    assert found.shares["module"] > 0


def _seconds(tree: Tree) -> dict[str, float]:
    return {name: round(ns / 1e9, 2) for name, ns in where(tree).shares.items() if ns}


def test_waiting_for_slower_hosts() -> None:
    """One of two hosts works 1 s and waits 2 s for the other: half a host's second of waiting each."""
    told = Told("ab")
    told.announce(0, "only")
    told.work("only", "a", 0, 1, announced=1)
    told.work("only", "b", 0, 3, announced=3)
    told.end(3)
    assert _seconds(told.tree()) == {"module": 2.0, "slowest_host": 1.0}


def test_waiting_for_forks_before_and_after_the_own_work() -> None:
    """Two hosts and one fork: each works 1 s and waits 1 s, both because there is only one fork."""
    told = Told("ab", forks=1)
    told.announce(0, "only")
    told.work("only", "a", 0, 1, announced=2)
    told.work("only", "b", 1, 2, announced=2)
    told.end(2)
    assert _seconds(told.tree()) == {"module": 1.0, "forks": 1.0}


def test_waiting_for_a_throttle() -> None:
    """Of three hosts one is at work at a time; under free the others wait for their turn, the last for the end.

    There are forks for all of them: more would change nothing, so it is no waiting for one.
    """
    assert _seconds(throttled("linear", 0, 1, 2, 3, 3, 3)) == {"module": 2.0, "throttle": 2.0}
    free = _seconds(throttled("free", 0, 1, 2, 2, 2, 3))
    assert free == {"module": 2.0, "throttle": 1.33, "slowest_host": 0.67}


def test_waiting_for_the_controller_and_our_part_of_it() -> None:
    told = Told("ab")
    told.announce(1, "first")
    for host in "ab":
        told.work("first", host, 1, 2, announced=2)
    told.announce(3, "second")
    for host in "ab":
        told.work("second", host, 3, 4, announced=4)
    told.end(4.5, callback_ns=200_000_000)
    assert _seconds(told.tree()) == {"module": 2.0, "controller": 2.3, "overhead": 0.2}


def test_host_that_is_started_late_though_there_are_forks_waits_for_the_controller() -> None:
    """It starts one worker a second, each works for one: nobody is slower than the others."""
    told = Told("abc")
    told.announce(0, "only")
    for number, host in enumerate("abc"):
        told.work("only", host, number, number + 1, announced=number + 1)
    told.end(3)
    assert _seconds(told.tree()) == {"module": 1.0, "controller": 2.0}


def test_host_that_has_no_part_in_a_task_waits_for_those_that_have() -> None:
    told = Told("ab")
    told.announce(0, "once", run_once=True)
    told.work("once", "a", 0, 2, announced=2)
    told.announce(2, "all")
    for host in "ab":
        told.work("all", host, 2, 3, announced=3)
    told.end(3)
    assert _seconds(told.tree()) == {"module": 2.0, "slowest_host": 1.0}


def test_free_host_that_is_done_waits_for_the_others() -> None:
    told = Told("ab", strategy="free")
    told.announce(0, "only")
    told.work("only", "a", 0, 1, announced=1)
    told.work("only", "b", 0, 3, announced=3)
    told.end(3)
    assert _seconds(told.tree()) == {"module": 2.0, "slowest_host": 1.0}


def test_connecting_is_told_where_commands_say_how_long_they_took() -> None:
    """One says 0.8 s of 1 s; the others are reached in the same way. What is no command is work as a whole."""
    told = Told("ab")
    told.announce(0, "said", action="ansible.builtin.command")
    for host in "ab":
        told.finish(1, told.start(0, "said", host), worker=1, detail={"delta": 0.8} if host == "a" else None)
    told.announce(1, "other", action="ansible.builtin.copy")
    for host in "ab":
        told.work("other", host, 1, 2, announced=2)
    told.end(2)
    found = where(told.tree())
    assert _seconds(told.tree()) == {"module": 1.8, "connection": 0.2}
    assert found.connection_measured == pytest.approx(0.5)


def test_roles_and_plays_get_their_own() -> None:
    told = Told("a")
    ancestor = {"kind": "role", "key": "r", "name": "shop", "fqcn": "shop", "path": "/p/roles/shop"}
    told.announce(0, "first", role="shop", ancestors=(ancestor,))
    told.work("first", "a", 0, 3, announced=3)
    told.play(3, uuid="p2", name="db", hosts=("b",))
    told.announce(3, "second")
    told.work("second", "b", 3, 4, announced=4)
    told.end(4)
    found = where(told.tree())
    assert [(part.name, part.ns / 1e9) for part in found.plays] == [("web", 3.0), ("db", 1.0)]
    assert [(part.name, part.ns / 1e9) for part in found.roles] == [("shop", 3.0), ("", 1.0)]
