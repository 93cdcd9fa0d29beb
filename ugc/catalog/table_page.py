"""Everything that a table's page shows: the data dictionary of one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.dictionary import column_names
from ch_schema.ddl.tables import Column, Table
from ch_schema.ddl.views import View
from ch_schema.values import is_nullable
from contracts.model.types import Contract
from contracts.visible import visible
from ugc.catalog.fields import shown
from ugc.catalog.overview import Overview
from ugc.catalog.snippets import Snippet, asking
from ugc.exporting.columns import described_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """``is_own``: a field of the event; else a column that every table has."""

    name: str
    type: str
    nullable: bool
    meaning: str
    pii: str | None
    values: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A view with ready answers."""

    name: str
    columns: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePage:
    """``contract`` is ``None`` for the tool's own tables, which have no view."""

    name: str
    qualified: str
    view: str | None
    about: str
    contract: Contract | None
    sorted_by: tuple[str, ...]
    retention_days: int | None
    personal_days: int | None
    columns: tuple[ColumnRow, ...]
    reports: tuple[ReportRow, ...]
    asking: tuple[Snippet, ...]


def table_page(overview: Overview, name: str) -> TablePage:
    """The page of an event's table, or of one of the tool's own.

    Raises:
        KeyError: there is no such table.
    """
    if name in overview.own_tables:
        return _own(overview.own_tables[name])
    table, contract = overview.tables[name], overview.catalog.get(name)
    names = overview.targets.databases
    values = {each.column.name: each.values for each in described_columns(contract)}
    return TablePage(
        name=name,
        qualified=f"{names.tables}.{name}",
        view=f"{names.unique}.{name}",
        about=f"{contract.title}. {contract.description}",
        contract=contract,
        sorted_by=(*table.sorting_key, "event_id"),
        retention_days=table.retention_days,
        personal_days=contract.table.personal_days,
        columns=_columns(table, values),
        reports=report_rows(overview.reports.get(name, ())),
        asking=asking(table, names),
    )


def _own(table: Table) -> TablePage:
    return TablePage(
        name=table.name,
        qualified=f"{table.database}.{table.name}",
        view=None,
        about=f"{table.comment}.",
        contract=None,
        sorted_by=table.sorting_key,
        retention_days=table.retention_days,
        personal_days=None,
        columns=_columns(table, {}),
        reports=(),
        asking=(),
    )


def _columns(table: Table, values: Mapping[str, list[Any] | None]) -> tuple[ColumnRow, ...]:
    return tuple(_column(column, values.get(column.name)) for column in table.columns)


def _column(column: Column, values: list[Any] | None) -> ColumnRow:
    return ColumnRow(
        name=column.name,
        type=column.type,
        nullable=is_nullable(column.type),
        meaning=visible(column.comment),
        pii=column.pii,
        values=tuple(map(shown, values or ())),
        is_own=column.read is not None,
    )


def report_rows(views: tuple[View, ...]) -> tuple[ReportRow, ...]:
    """Reports with their columns."""
    return tuple(
        ReportRow(
            name=f"{view.database}.{view.name}",
            columns=tuple(column_names(view)),
            comment=visible(view.comment),
        )
        for view in views
    )
