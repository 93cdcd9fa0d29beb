"""The views of analysts as sources of dbt, with tests and descriptions. Pure.

Only tests that dbt itself has: ``unique``, ``not_null``, ``accepted_values``.  Source:
https://docs.getdbt.com/reference/source-properties (1.10.5 and later, which know ``arguments``).

There is no ``freshness``: dbt compares the newest row with now, and how often an event happens is
nothing that a contract promises.
"""

from __future__ import annotations

import re
from typing import Any

from ch_schema.ddl.views import Databases
from ch_schema.values import is_nullable
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from ugc.exporting.columns import Described, described_columns

Document = dict[str, Any]

_JINJA = re.compile(r"\{(?=[{%#])")


def dbt_document(catalog: Catalog, *, name: str = "ugc") -> Document:
    """The properties file: one source, named ``name``, of all views without duplicates.

    Raises:
        TableError: a contract that no table can hold.
    """
    source = {
        "name": name,
        "description": "Events of visitors, one row for each. Made of the event contracts.",
        "schema": Databases().unique,
        "loaded_at_field": "loaded_at",
        "tables": [_table(contract) for contract in catalog.tables],
    }
    return {"version": 2, "sources": [source]}


def _table(contract: Contract) -> Document:
    found: Document = {
        "name": contract.event,
        "description": _text(f"{contract.title}. {contract.description}"),
        "meta": {"contract": contract.id, "owner": contract.owner},
    }
    return {**found, "columns": [_column(each) for each in described_columns(contract)]}


def _column(each: Described) -> Document:
    column = each.column
    found: Document = {"name": column.name, "data_type": column.type}
    if each.description:
        found["description"] = _text(each.description)
    if column.pii:
        found["meta"] = {"pii": column.pii}
    tests: list[Any] = []
    if column.name == "event_id" and column.read is None:
        tests.append("unique")
    if not is_nullable(column.type):
        tests.append("not_null")
    if values := each.values:
        tests.append({"accepted_values": {"arguments": _accepted(values)}})
    return {**found, "data_tests": tests} if tests else found


def _accepted(values: list[Any]) -> Document:
    if all(isinstance(value, str) for value in values):
        return {"values": [_text(value) for value in values]}
    return {"values": values, "quote": False}


def _text(text: str) -> str:
    """dbt takes descriptions and arguments for templates."""
    return _JINJA.sub("{{ '{' }}", text)
