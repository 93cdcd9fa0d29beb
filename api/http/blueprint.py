"""``POST /api/v1/events``, ``…/batch`` and the dry run ``POST /api/v1/validate``.

Requests and answers only.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from api import paths
from api.errors import Rejection
from api.http import cloudevents
from api.http.applications import Door
from api.http.batch import ARRAY, LINES, BatchLimits, split
from api.http.batch import MEDIA_TYPES as BATCH_MEDIA_TYPES
from api.http.batch_context import unwrapped
from api.http.body import MEDIA_TYPES, check_headers, decompress, read_body
from api.http.environ import FATE
from api.http.exchange import current
from api.http.problems import bytes_for_each, problem
from api.limits.rate_limit import RateLimit
from api.model import Accepted, Common, Outcome, Stamped, shown_time
from api.pipeline.checking import with_common
from api.pipeline.cloudevents import CloudEvents
from api.pipeline.components import Check
from api.pipeline.pipeline import Pipeline
from contracts.model.applications import HEADER as KEY_HEADER
from contracts.model.applications import PARAMETER as KEY_PARAMETER
from contracts.model.loader import Catalog
from contracts.model.types import Deprecation
from contracts.reasons import Reason

_log = logging.getLogger(__name__)


def events(
    pipeline: Pipeline,
    catalog: Catalog,
    *,
    body_limit_bytes: int,
    batch: BatchLimits,
    rate_limit: RateLimit | None = None,
    door: Door | None = None,
) -> Blueprint:
    """The routes that take events.

    Who sends too much, or is no application that ``door`` knows, is told so before anything of the
    body is read.
    """
    cloud_events = CloudEvents(catalog, pipeline.check)
    handlers = _Handlers(pipeline, cloud_events, body_limit_bytes, batch, rate_limit, door)
    routes = Blueprint("events", __name__)
    routes.before_request(handlers.count)
    routes.post(paths.EVENTS)(handlers.accept)
    routes.post(paths.BATCH)(handlers.accept_batch)
    routes.post(paths.VALIDATE)(handlers.validate)
    return routes


class _Handlers:
    def __init__(
        self,
        pipeline: Pipeline,
        cloud_events: CloudEvents,
        body_limit_bytes: int,
        batch: BatchLimits,
        rate_limit: RateLimit | None,
        door: Door | None,
    ) -> None:
        self._pipeline = pipeline
        self._cloud_events = cloud_events
        self._body_limit_bytes = body_limit_bytes
        self._batch = batch
        self._rate_limit = rate_limit
        self._door = door

    def count(self) -> None:
        if request.method != "POST":
            return
        if self._door is not None:
            key = request.headers.get(KEY_HEADER, request.args.get(KEY_PARAMETER))
            current().sender = self._door.label(key)
        if self._rate_limit is not None:
            self._rate_limit.check(request.remote_addr)
        if self._door is not None:
            application = self._door.admitted(key, request.headers.get("Origin"))
            current().application = application
            self._count_of_application(1)

    def _count_of_application(self, cost: int) -> None:
        application = current().application
        if self._door is not None and application is not None:
            self._door.count(application, cost)

    def accept(self) -> Response:
        exchange = current()
        body, check = self._event()
        exchange.bodies = [body]
        fate: Rejection | None = request.environ.get(FATE)
        if fate is not None:
            raise fate
        accepted = self._pipeline.accept(
            body, correlation_id=exchange.correlation_id, check=check, common=_common()
        )
        exchange.outcomes = [accepted]
        headers = {} if accepted.deprecation is None else notice(accepted.deprecation)
        answered = orjson.dumps(answer(accepted))
        return Response(answered, 202, headers, mimetype="application/json")

    def accept_batch(self) -> Response:
        exchange = current()
        body = _received(self._batch.body_bytes, (*BATCH_MEDIA_TYPES, cloudevents.BATCH))
        exchange.bodies = [body]
        parts, common = self._taken_apart(body)
        if self._rate_limit is not None and len(parts) > 1:
            self._rate_limit.check(request.remote_addr, cost=len(parts) - 1)
        if len(parts) > 1:
            self._count_of_application(len(parts) - 1)
        correlation_id = exchange.correlation_id
        are_cloud_events = request.mimetype == cloudevents.BATCH
        check = self._cloud_events.structured if are_cloud_events else None
        outcomes = self._pipeline.accept_all(
            parts, correlation_id=correlation_id, common=common, check=check
        )
        exchange.outcomes = outcomes
        exchange.bodies = [part if isinstance(part, bytes) else None for part in parts]
        _log_rejected(outcomes, correlation_id=correlation_id)
        answered = orjson.dumps(batch_answer(outcomes, correlation_id=correlation_id))
        return Response(answered, 207, batch_headers(outcomes), mimetype="application/json")

    def _taken_apart(self, body: bytes) -> tuple[Sequence[bytes | Rejection], Common | None]:
        """The events of a batch, and what they share."""
        media_type, most = request.mimetype, self._batch.events
        if media_type == cloudevents.BATCH:
            return split(body, media_type=ARRAY, most=most), _common()
        if self._pipeline.takes_context and media_type != LINES and (found := unwrapped(body)):
            around = self._pipeline.common(found.rest)
            common = replace(around, application=current().application)
            return split(found.events, media_type=ARRAY, most=most), common
        return split(body, media_type=media_type, most=most), _common()

    def validate(self) -> Response:
        body, check = self._event()
        pipeline = self._pipeline
        try:
            checked = (check or pipeline.check)(pipeline.parse(body))
            found = would_store(pipeline.stamp(with_common(checked, _common())))
        except Rejection as rejection:
            found = would_refuse(rejection, correlation_id=current().correlation_id)
        return Response(orjson.dumps(found), mimetype="application/json")

    def _event(self) -> tuple[bytes, Check | None]:
        """The body with one event, and how it is to be checked if it is a CloudEvent."""
        media_type = request.mimetype
        if media_type == cloudevents.BATCH:
            detail = f"a batch of CloudEvents is sent to {paths.BATCH}"
            raise Rejection(Reason.MEDIA_TYPE_UNSUPPORTED, detail)
        if cloudevents.MARK not in request.headers or media_type == cloudevents.STRUCTURED:
            body = _received(self._body_limit_bytes, (*MEDIA_TYPES, cloudevents.STRUCTURED))
            is_structured = media_type == cloudevents.STRUCTURED
            return body, self._cloud_events.structured if is_structured else None
        # Without datacontenttype there is no Content-Type, and data is JSON.
        body = _received(self._body_limit_bytes, (ARRAY,) if media_type else (ARRAY, ""))
        attributes = cloudevents.attributes_in(request.headers.items(), media_type)
        return body or b"{}", partial(self._cloud_events.binary, attributes)


def _common() -> Common | None:
    """What is known of every event in the request: who sent it."""
    application = current().application
    return None if application is None else Common(application=application)


def _received(limit_bytes: int, media_types: Sequence[str]) -> bytes:
    """The body of the request, read and unpacked."""
    content_encoding = request.headers.get("Content-Encoding", "").strip().lower()
    check_headers(
        media_type=request.mimetype,
        charset=request.mimetype_params.get("charset", "").lower(),
        content_encoding=content_encoding,
        accepted=media_types,
    )
    try:
        body = read_body(
            request.stream, content_length=request.content_length, limit_bytes=limit_bytes
        )
    except ClientDisconnected as error:
        raise Rejection(Reason.LENGTH_INVALID, "the body ended too early") from error
    return decompress(body, content_encoding=content_encoding, limit_bytes=limit_bytes)


def answer(accepted: Accepted) -> dict[str, object]:
    """What the sender learns of a stored event."""
    return _with_answer({}, accepted)


def _with_answer(told: dict[str, object], accepted: Accepted) -> dict[str, object]:
    """``told``, with what the sender learns of a stored event behind it."""
    told["event_id"] = str(accepted.event_id)
    told["event"] = accepted.event
    told["version"] = accepted.version
    told["timestamp"] = shown_time(accepted.timestamp)
    if accepted.is_duplicate:
        told["duplicate"] = True
    return told


def batch_answer(outcomes: Sequence[Outcome], *, correlation_id: str) -> dict[str, object]:
    """What the sender learns of a batch: one result for each event, in the order sent."""
    refused = sum(isinstance(each, Rejection) for each in outcomes)
    limit_bytes = bytes_for_each(refused)
    return {
        "accepted": len(outcomes) - refused,
        "refused": refused,
        "results": [_result(each, correlation_id, limit_bytes) for each in outcomes],
    }


def _result(outcome: Outcome, correlation_id: str, limit_bytes: int) -> dict[str, object]:
    if isinstance(outcome, Rejection):
        told = problem(outcome, correlation_id=correlation_id, limit_bytes=limit_bytes)
        return {"status": outcome.status, "problem": told}
    return _with_answer({"status": 202}, outcome)


def batch_headers(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """How long to wait if any event is worth another try, and the first end of a version in it."""
    waits = [
        each.retry_after_seconds
        for each in outcomes
        if isinstance(each, Rejection) and each.retry_after_seconds is not None
    ]
    endings = [
        each.deprecation
        for each in outcomes
        if isinstance(each, Accepted) and each.deprecation is not None
    ]
    found = notice(min(endings, key=lambda each: each.sunset)) if endings else {}
    return {**found, **({"Retry-After": str(max(waits))} if waits else {})}


def _log_rejected(outcomes: Sequence[Outcome], *, correlation_id: str) -> None:
    """One line for a batch, whatever is wrong in it."""
    codes = Counter(str(each.reason) for each in outcomes if isinstance(each, Rejection))
    if codes:
        facts = {"codes": dict(codes), "correlation_id": correlation_id}
        _log.info("refused in a batch of %d", len(outcomes), extra=facts)


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
            "timestamp": shown_time(stamped.timestamp),
            "contract_version": contract.version,
            "data": {**stamped.request.data, **(stamped.context or {})},
        },
    }


def would_refuse(rejection: Rejection, *, correlation_id: str) -> dict[str, object]:
    """The dry run's report on an event that would get a problem document."""
    return {
        "accepted": False,
        "status": rejection.status,
        "problem": problem(rejection, correlation_id=correlation_id),
    }


def notice(deprecation: Deprecation) -> dict[str, str]:
    """Headers that tell a sender when its contract version ends (RFC 9745, RFC 8594)."""
    since, sunset = (
        dt.datetime.combine(day, dt.time(), dt.UTC)
        for day in (deprecation.since, deprecation.sunset)
    )
    return {"Deprecation": f"@{since.timestamp():.0f}", "Sunset": http_date(sunset)}
