"""The page of a run, in a real browser: large, hostile, printed; and the chart library that is in it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploytrace.events import Event, HostFinished, HostStarted, PlayStarted, TaskDefined
from deploytrace.reports.page.document import render
from deploytrace.reports.page.failures import OUTPUT_LENGTH
from deploytrace.reports.page.markup import data_block, element, excerpt
from deploytrace.run.load import load
from deploytrace.settings import Settings
from ground.devtools import Page, opened
from run.fleet import fleet

VENDOR = Path(__file__).parents[2] / "src/deploytrace/reports/page/assets/vendor"
_AT_ONCE_MS = 100
_TRIES = 10  # of all keys, where the machine is so busy with other things that none of them is shown at once
_SAYS = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def _hostile(event: Event) -> Event:
    """That event of a fleet's run, with names that would like to be run, and a line of 2 MB where it fails."""
    if isinstance(event, TaskDefined) and event.name.endswith(" part 100"):
        return event._replace(name=f"{event.name} {_SAYS}\x1b[2J")
    if isinstance(event, PlayStarted):
        return event._replace(hosts=tuple(map(_renamed, event.hosts or ())))
    if isinstance(event, HostStarted):
        return event._replace(host=_renamed(event.host))
    if isinstance(event, HostFinished):
        detail = event.detail and {**event.detail, "stdout": f"{_SAYS}\x1b[31m" + "x" * 2_000_000}
        return event._replace(host=_renamed(event.host), detail=detail)
    return event


def _renamed(host: str) -> str:
    return host.replace("node004", f"node004{_SAYS}\u202e")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 200 hosts times 200 tasks, some of which say what would like to be run."""
    tree = load(map(_hostile, fleet(200, 200)))
    assert tree is not None
    path = tmp_path_factory.mktemp("page") / "run.html"
    path.write_text(render(tree, Settings()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shown(page: Path) -> Iterator[Page]:
    """That page in a browser."""
    with opened(page) as shown:
        yield shown


def test_a_large_run_opens_and_nothing_of_it_is_run(page: Path, shown: Page) -> None:
    assert page.stat().st_size < 10_000_000
    assert shown.value("Model.count") == 200 * 200 - 99
    assert shown.value("document.querySelectorAll('img, iframe, object, embed, base, link').length") == 0
    assert shown.value("document.querySelectorAll('script:not([type])').length") == 6
    assert shown.value("document.querySelector('.cause strong').textContent").endswith(_SAYS)
    texts = shown.value("[...document.querySelectorAll('.cause pre')].map((each) => each.textContent)")
    assert [_SAYS in text for text in texts] == [False, True, True]
    assert "characters left out" in max(texts, key=len)
    assert max(map(len, texts)) < OUTPUT_LENGTH + 100
    whole = shown.value("document.body.innerText + JSON.stringify(Model.data)")
    assert not {"\x1b", "\u202e", "\u2028"} & set(whole)
    # Each is drawn, none within another; what no module told, and a throttle that there is not, are left out.
    assert shown.value("document.querySelectorAll('svg.where > rect').length") == 5
    assert shown.value("Model.bars.critical.length") > 100
    assert shown.complaints == []
    assert shown.requests == [page.as_uri()]


def _best(shown: Page, keys: str, *before: str) -> float:
    """The ms that one of these keys took at best, after those before: what else this machine does is not the page's."""
    best = math.inf
    for _ in range(_TRIES):
        for key in before:
            shown.press(key, key if len(key) == 1 else "")
        best = min(best, *shown.pressed(keys))
        if best < _AT_ONCE_MS:
            break
    return best


@pytest.mark.parametrize("all_rows", [False, True], ids=["some rows", "all rows at once"])
def test_it_zooms_and_searches_at_once(shown: Page, *, all_rows: bool) -> None:
    shown.value(f"if (document.getElementById('fit').checked !== {str(all_rows).lower()}) fit.click()")
    shown.value("document.getElementById('viewport').focus()")
    assert _best(shown, "+++++", "0") < _AT_ONCE_MS
    assert shown.value("Timeline.span()[1] - Timeline.span()[0] < Model.duration / 5")
    assert _best(shown, "---ad", *"0+++++") < _AT_ONCE_MS
    assert _best(shown, "+0+0") < _AT_ONCE_MS
    assert shown.value("Timeline.span()[1] - Timeline.span()[0] === Model.duration")
    shown.press("/", "/")
    assert _best(shown, "node003", "Escape") < _AT_ONCE_MS
    assert re.match(r"\d+ host results, ", shown.value("document.getElementById('found').textContent"))
    shown.press("Enter")
    assert shown.value("Timeline.view.found[Timeline.view.selected]") == 1
    shown.press("Escape")
    assert shown.value("document.getElementById('found').textContent") == ""
    assert shown.complaints == []


def test_it_goes_from_bar_to_bar_and_tells_of_each(shown: Page) -> None:
    shown.value("document.getElementById('viewport').focus()")
    shown.press("Escape")
    shown.press("ArrowRight")
    for _ in range(4):
        shown.press("ArrowDown")
    told = shown.value("document.getElementById('selected').textContent")
    assert told.startswith(f"base | Install part 0node004{_SAYS}")
    assert shown.complaints == []


def test_it_prints_and_is_dark_again_afterwards(shown: Page, tmp_path: Path) -> None:
    shown.media(prefers_color_scheme="dark")
    shown.wait_for("Paint.theme().page === '#1b2027'")
    shown.printed(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    shown.wait_for("Paint.theme().page === '#1b2027'")  # and is dark again afterwards
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
