"""Puts the publisher together: Kafka, this worker's spool, and the thread between them."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.config import ApiConfig, Publishing
from api.publish.kafka import KafkaSender, Placed
from api.publish.replay import Abandoned, Replayer
from api.publish.sender import Sender
from api.publish.sequencer import Sequencer
from api.publish.spool import slots
from api.publish.spool.log import Log
from api.publish.spool.topic import claim
from api.publish.spooling import SpoolingPublisher
from contracts.errors import SettingError

_log = logging.getLogger(__name__)


@contextmanager
def connect_publisher(
    config: ApiConfig,
    acknowledged: Callable[[Sequence[float]], None],
    placed: Placed | None = None,
) -> Iterator[SpoolingPublisher]:
    """The publisher over the real Kafka, for as long as the context lasts.

    ``acknowledged`` is told how many seconds Kafka took, for several records; ``placed`` where it
    has put each.

    Raises:
        SettingError: the spool's folder cannot be used.
    """
    settings = config.publishing
    _claim(settings.spool_dir, config.kafka_topic)
    sender = KafkaSender(
        config.kafka,
        config.kafka_topic,
        delivery_seconds=settings.delivery_seconds,
        acknowledged=acknowledged,
        placed=placed,
    )
    try:
        with spooling(sender, settings) as publisher:
            yield publisher
    finally:
        sender.close()


def check_spool(folder: Path, topic: str) -> None:
    """Leaves nothing behind but the folder of one worker, which the next worker takes.

    Raises:
        SettingError: the spool's folder cannot be used.
    """
    _claim(folder, topic)
    _take(folder).release()


def _claim(folder: Path, topic: str) -> None:
    try:
        other = claim(folder, topic)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("SPOOL_DIR", f"a folder that can be written to ({error})") from error
    if other is not None:
        expected = f"a folder for {topic} alone; the one that is set is for {other}"
        raise SettingError("SPOOL_DIR", expected)


def _take(folder: Path) -> slots.Slot:
    try:
        return slots.take(folder)
    except OSError as error:
        expected = f"a folder that can be written to ({error})"
        raise SettingError("SPOOL_DIR", expected) from error


@contextmanager
def spooling(sender: Sender, settings: Publishing) -> Iterator[SpoolingPublisher]:
    """A publisher with a spool of its own before a sender.

    Raises:
        SettingError: the spool's folder cannot be used.
    """
    slot = _take(settings.spool_dir)
    spool = open_log(slot.folder, settings)
    replayer = Replayer(
        spool,
        sender,
        abandoned(settings),
        delivery_seconds=settings.delivery_seconds,
    )
    replayer.start()
    producer = uuid.uuid4().hex
    # Whoever sees a gap in a producer's numbers finds its process and its spool by this line.
    _log.info("producer %s, spool %s", producer, slot.folder)
    publisher = SpoolingPublisher(
        sender,
        spool,
        replayer,
        Sequencer(producer),
        wait_seconds=settings.wait_seconds,
    )
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.close()
        replayer.close()
        spool.close()
        slot.release()


def open_log(folder: Path, settings: Publishing) -> Log:
    """The spool in one worker's folder."""
    return Log(
        folder, max_bytes=settings.spool_max_bytes, clock_ms=lambda: time.time_ns() // 1_000_000
    )


def abandoned(settings: Publishing) -> Abandoned:
    """Finds the spools of dead workers."""

    @contextmanager
    def owned(slot: slots.Slot) -> Iterator[Log]:
        try:
            left = open_log(slot.folder, settings)
            try:
                yield left
            finally:
                left.close()
        finally:
            slot.release()

    return lambda: (owned(slot) for slot in slots.take_abandoned(settings.spool_dir))
