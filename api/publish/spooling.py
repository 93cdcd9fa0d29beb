"""Events are stored: in Kafka, or in this worker's spool until Kafka takes them.

The rule of order: an event goes straight to Kafka only when nothing that this worker accepted
earlier still waits in its spool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock

from api.errors import (
    RecordRefusedError,
    SpoolError,
    StoreOverloadedError,
    StoreUnavailableError,
)
from api.model import ComponentHealth, ComponentStatus
from api.publish.delivery import Outcome, Sent
from api.publish.replay import ReplayCounts, Replayer
from api.publish.sender import Sender
from api.publish.sequencer import Numbers, Sequencer
from api.publish.spool.log import Log
from api.publish.spool.record import Record
from api.publish.under_way import MOST_RECORDS, MOST_WAITS, Publication, UnderWay
from contracts.visible import counted

_log = logging.getLogger(__name__)

_NEARLY_FULL = 0.8
_ROOM_BYTES = 262_144
_UNFORESEEN = StoreUnavailableError("putting it aside broke off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the records of one worker since its start.

    Each is ``acknowledged`` by Kafka in time, or ``spooled``, or ``refused`` for now (503); those
    that Kafka will never take are not counted, nor those that were too many.  ``replay`` tells what
    became of the spooled ones, and of those that dead workers left.
    """

    acknowledged: int
    spooled: int
    refused: int
    replay: ReplayCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolState:
    """How much lies in this worker's spool. ``oldest_ms`` is Unix time; ``None`` when empty."""

    bytes_used: int
    max_bytes: int
    oldest_ms: int | None
    damaged_places: int
    is_direct: bool


