"""One family of errors: each is one sentence that names the thing, the reason and the remedy.

Whatever reaches a user is a `DeploytraceError`; the command line turns it into its exit code in one place
(``commands.main``), the sidecar writes it to its log. Nothing of this family ever leaves a callback.
"""

from __future__ import annotations

__all__ = [
    "DeliveryRefused",
    "DeliveryUnavailable",
    "DeploytraceError",
    "JournalError",
    "NotKept",
    "OutputError",
    "RunNotFound",
    "SettingError",
    "StoreError",
    "StoreUnavailable",
    "TaskNotFound",
]


class DeploytraceError(Exception):
    """Base of all errors that are told to a user. ``exit_code`` is the command's exit status."""

    exit_code = 1


class OutputError(DeploytraceError):
    """Standard output takes nothing: it is closed, say, or the disk below it is full."""


class SettingError(DeploytraceError):
    """A setting has a value that cannot be used; the text names the setting, where it came from and what is allowed."""

    exit_code = 2


class JournalError(DeploytraceError):
    """A journal cannot be read as a whole (not a journal, or written by a newer format version)."""

    exit_code = 3


class RunNotFound(DeploytraceError):
    """No recorded run answers to the given id, prefix or ``last~N``."""

    exit_code = 4


class NotKept(DeploytraceError):
    """The run is known, but what is asked for was not kept of it: its journal is gone, and the history has no more."""

    exit_code = 4


class TaskNotFound(DeploytraceError):
    """No task of the run, or more than one, is called so."""

    exit_code = 4


class DeliveryUnavailable(DeploytraceError):
    """A destination cannot take data now (refused, silent, 503, redirecting, wrong credentials): try again later.

    ``retry_after`` is the server's own wish in seconds, where it voiced one.
    """

    exit_code = 5

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryRefused(DeploytraceError):
    """A destination refused this batch for good (OTLP: 400 or its gRPC equals); sending it again would not help."""

    exit_code = 5


class StoreUnavailable(DeliveryUnavailable):
    """The store cannot be reached or written now (server down, locked, disk full): try again later."""

    exit_code = 6


class StoreError(DeploytraceError):
    """The store cannot be used as it is: damaged, not a store, or made by a newer deploytrace."""

    exit_code = 6
