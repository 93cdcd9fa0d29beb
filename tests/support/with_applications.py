"""The project's contracts with applications that send them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contracts.model.loader import Catalog, load_catalog
from tests.support.contract_folder import copy_without_context
from tests.support.order import write
from tests.support.with_context import contracts_with_context

FILE = "applications.json"
PAGE = "https://shop.example.com"

WEB: dict[str, Any] = {
    "key": "web-5e0c81d2",
    "name": "web",
    "platform": "browser",
    "environment": "production",
    "origins": [PAGE],
}
PHONE: dict[str, Any] = {"key": "phone-77aa01", "name": "phone", "events": ["element_click"]}
SLOW: dict[str, Any] = {"key": "slow-1c3f55", "name": "slow", "rate_limit": "500/hour"}
OLD: dict[str, Any] = {"key": "old-000001", "name": "old", "disabled": True}


def document(*, required: bool = False) -> dict[str, Any]:
    return {"required": required, "applications": [WEB, PHONE, SLOW, OLD]}


def contracts_with_applications(
    folder: Path, *, has_context: bool = False, required: bool = False
) -> Path:
    make = contracts_with_context if has_context else copy_without_context
    contracts = make(folder)
    write(contracts / FILE, document(required=required))
    return contracts


@cache
def catalog_with_applications(*, has_context: bool = False, required: bool = False) -> Catalog:
    """Loaded once, since nothing changes it."""
    with TemporaryDirectory() as folder:
        contracts = contracts_with_applications(
            Path(folder), has_context=has_context, required=required
        )
        return load_catalog(contracts)
