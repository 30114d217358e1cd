"""What is recorded of a result: why it failed, how long the module itself worked; redacted and cut to size."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .redact import Redactor

__all__ = ["cut", "details"]

_HEAD = 2048  # bytes kept of a text's beginning
_TAIL = 6144  # and of its end
_SHORT = 1024  # characters that never make more bytes than that, even where each four of them become a mask
_RAW = 16384  # characters of a text that are looked at from either end
_EDGE = 1024  # bytes dropped next to that first cut, which may have cut a secret in half
_WARNINGS = 10
_COLOUR = r"\x1b\[[0-?]*[ -/]*[@-~]"  # and what else moves a terminal's cursor (ECMA-48)
_REST = 32768  # bytes of names and texts in the rest of a result


def details(
    redactor: Redactor, result: Mapping[str, Any], *, failed: bool = False, full: bool = False
) -> dict[str, Any]:
    """Return what is recorded of a result: the keys of ``docs/journal.md``, each only where the result has it.

    ``failed``: whether it needs a reason; ``full``: whether the rest of it is wanted too.
    """
    if _censored(result):
        kept = {key: result.get(key) for key in ("attempts", "changed")}
        return {"censored": True, **{key: value for key, value in kept.items() if isinstance(value, int)}}
    told: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in result.items():
        if name in _RECORDED:
            told[name] = value
        elif full and name not in _LEFT_OUT and not str(name).startswith("_ansible_"):
            rest[name] = value
    found: dict[str, Any] = {}
    items = _items(result)
    if items is not None:
        found["items"] = len(items)
        rest.pop("results", None)  # they are events of their own
    for key in ("ansible_loop_var", "ansible_index_var"):  # the item itself: its label tells it
        rest.pop(str(result.get(key)), None)
    if isinstance(told.get("cmd"), (list, tuple)):
        told["cmd"] = " ".join(map(str, told["cmd"]))
    quick = redactor.of(told, rest)
    for name, value in told.items():
        key, shown = _RECORDED[name]
        value = shown(quick, value)
        if value is not None:
            found[key] = value
    found.update(_delegation(redactor, result))
    if failed and (reason := _reason(found)):
        found["reason"] = redactor.name(reason, 512)
    if rest:
        found["rest"] = quick.within(rest, _REST, lambda text: cut(quick, text))
    return found


def cut(redactor: Redactor, text: str) -> str:
    """Return a text redacted and with its middle left out where it is longer than 8 KiB.

    It is redacted before it is cut, so that no secret is cut in half; of a text of many megabytes only the two ends
    are looked at, and what stands next to that first cut is dropped.
    """
    if len(text) <= _SHORT:
        return redactor.text(text).encode("utf-8", "replace").decode()
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


def _censored(result: Mapping[str, Any]) -> bool:
    """Return whether no_log hides the result; one with a hidden item is hidden as a whole."""
    if "censored" in result or result.get("_ansible_no_log"):
        return True
    items = result.get("results")
    return isinstance(items, list) and any(
        isinstance(item, Mapping) and ("censored" in item or item.get("_ansible_no_log")) for item in items
    )


def _items(result: Mapping[str, Any]) -> list[Any] | None:
    """Return the results of a loop's items, or None; other modules have ``results`` too."""
    items = result.get("results")
    loop = isinstance(items, list) and any(isinstance(item, Mapping) and "ansible_loop_var" in item for item in items)
    return items if loop else None


def _delegation(redactor: Redactor, result: Mapping[str, Any]) -> dict[str, str]:
    """Return which host did the work, and how it was reached, where that was delegated."""
    told = result.get("_ansible_delegated_vars")
    if not isinstance(told, Mapping):
        return {}
    names = {"delegated_host": "ansible_delegated_host", "connection": "ansible_connection"}
    return {key: redactor.name(str(told[name])) for key, name in names.items() if told.get(name)}


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
    return [line.strip() for line in re.sub(_COLOUR, "", str(text)).splitlines() if line.strip()]


# -- how the values that have keys of their own are shown; None: not at all


def _text(redactor: Redactor, value: Any) -> str | None:
    if value is None or value == "" or isinstance(value, bool):
        return None
    return cut(redactor, value if isinstance(value, str) else redactor.shown(value, _RAW))


def _command(redactor: Redactor, value: Any) -> str | None:
    return cut(redactor, value) if isinstance(value, str) and value else None


def _traceback(redactor: Redactor, value: Any) -> str | None:
    return None if str(value).startswith("(traceback") else _text(redactor, value)  # "(traceback unavailable)"


def _number(redactor: Redactor, value: Any) -> int | None:
    return int(value) if isinstance(value, int) else None


def _truth(redactor: Redactor, value: Any) -> bool | None:
    return bool(value) if isinstance(value, bool) else None


def _set(redactor: Redactor, value: Any) -> bool | None:
    return True if value else None


def _seconds(redactor: Redactor, delta: Any) -> float | None:
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


def _job(redactor: Redactor, value: Any) -> str | None:
    return str(value)[:256] if isinstance(value, str) else None


def _warnings(redactor: Redactor, value: Any) -> list[str] | None:
    """Return the texts of warnings: until 2.18 they are texts, deprecations and later ones have them as ``msg``."""
    if not isinstance(value, (list, tuple)):
        value = [value] if value else []
    said = [entry.get("msg", "") if isinstance(entry, Mapping) else entry for entry in value[:_WARNINGS]]
    return [redactor.name(str(text), 512) for text in said] or None


_RECORDED: Mapping[str, tuple[str, Callable[[Redactor, Any], Any]]] = {
    **{key: (key, _text) for key in ("msg", "stdout", "stderr", "module_stdout", "module_stderr", "start", "end")},
    "skip_reason": ("skip_reason", _text),
    "skipped_reason": ("skip_reason", _text),  # of a loop without items
    "cmd": ("cmd", _command),
    "exception": ("exception", _traceback),
    "url": ("url", _text),
    "rc": ("rc", _number),
    "attempts": ("attempts", _number),
    "changed": ("changed", _truth),
    "timedout": ("timedout", _set),
    "delta": ("delta", _seconds),
    "ansible_job_id": ("job", _job),
    "warnings": ("warnings", _warnings),
    "deprecations": ("deprecations", _warnings),
}
# What is no part of the rest either: it is said by the event, or repeats another key, the arguments (invocation) or
# the content of files (diff, of which only the names are recorded).
_LEFT_OUT = frozenset(
    {"failed", "skipped", "unreachable", "retries", "stdout_lines", "stderr_lines", "invocation", "diff"}
    | {"ansible_loop", "ansible_loop_var", "ansible_index_var"}
)
