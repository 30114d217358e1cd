"""What the settings say of mails: the server with its password, the sender, and who gets them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from email.headerregistry import Address
from pathlib import Path, PurePath

from ..errors import SettingError
from ..settings import Settings
from .mail_message import Envelope, address_of
from .smtp import Server, parse_server

__all__ = ["envelope_of", "server_of"]

_log = logging.getLogger(__name__)


def server_of(settings: Settings, directory: PurePath) -> Server:
    """Return the mail server; a file's relative path counts from ``directory``. Raises `SettingError`."""
    server = parse_server(settings.smtp_url)
    ca_file = settings.smtp_ca_file
    return dataclasses.replace(
        server,
        password=_password(settings, directory) if server.user is not None else None,
        ca_file=None if ca_file is None else Path(directory / ca_file.expanduser()),
        timeout=settings.smtp_timeout,
    )


def _password(settings: Settings, directory: PurePath) -> str:
    """Return the password. Raises `SettingError` where there is none now (it may be known to another process)."""
    if settings.smtp_password is not None:
        return settings.smtp_password
    path = settings.smtp_password_file
    if path is None:
        variable = settings.smtp_password_variable
        hint = f"only a run with the variable {variable} knows it" if variable else "set smtp_password"
        raise SettingError(f"The password for {settings.smtp_url} is not known: {hint}.")
    try:
        return Path(directory / path.expanduser()).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError(f"smtp_password_file {path} cannot be read ({reason}).") from None


def envelope_of(settings: Settings, message_id: str, date: int, environment: str | None, sender: str) -> Envelope:
    """Return a mail's addresses; ``date`` is Unix time in ns, ``sender`` stands where no mail_from is set.

    Raises `SettingError` where nobody would get it, or nobody is the sender.
    """
    to = _addresses(settings.mail_to, "mail_to")
    if not to:
        raise SettingError("There is nobody to send a mail to: set mail_to.")
    named = settings.mail_cc_environments
    copied = not named or environment in named
    return Envelope(
        message_id=message_id,
        date=date,
        sender=address_of(settings.mail_from or sender, "mail_from"),
        to=to,
        cc=_addresses(settings.mail_cc, "mail_cc") if copied else (),
        bcc=_addresses(settings.mail_bcc, "mail_bcc"),
    )


def _addresses(texts: Sequence[str], setting: str) -> tuple[Address, ...]:
    """Return the addresses of a setting; one that is none is told and left out."""
    found = []
    for text in texts:
        try:
            found.append(address_of(text, setting))
        except SettingError as error:
            _log.warning("%s It gets no mail.", error)
    return tuple(found)
