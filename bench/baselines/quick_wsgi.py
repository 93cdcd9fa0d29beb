"""The quick parts as a plain WSGI callable; under granian's WSGI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from bench.baselines.parts import AwaitedProducer
from bench.baselines.quick_parts import InvalidError, encode

kafka = AwaitedProducer()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    try:
        event_id, key, value = encode(environ["wsgi.input"].read())
    except InvalidError:
        start_response("422 Unprocessable Entity", [("Content-Length", "0")])
        return [b""]
    kafka.publish(key, value)
    body = orjson.dumps({"event_id": event_id})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("202 Accepted", headers)
    return [body]
