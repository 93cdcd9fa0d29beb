"""Loader processes that are killed, and the traffic that they load meanwhile."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import os
import random
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from ch_schema.errors import ClickHouseError
from contracts.message import ANONYMOUS
from etl.app import Etl, connect
from etl.config import EtlConfig
from etl.errors import EtlError
from etl.run.following import Pace
from etl.run.report import RunReport
from registry.errors import RegistryError
from registry.keys import KeyForm, key_maker
from registry.serde import Encoder
from registry.topics import topic_specs
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, START
from ugc.etl.following import is_passing

LONG_AGO = dt.timedelta(hours=13)
PARTITION_OF_KEY = -1

_CHILDREN = threading.Lock()
"""``multiprocessing`` asks after every child whenever one starts, and how a child ended can be
read only once: of two threads that ask at the same time one is told 255."""


ENDED = -1
"""Instead of a number of messages: the run has ended."""


def load_once(env: Mapping[str, str], messages: Any, log: Path) -> None:
    """A loader process: one run, as cron starts it. ``messages`` counts what it has read.

    When the run has ended it waits to be killed.
    """
    _log_to(log)
    with closing(connect(EtlConfig.from_env(env))) as etl:
        _run(etl, messages)
        messages.value = ENDED
        threading.Event().wait()


def load_until_killed(env: Mapping[str, str], messages: Any, log: Path) -> None:
    """A loader process that makes one run after the other."""
    _log_to(log)
    with closing(connect(EtlConfig.from_env(env))) as etl:
        while True:
            _run(etl, messages)


def follow_until_killed(env: Mapping[str, str], messages: Any, log: Path) -> None:
    """A loader process that follows the topic, with blocks and reports in quick succession."""
    _log_to(log)

    def read(number: int) -> None:
        messages.value = number

    with closing(connect(EtlConfig.from_env(env))) as etl:
        pace = Pace(max_delay_seconds=0.2, report_seconds=1.0)
        etl.follow(pace, threading.Event(), Logged(), is_passing, read)


class Logged:
    """:class:`etl.run.follow.Watcher` that writes to the log."""

    def run_ended(self, report: RunReport) -> None:
        assert report.reconciled, report
        logging.info("a run ended with %d messages", report.consumed)

    def stored(self, since_ms: int | None) -> None:
        """The reports tell."""

    def waits(self, error: Exception, seconds: float) -> None:
        logging.warning("waits for %g s: %s", seconds, error)


def _log_to(log: Path) -> None:
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(message)s")


def _run(etl: Etl, messages: Any) -> None:
    def read(number: int) -> None:
        messages.value = number

    try:
        etl.run_once(progress=read)
    except (EtlError, ClickHouseError, RegistryError):
        # As under a schedule: the next run goes on.
        logging.exception("a run ended")


class LoaderProcesses:
    """Starts processes that need not import anything any more."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        """The processes write to one log, which a failing test shows."""
        self._env = dict(env)
        self.log = log
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.etl.killing"])

    def start(self, work: Callable[..., None]) -> tuple[ForkServerProcess, Any]:
        """A process, and how many messages it has read."""
        messages = self._context.Value("q", 0, lock=False)
        process = self._context.Process(
            target=work, args=(self._env, messages, self.log), daemon=True
        )
        with _CHILDREN:
            process.start()
        return process, messages


def is_alive(process: ForkServerProcess) -> bool:
    """Whether it runs; from any thread."""
    with _CHILDREN:
        return process.is_alive()


def kill(process: ForkServerProcess) -> None:
    """SIGKILL; returns when the process is gone."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with _CHILDREN:
        process.join(10)
        assert process.exitcode == -signal.SIGKILL


class Traffic:
    """Clicks, some sent twice, and views, some never ended; and what Kafka has acknowledged.

    Each event's key is of one of the ``forms``, whichever.
    """

    def __init__(
        self,
        servers: str,
        topic: str,
        encoder: Encoder,
        seed: int,
        forms: Sequence[KeyForm] = (KeyForm.EVENT,),
    ) -> None:
        self.clicks: set[uuid.UUID] = set()
        self.views: dict[int, bool] = {}
        self.acknowledged = 0
        self.failed: list[str] = []
        self._topic = topic
        self._encoder = encoder
        self._seeded = random.Random(seed)
        self._forms = random.Random(seed)
        self._keys = [key_maker(CATALOG, form) for form in forms]
        self._producer_id = uuid.UUID(int=self._seeded.getrandbits(128)).hex
        self._number = 0
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "acks": "all",
            }
        )

    def burst(self, size: int) -> None:
        """So many events, acknowledged when it returns."""
        for _ in range(size):
            match self._seeded.randrange(3):
                case 0:
                    self._view()
                case _:
                    self._click()
        assert self._producer.flush(30) == 0
        assert self.failed == []

    @contextmanager
    def flowing(self, burst: int, pause_seconds: float) -> Iterator[None]:
        """Bursts from a thread of its own, as long as the context lasts."""
        stop = threading.Event()
        errors: list[BaseException] = []

        def flow() -> None:
            try:
                while not stop.wait(pause_seconds):
                    self.burst(burst)
            except BaseException as error:  # noqa: BLE001 - raised in the test's thread
                errors.append(error)

        thread = threading.Thread(target=flow)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(60)
        assert errors == []

    def _click(self) -> None:
        event_id = uuid.UUID(int=self._seeded.getrandbits(128))
        self.clicks.add(event_id)
        # Into all partitions, so that each loader of a group has something to read.
        partition = self._seeded.randrange(topic_specs().events.partitions)
        for _ in range(1 + (self._seeded.randrange(9) == 0)):
            self._send(
                CLICK,
                CLICK_DATA,
                user_id=ANONYMOUS,
                event_id=event_id,
                ago=dt.timedelta(),
                partition=partition,
            )

    def _view(self) -> None:
        number = len(self.views)
        data = {"page_view_id": str(uuid.UUID(int=number)), "page_type": "movie"}
        ends = self._seeded.randrange(4) != 0
        self.views[number] = ends
        user_id = f"kill{number}"
        self._send(START, data, user_id=user_id, event_id=uuid.uuid4(), ago=LONG_AGO)
        if ends:
            ago = LONG_AGO - dt.timedelta(seconds=7)
            self._send(END, data, user_id=user_id, event_id=uuid.uuid4(), ago=ago)

    def _send(
        self,
        event: str,
        data: Mapping[str, Any],
        *,
        user_id: str,
        event_id: uuid.UUID,
        ago: dt.timedelta,
        partition: int = PARTITION_OF_KEY,
    ) -> None:
        value = self._encoder.encode(
            CATALOG.get(event),
            event_id=event_id,
            user_id=user_id,
            timestamp=dt.datetime.now(dt.UTC) - ago,
            data=data,
        )
        key_of = self._forms.choice(self._keys)
        self._number += 1
        self._producer.produce(
            self._topic,
            value,
            key_of(CATALOG.get(event), user_id, event_id, data),
            partition=partition,
            headers=[
                ("ugc-producer", self._producer_id.encode()),
                ("ugc-seq", b"%d" % self._number),
            ],
            on_delivery=self._delivered,
        )
        self._producer.poll(0)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.failed.append(error.str())
