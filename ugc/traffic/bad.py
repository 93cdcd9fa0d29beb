"""Requests that the API has to refuse: the contracts' invalid examples and broken envelopes."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.model.loader import Catalog
from contracts.model.types import Origin

_BROKEN = (
    b"",
    b"{",
    b'{"event": "element_click", "event": "element_click", "token": null, "data": {}}',
    b'{"event": "no_such_event", "token": null, "data": {}}',
    b'{"event": "page_view", "token": null, "data": {}}',
    b'{"event": "element_click", "token": "not-a-token",'
    b' "data": {"element_type": "movie", "page_type": "main"}}',
    b'{"event": "element_click", "token": null, "data": {"element_type": NaN, "page_type": "x"}}',
)


def bad_bodies(catalog: Catalog, contracts_folder: Path) -> tuple[bytes, ...]:
    """Request bodies of many kinds, each refused with a reason code."""
    found = list(_BROKEN)
    for contract in catalog.newest:
        if contract.origin is Origin.CLIENT:
            folder = contracts_folder / "examples" / contract.event / f"v{contract.version}"
            for path in sorted((folder / "invalid").glob("*.json")):
                data = json.loads(path.read_text(encoding="utf-8"))
                message = {"event": contract.event, "token": None, "data": data}
                found.append(json.dumps(message).encode())
    return tuple(found)
