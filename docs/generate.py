"""Writes the generated parts of the pages in docs/ from the code, so that the two cannot drift apart.

    python docs/generate.py

A part stands between the comments ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; what is around it is written
by hand. `tests/docs` fails where a page is not what this would write. ``docs/spans.md`` is generated as a whole by
``python -m deploytrace.sinks.span_catalogue``.
"""

from __future__ import annotations

import ast
import inspect
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import get_args

from deploytrace import events
from deploytrace.exports.rows import COLUMNS
from deploytrace.journal.format import event_name, field_types
from deploytrace.settings import INI_SECTION, declared, environment_name
from deploytrace.sinks.run_names import PLACEHOLDERS
from deploytrace.store.catalogue import METRICS
from deploytrace.store.schema import SCHEMA

DOCS = Path(__file__).resolve().parent

_TYPES = {
    "int": "number",
    "int | None": "number",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "tuple[str, ...]": "list of texts",
}


def settings_table() -> Iterator[str]:
    """Every setting: how it is set, its default, its meaning."""
    yield f"| in `[{INI_SECTION}]` | in the environment | default | meaning |"
    yield "|---|---|---|---|"
    for item in declared().values():
        choices = item.metadata["choices"]
        meaning = item.metadata["meaning"] + (f" One of {', '.join(f'`{one}`' for one in choices)}." if choices else "")
        row = (f"`{item.name}`", f"`{environment_name(item.name)}`", _default(item.default), meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _default(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def event_tables() -> Iterator[str]:
    """Every event: its meaning and its fields."""
    for cls in get_args(events.Event):
        yield f"### `{event_name(cls)}`\n"
        yield _prose(inspect.getdoc(cls) or "") + "\n"
        comments = _comments(cls)
        yield "| field | type | left out where it is | remark |"
        yield "|---|---|---|---|"
        for name, kind in field_types(cls).items():
            left_out = _left_out(cls, name)
            row = (f"`{name}`", _type(kind, left_out), left_out, _remark(comments.get(name, "")))
            yield f"| {' | '.join(row)} |"
        yield ""


def detail_table() -> Iterator[str]:
    """What the detail of a result may hold."""
    yield "| key | type | meaning |"
    yield "|---|---|---|"
    for key, (kind, meaning) in events.DETAIL_KEYS.items():
        yield f"| `{key}` | {kind} | {meaning} |"


def _prose(docstring: str) -> str:
    """Return a docstring as Markdown: code between single backticks and not broken over lines, JSON's word for None."""
    text = re.sub(r"``(.+?)``", lambda code: f"`{' '.join(code[1].split())}`", docstring, flags=re.DOTALL)
    return re.sub(r"\bNone\b", "null", text)


def _remark(comment: str) -> str:
    return _prose(comment).replace("<", "&lt;").replace("|", "\\|")


def _type(annotation: str, left_out: str) -> str:
    bare = annotation.removesuffix(" | None")
    name = _TYPES.get(bare, "list of objects" if bare.startswith("tuple") else "object")
    return name if bare == annotation or left_out == "null" else f"{name} or null"


def _left_out(cls: type[events.Event], name: str) -> str:
    if name not in cls._field_defaults:
        return ""
    default = cls._field_defaults[name]
    if default == () or default == {}:
        return "empty"
    return "null" if default is None else _default(default)


def _comments(cls: type) -> Mapping[str, str]:
    """The remark that stands behind a field in the source."""
    source = inspect.getsource(cls)
    behind = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    fields = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AnnAssign))
    return {ast.unparse(node.target): behind[node.lineno] for node in fields if node.lineno in behind}


def placeholders_table() -> Iterator[str]:
    """What the names of logs and archives may hold."""
    yield "| placeholder | meaning |"
    yield "|---|---|"
    yield from (f"| `{{{name}}}` | {meaning} |" for name, meaning in PLACEHOLDERS.items())


def columns_table() -> Iterator[str]:
    """The columns of an export as CSV."""
    yield "| column | meaning |"
    yield "|---|---|"
    yield from (f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items())


def metrics_table() -> Iterator[str]:
    """Every metric: its names, type, labels, least level and meaning; then the buckets."""
    yield "| in Prometheus | in OTLP | type | labels | level | meaning |"
    yield "|---|---|---|---|---|---|"
    for metric in METRICS.values():
        unit = f" in `{metric.unit}`" if metric.unit else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        row = (f"`{metric.name}`", f"`{metric.otlp}`{unit}", metric.type.value, labels, metric.level, metric.help)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield "\n| histogram | buckets, s |"
    yield "|---|---|"
    for metric in METRICS.values():
        if metric.buckets:
            yield f"| `{metric.name}` | {', '.join(f'{bound:g}' for bound in metric.buckets)} |"


def tables() -> Iterator[str]:
    """Every table of the store and its columns."""
    for table in SCHEMA.tables.values():
        yield f"### `{table.name}`\n\n{table.comment}\n"
        yield "| column | type | meaning |"
        yield "|---|---|---|"
        for column in table.columns:
            kind = type(column.type).__name__.lower()
            mark = " (key)" if column.primary_key else " or null" if column.nullable else ""
            yield f"| `{column.name}` | {kind}{mark} | {(column.comment or '').replace('|', chr(92) + '|')} |"
        yield ""


PARTS: Mapping[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "settings": ("settings.md", settings_table),
    "events": ("journal.md", event_tables),
    "details": ("journal.md", detail_table),
    "placeholders": ("log.md", placeholders_table),
    "columns": ("page.md", columns_table),
    "metrics": ("metrics.md", metrics_table),
    "tables": ("store.md", tables),
}
"""The generated parts: name, page, what writes it."""


def updated(page: str, text: str) -> str:
    """Return a page with its generated parts as the code has them now. Raises `ValueError` if a part has no place."""
    for name, (where, lines) in PARTS.items():
        if where != page:
            continue
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{page} has no place for {name}: {begin} and {end} are missing.")
        text = f"{before}{begin}\n{chr(10).join(lines()).rstrip()}\n{end}{after}"
    return text


def main() -> None:
    """Write all generated parts."""
    for page in sorted({page for page, _ in PARTS.values()}):
        path = DOCS / page
        path.write_text(updated(page, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
