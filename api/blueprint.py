"""``POST /api/v1/events`` and its dry run ``POST /api/v1/validate``: requests and answers only."""

from __future__ import annotations

import datetime as dt

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from api import paths
from api.body import check_headers, decompress, read_body
from api.errors import Refusal
from api.model import Accepted, Stamped
from api.pipeline import Pipeline
from api.problems import problem
from contracts.model import Deprecation
from contracts.reasons import Reason


def events(pipeline: Pipeline, *, body_limit_bytes: int) -> Blueprint:
    """The routes that take events."""
    routes = Blueprint("events", __name__)

    @routes.post(paths.EVENTS)
    def accept() -> Response:
        accepted = pipeline.accept(received(), correlation_id=g.correlation_id)
        g.accepted = accepted
        headers = {} if accepted.deprecation is None else notice(accepted.deprecation)
        answered = orjson.dumps(answer(accepted))
        return Response(answered, 202, headers, mimetype="application/json")

    @routes.post(paths.VALIDATE)
    def validate() -> Response:
        body = received()
        try:
            found = would_store(pipeline.stamp(pipeline.check(pipeline.parse(body))))
        except Refusal as refusal:
            found = would_refuse(refusal, correlation_id=g.correlation_id)
        return Response(orjson.dumps(found), mimetype="application/json")

    def received() -> bytes:
        content_encoding = request.headers.get("Content-Encoding", "").strip().lower()
        check_headers(
            media_type=request.mimetype,
            charset=request.mimetype_params.get("charset", "").lower(),
            content_encoding=content_encoding,
        )
        try:
            body = read_body(
                request.stream,
                content_length=request.content_length,
                limit_bytes=body_limit_bytes,
            )
        except ClientDisconnected as error:
            raise Refusal(Reason.LENGTH_INVALID, "the body ended too early") from error
        return decompress(body, content_encoding=content_encoding, limit_bytes=body_limit_bytes)

    return routes


def answer(accepted: Accepted) -> dict[str, object]:
    """What the sender learns of a stored event."""
    return {
        "event_id": str(accepted.event_id),
        "event": accepted.event,
        "version": accepted.version,
        "timestamp": _utc(accepted.timestamp),
    }


def would_store(stamped: Stamped) -> dict[str, object]:
    """The dry run's report on an event that would be accepted."""
    contract = stamped.request.contract
    return {
        "accepted": True,
        "status": 202,
        "contract": contract.id,
        "message": {
            "event_id": str(stamped.event_id),
            "event": contract.event,
            "user_id": stamped.user_id,
            "timestamp": _utc(stamped.timestamp),
            "contract_version": contract.version,
            "data": stamped.request.data,
        },
    }


def would_refuse(refusal: Refusal, *, correlation_id: str) -> dict[str, object]:
    """The dry run's report on an event that would get a problem document."""
    return {
        "accepted": False,
        "status": refusal.status,
        "problem": problem(refusal, correlation_id=correlation_id),
    }


def _utc(instant: dt.datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def notice(deprecation: Deprecation) -> dict[str, str]:
    """Headers that tell a sender when its contract version ends (RFC 9745, RFC 8594)."""
    since, sunset = (
        dt.datetime.combine(day, dt.time(), dt.UTC)
        for day in (deprecation.since, deprecation.sunset)
    )
    return {"Deprecation": f"@{since.timestamp():.0f}", "Sunset": http_date(sunset)}
