"""Asks a registry that is live whether it knows the old schemas and would take the new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.model.loader import Catalog
from contracts.model.types import Contract
from registry.avro import avro_schema, record_name, schema_text
from registry.client import SchemaRegistry
from registry.errors import SchemaNotFoundError
from registry.subjects import SubjectOf
from ugc.compatibility.findings import EventReport, Finding, Report, Target
from ugc.compatibility.snapshot import Snapshot


def with_registry(
    report: Report,
    base: Snapshot,
    head: Snapshot,
    registry: SchemaRegistry,
    subject_of: SubjectOf | None = None,
) -> Report:
    """The report, with what the registry says about each event in it.

    Nothing is registered.

    Raises:
        RegistryUnavailableError: no answer in time.
        SchemaRefusedError: the registry takes a schema for no Avro schema.
    """

    def asked(event: EventReport) -> Iterator[Finding]:
        subject = (
            subject_of(event.event)
            if subject_of
            else record_name(event.event, head.catalog.naming.namespace)
        )
        merged = base.catalog.versions.get(event.event, {})
        for contract in merged.values():
            yield from _known(registry, subject, base.catalog, contract)
        for number, contract in sorted(head.catalog.versions.get(event.event, {}).items()):
            if number not in merged:
                yield _taken(registry, subject, head.catalog, contract)

    events = tuple(
        replace(event, findings=event.findings + tuple(asked(event))) for event in report.events
    )
    return Report(events=events)


def _known(
    registry: SchemaRegistry, subject: str, catalog: Catalog, contract: Contract
) -> Iterator[Finding]:
    try:
        registry.lookup(subject, schema_text(avro_schema(catalog, contract)))
    except SchemaNotFoundError:
        yield Finding(
            code="registry.lacks",
            target=Target.REGISTRY,
            breaking=True,
            pointer="",
            message=f"{subject} lacks {contract.id}, which is merged",
            way_out="run `ugc init` of the merged contracts against this registry",
        )


def _taken(registry: SchemaRegistry, subject: str, catalog: Catalog, contract: Contract) -> Finding:
    if registry.is_compatible(subject, schema_text(avro_schema(catalog, contract))):
        return Finding(
            code="registry.takes",
            target=Target.REGISTRY,
            breaking=False,
            pointer="",
            message=f"{subject} takes {contract.id}",
        )
    return Finding(
        code="registry.refuses",
        target=Target.REGISTRY,
        breaking=True,
        pointer="",
        message=f"{subject} refuses {contract.id}: it cannot follow what is registered",
        way_out="see the findings for Avro; if there are none, the registry has other versions",
    )
