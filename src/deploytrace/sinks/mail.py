"""The mail about a run that failed: one, however many hosts failed, and none for a run that went well.

The journal is the outbox: what the mail server does not take now is sent by the next sidecar or by ``deploytrace
flush``, under the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..analysis.causes import Causes
from ..analysis.regression import find_regressions
from ..analysis.summing import Summing
from ..analysis.usual import Usual
from ..errors import DeliveryRefused, DeliveryUnavailable, SettingError
from ..events import RunStarted
from ..reports.mail import Letter, letter_of
from ..reports.slower import lines
from ..run.model import Kind, Node
from ..settings import Settings
from .mail_message import Attachment, Envelope, compose, machine_address
from .mail_settings import envelope_of, server_of
from .smtp import MessageTooLarge, Server, in_words, send

__all__ = ["MailItem", "MailSink"]

_log = logging.getLogger(__name__)

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class MailItem:
    """A run's mail; ``date`` is when the run ended (Unix ns)."""

    letter: Letter
    date: int

    @property
    def size(self) -> int:
        """Nothing that counts: there is one."""
        return 0


class MailSink:
    """The mail of one run; see `contract.Sink`.

    ``archive`` tells where the run's archive is, once it is there, ``page`` is where its page will be if it has one,
    ``usual`` what runs like it take.
    """

    name = "mail"
    resumes = True
    max_items = 1
    max_bytes = 1 << 30
    schedule_delay = 0.0
    after: tuple[str, ...] = ("archive", "page")

    def __init__(
        self,
        settings: Settings,
        started: RunStarted,
        archive: Callable[[], Path | None],
        page: Path,
        usual: Usual | None = None,
    ) -> None:
        self._settings = settings
        self._started = started
        self._directory = PurePath(started.playbook_path).parent
        self._archive = archive
        self._page = page
        self._causes = Causes()
        self._usual = usual
        self._summing = Summing()
        self._last = (0, "")
        self._taken: set[str] = set()  # recipients that have the mail already
        # The same whichever server is set: a mail that one server has taken is not given to the next one too.
        environment = started.context_vars.get("env")
        self.destination = "the mail server" + (f" for {environment}" if environment else "")

    def translate(self, node: Node) -> Sequence[MailItem]:
        """Return the run's mail, at its end, if it failed; see `contract.Sink.translate`."""
        self._causes.take(node)
        self._summing.add(node)
        if node.kind in (Kind.TASK, Kind.HANDLER):
            self._last = max(self._last, (node.end, node.name))
        if node.kind is not Kind.RUN or self._started.front_end == "console":
            return ()
        summary = self._summing.summary()
        slower = list(lines(find_regressions(summary, self._usual))) if summary is not None else []
        letter = letter_of(node, self._causes, self._summing.ranking, self._last[1], self._settings, slower)
        return () if letter is None else (MailItem(letter, node.end),)

    def deliver(self, items: Sequence[MailItem]) -> int:
        """Send the mail; see `contract.Sink.deliver`."""
        for item in items:
            try:
                server = server_of(self._settings, self._directory)
                envelope = self._envelope(item.date)
            except SettingError as error:
                raise DeliveryUnavailable(str(error)) from None
            self._send(server, envelope, item)
        return 0

    def _envelope(self, date: int) -> Envelope:
        started = self._started
        return envelope_of(
            self._settings,
            message_id=machine_address(started.run_id, started.host_name),
            date=date,
            environment=started.context_vars.get("env") or self._settings.environment,
            sender=machine_address(started.user, started.host_name),
        )

    def prepared(self, item: MailItem) -> tuple[Letter, Attachment | None]:
        """Return the letter as it is to be sent now, and what is attached."""
        attachment, note = self._attachment()
        letter = self._with_page(item.letter)
        return letter.with_note(note) if note else letter, attachment

    def _with_page(self, letter: Letter) -> Letter:
        return letter.with_note(f"There is a page of it at {self._page}.") if self._page.is_file() else letter

    def _send(self, server: Server, envelope: Envelope, item: MailItem) -> None:
        letter, attachment = self.prepared(item)
        try:
            self._hand_over(server, envelope, letter, attachment)
        except MessageTooLarge as error:
            if attachment is None:
                raise DeliveryRefused(f"{server.name} refuses the mail for good ({error}).") from None
            note = f"The mail server did not take the log with this mail ({error}). It is at {self._archive()}."
            try:
                self._hand_over(server, envelope, self._with_page(item.letter).with_note(note), None)
            except MessageTooLarge as again:
                raise DeliveryRefused(f"{server.name} refuses the mail for good ({again}).") from None

    def _hand_over(self, server: Server, envelope: Envelope, letter: Letter, attachment: Attachment | None) -> None:
        recipients = [each for each in envelope.recipients if each not in self._taken]
        answers = send(server, compose(letter, envelope, attachment), envelope.sender.addr_spec, recipients)
        self._taken.update(each for each in recipients if each not in answers)
        never = {who: answer for who, answer in answers.items() if answer[0] // 100 == 5}
        if never:
            self._taken.update(never)
            _log.error("%s refuses some of the mail's recipients for good: %s.", server.name, in_words(never))
        later = {who: answer for who, answer in answers.items() if who not in never}
        if later:
            raise DeliveryUnavailable(f"{server.name} does not take some recipients now: {in_words(later)}.")

    def _attachment(self) -> tuple[Attachment | None, str]:
        """Return the archive, if it is to be attached, and what is said of it."""
        path = self._archive()
        if path is None:
            return None, ""
        limit = self._settings.mail_attachment_limit * _MEGABYTE
        try:
            size = path.stat().st_size
            if size > limit:
                much = f"{size / _MEGABYTE:.1f} MB, too large to attach" if limit else "not attached"
                return None, f"The log of this run is at {path} ({much}: mail_attachment_limit)."
            return Attachment(path.name, path.read_bytes()), f"Attached: {path.name}, the log of this run."
        except OSError as error:
            return None, f"The log of this run was to be at {path}, which cannot be read ({error.strerror})."

    def close(self) -> None:
        """Nothing is held."""
