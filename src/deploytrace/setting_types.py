"""How a setting is declared, and what its text means: the types that settings may have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["declared_in", "setting", "text_of", "value_of"]


def setting(
    default: Any,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    group: str = "general",
    secret: bool = False,
    per_environment: bool = False,
) -> Any:
    """Declare a setting: its default, its meaning (one or two sentences, with units) and, if few, its choices.

    ``group`` is the part it belongs to, which decides the callbacks that document it; a ``secret`` is never recorded.
    ``per_environment``: it may be set for one environment alone.
    """
    metadata = {
        "meaning": meaning,
        "choices": choices,
        "group": group,
        "secret": secret,
        "per_environment": per_environment,
    }
    return dataclasses.field(default=default, metadata=metadata)


def declared_in(cls: Any) -> dict[str, dataclasses.Field[Any]]:
    """Return the settings that a dataclass declares, by name."""
    return {item.name: item for item in dataclasses.fields(cls) if item.metadata}


def value_of(item: dataclasses.Field[Any], text: str) -> Any:
    """Return the value that a text means. Raises `ValueError`: what it must be."""
    value = _PARSERS[str(item.type)](text.strip())
    choices = item.metadata["choices"]
    if choices and value not in choices:
        raise ValueError("one of " + ", ".join(choices))
    return value


def text_of(value: object) -> str:
    """Return a value as the text that means it."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0"):
        return False
    raise ValueError("true or false")


def _number(kind: type[int] | type[float]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        if not 0 <= value < 1e12:
            raise ValueError("a whole number, 0 or more" if kind is int else "a number, 0 or more")
        return value

    return parse


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "str | None": str,
    "Path | None": Path,
    "bool": _boolean,
    "int": _number(int),
    "int | None": _number(int),
    "float": _number(float),
    "tuple[str, ...]": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
}
