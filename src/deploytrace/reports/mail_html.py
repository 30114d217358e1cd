"""The letter about a failed run as HTML that mail programs show alike: tables, inline styles, no pictures.

Outlook knows neither ``max-width`` nor flexible boxes, Gmail drops what is not inline and cuts a mail off after 102 KB.
So the layout is one table whose styles are all inline; the style sheet in the head only adds dark colours, for those
that heed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from .mail import Letter, Output, Trouble

__all__ = ["render"]

_FONT = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"
_TONES: Mapping[str, tuple[str, str]] = {  # the verdict's own colour, and a pale one
    "Failed": ("#b3261e", "#fdf1f0"),
    "Unreachable": ("#9a5b00", "#fdf5e8"),
    "Interrupted": ("#4a5568", "#f1f3f6"),
    "Test": ("#1f6f43", "#edf7f1"),
}

_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>%s</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #15181d !important; }
  .card { background: #1f242b !important; border-left-color: #323944 !important;
    border-right-color: #323944 !important; border-bottom-color: #323944 !important; }
  .text { color: #e6e9ee !important; }
  .dim { color: #9aa4b2 !important; }
  .rule { border-color: #323944 !important; }
  .pale { background: #282d35 !important; }
  .code { background: #15181d !important; color: #d5dae2 !important; border-color: #323944 !important; }
  .track { background: #323944 !important; }
  .link { color: #8ab4f8 !important; }
}
@media (max-width: 480px) {
  .inside { padding-left: 16px !important; padding-right: 16px !important; }
}
</style>
</head>
"""


def render(letter: Letter) -> str:
    """Return the letter as a page."""
    return _HEAD % escape(letter.subject) + "\n".join(_body(letter)) + "\n</html>\n"


def _body(letter: Letter) -> Iterator[str]:
    strong, pale = _TONES[letter.verdict]
    yield f'<body class="page" style="margin:0;padding:0;background:#f2f4f7;font-family:{_FONT}">'
    # What a list of mails shows beside the subject.
    yield f'<div style="display:none;max-height:0;overflow:hidden">{escape(letter.reason)} · {escape(letter.run)}</div>'
    yield _table('class="page" style="background:#f2f4f7"') + '<tr><td align="center" style="padding:16px 8px">'
    yield '<!--[if mso]><table role="presentation" width="640"><tr><td><![endif]-->'
    yield _table(
        'class="card" style="max-width:640px;background:#ffffff;border:1px solid #dfe3e8;'
        f'border-top:4px solid {strong};border-radius:6px"'
    )
    yield _row(_heading(letter, strong), "24px 28px 8px")
    yield _row(_quote(letter.reason, strong, pale), "4px 28px 8px")
    if letter.links:
        yield _row("".join(_button(label, link) for label, link in letter.links), "8px 28px 4px")
    yield _row(_facts(letter), "8px 28px 16px")
    for trouble in letter.troubles:
        yield _row("\n".join(_trouble(trouble, letter.reason)), "16px 28px", rule=True)
    if letter.untold:
        yield _row(_dim(letter.untold), "12px 28px", rule=True)
    if letter.slowest:
        yield _row("\n".join(_slowest(letter)), "16px 28px", rule=True)
    if letter.slower:
        told = "".join(_paragraph(line, "font-size:13px;line-height:1.5") for line in letter.slower)
        yield _row(_dim("Slower than usual") + told, "16px 28px", rule=True)
    yield _row("<br>".join(map(_note, letter.notes)), "14px 28px 18px", rule=True)
    yield "</table>"
    yield "<!--[if mso]></td></tr></table><![endif]-->"
    yield "</td></tr></table></body>"


def _table(attributes: str) -> str:
    return f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" {attributes}>'


def _row(content: str, padding: str, *, rule: bool = False) -> str:
    line = ";border-top:1px solid #e6e9ee" if rule else ""
    return f'<tr><td class="inside rule" style="padding:{padding}{line}">{content}</td></tr>'


def _dim(text: str, style: str = "") -> str:
    return f'<span class="dim" style="font-size:13px;line-height:1.5;color:#667085;{style}">{escape(text)}</span>'


def _heading(letter: Letter, strong: str) -> str:
    return (
        f'<span style="font-size:12px;font-weight:700;letter-spacing:0.6px;color:#ffffff;background:{strong};'
        f'padding:3px 8px;border-radius:3px">{escape(letter.verdict.upper())}</span>'
        f'<span class="dim" style="font-size:13px;color:#667085">&nbsp; {escape(letter.run)}</span>'
        f'<h1 class="text" style="margin:12px 0 4px;font-size:20px;line-height:1.35;font-weight:600;color:#1d2939;'
        f'word-break:break-word">{escape(letter.headline)}</h1>'
    )


