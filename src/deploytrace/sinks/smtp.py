"""The way to a mail server: plain, STARTTLS or TLS, certificates always checked, and what its answers mean.

A message is either taken, or the server cannot take it now (`errors.DeliveryUnavailable`), or never will
(`errors.DeliveryRefused`). Only a permanent answer (5xx) about the message, its sender or all its recipients means
never: whatever has to do with reaching the server, TLS or the password can be put right, and the message waits.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from ..errors import DeliveryRefused, DeliveryUnavailable, SettingError

__all__ = ["Answers", "MessageTooLarge", "Server", "in_words", "parse_server", "send"]

Answers = Mapping[str, tuple[int, str]]
"""What a server said of the recipients that it did not take: code and words."""

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_AUTHENTICATION_REQUIRED = 530
_TOO_LARGE = (552, 523)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. ``scheme`` is smtp, smtp+starttls or smtps; ``ca_file`` replaces the system's authorities."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    timeout: float = 10.0

    @property
    def name(self) -> str:
        """The server as a URL, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class MessageTooLarge(Exception):
    """The server does not take a message of this size, or what is attached to it."""


def parse_server(url: str) -> Server:
    """Return the server of an ``smtp_url``. Raises `SettingError`."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = None, None, None
    if parts is None or parts.scheme not in _PORTS or not host or parts.path not in ("", "/"):
        raise SettingError(
            f"smtp_url is {_without_password(url)!r} but must be smtp://, smtp+starttls:// or smtps:// with "
            "[user@]host[:port]."
        )
    user = urllib.parse.unquote(parts.username) if parts.username else None
    return Server(parts.scheme, host, port or _PORTS[parts.scheme], user)


def _without_password(url: str) -> str:
    before, at, host = url.rpartition("@")
    return f"{before.partition('://')[0]}://...@{host}" if at else url


def send(server: Server, message: EmailMessage, sender: str, recipients: Sequence[str]) -> Answers:
    """Send a message; return the recipients that were not taken (the others were), and what the server said of them.

    Raises `DeliveryUnavailable`, `DeliveryRefused` or `MessageTooLarge`. Each answer of the server may take
    ``server.timeout`` seconds.
    """
    with _explained(server), _connected(server) as connection:
        try:
            refused = connection.send_message(message, sender, list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
            answers = _answers(refused)
            if all(code // 100 == 5 for code, _ in answers.values()):
                raise DeliveryRefused(f"{server.name} refuses every recipient: {in_words(answers)}.") from None
            raise DeliveryUnavailable(f"{server.name} takes no recipient now: {in_words(answers)}.") from None
        return _answers(refused)


def in_words(answers: Answers) -> str:
    """Return answers as a list for people."""
    return "; ".join(f"{recipient} ({code} {text})" for recipient, (code, text) in answers.items())


def _answers(refused: Mapping[str, tuple[int, bytes]]) -> Answers:
    return {recipient: (code, _text(words)) for recipient, (code, words) in refused.items()}


def _text(words: bytes | str) -> str:
    return " ".join((words.decode("utf-8", "replace") if isinstance(words, bytes) else words).split())[:300]


@contextlib.contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    """Give a connection that is ready to send: encrypted and authenticated as the URL says."""
    # Left to itself it would look up this machine's name, which may wait for DNS; what it says is replaced below.
    own, timeout = "localhost", max(0.1, server.timeout)
    connection: smtplib.SMTP
    if server.scheme == "smtps":
        connection = smtplib.SMTP_SSL(server.host, server.port, own, timeout=timeout, context=_tls(server))
    else:
        connection = smtplib.SMTP(server.host, server.port, own, timeout)
    try:
        connection.local_hostname = _own_name(connection)
        if server.scheme == "smtp+starttls":
            connection.starttls(context=_tls(server))
        if server.user is not None:
            connection.login(server.user, server.password or "")
        yield connection
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.quit()  # the message has been taken: nothing that happens now matters
    finally:
        connection.close()


def _tls(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
    except OSError as error:
        reason = error.strerror or error
        raise DeliveryUnavailable(f"smtp_ca_file {server.ca_file} holds no usable certificates ({reason}).") from None


def _own_name(connection: smtplib.SMTP) -> str:
    """Return what this machine calls itself to the server: its full name, else its address (RFC 5321 4.1.4)."""
    name = socket.gethostname()
    if "." in name.strip("."):
        return name
    address = connection.sock.getsockname()[0] if connection.sock is not None else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


@contextlib.contextmanager
def _explained(server: Server) -> Iterator[None]:
    """Turn what smtplib raises into one of ours, one sentence each."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryUnavailable(
            f"{server.name} does not accept the password of {server.user} "
            f"({error.smtp_code} {_text(error.smtp_error)}): check smtp_password."
        ) from None
    except smtplib.SMTPResponseException as error:
        _judge(server, error)
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryUnavailable(
            f"{server.name} cannot do what is needed ({_text(str(error))}): check smtp_url, and the addresses."
        ) from None
    except smtplib.SMTPServerDisconnected:
        raise DeliveryUnavailable(f"{server.name} closes the connection or does not answer.") from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryUnavailable(
            f"The certificate of {server.name} cannot be trusted ({error.verify_message}): set smtp_ca_file, "
            "or in smtp_url the name that it is for."
        ) from None
    except TimeoutError:
        raise DeliveryUnavailable(
            f"{server.name} does not answer within {server.timeout:g} s (smtp_timeout)."
        ) from None
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or error.__class__.__name__
        raise DeliveryUnavailable(f"{server.name} cannot be reached ({_text(str(reason))}).") from None


def _judge(server: Server, error: smtplib.SMTPResponseException) -> None:
    """Raise what an answer means that is no success."""
    said = f"{error.smtp_code} {_text(error.smtp_error)}"
    about_message = isinstance(error, (smtplib.SMTPDataError, smtplib.SMTPSenderRefused))
    if about_message and error.smtp_code == _AUTHENTICATION_REQUIRED:
        raise DeliveryUnavailable(
            f"{server.name} wants TLS or a password first ({said}): set smtp_url accordingly."
        ) from None
    if error.smtp_code in _TOO_LARGE or (isinstance(error, smtplib.SMTPDataError) and error.smtp_code // 100 == 5):
        raise MessageTooLarge(said) from None
    if about_message and error.smtp_code // 100 == 5:
        raise DeliveryRefused(f"{server.name} refuses the mail for good ({said}).") from None
    raise DeliveryUnavailable(f"{server.name} does not take the mail now ({said}).") from None
