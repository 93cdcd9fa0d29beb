"""The OpenAPI 3.1 document, made of the contracts through apispec. Pure.

For each version of an event that clients send there is a component ``<event>.v<N>`` (the request
envelope with ``event`` and ``version`` fixed) and one ``<event>.v<N>.data`` (the contract itself);
an event with several versions has one ``<event>`` beside them.  A request is one of the events,
told apart by ``event``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec

from api.docs import openapi_batch as batch
from api.docs import openapi_cloudevents as cloudevents
from api.docs import openapi_contracts as contracts
from api.docs import openapi_parts as parts
from api import paths
from contracts.model.loader import Catalog
from contracts.model.types import Contract, JsonSchema, Origin

Document = dict[str, Any]

_Versions = Mapping[str, tuple[Contract, ...]]
"""Event → its versions, oldest first."""


def document(catalog: Catalog, *, version: str) -> Document:
    """The whole document; ``version`` is that of the service."""
    accepted = _accepted(catalog)
    spec = APISpec(
        title="UGC events",
        version=version,
        openapi_version="3.1.0",
        info={"description": _description(accepted)},
        tags=[
            {"name": "events", "description": "What front ends send."},
            {"name": "contracts", "description": "The JSON Schemas that events are held against."},
            {"name": "health", "description": "For operators and orchestrators."},
        ],
    )
    for name, schema in _components(catalog, accepted).items():
        spec.components.schema(name, schema)
    for path, operations in _operations(accepted).items():
        spec.path(path, operations=operations)
    found: Document = spec.to_dict()
    return found


def _accepted(catalog: Catalog) -> _Versions:
    found: dict[str, tuple[Contract, ...]] = {}
    for contract in catalog:
        if contract.origin is Origin.CLIENT:
            found[contract.event] = (*found.get(contract.event, ()), contract)
    return found


def _description(accepted: _Versions) -> str:
    rows = [
        f"| `{event}` | {versions[-1].description} | {versions[-1].version} |"
        for event, versions in accepted.items()
    ]
    table = "\n".join(["| event | when | newest version |", "|---|---|---|", *rows])
    return f"{parts.DESCRIPTION}\n{table}\n"


def _components(catalog: Catalog, accepted: _Versions) -> Document:
    found: Document = {
        "Event": _any_event(accepted),
        "CloudEvent": cloudevents.any_event(accepted),
    }
    token = catalog.request.schema["properties"]["token"]
    for event, versions in accepted.items():
        if len(versions) > 1:
            found[event] = {"oneOf": [_reference(contract) for contract in versions]}
        for contract in versions:
            found[_name(contract)] = _request(catalog, contract, newest=versions[-1])
            found[f"{_name(contract)}.data"] = _data(contract)
        found.update(cloudevents.schemas(versions, versions[-1], token))
    return {**found, **parts.SCHEMAS, **batch.SCHEMAS, **contracts.SCHEMAS}


def _any_event(accepted: _Versions) -> Document:
    references = {
        event: _reference(versions[0])["$ref"] if len(versions) == 1 else parts.ref(event)["$ref"]
        for event, versions in accepted.items()
    }
    return {
        "description": "One event; `event` says which, and selects the contract of `data`.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "event", "mapping": references},
    }


def _request(catalog: Catalog, contract: Contract, *, newest: Contract) -> Document:
    """The request envelope of one contract version.

    ``version`` left out means the newest, so a request for any other has to name it.
    """
    envelope = catalog.request.schema
    named = () if contract is newest else ("version",)
    return {
        "title": contract.id,
        "description": contract.description,
        "type": "object",
        "additionalProperties": False,
        "required": [*envelope["required"], *named],
        "properties": {
            **envelope["properties"],
            "event": _constant(envelope["properties"]["event"], contract.event),
            "version": _constant(envelope["properties"]["version"], contract.version),
            "data": parts.ref(f"{_name(contract)}.data"),
        },
        "examples": [_example(contract, data) for data in contract.examples],
    }


def _constant(schema: JsonSchema, value: str | int) -> Document:
    return {"type": schema["type"], "description": schema["description"], "const": value}


def _data(contract: Contract) -> Document:
    """The contract as a component: its local references now start at the document's root."""
    schema = {key: value for key, value in contract.schema.items() if key != "$schema"}
    moved: Document = _moved(schema, parts.ref(f"{_name(contract)}.data")["$ref"])
    return moved


def _moved(schema: Any, root: str) -> Any:
    match schema:
        case {"$ref": str(reference), **rest} if reference.startswith("#"):
            return {"$ref": root + reference[1:], **_moved(rest, root)}
        case dict():
            return {key: _moved(value, root) for key, value in schema.items()}
        case list():
            return [_moved(each, root) for each in schema]
        case _:
            return schema


def _name(contract: Contract) -> str:
    return f"{contract.event}.v{contract.version}"


def _reference(contract: Contract) -> Mapping[str, str]:
    return parts.ref(_name(contract))


def _example(contract: Contract, data: Any) -> Document:
    return {"event": contract.event, "token": None, "data": data}


def _operations(accepted: _Versions) -> Mapping[str, Document]:
    return {
        paths.EVENTS: {"post": _post_event(accepted)},
        paths.BATCH: {"post": batch.operation()},
        paths.VALIDATE: {"post": _validate(accepted)},
        paths.CONTRACTS: {"get": contracts.LIST},
        f"{paths.CONTRACTS}/{{event}}": {"get": contracts.EVENT},
        f"{paths.CONTRACTS}/{{event}}/{{version}}": {"get": contracts.SCHEMA},
        paths.LIVE: {"get": parts.LIVE},
        paths.READY: {"get": parts.READY},
    }


def _post_event(accepted: _Versions) -> Document:
    newest = [versions[-1] for versions in accepted.values()]
    return {
        "tags": ["events"],
        "operationId": "postEvent",
        "summary": "Send one event",
        "description": parts.POST_DESCRIPTION + cloudevents.DESCRIPTION,
        "requestBody": _event_body(newest),
        "responses": {"202": parts.ACCEPTED_RESPONSE, **parts.rejections()},
    }


_OF_REQUEST = ("400", "408", "413", "415", "429", "500", "503")
"""With what a request may be refused whatever the event in it."""


def _validate(accepted: _Versions) -> Document:
    """The dry run: what is wrong with the request itself is an error, all else is its report."""
    errors = parts.rejections()
    return {
        "tags": ["events"],
        "operationId": "validateEvent",
        "summary": "Ask what would happen to an event",
        "description": parts.VALIDATE_DESCRIPTION,
        "requestBody": _event_body([versions[-1] for versions in accepted.values()]),
        "responses": {
            "200": parts.REPORT_RESPONSE,
            **{status: errors[status] for status in _OF_REQUEST},
        },
    }


def _event_body(newest: list[Contract]) -> Document:
    return {
        "required": True,
        "content": {
            "application/json": {"schema": parts.ref("Event"), "examples": _examples(newest)},
            "text/plain": {"schema": parts.BEACON},
            **cloudevents.content(newest),
        },
    }


def _examples(contracts: list[Contract]) -> Document:
    return {
        f"{contract.event}.{number}": {
            "summary": f"{contract.event}: {contract.title}",
            "value": _example(contract, data),
        }
        for contract in contracts
        for number, data in enumerate(contract.examples, start=1)
    }
