"""The colours of the terminal reports: Ansible's own where Ansible has one for the same thing."""

from __future__ import annotations

from ..run.model import Kind, Outcome

__all__ = ["DIM", "NAME_STYLES", "OUTCOME_STYLES"]

DIM = "bright_black"

OUTCOME_STYLES: dict[Outcome, str] = {
    Outcome.OK: "green",
    Outcome.CHANGED: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.UNREACHABLE: "bold red",
    Outcome.SKIPPED: "cyan",
    Outcome.RESCUED: "magenta",
    Outcome.IGNORED: "magenta",
    Outcome.INTERRUPTED: "bold red",
    Outcome.RUNNING: "bold blue",
}

NAME_STYLES: dict[Kind, str] = {
    Kind.RUN: "bold",
    Kind.PLAY: "bold",
    Kind.HOST: "blue",
}
