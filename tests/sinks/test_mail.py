"""The mail against real mail servers: what each answer means, and what arrives. Runs are told by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands.stories import Told, deploy, interrupted
from deploytrace import events as ev
from deploytrace.errors import DeliveryRefused, DeliveryUnavailable
from deploytrace.settings import Settings, load
from deploytrace.sinks.mail import MailItem, MailSink
from ground.certificates import Certificates, make_certificates
from ground.processes import free_port
from ground.smtp import MailServer, running_mail_server, silent_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

TO = ("ops@example.org", "Jane Doe <jane@example.org>")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A server's certificate and the authority that signed it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


_NO_PAGE = Path("/nowhere/run.html")


class Post:
    """The mail about one run, as a sidecar would send it."""

    def __init__(self, told: Told, *, archive: Path | None = None, page: Path = _NO_PAGE, **settings: Any) -> None:
        started = told.events[0]
        assert isinstance(started, ev.RunStarted)
        told.events.sort(key=lambda event: getattr(event, "t", -1))
        self.sink = MailSink(Settings(**{"mail_to": TO, **settings}), started, lambda: archive, page)
        self.items: list[MailItem] = [item for node in told.nodes() for item in self.sink.translate(node)]

    def send(self) -> int:
        return self.sink.deliver(self.items)


def _unreachable(hosts: int) -> Told:
    told = Told(5)
    names = tuple(f"web{number:03}.example.org" for number in range(hosts))
    told.play(0.1, name="Web", hosts=names)
    told.announce(0.2, "Gather facts", action="setup")
    for host in names:
        reason = f"ssh: connect to host {host} port 22: Connection refused"
        told.on(host, "Gather facts", 0.3, 1, "unreachable", detail={"msg": reason, "reason": reason})
    told.end(2, stats={host: {"unreachable": 1} for host in names})
    return told


def _hostile() -> Told:
    told = Told(6, playbook="/srv/si\nte.yml", user="u\r\nBcc: x@example.org", context_vars={"env": "<b>prod</b>"})
    told.play(0.1, name="Web", hosts=("h1",))
    task = "Evil\r\nBcc: victim@example.org\r\n\r\n<h1>task</h1>"
    told.announce(0.2, task)
    text = (
        "\x1b[31mbad\x1b[0m\r\nTo: all@example.org\r\n\r\n.\r\n<img src=x onerror=alert(1)> \u202etxt.exe \x07🔥"
        + "w" * 9000
    )
    reason = "no\nspace\r\nCc: evil@example.org\x1b[2J " + "r" * 400
    told.on("h1", task, 0.3, 1, "failed", detail={"stderr": text, "reason": reason, "msg": "m" * 5000})
    told.end(2, stats={"h1": {"failures": 1}})
    return told


def test_the_mail_says_what_really_failed_and_groups_its_hosts() -> None:
    with running_mail_server() as server:
        post = Post(deploy(), smtp_url=server.url(), mail_cc=("boss@example.org",), mail_bcc=("audit@example.org",))
        assert post.send() == 0
    (mail,) = server.received
    reason = "Job for nginx.service failed because the control process exited with error code. See systemctl status."
    assert mail.message["Subject"] == f"Failed: restart nginx {reason}"
    assert mail.message["To"] == "ops@example.org, Jane Doe <jane@example.org>"
    assert mail.message["Cc"] == "boss@example.org"
    assert b"audit@example.org" not in mail.raw
    assert mail.recipients == ["ops@example.org", "jane@example.org", "boss@example.org", "audit@example.org"]
    assert mail.message["Message-ID"] == f"<{'00000001' + 'c' * 24}@c>"
    assert mail.message["Date"].datetime.timestamp() == 1_700_000_060 + 23
    assert mail.message["Auto-Submitted"] == "auto-generated"
    for body in (mail.body("plain"), mail.body("html")):
        assert "2 hosts failed" in body
        assert "web2, web3" in body
        assert "srever" not in body, "that one was rescued"
        assert "common | Install the packages" in body, "among the slowest"


def test_five_hundred_hosts_with_one_trouble_are_one_line_of_one_mail() -> None:
    with running_mail_server() as server:
        Post(_unreachable(500), smtp_url=server.url()).send()
    (mail,) = server.received
    first = "ssh: connect to host web000.example.org port 22: Connection refused"
    assert mail.message["Subject"] == f"Unreachable: {first}"
    assert mail.body("plain").count("could not be reached") == 1
    assert "500 hosts could not be reached: Gather facts" in mail.body("plain")
    assert "and 485 more" in mail.body("html")
    assert len(mail.raw) < 40_000


def test_a_good_run_has_no_mail_and_neither_has_a_command_of_the_console() -> None:
    good = Told(3)
    good.play(0.1, hosts=("h1",))
    good.announce(0.2, "Fine")
    good.on("h1", "Fine", 0.3, 1, "failed", ignored=True, detail={"reason": "never mind"})
    good.end(2, stats={"h1": {"ok": 1, "ignored": 1}})
    assert Post(good).items == []
    assert Post(interrupted()).items != []
    told = interrupted()
    told.events[0] = told.events[0]._replace(front_end="console")  # type: ignore[union-attr,call-arg]
    assert Post(told).items == []


def test_nothing_that_a_host_says_gets_out_of_its_place() -> None:
    with running_mail_server() as server:
        Post(_hostile(), smtp_url=server.url()).send()
    (mail,) = server.received
    names = [name for name, _ in mail.message.items()]
    assert len(names) == len(set(names))
    assert not {"Bcc", "Cc"} & set(names)
    assert mail.recipients == ["ops@example.org", "jane@example.org"]
    assert str(mail.message["Subject"]).startswith("Failed: Evil Bcc: victim@example.org")
    for body in (mail.body("plain"), mail.body("html"), str(mail.message["Subject"])):
        assert not {"\x1b", "\u202e", "\x07", "\x00"} & set(body)
    html = mail.body("html")
    assert "🔥" in html
    assert html.count("<h1") == 1
    assert "<img" not in html
    assert "<b>" not in html
    assert max(map(len, mail.raw.splitlines())) <= 998
    assert len(mail.raw) < 40_000


def test_an_interrupted_run_names_what_was_under_way() -> None:
    with running_mail_server() as server:
        Post(interrupted(), smtp_url=server.url()).send()
    (mail,) = server.received
    assert mail.message["Subject"] == "Interrupted: during Copy a lot"
    assert "2 hosts at work when the run was broken off" in mail.body("plain")


@contextmanager
def _way(name: str, certificates: Certificates) -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """A server, and the settings that fit it."""
    ca = {"smtp_ca_file": certificates.authority}
    if name == "plain":
        with running_mail_server() as server:
            yield server, {"smtp_url": server.url()}
    elif name == "tls":
        with running_mail_server(tls=certificates) as server:
            yield server, {"smtp_url": server.url("smtps"), **ca}
    else:
        with running_mail_server(starttls=certificates, login=("robot", "s3cret word")) as server:
            url = server.url("smtp+starttls", "robot")
            yield server, {"smtp_url": url, "smtp_password": "s3cret word", **ca}


@pytest.mark.parametrize("way", ["plain", "tls", "starttls and a password"])
def test_every_way_to_a_server(way: str, certificates: Certificates, tmp_path: Path) -> None:
    archive = tmp_path / "log.tar.gz"
    archive.write_bytes(bytes(range(256)) * 100)
    with _way(way, certificates) as (server, settings):
        Post(deploy(), archive=archive, **settings).send()
        (mail,) = server.received
        assert mail.attachments() == {"log.tar.gz": archive.read_bytes()}
        assert "Attached: log.tar.gz" in mail.body("plain")
        if way.startswith("starttls"):
            assert (mail.encrypted, mail.user) == (True, "robot")
            wrong = {**settings, "smtp_password": "wrong"}
            with pytest.raises(DeliveryUnavailable, match="does not accept the password of robot"):
                Post(deploy(), **wrong).send()
            server.authentication = "454 4.7.0 Temporary authentication failure"
            with pytest.raises(DeliveryUnavailable, match=r"454 4\.7\.0"):
                Post(deploy(), **settings).send()
            path = tmp_path / "password"
            path.write_text("s3cret word\n")
            server.authentication = "235 ok"
            Post(deploy(), **{**settings, "smtp_password": None, "smtp_password_file": path}).send()
            with pytest.raises(DeliveryUnavailable, match="only a run with the variable mail_secret knows it"):
                Post(deploy(), **{**settings, "smtp_password": None, "smtp_password_variable": "mail_secret"}).send()
        if way != "plain":
            with pytest.raises(DeliveryUnavailable, match=r"cannot be trusted.*smtp_ca_file"):
                Post(deploy(), **{**settings, "smtp_ca_file": None}).send()
            unencrypted = server.url("smtp", "robot" if "password" in way else "")
            with pytest.raises(DeliveryUnavailable):
                Post(deploy(), **{**settings, "smtp_url": unencrypted, "smtp_timeout": 0.5}).send()


def test_a_server_that_is_away_silent_or_busy_is_tried_again() -> None:
    with pytest.raises(DeliveryUnavailable, match="Connection refused"):
        Post(deploy(), smtp_url=f"smtp://127.0.0.1:{free_port()}").send()
    with silent_port() as port, pytest.raises(DeliveryUnavailable, match="does not answer"):
        Post(deploy(), smtp_url=f"smtp://127.0.0.1:{port}", smtp_timeout=0.3).send()
    with running_mail_server() as server:
        server.hangs = True
        with pytest.raises(DeliveryUnavailable, match="does not answer"):
            Post(deploy(), smtp_url=server.url(), smtp_timeout=0.5).send()
        post = Post(deploy(), smtp_url=server.url())
        server.hangs, server.answer = False, "451 4.3.0 Try again later"
        with pytest.raises(DeliveryUnavailable, match=r"451 4\.3\.0 Try again later"):
            post.send()
        server.answer, server.greylist = None, 2
        with pytest.raises(DeliveryUnavailable, match="Greylisted"):
            post.send()
        assert post.send() == 0
        assert len(server.received) == 1
    with pytest.raises(DeliveryUnavailable, match=r"smtp_url is 'http://\.\.\.@x' but must be"):
        Post(deploy(), smtp_url="http://a:secret@x").send()
    with pytest.raises(DeliveryUnavailable, match="nobody to send"):
        Post(deploy(), mail_to=("no address",)).send()


def test_what_a_server_refuses_for_good_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with running_mail_server() as server:
        server.answer = "550 5.7.1 We do not like this"
        with pytest.raises(DeliveryRefused, match=r"refuses the mail for good .550 5\.7\.1 We do not like this"):
            Post(deploy(), smtp_url=server.url()).send()
        server.answer, server.recipients = None, {"jane@example.org": "550 5.1.1 No such user"}
        with caplog.at_level(logging.ERROR):
            assert Post(deploy(), smtp_url=server.url()).send() == 0
        assert (
            "refuses some of the mail's recipients for good: jane@example.org (550 5.1.1 No such user)" in caplog.text
        )
        server.recipients = dict.fromkeys(("ops@example.org", "jane@example.org"), "550 5.1.1 No such user")
        with pytest.raises(DeliveryRefused, match="refuses every recipient"):
            Post(deploy(), smtp_url=server.url()).send()


def test_of_many_recipients_only_those_are_tried_again_that_were_not_taken() -> None:
    with running_mail_server() as server:
        post = Post(deploy(), smtp_url=server.url())
        server.recipients = {"jane@example.org": "450 4.2.0 Mailbox busy"}
        with pytest.raises(DeliveryUnavailable, match="Mailbox busy"):
            post.send()
        server.recipients = {}
        assert post.send() == 0
    assert [mail.recipients for mail in server.received] == [["ops@example.org"], ["jane@example.org"]]


def test_an_archive_that_is_too_large_is_named_instead(tmp_path: Path) -> None:
    archive = tmp_path / "log.tar.gz"
    archive.write_bytes(b"x" * 1_200_000)
    with running_mail_server(max_bytes=200_000) as server:
        Post(deploy(), archive=archive, smtp_url=server.url()).send()
        Post(deploy(), archive=archive, smtp_url=server.url(), mail_attachment_limit=1).send()
    with running_mail_server() as choosy:
        choosy.answer_large = "552 5.7.0 This attachment is not allowed here"
        Post(deploy(), archive=archive, smtp_url=choosy.url()).send()
    said = ["exceeds fixed maximum", "1.2 MB, too large to attach", "not allowed here"]
    for mail, reason in zip([*server.received, *choosy.received], said, strict=True):
        assert mail.attachments() == {}
        text = " ".join(mail.body("plain").split())
        assert reason in text
        assert str(archive) in text


def test_copies_go_to_the_environments_that_are_named() -> None:
    for environment, copied in (("production", True), ("testing", False)):
        told = deploy()
        told.events[0] = told.events[0]._replace(context_vars={"env": environment})  # type: ignore[union-attr,call-arg]
        with running_mail_server() as server:
            copies = {"mail_cc": ("boss@example.org",), "mail_cc_environments": ("production", "staging")}
            Post(told, smtp_url=server.url(), **copies).send()
        assert ("boss@example.org" in server.received[0].recipients) is copied


def test_an_environments_section_says_what_is_otherwise_there(tmp_path: Path) -> None:
    config = tmp_path / "ansible.cfg"
    config.write_text(
        "[callback_deploytrace]\nsmtp_url = smtps://robot:p%40ss@mail.example.org\nmail_to = dev@example.org\n"
        "[callback_deploytrace:production]\nmail_too = x\nmail_to = ops@example.org, boss@example.org\n"
        "smtp_password_file = /etc/secret\nsmtp_timeout = soon\nspan_budget = 3\n"
    )
    settings, problems = load({}, config)
    where = f"of [callback_deploytrace:production] in {config}"
    assert sorted(problems) == [
        f"deploytrace does not tell environments apart in span_budget {where}; it is ignored.",
        f"deploytrace has no setting mail_too {where}; it is ignored. Did you mean mail_to?",
        f"smtp_timeout {where} is 'soon' but must be a number, 0 or more; its default 10.0 is used.",
    ]
    assert (settings.smtp_url, settings.smtp_password) == ("smtps://robot@mail.example.org", "p@ss")
    assert "p@ss" not in repr(settings)
    production = settings.for_run({"env": "production"})
    assert production.mail_to == ("ops@example.org", "boss@example.org")
    assert (production.smtp_password, production.smtp_password_file) == (None, Path("/etc/secret"))
    assert settings.for_run({}).mail_to == ("dev@example.org",)
    wins, _ = load({"DEPLOYTRACE_MAIL_TO": "me@example.org", "DEPLOYTRACE_SMTP_PASSWORD": "mine"}, config)
    assert wins.for_run({"env": "production"}).mail_to == ("me@example.org",)
    assert wins.for_run({"env": "production"}).smtp_password == "mine"
    assert wins.for_run({"env": "production"}).smtp_password_file is None


def test_a_later_delivery_changes_neither_whose_mail_it_is_nor_that_it_was_sent() -> None:
    now = Settings(mail_to=("others@example.org",), smtp_url="smtp://new.example.org")
    later = now.completed_by({"mail_to": "ops@example.org", "smtp_url": "smtp://old.example.org"})
    assert later.mail_to == ("ops@example.org",)
    assert later.smtp_url == "smtp://new.example.org"
    assert now.completed_by({}).mail_to == (), "the run was to have no mail"
    old, new = (Post(deploy(), smtp_url=f"smtp://{name}.example.org").sink for name in ("old", "new"))
    assert old.destination == new.destination, "what stands in the cursor as sent is sent"
