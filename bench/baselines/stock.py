"""Plain Flask, jsonschema and confluent's AvroSerializer: what the libraries' pages show.

``gunicorn -k gthread bench.baselines.stock:app``, ``granian --interface wsgi …``.
"""

from __future__ import annotations

import datetime as dt
import uuid

from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from flask import Flask, request
from flask.typing import ResponseReturnValue
from jsonschema import Draft202012Validator, FormatChecker

from bench.baselines.parts import ANONYMOUS, REGISTRY, TOPIC, AwaitedProducer, contracts, registered

app = Flask(__name__)
registry = SchemaRegistryClient({"url": REGISTRY})
kafka = AwaitedProducer()
context = SerializationContext(TOPIC, MessageField.VALUE)
validators = {
    event: Draft202012Validator(schema, format_checker=FormatChecker())
    for event, schema in contracts().items()
}
serializers = {
    event: AvroSerializer(
        registry,
        found[1],
        conf={
            "auto.register.schemas": False,
            "subject.name.strategy": record_subject_name_strategy,
        },
    )
    for event in validators
    if (found := registered(event)) is not None
}


@app.post("/api/v1/events")
def take() -> ResponseReturnValue:
    body = request.get_json()
    event, data = body["event"], body["data"]
    if event not in serializers:
        return {"error": "unknown event"}, 422
    errors = [error.message for error in validators[event].iter_errors(data)]
    if errors:
        return {"errors": errors}, 422
    event_id = uuid.uuid4()
    message = {
        "event_id": event_id,
        "event": event,
        "user_id": ANONYMOUS,
        "timestamp": dt.datetime.now(dt.UTC),
        "contract_version": 1,
        "data": data,
    }
    kafka.publish(event.encode(), serializers[event](message, context))
    return {"event_id": str(event_id)}, 202
