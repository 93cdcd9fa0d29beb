"""``POST /api/v1/events``: the request and the answer, and nothing between them."""

from __future__ import annotations

import datetime as dt

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from api import paths
from api.body import check_headers, read_body
from api.errors import Refusal
from api.model import Accepted
from api.pipeline import Pipeline
from contracts.model import Deprecation
from contracts.reasons import Reason


def events(pipeline: Pipeline, *, body_limit_bytes: int) -> Blueprint:
    """The routes that take events."""
    routes = Blueprint("events", __name__)

    @routes.post(paths.EVENTS)
    def accept() -> Response:
        check_headers(
            media_type=request.mimetype,
            charset=request.mimetype_params.get("charset", "").lower(),
            content_encoding=request.headers.get("Content-Encoding", "").strip().lower(),
        )
        try:
            body = read_body(
                request.stream,
                content_length=request.content_length,
                limit_bytes=body_limit_bytes,
            )
        except ClientDisconnected as error:
            raise Refusal(Reason.LENGTH_INVALID, "the body ended too early") from error
        accepted = pipeline.accept(body, correlation_id=g.correlation_id)
        headers = {} if accepted.deprecation is None else notice(accepted.deprecation)
        answered = orjson.dumps(answer(accepted))
        return Response(answered, 202, headers, mimetype="application/json")

    return routes


def answer(accepted: Accepted) -> dict[str, object]:
    """What the sender learns of a stored event."""
    return {
        "event_id": str(accepted.event_id),
        "event": accepted.event,
        "version": accepted.version,
        "timestamp": accepted.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def notice(deprecation: Deprecation) -> dict[str, str]:
    """Headers that tell a sender when its contract version ends (RFC 9745, RFC 8594)."""
    since, sunset = (
        dt.datetime.combine(day, dt.time(), dt.UTC)
        for day in (deprecation.since, deprecation.sunset)
    )
    return {"Deprecation": f"@{since.timestamp():.0f}", "Sunset": http_date(sunset)}
