"""Send a test mail, or show the mail about a run.

`deploytrace mail --test` sends a mail with the settings of now and says in one sentence what the server said to it;
with `--environment production`, with the settings of that environment. `deploytrace mail RUN --preview` writes the mail
about a run that failed as an HTML page, to look at in a browser; nothing is sent.

Exit status: 0 when the mail was taken or the page written, 2 when a setting is wrong, 4 when the run's journal is gone,
5 when the server did not take the mail, or not for everybody.
"""

from __future__ import annotations

import argparse
import getpass
import platform
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DeliveryRefused, JournalError, NotKept
from ..run.load import children_first
from ..run.model import RunDetail
from ..settings import Settings
from .one_run import load_run
from .recorded import add_run_argument, state_directory

if TYPE_CHECKING:
    from ..sinks.mail_message import Envelope
    from ..sinks.smtp import Answers, Server

__all__ = ["add_arguments", "run"]

_DEFAULT = Path("RUN.html")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--test", action="store_true", help="send a test mail")
    what.add_argument(
        "--preview",
        type=Path,
        nargs="?",
        const=_DEFAULT,
        metavar="FILE",
        help="write the mail about the run as a page (default: mail-RUN.html)",
    )
    parser.add_argument("--environment", metavar="NAME", help="test the settings of this environment")
    add_run_argument(parser)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the test mail, or write the page."""
    if arguments.test:
        return _test(settings, arguments.environment or settings.environment)
    return _preview(arguments.run, arguments.preview, settings)


def _test(settings: Settings, environment: str | None) -> int:
    from ..sinks.mail_message import machine_address
    from ..sinks.mail_settings import envelope_of, server_of

    settings = settings.for_run({"env": environment} if environment else {})
    server = server_of(settings, Path.cwd())
    who = machine_address(getpass.getuser(), platform.node())
    message_id = machine_address(secrets.token_hex(16), platform.node())
    envelope = envelope_of(settings, message_id, time.time_ns(), environment, who)
    answers = _send(server, envelope, environment, who)
    taken = [each for each in envelope.recipients if each not in answers]
    print(f"{server.name} has taken a test mail from {envelope.sender.addr_spec} to {', '.join(taken)}.")
    if server.scheme == "smtp" and server.user is not None and server.host not in _LOOPBACK:
        print("The password went there unencrypted: smtp+starttls:// or smtps:// would protect it.")
    if answers:
        from ..sinks.smtp import in_words

        raise DeliveryRefused(f"{server.name} did not take it for {in_words(answers)}.")
    return 0


def _send(server: Server, envelope: Envelope, environment: str | None, who: str) -> Answers:
    """Return the recipients that were not taken. Raises `DeliveryUnavailable` or `DeliveryRefused`."""
    from ..reports.mail import test_letter
    from ..sinks.mail_message import compose
    from ..sinks.smtp import MessageTooLarge, send

    facts = (
        ("Server", server.name),
        ("From", str(envelope.sender)),
        ("To", ", ".join(map(str, envelope.to))),
        ("Copies", ", ".join(map(str, envelope.cc))),
        ("Environment", environment or ""),
        ("By", who),
    )
    letter = test_letter(tuple((name, value) for name, value in facts if value))
    try:
        return send(server, compose(letter, envelope), envelope.sender.addr_spec, envelope.recipients)
    except MessageTooLarge as error:
        raise DeliveryRefused(f"{server.name} refuses the mail for good ({error}).") from None


def _preview(name: str, path: Path, settings: Settings) -> int:
    from ..reports import mail_html
    from ..sinks.logs import archive_of
    from ..sinks.mail import MailSink

    found = load_run(settings, name)
    run_id, detail = found.run_id[:8], found.tree.node.detail
    if found.remembered:
        raise NotKept(
            f"A mail shows more than the history keeps of run {run_id}, whose journal is gone: see `deploytrace show "
            f"{run_id}`, or `deploytrace html {run_id}` for a page."
        )
    if not isinstance(detail, RunDetail):
        raise JournalError(f"The journal of run {run_id} does not tell how the run began.")
    started = detail.started
    settings = settings.for_run(started.context_vars).completed_by(started.settings)
    directory = state_directory(settings)
    sink = MailSink(
        settings,
        started,
        lambda: archive_of(settings, started, directory.root),
        directory.page(started.run_id),
    )
    items = [item for node in children_first(found.tree) for item in sink.translate(node)]
    if not items:
        print(f"Run {run_id} went well, or still goes on: there is no mail about it.")
        return 0
    letter, _ = sink.prepared(items[0])
    if path is _DEFAULT:
        path = Path(f"mail-{run_id}.html")
    path.write_text(mail_html.render(letter), encoding="utf-8")
    print(f"{path}: {letter.subject}")
    return 0
