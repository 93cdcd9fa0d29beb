"""The stamps on Kafka messages, as the ledger takes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from etl.ledger import Stamp, Stamped
from etl.source import RawMessage

_PRODUCER = re.compile(rb"[0-9a-f]{32}")
_NUMBER = re.compile(rb"[1-9][0-9]{0,15}")
_RANGE = re.compile(rb"([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?")


def stamped(messages: Iterable[RawMessage]) -> list[Stamped]:
    """Every message with its stamp, in the order given."""
    return [Stamped(raw.partition, raw.offset, raw.timestamp_ms, stamp_of(raw)) for raw in messages]


def stamp_of(raw: RawMessage) -> Stamp | None:
    """The stamp of a message; None where there is none, or none that can be read."""
    headers = dict(raw.headers)
    producer, number = headers.get("ugc-producer"), headers.get("ugc-seq")
    if not producer or not number:
        return None
    if not _PRODUCER.fullmatch(producer) or not _NUMBER.fullmatch(number):
        return None
    voids = [_RANGE.fullmatch(part) for part in (headers.get("ugc-void") or b"").split(b",")]
    return Stamp(
        producer=producer.decode(),
        number=int(number),
        voids=tuple((int(found[1]), int(found[2] or found[1])) for found in voids if found),
    )
