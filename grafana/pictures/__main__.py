"""Draws the pictures of docs/dashboards.md: ``make pictures``.

The session of real runs, some fifteen minutes, is kept in the cache of the tests' ground; ``PICTURES=--anew`` has
another one. Needs Node.js and npm beside what the tests need.
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ground.cache import CACHE, ROOT
from ground.devtools import opened

from .drawn import PICTURES, Picture
from .filled import WEEK_SECONDS, filled_prometheus
from .session import Look, recorded

_PAGE = Path(__file__).with_name("page")
_WIDTH = 1240  # pixels, as wide as Grafana on a laptop
_MARGIN = 8


def main() -> None:
    """Draw them all."""
    (ROOT / "docs/images/dashboards").mkdir(parents=True, exist_ok=True)
    page = _built()
    looks = _session()
    print("pictures: telling them to a Prometheus", flush=True)
    with filled_prometheus(looks) as (prometheus, end):
        for picture in PICTURES:
            print(f"pictures: {picture.path.relative_to(ROOT)}", flush=True)
            _draw(picture, page, prometheus, end)


def _built() -> Path:
    """Bundle the page; returns its HTML."""
    modules = CACHE / "pictures/node"
    modules.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(_PAGE / name, modules)
    if not (modules / "node_modules/.package-lock.json").exists():
        print("pictures: installing @grafana/ui (a minute or two, once)", flush=True)
        npm = [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--legacy-peer-deps", "--silent"]
        subprocess.run(npm, cwd=modules, check=True)
    for path in _PAGE.iterdir():
        shutil.copy2(path, modules)
    loaders = [f"--loader:.{kind}=dataurl" for kind in ("woff", "woff2", "ttf")]
    flags = [
        "--bundle",
        "--minify",
        "--jsx=automatic",
        '--define:process.env.NODE_ENV="production"',
        "--log-level=error",
    ]
    command = [modules / "node_modules/.bin/esbuild", "panels.jsx", *flags, *loaders, "--outfile=panels.js"]
    subprocess.run(command, cwd=modules, check=True)
    return modules / "page.html"


def _session() -> list[Look]:
    kept = CACHE / "pictures/session.pickle"
    if not kept.exists() or "--anew" in sys.argv:
        print("pictures: real deploys on two controllers, some fifteen minutes", flush=True)
        looks = recorded()
        kept.write_bytes(pickle.dumps(looks))
    found: list[Look] = pickle.loads(kept.read_bytes())  # noqa: S301 - our own
    return found


def _draw(picture: Picture, page: Path, prometheus: str, end: float) -> None:
    board = json.loads(picture.board.read_text(encoding="utf-8"))
    begin = end - WEEK_SECONDS
    wanted = {
        "board": board,
        "row": picture.row,
        "prometheus": prometheus,
        "range": {"from": round(begin * 1000), "to": round(end * 1000)},
        "width": _WIDTH,
    }
    with opened(page, width=_WIDTH + 2 * _MARGIN, height=400) as shown:
        width, height = shown.value(f"draw({json.dumps(wanted)})")
        shown.window(width + 2 * _MARGIN, height + 2 * _MARGIN)
        with tempfile.TemporaryDirectory() as temporary:
            raw = Path(temporary) / "raw.png"
            shown.picture(raw)
            shutil.copyfile(raw, picture.path)
        for text in shown.complaints:
            if "ERR_FILE_NOT_FOUND" not in text:  # icons, which Grafana serves
                print(f"  {text[:400]}")


if __name__ == "__main__":
    main()
