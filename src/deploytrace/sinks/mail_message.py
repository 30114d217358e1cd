"""The mail as it goes to the server: a letter with its addresses, its date, and what is attached.

Everything is ASCII in short lines on the wire (quoted-printable, base64), whatever the letter says, so that no server
refuses its lines (RFC 5321 4.5.3.1.6: 1000 octets) or breaks what is not ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from .. import __version__
from ..errors import SettingError
from ..reports import mail_html, mail_text
from ..reports.mail import Letter

__all__ = ["Attachment", "Envelope", "address_of", "compose", "machine_address"]

# What may stand in an address: no white space, nothing that separates or encloses addresses, no control characters.
_ADDRESS = re.compile(r"^[^\s<>()\[\]:;,\\\"@\x00-\x1f\x7f]+(?:@[^\s<>();:,\\\"@\x00-\x1f\x7f]+)?$")

_NAMED = re.compile(r"^([^<>]*)<([^<>]*)>$")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to attach, a tar.gz."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what when to whom. ``message_id`` is the same at every delivery; ``date`` is Unix time in ns."""

    message_id: str
    date: int
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()

    @property
    def recipients(self) -> list[str]:
        """The addresses of all, each once."""
        return list(dict.fromkeys(each.addr_spec for each in (*self.to, *self.cc, *self.bcc)))


def address_of(text: str, setting: str) -> Address:
    """Return the address in a text such as ``Ops <ops@example.org>``. Raises `SettingError`."""
    match = _NAMED.match(text.strip())
    name, address = (match[1].strip(' "'), match[2].strip()) if match else ("", text.strip())
    if not _ADDRESS.match(address) or not name.isprintable():
        raise SettingError(f"{setting} has {text!r}, which is no mail address.")
    user, _, domain = address.rpartition("@") if "@" in address else (address, "", "")
    return Address(name, user, domain)


def machine_address(user: str, host: str) -> str:
    """Return an address that stands for a user at a machine, also where their names hold what no address may."""
    return "@".join(re.sub(r"[^A-Za-z0-9.-]+", "-", part).strip(".-") or "localhost" for part in (user, host))


def compose(letter: Letter, envelope: Envelope, attachment: Attachment | None = None) -> EmailMessage:
    """Return the message. Blind copies are in no header."""
    message = EmailMessage(policy=SMTP)
    for name, value in _headers(letter, envelope):
        message[name] = value
    message.set_content(mail_text.render(letter), cte="quoted-printable")
    message.add_alternative(mail_html.render(letter), subtype="html", cte="quoted-printable")
    if attachment is not None:
        message.add_attachment(attachment.content, maintype="application", subtype="gzip", filename=attachment.name)
    return message


def _headers(letter: Letter, envelope: Envelope) -> Iterator[tuple[str, str | Sequence[Address]]]:
    yield "Subject", letter.subject
    yield "From", (envelope.sender,)
    yield "To", envelope.to
    if envelope.cc:
        yield "Cc", envelope.cc
    yield "Date", format_datetime(datetime.fromtimestamp(envelope.date // 10**9).astimezone())
    yield "Message-ID", f"<{envelope.message_id}>"
    yield "Auto-Submitted", "auto-generated"  # RFC 3834: nobody's absence is answered to it
    yield "X-Auto-Response-Suppress", "All"
    yield "X-Mailer", f"deploytrace {__version__}"
