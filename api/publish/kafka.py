"""Records into Kafka: librdkafka's idempotent producer, replaced when it cannot go on.

It cannot go on after a fatal error.  It may also be caught in a loop of its own: a broker that lost
its memory calls the producer unknown, the producer raises its epoch and tries again, for ever.  So
it is replaced as well when a record ends with the broker disowning the producer, and when a record
times out and none was acknowledged for as long as that.

librdkafka has a queue of its own, and what is only in that queue is lost with the process.  So
``send`` promises nothing; a record ends with the brokers' acknowledgement, or with an error.

Its queue is kept empty: records go to the producer in batches that take turns.  So it need not wait
for others to come (``linger.ms``), which costs a lone record 1.2 ms.

With five requests of a partition unanswered, an idempotent producer (librdkafka 2.16) sends no
others, and yet asks itself without a pause whether it may: a broker that hangs for seconds would
take a whole processor.  So no more than four are let go to a broker.

Brokers judge a batch, not a record: for its size, or for one record in it, all of them are refused.
So a record counts as refused only when it was refused alone; until then the batch is halved.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.errors import RecordRefusedError, StoreUnavailableError
from api.model import ComponentHealth, ComponentStatus
from api.publish.delivery import Delivery, Outcome, Sent
from api.publish.in_flight import NOTHING, Batch, InFlightBatches, TooManyError
from api.publish.kafka_errors import DISOWNED, REFUSED, translated
from api.publish.producer import give_up, producer_settings
from registry.kafka_servers import KafkaServers

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.01
"""How old what is known of Kafka's silence may be; acknowledgements are served as they come."""

_ASIDE_SECONDS = 0.1
_HEALTH_SECONDS = 1.0
_QUEUED_MESSAGES = 10_000
_BATCH_MESSAGES = 1_000
"""Well above what comes during a broker's answer; so few that a busy broker is not long silent."""

_REBUILD_SECONDS = 1.0
_OVERDUE = 1.5
"""Times the producer's own limit, which it looks at once a second; all others wait for its word."""


Placed = Callable[[uuid.UUID, int, int], None]
"""Is told of an event that Kafka has: its id, the partition and the offset."""


class _Handed:
    """A record that a producer has got.

    ``at`` (monotonic) is when ``producer`` got it, ``since`` when a producer got it first.
    """

    __slots__ = ("at", "producer", "sent", "since")

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.at = 0.0
        self.since = 0.0
        self.producer: Producer | None = None


