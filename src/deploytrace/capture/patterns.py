"""What looks secret: names of arguments and variables, and texts wherever they stand."""

from __future__ import annotations

import re

__all__ = ["PATTERNS", "SECRET_NAME"]

# Within the name of an argument, variable or key, in any case.
SECRET_NAME = (
    r"passw(?:or)?d|passphrase|passcode|(?:^|[_\-. ])pass(?:$|[_\-. ])|pwd|secret|token|credential|api[_\-]?key"
    r"|access[_\-]?key|private[_\-]?key|(?:encryption|signing|master|account|shared|ssh|host|license)[_\-]?key$"
    r"|^(?:vault_|_vault)|authorization|bearer|cookie|session[_\-]?(?:id|key)|connection[_\-]?string|(?:^|_)dsn$"
    r"|(?:^|_)pin$|(?:^|_)otp|(?:^|_)sas$|htpasswd|(?:^|_)pem$|client[_\-]?cert"
)

_WORD = (
    r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|credentials?)"
)
_VALUE = r"""(?:\\*"(?:[^"\\]|\\(?!"))*\\*"|\\*'[^']*'|[^\s,;&'"}\])]+)"""

PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Private key blocks, also where their end was cut off, and the rest of one whose beginning was.
        (r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)", "********"),
        (r"(?s)\A.*-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----", "********"),
        # scheme://user:password@host and scheme://token@host; the bare user of ssh://git@host is none.
        (r"(?i)\b((?:git\+)?(?:ssh|sftp)://)[^\s:/@'\"<>]+:[^\s/'\"<>]+@", r"\1********@"),
        (r"(?i)\b((?!(?:git\+)?(?:ssh|sftp)://)[a-z][a-z0-9+.\-]*://)[^\s/'\"<>]+@", r"\1********@"),
        (r"(?i)([?&;](?:[\w.\-]*(?:token|key|signature|secret|passw(?:or)?d|pwd|pass|credential|auth)[\w.\-]*|sig|code)=)"
         r"[^&\s'\"#<>]+", r"\1********"),
        # Authorization: Basic dXNlcjpwYXNz
        (r"(?i)\b((?:proxy-)?authorization\\*[\"']?\s*[:=]\s*\\*[\"']?)(?:(basic|bearer|token|digest|negotiate)\s+)?[^\s'\",;\\]+",
         r"\1********"),
        (r"(?i)\b(bearer\s+)[a-z0-9+/_=.~\-]{8,}", r"\1********"),
        (r"(?i)\b(set-cookie|cookie)(\s*:\s*)[^\n'\"]+", r"\1\2********"),
        # --password x, --db-token=x, -u user:password of curl, -p of sshpass, -pX of mysql
        (rf"(?i)(?<![\w])(--?[\w\-]*{_WORD}[\w\-]*(?:\s+|=))(?!-)" + _VALUE, r"\1********"),
        (r"(?<![\w\-])(--pass(?:\s+|=))(?!-)" + _VALUE, r"\1********"),
        (r"(\bcurl\b[^\n|;]*?\s(?:-u|--user|--proxy-user)[ =]?)(?!-)" + _VALUE, r"\1********"),
        (r"(\bsshpass\s+-p\s*)" + _VALUE, r"\1********"),
        (r"(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]*?\s-p)(?=\S)" + _VALUE, r"\1********"),
        # password=x, "api_key": "x", 'db_token': 'x'
        (rf"(?i)([\w.\-]*{_WORD}[\w.\-]*\\*[\"']?\s*(?:=>|[:=])\s*)(?!\*\*\*\*)" + _VALUE, r"\1********"),
        # Password hashes, and tokens that are recognised by their form.
        (r"\$(?:1|2[abxy]|5|6|7|y|gy|argon2[id]{1,2}|pbkdf2[\w\-]*)\$[^\s:'\",]+", "********"),
        (r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|xox[abeoprs]-[\w\-]{10,}|hv[sbr]\.[\w\-]{20,}"
         r"|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|AIza[\w\-]{35}|sk_(?:live|test)_\w{16,}|npm_\w{30,}|pypi-[\w\-]{30,}"
         r"|dop_v1_[0-9a-f]{60,})", "********"),
        (r"\beyJ[\w\-]{8,}\.eyJ[\w\-]{8,}\.[\w\-]*", "********"),
    )
)
