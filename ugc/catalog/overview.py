"""What the pages need to know of all contracts together: tables, owners, who uses what. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ch_schema.ddl.tables import Table, table_for
from ch_schema.ddl.targets import Targets, targets_for
from ch_schema.ddl.views import View
from contracts.model.loader import Catalog
from contracts.model.shared import Key
from contracts.model.types import Contract, JsonSchema
from ugc.catalog.fields import FieldRow, field_rows
from ugc.compatibility.findings import EventReport
from ugc.compatibility.pair import between
from ugc.project.tables import INTERNAL


@dataclass(frozen=True, slots=True)
class Use:
    """A field that is a shared definition."""

    contract: Contract
    path: str


class Overview:
    """A catalog, and what follows from it; each figure is made when it is first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._rows: dict[str, tuple[FieldRow, ...]] = {}
        self._reports: dict[tuple[str, str], EventReport] = {}

    @cached_property
    def targets(self) -> Targets:
        """Every table and view.

        Raises:
            TableError: a contract that no table can hold.
        """
        return targets_for(self.catalog, INTERNAL)

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """Event → its table; of those that have one."""
        database = self.targets.databases.tables
        return {each.event: table_for(each, database) for each in self.catalog.tables}

    @cached_property
    def own_tables(self) -> Mapping[str, Table]:
        """The tables that belong to the tool, by name."""
        return {t.name: t for t in self.targets.tables if t.name not in self.targets.contracts}

    @cached_property
    def reports(self) -> Mapping[str, tuple[View, ...]]:
        """Event → the reports that are made of it alone; those of all events are under ""."""
        found: dict[str, tuple[View, ...]] = {}
        for view in self.targets.views:
            if view.database == self.targets.databases.reports:
                event, parted, _ = view.name.partition("__")
                name = event if parted and event in self.tables else ""
                found[name] = (*found.get(name, ()), view)
        return found

    @cached_property
    def becomes(self) -> Mapping[str, tuple[str, ...]]:
        """Half of a pair → the derived events that are made of it."""
        found: dict[str, tuple[str, ...]] = {}
        for event, pairing in self.catalog.pairings.items():
            for half in dict.fromkeys((pairing.start, pairing.end)):
                found[half] = (*found.get(half, ()), event)
        return found

    @cached_property
    def owners(self) -> Mapping[str, tuple[Contract, ...]]:
        """Owner → the newest contracts of its events, by name."""
        found: dict[str, tuple[Contract, ...]] = {}
        for contract in self.catalog.newest:
            found[contract.owner] = (*found.get(contract.owner, ()), contract)
        for document in self.catalog.shared.documents.values():
            found.setdefault(str(document["x-owner"]), ())
        return dict(sorted(found.items()))

    @cached_property
    def uses(self) -> Mapping[Key, tuple[Use, ...]]:
        """Shared definition → the fields of all versions that are one, by event and version."""
        found: dict[Key, tuple[Use, ...]] = {}
        for contract in self.catalog:
            if "$defs" not in contract.schema:
                continue
            for row in self.fields(contract):
                if row.shared is not None:
                    found[row.shared] = (*found.get(row.shared, ()), Use(contract, row.path))
        return found

    def fields(self, contract: Contract) -> tuple[FieldRow, ...]:
        """The fields of one version."""
        if contract.id not in self._rows:
            self._rows[contract.id] = field_rows(contract.schema)
        return self._rows[contract.id]

    def report(self, old: Contract, new: Contract) -> EventReport:
        """The verdict on two versions of one event."""
        key = (old.id, new.id)
        if key not in self._reports:
            self._reports[key] = between(self.catalog, old, new)
        return self._reports[key]

    @cached_property
    def context(self) -> tuple[FieldRow, ...]:
        """The fields that every event may be sent with; none where there is no context."""
        context = self.catalog.context
        schema: JsonSchema = context.schema if context is not None and context.is_sent else {}
        return field_rows(schema)

    def versions(self, event: str) -> list[Contract]:
        """Newest first."""
        known = self.catalog.versions[event]
        return [known[number] for number in sorted(known, reverse=True)]

    def senders(self, event: str) -> tuple[str, ...] | None:
        """The applications that may send an event; ``None`` where anybody may."""
        known = self.catalog.applications
        return None if known is None else known.senders_of(event)

    def halves(self, contract: Contract) -> Iterator[Contract]:
        """The events that a derived event is made of."""
        if contract.pairing is not None:
            yield self.catalog.get(contract.pairing.start)
            yield self.catalog.get(contract.pairing.end)
