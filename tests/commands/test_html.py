"""``deploytrace html``: the page as the command writes it, beside the runs before it."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser

from .program import Program
from .test_diff import rollout


class _Section(HTMLParser):
    """The cells and paragraphs of the section under a heading."""

    def __init__(self, heading: str) -> None:
        super().__init__()
        self._heading, self._inside, self._open = heading, False, ""
        self.rows: list[list[str]] = []
        self.sentences: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "h2":
            self._inside = ("id", self._heading) in attrs
        if self._inside and tag == "tr":
            self.rows.append([])
        if self._inside and tag in ("td", "th", "p"):
            self._open = tag
            (self.sentences if tag == "p" else self.rows[-1]).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._inside and self._open:
            told = self.sentences if self._open == "p" else self.rows[-1]
            told[-1] += data


def _compared(page: str) -> _Section:
    section = _Section("compared-with-the-usual")
    section.feed(page)
    return section


def test_a_run_is_compared_with_those_before_it(program: Program) -> None:
    for number in range(1, 7):
        rollout(number).write(program.state_dir)
    few = _compared(program.output("html", "last~2", "-o", "-"))
    assert " ".join(few.sentences) == (
        "There are 3 comparable runs: too few to tell. "
        "It takes 5 that went well, of the same playbook and environment, on about as many hosts."
    )
    same = _compared(program.output("html", "-o", "-"))
    assert "Of 4 tasks none took longer or shorter than chance explains." in same.sentences[0]
    rollout(7, later=True).write(program.state_dir)
    slower = _compared(program.output("html", "-o", "-"))
    assert [row[:5] for row in slower.rows[1:]] == [
        ["the whole run", "", "13.7s", "20.1s", "+6.40s"],
        ["Unpack the release", "app", "5.99s", "12.4s", "+6.40s"],
    ]
    assert all(float(row[6].removesuffix(" times")) > 1 for row in slower.rows[1:])
    assert " ".join(slower.sentences) == (
        "The whole run took 20.1s, usually 13.7s. Of 3 tasks 1 took longer and 0 shorter than chance explains. "
        "1 more cannot be judged: new, or with another outcome than usually. "
        "What is usual is told by 6 runs before it of the same kind that went well."
    )


def test_others_may_read_what_the_umask_lets_them(program: Program) -> None:
    """A file that somebody asked for is an ordinary one, as any program's output is (docs/page.md)."""
    rollout(1).write(program.state_dir)
    assert re.fullmatch(r"deploytrace-00000001\.html\n", program.output("html"))
    assert stat.S_IMODE((program.cwd / "deploytrace-00000001.html").stat().st_mode) == 0o644
