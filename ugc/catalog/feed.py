"""The entries of the feed of contract changes. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.model.types import Contract
from ugc.catalog.about import About
from ugc.catalog.overview import Overview

MOST_ENTRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``id`` stays the same for ever; ``path`` is the page, below the site's own address."""

    id: str
    title: str
    summary: str
    path: str
    updated: dt.datetime

    @property
    def time(self) -> str:
        """As Atom writes it (RFC 3339)."""
        return self.updated.strftime("%Y-%m-%dT%H:%M:%SZ")


def entries(overview: Overview, about: About) -> tuple[Entry, ...]:
    """The newest changes first; only of versions whose time is known: Atom demands one of each."""
    found = [
        entry
        for contract in overview.catalog
        if (written := about.dates.get((contract.event, contract.version)))
        for entry in _of(contract, about, written)
    ]
    found.sort(key=lambda entry: entry.id)
    found.sort(key=lambda entry: entry.updated, reverse=True)
    return tuple(found[:MOST_ENTRIES])


def _of(contract: Contract, about: About, written: dt.datetime) -> Iterator[Entry]:
    said = "is new" if contract.version == 1 else f"has version {contract.version}"
    base = f"urn:ugc-events:{about.title}:{contract.event}:v{contract.version}"
    path = f"events/{contract.event}/"
    if contract.version > 1:
        path += f"changes/{contract.version - 1}-{contract.version}/"
    yield Entry(
        id=base,
        title=f"{contract.event} {said}",
        summary=f"{contract.title}. {contract.description} Owner: {contract.owner}.",
        path=path,
        updated=written,
    )
    if (ending := contract.deprecation) is not None:
        told = dt.datetime.combine(ending.since, dt.time(), dt.UTC)
        yield Entry(
            id=f"{base}:deprecated",
            title=f"{contract.id} is deprecated, and ends on {ending.sunset}",
            summary=ending.reason,
            path=f"events/{contract.event}/",
            updated=max(told, written),
        )
