"""The recipes are what their readers can read: YAML of the right shape, shell, and variables that are heeded.

They are not run: there is no GitLab, GitHub or AWX here. The settings in them are checked with those of all pages.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

_PAGE = (Path(__file__).resolve().parents[2] / "docs/recipes.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^## (.+?)$.*?^```(\w+)\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


def test_each_recipe_is_read_by_a_real_parser() -> None:
    found = {title: yaml.safe_load(block) for title, language, block in _BLOCKS if language == "yaml"}
    assert found["GitLab CI"]["deploy"].keys() == {"image", "variables", "script"}
    assert found["GitHub Actions"]["jobs"]["deploy"].keys() == {"runs-on", "env", "steps"}
    assert found["AWX and execution environments"]["version"] == 3
    for _, language, block in _BLOCKS:
        if language == "sh":
            assert subprocess.run(["sh", "-n"], input=block, text=True, timeout=10).returncode == 0


def test_each_recipe_enables_the_callback() -> None:
    for title, _, block in _BLOCKS:
        assert re.search("(callbacks_enabled ?=|CALLBACKS_ENABLED[:=]) ?deploytrace.callbacks.telemetry", block), title
