"""The operation that takes many events, in the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from api.http import batch
from api import paths
from api.docs import openapi_cloudevents as cloudevents
from api.docs import openapi_parts as parts
from api.errors import STATUS, Rejection
from api.docs.openapi_parts import CORRELATION_ID
from api.http.cloudevents import BATCH
from api.http.problems import problem
from contracts.reasons import DESCRIPTIONS, Reason

_DESCRIPTION = f"""\
Takes many events with one request, as a JSON array, as lines of JSON (`{batch.LINES}`), or as
an array of CloudEvents (`{BATCH}`). Each is checked and stored as
`{paths.EVENTS}` does it, and may be as long; **one bad event never hurts its neighbours**.

The answer is 207 and holds one result for each event, in the order sent: `status` 202 with what
`{paths.EVENTS}` answers, or another status with a `problem`. Send those with 503 again, with the
same `event_id`, after `Retry-After` seconds; all other problems need another event. An error status
of the whole request means that nothing was stored.

Give every event an `event_id`: when no answer comes, the whole batch can be sent again.
"""

_EVENTS = [
    {
        "event": "element_click",
        "token": None,
        "data": {"element_type": "trailer", "page_type": "movie"},
    },
    {
        "event": "element_click",
        "token": None,
        "data": {"element_type": "category", "page_type": "promotion"},
    },
]

_LINES = {
    "type": "string",
    "description": "One event in each line; empty lines count for nothing.",
    "examples": ["\n".join(json.dumps(each) for each in _EVENTS)],
}

_RESULT = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {
            "type": "integer",
            "description": "202, or the status that this event alone would get.",
        },
        **parts.ACCEPTED_PROPERTIES,
        "problem": parts.ref("Problem"),
    },
}

_BATCH = {
    "type": "object",
    "required": ["accepted", "refused", "results"],
    "properties": {
        "accepted": {"type": "integer", "description": "How many are stored."},
        "refused": {"type": "integer", "description": "How many are not."},
        "results": {"type": "array", "items": _RESULT},
    },
}

SCHEMAS = {"BatchResult": _BATCH}


def _example() -> dict[str, Any]:
    reason = Reason.EVENT_UNKNOWN
    rejection = Rejection(reason, DESCRIPTIONS[reason])
    return {
        "accepted": 1,
        "refused": 1,
        "results": [
            {
                "status": 202,
                "event_id": "0190163d-8694-739b-aea5-966c26f8ad91",
                "event": "element_click",
                "version": 1,
                "timestamp": "2026-01-31T12:00:00.000Z",
            },
            {
                "status": STATUS[reason],
                "problem": problem(rejection, correlation_id=CORRELATION_ID),
            },
        ],
    }


def operation() -> dict[str, Any]:
    """``POST /api/v1/events/batch``."""
    return {
        "tags": ["events"],
        "operationId": "postBatch",
        "summary": "Send many events",
        "description": _DESCRIPTION,
        "requestBody": {
            "required": True,
            "content": {
                batch.ARRAY: {
                    "schema": {"type": "array", "items": parts.ref("Event")},
                    "examples": {"two clicks": {"value": _EVENTS}},
                },
                batch.LINES: {"schema": _LINES},
                "text/plain": {"schema": _LINES},
                **cloudevents.batch_content(),
            },
        },
        "responses": {
            "207": {
                "description": "One result for each event.",
                "headers": {
                    **parts.ACCEPTED_HEADERS,
                    "Retry-After": parts.header(
                        "Seconds to wait before sending those with status 503 again; absent when"
                        " there are none.",
                        "integer",
                    ),
                },
                "content": {
                    "application/json": {
                        "schema": parts.ref("BatchResult"),
                        "example": _example(),
                    }
                },
            },
            **parts.refusals_of_body(),
        },
    }