def _quote(text: str, strong: str, pale: str) -> str:
    return (
        f'{_table("")}<tr><td class="pale text" style="padding:10px 12px;background:{pale};'
        f"border-left:3px solid {strong};"
        f'font-family:{_MONO};font-size:13px;line-height:1.5;color:#1d2939;word-break:break-word">'
        f"{escape(text)}</td></tr></table>"
    )


def _button(label: str, link: str) -> str:
    return (
        f'<a href="{escape(link)}" style="display:inline-block;margin:4px 8px 4px 0;padding:8px 14px;'
        f'background:#344054;color:#ffffff;font-size:14px;font-weight:600;text-decoration:none;border-radius:4px">{escape(label)}</a>'
    )


def _facts(letter: Letter) -> str:
    rows = "".join(
        f'<tr><td class="dim" valign="top" style="padding:2px 14px 2px 0;font-size:13px;line-height:1.5;color:#667085;'
        f'white-space:nowrap">{escape(name)}</td><td class="text" width="100%" style="padding:2px 0;font-size:13px;'
        f'line-height:1.5;color:#1d2939;word-break:break-word">{escape(value)}</td></tr>'
        for name, value in letter.facts
    )
    return f"{_table('')}{rows}</table>"


def _trouble(trouble: Trouble, above: str) -> Iterator[str]:
    """Yield a cause; its reason not where it stands above already."""
    place = f" · {trouble.place}" if trouble.place else ""
    yield f'<div class="dim" style="font-size:13px;color:#667085">{escape(trouble.heading + place)}</div>'
    yield _paragraph(trouble.task, "font-size:15px;font-weight:600")
    yield _paragraph(trouble.hosts, "font-size:13px;line-height:1.5")
    if trouble.reason != above:
        yield _paragraph(trouble.reason, f"font-family:{_MONO};font-size:13px;line-height:1.5")
    if trouble.items:
        items = "".join(f'<li style="margin:2px 0">{escape(item)}</li>' for item in trouble.items)
        style = f"margin:6px 0;padding-left:20px;font-family:{_MONO};font-size:12px;color:#1d2939;word-break:break-word"
        yield f'<ul class="text" style="{style}">{items}</ul>'
    if trouble.command:
        yield _paragraph(f"$ {trouble.command}", f"font-family:{_MONO};font-size:12px")
    yield from map(_output, trouble.output)


def _paragraph(text: str, style: str) -> str:
    base = "margin:4px 0;color:#1d2939;word-break:break-word"
    return f'<div class="text" style="{base};{style}">{escape(text)}</div>'


def _output(output: Output) -> str:
    """Return the end of an output; lines are broken where they do not fit, so that a phone shows them whole."""
    lines = "<br>".join(escape(line).replace("  ", "&nbsp; ") or "&nbsp;" for line in output.lines)
    return (
        f'<div style="margin:10px 0 4px">{_dim(output.title)}</div>{_table("")}'
        f'<tr><td class="code" style="padding:10px 12px;'
        f"background:#f7f8fa;border:1px solid #e6e9ee;border-radius:4px;font-family:{_MONO};font-size:12px;"
        f'line-height:1.5;color:#344054;word-break:break-word">{lines}</td></tr></table>'
    )


def _slowest(letter: Letter) -> Iterator[str]:
    yield f'<div style="margin-bottom:6px">{_dim("Slowest tasks")}</div>{_table("")}'
    for name, time, share in letter.slowest:
        filled = max(1, round(share * 100))
        yield (
            f'<tr><td class="text" style="padding:3px 10px 3px 0;font-size:13px;color:#1d2939;word-break:break-word">'
            f'{escape(name)}</td><td width="90" style="padding:3px 0">{_bar(filled)}</td>'
            f'<td class="text" align="right" style="padding:3px 0 3px 10px;font-size:13px;color:#1d2939;'
            f'white-space:nowrap">{escape(time)}</td></tr>'
        )
    yield "</table>"


def _bar(filled: int) -> str:
    cell = '<td class="{}" width="{}%" height="6" style="background:{};font-size:0;line-height:0">&nbsp;</td>'
    rest = cell.format("track", 100 - filled, "#e6e9ee") if filled < 100 else ""
    return f"{_table('')}<tr>{cell.format('', filled, '#7b8794')}{rest}</tr></table>"


def _note(note: str) -> str:
    return _dim(note, "font-size:12px")
