"""HTML that is escaped by construction: whatever is no `Markup` is text, and texts from hosts are made harmless."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from ..wording import cut, neutral, neutral_line, without_ansi

__all__ = ["Markup", "data_block", "element", "excerpt", "joined", "line"]


class Markup(str):
    """Text that is HTML already; only this module makes it, from texts that it has escaped."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | int | bool | None) -> Markup:
    """Return an element. Children that are no `Markup` are escaped, None is left out.

    ``class_`` is the attribute class, ``_`` in a name stands for ``-``; True is an attribute without value, and what
    is None or False is left out.
    """
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(*children)}</{name}>")


def joined(*children: str | None) -> Markup:
    """Return children one after the other; those that are no `Markup` are escaped."""
    return Markup("".join(_markup(child) for child in children if child is not None))


def line(text: str, width: int = 300) -> str:
    """Return a text of a host or a playbook as one line of at most ``width`` cells that nothing acts on."""
    return cut(neutral_line(without_ansi(text)), width)


def excerpt(text: str, length: int) -> str:
    """Return a text of several lines without terminal colours, control characters made visible.

    Of one that is longer than ``length`` characters the beginning and the end stay.
    """
    if len(text) > length:
        head, tail = text[: length // 2], text[-(length // 2) :]
        text = f"{head}\n[... {len(text) - len(head) - len(tail)} characters left out ...]\n{tail}"
    return "\n".join(neutral(each) for each in without_ansi(text).expandtabs(4).splitlines())


def data_block(name: str, values: Any) -> Markup:
    """Return values as JSON in a script element that no browser runs, whatever texts are in them.

    Source: https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    """
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=True, allow_nan=False)  # U+2028 is escaped too
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(f'<script type="application/json" id="{escape(name)}">{text}</script>')


_VOID = frozenset({"meta", "input"})


def _markup(child: str) -> str:
    return child if isinstance(child, Markup) else escape(child)
