"""The operation that takes many events, in the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from api.http import batch
from api import paths
from api.docs import openapi_cloudevents as cloudevents
from api.docs import openapi_parts as parts
from api.docs.openapi_examples import Examples
from api.docs.openapi_parts import CORRELATION_ID
from api.docs.openapi_refusals import refusals_of_batch
from api.errors import STATUS, Rejection
from api.http.cloudevents import BATCH
from api.http.problems import problem
from contracts.model.context import EVENTS, Context
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


def _lines(examples: Examples) -> dict[str, Any]:
    return {
        "type": "string",
        "description": "One event in each line; empty lines count for nothing.",
        "examples": ["\n".join(json.dumps(each) for each in examples.requests)],
    }


def schemas(examples: Examples) -> dict[str, Any]:
    """The component of the answer to a batch."""
    result = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {
                "type": "integer",
                "description": "202, or the status that this event alone would get.",
            },
            **parts.accepted_properties(examples),
            "problem": parts.ref("Problem"),
        },
    }
    batch_result = {
        "type": "object",
        "required": ["accepted", "refused", "results"],
        "properties": {
            "accepted": {"type": "integer", "description": "How many are stored."},
            "refused": {"type": "integer", "description": "How many are not."},
            "results": {"type": "array", "items": result},
        },
    }
    return {"BatchResult": batch_result}


def _example(examples: Examples) -> dict[str, Any]:
    reason = Reason.EVENT_UNKNOWN
    rejection = Rejection(reason, DESCRIPTIONS[reason])
    return {
        "accepted": 1,
        "refused": 1,
        "results": [
            {
                "status": 202,
                "event_id": "0190163d-8694-739b-aea5-966c26f8ad91",
                "event": examples.event,
                "version": examples.version,
                "timestamp": "2026-01-31T12:00:00.000Z",
            },
            {
                "status": STATUS[reason],
                "problem": problem(rejection, correlation_id=CORRELATION_ID),
            },
        ],
    }


def _schema(context: Context | None) -> dict[str, Any]:
    events = {"type": "array", "items": parts.ref("Event")}
    if context is None or not context.is_sent:
        return events
    around = dict(context.beside_events())
    around["properties"] = {**around["properties"], EVENTS: events}
    around["description"] = "A context for all of the events; what one says itself stands first."
    return {"oneOf": [events, around]}


def operation(
    examples: Examples, context: Context | None = None, *, has_applications: bool = False
) -> dict[str, Any]:
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
                    "schema": _schema(context),
                    "examples": {"two events": {"value": list(examples.requests)}},
                },
                batch.LINES: {"schema": _lines(examples)},
                "text/plain": {"schema": _lines(examples)},
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
                        "example": _example(examples),
                    }
                },
            },
            **refusals_of_batch(
                examples,
                has_context=context is not None and context.is_sent,
                has_applications=has_applications,
            ),
        },
    }
