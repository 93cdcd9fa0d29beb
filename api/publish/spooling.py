"""Events are stored: in Kafka, or in this worker's spool until Kafka takes them.

The rule of order: an event goes straight to Kafka only when nothing that this worker accepted
earlier still waits in its spool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Lock

from api.errors import RecordRefusedError, SpoolError, StoreUnavailableError
from api.model import ComponentHealth, ComponentStatus
from api.publish.replay import ReplayCounts, Replayer
from api.publish.sender import Sender
from api.publish.sequencer import Sequencer
from api.publish.spool.log import Log
from api.publish.spool.record import Record
from contracts.sequence import SequenceHeader
from contracts.visible import counted

_NEARLY_FULL = 0.8
_ROOM_BYTES = 262_144

Outcome = StoreUnavailableError | None
"""Why a record is not stored; ``None`` if it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the records of one worker since its start.

    Each is ``acknowledged`` by Kafka in time, or ``spooled``, or ``refused`` for now (503); those
    that Kafka will never take are not counted.  ``replay`` tells what became of the spooled ones,
    and of those that dead workers left.
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
            wait_seconds: so long Kafka may take before a record goes to the spool.
        """
        self._sender = sender
        self._spool = spool
        self._replayer = replayer
        self._sequencer = sequencer
        self._wait_seconds = wait_seconds
        self._counted = Lock()
        self._acknowledged = self._spooled = self._rejected = 0

    def publish(self, record: Record) -> None:
        """Stores one record; returns when Kafka has it or the disk has.

        Raises:
            StoreUnavailableError: neither took it. Kafka may have it all the same.
        """
        (problem,) = self.publish_all([record])
        if problem is not None:
            raise problem

    def publish_all(self, records: Sequence[Record]) -> list[Outcome]:
        """Stores several at once: one wait and one sync for all. In the order given."""
        until = time.monotonic() + self._wait_seconds
        if not self._replayer.wait_direct(self._wait_seconds / 2):
            return self._store_in_spool(records)
        sequences = [self._sequencer.next() for _ in records]
        with self._skip_on_errors(sequences):
            stamped = [
                _with_sequence(record, sequence)
                for record, sequence in zip(records, sequences, strict=True)
            ]
            sent = self._to_kafka(stamped, until)
            outcomes = [_outcome(future) for future in sent]
            left = [at for at, outcome in enumerate(outcomes) if _may_be_spooled(outcome)]
            if left:
                problem = self._to_spool([stamped[at] for at in left], [sent[at] for at in left])
                for at in left:
                    outcomes[at] = problem
        self._note(sequences, outcomes)
        self._count(outcomes, spooled=sum(outcomes[at] is None for at in left))
        return outcomes

    def publish_soon(
        self, records: Sequence[Record], done: Callable[[Sequence[Outcome]], None]
    ) -> bool:
        """See :meth:`api.pipeline.storing.Publisher.publish_soon`."""
        return False

    def _store_in_spool(self, records: Sequence[Record]) -> list[Outcome]:
        """While Kafka is not asked. Numbers are given in the order of the file.

        A number given earlier would be missing for ever when the process is killed between a later
        record's write and its own, although nobody was promised anything.
        """
        sequences: list[SequenceHeader] = []

        def stamped() -> list[Record]:
            sequences.extend(self._sequencer.next() for _ in records)
            return [
                _with_sequence(record, sequence)
                for record, sequence in zip(records, sequences, strict=True)
            ]

        problem: Outcome = None
        with self._skip_on_errors(sequences):
            try:
                self._spool.append_made(stamped)
            except SpoolError as error:
                problem = error
        outcomes = [problem] * len(records)
        self._note(sequences, outcomes)
        self._count(outcomes, spooled=0 if problem else len(records))
        return outcomes

    @contextmanager
    def _skip_on_errors(self, sequences: Sequence[SequenceHeader]) -> Iterator[None]:
        """A number whose request ends in an error that nobody foresaw must not stay open."""
        try:
            yield
        except BaseException:
            for sequence in sequences:
                self._sequencer.refused(sequence)
            raise

    def _note(self, sequences: Sequence[SequenceHeader], outcomes: Sequence[Outcome]) -> None:
        for sequence, outcome in zip(sequences, outcomes, strict=True):
            note = self._sequencer.stored if outcome is None else self._sequencer.refused
            note(sequence)

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
        return self._sender.is_alive and self._replayer.is_alive

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

    def _to_kafka(self, records: Sequence[Record], until: float) -> list[Future[None]]:
        """What is heard from Kafka until then (monotonic)."""
        sent = [self._sender.send(record) for record in records]
        for future in sent:
            with suppress(FutureTimeoutError):
                future.exception(max(0.0, until - time.monotonic()))
        return sent

    def _to_spool(
        self, records: Sequence[Record], sent: Sequence[Future[None]]
    ) -> StoreUnavailableError | None:
        self._replayer.report_outage()
        try:
            self._spool.append(records, sent)
        except SpoolError as error:
            return error
        return None

    def _count(self, outcomes: Sequence[Outcome], *, spooled: int) -> None:
        stored = sum(outcome is None for outcome in outcomes)
        with self._counted:
            self._acknowledged += stored - spooled
            self._spooled += spooled
            self._rejected += sum(map(_may_be_spooled, outcomes))


def _with_sequence(record: Record, sequence: SequenceHeader) -> Record:
    return replace(record, headers={**record.headers, **sequence.headers()})


def _outcome(sent: Future[None]) -> Outcome:
    """What Kafka has said of a record so far."""
    if not sent.done():
        return StoreUnavailableError("Kafka did not answer in time")
    error = sent.exception()
    if error is None or isinstance(error, StoreUnavailableError):
        return error
    return StoreUnavailableError(str(error))


def _may_be_spooled(outcome: Outcome) -> bool:
    """Whether it is not stored, and not because Kafka will never take it."""
    return outcome is not None and not isinstance(outcome, RecordRefusedError)
