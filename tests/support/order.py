"""An event of a shop that refers to a shared address, which refers to a shared country."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.contract_folder import copy_of_contracts

ORDER = "events/order_placed/v1.json"
ADDRESS = "shared/address/v1.json"
COUNTRY = "shared/country/v1.json"

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_HEAD = {"$schema": _DRAFT, "x-owner": "shop"}

COUNTRY_DOCUMENT: dict[str, Any] = {
    **_HEAD,
    "title": "Country",
    "description": "A country, by ISO 3166-1 alpha-2.",
    "type": "string",
    "pattern": "^[A-Z]{2}$",
    "maxLength": 2,
    "examples": ["NL"],
}
ADDRESS_DOCUMENT: dict[str, Any] = {
    **_HEAD,
    "title": "Address",
    "description": "Where something is sent.",
    "type": "object",
    "additionalProperties": False,
    "required": ["street", "country"],
    "properties": {
        "street": {
            "type": "string",
            "maxLength": 100,
            "x-pii": "free_text",
            "description": "Street and number.",
            "examples": ["Plein 1"],
        },
        "city": {
            "type": "string",
            "maxLength": 60,
            "description": "Town.",
            "examples": ["Utrecht"],
        },
        "country": {"$ref": "../country/v1.json"},
    },
    "examples": [{"street": "Plein 1", "city": "Utrecht", "country": "NL"}],
}
PAYLOAD: dict[str, Any] = {
    "order_id": "A-1",
    "ship_to": {"street": "Plein 1", "country": "NL"},
    "bill_to": {"street": "Plein 2", "city": "Utrecht", "country": "NL"},
}
ORDER_DOCUMENT: dict[str, Any] = {
    **_HEAD,
    "title": "An order was placed",
    "description": "A customer placed an order.",
    "x-origin": "client",
    "type": "object",
    "additionalProperties": False,
    "required": ["order_id", "ship_to", "bill_to"],
    "properties": {
        "order_id": {
            "type": "string",
            "maxLength": 20,
            "description": "The order's number.",
            "examples": ["A-1"],
        },
        "ship_to": {"$ref": "../../shared/address/v1.json"},
        "bill_to": {
            "$ref": "../../shared/address/v1.json",
            "description": "Where the invoice goes.",
        },
        "origin": {"$ref": "../../shared/country/v1.json"},
    },
    "examples": [PAYLOAD],
}


def write(path: Path, document: object) -> None:
    """A JSON file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def contracts_with_an_order(folder: Path) -> Path:
    """The project's contracts and those above, below ``folder``."""
    contracts = copy_of_contracts(folder)
    write(contracts / COUNTRY, COUNTRY_DOCUMENT)
    write(contracts / ADDRESS, ADDRESS_DOCUMENT)
    write(contracts / ORDER, ORDER_DOCUMENT)
    examples = contracts / "examples/order_placed/v1"
    write(examples / "valid/whole.json", PAYLOAD)
    write(examples / "invalid/no_street.json", {**PAYLOAD, "ship_to": {"country": "NL"}})
    return contracts
