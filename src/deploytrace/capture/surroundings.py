"""What the capture needs of Ansible beside the hooks' arguments; the callback hands it in, nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """Ansible's version, its command line (``option(name)`` gives None for what it does not have) and its voice."""

    version: str
    option: Callable[[str], Any]
    config_file: Path | None
    warn: Callable[[str], None]
    mask: Callable[[str], str] | None = None  # hides the secrets that Ansible itself knows (2.22 and later)
