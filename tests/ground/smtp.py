"""Real mail servers: plain, STARTTLS, TLS, with authentication, and all that a mail server may do wrong.

Each is strict, as some out there are: no line longer than 998 octets (RFC 5321), nothing that is not ASCII.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ground.certificates import Certificates
from ground.processes import free_port
from ground.waiting import PATIENCE_S

__all__ = ["MailServer", "Received", "running_mail_server", "silent_port"]

_LONGEST = 998


@dataclass(frozen=True)
class Received:
    """One mail as it arrived."""

    message: EmailMessage
    raw: bytes
    sender: str
    recipients: list[str]
    encrypted: bool
    user: str | None

    def body(self, kind: str) -> str:
        """The text in it that is ``plain`` or ``html``."""
        part = self.message.get_body((kind,))
        assert part is not None
        content: str = part.get_content()
        return content

    def attachments(self) -> dict[str, bytes]:
        """What is attached, by its name."""
        parts = list(self.message.iter_attachments())
        return {str(part.get_filename()): part.get_payload(decode=True) for part in parts}  # type: ignore[misc]


@dataclass
class MailServer:
    """A server at ``port`` of this machine; how it behaves may be changed at any time."""

    port: int
    received: list[Received] = field(default_factory=list)
    refused: int = 0  # commands and mails that it did not take
    connections: int = 0
    greylist: int = 0  # recipients that it tells to come again
    recipients: Mapping[str, str] = field(default_factory=dict)  # what it says of some recipients
    answer: str | None = None  # what it says instead of taking a mail
    answer_large: str | None = None  # likewise, of a mail with something attached
    hangs: bool = False  # it reads a mail and says nothing of it
    authentication: str = "235 2.7.0 Authentication successful"

    def wait_for(self, count: int, timeout: float = PATIENCE_S) -> list[Received]:
        """Wait until that many mails have arrived and return them; AssertionError after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"after {timeout:g} s there are {len(self.received)} of {count} mails"
            time.sleep(0.02)
        return self.received

    def url(self, scheme: str = "smtp", user: str = "") -> str:
        """The server's address as the setting smtp_url has it."""
        return f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}"


class _Handler:
    def __init__(self, state: MailServer) -> None:
        self._state = state

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self._state.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._state.recipients.get(address)
        if answer is None and self._state.greylist:
            self._state.greylist -= 1
            answer = "451 4.7.1 Greylisted, come again"
        if answer is not None:
            self._state.refused += 1
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        state = self._state
        if state.hangs:
            await asyncio.sleep(3600)
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        large = state.answer_large if any(message.iter_attachments()) else None
        answer = state.answer or large
        if any(len(line) > _LONGEST for line in raw.splitlines()) or not raw.isascii():
            answer = "554 5.6.0 A line is too long, or not ASCII"
        if answer is not None:
            state.refused += 1
            return answer
        sender = str(envelope.mail_from)
        user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else None
        recipients = [str(each) for each in envelope.rcpt_tos]
        state.received.append(Received(message, raw, sender, recipients, session.ssl is not None, user))
        return "250 2.0.0 OK"


@contextlib.contextmanager
def running_mail_server(
    *,
    tls: Certificates | None = None,
    starttls: Certificates | None = None,
    login: tuple[str, str] | None = None,
    max_bytes: int = 0,
    port: int = 0,
) -> Iterator[MailServer]:
    """A mail server for the length of a ``with`` block.

    ``tls``: from the start; ``starttls``: after the command, without which it takes nothing; ``login``: the user and
    the password that it wants. ``max_bytes``: what it takes, and says so; 0: everything. ``port`` is a fixed one, for a
    server that comes back after an outage.
    """
    state = MailServer(port or free_port())

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        if not state.authentication.startswith("235"):
            return AuthResult(success=False, handled=False, message=state.authentication)
        return AuthResult(success=given == login, handled=False, auth_data=data)

    controller = Controller(
        _Handler(state),
        hostname="127.0.0.1",
        port=state.port,
        ssl_context=_context(tls) if tls else None,
        tls_context=_context(starttls) if starttls else None,
        require_starttls=starttls is not None,
        authenticator=authenticate if login else None,
        auth_required=login is not None,
        auth_require_tls=False,
        data_size_limit=max_bytes or 1 << 30,
        timeout=60,
    )
    controller.start()
    try:
        yield state
    finally:
        controller.stop()


def _context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    return context


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A loopback port that takes every connection and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]
