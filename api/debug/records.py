"""What the debugger keeps of one event. Pure.

::

    {"kind": "event", "time": "2026-01-31T12:00:00.000Z", "tag": "checkout-test",
     "application": "web", "route": "/api/v1/events", "milliseconds": 3.1,
     "event": "order_placed", "version": 2, "event_id": "0190…", "outcome": "rejected",
     "status": 422, "correlation_id": "…", "origin": null, "sdk": null, "sent": {…},
     "accepted_at": null, "place": null, "problem": {…}}

``outcome`` is ``accepted``, ``duplicate`` or ``rejected``; ``place`` is the record's in Kafka,
``{"topic": …, "partition": 3, "offset": 17}``.  Where that becomes known later than the answer,
behind an outage of Kafka, it comes as a record of its own:
``{"kind": "place", "event_id": "0190…", "place": {…}}``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from api.debug.masking import MASKED, Masks
from api.errors import Rejection
from api.http.observing import Observed
from api.http.problems import problem
from api.model import Accepted, Outcome, shown_time
from api.rejections.record import safe_pointer
from contracts.model.pointer import NOTHING, at_fragment
from contracts.reasons import DESCRIPTIONS, Reason

Place = Mapping[str, str | int]

_WITHOUT_VALUE = frozenset({"required", "additionalProperties", "unevaluatedProperties"})
"""Keywords whose message quotes nothing that was sent."""

_MOST_ORIGIN_CHARACTERS = 200


def event_record(
    observed: Observed,
    outcome: Outcome,
    body: bytes | None,
    *,
    time: dt.datetime,
    masks: Masks,
    place: Place | None,
) -> dict[str, Any]:
    """The record of one event; ``time`` is when it was answered (UTC)."""
    return {
        "kind": "event",
        "time": shown_time(time),
        "tag": observed.tag,
        "application": observed.sender,
        "route": observed.route,
        "milliseconds": round(observed.seconds * 1000, 1),
        "correlation_id": observed.correlation_id,
        "origin": _short(observed.origin),
        "sdk": _short(observed.sdk),
        **_what_became(outcome, body, observed, masks),
        "place": place,
    }


def place_record(event_id: uuid.UUID, place: Place) -> dict[str, Any]:
    """What became known of an event after it was answered."""
    return {"kind": "place", "event_id": str(event_id), "place": place}


def _what_became(
    outcome: Outcome, body: bytes | None, observed: Observed, masks: Masks
) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return {
            "event": outcome.event,
            "version": outcome.version,
            "event_id": str(outcome.event_id),
            "outcome": "duplicate" if outcome.is_duplicate else "accepted",
            "status": 202,
            "accepted_at": shown_time(outcome.timestamp),
            "sent": masks.shown(body, outcome.event),
            "problem": None,
        }
    known = outcome.event or masks.known_event(body)
    sent = masks.shown(body, known)
    named = sent if isinstance(sent, dict) else {}
    return {
        "event": outcome.event or masks.event_name(named.get("event", named.get("type"))),
        "version": outcome.version,
        "event_id": _sent_id(body),
        "outcome": "rejected",
        "status": outcome.status,
        "accepted_at": None,
        "sent": sent,
        "problem": _problem(outcome, named, observed.correlation_id),
    }


def _problem(rejection: Rejection, sent: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The problem document as it was answered, without values that are masked."""
    found = problem(rejection, correlation_id=correlation_id)
    if rejection.reason is Reason.JSON_DUPLICATE_KEY or (
        rejection.reason is Reason.EVENT_UNKNOWN and sent.get("event") in (None, MASKED)
    ):
        found["detail"] = DESCRIPTIONS[rejection.reason]
    for each in found.get("violations", ()):
        if each["keyword"] not in _WITHOUT_VALUE and not _is_shown(sent, each["pointer"]):
            each["message"] = f"breaks {each['keyword']}; the value is not shown"
        each["pointer"] = safe_pointer(each["pointer"])
    return found


def _is_shown(sent: Mapping[str, Any], pointer: str) -> bool:
    """Whether a message may quote the value there: a plain one, which is not masked."""
    value = at_fragment(sent, pointer)
    return value is not NOTHING and value != MASKED and not isinstance(value, dict | list)


def _sent_id(body: bytes | None) -> str | None:
    """The ``event_id`` of what was rejected, if it is one."""
    try:
        document = orjson.loads(body or b"")
    except orjson.JSONDecodeError:
        return None
    sent = document.get("event_id", document.get("id")) if isinstance(document, dict) else None
    try:
        return str(uuid.UUID(sent)) if isinstance(sent, str) else None
    except ValueError:
        return None


def _short(text: str | None) -> str | None:
    return None if text is None else text[:_MOST_ORIGIN_CHARACTERS]
