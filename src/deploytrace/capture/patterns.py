"""What looks secret: names of arguments and variables, and texts wherever they stand."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

__all__ = ["NAMES", "NO_SECRETS", "looks", "suspicious"]

# Within the name of an argument, variable or key, in any case.
NAMES = (
    r"passw(?:or)?d|passphrase|passcode|(?:^|[_\-. ])pass(?:$|[_\-. ])|pwd|secret|token|credential|api[_\-]?key"
    r"|access[_\-]?key|private[_\-]?key|(?:encryption|signing|master|account|shared|ssh|host|license)[_\-]?key$"
    r"|^_?vault_|authorization|bearer|cookie|session[_\-]?(?:id|key)|connection[_\-]?string|(?:^|_)dsn$"
    r"|(?:^|_)pin$|(?:^|_)otp|(?:^|_)sas$|htpasswd|(?:^|_)pem$"
)

# The working directory, which every environment has, and so the facts of every host; how HashiCorp's Vault is reached.
NO_SECRETS = frozenset(
    {"PWD", "OLDPWD", "VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_NAMESPACE", "VAULT_SKIP_VERIFY", "VAULT_FORMAT"}
)

# No repetition below may be tried from every character of a long text: each is bounded, or consumes what it has seen.
_WORD = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|credentials?)"
_PARAMETER = (
    r"(?:[\w.\-]{0,40}(?:token|key|signature|secret|passw(?:or)?d|pwd|pass|credential|auth)[\w.\-]{0,40}|sig|code)"
)
_SCHEME = r"(?:basic|bearer|token|digest|negotiate)"
_IS = r"\\{0,9}[\"']?\s{0,9}[:=]\s{0,9}\\{0,9}[\"']?"
_VALUE = r"""(?:\\{0,9}"[^"\\]{0,4000}\\{0,9}"|\\{0,9}'[^']{0,4000}'|\\{0,9}["']?[^\s,;&'"}\])]+)"""
_BEGIN_KEY = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,40}-----"
_END_KEY = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,40}-----"
_TOKENS = (
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_\w{20,}",
    r"glpat-[\w\-]{16,}",
    r"xox[abeoprs]-[\w\-]{10,}",
    r"hv[sbr]\.[\w\-]{20,}",
    r"A[KS]IA[0-9A-Z]{16}",
    r"AIza[\w\-]{35}",
    r"sk_(?:live|test)_\w{16,}",
    r"npm_\w{30,}",
    r"pypi-[\w\-]{30,}",
    r"dop_v1_[0-9a-f]{60,}",
    r"eyJ[\w\-]{8,2000}\.eyJ[\w\-]{8,2000}\.[\w\-]*",
)

_KEYS = tuple(f"{word}{gap}key" for word in ("api", "access", "private") for gap in ("", "_", "-"))
_WORDS = ("passw", "passphrase", "pwd", "secret", "token", "credential", *_KEYS)
_HASHES = ("$1$", "$2a$", "$2b$", "$2x$", "$2y$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$argon2", "$pbkdf2")
_FORMS = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hvs.", "hvb.", "hvr.", "akia", "asia"),
    *("aiza", "sk_live_", "sk_test_", "npm_", "pypi-", "dop_v1_", "eyj"),
)

# What a text must have for a look at it to be worth while, in lower case, and the look: before the secret is its group
# 1, which stays; the rest is masked.
_LOOKS: tuple[tuple[tuple[str, ...], str], ...] = (
    # Private key blocks, also where their end was cut off, and the rest of one whose beginning was.
    (("private key",), rf"(?s)(){_BEGIN_KEY}.*?(?:{_END_KEY}|\Z)"),
    (("private key",), rf"(?s)\A().*{_END_KEY}"),
    # scheme://user:password@host and scheme://token@host; the bare user of ssh://git@host is none.
    (("://",), r"(?i)(\b(?:git\+)?(?:ssh|sftp)://)[^\s:/@'\"<>]{1,200}:[^\s/'\"<>]{1,500}(?=@)"),
    (("://",), r"(?i)(\b(?!(?:git\+)?(?:ssh|sftp)://)[a-z][a-z0-9+.\-]{0,20}://)[^\s/'\"<>]{1,500}(?=@)"),
    (
        ("://",),
        r"(?i)(\b[a-z][a-z0-9+.\-]{0,20}://)[^\s/:@'\"<>]{1,200}:(?!\d+(?:/|\s|$))[^\s@'\"<>]{1,500}(?=@)",
    ),
    # https://host/path?access_token=x
    (("?", "&", ";"), rf"(?i)([?&;]{_PARAMETER}=)[^&\s'\"#<>]+"),
    # Authorization: Basic dXNlcjpwYXNz
    (("authorization",), rf"(?i)(\b(?:proxy-)?authorization{_IS})(?:{_SCHEME}\s+)?[^\s'\",;\\]+"),
    (("bearer",), r"(?i)(\bbearer\s{1,9})[a-z0-9+/_=.~\-]{8,}"),
    (("cookie",), r"(?i)(\b(?:set-)?cookie\s{0,9}:\s{0,9})[^\n'\"]+"),
    # --pass x, curl -u user:password, sshpass -p x, mysql -px
    (("--pass",), r"((?<![\w\-])--pass(?:\s{1,9}|=))(?!-)" + _VALUE),
    (("curl",), r"(\bcurl\b[^\n|;]{0,500}?\s(?:-u|--user|--proxy-user)[ =]?)(?!-)" + _VALUE),
    (("sshpass",), r"(\bsshpass\s{1,9}-p\s{0,9})" + _VALUE),
    (
        ("mysql", "mariadb"),
        r"(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]{0,500}?\s-p)(?=\S)" + _VALUE,
    ),
    # --db-password x, password=x, "api_key": "x", 'db_token': 'x'
    (_WORDS, rf"(?i)((?<![\w\-])--[\w\-]{{0,40}}{_WORD}[\w\-]{{0,40}}\s{{1,9}})(?!-)" + _VALUE),
    (_WORDS, rf"(?i)({_WORD}[\w.\-]{{0,40}}\\{{0,9}}[\"']?\s{{0,9}}(?:=>|[:=])\s{{0,9}})" + _VALUE),
    # Password hashes, and tokens that are known by their form.
    (_HASHES, r"()\$(?:1|2[abxy]|5|6|7|y|gy|argon2[id]{1,2}|pbkdf2[\w\-]{0,20})\$[^\s:'\",]+"),
    (_FORMS, rf"()\b(?:{'|'.join(_TOKENS)})"),
)


def _one_of(words: Iterable[str]) -> str:
    """Return a regular expression for one of the words that tries at each place only those with the right first letter.

    Four times as fast as to try them all, or as to look for one word after the other.
    """
    ends: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        ends.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in ends.items())


# Nothing looks secret in a text without one of these; most texts have none, and need no more looking at.
_HINT = re.compile(_one_of(hint for hints, _ in _LOOKS for hint in hints))


def suspicious(text: str) -> bool:
    """Return whether something in a text, which may be JSON, may look secret."""
    return _HINT.search(text.casefold()) is not None


def looks(text: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns of secrets that a text may hold."""
    if suspicious(text):
        text = text.casefold()
        for hints, pattern in _LOOKS:
            if any(map(text.__contains__, hints)):
                yield _compiled(pattern)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern compiled when the first text needs it: all of them together take 5 ms."""
    return re.compile(pattern)
