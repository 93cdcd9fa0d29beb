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
from api.docs.openapi_examples import Examples, examples_of, request
from api.docs.openapi_refusals import rejections
from api import paths
from contracts.model import decimals
from contracts.model.formats import PATTERNS
from contracts.model.loader import Catalog
from contracts.model.shared import bundled_name, key_in, used_by
from contracts.model.types import Contract, JsonSchema, Origin

Document = dict[str, Any]

_Versions = Mapping[str, tuple[Contract, ...]]
"""Event → its versions, oldest first."""


def document(catalog: Catalog, *, version: str) -> Document:
    """The whole document; ``version`` is that of the service."""
    accepted = _accepted(catalog)
    examples = examples_of([versions[-1] for versions in accepted.values()])
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
    for name, schema in _components(catalog, accepted, examples).items():
        spec.components.schema(name, bounded(schema))
    for path, operations in _operations(catalog, accepted, examples).items():
        spec.path(path, operations=bounded(operations))
    found: Document = spec.to_dict()
    return found


def bounded(schema: Any) -> Any:
    """Schemas whose days and times also say, as a pattern, which of them are taken."""
    match schema:
        case {"type": kinds, "format": "date" | "date-time" as name, **rest} if (
            "string" in kinds and "pattern" not in rest
        ):
            return {**schema, "pattern": PATTERNS[name]}
        case dict():
            return {key: bounded(value) for key, value in schema.items()}
        case list():
            return [bounded(each) for each in schema]
        case _:
            return schema


def _accepted(catalog: Catalog) -> _Versions:
    found: dict[str, tuple[Contract, ...]] = {}
    for contract in catalog:
        if contract.origin is Origin.CLIENT:
            found[contract.event] = (*found.get(contract.event, ()), contract)
    return found


def _description(accepted: _Versions) -> str:
    rows = [
        f"| [`{event}`]({paths.CONTRACTS}/{event}) | {_in_cell(versions[-1].description)}"
        f" | {versions[-1].version} |"
        for event, versions in accepted.items()
    ]
    table = "\n".join(["| event | when | newest version |", "|---|---|---|", *rows])
    return f"{parts.DESCRIPTION}\n{table}\n"


def _in_cell(text: str) -> str:
    """A text in a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def _components(catalog: Catalog, accepted: _Versions, examples: Examples) -> Document:
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
            found.update(_shared(contract.schema))
        found.update(cloudevents.schemas(versions, versions[-1], token))
    return {
        **found,
        **parts.schemas(examples),
        **batch.schemas(examples),
        **contracts.schemas(examples),
    }


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
        "examples": [request(contract, data) for data in contract.examples],
    }


def _constant(schema: JsonSchema, value: str | int) -> Document:
    return {"type": schema["type"], "description": schema["description"], "const": value}


def _data(contract: Contract) -> Document:
    """The contract as a component: its local references start at the document's root.

    A decimal's form is told in the words of JSON Schema too, as far as it has them: for texts.
    """
    own = {key: value for key, value in contract.schema.items() if key != "$schema"}
    if shared := used_by(contract.schema):
        taken_out = frozenset(map(bundled_name, shared))
        definitions = {name: each for name, each in own["$defs"].items() if name not in taken_out}
        own = {**own, "$defs": definitions}
        if not definitions:
            del own["$defs"]
    moved: Document = _moved(own, parts.ref(f"{_name(contract)}.data")["$ref"])
    return moved


def _shared(schema: JsonSchema) -> Document:
    """The shared definitions that a schema refers to, each a component that all of them use."""
    return {name: _moved(schema["$defs"][name], "") for name in map(bundled_name, used_by(schema))}


def _moved(schema: Any, root: str) -> Any:
    match schema:
        case {decimals.KEYWORD: dict(digits), **_rest} if "type" in schema:
            pattern = decimals.text_pattern(digits["precision"], digits["scale"])
            return {**schema, "format": "decimal", "pattern": pattern}
        case {"$ref": str(reference), **rest} if key := key_in(reference):
            return {**parts.ref(bundled_name(key)), **_moved(rest, root)}
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


def _operations(
    catalog: Catalog, accepted: _Versions, examples: Examples
) -> Mapping[str, Document]:
    known = catalog.applications
    errors = rejections(examples, has_applications=known is not None)
    posts = {
        paths.EVENTS: _post_event(accepted, examples, errors),
        paths.BATCH: batch.operation(
            examples, catalog.context, has_applications=known is not None
        ),
        paths.VALIDATE: _validate(accepted, examples, errors),
    }
    keys = {} if known is None else {"parameters": parts.key_parameters()}
    return {
        **{path: {"post": {**each, **keys}} for path, each in posts.items()},
        **contracts.operations(examples),
        paths.LIVE: {"get": parts.LIVE},
        paths.READY: {"get": parts.READY},
    }


def _post_event(accepted: _Versions, examples: Examples, errors: Document) -> Document:
    return {
        "tags": ["events"],
        "operationId": "postEvent",
        "summary": "Send one event",
        "description": parts.POST_DESCRIPTION + cloudevents.DESCRIPTION,
        "requestBody": _event_body(accepted, examples),
        "responses": {"202": parts.ACCEPTED_RESPONSE, **errors},
    }


_OF_REQUEST = ("400", "403", "408", "413", "415", "429", "500", "503")
"""With what a request may be refused whatever the event in it."""


def _validate(accepted: _Versions, examples: Examples, errors: Document) -> Document:
    """The dry run: what is wrong with the request itself is an error, all else is its report."""
    return {
        "tags": ["events"],
        "operationId": "validateEvent",
        "summary": "Ask what would happen to an event",
        "description": parts.VALIDATE_DESCRIPTION,
        "requestBody": _event_body(accepted, examples),
        "responses": {
            "200": parts.REPORT_RESPONSE,
            **{status: errors[status] for status in _OF_REQUEST if status in errors},
        },
    }


def _event_body(accepted: _Versions, examples: Examples) -> Document:
    newest = [versions[-1] for versions in accepted.values()]
    return {
        "required": True,
        "content": {
            "application/json": {"schema": parts.ref("Event"), "examples": _examples(newest)},
            "text/plain": {"schema": parts.beacon(examples)},
            **cloudevents.content(newest),
        },
    }


def _examples(contracts: list[Contract]) -> Document:
    return {
        f"{contract.event}.{number}": {
            "summary": f"{contract.event}: {contract.title}",
            "value": request(contract, data),
        }
        for contract in contracts
        for number, data in enumerate(contract.examples, start=1)
    }
