"""Answers that pages of other origins may read (CORS, the Fetch standard, section 3.3).

Only under ``/api/v1/``, and never with credentials: the API reads no cookie, tokens are in the
body.  Without a policy nothing is added, and browsers keep every answer from other pages.
"""

from __future__ import annotations

import re

from flask import Flask, Response, request
from flask_cors import CORS

from api import paths
from api.http.origins import ANY, CorsPolicy

METHODS = ("GET", "HEAD", "POST")

REQUEST_HEADERS = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "If-None-Match",
    "X-Correlation-Id",
    "X-Request-ID",
    "X-UGC-Debug",
    "X-UGC-Key",
    "X-UGC-SDK",
    "traceparent",
    "tracestate",
)
"""What the API reads, and two that senders' libraries add by themselves without harm:
``Authorization`` and, beside ``traceparent``, ``tracestate``."""

ANSWER_HEADERS = (
    "Deprecation",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sunset",
    "X-Correlation-Id",
)
"""What a page may read beyond the few headers that it always may."""


def install(app: Flask, policy: CorsPolicy) -> None:
    """Lets pages of the policy's origins send to the API and read every answer, errors too."""
    if not policy.origins:
        return

    @app.before_request
    def preflight() -> Response | None:
        """Answered before anything is routed: a page is to read a 404 and a 405 too."""
        is_preflight = request.method == "OPTIONS" and (
            "Access-Control-Request-Method" in request.headers
        )
        return _nothing() if is_preflight and _is_shared() else None

    @app.after_request
    def vary(response: Response) -> Response:
        """On answers to pages that are not allowed too, or a cache gives them to those that are."""
        if _is_shared() and not policy.is_for_all:
            response.vary.add("Origin")
        return response

    CORS(
        app,
        resources=[re.compile(re.escape(paths.API))],
        origins=ANY if policy.is_for_all else [_exactly(each) for each in policy.origins],
        methods=METHODS,
        allow_headers=REQUEST_HEADERS,
        expose_headers=ANSWER_HEADERS,
        max_age=policy.max_age_seconds,
        send_wildcard=policy.is_for_all,
        # A cache may give an answer to anybody.
        always_send=policy.is_for_all,
        vary_header=False,
        # Every error passes the application's own handlers, and then what follows a request.
        intercept_exceptions=False,
    )


def answer_headers(policy: CorsPolicy, origin: str | None) -> list[tuple[str, str]]:
    """What :func:`install` adds to an answer under ``/api/v1/`` that is none to a preflight.

    ``origin`` is the header of the request.
    """
    if not policy.origins:
        return []
    told = ("Access-Control-Expose-Headers", ", ".join(ANSWER_HEADERS))
    if policy.is_for_all:
        return [("Access-Control-Allow-Origin", ANY), told]
    vary = ("Vary", "Origin")
    if origin is None or origin not in policy.origins:
        return [vary]
    return [("Access-Control-Allow-Origin", origin), told, vary]


def _is_shared() -> bool:
    return request.path.startswith(paths.API)


def _nothing() -> Response:
    response = Response(status=204)
    response.headers.remove("Content-Type")
    return response


def _exactly(origin: str) -> re.Pattern[str]:
    """A pattern of this text alone: flask-cors takes a text with brackets for a pattern."""
    return re.compile(re.escape(origin) + r"\Z")
