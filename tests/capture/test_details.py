"""What is recorded of a result, and that it keeps within its bounds."""

from __future__ import annotations

import json
from typing import Any

from deploytrace.capture.details import details
from deploytrace.capture.redact import MASK, Redactor


def rest(result: dict[str, Any]) -> Any:
    return details(Redactor(), result, full=True).get("rest")


def test_the_rest_is_what_nothing_else_tells() -> None:
    result = {
        "changed": False,
        "failed": False,
        "msg": "ok",
        "stdout": "a\nb",
        "stdout_lines": ["a", "b"],
        "rc": 0,
        "invocation": {"module_args": {"path": "/etc/motd"}},
        "diff": {"before": "old text", "after": "new text"},
        "_ansible_verbose_always": True,
        "path": "/etc/motd",
        "mode": "0644",
        "stat": {"size": 12, "exists": True, "checksum": None},
    }
    assert rest(result) == {
        "path": "/etc/motd",
        "mode": "0644",
        "stat": {"size": 12, "exists": True, "checksum": None},
    }
    assert "rest" not in details(Redactor(), result)
    assert rest({"changed": False, "msg": "ok"}) is None


def test_an_item_and_its_loop_are_not_part_of_it() -> None:
    item = {"ansible_loop_var": "item", "item": {"user": "me"}, "ansible_index_var": "at", "at": 0, "ping": "pong"}
    assert rest(item) == {"ping": "pong"}
    whole = details(Redactor(), {"results": [item, item], "changed": True}, full=True)
    assert whole == {"changed": True, "items": 2}


def test_what_a_module_calls_results_is_part_of_it() -> None:
    assert details(Redactor(), {"results": ["Installed: nginx"]}, full=True) == {
        "rest": {"results": ["Installed: nginx"]}
    }
    assert rest({"results": [{"kind": "Pod"}]}) == {"results": [{"kind": "Pod"}]}


def test_secrets_in_it_are_masked() -> None:
    assert rest({"user": {"name": "me", "password": "hunter2"}, "log": "token=abcdef"}) == {
        "user": {"name": "me", "password": MASK},
        "log": f"token={MASK}",
    }


def test_hidden_results_have_none() -> None:
    assert details(Redactor(), {"censored": "hidden", "path": "/x"}, full=True) == {"censored": True}
    assert details(Redactor(), {"_ansible_no_log": True, "path": "/x"}, full=True) == {"censored": True}


def test_it_is_bounded_and_says_what_is_missing() -> None:
    found = rest({"ansible_facts": {f"fact_{number}": "x" * 100 for number in range(2000)}})["ansible_facts"]
    assert next(iter(found)) == "fact_0"
    assert list(found)[-1] == "…"
    assert found["…"] == f"[... {2000 - (len(found) - 1)} entries left out ...]"
    assert 30_000 < len(json.dumps(found)) < 40_000

    found = rest({"lines": ["é" * 1000] * 100, "after": 1})
    assert found["lines"][-1] == f"[... {100 - (len(found['lines']) - 1)} entries left out ...]"
    assert found["…"] == "[... 1 entry left out ...]"
    assert 30_000 < len(json.dumps(found, ensure_ascii=False).encode()) < 40_000

    found = rest({"content": "x" * 1_000_000})["content"]
    assert "characters left out" in found
    assert len(found) < 8300


def test_it_is_not_nested_without_end() -> None:
    value: Any = "deep"
    for _ in range(50):
        value = [value]
    assert "deep" not in json.dumps(rest({"nest": value}))
