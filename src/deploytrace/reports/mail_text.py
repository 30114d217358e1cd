"""The letter about a failed run as plain text, for readers without HTML and for notifications."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .mail import Letter, Trouble

__all__ = ["render"]

_WIDTH = 76


def render(letter: Letter) -> str:
    """Return the letter as plain text."""
    return "\n".join(_lines(letter)).rstrip() + "\n"


def _lines(letter: Letter) -> Iterator[str]:
    yield f"{letter.verdict.upper()}: {letter.headline}"
    yield from _wrapped(letter.reason)
    yield ""
    width = max((len(name) for name, _ in letter.facts), default=0)
    for name, value in letter.facts:
        yield from _wrapped(value, first=f"  {name:<{width}}  ", indent=width + 4)
    for label, link in letter.links:
        yield f"  {label:<{width}}  {link}"
    for trouble in letter.troubles:
        yield ""
        yield from _trouble(trouble)
    if letter.untold:
        yield ""
        yield letter.untold
    if letter.slowest:
        yield ""
        yield "Slowest tasks"
        for name, time, _ in letter.slowest:
            yield f"  {time:>8}  {name}"
    if letter.slower:
        yield ""
        yield "Slower than usual"
        for line in letter.slower:
            yield from _wrapped(line, first="  ", indent=4)
    yield ""
    yield "--"
    for note in letter.notes:
        yield from _wrapped(note)


def _trouble(trouble: Trouble) -> Iterator[str]:
    place = f" ({trouble.place})" if trouble.place else ""
    yield from _wrapped(f"{trouble.heading}: {trouble.task}{place}")
    yield from _wrapped(trouble.hosts, first="  on ", indent=5)
    yield from _wrapped(trouble.reason, first="  ", indent=2)
    for item in trouble.items:
        yield from _wrapped(item, first="  - ", indent=4)
    if trouble.command:
        yield from _wrapped(trouble.command, first="  $ ", indent=4)
    for output in trouble.output:
        yield f"  {output.title}:"
        for line in output.lines:
            yield f"  | {line}"


def _wrapped(text: str, first: str = "", indent: int = 0) -> list[str]:
    """Return a text in lines of 76 characters; a word that is longer stays whole, since one may want to copy it."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
