"""The quick parts on granian's event loop (RSGI): acknowledgements are awaited without a thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import orjson
from confluent_kafka import KafkaException, Message

from bench.baselines.parts import TOPIC, producer
from bench.baselines.quick_parts import InvalidError, encode

_JSON = [("content-type", "application/json")]


class Kafka:
    """A producer whose deliveries end futures of the loop, woken once for many."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._producer = producer()
        self._ended: list[tuple[asyncio.Future[None], Any]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._poll, daemon=True).start()

    def publish(self, key: bytes, value: bytes) -> asyncio.Future[None]:
        done: asyncio.Future[None] = self._loop.create_future()

        def delivered(error: Any, _message: Message) -> None:
            with self._lock:
                self._ended.append((done, error))
                if len(self._ended) > 1:
                    return
            self._loop.call_soon_threadsafe(self._tell)

        self._producer.produce(TOPIC, value, key, on_delivery=delivered)
        return done

    def _tell(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        for done, error in ended:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(KafkaException(error))

    def _poll(self) -> None:
        while True:
            self._producer.poll(0.1)


class App:
    """RSGI's application."""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.kafka = Kafka(loop)

    async def __rsgi__(self, _scope: Any, protocol: Any) -> None:
        try:
            event_id, key, value = encode(await protocol())
        except InvalidError:
            protocol.response_empty(422, [])
            return
        await self.kafka.publish(key, value)
        protocol.response_bytes(202, _JSON, orjson.dumps({"event_id": event_id}))


app = App()
