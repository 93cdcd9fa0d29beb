"""Events in the form of CloudEvents 1.0, in the OpenAPI document. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api import paths
from api.docs import openapi_parts as parts
from api.http.cloudevents import BATCH, STRUCTURED
from api.pipeline.cloudevents import KEPT_DIGITS, LONGEST, SPEC_VERSION, TIME
from contracts.model.context import OCCURRED_AT, PREFIX
from contracts.model.formats import PATTERNS
from contracts.model.types import Contract, JsonSchema

Document = dict[str, Any]

DESCRIPTION = f"""
A CloudEvent (1.0) is taken too: structured (`{STRUCTURED}`), or in binary mode, with its attributes
in headers `ce-…` and its data in the body. `type` is the event, `id` the `event_id` (beside
`source`, when it is no UUID), `dataschema` the version, and the extension `token` the user's token.
An attribute that nothing would keep is refused by name.
"""


def schemas(versions: Sequence[Contract], newest: Contract, token: JsonSchema) -> Document:
    """Component name → schema of the CloudEvents of one event, for each of its versions."""
    return {
        name_of(contract): _schema(contract, token, is_newest=contract is newest)
        for contract in versions
    }


def any_event(accepted: Mapping[str, Sequence[Contract]]) -> Document:
    """The CloudEvents of all events."""
    return {
        "description": "One event as a CloudEvent; `type` says which, as `event` does elsewhere.",
        "oneOf": [
            parts.ref(name_of(contract)) for versions in accepted.values() for contract in versions
        ],
    }


def content(newest: Sequence[Contract]) -> Document:
    """The body of a request with one."""
    return {
        STRUCTURED: {
            "schema": parts.ref("CloudEvent"),
            "examples": {contract.event: {"value": _example(contract)} for contract in newest},
        }
    }


def batch_content() -> Document:
    """The body of a request with many."""
    return {BATCH: {"schema": {"type": "array", "items": parts.ref("CloudEvent")}}}


def name_of(contract: Contract) -> str:
    """The name of the component."""
    return f"{contract.event}.v{contract.version}.cloudevent"


def _schema(contract: Contract, token: JsonSchema, *, is_newest: bool) -> Document:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST}
    named = () if is_newest else ("dataschema",)
    data = ("data",) if contract.schema.get("required") else ()
    return {
        "title": f"{contract.id} as a CloudEvent",
        "description": contract.description,
        "type": "object",
        # An attribute that is null is left out.
        "additionalProperties": {"type": "null"},
        "required": ["specversion", "type", "source", "id", *data, *named],
        "properties": {
            "specversion": {"type": "string", "const": SPEC_VERSION},
            "type": {"type": "string", "const": contract.event},
            "source": {**text, "description": "Where the event comes from. A Kafka header."},
            "id": {**text, "description": "Unique beside `source`. The `event_id`, if a UUID."},
            "dataschema": {
                **_said(_dataschema(contract), may_be_null=is_newest),
                "description": "The version of the contract; any URI that ends in the same way.",
            },
            "datacontenttype": _said("application/json", may_be_null=True),
            "time": _time(contract),
            "token": token,
            "data": parts.ref(f"{contract.event}.v{contract.version}.data"),
        },
    }


def _time(contract: Contract) -> Document:
    """What ``time`` may be: any of RFC 3339 where it becomes a header, else what a field keeps."""
    described = {"description": "When it happened. The field `occurred_at`, else a Kafka header."}
    own = any(field.json_name == "occurred_at" for field in contract.own.fields)
    common = any(field.json_name == f"{PREFIX}{OCCURRED_AT}" for field in contract.context)
    if not own and not common:
        return {"type": ["string", "null"], "pattern": TIME, **described}
    pattern = PATTERNS["date-time"]
    if not own:
        pattern = pattern.replace(f"{{1,{KEPT_DIGITS}}}", "{1,9}")
    return {"type": ["string", "null"], "format": "date-time", "pattern": pattern, **described}


def _said(text: str, *, may_be_null: bool) -> Document:
    if may_be_null:
        return {"type": ["string", "null"], "enum": [text, None]}
    return {"type": "string", "const": text}


def _dataschema(contract: Contract) -> str:
    return f"{paths.CONTRACTS}/{contract.event}/{contract.version}"


def _example(contract: Contract) -> Document:
    return {
        "specversion": SPEC_VERSION,
        "type": contract.event,
        "source": "https://www.example.com/",
        "id": "0190163d-8694-739b-aea5-966c26f8ad91",
        "dataschema": _dataschema(contract),
        "data": contract.examples[0] if contract.examples else {},
    }
