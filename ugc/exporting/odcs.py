"""The views of analysts as a contract of the Open Data Contract Standard 3.1 or 3.2. Pure.

Source: https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.views import Databases
from ch_schema.values import is_nullable
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from ugc.exporting.columns import Described, described_columns

STANDARDS = ("3.1", "3.2")

_LOGICAL_TYPES: tuple[tuple[str, str], ...] = (
    ("DateTime", "timestamp"),
    ("Date", "date"),
    ("Int", "integer"),
    ("UInt", "integer"),
    ("Float", "number"),
    ("Decimal", "number"),
    ("Bool", "boolean"),
    ("Array", "array"),
    ("Nested", "array"),
    ("Map", "object"),
    ("Tuple", "object"),
)
"""How a type of ClickHouse begins → what ODCS calls it; any other is a string."""

_WRAPPED = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
"""Keywords that mean in ODCS what they mean in JSON Schema."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the contracts do not say: ``server`` is host and port of ClickHouse, if known."""

    identity: str = "ugc-events"
    version: str = "1.0.0"
    standard: str = STANDARDS[0]
    server: tuple[str, int] | None = None


def odcs_document(catalog: Catalog, about: About) -> Document:
    """One data contract with a schema for each view without duplicates.

    Raises:
        TableError: a contract that no table can hold.
    """
    found: Document = {
        "apiVersion": f"v{about.standard}.0",
        "kind": "DataContract",
        "id": about.identity,
        "name": "Events of visitors",
        "version": about.version,
        "status": "active",
        "description": {
            "purpose": "Events of visitors, one row for each, as their contracts describe them.",
            "usage": "Times are UTC. Made of the event contracts; a change is made there.",
        },
    }
    if about.server is not None:
        host, port = about.server
        database = Databases().unique
        server = {"server": "clickhouse", "type": "clickhouse"}
        found["servers"] = [{**server, "host": host, "port": port, "database": database}]
    found["schema"] = [_schema(contract) for contract in catalog.tables]
    promises = [promise for contract in catalog.tables for promise in _promises(contract)]
    if promises:
        found["slaProperties"] = promises
    return found


def _schema(contract: Contract) -> Document:
    found: Document = {
        "name": contract.event,
        "logicalType": "object",
        "physicalName": contract.event,
        "physicalType": "view",
        "businessName": contract.title,
        "description": contract.description,
        "dataGranularityDescription": "One row per event.",
        "tags": [f"owner:{contract.owner}"],
        "customProperties": [
            {"property": "contract", "value": contract.id},
            {"property": "owner", "value": contract.owner},
            {"property": "madeBy", "value": str(contract.origin)},
        ],
        "properties": [_property(each) for each in described_columns(contract)],
    }
    return found


def _property(each: Described) -> Document:
    column = each.column
    kind = logical_type(column.type)
    found: Document = {"name": column.name, "logicalType": kind, "physicalType": column.type}
    if options := _options(kind, column.type, each.schema):
        found["logicalTypeOptions"] = options
    if each.description:
        found["description"] = each.description
    if not is_nullable(column.type):
        found["required"] = True
    if column.name == "event_id" and column.read is None:
        found |= {"primaryKey": True, "primaryKeyPosition": 1, "unique": True}
    if column.pii:
        found |= {"classification": "personal", "tags": [f"pii:{column.pii}"]}
    if kind == "array":
        items = each.schema.get("items", {})
        found["items"] = _items(_inside(column.type), items if isinstance(items, Mapping) else {})
    if examples := list(each.schema.get("examples", ())):
        found["examples"] = examples
    if values := each.values:
        found["quality"] = [
            {
                "type": "library",
                "metric": "invalidValues",
                "arguments": {"validValues": values},
                "mustBe": 0,
                "description": "Only the values that the contract lists.",
            }
        ]
    return found


def _items(physical: str, schema: Mapping[str, Any]) -> Document:
    """What a list holds, as far as it is a type of its own."""
    kind = logical_type(physical)
    options = _options(kind, physical, schema)
    found: Document = {"logicalType": kind, "physicalType": physical}
    found |= {"logicalTypeOptions": options} if options else {}
    if kind == "array":
        found["items"] = _items(_inside(physical), schema.get("items", {}))
    return found


def _options(kind: str, physical: str, schema: Mapping[str, Any]) -> Document:
    if kind == "string" and _bare(physical) == "UUID":
        return {"format": "uuid"}
    listed = schema.get("type")
    kinds = [listed] if isinstance(listed, str) else listed or []
    if kind not in kinds:  # Such as JSON text, whose schema is about what the text says.
        return {}
    return {keyword: schema[keyword] for keyword in _OPTIONS.get(kind, ()) if keyword in schema}


def logical_type(physical: str) -> str:
    """ODCS's word for a type of ClickHouse."""
    bare = _bare(physical)
    return next((kind for start, kind in _LOGICAL_TYPES if bare.startswith(start)), "string")


def _bare(physical: str) -> str:
    while found := _WRAPPED.fullmatch(physical):
        physical = found[1]
    return physical


def _inside(physical: str) -> str:
    return _bare(physical).partition("(")[2].removesuffix(")")


def _promises(contract: Contract) -> Iterator[Document]:
    element = f"{contract.event}.timestamp"
    if contract.table.retention_days is not None:
        days = contract.table.retention_days
        yield {"property": "retention", "value": days, "unit": "d", "element": element}
    if (seconds := contract.quality.max_freshness_seconds) is not None:
        yield {"property": "latency", "value": seconds, "unit": "s", "element": element}
