"""The responses with which a request is refused, in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api import paths
from api.docs.openapi_examples import Examples
from api.docs.openapi_parts import CORRELATION_ID, HEADERS, header, ref
from api.errors import STATUS, Rejection
from api.http.codecs import ACCEPT_ENCODING
from api.http.problems import MEDIA_TYPE, problem
from contracts.reasons import DESCRIPTIONS, Reason

_NOT_OF_POST = frozenset({Reason.NOT_FOUND, Reason.METHOD_NOT_ALLOWED, Reason.BATCH_TOO_LONG})

_OF_SENDER = (
    Reason.APPLICATION_KEY_MISSING,
    Reason.APPLICATION_UNKNOWN,
    Reason.APPLICATION_DISABLED,
    Reason.ORIGIN_NOT_ALLOWED,
)
"""With what a request is refused for who sends it, whatever is in it."""

_OF_APPLICATIONS = (*_OF_SENDER, Reason.EVENT_NOT_ALLOWED)

_OF_BODY = (
    Reason.REQUEST_INVALID,
    Reason.BODY_EMPTY,
    Reason.LENGTH_INVALID,
    Reason.BODY_TIMEOUT,
    Reason.JSON_INVALID,
    Reason.BODY_TOO_LARGE,
    Reason.BATCH_TOO_LONG,
    Reason.MEDIA_TYPE_UNSUPPORTED,
    Reason.ENCODING_UNSUPPORTED,
    Reason.RATE_LIMITED,
    Reason.STORE_UNAVAILABLE,
    Reason.OVERLOADED,
    Reason.INTERNAL_ERROR,
)


def rejections(examples: Examples, *, has_applications: bool) -> dict[str, Any]:
    """Status → response, for every status with which an event may be refused."""
    left_out = _NOT_OF_POST if has_applications else {*_NOT_OF_POST, *_OF_APPLICATIONS}
    return _by_status([reason for reason in STATUS if reason not in left_out], examples)


def refusals_of_batch(
    examples: Examples, *, has_context: bool, has_applications: bool
) -> dict[str, Any]:
    """Status → response, for every status with which a whole batch may be refused."""
    of_context = (Reason.ENVELOPE_INVALID,) if has_context else ()
    of_sender = _OF_SENDER if has_applications else ()
    return _by_status((*_OF_BODY, *of_context, *of_sender), examples)


def _by_status(reasons: Sequence[Reason], examples: Examples) -> dict[str, Any]:
    found: dict[int, list[Reason]] = {}
    for reason in reasons:
        found.setdefault(STATUS[reason], []).append(reason)
    return {str(status): _rejection(status, found[status], examples) for status in sorted(found)}


def refusal_of(code: str, examples: Examples) -> dict[str, Any]:
    """The response of one reason alone, for operations that can fail in no other way."""
    reason = Reason(code)
    return _rejection(STATUS[reason], [reason], examples)


def _rejection(status: int, reasons: list[Reason], examples: Examples) -> dict[str, Any]:
    headers = {**HEADERS, **_HEADERS_OF_STATUS.get(status, {})}
    codes = ", ".join(f"[`{reason}`]({paths.REASONS}#{reason})" for reason in reasons)
    return {
        "description": f"Refused: {codes}.",
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": ref("Problem"),
                "examples": {
                    str(reason): {
                        "summary": DESCRIPTIONS[reason],
                        "value": example_of(reason, examples),
                    }
                    for reason in reasons
                },
            }
        },
    }


def example_of(reason: Reason, examples: Examples) -> dict[str, Any]:
    """A problem document with this code."""
    known = reason is Reason.DATA_INVALID
    rejection = Rejection(
        reason,
        DESCRIPTIONS[reason],
        violations=examples.violations if known else (),
        event=examples.event if known else None,
        version=examples.version if known else None,
    )
    return problem(rejection, correlation_id=CORRELATION_ID)


_HEADERS_OF_STATUS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": header("As HTTP demands it of a 401.", required=True)},
    415: {
        "Accept-Encoding": header(
            f"`{ACCEPT_ENCODING}`, when the Content-Encoding was none of these; else absent."
        )
    },
    429: {
        "Retry-After": header(
            "Seconds until as much as this would be accepted.", "integer", required=True
        ),
        "RateLimit": header(
            "How many events (`r`) are left now, and that time (`t`).", required=True
        ),
        "RateLimit-Policy": header(
            "How many events (`q`) one client may send in `w` seconds.", required=True
        ),
    },
    503: {
        "Retry-After": header(
            "Seconds to wait before sending the event again.", "integer", required=True
        )
    },
}
