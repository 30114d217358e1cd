"""``deploytrace mail``: the test mail, and the page to look at."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from ground.browser import rendered
from ground.processes import free_port
from ground.smtp import running_mail_server

from .program import Program
from .stories import Told, deploy


def test_a_test_mail_says_what_happened(program: Program) -> None:
    (program.cwd / "ansible.cfg").write_text(
        "[callback_deploytrace]\nmail_to = dev@example.org\n"
        "[callback_deploytrace:production]\nmail_to = ops@example.org, boss@example.org\n"
    )
    with running_mail_server() as server:
        url = {"DEPLOYTRACE_SMTP_URL": server.url()}
        said = program.output("mail", "--test", "--environment", "production", **url)
        sender = f"{getpass.getuser()}@"
        assert said.startswith(f"smtp://127.0.0.1:{server.port} has taken a test mail from {sender}")
        assert said.endswith(" to ops@example.org, boss@example.org.\n")
        server.recipients = {"boss@example.org": "550 5.1.1 Unknown"}
        partly = program.run("mail", "--test", "--environment", "production", **url)
        assert partly.returncode == 5
        assert "did not take it for boss@example.org (550 5.1.1 Unknown)" in partly.stderr
        server.answer = "554 5.7.1 No"
        refused = program.run("mail", "--test", **url)
        assert (refused.returncode, refused.stdout) == (5, "")
        assert "refuses the mail for good (554 5.7.1 No)" in refused.stderr
    first, second = server.received
    assert first.message["Subject"] == "deploytrace: test mail"
    assert "Mails arrive here" in first.body("html")
    assert second.recipients == ["ops@example.org"]
    away = program.run("mail", "--test", DEPLOYTRACE_SMTP_URL=f"smtp://127.0.0.1:{free_port()}")
    assert away.returncode == 5
    assert "cannot be reached (Connection refused)" in away.stderr
    wrong = program.run("mail", "--test", DEPLOYTRACE_SMTP_URL="mail.example.org")
    assert wrong.returncode == 2
    assert "smtp_url is 'mail.example.org' but must be smtp://" in wrong.stderr


def test_the_preview_is_the_mail_as_a_page(program: Program) -> None:
    deploy().write(program.state_dir)
    said = program.output("mail", "last", "--preview")
    assert said.startswith("mail-00000001.html: Failed: restart nginx Job for nginx.service failed")
    page = (program.cwd / "mail-00000001.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "web2, web3" in page
    good = Told(9)
    good.play(0.1, hosts=("h1",))
    good.announce(0.2, "Fine")
    good.on("h1", "Fine", 0.3, 1)
    good.end(2, stats={"h1": {"ok": 1}})
    good.write(program.state_dir)
    assert "went well" in program.output("mail", "last", "--preview", "never.html")
    assert not (program.cwd / "never.html").exists()
    assert program.run("mail").returncode == 2


def test_it_says_where_a_task_stands(program: Program) -> None:
    """The file's own path where it is short, else its end."""
    journal = Path(__file__).parents[1] / "journals" / "failures-2.21.jsonl"
    directory = program.state_dir / "journals"
    directory.mkdir(parents=True)
    (directory / f"{json.loads(journal.read_text().splitlines()[0])['run_id']}.jsonl").write_bytes(journal.read_bytes())
    program.output("mail", "last", "--preview", "mail.html")
    assert "1 host failed · /deploy/failures.yml:30" in (program.cwd / "mail.html").read_text()


@pytest.mark.parametrize("width", [500, 800])  # no window of Chromium is narrower than 500
def test_the_page_fits_its_window_and_runs_nothing_of_a_hosts_output(program: Program, width: int) -> None:
    told = Told()
    told.play(0.1, hosts=("web1",))
    told.announce(0.2, "Migrate <b>all</b> the data of " + "a" * 200)
    hostile = "<img src=x onerror=\"document.title='forged'\"><script>document.title='forged'</script>" + "y" * 3000
    detail = {"reason": hostile, "stderr": hostile, "cmd": hostile, "rc": 3}
    told.on("web1", "Migrate <b>all</b> the data of " + "a" * 200, 0.3, 1, "failed", detail=detail)
    told.end(2, stats={"web1": {"failures": 1}})
    told.write(program.state_dir)
    page = program.cwd / "mail.html"
    program.output("mail", "last", "--preview", str(page))
    # A script of the test's own, so that it is known that scripts do run, says how wide the page has become.
    measure = (
        "<script>const root = document.documentElement;"
        "document.body.dataset.overflow = root.scrollWidth - root.clientWidth</script>"
    )
    page.write_text(page.read_text().replace("</body>", f"{measure}</body>"))
    shown = rendered(page, width=width)
    assert 'data-overflow="0"' in shown, shown[:500]
    assert "<title>forged" not in shown
    assert "&lt;script&gt;" in shown
