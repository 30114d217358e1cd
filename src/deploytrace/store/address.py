"""Where the store is: its address from the settings, and that address for people."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ..errors import SettingError
from ..events import RunStarted
from ..settings import Settings

__all__ = ["described", "may_hold_runs", "store_url", "store_url_of"]


def store_url(settings: Settings, directory: Path) -> str:
    """Return the address of the store: the setting ``store_url``, else a file in the state directory."""
    return settings.store_url or f"sqlite:///{directory / 'store.db'}"


def may_hold_runs(settings: Settings, directory: Path) -> bool:
    """Return false where the store is the state directory's and no run has made it."""
    return settings.store_url is not None or (directory / "store.db").exists()


def store_url_of(started: RunStarted, settings: Settings, directory: Path) -> str:
    """Return the address of a run's store. Raises `SettingError` where only the run knew it, and it is not set now."""
    if settings.store_url is None and "store_url" in started.withheld:
        raise SettingError("the run's store_url is not on record, since it may hold a password; set it again.")
    return store_url(settings, directory)


def described(url: str) -> str:
    """Return a store's address for people: a file's path, or a server's without credentials."""
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        return rest.partition("?")[0].removeprefix("/")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{scheme}://..."
    return f"{scheme}://{parts.hostname or 'localhost'}{port}{parts.path}"
