"""Documentation in the browser: Swagger UI at ``/docs``, the document at ``/openapi.json``.

flasgger serves both.  Its own Swagger UI is too old for OpenAPI 3.1 and its page loads fonts from
another host, so it is pointed at the Swagger UI 5 files of swagger-ui-py, and its page is replaced.
Everything comes from this process, and no script or style is written in a page, since
:mod:`api.http.security_headers` forbids that.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from typing import Any

from flasgger import Swagger
from flask import Flask, Response, redirect
from jinja2 import ChoiceLoader, DictLoader
from werkzeug.wrappers import Response as AnyResponse

from api.docs import openapi, pages, start_page
from api import paths
from contracts.model.loader import Catalog

_START_JS = f"{paths.DOCS}/start.js"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }}</title>
<link rel="stylesheet" href="{{ swagger_ui_css }}">
<link rel="stylesheet" href="{{ flasgger_config.pages_css }}">
<link rel="icon" type="image/png" href="{{ favicon }}">
</head>
<body class="swagger">
{{ flasgger_config.other_pages | safe }}
<div id="swagger-ui" data-url="{{ specs[0]['url'] }}"></div>
<script src="{{ swagger_ui_bundle_js }}"></script>
<script src="{{ flasgger_config.start_js }}"></script>
</body>
</html>
"""

_START = """\
"use strict";
const place = document.getElementById("swagger-ui");
// What an operation that is opened need not show at once: it would be a page of some ten screens.
const collapsed = (words, isOpen) => (Original, { React }) => (props) =>
  React.createElement(
    "details",
    { className: "collapsed", open: isOpen(props) },
    React.createElement("summary", null, words),
    React.createElement(Original, props),
  );
const Collapsing = () => ({
  wrapComponents: {
    modelExample: collapsed("Example and schema", (props) => Boolean(props.isExecute)),
    headers: collapsed("Headers", () => false),
  },
});
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  plugins: [Collapsing],
});
"""


def install(app: Flask, catalog: Catalog, *, has_pages: bool = False) -> None:
    """Adds the documentation of ``catalog`` to an application.

    ``has_pages``: reason codes are explained in the catalogue's pages; a browser that is sent there
    keeps the anchor (RFC 9110, 10.2.2).
    """
    document = openapi.document(catalog, version=version("ugc-events"))
    app.jinja_loader = ChoiceLoader([DictLoader({"flasgger/index.html": _PAGE})])
    Swagger(app, config=_config(has_pages=has_pages), template=document)
    app.add_url_rule(f"{paths.DOCS}/", endpoint="docs_with_slash", redirect_to=paths.DOCS)

    explained = pages.reasons()

    @app.get(paths.START)
    def start_of_all() -> Response:
        # What else is served is known only when the application is whole.
        served = {rule.rule for rule in app.url_map.iter_rules()}
        return Response(start_page.start(catalog, served), mimetype="text/html")

    @app.get(paths.REASONS)
    def reasons_page() -> AnyResponse:
        if has_pages:
            return redirect(f"{paths.CATALOG}/reasons/")
        return Response(explained, mimetype="text/html")

    @app.get(_START_JS)
    def start() -> Response:
        return Response(_START, mimetype="text/javascript")

    @app.get(pages.STYLE_PATH)
    def style() -> Response:
        return Response(pages.STYLE, mimetype="text/css")


def _config(*, has_pages: bool) -> dict[str, Any]:
    catalog = (f"{paths.CATALOG}/",) if has_pages else ()
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
        "pages_css": pages.STYLE_PATH,
        "other_pages": pages.other_pages(paths.START, *catalog),
    }
