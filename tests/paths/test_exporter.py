"""The exporter as Prometheus, a person and an intruder meet it."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from sqlalchemy import text

from deploytrace.store.database import open_store
from ground.certificates import make_certificates
from ground.prometheus import prometheus_programs
from ground.waiting import PATIENCE_S, wait_for
from store.recorded import run_of

from .exporting import OPENMETRICS, Exporter, running_exporter


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a run in its store."""
    run_of("roles-2.21").commit(f"sqlite:///{tmp_path}/state/store.db")
    return tmp_path / "state"


def _environ(state: Path) -> dict[str, str]:
    return {"DEPLOYTRACE_STATE_DIR": str(state), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}


@pytest.fixture
def exporter(state: Path, tmp_path: Path) -> Iterator[Exporter]:
    """An exporter of that store."""
    with running_exporter(_environ(state), tmp_path / "log") as there:
        yield there


def _refused(*words: str, **environ: str) -> tuple[int, str]:
    """The exit status and the words of a command that does not start to serve."""
    answer = subprocess.run(
        [sys.executable, "-m", "deploytrace", "exporter", *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.stdout == ""
    return answer.returncode, answer.stderr


def test_both_formats(exporter: Exporter) -> None:
    """Text for everybody, OpenMetrics with exemplars for who asks for it; promtool finds nothing to say."""
    plain, open_metrics = exporter.ask(), exporter.ask(Accept=OPENMETRICS)
    assert plain.kind.startswith("text/plain; version=0.0.4")
    assert open_metrics.kind.startswith("application/openmetrics-text; version=1.0.0")
    assert open_metrics.text.endswith("# EOF\n")
    exemplar = r'_bucket{.*le="[\d.]+".*} [\d.]+ # {span_id="[0-9a-f]{16}",trace_id="[0-9a-f]{32}"} [\d.]+ [\d.]+\n'
    assert re.search(exemplar, open_metrics.text)
    assert "trace_id" not in plain.text
    assert "_created" not in plain.text + open_metrics.text
    checked = subprocess.run(
        [prometheus_programs() / "promtool", "check", "metrics"],
        input=plain.text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_only_some_series(exporter: Exporter) -> None:
    """``?name[]=`` as client libraries have it."""
    found = exporter.ask("/metrics?name[]=ansible_playbook_runs_total&name[]=ansible_telemetry_scrape_error").text
    names = {re.split("[{ ]", line)[0] for line in found.splitlines() if not line.startswith("#")}
    assert names == {"ansible_playbook_runs_total", "ansible_telemetry_scrape_error"}


def test_other_pages(exporter: Exporter) -> None:
    """A start page, health, and nothing else."""
    assert 'href="metrics"' in exporter.ask("/").text
    assert [exporter.ask(path).status for path in ("/-/healthy", "/-/ready", "/etc/passwd")] == [200, 200, 404]


def test_it_ends_when_told(exporter: Exporter) -> None:
    """SIGTERM is a good end."""
    assert exporter.end() == 0
    assert "Traceback" not in exporter.said


def test_a_store_that_breaks_and_comes_back(exporter: Exporter, state: Path) -> None:
    """500 with the reason, not ready, alive; and all is well again once the store is."""
    store, kept = state / "store.db", state / "kept.db"
    store.rename(kept)
    store.write_bytes(b"These are not the pages of a database. " * 200)
    answers = [exporter.ask(path) for path in ("/metrics", "/-/ready", "/metrics", "/-/healthy")]
    assert [answer.status for answer in answers] == [500, 503, 500, 200]
    assert answers[0].text == answers[1].text
    assert answers[0].text.startswith(f"The store {store} is damaged or no store")
    kept.rename(store)
    again = exporter.ask()
    assert (again.status, exporter.ask("/-/ready").status) == (200, 200)
    assert "\nansible_telemetry_scrape_error 1.0\n" in again.text
    assert "\nansible_telemetry_scrape_error 0.0\n" in exporter.ask().text
    assert exporter.said.count("damaged") == 1  # said once, not at each scrape
    assert exporter.said.endswith("The store can be read again.\n")


def test_a_newer_store(state: Path, tmp_path: Path) -> None:
    """It is told, at the start and at each scrape."""
    store = open_store(f"sqlite:///{state}/store.db")
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with running_exporter(_environ(state), tmp_path / "log") as exporter:
        answer = exporter.ask()
        assert (answer.status, "made by a newer deploytrace" in answer.text) == (500, True)
        assert exporter.said.count("made by a newer deploytrace") == 1


def test_a_database_that_nobody_answers_for(tmp_path: Path) -> None:
    """It starts all the same, and says so in one sentence without the password."""
    environ = _environ(tmp_path) | {"DEPLOYTRACE_STORE_URL": "postgresql://u:hush@127.0.0.1:1/db"}
    with running_exporter(environ, tmp_path / "log") as exporter:
        answer = exporter.ask()
        assert (answer.status, "postgresql://127.0.0.1:1/db cannot be used now" in answer.text) == (500, True)
        assert "hush" not in exporter.said + answer.text


def test_slow_clients_hold_up_nobody(exporter: Exporter) -> None:
    """Some say nothing, some do not read: a scrape comes through; more than 40 at a time are turned away."""
    with contextlib.ExitStack() as stack:

        def client() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port)))

        for number in range(30):
            one = client()
            if number % 2:
                one.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert exporter.ask().status == 200
        turned_away = [client() for _ in range(60)][-1]
        turned_away.settimeout(25)  # s; who is taken in and says nothing is sent away after 30
        assert turned_away.recv(1) == b""
    wait_for(lambda: _answers(exporter), "the exporter is free again")


