"""The callbacks' documentation blocks say what the settings are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from deploytrace.settings import declared
from deploytrace.settings_docs import with_options

CALLBACKS = sorted((Path(__file__).parents[2] / "callback_plugins").glob("*.py"))


@pytest.mark.parametrize("path", CALLBACKS, ids=lambda path: path.stem)
def test_the_options_are_in_step(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert with_options(path.stem, source) == source, f"run python -m deploytrace.settings_docs {path.name}"


def test_the_block_is_yaml_and_complete() -> None:
    (telemetry,) = [path for path in CALLBACKS if path.stem == "telemetry"]
    first = next(node for node in ast.parse(telemetry.read_text()).body if isinstance(node, ast.Assign))
    block = yaml.safe_load(ast.literal_eval(first.value))
    assert list(block["options"]) == list(declared())
    assert block["options"]["console"]["choices"] == ["stderr", "stdout", "off"]
    assert block["options"]["live"]["default"] is True
