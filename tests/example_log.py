"""The log of the example deploy, with all that may differ between two runs of it replaced by what it stands for.

What is left is compared with a committed log: every play, task, handler, host and status, and what each module said
and did. Of one task, the results are sorted, since hosts end in any order. Left out are tries before the last (how many
there are depends on the machine) and what else modules return (owners, sizes, checksums: it differs between versions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Section", "in_order", "regardless_of_strategy", "sections"]

_STATUS = r"(?:ok|changed|failed|unreachable|skipped|rescued|ignored|included|interrupted)"
_HEADER = re.compile(r"(?:PLAY|TASK|HANDLER): \[.*\].*?(?= \*{3,}$|$)")
_KEPT = {"reason", "msg", "cmd", "rc", "stdout", "stderr", "url", "path", "dest", "state", "skip_reason"}
_ENDING = "PLAY RECAP"


@dataclass
class Section:
    """A play's or a task's header, and the results below it."""

    header: str
    results: list[str] = field(default_factory=list)


def sections(text: str, replaced: dict[Path, str]) -> list[Section]:
    """Return a log's sections in their order; ``replaced`` are the directories that differ from run to run."""
    for path, name in sorted(replaced.items(), key=lambda pair: -len(str(pair[0]))):
        text = text.replace(str(path), name)
    for pattern, stands_for in _VARIABLE:
        text = pattern.sub(stands_for, text)
    found: list[Section] = []
    kept = False
    for line in text.partition(f"\n{_ENDING}")[0].splitlines():
        header = _HEADER.match(line)
        if header:
            found.append(Section(header[0]))
        elif re.match(_STATUS + r": |retrying: ", line) and found:
            found[-1].results.append(line)
        elif line.startswith("    ") and found and found[-1].results:
            key = re.match(r" {4}(\S[^:]*):", line)
            kept = key[1] in _KEPT if key else kept
            found[-1].results[-1] += f"\n{line}" if kept else ""
    for section in found:
        section.results = sorted(result for result in section.results if not result.startswith("retrying: "))
    return found


def in_order(found: list[Section]) -> str:
    """Return sections as text, in the order in which they came to be."""
    return "\n\n".join("\n".join([section.header, *section.results]) for section in found) + "\n"


def regardless_of_strategy(found: list[Section]) -> str:
    """Return sections as text in which nothing depends on which task was at work at the same time as which.

    What was included is left out: once for all hosts in lockstep, for each by itself elsewhere.
    """
    play, merged = "", dict[tuple[str, str], list[str]]()
    for section in found:
        play = re.sub(r", batch \d+$", "", section.header) if section.header.startswith("PLAY") else play
        header = "" if section.header.startswith("PLAY") else section.header
        told = [result for result in section.results if not result.startswith("included: ")]
        merged.setdefault((play, header), []).extend(told)
    return in_order([Section(f"{play} {header}", sorted(merged[play, header])) for play, header in sorted(merged)])


_VARIABLE = [
    (re.compile(pattern, re.MULTILINE), stands_for)
    for pattern, stands_for in (
        (r"\d\d:\d\d:\d\d \(\d+:\d\d:\d\d\.\d{3}\)", "TIME"),
        (r"\b(127\.0\.0\.1\d)([: ])\d{4,5}\b", r"\1\2PORT"),
        (r"^( +msg: )non-zero return code$", r"\1The command exited with a non-zero return code."),  # until 2.18
    )
]
