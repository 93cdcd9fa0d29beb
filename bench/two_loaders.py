"""Two loaders of one group beside one, on a backlog, with the event or the user too in the keys.

::

    python -m bench.two_loaders [--messages 60000] [--rounds 3]

Each case fills a topic of a real broker anew: four clicks to a start and its end, of a thousand
users.  Then one or two loader processes make run after run until nothing is left; views and event
ids go to a real Redis, rows are encoded and thrown away.  Every message has to count once, whoever
read it.

* messages/s by the clock, while broker and Redis use the same cores.
* messages/s of the busiest loader's processor: what the group would do with a core for each loader
  and none of them shared, which shows how evenly the keys deal the work out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer as KafkaProducer

from bench.etl_memory import Nowhere, kafka_config
from etl.app import never, utc_now
from etl.config import RunPolicy
from etl.kafka.consumer import KafkaSource
from etl.run.context import RunContext
from etl.run.load import Loader
from etl.run.runner import run
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.pairing import plan_for
from etl.sessions.redis_store import RedisSessionStore
from etl.testing.kafka import MemoryDeadLetters
from registry.keys import KeyForm, key_maker
from registry.serde import Decoder
from tests.api.servers import broker, create_topic, redis_server
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, START, Producer

TOPIC = "ugc.events"
PARTITIONS = 6
USERS = 1_000
PRODUCER_ID = uuid.UUID(int=1).hex.encode()


@dataclass(frozen=True)
class Result:
    """Messages a second, and the busiest loader's share of the messages."""

    by_clock: float
    by_processor: float
    largest_share: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return
    results: dict[tuple[KeyForm, int], list[Result]] = {}
    for _ in range(options.rounds):
        for form in KeyForm:
            for loaders in (1, 2):
                found = measure(form, loaders, options.messages)
                results.setdefault((form, loaders), []).append(found)
    baselines = {form: middle(results[form, 1]) for form in KeyForm}
    for (form, loaders), all_of in results.items():
        one, found = baselines[form], middle(all_of)
        print(
            f"KAFKA_KEY={form}, {loaders} loader(s): {found.by_clock:,.0f} messages/s by the clock"
            f" ({found.by_clock / one.by_clock:.2f} of one), {found.by_processor:,.0f} by the"
            f" busiest one's processor ({found.by_processor / one.by_processor:.2f} of one),"
            f" which read {found.largest_share:.0%}"
        )


def middle(results: list[Result]) -> Result:
    return Result(
        statistics.median(each.by_clock for each in results),
        statistics.median(each.by_processor for each in results),
        statistics.median(each.largest_share for each in results),
    )


def measure(form: KeyForm, loaders: int, messages: int) -> Result:
    with (
        tempfile.TemporaryDirectory() as name,
        redis_server(Path(name)) as redis,
        broker(Path(name)) as kafka,
    ):
        create_topic(kafka, TOPIC, partitions=PARTITIONS)
        fill(kafka.address, form, messages)
        command = [sys.executable, "-m", "bench.two_loaders", "--worker", redis.url, kafka.address]
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(loaders)
        ]
        for worker in workers:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("go\n")
            worker.stdin.flush()
        told = [json.loads(worker.communicate()[0]) for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    assert sum(each["messages"] for each in told) == messages, told
    seconds = max(each["ended"] for each in told) - min(each["began"] for each in told)
    return Result(
        messages / seconds,
        messages / max(each["processor"] for each in told),
        max(each["messages"] for each in told) / messages,
    )


def fill(address: str, form: KeyForm, messages: int) -> None:
    """As an API would have sent them."""
    encoding, key_of = Producer(CATALOG, utc_now), key_maker(CATALOG, form)
    producer = KafkaProducer(
        {"bootstrap.servers": address, "linger.ms": 20, "partitioner": "murmur2_random"}
    )
    for number in range(messages):
        place = number % 6
        event, data = CLICK, CLICK_DATA
        if place >= 4:
            event = START if place == 4 else END
            data = {"page_view_id": str(uuid.UUID(int=number // 6)), "page_type": "movie"}
        user_id, event_id = f"user-{number // 6 % USERS}", uuid.UUID(int=number)
        value = encoding.value(event, data, user_id=user_id, event_id=event_id)
        key = key_of(CATALOG.get(event), user_id, event_id, data)
        stamp = [("ugc-producer", PRODUCER_ID), ("ugc-seq", b"%d" % (number + 1))]
        while True:
            try:
                producer.produce(TOPIC, value, key, headers=stamp)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0


def work(redis_url: str, address: str) -> None:
    """One loader: run after run until one finds nothing."""
    encoding = Producer(CATALOG, utc_now)
    with (
        closing(
            RedisSessionStore.connect(redis_url, TOPIC, dedup_window_seconds=60, timeout_seconds=30)
        ) as store,
        closing(RedisLedger.connect(redis_url, TOPIC, timeout_seconds=30)) as ledger,
    ):
        context = RunContext(
            topic=TOPIC,
            decoder=Decoder(CATALOG, encoding.registry),
            plan=plan_for(CATALOG),
            store=store,
            ledger=ledger,
            runs=Nowhere(),
            loader=Loader(Nowhere(), CATALOG, sleep=time.sleep),
            dead_letters=MemoryDeadLetters(),
            policy=RunPolicy(),
            clock=utc_now,
        )
        with closing(KafkaSource(kafka_config(address))) as source:
            print("ready", flush=True)
            sys.stdin.readline()
            began, used = time.monotonic(), time.process_time()
            messages, ended, processor = 0, began, used
            while consumed := run(context, source, never).consumed:
                messages += consumed
                ended, processor = time.monotonic(), time.process_time()
    told = {"messages": messages, "began": began, "ended": ended, "processor": processor - used}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
