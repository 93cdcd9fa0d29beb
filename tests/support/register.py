"""Registers contracts without the survey that ``ugc registry sync`` makes: for tests."""

from __future__ import annotations

from typing import Protocol

from contracts.model.loader import Catalog
from registry.avro import avro_schema, record_name, schema_text
from registry.serde import SchemaIds
from registry.subjects import COMPATIBILITY, SubjectOf


class Registering(Protocol):
    """The part of a registry that is needed here."""

    def register(self, subject: str, schema_text: str) -> int: ...

    def set_compatibility(self, subject: str, level: str) -> None: ...


def register_all(
    registry: Registering, catalog: Catalog, subject_of: SubjectOf = record_name
) -> SchemaIds:
    """Registers every contract version, oldest first; gives their ids."""
    for contract in catalog.newest:
        registry.set_compatibility(subject_of(contract.event), COMPATIBILITY)
    return {
        (contract.event, contract.version): registry.register(
            subject_of(contract.event), schema_text(avro_schema(catalog, contract))
        )
        for contract in catalog
    }
