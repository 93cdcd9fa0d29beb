"""Contracts → an AsyncAPI 3 document of the topic. Pure.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0 and, for the bindings,
https://github.com/asyncapi/bindings/tree/master/kafka (version 0.5.0).
"""

from __future__ import annotations

from typing import Any

from contracts.model.loader import Catalog
from contracts.model.types import Contract
from registry.avro import avro_schema
from registry.keys import wholes_by_half
from registry.options import SubjectStrategy
from registry.subjects import subject_names

_BINDING = "0.5.0"
_AVRO = "application/vnd.apache.avro+json;version=1.9.0"
_STRATEGIES = {
    SubjectStrategy.RECORD: "RecordNameStrategy",
    SubjectStrategy.TOPIC_RECORD: "TopicRecordNameStrategy",
}

Document = dict[str, Any]


def asyncapi_document(
    catalog: Catalog, *, topic: str, strategy: SubjectStrategy = SubjectStrategy.RECORD
) -> Document:
    """The document, the same for the same contracts.

    Args:
        catalog: every version of every event is one message.
        topic: where the messages are.
        strategy: how the subjects of their schemas are named.
    """
    messages = {
        _key(contract): _message(catalog, contract, topic, strategy) for contract in catalog
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "UGC events",
            "version": f"{catalog.message.version}.0.0",
            "description": "Events of visitors as the service publishes them in Kafka. A value is "
            "Avro in Confluent framing: a zero byte, the schema id in four bytes (big-endian), the "
            "record. The key is the event's name, or a name, a colon and what stands for the user: "
            "two halves of a pair then bear the name of the event that they become.",
        },
        "defaultContentType": "application/vnd.apache.avro+binary",
        "channels": {
            "events": {
                "address": topic,
                "title": "Accepted events",
                "description": "Every event that the service has answered with 202.",
                "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in messages},
                "bindings": {"kafka": {"topic": topic, "bindingVersion": _BINDING}},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "The HTTP service publishes an event that it has validated.",
            },
            "load": {
                "action": "receive",
                "channel": {"$ref": "#/channels/events"},
                "summary": "The loader reads every event with the newest version of its contract.",
            },
        },
        "components": {"messages": messages},
    }


def _key(contract: Contract) -> str:
    return f"{contract.event}.v{contract.version}"


def _message(
    catalog: Catalog, contract: Contract, topic: str, strategy: SubjectStrategy
) -> Document:
    name_in_key = wholes_by_half(catalog).get(contract.event, contract.event)
    found: Document = {
        "name": contract.id,
        "title": contract.title,
        "description": contract.description,
        "contentType": "application/vnd.apache.avro+binary",
        "tags": [{"name": f"owner:{contract.owner}"}, {"name": f"made-by:{contract.origin}"}],
        "payload": {"schemaFormat": _AVRO, "schema": avro_schema(catalog, contract)},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "anyOf": [
                        {"const": contract.event},
                        {"pattern": f"^{name_in_key}:."},
                    ],
                },
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": _STRATEGIES[strategy],
                "bindingVersion": _BINDING,
            }
        },
        "x-subject": subject_names(strategy, topic, catalog.naming.namespace)(contract.event),
    }
    if deprecation := contract.deprecation:
        found["x-deprecated"] = {
            "since": deprecation.since.isoformat(),
            "sunset": deprecation.sunset.isoformat(),
            "reason": deprecation.reason,
        }
    return found
