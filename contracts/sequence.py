"""Sequence numbers in Kafka headers, so that a reader sees what never came. Pure.

Every incarnation of an API worker has a name and numbers what it gives to Kafka 1, 2, 3 …  A
number whose event was answered with a refusal need not come: it is declared *skipped* on a
later message; should that be lost, both are told as missing.  A message also tells up to which
number all are *settled*: stored, or refused and declared skipped.  What is missing above the last
such number may be of a request that a kill cut off, which was promised nothing.  All are Kafka
headers, in ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.ranges import Ranges

PRODUCER = "ugc-producer"
"""Header: 32 hexadecimal digits, the name of one incarnation of a producer."""

NUMBER = "ugc-seq"
"""Header: the message's number, from 1 on."""

SKIPPED = "ugc-void"
"""Header: numbers that need not come, as ``5-9,12``; absent when there are none."""

SETTLED = "ugc-settled"
"""Header: the number up to which all are settled; absent when it is the one before NUMBER."""

_NAME = re.compile(rb"[0-9a-f]{32}")
_NUMBER = re.compile(rb"[1-9][0-9]{0,15}")
_SETTLED = re.compile(rb"0|[1-9][0-9]{0,15}")
_RANGE = re.compile(rb"([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceHeader:
    """Who wrote a message, under which number, and which ranges (first, last) were skipped.

    ``settled``: the number up to which all are stored or skipped; None: all before this one.
    """

    producer: str
    number: int
    skipped: Ranges = ()
    settled: int | None = None

    @property
    def settled_to(self) -> int:
        """The number up to which all are settled; 0 when none is."""
        return self.number - 1 if self.settled is None else self.settled

    def headers(self) -> dict[str, str]:
        """It as Kafka headers:

        ``{"ugc-producer": "3f…", "ugc-seq": "42", "ugc-void": "40-41"}``.
        """
        headers = {PRODUCER: self.producer, NUMBER: str(self.number)}
        if self.settled is not None:
            headers[SETTLED] = str(self.settled)
        if self.skipped:
            headers[SKIPPED] = ",".join(
                str(first) if first == last else f"{first}-{last}" for first, last in self.skipped
            )
        return headers


def sequence_header_in(headers: Mapping[str, bytes | None]) -> SequenceHeader | None:
    """The sequence header of a message; None where there is none, or none that can be read."""
    producer, number = headers.get(PRODUCER) or b"", headers.get(NUMBER) or b""
    if not _NAME.fullmatch(producer) or not _NUMBER.fullmatch(number):
        return None
    settled = _SETTLED.fullmatch(headers.get(SETTLED) or b"")
    skipped = [_RANGE.fullmatch(part) for part in (headers.get(SKIPPED) or b"").split(b",")]
    return SequenceHeader(
        producer=producer.decode(),
        number=int(number),
        skipped=tuple((int(found[1]), int(found[2] or found[1])) for found in skipped if found),
        settled=int(settled[0]) if settled else None,
    )
