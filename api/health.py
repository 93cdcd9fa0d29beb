"""Health for operators and orchestrators.

``/health/live``: the process answers.  ``/health/ready``: events can be accepted now; one entry for
each part, so that a degraded service (200, a part that is not required is down) can be told from
one that is not ready (503).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from flask import Blueprint, Response

from api import paths
from api.model import PartHealth, PartStatus


def blueprint(checks: Mapping[str, Callable[[], PartHealth]]) -> Blueprint:
    """The health routes; ``checks`` are called on every request for readiness."""
    routes = Blueprint("health", __name__)

    @routes.get(paths.LIVE)
    def live() -> Response:
        return _json({"status": "live"}, 200)

    @routes.get(paths.READY)
    def ready() -> Response:
        parts = {name: check() for name, check in checks.items()}
        is_ready = all(p.status is PartStatus.UP or not p.required for p in parts.values())
        report = {"status": "ready" if is_ready else "not ready", "parts": parts}
        return _json(report, 200 if is_ready else 503)

    return routes


def _json(report: object, status: int) -> Response:
    return Response(orjson.dumps(report), status, mimetype="application/json")
