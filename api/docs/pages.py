"""How our own pages beside Swagger UI look, and what each reason code means. Pure.

They are read on telephones and at night: text no wider than the screen, and dark where the reader's
system is.
"""

from __future__ import annotations

from html import escape

from api import paths
from api.errors import STATUS
from api.http.problems import title
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
.others { display: flex; flex-wrap: wrap; gap: 0.25em 1em; }
body.swagger .others { font: 16px/1.5 sans-serif; max-width: 1460px; margin: 0 auto; padding: 1em 20px 0; }
.places { list-style: none; padding: 0; display: grid; gap: 0.75em; }
.places a { display: block; height: 100%; padding: 0.75em 1em; border: 1px solid #ccc; border-radius: 0.5em; }
.places a { color: inherit; text-decoration: none; }
.places a:hover, .places a:focus-visible { border-color: #0b57d0; }
.places strong { display: block; color: #0b57d0; font-size: 1.125em; }
.places .first { border-width: 2px; border-color: #0b57d0; }
@media (min-width: 40em) { .places { grid-template-columns: 1fr 1fr; } }
body.swagger { font: inherit; max-width: none; margin: 0; padding: 0; background: #fafafa; }
body.swagger details.collapsed > summary { cursor: pointer; font-size: 12px; padding: 4px 0; }
body.swagger .response:not(:has(details[open])) .response-controls { display: none; }
body.swagger .info th { overflow-wrap: normal; word-break: normal; }
@media (max-width: 40em) {
  body.swagger .info td:first-child { min-width: 9.5em; }
  body.swagger .info td code { padding: 0; }
}
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #181818; }
  a, .places strong { color: #8ab4f8; }
  .places a { border-color: #444; }
  .places a:hover, .places a:focus-visible, .places .first { border-color: #8ab4f8; }
  body.swagger { background: #181818; }
  body.swagger #swagger-ui { filter: invert(0.9) hue-rotate(180deg); }
  body.swagger .microlight, body.swagger img { filter: invert(1) hue-rotate(180deg); }
}
"""


def reasons() -> str:
    """Every reason code, with its code as the anchor."""
    refused = "\n".join(map(_explained, STATUS))
    set_aside = "\n".join(_explained(reason) for reason in Reason if reason not in STATUS)
    return page(
        "Reason codes",
        f"""\
<h2>Why an event was refused</h2>
{refused}
<h2>Why a stored message was set aside</h2>
<p>These are in the loader's dead letters and counters, never in an answer.</p>
{set_aside}""",
        above=other_pages(paths.START, paths.DOCS),
    )


def page(heading: str, content: str, *, above: str = "") -> str:
    """A whole document around ``content``, and what is ``above`` its heading; both are HTML."""
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
{above}
<main>
<h1>{heading}</h1>
{content}
</main>
</body>
</html>
"""


_NAMES = {paths.START: "Start page", paths.DOCS: "API", f"{paths.CATALOG}/": "Catalogue"}


def other_pages(*found: str) -> str:
    """Links to pages that are served, as HTML."""
    links = " ".join(f'<a href="{path}">{_NAMES[path]}</a>' for path in found)
    return f'<nav class="others" aria-label="Other pages">{links}</nav>'


def _explained(reason: Reason) -> str:
    status = f", status {STATUS[reason]}" if reason in STATUS else ""
    return (
        f'<h3 id="{reason}">{escape(title(reason))}</h3>\n'
        f"<p><code>{reason}</code>{status}. {escape(DESCRIPTIONS[reason])}</p>\n"
        f"<p>{escape(REMEDIES[reason])}</p>"
    )
