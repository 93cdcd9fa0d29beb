"""Looking at dead letters, and sending them back.

A retry publishes the original bytes, with the original key, to the partition where the message lay.
Doing so is safe however often it happens: a dead letter never became a row; a plain event is
recognised by its event id, and its table holds one row of each; of a session the first start and
the first end win. What is still unusable becomes a dead letter again, which says whose retry it is.

The producer's sequence header is left off, since the number was noted when the message came first
and would look doubled. That a dead letter was sent back is noted in the dead letters' topic itself,
after
it was: killed in between, it is sent again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl.errors import ReplayError
from etl.producer import MessageProducer, Record
from etl.source import History, RawMessage
from registry.keys import name_in_key

RETRIED = "retried-letter"
"""Header of a note: the dead letter at this ``partition:offset`` was sent back."""

RETRY_OF = "ugc-retry-of"
"""Header of a message that was sent back: the letter's ``partition:offset``."""

_TOLD = frozenset(
    {
        "reason",
        "detail",
        "original-topic",
        "original-partition",
        "original-offset",
        "original-timestamp-ms",
        "original-key",
        "schema-id",
    }
)
_SEQUENCE = "ugc-"
_DIGITS = re.compile(rb"[0-9]{1,19}")
_INT32, _INT64 = 2**31 - 1, 2**63 - 1
"""The largest partition and schema id, and the largest offset and time."""

_READ_MESSAGES = 1_000
_BLOCK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """One dead letter as it lies in its topic, at ``location``; see also :class:`DeadLetter`."""

    location: str
    raw: RawMessage
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    schema_id: int | None
    retried: bool = False

    @property
    def event(self) -> str:
        """What the message's key says: of a view's halves it may be the event they become."""
        return name_in_key(self.key)

    def as_dict(self) -> dict[str, Any]:
        """The dead_letter for a JSON document;

        the value in hexadecimal digits, null where it is.
        """
        value = self.raw.value
        return {
            "letter": self.location,
            "reason": self.reason,
            "detail": self.detail,
            "event": self.event,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "timestamp_ms": self.timestamp_ms,
            "schema_id": self.schema_id,
            "retried": self.retried,
            "value_hex": None if value is None else value.hex(),
            "headers": {name: _text(text) for name, text in self.raw.headers if name not in _TOLD},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead_letters are meant; an empty set means any. ``partitions`` are the originals'."""

    reasons: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    partitions: frozenset[int] = frozenset()
    locations: frozenset[str] = frozenset()
    retried: bool | None = None

    def takes(self, dead_letter: StoredDeadLetter) -> bool:
        """Whether the dead_letter is meant."""
        return (
            _among(dead_letter.reason, self.reasons)
            and _among(dead_letter.event, self.events)
            and _among(dead_letter.partition, self.partitions)
            and _among(dead_letter.location, self.locations)
            and (self.retried is None or dead_letter.retried == self.retried)
        )


def read_dead_letters(history: History, wanted: Filter) -> Iterator[StoredDeadLetter]:
    """The dead_letters that are meant, oldest first; memory holds what was sent back, and a chunk.

    Raises:
        SourceUnavailableError: Kafka gives no answer in time.
    """
    retried = frozenset(_notes(history)) if _may_be_retried(history) else frozenset()
    for raw in _messages(history):
        dead_letter = parse(raw, retried)
        if dead_letter is not None and wanted.takes(dead_letter):
            yield dead_letter


def find_dead_letter(history: History, location: str) -> StoredDeadLetter:
    """The dead_letter at ``partition:offset`` of the dead letters' topic.

    Raises:
        ReplayError: there is none.
    """
    for dead_letter in read_dead_letters(history, Filter(locations=frozenset({location}))):
        return dead_letter
    raise ReplayError(f"there is no dead letter {location}")


def retry(
    dead_letters: Sequence[StoredDeadLetter],
    producer: MessageProducer,
    *,
    topic: str,
    dead_letter_topic: str,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Sends dead_letters back to the topic of the events; gives how many were sent.

    Raises:
        DeadLettersUnavailableError: Kafka did not acknowledge all; the rest may be tried again.
    """
    done = 0
    progress(done, len(dead_letters))
    while done < len(dead_letters) and not should_stop():
        block = dead_letters[done : done + _BLOCK]
        producer.publish(topic, [_back(dead_letter) for dead_letter in block])
        producer.publish(dead_letter_topic, [_note(dead_letter) for dead_letter in block])
        done += len(block)
        progress(done, len(dead_letters))
    return done


def parse(raw: RawMessage, retried: Collection[str] = ()) -> StoredDeadLetter | None:
    """A message of the dead letters' topic; None for a note that one was sent back."""
    headers = dict(raw.headers)
    if RETRIED in headers:
        return None
    return StoredDeadLetter(
        location=raw.location,
        raw=raw,
        reason=_text(headers.get("reason")) or "?",
        detail=_text(headers.get("detail")) or "",
        topic=_text(headers.get("original-topic")) or "?",
        partition=_number(headers, "original-partition", -1),
        offset=_number(headers, "original-offset", -1, _INT64),
        timestamp_ms=_number(headers, "original-timestamp-ms", raw.timestamp_ms, _INT64),
        key=headers.get("original-key", raw.key),
        schema_id=_number(headers, "schema-id", -1) if "schema-id" in headers else None,
        retried=raw.location in retried,
    )


def _back(dead_letter: StoredDeadLetter) -> Record:
    kept = [
        (name, text)
        for name, text in dead_letter.raw.headers
        if name not in _TOLD and not name.startswith(_SEQUENCE)
    ]
    return Record(
        key=dead_letter.key,
        value=dead_letter.raw.value,
        headers=(*kept, (RETRY_OF, dead_letter.location.encode())),
        partition=dead_letter.partition if dead_letter.partition >= 0 else None,
    )


def _note(dead_letter: StoredDeadLetter) -> Record:
    return Record(
        key=dead_letter.key, value=None, headers=((RETRIED, dead_letter.location.encode()),)
    )


def _may_be_retried(history: History) -> bool:
    return any(span.stop > span.start for span in history.bounds().values())


def _notes(history: History) -> Iterator[str]:
    for raw in _messages(history):
        if (location := dict(raw.headers).get(RETRIED)) is not None:
            yield location.decode(errors="replace")


def _messages(history: History) -> Iterator[RawMessage]:
    history.begin({p: span.start for p, span in history.bounds().items()}, {})
    while (chunk := history.read(_READ_MESSAGES)) is not None:
        yield from chunk.messages


def _among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _number(
    headers: Mapping[str, bytes | None], name: str, default: int, most: int = _INT32
) -> int:
    found = _DIGITS.fullmatch(headers.get(name) or b"")
    return int(found[0]) if found and int(found[0]) <= most else default
