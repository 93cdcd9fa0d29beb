"""The pieces of the OpenAPI document that do not depend on any event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from api import paths
from api.http.codecs import ACCEPT_ENCODING
from api.errors import STATUS, Rejection
from api.model import ComponentStatus
from api.http.problems import MEDIA_TYPE, problem
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.model.validation import MAX_VIOLATIONS, Violation

CORRELATION_ID = "0190163d-8694-739b-aea5-966c26f8ad92"

_NOT_OF_POST = frozenset({Reason.NOT_FOUND, Reason.METHOD_NOT_ALLOWED, Reason.BATCH_TOO_LONG})

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


def ref(name: str) -> dict[str, str]:
    """A reference to the schema component ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def rejections() -> dict[str, Any]:
    """Status → response, for every status with which an event may be refused."""
    return _by_status([reason for reason in STATUS if reason not in _NOT_OF_POST])


def refusals_of_body() -> dict[str, Any]:
    """Status → response, for every status with which a whole batch may be refused."""
    return _by_status(_OF_BODY)


def _by_status(reasons: Sequence[Reason]) -> dict[str, Any]:
    found: dict[int, list[Reason]] = {}
    for reason in reasons:
        found.setdefault(STATUS[reason], []).append(reason)
    return {str(status): _rejection(status, found[status]) for status in sorted(found)}


def refusal_of(code: str) -> dict[str, Any]:
    """The response of one reason alone, for operations that can fail in no other way."""
    reason = Reason(code)
    return _rejection(STATUS[reason], [reason])


def _rejection(status: int, reasons: list[Reason]) -> dict[str, Any]:
    headers = {**_HEADERS, **_HEADERS_OF_STATUS.get(status, {})}
    codes = ", ".join(f"`{reason}`" for reason in reasons)
    return {
        "description": f"Refused: {codes}.",
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": ref("Problem"),
                "examples": {str(reason): _problem_example(reason) for reason in reasons},
            }
        },
    }


def _problem_example(reason: Reason) -> dict[str, Any]:
    known = reason is Reason.DATA_INVALID
    rejection = Rejection(
        reason,
        DESCRIPTIONS[reason],
        violations=(_VIOLATION,) if known else (),
        event="element_click" if known else None,
        version=1 if known else None,
    )
    return {
        "summary": DESCRIPTIONS[reason],
        "value": problem(rejection, correlation_id=CORRELATION_ID),
    }


def header(
    description: str, schema_type: str = "string", *, required: bool = False
) -> dict[str, Any]:
    """A response header; ``required`` when every answer has it."""
    always = {"required": True} if required else {}
    return {"description": description, **always, "schema": {"type": schema_type}}


_VIOLATION = Violation("/data/page_type", "required", "is required", True)

_HEADERS = {
    "X-Correlation-Id": header(
        "The id of this request in the service's logs: the one that was sent in a header of the"
        " same name or in `X-Request-ID` (1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'), else the"
        " trace id of `traceparent`, else a new one.",
        required=True,
    )
}

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

_HEADERS_WHILE_DOWN = {
    **_HEADERS,
    "Retry-After": header("Seconds to wait before asking again.", "integer", required=True),
}

POST_DESCRIPTION = f"""\
Takes one event. **202 means stored**: acknowledged by Kafka, or synced to this server's
disk until Kafka takes it.

- `token` is the user's access token, or `null` for a visitor who is not signed in. It is checked
  and never stored.
- Send your own `event_id` (a UUID) and repeat it when you send the same event again: however often
  it arrives, it counts once. That makes a retry after a 503, or after no answer at all, safe. A
  repetition within some minutes is answered with `"duplicate": true`; another event under the same
  id with 409.
- Leave `version` out to mean the newest contract version.
- The body may be compressed (`Content-Encoding`: {ACCEPT_ENCODING}); the size limit holds for what
  it unpacks to.
- `navigator.sendBeacon(url, JSON.stringify(event))` works: it sends `text/plain`.
"""

DESCRIPTION = f"""\
Front ends send these events. Each is checked against its contract, stamped and stored; whatever is
refused is answered with a problem document (RFC 9457) whose `code` says why
([all codes]({paths.REASONS})).
"""

BEACON = {
    "type": "string",
    "description": "The same JSON as text, as `navigator.sendBeacon` sends it.",
    "contentMediaType": "application/json",
    "contentSchema": ref("Event"),
    "examples": [
        json.dumps(
            {
                "event": "element_click",
                "token": None,
                "data": {"element_type": "trailer", "page_type": "movie"},
            }
        )
    ],
}

ACCEPTED_PROPERTIES: dict[str, Any] = {
    "event_id": {
        "type": "string",
        "format": "uuid",
        "description": "The id that was sent, else a new one.",
        "examples": ["0190163d-8694-739b-aea5-966c26f8ad91"],
    },
    "event": {"type": "string", "examples": ["element_click"]},
    "version": {
        "type": "integer",
        "description": "The contract version that the data was checked against.",
        "examples": [1],
    },
    "timestamp": {
        "type": "string",
        "format": "date-time",
        "description": "When the service accepted the event, in UTC.",
        "examples": ["2026-01-31T12:00:00.000Z"],
    },
    "duplicate": {
        "type": "boolean",
        "description": "True when this event was stored before under the same `event_id`; the"
        " timestamp is that of the first time. Absent otherwise.",
    },
}

