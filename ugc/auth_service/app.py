"""The stand-in's routes; the contract is in the package's docstring."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from ugc.auth_service.tokens import BadTokenError, Tokens

_DEFAULT_TTL_SECONDS = 3600
_LONGEST_TTL_SECONDS = 365 * 24 * 3600
_MODES = ("ok", "slow", "error", "malformed", "wrong_user")
_LONGEST_DELAY_SECONDS = 60.0


@dataclass
class Fault:
    """How ``verify`` misbehaves at the moment."""

    mode: str = "ok"
    delay_seconds: float = 1.0


def create_app(
    secret: str,
    clock: Callable[[], float] = time.time,
    make_id: Callable[[], uuid.UUID] = uuid.uuid4,
) -> Flask:
    """The stand-in, with tokens signed by ``secret``; ``make_id`` makes demo users."""
    app = Flask("auth_service", static_folder=None)
    tokens = Tokens(secret, clock)
    fault = Fault()
    fault_ends = threading.Event()

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="up")

    @app.post("/api/v1/auth/verify")
    def verify() -> Response | tuple[Response, int]:
        token = _text("token")
        if fault.mode == "slow":
            fault_ends.wait(fault.delay_seconds)
        if fault.mode == "error":
            return _problem(500, "internal_error")
        if fault.mode == "malformed":
            return Response('{"user_id": ', mimetype="application/json")
        try:
            found = tokens.verify(token)
        except BadTokenError as error:
            return _problem(401, error.code)
        user_id = str(make_id()) if fault.mode == "wrong_user" else found.user_id
        return jsonify(user_id=user_id, expires_at=found.expires_at)

    @app.post("/api/v1/auth/demo-token")
    def demo_token() -> tuple[Response, int]:
        body = _body()
        user_id = _user_id(body["user_id"]) if "user_id" in body else make_id()
        ttl_seconds = _number(body, "ttl_seconds", _DEFAULT_TTL_SECONDS, _LONGEST_TTL_SECONDS)
        return jsonify(asdict(tokens.issue(user_id, int(ttl_seconds)))), 201

    @app.post("/api/v1/auth/revoke")
    def revoke() -> tuple[str, int]:
        tokens.revoke(_text("token"))
        return "", 204

    @app.put("/faults")
    def set_fault() -> Response:
        body = _body()
        mode = body.get("mode", "ok")
        if mode not in _MODES:
            raise BadRequest(f"mode must be one of {', '.join(_MODES)}")
        fault.delay_seconds = _number(body, "delay_seconds", 1.0, _LONGEST_DELAY_SECONDS)
        fault.mode = mode
        return jsonify(asdict(fault))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[Response, int]:
        return _problem(error.code or 500, "request_invalid", error.description or "")

    return app


def _problem(status: int, code: str, detail: str = "") -> tuple[Response, int]:
    response = jsonify(status=status, code=code, detail=detail)
    response.mimetype = "application/problem+json"
    return response, status


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def _text(name: str) -> str:
    value = _body().get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} must be a string that is not empty")
    return value


def _user_id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError as error:
        raise BadRequest("user_id must be a UUID") from error


def _number(body: dict[str, Any], name: str, default: float, most: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise BadRequest(f"{name} must be a number of seconds up to {most:g}")
    return value
