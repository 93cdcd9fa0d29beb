"""The project's contracts with a context, and a payload of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contracts.model.loader import Catalog, load_catalog
from tests.support.contract_folder import change, copy_without_context
from tests.support.order import write
from ugc.project.context import context_document

CONTEXT = "context/v1.json"
SENT: dict[str, Any] = {"anonymous_id": "a-1", "session_id": "s-1", "sequence": 7}


def contracts_with_context(folder: Path, owner: str = "web") -> Path:
    """A copy of the project's contracts, with the context that ``new --context`` writes."""
    contracts = copy_without_context(folder)
    write(contracts / CONTEXT, context_document(owner))
    return contracts


def next_context(contracts: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """Version 2, a changed copy of the first."""
    path = contracts / "context/v2.json"
    path.write_text((contracts / CONTEXT).read_text())
    change(path, edit)
    return path


@cache
def catalog_with_context() -> Catalog:
    """Loaded once, since nothing changes it."""
    with TemporaryDirectory() as folder:
        contracts = contracts_with_context(Path(folder))
        pairing = {"duration_from": "occurred_at"}
        change(contracts / "events/page_view/v1.json", lambda d: d["x-pairing"].update(pairing))
        return load_catalog(contracts)


@cache
def nothing_said() -> dict[str, None]:
    """What a message of the project has of the context when its event was sent without one."""
    return dict.fromkeys(field.name for field in load_catalog().newest[0].context)


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()
