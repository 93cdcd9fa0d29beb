"""The pages that are ours beside Swagger UI: the start page, and what each reason code means. Pure.

They are read on telephones and at night: text no wider than the screen, and dark where the reader's
system is.
"""

from __future__ import annotations

from html import escape

from api import paths
from api.errors import STATUS
from api.http.problems import title
from contracts.model.loader import Catalog
from contracts.model.types import Origin
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.remedies import REMEDIES

STYLE_PATH = f"{paths.DOCS}/pages.css"

# Swagger UI has one set of colours. Turned over, and the hues turned back, they stay readable.
STYLE = """\
:root { color-scheme: light dark; }
html { box-sizing: border-box; overflow-y: scroll; }
*, *:before, *:after { box-sizing: inherit; }
body { font: 16px/1.5 sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }
body { overflow-wrap: anywhere; }
body.swagger { font: inherit; max-width: none; margin: 0; padding: 0; background: #fafafa; }
body.swagger details.collapsed > summary { cursor: pointer; font-size: 12px; padding: 4px 0; }
body.swagger .response:not(:has(details[open])) .response-controls { display: none; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #181818; }
  a { color: #8ab4f8; }
  body.swagger { background: #181818; }
  body.swagger #swagger-ui { filter: invert(0.9) hue-rotate(180deg); }
  body.swagger .microlight, body.swagger img { filter: invert(1) hue-rotate(180deg); }
}
"""


def start(catalog: Catalog, *, has_pages: bool = False) -> str:
    """What is here, and where: the answer to ``GET /``. ``has_pages``: a catalogue is among it."""
    pages = f"<li>{_link(f'{paths.CATALOG}/', 'Catalogue')}: what each event means</li>\n"
    events = "\n".join(
        f"<li>{_link(f'{paths.CONTRACTS}/{each.event}/{each.version}', each.event)}: "
        f"{escape(each.title)}</li>"
        for each in catalog.newest
        if each.origin is Origin.CLIENT
    )
    return _page(
        "Events API",
        f"""\
<p>Send an event with <code>POST {paths.EVENTS}</code>, several with
<code>POST {paths.BATCH}</code>, and try one without storing it with
<code>POST {paths.VALIDATE}</code>.</p>
<ul>
{pages if has_pages else ""}<li>{_link(paths.DOCS, "Documentation")}, where every request can be tried</li>
<li>{_link(paths.OPENAPI, "OpenAPI document")}, for generators</li>
<li>{_link(paths.REASONS, "Reason codes")}: why an event was refused</li>
<li>{_link(paths.READY, "Health")} of this process and of what it needs</li>
</ul>
<h2>Events</h2>
<ul>
{events}
</ul>""",
    )


def reasons() -> str:
    """Every reason code, with its code as the anchor."""
    refused = "\n".join(map(_explained, STATUS))
    set_aside = "\n".join(_explained(reason) for reason in Reason if reason not in STATUS)
    return _page(
        "Reason codes",
        f"""\
<h2>Why an event was refused</h2>
{refused}
<h2>Why a stored message was set aside</h2>
<p>These are in the loader's dead letters and counters, never in an answer.</p>
{set_aside}""",
    )


def _page(heading: str, content: str) -> str:
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{heading}</title>
<link rel="stylesheet" href="{STYLE_PATH}">
<link rel="icon" type="image/png" href="{paths.DOCS}/static/favicon-32x32.png">
</head>
<body>
<h1>{heading}</h1>
{content}
</body>
</html>
"""


def _explained(reason: Reason) -> str:
    status = f", status {STATUS[reason]}" if reason in STATUS else ""
    return (
        f'<h3 id="{reason}">{escape(title(reason))}</h3>\n'
        f"<p><code>{reason}</code>{status}. {escape(DESCRIPTIONS[reason])}</p>\n"
        f"<p>{escape(REMEDIES[reason])}</p>"
    )


def _link(path: str, text: str) -> str:
    return f'<a href="{path}">{escape(text)}</a>'
