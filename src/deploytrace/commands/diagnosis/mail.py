"""Whether the mail about a failed run has a server, a sender and readers; in each environment that has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import SettingError
from ...settings import Settings
from ...sinks.mail_message import address_of
from ...sinks.mail_settings import server_of
from ...sinks.smtp import parse_server
from .finding import Finding, ok, problem

__all__ = ["check_mail"]


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Yield what is said of mails, where anybody gets any; nothing is sent."""
    yield from _check(settings.for_run({}), "")
    for environment in settings.environments:
        if environment != settings.environment:
            yield from _check(settings.for_run({"env": environment}), environment)


def _check(settings: Settings, environment: str) -> Iterator[Finding]:
    if not settings.mail_to:
        return
    where = f" in {environment}" if environment else ""
    option = f" --environment {environment}" if environment else ""
    try:
        # What holds the password may be a variable that only a run knows.
        server = parse_server(settings.smtp_url) if settings.smtp_password_variable else server_of(settings, Path.cwd())
        for name in ("mail_to", "mail_cc", "mail_bcc"):
            for text in getattr(settings, name):
                address_of(text, name)
        if settings.mail_from is not None:
            address_of(settings.mail_from, "mail_from")
    except SettingError as error:
        yield problem("mail", f"Mails about failed runs{where}: {error}", "Correct that setting; docs/mail.md helps.")
        return
    yield ok(
        "mail",
        f"Mails about failed runs{where} go to {', '.join(settings.mail_to)} by {server.name}; "
        f"deploytrace mail --test{option} sends one.",
    )
