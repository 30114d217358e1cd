"""The page as a whole: sections in their order, styles and scripts in place, and a policy that lets nothing else run.

Without scripts (a CI server's artifact view forbids them, for example) everything but the timeline is there.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from ... import __version__
from ...analysis.causes import causes_of
from ...analysis.critical_path import CriticalPath, critical_path
from ...analysis.downtime import Downtimes
from ...analysis.ranking import Ranking
from ...analysis.regression import Regressions
from ...analysis.where import where
from ...run.load import children_first
from ...run.model import Kind, Outcome, Tree
from ...settings import Settings
from .answers import path_table, where_figure
from .failures import failures_section
from .markup import Markup, data_block, element, joined
from .summary import head_of, title_of
from .tables import downtime_table, hosts_table, roles_table, tasks_table
from .timeline import timeline_of
from .usual import comparison_of

__all__ = ["render"]

_ASSETS = files(__package__) / "assets"
_STYLES = ("vendor/uPlot.min.css", "page.css")
_SCRIPTS = ("vendor/uPlot.iife.min.js", "model.js", "dense.js", "paint.js", "timeline.js", "explore.js")

_KEYS = (
    "Drag to zoom in, double-click to zoom out; Ctrl and wheel zoom, Shift and wheel move. Keys: arrows go from bar to "
    "bar, + and \u2212 zoom, A and D move, 0 shows all, / searches, Enter goes to the next find."
)
_WITHOUT_SCRIPTS = (
    "The timeline needs scripts, which are not run here; open the file itself in a browser. All else is below."
)


def render(
    tree: Tree,
    settings: Settings,
    unusual: Regressions | None = None,
    comparable: int | None = None,
    *,
    lacks: str = "",
) -> str:
    """Return the page of a run.

    ``unusual`` is what `find_regressions` says of it, ``comparable`` how many runs there are to compare it with (None:
    not known). Of a run from the history ``lacks`` says in words what that does not keep.
    """
    styles = [_asset(name) for name in _STYLES]
    scripts = [_asset(name) for name in _SCRIPTS]
    path = critical_path(tree)
    gates = frozenset(segment.node for segment in path.segments if segment.node is not None)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(styles, scripts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"deploytrace {__version__}"),
        element("title", title_of(tree.node)),
        *(_raw("style", text) for text in styles),
    )
    body = element(
        "body",
        head_of(tree.node, settings),
        element("main", *_sections(tree, path, comparison_of(unusual, comparable))),
        _footer(lacks),
        data_block("timeline-data", timeline_of(tree, gates)),
        *(_raw("script", text) for text in scripts),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _sections(tree: Tree, path: CriticalPath, comparison: Markup) -> list[Markup | None]:
    nodes = list(children_first(tree))
    ranking = Ranking(nodes)
    downtimes = Downtimes()
    for node in nodes:
        downtimes.take(node)
    windows = [node for node in nodes if node.kind is Kind.DOWNTIME]
    return [
        failures_section(causes_of(nodes), tree.node.outcome is Outcome.INTERRUPTED),
        _section("Where the time went", where_figure(where(tree))),
        _section("Compared with the usual", comparison),
        _timeline(),
        _section("Critical path", path_table(path)),
        _section(
            "Where to look first",
            tasks_table(ranking, tree.node.end - tree.node.start),
            roles_table(ranking),
            hosts_table(nodes),
            kind="tables",
        ),
        _section("Downtime", downtime_table(windows, downtimes.services())),
    ]


def _section(title: str, *content: Markup | None, kind: str = "") -> Markup | None:
    """Return a section, None where it has no content."""
    if not any(content):
        return None
    name = title.lower().replace(" ", "-")
    inside = element("div", *content, class_=kind) if kind else joined(*content)
    return element("section", element("h2", title, id=name), inside, aria_labelledby=name)


def _timeline() -> Markup:
    """Return the place of the timeline and its controls; the scripts fill it."""
    chart = element(
        "div",
        element("div", id="chart"),
        id="viewport",
        tabindex="0",
        role="application",
        aria_roledescription="timeline",
        aria_label="Timeline of hosts and tasks",
        aria_describedby="timeline-help",
    )
    return element(
        "section",
        element("h2", "Timeline", id="timeline"),
        _controls(),
        element("ul", id="legend", class_="legend"),
        chart,
        element("div", id="selected", aria_live="polite", class_="selected"),
        element("p", _KEYS, id="timeline-help", class_="dim noprint"),
        element("noscript", element("p", _WITHOUT_SCRIPTS)),
        aria_labelledby="timeline",
        class_="timeline",
    )


def _controls() -> Markup:
    search = element(
        "input",
        type="search",
        id="search",
        placeholder="task, role, host or outcome  ( / )",
        autocomplete="off",
        spellcheck="false",
    )
    rows = element(
        "select", element("option", "hosts", value="host"), element("option", "tasks", value="task"), id="rows"
    )
    buttons = (
        ("zoom-in", "+", "Zoom in (+)"),
        ("zoom-out", "\u2212", "Zoom out (-)"),
        ("everything", "All", "Show the whole run (0)"),
    )
    return element(
        "div",
        element("label", "Find ", search),
        element("output", id="found", for_="search"),
        element("label", "Rows ", rows),
        element("label", element("input", type="checkbox", id="fit"), " all rows at once"),
        element(
            "span",
            *(
                element("button", text, type="button", id=name, title=title, aria_label=title)
                for name, text, title in buttons
            ),
            class_="buttons",
        ),
        class_="controls",
        role="toolbar",
        aria_label="Timeline controls",
    )


def _footer(lacks: str) -> Markup:
    source = f"the history, which keeps no {lacks}; the run's journal is gone" if lacks else "the run's journal"
    return element(
        "footer",
        element(
            "p",
            f"Made by deploytrace {__version__} from {source}. Charts: uPlot, \u00a9 Leon Sorokin, MIT licence.",
        ),
        element("details", element("summary", "Licence of uPlot"), element("pre", _asset("vendor/uPlot-LICENSE"))),
    )


def _raw(name: str, text: str) -> Markup:
    """Return one of our own files as an element; the browser reads it to the first closing tag."""
    if f"</{name}" in text.lower() or "<!--" in text:
        raise ValueError(f"a {name} of the page would end early")
    return Markup(f"<{name}>{text}</{name}>")


def _policy(styles: list[str], scripts: list[str]) -> str:
    """Return the page's Content-Security-Policy: what stands in it by its hash, and nothing from anywhere.

    Source: https://www.w3.org/TR/CSP3/
    """

    def hashes(texts: list[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)}; base-uri 'none'; "
        "form-action 'none'"
    )
