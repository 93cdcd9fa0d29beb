"""``GET /api/v1/contracts…``: the JSON Schemas that events are held against, for caches to keep.

A browser that opens one is led to the event's page, where there is a catalogue.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from api import paths
from api.errors import Rejection
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from contracts.reasons import Reason

CACHE_CONTROL = "public, max-age=300"
"""Five minutes: a contract changes with a deployment only, and its deprecation must be seen."""

_SCHEMA_TYPE = "application/schema+json"

_Answer = TypeVar("_Answer", bound=AnyResponse)


def blueprint(catalog: Catalog, *, has_pages: bool = False) -> Blueprint:
    """The routes over one catalog; what they answer is rendered once.

    ``has_pages``: whoever would rather have HTML is sent to the page.
    """
    routes = Blueprint("contracts", __name__)
    by_event: dict[str, dict[str, Contract]] = {}
    for contract in catalog:
        by_event.setdefault(contract.event, {})[str(contract.version)] = contract
    entries = {event: _event(list(versions.values())) for event, versions in by_event.items()}

    @routes.before_request
    def lead_to_page() -> AnyResponse | None:
        if not has_pages or not _wants_page():
            return None
        arguments = request.view_args or {}
        event, version = arguments.get("event"), arguments.get("version")
        if event is None:
            return _varied(redirect(f"{paths.CATALOG}/"))
        if event not in by_event or (version is not None and version not in by_event[event]):
            return None
        anchor = "" if version is None else f"#v{version}"
        return _varied(redirect(f"{paths.CATALOG}/events/{event}/{anchor}"))

    @routes.after_request
    def vary(response: Response) -> Response:
        return _varied(response) if has_pages else response

    @routes.get(paths.CONTRACTS)
    def contracts() -> Response:
        return _cacheable({"contracts": list(entries.values())}, "application/json")

    @routes.get(f"{paths.CONTRACTS}/<event>")
    def versions(event: str) -> Response:
        if event not in entries:
            raise _absent()
        return _cacheable(entries[event], "application/json")

    @routes.get(f"{paths.CONTRACTS}/<event>/<version>")
    def schema(event: str, version: str) -> Response:
        contract = by_event.get(event, {}).get(version)
        if contract is None:
            raise _absent()
        return _cacheable(contract.schema, _SCHEMA_TYPE)

    return routes


def _wants_page() -> bool:
    """Whether HTML is wanted more than JSON: a browser's address bar, and no library's default."""
    wanted = request.accept_mimetypes
    return wanted.quality("text/html") > max(
        map(wanted.quality, ("application/json", _SCHEMA_TYPE))
    )


def _varied(response: _Answer) -> _Answer:
    """Told to caches, which keep both answers apart by it."""
    response.vary.add("Accept")
    return response


def _absent() -> Rejection:
    """Without the name that was asked for: it may be anything."""
    return Rejection(Reason.NOT_FOUND, f"there is no such contract; {paths.CONTRACTS} lists them")


def _event(versions: list[Contract]) -> dict[str, Any]:
    newest = versions[-1]
    return {
        "event": newest.event,
        "origin": str(newest.origin),
        "newest": newest.version,
        "versions": [_version(contract) for contract in versions],
    }


def _version(contract: Contract) -> dict[str, Any]:
    ending = contract.deprecation
    return {
        "version": contract.version,
        "title": contract.title,
        "schema": f"{paths.CONTRACTS}/{contract.event}/{contract.version}",
        "sunset": None if ending is None else ending.sunset.isoformat(),
    }


def _cacheable(document: Any, media_type: str) -> Response:
    """The document, or 304 when the sender has it already."""
    body = orjson.dumps(document)
    response = Response(body, mimetype=media_type, headers={"Cache-Control": CACHE_CONTROL})
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