_ACCEPTED = {
    "type": "object",
    "required": ["event_id", "event", "version", "timestamp"],
    "properties": ACCEPTED_PROPERTIES,
}

_VIOLATION_SCHEMA = {
    "type": "object",
    "required": ["pointer", "keyword", "message", "expected"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "JSON pointer (RFC 6901) to the value in the request.",
        },
        "keyword": {"type": "string", "description": "The JSON Schema keyword it breaks."},
        "message": {"type": "string", "description": "What is wrong, in words."},
        "expected": {"description": "What the keyword demands there."},
    },
}

_PROBLEM = {
    "description": "Why the request was refused (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "correlation_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Where the code is explained.",
        },
        "title": {"type": "string", "description": "The code in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {
            "type": "string",
            "enum": [str(reason) for reason in STATUS],
            "description": f"The reason; [what each one means]({paths.REASONS}).",
        },
        "detail": {"type": "string", "description": "What happened here."},
        "event": {"type": "string", "description": "The event, when it was known."},
        "contract": {
            "type": "string",
            "description": "The contract it was held against, as `event@version`.",
        },
        "violations": {
            "type": "array",
            "maxItems": MAX_VIOLATIONS,
            "description": "One entry for each thing wrong with the event, as many as there is"
            " room for.",
            "items": _VIOLATION_SCHEMA,
        },
        "more_violations": {
            "type": "integer",
            "description": "How many more there are; absent when all are told.",
        },
        "correlation_id": {"type": "string", "description": "As in `X-Correlation-Id`."},
    },
}

_HEALTH = {
    "type": "object",
    "required": ["status", "parts"],
    "properties": {
        "status": {"type": "string", "enum": ["ready", "degraded", "not ready"]},
        "parts": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["status", "required", "detail"],
                "properties": {
                    "status": {"type": "string", "enum": [str(status) for status in ComponentStatus]},
                    "required": {
                        "type": "boolean",
                        "description": "Whether events can be accepted without the part.",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_REPORT = {
    "description": "What would happen: the message that would be stored, or the problem.",
    "type": "object",
    "required": ["accepted", "status"],
    "properties": {
        "accepted": {"type": "boolean"},
        "status": {"type": "integer", "description": "The status of the answer to the event."},
        "contract": {"type": "string", "description": "As `event@version`."},
        "message": {
            "type": "object",
            "description": "What would be stored; without an `event_id` of yours, with a new one.",
        },
        "problem": ref("Problem"),
    },
}

SCHEMAS = {"Accepted": _ACCEPTED, "Problem": _PROBLEM, "Health": _HEALTH, "Report": _REPORT}

VALIDATE_DESCRIPTION = """\
A dry run: the event is parsed, checked and its token resolved exactly as when it is sent, and
nothing is stored. The answer is 200 whatever the verdict; an error status means that the request
could not be read as a body at all.
"""

REPORT_RESPONSE = {
    "description": "The verdict.",
    "headers": _HEADERS,
    "content": {"application/json": {"schema": ref("Report")}},
}

ACCEPTED_HEADERS = {
    **_HEADERS,
    "Deprecation": header(
        "Since when the contract version of the event is deprecated (RFC 9745: `@` and Unix"
        " seconds); absent while it is not."
    ),
    "Sunset": header("From when on the version may be refused (RFC 8594)."),
}

CACHED_HEADERS = {
    **_HEADERS,
    "ETag": header("Changes with the content.", required=True),
    "Cache-Control": header("How long it may be kept.", required=True),
}

ACCEPTED_RESPONSE = {
    "description": "Stored.",
    "headers": ACCEPTED_HEADERS,
    "content": {"application/json": {"schema": ref("Accepted")}},
}

LIVE = {
    "tags": ["health"],
    "operationId": "live",
    "summary": "Whether the process answers",
    "responses": {
        "200": {
            "description": "It does.",
            "headers": _HEADERS,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["status"],
                        "properties": {"status": {"const": "live"}},
                    }
                }
            },
        },
        "503": {
            "description": "It does, and only a new process can help.",
            "headers": _HEADERS_WHILE_DOWN,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["status"],
                        "properties": {"status": {"const": "stuck"}},
                    }
                }
            },
        },
    },
}

_HEALTH_CONTENT = {"application/json": {"schema": ref("Health")}}

READY = {
    "tags": ["health"],
    "operationId": "ready",
    "summary": "Whether events can be accepted now",
    "responses": {
        "200": {
            "description": "They can; `degraded` when a part is down that they can do without.",
            "headers": _HEADERS,
            "content": _HEALTH_CONTENT,
        },
        "503": {
            "description": "A part that events need is down.",
            "headers": _HEADERS_WHILE_DOWN,
            "content": _HEALTH_CONTENT,
        },
    },
}
