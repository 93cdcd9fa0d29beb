"""What the tracker has to know of a project at run time. Pure."""

from __future__ import annotations

from typing import Any

from contracts.model.loader import Catalog
from contracts.model.types import Origin
from ugc.sdk.pairs import SdkPair, pages_of, pairs_of

KNOWN = ("anonymous_id", "session_id", "occurred_at", "sequence", "page_url", "referrer", "locale")
"""Fields of a context that the tracker fills in by itself (``core/src/tracker.ts``)."""


def settings_of(catalog: Catalog) -> dict[str, Any]:
    """The options of ``createTracker`` that a project's contracts decide."""
    pairs = pairs_of(catalog)
    pages = pages_of(pairs)
    return {
        "fields": known_fields(catalog),
        "versions": {
            contract.event: contract.version
            for contract in catalog.newest
            if contract.origin is Origin.CLIENT
        },
        "pairs": {event: _pair(pair) for event, pair in pairs.items()},
        **({} if pages is None else {"pages": {"pair": pages.pair.event, "type": pages.type}}),
    }


def known_fields(catalog: Catalog) -> list[str]:
    """Of the project's context; none without one."""
    context = catalog.context
    if context is None or not context.is_sent:
        return []
    return [name for name in KNOWN if name in context.schema["properties"]]


def _pair(pair: SdkPair) -> dict[str, Any]:
    return {
        "start": pair.start.event,
        "end": pair.end.event,
        **({} if pair.id is None else {"id": pair.id}),
        "shared": list(pair.shared),
    }
