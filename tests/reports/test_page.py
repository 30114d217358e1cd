"""The page of a run, in a real browser: large, hostile, printed; and the chart library that is in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploytrace.reports.page.document import render
from deploytrace.reports.page.failures import OUTPUT_LENGTH
from deploytrace.reports.page.markup import data_block, element, excerpt
from deploytrace.run.load import load
from deploytrace.settings import Settings
from ground.devtools import Page, opened
from run.fleet import fleet

VENDOR = Path(__file__).parents[2] / "src/deploytrace/reports/page/assets/vendor"
# The time from an action to the end of the next frame, in ms.
_MEASURE = """(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
  const times = [];
  for (let round = 0; round < 5; round++) {
    await frame();
    const before = performance.now();
    %s
    times.push(await frame() - before);
  }
  return times.sort((a, b) => a - b)[2];
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 200 hosts times 200 tasks, one of which says what would like to be run."""
    tree = load(fleet(200, 200))
    assert tree is not None
    path = tmp_path_factory.mktemp("page") / "run.html"
    path.write_text(render(tree, Settings()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shown(page: Path) -> Iterator[Page]:
    """That page in a browser."""
    with opened(page) as shown:
        yield shown


def _wait_for(shown: Page, condition: str) -> None:
    """Wait until a condition holds in the page, 10 s at most."""
    script = (
        "(async () => { for (let n = 0; n < 200 && !(%s); n++) await new Promise((done) => setTimeout(done, 50)); "
        "return %s })()"
    )
    assert shown.value(script % (condition, condition)), condition


def test_a_large_run_opens_and_nothing_of_it_is_run(page: Path, shown: Page) -> None:
    assert page.stat().st_size < 10_000_000
    assert shown.value("Model.count") == 200 * 200 - 99
    assert shown.value("document.querySelectorAll('img, iframe, object').length") == 0
    assert shown.value("document.querySelectorAll('script:not([type])').length") == 5
    text = shown.value("document.querySelector('.cause pre:last-of-type').textContent")
    assert "</script><script>alert(1)</script>" in text
    assert "\x1b" not in text
    assert shown.value("document.querySelectorAll('svg.where > rect').length") == 6  # each drawn, none within another
    assert shown.value("Model.bars.critical.length") > 100
    assert shown.complaints == []
    assert shown.requests == [page.as_uri()]


def test_it_zooms_and_searches_at_once(shown: Page) -> None:
    """Generous, since other tests run meanwhile; docs/page.md promises no time."""
    zoomed = shown.value(_MEASURE % "document.getElementById('zoom-in').click();")
    assert shown.value("Timeline.span()[1] - Timeline.span()[0] < Model.duration / 5")
    assert zoomed < 500
    typed = (
        "const field = document.getElementById('search'); field.value = 'node003 part 1'.slice(0, 10 + round); "
        "field.dispatchEvent(new Event('input'));"
    )
    assert shown.value(_MEASURE % typed) < 500
    assert re.match(r"\d+ host results, ", shown.value("document.getElementById('found').textContent"))
    shown.value("document.getElementById('viewport').focus()")
    shown.press("0", "0")
    assert shown.value("Timeline.span()[1] - Timeline.span()[0] === Model.duration")
    shown.press("ArrowRight")
    shown.press("ArrowDown")
    assert shown.value("document.getElementById('selected').textContent").startswith("base | Install part 0node001")
    assert shown.complaints == []


def test_it_prints_and_is_dark_again_afterwards(shown: Page, tmp_path: Path) -> None:
    shown.media(prefers_color_scheme="dark")
    _wait_for(shown, "Paint.theme().page === '#1b2027'")
    shown.printed(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    _wait_for(shown, "Paint.theme().page === '#1b2027'")  # and is dark again afterwards
    assert shown.complaints == []


def test_texts_are_escaped_and_bounded() -> None:
    assert element("p", "<b>&\"'", title='"><x') == '<p title="&quot;&gt;&lt;x">&lt;b&gt;&amp;&quot;&#x27;</p>'
    block = data_block("d", ["</script>\u2028&<!--"])
    assert re.sub(r"^<script[^>]*>|</script>$", "", block).isascii()
    assert not set("<>&") & set(re.sub(r"^<script[^>]*>|</script>$", "", block))
    assert json.loads(re.sub(r"^<script[^>]*>|</script>$", "", block)) == ["</script>\u2028&<!--"]
    long = excerpt("\x1b[31m" + "x" * 2_000_000, OUTPUT_LENGTH)
    assert len(long) < OUTPUT_LENGTH + 100
    assert "1991813 characters left out" in long


def test_the_chart_library_is_the_one_of_npm(tmp_path: Path) -> None:
    recorded = json.loads((VENDOR / "npm.json").read_text())
    wanted = f"{recorded['name']}@{recorded['version']}"
    subprocess.run(["npm", "pack", "--silent", wanted], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    (archive,) = tmp_path.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == recorded["integrity"]
    with tarfile.open(archive) as package:
        for theirs, ours in recorded["files"].items():
            file = package.extractfile(f"package/{theirs}")
            assert file is not None
            assert file.read() == (VENDOR / ours).read_bytes()
