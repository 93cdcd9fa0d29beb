"""Contracts ↔ subjects: one subject per event, named after its record, or its topic and record."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from contracts.model.loader import Catalog
from contracts.model.types import Contract
from contracts.naming import NAMESPACE
from registry.avro import avro_schema, record_name, schema_text
from registry.options import SubjectStrategy
from registry.serde import SchemaIds

COMPATIBILITY = "BACKWARD_TRANSITIVE"
"""The loader reads everything with the newest contract, so each must read all earlier ones."""

_AT_ONCE = 8
"""Lookups under way: a start asks for every contract, and each waits for the network."""

SubjectOf = Callable[[str], str]
"""Event → subject."""


class SchemaLookup(Protocol):
    """Whoever knows the ids of schemas: a registry, or what was remembered of one."""

    def lookup(self, subject: str, schema_text: str) -> int:
        """See :meth:`registry.client.SchemaRegistry.lookup`."""
        ...


def subject_prefix(strategy: SubjectStrategy, topic: str, namespace: str = NAMESPACE) -> str:
    """How all our subjects begin; no one else's may."""
    match strategy:
        case SubjectStrategy.RECORD:
            return f"{namespace}."
        case SubjectStrategy.TOPIC_RECORD:
            return f"{topic}-{namespace}."


def subject_names(strategy: SubjectStrategy, topic: str, namespace: str = NAMESPACE) -> SubjectOf:
    """How a strategy names the subjects of the events in a topic."""
    prefix = subject_prefix(strategy, topic, namespace)
    return lambda event: f"{prefix}{event}"


def resolve_ids(
    registry: SchemaLookup, catalog: Catalog, subject_of: SubjectOf | None = None
) -> SchemaIds:
    """The id of every contract version. Registers nothing.

    Without ``subject_of`` subjects are those of the record strategy.

    Raises:
        SchemaNotFoundError: a version is not registered; ``ugc init`` does it.
        RegistryUnavailableError: the registry does not answer.
    """
    contracts = list(catalog)

    def look_up(contract: Contract) -> int:
        text = schema_text(avro_schema(catalog, contract))
        subject = (
            subject_of(contract.event)
            if subject_of
            else record_name(contract.event, catalog.naming.namespace)
        )
        return registry.lookup(subject, text)

    # The first alone: a registry that is away is waited for once.
    ids = [look_up(contract) for contract in contracts[:1]]
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="schema-ids")
    try:
        ids += pool.map(look_up, contracts[1:])
    finally:
        pool.shutdown(cancel_futures=True)
    return {(c.event, c.version): i for c, i in zip(contracts, ids, strict=True)}