class SpoolingPublisher:
    """Stores records in Kafka if it answers in time, else in the spool.

    It owns none of its parts: who makes them closes them, the replayer first.
    """

    def __init__(
        self,
        sender: Sender,
        spool: Log,
        replayer: Replayer,
        sequencer: Sequencer,
        *,
        wait_seconds: float,
    ) -> None:
        """
        Args:
            sender: takes records to Kafka.
            spool: keeps them meanwhile.
            replayer: empties the spool, and knows whether Kafka answers.
            sequencer: gives each record its sequence.
            wait_seconds: so long Kafka may be silent before what is under way goes to the spool
                (see :mod:`api.publish.under_way`).
        """
        self._sender = sender
        self._spool = spool
        self._replayer = replayer
        self._sequencer = sequencer
        self._wait_seconds = wait_seconds
        self._under_way = UnderWay(sender, self._move, wait_seconds=wait_seconds)
        self._counted = Lock()
        self._acknowledged = self._spooled = self._rejected = 0

    def start(self) -> None:
        """Begins to look after what Kafka does not answer for. Only then events go to Kafka."""
        self._under_way.start()

    def close(self) -> None:
        """Returns when all that is under way is stored or refused; what comes later goes to the
        spool, or is refused when that is closed."""
        self._under_way.close()

    def hear(self) -> None:
        """See :meth:`api.publish.sender.Reports.hear`."""
        self._sender.hear()

    def leave(self) -> None:
        """See :meth:`api.publish.sender.Reports.leave`."""
        self._sender.leave()

    def publish(self, record: Record) -> None:
        """Stores one record; returns when Kafka has it or the disk has.

        Raises:
            StoreUnavailableError: neither took it. Kafka may have it all the same.
        """
        (problem,) = self.publish_all([record])
        if problem is not None:
            raise problem

    def publish_all(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Stores several at once: one wait and one sync for all. In the order given."""
        if not records:
            return []
        if not (self._under_way.is_alive and self._replayer.wait_direct(self._wait_seconds / 2)):
            return self._store_in_spool(records)
        ended, told = Event(), list[Sequence[Outcome]]()

        def done(outcomes: Sequence[Outcome]) -> None:
            told.append(outcomes)
            ended.set()

        publication = self._send(records, done)
        if publication is None:
            problem = StoreOverloadedError(f"{MOST_RECORDS:,} events are on their way to Kafka")
            return [problem] * len(records)
        # Twice what the thread that looks after it would take, if it has not ended meanwhile.
        if not ended.wait(2 * MOST_WAITS * self._wait_seconds):
            if self._under_way.take(publication):
                self._move([publication])
            ended.wait()
        return told[0]

    def publish_soon(
        self, records: Sequence[Record], done: Callable[[Sequence[Outcome]], None]
    ) -> bool:
        """See :meth:`api.pipeline.storing.Publisher.publish_soon`."""
        if not (self._under_way.is_alive and self._replayer.is_direct):
            return False
        if not records:
            done([])
            return True
        return self._send(records, done) is not None

    def _send(
        self, records: Sequence[Record], done: Callable[[Sequence[Outcome]], None]
    ) -> Publication | None:
        """Begins a publication, at least one record long; ``None`` when there is no room."""
        if not self._under_way.has_room(len(records)):
            return None
        numbers = self._sequencer.take(len(records))
        publication = None
        try:
            stamped = _with_numbers(records, numbers)
            publication = Publication(numbers, stamped, done, self._heard)
            self._under_way.begin(publication)
            self._sender.send(publication.delivery)
        except BaseException:
            # A number whose request ends in an error that nobody foresaw must not stay open.
            if publication is None or self._under_way.take(publication):
                self._sequencer.ended(numbers, range(numbers.count))
            raise
        return publication

    def _heard(self, publication: Publication) -> None:
        """Called by the sender, which is not to wait for a disk."""
        outcomes = publication.outcomes()
        if any(map(_may_be_spooled, outcomes)):
            self._under_way.failed(publication)
        elif self._under_way.heard(publication):
            self._end(publication, outcomes, spooled=0)

    def _move(self, publications: Sequence[Publication]) -> None:
        """Brings to an end what Kafka has not taken, by way of the spool: one sync for all.

        When the disk does not take all of it, each publication is tried by itself.
        """
        heard = [each.outcomes() for each in publications]
        left = [
            [at for at, outcome in enumerate(outcomes) if _may_be_spooled(outcome)]
            for outcomes in heard
        ]
        sent = [
            [each.delivery.sent[at] for at in open_]
            for each, open_ in zip(publications, left, strict=True)
        ]
        problems: list[Outcome] = [_UNFORESEEN] * len(publications)
        try:
            problems = self._to_spool(sent)
        finally:
            for each, outcomes, ats, problem in zip(
                publications, heard, left, problems, strict=True
            ):
                for at in ats:
                    outcomes[at] = problem
                self._end(each, outcomes, spooled=0 if problem else len(ats))

    def _to_spool(self, groups: Sequence[Sequence[Sent]]) -> list[Outcome]:
        """Puts groups of records aside; for each group, why it is not."""
        together = [each for group in groups for each in group]
        if together:
            self._replayer.report_outage()
        problem = self._appended(together)
        if problem is None or len(groups) == 1:
            return [problem] * len(groups)
        return [self._appended(group) for group in groups]

    def _appended(self, sent: Sequence[Sent]) -> Outcome:
        if not sent:
            return None
        try:
            self._spool.append([each.record for each in sent], sent)
        except SpoolError as error:
            return error
        return None

    def _end(self, publication: Publication, outcomes: Sequence[Outcome], *, spooled: int) -> None:
        self._note(publication.numbers, outcomes, spooled=spooled)
        try:
            publication.done(outcomes)
        except Exception:  # noqa: BLE001 - it would end the thread that others wait for
            _log.exception("whoever published did not take the outcome")

    def _store_in_spool(self, records: Sequence[Record]) -> list[Outcome]:
        """While Kafka is not asked. Numbers are given in the order of the file.

        A number given earlier would be missing for ever when the process is killed between a later
        record's write and its own, although nobody was promised anything.
        """
        taken: list[Numbers] = []

        def stamped() -> list[Record]:
            taken.append(self._sequencer.take(len(records)))
            return _with_numbers(records, taken[0])

        problem: Outcome = None
        try:
            self._spool.append_made(stamped)
        except SpoolError as error:
            problem = error
        except BaseException:
            for numbers in taken:
                self._sequencer.ended(numbers, range(numbers.count))
            raise
        outcomes = [problem] * len(records)
        if taken:
            self._note(taken[0], outcomes, spooled=0 if problem else len(records))
        return outcomes

    def _note(self, numbers: Numbers, outcomes: Sequence[Outcome], *, spooled: int) -> None:
        """Says of each number what became of its record, and counts the records."""
        refused = [at for at, outcome in enumerate(outcomes) if outcome is not None]
        self._sequencer.ended(numbers, refused)
        rejected = sum(_may_be_spooled(outcomes[at]) for at in refused)
        with self._counted:
            self._acknowledged += len(outcomes) - len(refused) - spooled
            self._spooled += spooled
            self._rejected += rejected

    def counts(self) -> Counts:
        """What became of the records so far."""
        with self._counted:
            return Counts(
                acknowledged=self._acknowledged,
                spooled=self._spooled,
                refused=self._rejected,
                replay=replace(self._replayer.counts),
            )

    def spool_state(self) -> SpoolState:
        """How much lies in the spool now."""
        return SpoolState(
            bytes_used=self._spool.bytes_used,
            max_bytes=self._spool.max_bytes,
            oldest_ms=self._spool.oldest_ms,
            damaged_places=self._spool.damage.places,
            is_direct=self._replayer.is_direct,
        )

    @property
    def producer_rebuilds(self) -> int:
        """How often the way to Kafka had to be made anew."""
        return self._sender.rebuilt

    @property
    def is_alive(self) -> bool:
        """Whether the threads run without which nothing is acknowledged or sent again."""
        return self._sender.is_alive and self._replayer.is_alive and self._under_way.is_alive

    def kafka_health(self) -> ComponentHealth:
        """Kafka, which events can do without for as long as the spool has room."""
        return replace(self._sender.health(), required=False)

    def spool_health(self) -> ComponentHealth:
        """The spool: down when it takes nothing more; that matters while events need it."""
        state = self.spool_state()
        used = state.bytes_used / state.max_bytes
        status = ComponentStatus.UP if used < _NEARLY_FULL else ComponentStatus.DEGRADED
        if state.max_bytes - state.bytes_used < _ROOM_BYTES:
            status = ComponentStatus.DOWN
        waiting = "empty" if state.bytes_used == 0 else f"{used:.0%} full"
        damaged = (
            f", {counted(state.damaged_places, 'damaged place')}" if state.damaged_places else ""
        )
        detail = waiting + damaged + ("" if state.is_direct else ", in use")
        return ComponentHealth(status=status, required=not state.is_direct, detail=detail)


def _with_numbers(records: Sequence[Record], numbers: Numbers) -> list[Record]:
    return [
        Record(
            event_id=record.event_id,
            key=record.key,
            value=record.value,
            headers={**record.headers, **headers},
        )
        for record, headers in zip(records, numbers.headers(), strict=True)
    ]


def _may_be_spooled(outcome: Outcome) -> bool:
    """Whether it is not stored, and not because Kafka will never take it."""
    return outcome is not None and not isinstance(outcome, RecordRefusedError)
