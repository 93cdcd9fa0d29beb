"""How the pairs of a project are begun and ended, and which of them are its page views. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.model.loader import Catalog
from contracts.model.types import Contract, Field, Pairing, StringType, UuidType


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkPair:
    """A pair as a sender sees it.

    ``id`` is the one key that is a UUID, which a sender makes; None where keys are another's.
    ``shared`` are the fields that start and end both have, keys among them.
    """

    event: str
    start: Contract
    end: Contract
    id: str | None
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pair of a page view, and the field of its start with the kind of page."""

    pair: SdkPair
    type: str


def pairs_of(catalog: Catalog) -> Mapping[str, SdkPair]:
    """Derived event → its pair, by name."""
    return {
        event: _pair(catalog, event, pairing) for event, pairing in sorted(catalog.pairings.items())
    }


def pages_of(pairs: Mapping[str, SdkPair]) -> Pages | None:
    """The only pair that can be begun by a kind of page alone, and ended without anything.

    Of several the only one with ``page`` in its name; None when that does not decide.
    """
    found = [pages for pair in pairs.values() if (pages := _as_pages(pair)) is not None]
    if len(found) > 1:
        found = [pages for pages in found if "page" in pages.pair.event.split("_")]
    return found[0] if len(found) == 1 else None


def required(contract: Contract) -> tuple[Field, ...]:
    """The fields that an event has to have."""
    return tuple(field for field in contract.own.fields if field.required)


def _pair(catalog: Catalog, event: str, pairing: Pairing) -> SdkPair:
    start, end = catalog.get(pairing.start), catalog.get(pairing.end)
    fields = {field.json_name: field for field in start.own.fields}
    of_end = {field.json_name for field in end.own.fields}
    made = [
        key
        for key in pairing.keys
        if (field := fields.get(key)) is not None and isinstance(field.value.type, UuidType)
    ]
    return SdkPair(
        event=event,
        start=start,
        end=end,
        id=made[0] if len(made) == len(pairing.keys) == 1 else None,
        shared=tuple(name for name in fields if name in of_end),
    )


def _as_pages(pair: SdkPair) -> Pages | None:
    kinds = [field for field in required(pair.start) if field.json_name != pair.id]
    ends_alone = all(field.json_name in pair.shared for field in required(pair.end))
    if pair.id is None or not ends_alone or len(kinds) != 1:
        return None
    (kind,) = kinds
    return Pages(pair=pair, type=kind.json_name) if _is_text(kind) else None


def _is_text(field: Field) -> bool:
    return isinstance(field.value.type, StringType)
