"""What publishing costs: a worker's publisher over a broker, a batch or one record at a time.

::

    python -m bench.publishing [--events 500] [--rounds 40]

Processor time for each record, from the publisher's call to the acknowledgement (numbers, headers,
librdkafka's hand-over and report, bookkeeping): in all Python threads of the process, and with
librdkafka's own threads.  Beside it the floor in the same run: a bare producer that is given the
same records, with a counter in place of everything.  Then how long one record takes by itself.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer

from api.config import Publishing
from api.publish.delivery import Outcome
from api.publish.kafka import KafkaSender
from api.publish.spool.record import Record
from api.publishing import spooling
from registry.kafka_servers import KafkaServers
from tests.api.servers import Broker, broker, create_topic

_TOPIC = "ugc.events"
_STAMP = {"ugc-producer": "f" * 32, "ugc-seq": "123456", "ugc-settled": "123000"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as running:
        create_topic(running, _TOPIC)
        settings = Publishing(
            spool_dir=Path(name) / "spool",
            spool_max_bytes=100_000_000,
            wait_seconds=1.0,
            delivery_seconds=15.0,
        )
        sender = KafkaSender(KafkaServers(running.address), _TOPIC, delivery_seconds=15.0)
        with closing(sender), spooling(sender, settings) as publisher:
            bare = Bare(running)
            ways = {"publish_soon": Soon(publisher.publish_soon), "bare producer": bare.send}
            for way in ways.values():
                _run(way, 1, 50)
            for count in (options.events, 1):
                for name, way in ways.items():
                    print(f"{name:14} {_run(way, count, options.rounds)}", flush=True)


class Bare:
    """librdkafka with a counter."""

    def __init__(self, running: Broker) -> None:
        settings = {"enable.idempotence": True, "acks": "all", "linger.ms": 0}
        self._producer = Producer({"bootstrap.servers": running.address, **settings})
        self._open = 0

    def send(self, records: Sequence[Record]) -> None:
        self._open = len(records)
        for at, record in enumerate(records):
            headers = {**record.headers, **_STAMP}
            self._producer.produce(
                _TOPIC,
                record.value,
                record.key,
                headers=headers,
                on_delivery=partial(self._heard, at),
            )
        while self._open:
            self._producer.poll(0.1)

    def _heard(self, _at: int, error: KafkaError | None, _message: Message) -> None:
        assert error is None, error
        self._open -= 1


class Soon:
    """The publisher, as an event loop uses it."""

    def __init__(
        self, publish: Callable[[Sequence[Record], Callable[[Sequence[Outcome]], None]], bool]
    ) -> None:
        self._publish = publish

    def __call__(self, records: Sequence[Record]) -> None:
        ended = threading.Event()
        while not self._publish(records, lambda _outcomes: ended.set()):
            time.sleep(0.01)  # the first of all goes to the spool: there is no connection yet
        ended.wait()


def _run(way: Callable[[Sequence[Record]], None], count: int, rounds: int) -> str:
    record = Record(
        event_id=uuid.UUID(int=1),
        key=b"element_click",
        value=bytes(120),
        headers={"correlation_id": str(uuid.UUID(int=2))},
    )
    costs, walls = [], []
    for _ in range(rounds if count > 1 else 10 * rounds):
        cpu, began = time.process_time(), time.perf_counter()
        way([record] * count)
        walls.append(time.perf_counter() - began)
        costs.append((time.process_time() - cpu) / count * 1e6)
    cost, wall = statistics.median(costs), statistics.median(walls) * 1e3
    return f"{count:5} records: {cost:6.1f} µs CPU each, with librdkafka's threads; {wall:6.2f} ms"


if __name__ == "__main__":
    main()
