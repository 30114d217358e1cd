"""The page of pictures shows every row of every dashboard, and names every panel."""

from __future__ import annotations

import importlib
import re
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from ground.cache import ROOT

from .shipped import DASHBOARDS

_PAGE = ROOT / "docs/dashboards.md"
_LARGEST = 200_000  # bytes


@pytest.fixture(scope="module")
def pictures() -> list[Any]:
    """What `make pictures` draws."""
    sys.path.insert(0, str(ROOT / "grafana"))
    try:
        found: list[Any] = importlib.import_module("pictures.drawn").PICTURES
    finally:
        sys.path.pop(0)
    return found


def test_every_panel_is_in_a_picture_and_named_beside_it(pictures: list[Any]) -> None:
    panels = sorted((board.title, panel.title) for board in DASHBOARDS for panel in board.panels)
    titles = {board.name: board.title for board in DASHBOARDS}
    assert sorted((titles[one.board.name], title) for one in pictures for title in one.panels) == panels
    text = _PAGE.read_text(encoding="utf-8")
    for one in pictures:
        _, found, rest = text.partition(f"]({one.path.relative_to(ROOT / 'docs')})")
        assert found, f"{_PAGE.name} does not show {one.path}"
        beside = re.split(r"\n##+ ", rest)[0]
        assert [title for title in one.panels if f"*{title}*" not in beside] == [], one.row


def test_every_picture_is_there_and_no_other(pictures: list[Any]) -> None:
    directory = ROOT / "docs/images/dashboards"
    assert sorted(directory.iterdir()) == sorted(one.path for one in pictures)
    for path in directory.iterdir():
        assert path.stat().st_size < _LARGEST, path
        assert _size(path)[0] > 1000, f"{path} is too small to be read"


def _size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, in pixels."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG"), picture
    width, height = struct.unpack(">II", head[16:])
    return width, height
