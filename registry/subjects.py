"""Contracts ↔ subjects: one subject per event, named after its record."""

from __future__ import annotations

from contracts.loader import Catalog
from registry.avro import avro_schema, record_name, schema_text
from registry.client import SchemaRegistry
from registry.serde import SchemaIds

COMPATIBILITY = "BACKWARD_TRANSITIVE"
"""The loader reads everything with the newest contract, so each must read all earlier ones."""


def resolve_ids(registry: SchemaRegistry, catalog: Catalog) -> SchemaIds:
    """The id of every contract version. Registers nothing.

    Raises:
        SchemaNotFoundError: a version is not registered; ``ugc init`` does it.
        RegistryUnavailableError: the registry does not answer.
    """
    return {
        (contract.event, contract.version): registry.lookup(
            record_name(contract.event), schema_text(avro_schema(catalog, contract))
        )
        for contract in catalog
    }


def register_all(registry: SchemaRegistry, catalog: Catalog) -> SchemaIds:
    """Registers what is missing, oldest version first, and returns every id. Idempotent.

    Raises:
        SchemaRefusedError: the registry will not take a schema; earlier ones stay registered.
        RegistryUnavailableError: the registry does not answer.
    """
    for contract in catalog.newest:
        registry.set_compatibility(record_name(contract.event), COMPATIBILITY)
    return {
        (contract.event, contract.version): registry.register(
            record_name(contract.event), schema_text(avro_schema(catalog, contract))
        )
        for contract in catalog
    }
