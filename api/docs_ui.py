"""Documentation in the browser: Swagger UI at ``/docs``, the document at ``/openapi.json``.

flasgger serves both.  Its own Swagger UI is too old for OpenAPI 3.1 and its page loads fonts from
another host, so it is pointed at the Swagger UI 5 files of swagger-ui-py, and its page is replaced.
Everything comes from this process, and no script or style is written in a page, since
:mod:`api.security_headers` forbids that.
"""

from __future__ import annotations

from html import escape
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from flasgger import Swagger
from flask import Flask, Response
from jinja2 import ChoiceLoader, DictLoader

from api import openapi, paths
from api.errors import STATUS
from api.problems import title
from contracts.loader import Catalog
from contracts.reasons import DESCRIPTIONS, Reason

_START_JS = f"{paths.DOCS}/start.js"
_PAGES_CSS = f"{paths.DOCS}/pages.css"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="stylesheet" href="{{ swagger_ui_css }}">
<link rel="stylesheet" href="{{ flasgger_config.pages_css }}">
<link rel="icon" type="image/png" href="{{ favicon }}">
</head>
<body class="swagger">
<div id="swagger-ui" data-url="{{ specs[0]['url'] }}"></div>
<script src="{{ swagger_ui_bundle_js }}"></script>
<script src="{{ flasgger_config.start_js }}"></script>
</body>
</html>
"""

_START = """\
"use strict";
const place = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
});
"""

_STYLE = """\
html { box-sizing: border-box; overflow-y: scroll; }
*, *:before, *:after { box-sizing: inherit; }
body { font: 16px/1.5 sans-serif; max-width: 40em; margin: 2em auto; }
body.swagger { font: inherit; max-width: none; margin: 0; background: #fafafa; }
"""


def install(app: Flask, catalog: Catalog) -> None:
    """Adds the documentation of ``catalog`` to an application."""
    document = openapi.document(catalog, version=version("ugc-events"))
    app.jinja_loader = ChoiceLoader([DictLoader({"flasgger/index.html": _PAGE})])
    Swagger(app, config=_config(), template=document)
    app.add_url_rule(f"{paths.DOCS}/", endpoint="docs_with_slash", redirect_to=paths.DOCS)
    page = _reasons_page()

    @app.get(paths.REASONS)
    def reasons() -> Response:
        return Response(page, mimetype="text/html")

    @app.get(_START_JS)
    def start() -> Response:
        return Response(_START, mimetype="text/javascript")

    @app.get(_PAGES_CSS)
    def style() -> Response:
        return Response(_STYLE, mimetype="text/css")


def _config() -> dict[str, Any]:
    return {
        "title": "UGC events",
        "openapi": "3.1.0",
        "headers": [],
        "specs": [
            {
                "endpoint": "openapi",
                "route": paths.OPENAPI,
                # The document is whole already: no docstring of a route adds to it.
                "rule_filter": lambda _rule: False,
                "model_filter": lambda _tag: False,
            }
        ],
        "specs_route": paths.DOCS,
        "static_folder": str(files("swagger_ui").joinpath("static")),
        "static_url_path": f"{paths.DOCS}/static",
        "oauth_redirect": f"{paths.DOCS}/oauth2-redirect",
        "start_js": _START_JS,
        "pages_css": _PAGES_CSS,
    }


def _reasons_page() -> str:
    refused = "\n".join(map(_explained, STATUS))
    set_aside = "\n".join(_explained(reason) for reason in Reason if reason not in STATUS)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>Reason codes</title>
<link rel="stylesheet" href="{_PAGES_CSS}">
<link rel="icon" type="image/png" href="{paths.DOCS}/static/favicon-32x32.png">
</head>
<body>
<h1>Why an event was refused</h1>
{refused}
<h1>Why a stored message was set aside</h1>
<p>These are in the loader's dead letters and counters, never in an answer.</p>
{set_aside}
</body>
</html>
"""


def _explained(reason: Reason) -> str:
    status = f", status {STATUS[reason]}" if reason in STATUS else ""
    return (
        f'<h2 id="{reason}">{escape(title(reason))}</h2>\n'
        f"<p><code>{reason}</code>{status}. {escape(DESCRIPTIONS[reason])}</p>"
    )
