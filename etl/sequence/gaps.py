"""How many of the numbers that producers gave out did not come, or came twice. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etl.plain import plain
from etl.sequence.ledger import LedgerTotals
from etl.sequence.numbers import Gap, Producer

_TOLD = 20
"""At most this many producers are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerGaps:
    """One producer with gaps or repetitions. ``gaps`` are ranges of numbers, both ends included.

    ``missing`` and ``cut_off`` are as in :class:`GapSummary`; ranges may hold both.
    """

    producer: str
    missing: int
    cut_off: int
    repeated: int
    gaps: tuple[tuple[int, int], ...]
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSummary:
    """All producers together.

    ``given`` numbers were given out and not skipped.  Of those that did not come within the time of
    grace, ``missing`` were of accepted events, and ``cut_off`` of requests that had no answer when
    their worker was last heard of; ``awaited`` may still come.  ``repeated`` came from two places
    in the topic; ``unstamped`` messages had no number.
    """

    given: int = 0
    missing: int = 0
    cut_off: int = 0
    awaited: int = 0
    repeated: int = 0
    unstamped: int = 0
    producers: tuple[ProducerGaps, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The summary for a JSON document."""
        found: dict[str, Any] = plain(self)
        return found


def summarise(
    producers: Sequence[Producer], totals: LedgerTotals, *, watermark_ms: int, grace_ms: int
) -> GapSummary:
    """What is known when all messages older than the watermark (Kafka time) were noted.

    A producer that was there when the ledger began may have given numbers that nobody noted:
    what lies before its first known message counts neither as given nor as missing.
    """
    known_since_ms = totals.since_ms + grace_ms if totals.since_ms else 0
    given = totals.forgotten_seen + totals.forgotten_lost + totals.forgotten_cut_off
    cut_off = totals.forgotten_cut_off
    missing, awaited, repeated = totals.forgotten_lost, 0, totals.forgotten_repeated
    told: list[ProducerGaps] = []
    for each in producers:
        open_gaps = each.open_gaps(revealed_before_ms=2**62, known_since_ms=known_since_ms)
        gaps = [gap for gap in open_gaps if gap.since_ms < watermark_ms - grace_ms]
        lost = each.lost + sum(gap.size_up_to(each.settled) for gap in gaps)
        unanswered = each.lost + _size(gaps) - lost
        given += each.seen + each.lost + _size(open_gaps)
        missing += lost
        cut_off += unanswered
        awaited += _size(open_gaps) - _size(gaps)
        repeated += each.repeated
        if lost or unanswered or each.repeated:
            told.append(
                ProducerGaps(
                    producer=each.name,
                    missing=lost,
                    cut_off=unanswered,
                    repeated=each.repeated,
                    gaps=tuple((gap.first, gap.last) for gap in gaps[:_TOLD]),
                    first_ms=each.first_ms,
                    last_ms=each.last_ms,
                )
            )
    told.sort(key=lambda each: (-each.missing, -each.cut_off, -each.repeated, each.producer))
    return GapSummary(
        given=given,
        missing=missing,
        cut_off=cut_off,
        awaited=awaited,
        repeated=repeated,
        unstamped=totals.unstamped,
        producers=tuple(told[:_TOLD]),
    )


def _size(gaps: Sequence[Gap]) -> int:
    return sum(gap.size for gap in gaps)
