"""What is recorded of a result: why it failed, how long the module itself worked; redacted and cut to size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .redact import Redactor

__all__ = ["cut", "details"]

_HEAD = 2048  # bytes kept of a text's beginning
_TAIL = 6144  # and of its end
_RAW = 16384  # characters of a text that are looked at from either end
_EDGE = 1024  # bytes dropped next to that first cut, which may have cut a secret in half
_WARNINGS = 10
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # and what else moves a terminal's cursor (ECMA-48)
_REST = 32768  # bytes of names and texts in the rest of a result

_TEXTS = ("msg", "stdout", "stderr", "module_stdout", "module_stderr", "start", "end", "skip_reason")
# What is no part of a result's rest: it is recorded by itself, or said by the event, or it repeats the arguments
# (invocation) or a file's content (diff, of which only the names are recorded).
_NOT_REST = frozenset(
    {*_TEXTS, "skipped_reason", "cmd", "exception", "url", "rc", "attempts", "changed", "timedout", "delta",
     "ansible_job_id", "warnings", "deprecations", "stdout_lines", "stderr_lines", "failed", "skipped", "unreachable",
     "retries", "invocation", "diff", "ansible_loop", "ansible_loop_var", "ansible_index_var"}
)  # fmt: skip


def details(
    redactor: Redactor, result: Mapping[str, Any], *, failed: bool = False, full: bool = False
) -> dict[str, Any]:
    """Return what is recorded of a result: the keys of ``docs/journal.md``, each only where the result has it.

    ``failed``: whether it needs a reason; ``full``: whether the rest of it is wanted too.
    """
    found: dict[str, Any] = {}
    if _censored(result):
        found["censored"] = True
        for key in ("attempts", "changed"):
            if isinstance(result.get(key), (bool, int)):
                found[key] = result[key]
        return found
    for key in _TEXTS:
        _put_text(found, redactor, key, result.get(key))
    if "skip_reason" not in found:
        _put_text(found, redactor, "skip_reason", result.get("skipped_reason"))
    _put_text(found, redactor, "cmd", _command(result.get("cmd")))
    if not str(result.get("exception", "")).startswith("(traceback"):  # "(traceback unavailable)" says nothing
        _put_text(found, redactor, "exception", result.get("exception"))
    _put_text(found, redactor, "url", result.get("url"))
    _put_numbers(found, result)
    _put_lists(found, redactor, result)
    reason = _reason(found) if failed else ""
    if reason:
        found["reason"] = redactor.name(reason, 512)
    if full:
        _put_rest(found, redactor, result)
    return found


def _censored(result: Mapping[str, Any]) -> bool:
    """Return whether no_log hides the result; one with a hidden item is hidden as a whole."""
    if "censored" in result or result.get("_ansible_no_log"):
        return True
    items = result.get("results")
    return isinstance(items, list) and any(
        isinstance(item, Mapping) and ("censored" in item or item.get("_ansible_no_log")) for item in items
    )


def _put_text(found: dict[str, Any], redactor: Redactor, key: str, value: Any) -> None:
    if value is None or value == "" or isinstance(value, bool):
        return
    if not isinstance(value, str):
        value = redactor.shown(value, _RAW)
    found[key] = cut(redactor, str(value))


def cut(redactor: Redactor, text: str) -> str:
    """Return a text redacted and with its middle left out where it is longer than 8 KiB.

    It is redacted before it is cut, so that no secret is cut in half; of a text of many megabytes only the two ends
    are looked at, and what stands next to that first cut is dropped.
    """
    if len(text) > 2 * _RAW:
        head = redactor.text(text[:_RAW]).encode("utf-8", "replace")[:-_EDGE]
        tail = redactor.text(text[-_RAW:]).encode("utf-8", "replace")[_EDGE:]
    else:
        text = redactor.text(text)
        head = tail = text.encode("utf-8", "replace")
        if len(head) <= _HEAD + _TAIL:
            return head.decode()
    first, last = head[:_HEAD].decode("utf-8", "ignore"), tail[-_TAIL:].decode("utf-8", "ignore")
    return f"{first}\n[... {len(text) - len(first) - len(last)} characters left out ...]\n{last}"


def _command(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return " ".join(str(part) for part in value)
    return str(value) if isinstance(value, str) else None


def _put_numbers(found: dict[str, Any], result: Mapping[str, Any]) -> None:
    if isinstance(result.get("rc"), int):
        found["rc"] = int(result["rc"])
    if isinstance(result.get("attempts"), int):
        found["attempts"] = int(result["attempts"])
    if isinstance(result.get("changed"), bool):
        found["changed"] = bool(result["changed"])
    if result.get("timedout"):
        found["timedout"] = True
    seconds = _seconds(result.get("delta"))
    if seconds is not None:
        found["delta"] = seconds
    if isinstance(result.get("ansible_job_id"), str):
        found["job"] = str(result["ansible_job_id"])[:256]


def _seconds(delta: Any) -> float | None:
    """Return the seconds of a module's ``delta``: "1 day, 0:00:01.234567" in its longest form."""
    if not isinstance(delta, str):
        return None
    days, _, clock = delta.rpartition("day")
    try:
        hours, minutes, seconds = clock.lstrip("s, ").split(":")
        whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60
        return round(whole + float(seconds), 6)
    except ValueError:
        return None


def _put_lists(found: dict[str, Any], redactor: Redactor, result: Mapping[str, Any]) -> None:
    for key in ("warnings", "deprecations"):
        texts = [_said(entry) for entry in result.get(key) or ()][:_WARNINGS]
        if texts:
            found[key] = [redactor.name(text, 512) for text in texts]
    delegated = result.get("_ansible_delegated_vars")
    if isinstance(delegated, Mapping):
        for key, name in (("ansible_delegated_host", "delegated_host"), ("ansible_connection", "connection")):
            if delegated.get(key):
                found[name] = redactor.name(str(delegated[key]))
    items = _items(result)
    if items is not None:
        found["items"] = len(items)


def _items(result: Mapping[str, Any]) -> list[Any] | None:
    """Return the results of a loop's items, or None; other modules have ``results`` too."""
    items = result.get("results")
    loop = isinstance(items, list) and any(isinstance(item, Mapping) and "ansible_loop_var" in item for item in items)
    return items if loop else None


def _put_rest(found: dict[str, Any], redactor: Redactor, result: Mapping[str, Any]) -> None:
    """Put what else the module returned; of a loop the items are events of their own, told by their labels."""
    without = {result.get("ansible_loop_var"), result.get("ansible_index_var"), _items(result) and "results"}
    rest = {
        key: value
        for key, value in result.items()
        if key not in _NOT_REST and key not in without and not str(key).startswith("_ansible_")
    }
    if rest:
        found["rest"] = redactor.within(rest, _REST, lambda text: cut(redactor, text))


def _said(entry: Any) -> str:
    """Return a warning's text: a text until 2.18, an object or a mapping with ``msg`` in deprecations and later."""
    if isinstance(entry, Mapping):
        entry = entry.get("msg", "")
    return str(entry)


def _reason(found: Mapping[str, Any]) -> str:
    """Return the failure in one line: the last of stderr, else of stdout, else the first of msg."""
    for key in ("stderr", "module_stderr", "stdout", "module_stdout"):
        lines = _lines(found.get(key, ""))
        if lines:
            return lines[-1]
    lines = _lines(found.get("msg", ""))
    return lines[0] if lines else ""


def _lines(text: Any) -> list[str]:
    """Return the lines of a text that say something, without their colours."""
    return [line.strip() for line in _COLOUR.sub("", str(text)).splitlines() if line.strip()]
