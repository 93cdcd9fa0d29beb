"""Topics filled with what an API would have sent, for loaders to load."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import Producer

from bench.harness.requests import unique_ids
from bench.harness.stack import PARTITIONS, Parts
from contracts.message import ANONYMOUS
from contracts.model.loader import load_catalog
from registry.serde import Encoder

CLICK, START, END = "element_click", "page_view_start", "page_view_end"
_DATA = {
    CLICK: {"element_type": "movie", "page_type": "main"},
    "quality_change": {"video_id": "tt1", "old_quality": 720, "new_quality": 1080},
    "video_complete": {"video_id": "tt1", "duration_total": True},
    "search_filter": {"search_query": "space", "filters": "genre=sci-fi"},
}
_MIXED = (CLICK, CLICK, CLICK, START, CLICK, "quality_change", END, "search_filter")
_DUPLICATE_EVERY = 100
_EVENT_ID = uuid.UUID("11111111-2222-4333-8444-555555555555")
_VIEW_ID = uuid.UUID("66666666-7777-4888-8999-aaaaaaaaaaaa")


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes
    value: bytes


class Records:
    """Makes messages from encoded samples, each with ids of its own."""

    def __init__(self, parts: Parts) -> None:
        catalog = load_catalog()
        encoder = Encoder(catalog, parts.schema_ids)
        view = {"page_view_id": str(_VIEW_ID), "page_type": "movie"}
        now = dt.datetime.now(dt.UTC)
        self._samples = {
            event: encoder.encode(
                catalog.get(event),
                event_id=_EVENT_ID,
                user_id=ANONYMOUS,
                timestamp=now,
                data=data,
            )
            for event, data in {**_DATA, START: view, END: view}.items()
        }
        self._ids = unique_ids()

    def of(self, event: str, view: bytes = b"") -> Record:
        value = self._samples[event].replace(str(_EVENT_ID).encode(), next(self._ids))
        if view:
            value = value.replace(str(_VIEW_ID).encode(), view)
        return Record(event.encode(), value)

    def clicks(self) -> Iterator[Record]:
        while True:
            yield self.of(CLICK)

    def pairs(self) -> Iterator[Record]:
        """Starts, and their ends twenty messages later, as visitors leave."""
        views = unique_ids()
        while True:
            some = list(itertools.islice(views, 10))
            yield from (self.of(START, view) for view in some)
            yield from (self.of(END, view) for view in some)

    def mixed(self) -> Iterator[Record]:
        """Half clicks, a quarter halves of page views, the rest others; one of 100 comes twice."""
        views = unique_ids()
        number = 0
        while True:
            view = next(views)
            for event in _MIXED:
                record = self.of(event, view if event in {START, END} else b"")
                yield record
                number += 1
                if number % _DUPLICATE_EVERY == 0:
                    yield record


def fill(parts: Parts, name: str, size: int) -> str:
    """A topic with so many messages of one kind (a method of :class:`Records`); gives its name.

    As from one worker: numbered, and spread over the partitions by turns.
    """
    topic = parts.topic(f"bench.{name}")
    records = Records(parts)
    kinds: dict[str, Callable[[], Iterator[Record]]] = {
        "mixed": records.mixed,
        "clicks": records.clicks,
        "pairs": records.pairs,
    }
    producer = Producer(
        {
            "bootstrap.servers": parts.broker.address,
            "enable.idempotence": True,
            "linger.ms": 5,
            "batch.num.messages": 200,  # an API's batches are small
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    worker = uuid.uuid4().hex.encode()
    failed: list[object] = []

    def delivered(error: object, _message: object) -> None:
        if error is not None:
            failed.append(error)

    for number, record in enumerate(itertools.islice(kinds[name](), size), start=1):
        stamp = [("ugc-producer", worker), ("ugc-seq", b"%d" % number)]
        producer.produce(
            topic,
            record.value,
            record.key,
            partition=number % PARTITIONS,
            headers=stamp,
            on_delivery=delivered,
        )
        if number % 1_000 == 0:
            producer.poll(0)
        if number == size - PARTITIONS:
            # Tansu takes the last batch's beginning for a partition's end: let the batch hold one.
            producer.flush(120)
    left = producer.flush(120)
    assert left == 0, f"{left} messages are not taken yet"
    assert not failed, f"{len(failed)} messages were not taken: {failed[0]}"
    return topic
