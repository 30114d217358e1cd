"""The settings of the mail about a run that failed; a part of `settings.Settings`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .setting_types import setting

__all__ = ["ADDRESSES", "PASSWORDS", "MailSettings"]

# Three ways to say one thing: one that is said in a place of higher rank hides all that are said elsewhere.
PASSWORDS = frozenset({"smtp_password", "smtp_password_file", "smtp_password_variable"})

# Who gets the mail about a run is that run's own affair, also where another one's sidecar sends it.
ADDRESSES = frozenset({"mail_to", "mail_cc", "mail_cc_environments", "mail_bcc", "mail_from"})


@dataclass(frozen=True)
class MailSettings:
    """Who is told what by which mail server."""

    dashboard_url: str | None = setting(
        None,
        "Address of a dashboard that shows the run, for links: a template with {run_id}, {trace_id}, {playbook}, "
        "{environment}, {from_ms} and {to_ms} (the run's begin and end, Unix milliseconds).",
        group="mail",
        per_environment=True,
    )
    mail_to: tuple[str, ...] = setting(
        (),
        "Who gets the mail about a run that failed, comma-separated. With nobody there is none.",
        group="mail",
        per_environment=True,
    )
    mail_cc: tuple[str, ...] = setting(
        (), "Who gets a copy of it, comma-separated.", group="mail", per_environment=True
    )
    mail_cc_environments: tuple[str, ...] = setting(
        (), "Environments whose mails go to mail_cc too, comma-separated; none named: all of them.", group="mail"
    )
    mail_bcc: tuple[str, ...] = setting(
        (), "Who gets a copy that the others do not see.", group="mail", per_environment=True
    )
    mail_from: str | None = setting(
        None,
        "The mail's sender. Default: the user that runs Ansible, at the controller.",
        group="mail",
        per_environment=True,
    )
    mail_attachment_limit: int = setting(
        10,
        "Megabytes (10^6 bytes) up to which the archived log is attached to the mail; a larger one is named in it. "
        "0: never.",
        group="mail",
        per_environment=True,
    )
    smtp_url: str = setting(
        "smtp://localhost:25",
        "The mail server: smtp://, smtp+starttls:// or smtps:// (TLS from the start), [user@]host and, where it is not "
        "25, 587 or 465 in this order, :port.",
        group="mail",
        per_environment=True,
    )
    smtp_password: str | None = setting(
        None,
        "Password of the user in smtp_url. Better placed in the environment than in a file.",
        secret=True,
        group="mail",
        per_environment=True,
    )
    smtp_password_file: Path | None = setting(
        None, "A file whose first line is that password, read when a mail is sent.", group="mail", per_environment=True
    )
    smtp_password_variable: str | None = setting(
        None,
        "Name of an Ansible variable, vaulted preferably, that holds that password: an extra variable or one of "
        "group_vars/all.",
        group="mail",
        per_environment=True,
    )
    smtp_ca_file: Path | None = setting(
        None,
        "Certificates (PEM) that the mail server's is checked against, instead of the system's.",
        group="mail",
        per_environment=True,
    )
    smtp_timeout: float = setting(
        10.0, "Seconds that the mail server may take for each answer.", group="mail", per_environment=True
    )
