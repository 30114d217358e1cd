"""``python -m benchmarks``: measures what deploytrace costs and writes docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import dispatch, ending, forks, latency, loading, memory, page, past, store, throughput, whole_run
from benchmarks.report import Section, budgets_table, circumstances, rewrite, terminal, write_json
from benchmarks.setting import Setting, laid_out
from ground.cache import ROOT, MissingPart, announce

_MEASUREMENTS: Mapping[str, Callable[[Setting], Section]] = {
    "dispatch": dispatch.measure,
    "forks": forks.measure,
    "loading": loading.measure,
    "memory": memory.measure,
    "ending": ending.measure,
    "whole_run": whole_run.measure,
    "throughput": throughput.measure,
    "latency": latency.measure,
    "store": store.measure,
    "past": past.measure,
    "page": page.measure,
}


def main() -> int:
    """Measure what was asked for; return 1 where a budget does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "measurements", nargs="*", metavar="measurement", help=", ".join(_MEASUREMENTS) + "; default: all"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the work, less than 1 for a quick look")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md", help="the page to rewrite")
    arguments = parser.parse_args()
    if unknown := set(arguments.measurements) - set(_MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    names = arguments.measurements or list(_MEASUREMENTS)
    sections = []
    sentence = circumstances()
    try:
        with laid_out(arguments.scale) as setting:
            for name in names:
                began = time.monotonic()
                sections.append(_MEASUREMENTS[name](setting))
                announce(f"measured {name} in {time.monotonic() - began:.0f} s")
                print(terminal(sections[-1]), flush=True)
    except MissingPart as missing:
        print(missing, file=sys.stderr)
        return 2
    print(terminal(budgets_table(sections)))
    print(f"\n{sentence}")
    if arguments.json:
        write_json(arguments.json, sections, sentence)
    if not arguments.measurements and arguments.scale >= 1:
        rewrite(arguments.page, sections, sentence)
        print(f"{arguments.page} has these figures now.")
    return 0 if all(budget.holds for section in sections for budget in section.budgets) else 1


if __name__ == "__main__":
    sys.exit(main())
