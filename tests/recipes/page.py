"""The page: its blocks, by section and language, with the addresses of the test's own servers and directories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["GATEWAY", "PAGE", "blocks", "placed", "the_block"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
GATEWAY = "http://gateway.example.org:4318"
"""Where the page's recipes send spans to."""

_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, str, str]]:
    """Each block of the page: its section, its language, its text."""
    for section, text in _SECTION.findall(PAGE):
        for language, block in _BLOCK.findall(text):
            yield section, language, block


def the_block(section: str, language: str) -> str:
    """The one block of a language that a section has."""
    (found,) = [text for title, kind, text in blocks() if (title, kind) == (section, language)]
    return found


def placed(text: str, places: Mapping[str, object]) -> str:
    """A block's text in which each name of ``places`` is replaced by what it stands for.

    A name that the text lacks is an error: the page has changed.
    """
    for name, place in places.items():
        assert name in text, f"{name} is not in the recipe"
        text = text.replace(name, str(place))
    return text
