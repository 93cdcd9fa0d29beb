"""``GET /catalog/…``: the pages of the events, made by whoever is a :class:`api.model.Pages`."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from api import paths
from api.errors import Rejection
from api.http.contract_routes import CACHE_CONTROL
from api.model import Pages
from contracts.reasons import DESCRIPTIONS, Reason


def blueprint(pages: Pages) -> Blueprint:
    """The routes over these pages; each is made when it is asked for."""
    routes = Blueprint("catalog", __name__)

    @routes.get(paths.CATALOG)
    def home() -> AnyResponse:
        return redirect(f"{paths.CATALOG}/")

    @routes.get(f"{paths.CATALOG}/", defaults={"path": ""})
    @routes.get(f"{paths.CATALOG}/<path:path>")
    def page(path: str) -> AnyResponse:
        found = pages.page(path)
        if found is None:
            if path and not path.endswith("/") and pages.page(f"{path}/") is not None:
                return redirect(f"{paths.CATALOG}/{path}/")
            raise Rejection(Reason.NOT_FOUND, DESCRIPTIONS[Reason.NOT_FOUND])
        response = Response(found.body, mimetype=found.media_type)
        response.headers["Cache-Control"] = CACHE_CONTROL
        response.set_etag(hashlib.sha256(found.body).hexdigest()[:32])
        response.make_conditional(request)
        return response

    return routes
