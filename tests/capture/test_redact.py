"""What is masked, and what stays readable."""

from __future__ import annotations

import time

import pytest

from deploytrace.capture.details import cut
from deploytrace.capture.redact import MASK, Redactor

SECRET = "hunter2-Zq"  # not in any list of known secrets: its surroundings give it away


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{SECRET}@example.org/x",
        f"postgres://app:{SECRET}@db:5432/shop?sslmode=require",
        f"amqp://app:pa/{SECRET}@mq",
        f"git clone https://{SECRET}@example.org/x.git",
        f"GET /x?user=me&api_key={SECRET}&page=2",
        f"https://example.org/cb?code={SECRET}",
        f"Authorization: Basic {SECRET}",
        f'{{"Authorization": "Bearer {SECRET}"}}',
        f"bearer {SECRET}",
        f"Cookie: a=b; sid={SECRET}",
        f"mysqldump --password={SECRET} shop",
        f"tool --db-token {SECRET} go",
        f"tool --pass '{SECRET}' go",
        f"curl -s -u me:{SECRET} http://x",
        f"sshpass -p {SECRET} ssh x",
        f"mysql -u root -p{SECRET} shop",
        f"DB_PASSWORD={SECRET} ./run",
        f"password: {SECRET}",
        f"'client_secret': '{SECRET}'",
        f'{{"token": "{SECRET}"}}',
        f'{{\\"token\\": \\"{SECRET}\\"}}',
        f"passwd => {SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"{SECRET}\n-----END EC PRIVATE KEY-----\nrest",
        "root:$6$hunter2-Zq$abcdefgh/ijk:19000::",
        "ghp_hunter2-Zqabcdefghij".replace("-", "") + "klmnopqrstuvwxyz",
    ],
)
def test_texts_that_hold_secrets(text: str) -> None:
    redacted = Redactor().text(text)
    assert SECRET not in redacted
    assert "hunter2Zq" not in redacted
    assert MASK in redacted


@pytest.mark.parametrize(
    "text",
    [
        "Install packages",
        "ssh://git@example.org/x.git",
        "http://localhost:8080/health?page=2",
        "https://example.org:443/a/b",
        "non-zero return code",
        "Reset the passwords of all users",
        "token bucket is full",
        "It costs $5 and $6",
        "/etc/ssl/private/key.pem",
        "author: me",
    ],
)
def test_texts_that_hold_none_stay(text: str) -> None:
    assert Redactor().text(text) == text


def test_values_are_masked_by_their_names() -> None:
    value = {
        "user": "me",
        "password": "x",
        "nested": [{"api_token": "x", "on": True}],
        "token_wanted": True,
        "none": None,
    }
    assert Redactor().value(value) == {
        "user": "me",
        "password": MASK,
        "nested": [{"api_token": MASK, "on": True}],
        "token_wanted": True,
        "none": None,
    }


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWD", "ansible_become_pass", "vault_x", "apiKey", "ssh_private_key"]
)
def test_names_of_secrets(name: str) -> None:
    assert Redactor().secret_name(name)


@pytest.mark.parametrize(
    "name", ["user", "path", "bypass_checks", "key", "passenger", "monkey", "compass", "dest", "PWD"]
)
def test_names_of_other_things(name: str) -> None:
    assert not Redactor().secret_name(name)


def test_what_is_known_is_masked_in_every_form() -> None:
    redactor = Redactor()
    redactor.known.learn('s3 "cret"/+\nsecond line of it')
    for form in ('s3 "cret"/+', 's3 \\"cret\\"/+', "s3%20%22cret%22%2F%2B", "second line of it"):
        assert form not in redactor.text(f"it is {form} there")
    redactor.known.learn("correct horse")
    assert redactor.text("Y29ycmVjdCBob3JzZQ==") == MASK


@pytest.mark.parametrize("text", ["abc", "true", "root", "{{ other_password }}", "   "])
def test_what_cannot_be_told_from_other_text_is_not_learnt(text: str) -> None:
    redactor = Redactor()
    redactor.known.learn(text)
    assert redactor.text(f"it is {text} there") == f"it is {text} there"


def test_a_name_stands_in_one_line() -> None:
    assert Redactor().name("a\nb\x1b[31mc\u202ed") == "a b [31mc d"
    assert len(Redactor().name("x" * 1000)) == 256


def test_a_long_text_keeps_both_ends_and_says_what_is_missing() -> None:
    text = "begin" + "x" * 100_000 + "end"
    shown = cut(Redactor(), text)
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert len(shown) < 8300
    assert f"{len(text) - 2048 - 6144} characters left out" in shown


def test_no_secret_is_cut_in_half() -> None:
    for before in range(2030, 2060):
        text = "x" * before + f" password={SECRET} " + "y" * 200_000
        shown = cut(Redactor(), text)
        assert "hunter" not in shown


def test_a_key_of_many_megabytes_is_not_shown_in_part() -> None:
    text = "-----BEGIN PRIVATE KEY-----" + "a" * 20_000_000 + "-----END PRIVATE KEY----- z"
    shown = cut(Redactor(), text)
    assert "aaaa" not in shown
    assert "characters left out" in shown


@pytest.mark.parametrize(
    "part", ["a", "-", "--a-", "a://", "a://b:", "curl ", "mysql ", "token: '", "?", "$a", "eyJ", "\\"]
)
def test_no_text_takes_long(part: str) -> None:
    """Each pattern is linear in the text's length, or nearly so: a module's output must not hold up Ansible."""
    text = "password=x " + part * (200_000 // len(part))
    began = time.process_time()
    cut(Redactor(), text)
    assert time.process_time() - began < 1
