"""Stamps as the loader reads them from Kafka headers."""

from __future__ import annotations

import pytest

from contracts.sequence import SequenceHeader
from etl.sequence.headers import sequence_header_of, sequenced
from etl.source import Headers, RawMessage

PRODUCER = b"0f" * 16


def raw(*headers: tuple[str, bytes | None]) -> RawMessage:
    return RawMessage("t", 1, 2, b"k", b"v", 3, headers)


def test_a_stamp() -> None:
    found = sequence_header_of(
        raw(("ugc-producer", PRODUCER), ("ugc-seq", b"7"), ("ugc-void", b"3-5,6"))
    )
    assert found == SequenceHeader(producer=PRODUCER.decode(), number=7, skipped=((3, 5), (6, 6)))


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("ugc-producer", PRODUCER),),
        (("ugc-seq", b"1"),),
        (("ugc-producer", None), ("ugc-seq", b"1")),
        (("ugc-producer", b"x.y"), ("ugc-seq", b"1")),
        (("ugc-producer", PRODUCER), ("ugc-seq", b"0")),
        (("ugc-producer", PRODUCER), ("ugc-seq", b"-1")),
        (("ugc-producer", PRODUCER), ("ugc-seq", b"9" * 17)),
    ],
)
def test_what_is_no_stamp(headers: Headers) -> None:
    assert sequence_header_of(raw(*headers)) is None


def test_a_message_without_a_stamp_is_told_too() -> None:
    (found,) = sequenced([raw()])
    assert (found.partition, found.offset, found.timestamp_ms, found.sequence) == (1, 2, 3, None)
