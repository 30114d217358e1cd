"""The settings as the callbacks' documentation blocks, generated from `settings`, their one source.

    python -m deploytrace.settings_docs callback_plugins/*.py

writes the block anew into the files that are named, each with the settings that its callback heeds, where the text
between their ``options:`` line and the end of the block stands. A test fails where they are out of step.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from .settings import INI_SECTION, declared, environment_name

__all__ = ["main", "options", "with_options"]

# The groups of settings that a callback heeds; all of them where it is not named here.
_GROUPS = {
    "log_plays": ("general", "log", "report", "mail"),
    "profile_tasks": ("general", "report"),
    "timestamp": (),
}

_TYPES = {
    "str": "str",
    "str | None": "str",
    "Path | None": "path",
    "bool": "bool",
    "int": "int",
    "int | None": "int",
    "float": "float",
    "tuple[str, ...]": "list",
}
_BLOCK = re.compile(r'(?<=^options:\n)(?:.*\n)*?(?=^"""$)', re.MULTILINE)


def options(callback: str) -> str:
    """Return what stands below ``options:`` in a callback's documentation block, in YAML."""
    groups = _GROUPS.get(callback)
    heeded = [item for item in declared().values() if groups is None or item.metadata["group"] in groups]
    return "".join(f"{line}\n" for item in heeded for line in _option(item)) or "  {}\n"


def with_options(callback: str, source: str) -> str:
    """Return a callback's source with the options of its documentation block as they are now."""
    return _BLOCK.sub(lambda _: options(callback), source, count=1)


def main(arguments: list[str] | None = None) -> None:
    """Write the options anew into the callbacks that are named."""
    for name in sys.argv[1:] if arguments is None else arguments:
        path = Path(name)
        path.write_text(with_options(path.stem, path.read_text(encoding="utf-8")), encoding="utf-8")


def _option(item: dataclasses.Field[object]) -> Iterator[str]:
    kind = _TYPES[str(item.type)]
    yield f"  {item.name}:"
    description = f"description: {_quoted(item.metadata['meaning'])}"
    yield from textwrap.wrap(
        description, 118, initial_indent=" " * 4, subsequent_indent=" " * 6, break_long_words=False
    )
    yield f"    type: {kind}"
    if kind == "list":
        yield "    elements: str"
    if item.metadata["choices"]:
        yield f"    choices: [{', '.join(map(_scalar, item.metadata['choices']))}]"
    if item.default is not None:
        yield f"    default: {_scalar(item.default)}"
    yield f"    env: [{{name: {environment_name(item.name)}}}]"
    yield f"    ini: [{{section: {INI_SECTION}, key: {item.name}}}]"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar in double quotes, which may go on over several lines."""
    return json.dumps(text, ensure_ascii=False)


def _scalar(value: object) -> str:
    """Return a default or a choice in YAML; ``off`` and the like in quotes, lest YAML takes them for truth values."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
