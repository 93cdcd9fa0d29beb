"""A whole ETL on edges in memory: a topic, a registry, a store, tables, and a clock to turn."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.message import ANONYMOUS
from contracts.model.loader import Catalog, copy_contracts, default_folder, load_catalog
from etl.app import never
from etl.config import RunPolicy
from etl.run.context import RunContext
from etl.run.load import Loader, Tables
from etl.run.report import RunReport
from etl.run.runner import run
from etl.sessions.pairing import milliseconds, plan_for
from etl.sessions.store import SessionStore
from etl.source import Headers, RawMessage, Source
from etl.testing.kafka import MemoryDeadLetters, MemorySource, MemoryTables, MemoryTopic
from etl.testing.ledger import MemoryLedger
from etl.testing.store import MemorySessionStore
from registry.keys import KeyForm, key_maker
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.support.register import register_all

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
CATALOG = load_catalog()
HOUR = 3600.0
PRODUCER = "ab" * 16

START, END, CLICK = "page_view_start", "page_view_end", "element_click"
CLICK_DATA = {"element_type": "movie", "page_type": "main"}


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def ms(self) -> int:
        return milliseconds(self.now)

    def pass_seconds(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


class Producer:
    """Encodes events as the API does."""

    def __init__(self, catalog: Catalog, clock: Callable[[], dt.datetime]) -> None:
        self.registry = InMemoryRegistry()
        self._catalog = catalog
        self._clock = clock
        self._encoder = Encoder(catalog, register_all(self.registry, catalog))

    def value(
        self,
        event: str,
        data: dict[str, Any],
        *,
        user_id: str = ANONYMOUS,
        event_id: uuid.UUID | None = None,
    ) -> bytes:
        return self._encoder.encode(
            self._catalog.get(event),
            event_id=event_id or uuid.uuid4(),
            user_id=user_id,
            timestamp=self._clock(),
            data=data,
        )


class World:
    """Everything a run needs, and short words for what tests do with it."""

    def __init__(
        self,
        catalog: Catalog = CATALOG,
        *,
        partitions: int = 3,
        policy: RunPolicy | None = None,
        store: SessionStore | None = None,
        tables: Tables | None = None,
        key_form: KeyForm = KeyForm.EVENT,
    ) -> None:
        self.clock = Clock()
        self.catalog = catalog
        self.producer = Producer(catalog, self.clock)
        self.topic = MemoryTopic("ugc.events", partitions, self.clock.ms)
        self.key_form = key_form
        self._key_makers = {form: key_maker(catalog, form) for form in KeyForm}
        self.store_clock_behind_ms = 0
        self.memory_store = MemorySessionStore(lambda: self.clock.ms() - self.store_clock_behind_ms)
        self.ledger = MemoryLedger()
        self._last_number = 0
        self.tables = MemoryTables()
        self.dead_letters = MemoryDeadLetters()
        self.slept: list[float] = []
        self.context = RunContext(
            topic="ugc.events",
            decoder=Decoder(catalog, self.producer.registry),
            plan=plan_for(catalog),
            store=store or self.memory_store,
            ledger=self.ledger,
            runs=self.tables,
            loader=Loader(tables or self.tables, catalog, sleep=self.slept.append),
            dead_letters=self.dead_letters,
            policy=policy or RunPolicy(),
            clock=self.clock,
        )

    def send(
        self,
        event: str,
        data: dict[str, Any],
        *,
        partition: int | None = None,
        user_id: str = ANONYMOUS,
        event_id: uuid.UUID | None = None,
        headers: Headers | None = None,
    ) -> RawMessage:
        """Into the topic, by default to the partition that belongs to the key.

        SequencedMessage as by one producer, unless other headers are given.
        """
        event_id = event_id or uuid.uuid4()
        value = self.producer.value(event, data, user_id=user_id, event_id=event_id)
        key = self.key(event, data, user_id=user_id, event_id=event_id)
        return self.topic.append(
            self.partition_of(key) if partition is None else partition,
            key,
            value,
            self.stamp() if headers is None else headers,
        )

    def key(self, event: str, data: dict[str, Any], *, user_id: str, event_id: uuid.UUID) -> bytes:
        """The key that the API would give the message, with KAFKA_KEY as it is set."""
        make = self._key_makers[self.key_form]
        return make(self.catalog.get(event), user_id, event_id, data)

    def partition_of(self, key: bytes) -> int:
        """Where the producer puts what has this key."""
        return sum(key) % len(self.topic.logs)

    def stamp(self, number: int | None = None, producer: str = PRODUCER) -> Headers:
        """The headers of a message; without a number with the next one."""
        if number is None:
            self._last_number += 1
            number = self._last_number
        return (("ugc-producer", producer.encode()), ("ugc-seq", b"%d" % number))

    def click(self, **options: Any) -> RawMessage:
        return self.send(CLICK, CLICK_DATA, **options)

    def start(self, view: uuid.UUID, *, page_type: str = "movie", **options: Any) -> RawMessage:
        return self.send(START, {"page_view_id": str(view), "page_type": page_type}, **options)

    def end(self, view: uuid.UUID, *, page_type: str = "movie", **options: Any) -> RawMessage:
        return self.send(END, {"page_view_id": str(view), "page_type": page_type}, **options)

    def source(self) -> MemorySource:
        return MemorySource(self.topic)

    def run(
        self, source: Source | None = None, should_stop: Callable[[], bool] = never
    ) -> RunReport:
        """One run, checked: its totals reconcile."""
        reading = source or self.source()
        try:
            report = run(self.context, reading, should_stop)
        finally:
            reading.close()
        assert report.reconciled, report
        return report

    def rows(self, event: str) -> list[dict[str, Any]]:
        """The table of an event as FINAL gives it."""
        return list(self.tables.final(f"ugc.{event}").values())

    def view(self, event: str = "page_view") -> dict[str, Any]:
        """The only row of a derived event."""
        (row,) = self.rows(event)
        return row


def catalog_with(folder: Path, contracts: dict[str, dict[str, Any]]) -> Catalog:
    """The package's contracts and more, or others in their place, by event name."""
    copy = folder / "contracts"
    copy_contracts(default_folder(), copy)
    for event, schema in contracts.items():
        (copy / "events" / event).mkdir(exist_ok=True)
        (copy / "events" / event / "v1.json").write_text(json.dumps(schema))
    return load_catalog(copy)
