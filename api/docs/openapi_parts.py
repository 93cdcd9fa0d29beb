"""The pieces of the OpenAPI document that do not depend on any event."""

from __future__ import annotations

import json
from typing import Any

from api import paths
from api.docs.openapi_examples import Examples
from api.errors import STATUS
from api.http.codecs import ACCEPT_ENCODING
from api.model import ComponentStatus
from contracts.model.applications import HEADER, PARAMETER
from contracts.model.validation import MAX_VIOLATIONS

CORRELATION_ID = "0190163d-8694-739b-aea5-966c26f8ad92"

def ref(name: str) -> dict[str, str]:
    """A reference to the schema component ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def header(
    description: str, schema_type: str = "string", *, required: bool = False
) -> dict[str, Any]:
    """A response header; ``required`` when every answer has it."""
    always = {"required": True} if required else {}
    return {"description": description, **always, "schema": {"type": schema_type}}


HEADERS = {
    "X-Correlation-Id": header(
        "The id of this request in the service's logs: the one that was sent in a header of the"
        " same name or in `X-Request-ID` (1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'), else the"
        " trace id of `traceparent`, else a new one.",
        required=True,
    )
}

_HEADERS_WHILE_DOWN = {
    **HEADERS,
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


def beacon(examples: Examples) -> dict[str, Any]:
    """One event as text."""
    return {
        "type": "string",
        "description": "The same JSON as text, as `navigator.sendBeacon` sends it.",
        "contentMediaType": "application/json",
        "contentSchema": ref("Event"),
        "examples": [json.dumps(each) for each in examples.requests[:1]],
    }


def accepted_properties(examples: Examples) -> dict[str, Any]:
    """What is told of an event that is stored."""
    return {
        "event_id": {
            "type": "string",
            "format": "uuid",
            "description": "The id that was sent, else a new one.",
            "examples": ["0190163d-8694-739b-aea5-966c26f8ad91"],
        },
        "event": {"type": "string", "examples": [examples.event]},
        "version": {
            "type": "integer",
            "description": "The contract version that the data was checked against.",
            "examples": [examples.version],
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


def schemas(examples: Examples) -> dict[str, Any]:
    """The components that no event changes, but for their examples."""
    accepted = {
        "type": "object",
        "required": ["event_id", "event", "version", "timestamp"],
        "properties": accepted_properties(examples),
    }
    return {"Accepted": accepted, "Problem": _PROBLEM, "Health": _HEALTH, "Report": _REPORT}


VALIDATE_DESCRIPTION = """\
A dry run: the event is parsed, checked and its token resolved exactly as when it is sent, and
nothing is stored. The answer is 200 whatever the verdict; an error status means that the request
could not be read as a body at all.
"""

REPORT_RESPONSE = {
    "description": "The verdict.",
    "headers": HEADERS,
    "content": {"application/json": {"schema": ref("Report")}},
}

ACCEPTED_HEADERS = {
    **HEADERS,
    "Deprecation": header(
        "Since when the contract version of the event is deprecated (RFC 9745: `@` and Unix"
        " seconds); absent while it is not."
    ),
    "Sunset": header("From when on the version may be refused (RFC 8594)."),
}

CACHED_HEADERS = {
    **HEADERS,
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
            "headers": HEADERS,
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
            "headers": HEADERS,
            "content": _HEALTH_CONTENT,
        },
        "503": {
            "description": "A part that events need is down.",
            "headers": _HEADERS_WHILE_DOWN,
            "content": _HEALTH_CONTENT,
        },
    },
}


def key_parameters() -> list[dict[str, Any]]:
    """Where a request names its application, in a project that has any."""
    told = "The key of the application that sends"
    places = (("header", HEADER, "."), ("query", PARAMETER, ", for what cannot set headers."))
    return [
        {"name": name, "in": place, "description": told + more, "schema": {"type": "string"}}
        for place, name, more in places
    ]