def _answers(exporter: Exporter) -> bool:
    with contextlib.suppress(OSError):
        return exporter.ask().status == 200
    return False


def test_many_scrapes_at_once(exporter: Exporter) -> None:
    """All of them are right."""
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(exporter.ask().text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    stable = {re.sub(r"ansible_telemetry_scrape_duration_seconds \S+", "", answer) for answer in answers}
    assert (len(answers), len(stable)) == (8, 1)


def test_users_over_tls(state: Path, tmp_path: Path) -> None:
    """Only who knows the password sees metrics; the file has its hash, the command line neither."""
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    users = tmp_path / "users"
    users.write_text(f"# who may read\nprometheus:{hashed}\n")
    pem = make_certificates(tmp_path / "tls")
    trusting = ssl.create_default_context(cafile=str(pem.authority))
    flags = ("--users", str(users), "--certificate", str(pem.server), "--key", str(pem.server_key))

    def header(pair: bytes) -> str:
        return f"Basic {base64.b64encode(pair).decode()}"

    with running_exporter(_environ(state), tmp_path / "log", *flags, tls=trusting) as exporter:
        right = [exporter.ask(Authorization=header(b"prometheus:open sesame")).status for _ in range(2)]
        wrong = [
            exporter.ask(Authorization=value).status
            for value in (header(b"prometheus:wrong"), header(b"nobody:open sesame"), "Basic ?", "Bearer x", "")
        ]
        assert (right, wrong) == ([200, 200], [401] * 5)
        assert exporter.ask("/-/healthy").status == 200
        with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            Exporter(exporter.environ, exporter.log, exporter.port, tls=ssl.create_default_context()).ask()
        with pytest.raises(OSError, match=r"."):  # plain HTTP is not understood
            Exporter(exporter.environ, exporter.log, exporter.port).ask()
        with socket.create_connection(("127.0.0.1", exporter.port)) as silent:  # it never shakes hands
            assert exporter.ask(Authorization=header(b"prometheus:open sesame")).status == 200
            silent.setblocking(False)
            with pytest.raises(BlockingIOError):  # it is still waited for
                silent.recv(1)
        assert "Traceback" not in exporter.said


def test_clients_with_certificates(state: Path, tmp_path: Path) -> None:
    """Only those that the authority signed."""
    pem = make_certificates(tmp_path / "tls")
    trusting = ssl.create_default_context(cafile=str(pem.authority))
    trusting.load_cert_chain(pem.client, pem.client_key)
    flags = ("--certificate", str(pem.server), "--key", str(pem.server_key), "--client-ca", str(pem.authority))
    with running_exporter(_environ(state), tmp_path / "log", *flags, tls=trusting) as exporter:
        assert exporter.ask().status == 200
        without = ssl.create_default_context(cafile=str(pem.authority))
        with pytest.raises(OSError, match=r"."):
            Exporter(exporter.environ, exporter.log, exporter.port, tls=without).ask()


def test_one_port_for_two(exporter: Exporter, state: Path) -> None:
    """The second says so in one sentence."""
    status, said = _refused("--listen", exporter.address, **_environ(state))
    assert (status, said.count("\n")) == (2, 1)
    assert said.startswith(f"deploytrace: {exporter.address} is taken: another exporter, or another program,")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--listen", "nowhere"), "--listen is 'nowhere' but must be HOST:PORT"),
        (("--listen", "127.0.0.1:99999"), "--listen is '127.0.0.1:99999' but must be HOST:PORT"),
        (("--listen", "192.0.2.1:9822"), "192.0.2.1:9822 cannot be listened at"),
        (("--key", "k.pem"), "TLS wants both --certificate and --key."),
        (("--certificate", "/none.pem", "--key", "/none.pem"), "TLS cannot be had with /none.pem, /none.pem"),
        (("--users", "/none"), "The users in /none cannot be read (No such file or directory)."),
        (("--users", "/dev/null"), "/dev/null names no user: add one with `htpasswd -B /dev/null NAME`."),
    ],
)
def test_what_cannot_be_used_is_told(words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """One sentence and exit status 2."""
    status, said = _refused(*words, **_environ(tmp_path))
    assert (status, said.count("\n")) == (2, 1), said
    assert said.startswith(f"deploytrace: {sentence}")


def test_a_plain_password_is_no_hash(tmp_path: Path) -> None:
    """The line is told by its number, not by what is in it."""
    (tmp_path / "users").write_text("prometheus:hush\n")
    status, said = _refused("--users", str(tmp_path / "users"), **_environ(tmp_path))
    assert (status, "Line 1 of" in said, "hush" in said) == (2, True, False)


def test_an_unknown_level(state: Path, tmp_path: Path) -> None:
    """It is named; the default stands."""
    environ = _environ(state) | {"DEPLOYTRACE_METRICS_LEVEL": "everything"}
    with running_exporter(environ, tmp_path / "log") as exporter:
        assert (
            "DEPLOYTRACE_METRICS_LEVEL is 'everything' but must be one of run, play, role, task, host" in exporter.said
        )
        assert "ansible_task_duration_seconds" in exporter.ask().text
