"""All contracts as one JSON Schema document that needs no other. Pure.

The document itself is the schema of a request to the API.  Under ``$defs`` lies, for each version
of each event, ``<event>.v<N>.data`` (what a contract file says) and, where clients send it,
``<event>.v<N>`` (the request with ``event`` and ``version`` fixed).  Each has an ``$id`` of its
own, so that references inside of it mean what they mean in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Document = dict[str, Any]


def bundle_document(catalog: Catalog) -> Document:
    """The same for the same contracts; formats are meant to be asserted."""
    definitions: Document = {}
    requests: list[Document] = []
    for contract in catalog:
        definitions[f"{_name(contract)}.data"] = {"$id": _urn(contract, "data"), **contract.schema}
        if contract.origin is Origin.CLIENT:
            definitions[_name(contract)] = _request(catalog, contract)
            requests.append({"$ref": _urn(contract, "request")})
    return {
        "$schema": DRAFT,
        "$id": "urn:ugc-events:requests",
        "title": "Events",
        "description": "A request with one event; $defs holds the schema of each event's data.",
        **({"oneOf": requests} if requests else {"not": {}}),
        "$defs": definitions,
    }


def _request(catalog: Catalog, contract: Contract) -> Document:
    """``version`` may be left out where it is the newest."""
    envelope: Mapping[str, Any] = catalog.request.schema
    properties = envelope["properties"]
    named = () if contract is catalog.get(contract.event) else ("version",)
    return {
        "$id": _urn(contract, "request"),
        "title": contract.id,
        "description": contract.description,
        "type": "object",
        "additionalProperties": False,
        "required": [*envelope["required"], *named],
        "properties": {
            **properties,
            "event": {"type": "string", "const": contract.event},
            "version": {"type": "integer", "const": contract.version},
            "data": {"$ref": _urn(contract, "data")},
        },
    }


def _name(contract: Contract) -> str:
    return f"{contract.event}.v{contract.version}"


def _urn(contract: Contract, what: str) -> str:
    return f"urn:ugc-events:{contract.event}:v{contract.version}:{what}"
