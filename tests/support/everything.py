"""A shop's contracts with all that contracts can have, and texts that mean harm to whoever shows
them."""

from __future__ import annotations

import copy
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from contracts.model.loader import Catalog, load_catalog
from contracts.naming import Naming
from tests.support.order import ADDRESS, ADDRESS_DOCUMENT, COUNTRY, COUNTRY_DOCUMENT, write
from tests.support.shop import shop_contracts
from ugc.project.context import context_document

ORDER = "events/order_placed"
HOSTILE = "<script>alert(1)</script> & \u202e \u0007 {{ 7 * 7 }} '\"</code></title>"
TILL = "till-9d20aa41"


def everything(folder: Path) -> Path:
    """The contracts in a folder: three versions of ``order_placed``, of which the last breaks."""
    contracts = shop_contracts(folder)
    write(contracts / ADDRESS, ADDRESS_DOCUMENT)
    write(contracts / COUNTRY, COUNTRY_DOCUMENT)
    write(contracts / "context/v1.json", context_document("web"))
    first = json.loads((contracts / ORDER / "v1.json").read_text(encoding="utf-8"))
    second = _second(first)
    write(contracts / ORDER / "v2.json", second)
    write(contracts / ORDER / "v3.json", _third(second))
    ending = {"since": "2026-01-01", "sunset": "2026-12-31", "reason": HOSTILE}
    write(contracts / ORDER / "v1.json", {**first, "x-deprecated": ending})
    write(contracts / "applications.json", {"applications": _APPLICATIONS})
    return contracts


def _second(first: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(first)
    found["title"] = f"An order was placed {HOSTILE}"
    found["properties"]["ship_to"] = {
        "$ref": "../../shared/address/v1.json",
        "description": "Where it goes.",
    }
    found["properties"]["note"] = {
        "type": "string",
        "maxLength": 200,
        "x-pii": "free_text",
        "description": HOSTILE,
        "examples": [HOSTILE],
    }
    found["examples"] = [{**each, "note": HOSTILE} for each in found["examples"]]
    return found


def _third(second: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(second)
    found["properties"]["currency"]["enum"] = ["EUR"]
    found["examples"] = [{**each, "currency": "EUR"} for each in found["examples"]]
    return found


_APPLICATIONS = [
    {
        "key": "web-5e0c81d2",
        "name": "web_shop",
        "platform": HOSTILE,
        "origins": ["https://shop.example.com"],
        "rate_limit": "60000/minute",
    },
    {"key": TILL, "name": "till", "events": ["order_placed"]},
    {"key": "web-0b7d4410", "name": "web_shop", "disabled": True},
]


@cache
def catalog_with_everything() -> Catalog:
    """The same, loaded, of a project called ``shop``."""
    with tempfile.TemporaryDirectory() as folder:
        naming = Naming(database="shop", namespace="shop.events")
        return load_catalog(everything(Path(folder)), naming)
