"""Health for operators and orchestrators.

``/health/live``: the process answers and its threads run; when it does not say so, only a new
process helps.  ``/health/ready``: events can be accepted now, with one entry for each part.  A
service that stores events in the spool is ``degraded`` and ready (200): it keeps its promise.  It
is not ready (503) when a part is down that events cannot do without: Kafka with the spool full, or
the registry before the ids are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from flask import Blueprint, Response

from api import paths
from api.errors import RETRY_AFTER_SECONDS
from api.model import ComponentHealth, ComponentStatus


def blueprint(
    checks: Mapping[str, Callable[[], ComponentHealth]], is_alive: Callable[[], bool]
) -> Blueprint:
    """The health routes; ``checks`` are called on every request for readiness."""
    routes = Blueprint("health", __name__)

    @routes.get(paths.LIVE)
    def live() -> Response:
        return _json({"status": "live"}, 200) if is_alive() else _json({"status": "stuck"}, 503)

    @routes.get(paths.READY)
    def ready() -> Response:
        parts = {name: check() for name, check in checks.items()}
        is_ready = not any(p.status is ComponentStatus.DOWN and p.required for p in parts.values())
        is_whole = all(p.status is ComponentStatus.UP for p in parts.values())
        status = "ready" if is_whole else "degraded" if is_ready else "not ready"
        return _json({"status": status, "parts": parts}, 200 if is_ready else 503)

    return routes


def _json(report: object, status: int) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    return Response(orjson.dumps(report), status, headers, mimetype="application/json")
