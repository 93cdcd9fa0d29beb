"""A message that cannot be used and is as long as may be does not stop the loader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from contracts.reasons import Reason
from etl.decode.dead_letter_topic import parse
from etl.decode.dead_letters import DeadLetter
from etl.kafka.dead_letters import KafkaDeadLetters
from etl.source import RawMessage
from registry.errors import UndecodableError
from registry.serde import Decoder
from registry.testing import InMemoryRegistry
from tests.api.servers import Broker, broker, create_topic, read_topic
from tests.etl.kafka.test_sources import config_of
from tests.etl.world import CATALOG
from tests.support.wire import wires

LONGEST_BYTES = 1_048_588
"""A broker's own bound on a message (message.max.bytes)."""


def raw(*, key: bytes, value: bytes) -> RawMessage:
    return RawMessage("ugc.events", 0, 7, key, value, 1_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.mark.stack
@pytest.mark.parametrize("key_bytes", [10, 500_000, 1_040_000])
def test_the_longest_message_becomes_a_letter(server: Broker, key_bytes: int) -> None:
    original = raw(key=b"k" * key_bytes, value=b"v" * (LONGEST_BYTES - key_bytes - 70))
    topic = f"letters-{key_bytes}"
    create_topic(server, topic, partitions=1)
    config = replace(config_of(server), dead_letter_topic=topic)
    with closing(KafkaDeadLetters(config)) as letters:
        letters.send([DeadLetter(original, Reason.KEY_MISMATCH, "x" * 2_000_000)])
    (kept,) = read_topic(server, topic)
    assert (kept.key(), kept.value()) == (original.key, original.value)


def test_what_a_letter_tells_is_short_whatever_the_message_holds() -> None:
    original = raw(key=b"k", value=b"v")
    letter = DeadLetter(original, Reason.AVRO_UNREADABLE, "\udc80" + "я" * 1_000_000)
    told = dict(letter.headers())["detail"]
    assert told is not None
    assert len(told) < 1_100
    found = parse(RawMessage("letters", 0, 1, b"k", b"v", 1_000, letter.headers()))
    assert found is not None
    assert found.detail.endswith("я…")


def test_of_a_foreign_key_the_beginning_is_told() -> None:
    registry = InMemoryRegistry()
    value = wires(CATALOG, registry)[0].value
    with pytest.raises(UndecodableError) as caught:
        Decoder(CATALOG, registry).decode(b"\xff" * 1_000_000, value)
    assert caught.value.reason is Reason.KEY_MISMATCH
    assert len(str(caught.value)) < 600
