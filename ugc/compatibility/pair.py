"""The verdict on two versions of one event, whatever else there is. Pure."""

from __future__ import annotations

from ch_schema.ddl.tables import table_for
from ch_schema.migrate.diff import Step, table_changes
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from registry.avro import avro_schema
from ugc.compatibility import avro, http, tables
from ugc.compatibility.findings import EventReport


def between(catalog: Catalog, old: Contract, new: Contract) -> EventReport:
    """What it means to HTTP clients, Avro readers and the table that ``new`` follows ``old``.

    Unlike :func:`ugc.compatibility.judge.judge` it holds any two versions against each other, also
    when both are merged.  ``steps`` are those of an event that has a table.

    Raises:
        TableError: one of them fits no table.
    """
    steps: tuple[Step, ...] = ()
    if any(each.event == new.event for each in catalog.tables):
        database = catalog.naming.database
        steps = table_changes(table_for(old, database), table_for(new, database))
    written, read = avro_schema(catalog, old), avro_schema(catalog, new)
    findings = (
        *http.judge(old.schema, new.schema, old.id),
        *avro.judge(old, new, written, read),
        *tables.judge(old, new, steps),
    )
    return EventReport(
        event=new.event,
        contract=new.id,
        earlier=(old.id,),
        findings=tuple(sorted(findings, key=lambda each: not each.breaking)),
        steps=steps,
        forward=avro.forward(old, read, written),
    )
