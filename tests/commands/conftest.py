"""The command line on a state directory of the test's own, and texts compared with committed ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .program import Program

_EXPECTED = Path(__file__).parent / "expected"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The command ``deploytrace`` on an empty state directory."""
    return Program(tmp_path)


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the committed file of that name; ``--accept`` writes the file instead (CONTRIBUTING.md)."""

    def compare(name: str, text: str) -> None:
        path = _EXPECTED / name
        if request.config.getoption("--accept"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; if the change is meant: pytest --accept"

    return compare
