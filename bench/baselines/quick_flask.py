"""Flask with the quick parts; under granian's WSGI."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from bench.baselines.parts import AwaitedProducer
from bench.baselines.quick_parts import InvalidError, encode

app = Flask(__name__)
kafka = AwaitedProducer()


@app.post("/api/v1/events")
def take() -> ResponseReturnValue:
    try:
        event_id, key, value = encode(request.get_data())
    except InvalidError:
        return {"error": "invalid"}, 422
    kafka.publish(key, value)
    return {"event_id": event_id}, 202
