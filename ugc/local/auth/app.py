"""The stand-in's routes; the contract is in the package's docstring."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from ugc.local.auth.faults import (
    DEFAULT_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    Fault,
    FaultMode,
    FaultSwitch,
)
from ugc.local.auth.tokens import ISSUER, BadTokenError, Tokens

DEFAULT_TTL_SECONDS = 3600
LONGEST_TTL_SECONDS = 365 * 24 * 3600

_BODY_LIMIT_BYTES = 1024 * 1024

_REFUSALS: Mapping[str, str] = {
    "token_expired": "the token's lifetime is over",
    "token_invalid": "this is no token of ours",
    "token_revoked": "the token has been revoked",
}


def create_app(
    secret: str,
    clock: Callable[[], float] = time.time,
    make_id: Callable[[], uuid.UUID] = uuid.uuid4,
    *,
    issuer: str = ISSUER,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
    fault: Fault = Fault(),  # noqa: B008 - a frozen value
) -> Flask:
    """The stand-in.

    Args:
        secret: signs the tokens; at least ``MIN_SECRET_BYTES`` long.
        clock: gives Unix seconds.
        make_id: makes the users that no request names.
        issuer: the tokens' ``iss``.
        ttl_seconds: lifetime of a demo token where the request names none.
        fault: how ``verify`` misbehaves at first.
    """
    app = Flask("auth_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _BODY_LIMIT_BYTES
    tokens = Tokens(secret, issuer, clock)
    faults = FaultSwitch(fault)

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="up")

    @app.post("/api/v1/auth/verify")
    def verify() -> Response:
        token = _text(_body(), "token")
        mode = faults.enter()
        match mode:
            case FaultMode.ERROR:
                return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "as asked for")
            case FaultMode.MALFORMED:
                return Response('{"user_id": ', mimetype="application/json")
        try:
            owner = tokens.verify(token)
        except BadTokenError as error:
            return _problem(HTTPStatus.UNAUTHORIZED, error.code, _REFUSALS[error.code])
        user_id = str(make_id()) if mode is FaultMode.WRONG_USER else owner.user_id
        return jsonify(user_id=user_id, expires_at=owner.expires_at)

    @app.post("/api/v1/auth/demo-token")
    def demo_token() -> tuple[Response, int]:
        body = _body()
        named = body.get("user_id")
        user_id = make_id() if named is None else _uuid(named)
        issued = tokens.issue(user_id, _lifetime(body.get("ttl_seconds", ttl_seconds)))
        return jsonify(asdict(issued)), HTTPStatus.CREATED

    @app.post("/api/v1/auth/revoke")
    def revoke() -> tuple[str, int]:
        tokens.revoke(_text(_body(), "token"))
        return "", HTTPStatus.NO_CONTENT

    @app.put("/faults")
    def set_fault() -> Response:
        wanted = _fault(_body())
        faults.set(wanted)
        return jsonify(asdict(wanted))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        code = "request_invalid" if status < 500 else "internal_error"
        return _problem(status, code, error.description or "")

    return app


def _problem(status: HTTPStatus, code: str, detail: str) -> Response:
    response = jsonify(title=status.phrase, status=status, code=code, detail=detail)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body must be JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} must be a string that is not empty")
    return value


def _uuid(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError as error:
        raise BadRequest("user_id must be a UUID") from error


def _lifetime(value: object) -> int:
    match value:
        case bool():
            pass
        case int() if abs(value) <= LONGEST_TTL_SECONDS:
            return value
    raise BadRequest(f"ttl_seconds must be a whole number up to {LONGEST_TTL_SECONDS}")


def _fault(body: Mapping[str, Any]) -> Fault:
    try:
        mode = FaultMode(body.get("mode", FaultMode.OK))
    except ValueError as error:
        raise BadRequest(f"mode must be one of {', '.join(FaultMode)}") from error
    match body.get("delay_seconds", DEFAULT_DELAY_SECONDS):
        case bool():
            pass
        case int() | float() as delay_seconds if 0 <= delay_seconds <= LONGEST_DELAY_SECONDS:
            return Fault(mode, delay_seconds)
    raise BadRequest(f"delay_seconds must be a number from 0 to {LONGEST_DELAY_SECONDS:g}")
