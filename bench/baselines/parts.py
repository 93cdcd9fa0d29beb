"""What the API baselines have in common: where things are, the contracts, a producer."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx2
from confluent_kafka import KafkaException, Message, Producer

REGISTRY = os.environ.get("SCHEMA_REGISTRY_URL", "")
TOPIC = os.environ.get("KAFKA_TOPIC", "")
ANONYMOUS = "anonymous"
_CONTRACTS = Path(__file__).parents[2] / "contracts" / "events"
_ANSWER_SECONDS = 10.0


def contracts() -> Mapping[str, Any]:
    """Event → the JSON Schema of its data."""
    files = _CONTRACTS.glob("*/v1.json")
    return {file.parent.name: json.loads(file.read_text("utf-8")) for file in files}


def registered(event: str) -> tuple[int, str] | None:
    """Id and text of an event's newest Avro schema; ``None`` when it has none."""
    answer = httpx2.get(f"{REGISTRY}/subjects/ugc.events.{event}/versions/latest")
    if answer.status_code == 404:
        return None
    found = answer.raise_for_status().json()
    return found["id"], found["schema"]


def producer() -> Producer:
    """As durable as the product's, and waiting as long for records to join a batch."""
    return Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 1,
        }
    )


class AwaitedProducer:
    """A producer that returns when Kafka has acknowledged; for threads."""

    def __init__(self) -> None:
        self._producer = producer()
        threading.Thread(target=self._poll, daemon=True).start()

    def publish(self, key: bytes, value: bytes) -> None:
        """
        Raises:
            KafkaException: Kafka does not have it.
        """
        done: Future[None] = Future()

        def delivered(error: Any, _message: Message) -> None:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(KafkaException(error))

        self._producer.produce(TOPIC, value, key, on_delivery=delivered)
        done.result(_ANSWER_SECONDS)

    def _poll(self) -> None:
        while True:
            self._producer.poll(0.1)
