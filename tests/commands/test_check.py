"""`deploytrace check` as a person sees it: what was slower, or that nothing was, and what that is told by."""

from __future__ import annotations

from analysis.summaries import told
from deploytrace.analysis.regression import find_regressions
from deploytrace.analysis.usual import usual_of
from deploytrace.reports import check

TASKS = {"Look": 0.5, "Copy": 0.8, "Unpack a release below the directory of releases": 4.0, "Restart": 2.0, "Wait": 1.0}


def _shown(seconds: dict[str, float], width: int) -> list[str]:
    usual = usual_of([told(TASKS, number) for number in range(8)])
    run = told(seconds, 9)
    found = find_regressions(run, usual)
    assert found is not None
    heading, *lines = check.render(run, found, width).splitlines()
    assert heading.startswith("00000000  2023-11-1")
    assert heading.endswith("  site.yml  ok")
    return lines


def test_what_was_slower_beside_what_is_usual() -> None:
    slow = {name: seconds + 0.2 for name, seconds in TASKS.items()} | {"Restart": 5.0}
    assert _shown(slow, 80) == [
        "",
        "                   time   usually      more",
        "the whole run     12.1s     8.30s      +46%",
        "Restart           5.00s     2.00s     +150%",
        "",
        "Tasks took 0.20s longer in common: the controller or connections.",
        "What is usual is told by 8 comparable runs.",
    ]


def test_in_a_narrow_terminal() -> None:
    long = next(name for name in TASKS if name.startswith("Unpack"))
    lines = _shown(TASKS | {long: 9.0}, 50)
    assert max(map(len, lines)) <= 50
    assert lines[3] == "Unpack a r…releases      9.00s     4.00s     +125%"


def test_what_there_is_nothing_to_compare_with_is_named() -> None:
    """A new task is why the run takes longer."""
    assert _shown(TASKS | {"Warm up": 3.0}, 80)[1:] == [
        "                   time   usually      more",
        "the whole run     11.3s     8.30s      +36%",
        "",
        "Not compared, since new or with another outcome than usually: Warm up (3.00s).",
        "What is usual is told by 8 comparable runs.",
    ]


def test_nothing() -> None:
    assert _shown(TASKS, 80)[1] == "Nothing was slower than usual"
