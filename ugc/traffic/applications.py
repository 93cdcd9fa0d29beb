"""Which application sends what, in a project that has any. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from contracts.model.applications import HEADER, Application, Applications


def headers_for(applications: Applications | None, body: bytes) -> Mapping[str, str]:
    """The headers by which an application sends a request; none where nobody may.

    Of those that may send its event it is one without a rate, if there is any, and from a page of
    its own.
    """
    if applications is None:
        return {}
    event = _event_in(body)
    able = [
        each
        for each in applications.by_key.values()
        if not each.is_disabled and (event is None or each.may_send(event))
    ]
    able.sort(key=lambda each: each.rate is not None)
    return _headers(able[0]) if able else {}


def _headers(application: Application) -> Mapping[str, str]:
    page = {"Origin": min(application.origins)} if application.origins else {}
    return {HEADER: application.key, **page}


def _event_in(body: bytes) -> str | None:
    """The event that a request names; ``None`` where it is malformed, or names none."""
    try:
        named = orjson.loads(body)["event"]
    except (ValueError, TypeError, KeyError):
        return None
    return named if isinstance(named, str) else None
