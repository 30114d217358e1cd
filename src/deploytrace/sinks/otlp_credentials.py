"""Credentials from a provider that the user installed, found as OpenTelemetry's own exporters find it."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TypeVar

from ..errors import SettingError

__all__ = ["provided"]

Made = TypeVar("Made")


def provided(name: str, wanted: type[Made]) -> Made:
    """Return what the provider ``name`` makes (entry points ``opentelemetry_otlp_credential_provider``).

    Raises `SettingError` where it is not installed, fails, or makes something else than ``wanted``.
    """
    found = list(entry_points(group="opentelemetry_otlp_credential_provider", name=name))
    if not found:
        raise SettingError(f"The OTLP credential provider {name!r} is not installed.")
    try:
        made = found[0].load()()
    except Exception as error:  # noqa: BLE001 - somebody else's code
        raise SettingError(f"The OTLP credential provider {name!r} failed ({error.__class__.__name__}).") from None
    if not isinstance(made, wanted):
        raise SettingError(f"The OTLP credential provider {name!r} makes no {wanted.__name__}.")
    return made
