"""The pages say what is so: generated parts are in step with the code, and what a page names exists.

Pages are the Markdown files of the top, of docs/ and below, of examples/, deploy/ and grafana/.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from deploytrace import events
from deploytrace.capture.details import details
from deploytrace.capture.redact import Redactor
from deploytrace.journal.format import decode, decode_header
from deploytrace.journal.reader import read_events
from deploytrace.settings import ENV_PREFIX, INI_SECTION, Settings, declared, load

ROOT = Path(__file__).resolve().parents[2]
_PATTERNS = ("*.md", "docs/**/*.md", "examples/*.md", "deploy/*.md", "grafana/*.md")
PAGES = sorted(path for pattern in _PATTERNS for path in ROOT.glob(pattern))
SETTINGS = set(declared())

_CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and others make them."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _command_lines(program: str) -> Iterator[str]:
    """The lines that pages show to be typed and that start with ``program`` and a word, without their comments."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shown = [line for language, block in _CODE.findall(text) if language == "sh" for line in block.splitlines()]
        for line in [*shown, *_INLINE.findall(_CODE.sub("", text))]:
            if re.match(rf"{program} \w", line):
                yield line.partition(" #")[0].strip()


def test_generated_parts_are_in_step() -> None:
    """What the code defines is told by the code."""
    program = (
        "import generate; print(*(page for page in {page for page, _ in generate.PARTS.values()} "
        "if generate.updated(page, text := (generate.DOCS / page).read_text()) != text))"
    )
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "docs"), str(ROOT / "src")])}
    command = [sys.executable, "-c", program]
    stale = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert not stale, f"{', '.join(stale)} in docs/: run `python docs/generate.py`"


def test_links_lead_somewhere() -> None:
    """Files and headings; addresses elsewhere are not asked."""
    dead = []
    for page in PAGES:
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            parts = urlsplit(link)
            target = (page.parent / parts.path).resolve() if parts.path else page
            if not parts.scheme and not (
                target.exists() and (not parts.fragment or parts.fragment in _anchors(target))
            ):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert not dead


def test_paths_exist() -> None:
    """Paths of the checkout are written from its top."""
    tops = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    missing = []
    for page in PAGES:
        for text in _INLINE.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
            path = re.fullmatch(r"([\w.-]+)/[\w./-]*", text)
            if path and path[1] in tops and not (ROOT / text).exists():
                missing.append(f"{page.relative_to(ROOT)}: {text}")
    assert not missing


def test_make_targets_exist() -> None:
    """What is said to be typed works."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {line.split()[1] for line in _command_lines("make")}
    assert {"demo", "test"} <= named <= targets


def test_command_lines_are_understood(tmp_path: Path) -> None:
    """Each is really run, where nothing is recorded, set or found; one that is not understood is told its usage."""
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    lines = set(_command_lines("deploytrace"))
    assert lines
    for line in sorted(lines):
        # Where it cannot listen, else it would serve until it is told to end.
        serves = ["--listen=nowhere"] if line.startswith("deploytrace exporter") else []
        command = [sys.executable, "-m", "deploytrace", *shlex.split(line)[1:], *serves]
        outcome = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert "usage:" not in outcome.stderr, f"{line}: {outcome.stderr}"
        assert not serves or "nowhere" in outcome.stderr
        assert "Traceback" not in outcome.stderr, f"{line}: {outcome.stderr}"


def test_settings_exist(tmp_path: Path) -> None:
    """Variables, and what ini blocks set: read by the very function that reads a user's."""
    blocks = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for variable in re.findall(rf"\b{ENV_PREFIX}[A-Z_]+[A-Z]\b", text):
            assert variable.removeprefix(ENV_PREFIX).lower() in SETTINGS, f"{page.name}: {variable} is no setting"
        for language, block in _CODE.findall(text):
            if language == "ini" and f"[{INI_SECTION}]" in block:
                (tmp_path / "ansible.cfg").write_text(block, encoding="utf-8")
                loaded, problems = load({}, tmp_path / "ansible.cfg")
                assert not problems
                assert loaded != Settings(), f"{page.name}: the block sets nothing"
                blocks += 1
    assert blocks


def test_details_are_those_of_the_code() -> None:
    """A result that has everything, and all recorded runs together, give each key that is listed, and no other."""
    texts = ("msg", "stdout", "stderr", "module_stdout", "module_stderr", "exception", "cmd", "start", "end", "url")
    result = {
        **dict.fromkeys(texts, "text"),
        "skip_reason": "text",
        "rc": 1,
        "delta": "0:00:01.5",
        "changed": True,
        "attempts": 2,
        "timedout": {"period": 5},
        "ansible_job_id": "1.2",
        "_ansible_delegated_vars": {"ansible_delegated_host": "lb1", "ansible_connection": "ssh"},
        "warnings": ["text"],
        "deprecations": [{"msg": "text"}],
        "results": [{"failed": True, "msg": "text", "ansible_loop_var": "item"}],
        "path": "/etc/motd",
    }
    found = details(Redactor(), result, failed=True, full=True).keys()
    found |= details(Redactor(), {"censored": "hidden"}).keys()
    for journal in (ROOT / "tests" / "journals").glob("*.jsonl"):
        for event in read_events(journal):
            found |= (getattr(event, "detail", None) or {}).keys()
    assert found == events.DETAIL_KEYS.keys()


def test_the_journals_example_is_a_journal() -> None:
    """Its lines are read by the reader's own functions; one is shortened by an ellipsis."""
    ((_, block),) = [found for found in _CODE.findall(_page("journal.md")) if found[0] == "json"]
    header, *lines = block.splitlines()
    assert re.fullmatch(r"[0-9a-f]{32}", decode_header(header, "docs/journal.md"))
    whole = [line for line in lines if not line.endswith("...}")]
    assert len(whole) >= 3
    assert all(decode(line) is not None for line in whole)


def test_the_logs_examples_are_of_a_committed_log() -> None:
    """The log of the recorded failures, which is itself compared with what the code writes."""
    committed = (ROOT / "tests" / "sinks" / "expected" / "failures-2.21.log").read_text(encoding="utf-8")
    examples = [block for language, block in _CODE.findall(_page("log.md")) if not language]
    assert len(examples) == 2
    assert all(example in committed for example in examples)


def test_the_picture_is_there() -> None:
    """The README opens with a real trace; small enough to be loaded at once."""
    picture = ROOT / "docs" / "images" / "trace.png"
    assert f"]({picture.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 400_000


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_comparison_s_example_is_what_is_printed() -> None:
    """The committed output of the command."""
    committed = (ROOT / "tests" / "commands" / "expected" / "diff.txt").read_text(encoding="utf-8")
    assert [block for language, block in _CODE.findall(_page("comparison.md")) if not language] == [committed]
