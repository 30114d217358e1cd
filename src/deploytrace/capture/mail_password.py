"""The mail server's password from an Ansible variable, vaulted preferably: told to the sidecar, kept off every disk."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ..settings import Settings
from ..settings_mail import PASSWORDS

__all__ = ["with_password"]

_REFERENCE = re.compile(r"^\{\{\s*(\w+)\s*\}\}$")  # smtp_password: "{{ vault_smtp_password }}"
_MOST_REFERENCES = 5


def with_password(settings: Settings, context_vars: Mapping[str, str], variable_manager: Any) -> Settings:
    """Return the settings with the password in them that ``smtp_password_variable`` names for a run.

    An extra variable is looked at first, then what group_vars give the inventory's first host. Raises `ValueError`, the
    sentence to warn with, where there is no such variable or it cannot be decrypted.
    """
    own = settings.for_run(context_vars)
    name = own.smtp_password_variable
    if not name or not own.mail_to or own.smtp_password is not None:
        return settings
    try:
        text = _text(name, _variables(variable_manager))
    except Exception as error:  # noqa: BLE001 - Ansible's own errors, such as a vault without a password
        raise ValueError(_sentence(name, error.__class__.__name__)) from None
    if text is None:
        raise ValueError(_sentence(name, "there is no such variable, or it is no plain text"))
    environment = context_vars.get("env") or settings.environment or ""
    section = settings.environments.get(environment, {})
    if not section.keys() & PASSWORDS:
        return dataclasses.replace(settings, smtp_password=text)
    sections = {**settings.environments, environment: {**section, "smtp_password": text}}
    return dataclasses.replace(settings, environments=sections)


def _sentence(name: str, reason: str) -> str:
    return (
        f"deploytrace does not get the mail server's password from the variable {name} ({reason}): set it in "
        "group_vars/all or with -e."
    )


def _variables(variable_manager: Any) -> Mapping[str, Any]:
    extra = getattr(variable_manager, "_extra_vars", None)
    inventory = getattr(variable_manager, "_inventory", None)
    hosts = getattr(inventory, "hosts", None) or {}
    found: dict[str, Any] = {}
    for host in list(hosts.values())[:1]:
        found.update(variable_manager.get_vars(host=host, include_hostvars=False))
    return {**found, **(extra if isinstance(extra, Mapping) else {})}


def _text(name: str, variables: Mapping[str, Any]) -> str | None:
    """Return the text of a variable, or of one that it only refers to; vaulted ones are decrypted."""
    for _ in range(_MOST_REFERENCES):
        if name not in variables:
            return None
        text = str(variables[name])
        reference = _REFERENCE.match(text)
        if reference is None:
            return None if "{{" in text else text
        name = reference[1]
    return None