class KafkaSender:
    """A producer, and the thread that serves its acknowledgements.

    Make it in the process that uses it: librdkafka's threads do not survive a fork.
    """

    def __init__(
        self,
        servers: KafkaServers,
        topic: str,
        *,
        delivery_seconds: float,
        acknowledged: Callable[[Sequence[float]], None] = lambda _seconds: None,
        placed: Placed | None = None,
    ) -> None:
        """Starts the producer; it connects in the background.

        Args:
            servers: where Kafka is.
            topic: where the records go; it has to exist.
            delivery_seconds: after that long an unacknowledged record is given up.
            acknowledged: is told how many seconds Kafka took, for several records; must not raise.
            placed: is told where Kafka has put each event; must not raise.
        """
        self._topic = topic
        self._acknowledged = acknowledged
        self._placed = placed
        self._settings = producer_settings(
            servers, delivery_seconds=delivery_seconds, queued_messages=_QUEUED_MESSAGES
        )
        self._closing = threading.Event()
        self._rebuilt = 0
        self._rebuilt_at = -_REBUILD_SECONDS
        self._stuck_seconds = delivery_seconds
        self._acknowledged_at = self._looked_at = time.monotonic()
        self._took: deque[float] = deque()
        self._heard_elsewhere_at = -_ASIDE_SECONDS
        self._left = threading.Event()
        self.is_aside = False
        """Whether the poller leaves it to others to hear, at this moment."""
        self._is_replacing = False
        self._trouble: str | None = None
        # Nothing may be handed to a producer that is being given up: it would never be reported.
        self._handing_over = threading.Lock()
        self._turns: InFlightBatches[_Handed] = InFlightBatches(_QUEUED_MESSAGES, _BATCH_MESSAGES)
        self._producer = self._new_producer()
        self._poller = threading.Thread(target=self._poll, name="kafka-poll", daemon=True)
        self._poller.start()

    @property
    def rebuilt(self) -> int:
        """How often the producer had to be replaced."""
        return self._rebuilt

    @property
    def is_alive(self) -> bool:
        """Whether acknowledgements are still served."""
        return self._poller.is_alive()

    @property
    def silent_seconds(self) -> float:
        """See :meth:`api.publish.sender.Sender.silent_seconds`.

        As the poller saw it last: what has come and was not served is not Kafka's silence.
        """
        since = self._turns.since
        if since is None:
            return 0.0
        looked_at = time.monotonic() if self._is_replacing else self._looked_at
        return max(0.0, looked_at - max(since, self._acknowledged_at))

    def send(self, delivery: Delivery) -> None:
        """Hands records to the producer, as soon as those before them have ended; never waits.

        Each ends when Kafka has it, or with a ``StoreUnavailableError``, within four times
        ``delivery_seconds``: those before it and the record itself may each be tried again in
        smaller batches for as long as that. After an error Kafka may have the record all the same,
        unless it is a ``RecordRefusedError``: that is said of the record alone.
        """
        try:
            self._take(self._turns.add([_Handed(sent) for sent in delivery.sent]))
        except TooManyError:
            delivery.fail(StoreUnavailableError("the producer's queue is full"))

    def hear(self) -> None:
        """See :meth:`api.publish.sender.Reports.hear`."""
        self._heard_elsewhere_at = time.monotonic()
        self._serve(0)

    def leave(self) -> None:
        """See :meth:`api.publish.sender.Reports.leave`."""
        self._heard_elsewhere_at = -_ASIDE_SECONDS
        self._left.set()

    def health(self) -> ComponentHealth:
        """Whether Kafka answers now and knows the topic. Waits for up to a second."""
        problem = self._problem_with_topic()
        return ComponentHealth(
            status=ComponentStatus.DOWN if problem else ComponentStatus.UP,
            required=True,
            detail=problem or "answers",
        )

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Waits for what is under way, then stops; the rest is given up. Once is enough."""
        if self._closing.is_set():
            return
        deadline = time.monotonic() + timeout_seconds
        while (left := len(self._turns)) and time.monotonic() < deadline:
            self._closing.wait(_POLL_SECONDS)
        if left:
            _log.warning("%d records were still without acknowledgement at the end", left)
            give_up(self._producer)
        self._closing.set()
        self.leave()
        self._poller.join()

    def _take(self, turn: Batch[_Handed]) -> None:
        for each in turn.dropped:
            each.sent.end(StoreUnavailableError("Kafka did not take what was sent before"))
        if turn.batch:
            for failed, error in self._produce(turn.batch):
                self._end(failed, error)

    def _produce(self, batch: Sequence[_Handed]) -> list[tuple[_Handed, Outcome]]:
        """Hands a batch over; what the producer does not even take in, and why."""
        failed: list[tuple[_Handed, Outcome]] = []
        at, topic, delivered = time.monotonic(), self._topic, self._delivered
        with self._handing_over:
            producer = self._producer
            produce = producer.produce
            for each in batch:
                each.producer, each.at = producer, at
                record = each.sent.record
                try:
                    produce(
                        topic,
                        record.value,
                        record.key,
                        headers=dict(record.headers),
                        on_delivery=partial(delivered, each),
                    )
                except BufferError:
                    failed.append((each, StoreUnavailableError("the producer's queue is full")))
                except KafkaException as error:
                    failed.append((each, translated(error.args[0])))
        return failed

    def _delivered(self, each: _Handed, error: KafkaError | None, message: Message) -> None:
        """Called by the poller for each record: what is done here is done very often."""
        now = time.monotonic()
        if error is None:
            if self._placed is not None:
                self._placed(
                    each.sent.record.event_id, message.partition() or 0, message.offset() or 0
                )
            self._acknowledged_at = now
            self._took.append(now - each.at)
            if each.sent.end(None) and (turn := self._turns.end(each)) is not NOTHING:
                self._take(turn)
        elif error.code() in REFUSED and not self._turns.is_alone:
            self._try_smaller(each, error)
        else:
            is_late = error.code() == KafkaError._MSG_TIMED_OUT
            if error.code() in DISOWNED:
                self._trouble = f"the broker does not accept the producer: {error.str()}"
            elif is_late and now - self._acknowledged_at > self._stuck_seconds:
                self._trouble = f"nothing was acknowledged for {self._stuck_seconds:.0f} s"
            self._end(each, translated(error))

    def _try_smaller(self, each: _Handed, error: KafkaError) -> None:
        """Nothing is known of the record yet; unless that goes on for too long, it will be."""
        each.since = each.since or each.at
        if time.monotonic() - each.since > self._stuck_seconds:
            problem = f"it was refused with others for too long: {error.str()}"
            self._end(each, StoreUnavailableError(problem))
        elif each.sent.is_open:
            self._take(self._turns.refuse(each))

    def _end(self, each: _Handed, error: Outcome) -> None:
        if each.sent.end(error):
            failed = error is not None and not isinstance(error, RecordRefusedError)
            self._take(self._turns.end(each, failed=failed))

    def _new_producer(self) -> Producer:
        logger = logging.getLogger(f"{__name__}.librdkafka")
        return Producer({**self._settings}, logger=logger)

    def _problem_with_topic(self) -> str | None:
        """Asks for all topics: asking for one by name makes some brokers create it."""
        try:
            known = self._producer.list_topics(timeout=_HEALTH_SECONDS).topics
        except KafkaException as error:
            return str(translated(error.args[0]))
        return None if self._topic in known else f"there is no topic {self._topic}"

    def _poll(self) -> None:
        """Serves acknowledgements until the end, unless somebody else does."""
        while not self._closing.is_set():
            if time.monotonic() - self._heard_elsewhere_at < _ASIDE_SECONDS:
                self.is_aside = True
                self._left.wait(_ASIDE_SECONDS)
                self._left.clear()
                self.is_aside = False
            else:
                self._serve(_POLL_SECONDS)
            self._tell_took()
            if overdue := self._overdue():
                self._trouble = f"the producer does not say what became of {overdue} records"
            if self._trouble is not None:
                _log.error("%s", self._trouble)
                self._replace()

    def _serve(self, wait_seconds: float) -> None:
        """A fatal error comes out of ``poll`` as an exception and never reaches ``error_cb``."""
        try:
            self._producer.poll(wait_seconds)
        except KafkaException as error:
            self._trouble = f"the producer cannot go on: {error}"
        self._looked_at = time.monotonic()

    def _tell_took(self) -> None:
        if self._took:
            self._acknowledged([self._took.popleft() for _ in range(len(self._took))])

    def _overdue(self) -> int:
        """How many records the producer should have given up, and still is silent about."""
        since, limit = self._turns.since, time.monotonic() - self._stuck_seconds * _OVERDUE
        if since is None or since > limit:
            return 0
        return sum(each.at < limit for each in self._turns.under_way() if each.producer)

    def _replace(self) -> None:
        """A new producer in place of one that takes nothing any more.

        Everything that was under way ends with an error, so that whoever sent it sends it again.
        """
        self._is_replacing = True
        self._put_in_place(self._new_producer())
        self._trouble = None
        self._acknowledged_at = time.monotonic()
        is_too_fast = time.monotonic() - self._rebuilt_at < _REBUILD_SECONDS
        self._rebuilt_at = time.monotonic()
        if is_too_fast:
            self._closing.wait(_REBUILD_SECONDS)
        self._is_replacing = False

    def _put_in_place(self, fresh: Producer) -> None:
        with self._handing_over:
            broken, self._producer = self._producer, fresh
        self._rebuilt += 1
        _log.warning("the producer is replaced; %d records were under way", len(broken))
        give_up(broken)
        for each in self._turns.under_way():
            if each.producer is broken:
                self._end(each, StoreUnavailableError("what became of it was never reported"))
