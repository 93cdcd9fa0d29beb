"""Kafka values of every contract version, made from its valid examples."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass

from contracts.model.loader import Catalog, default_folder
from registry.client import SchemaRegistry
from registry.options import SubjectStrategy
from registry.serde import Encoder
from registry.subjects import resolve_ids
from registry.sync import sync

TIME = dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, dt.UTC)


@dataclass(frozen=True)
class Wire:
    """One message as the API publishes it."""

    key: bytes
    value: bytes


def wires(catalog: Catalog, registry: SchemaRegistry) -> list[Wire]:
    """A message for each valid example; registers the contracts first."""
    sync(registry, catalog, SubjectStrategy.RECORD, "ugc.events")
    encoder = Encoder(catalog, resolve_ids(registry, catalog))
    found = []
    for contract in catalog:
        folder = default_folder() / "examples" / contract.event / f"v{contract.version}" / "valid"
        for number, file in enumerate(sorted(folder.glob("*.json"))):
            value = encoder.encode(
                contract,
                event_id=uuid.uuid5(uuid.NAMESPACE_URL, f"{contract.id}/{number}"),
                user_id="имя 😀",
                timestamp=TIME,
                data=json.loads(file.read_text(encoding="utf-8")),
            )
            found.append(Wire(contract.event.encode(), value))
    assert len(found) >= len(list(catalog))
    return found
