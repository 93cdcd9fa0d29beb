"""Starts and ends → rows of the event derived from them (requirement L4). Pure.

Everything comes from the contract's ``x-pairing``; no event is named here.

A session's row keeps its id and timestamp for ever: the id is made of the derived event, the keys
and the user, the timestamp is the start's. An unpaired row has version 1, a paired one version 2,
so that an end that comes late replaces the former, in whatever order and how often they are
inserted.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from contracts.message import Message
from contracts.model.context import OCCURRED_AT
from contracts.model.loader import Catalog
from contracts.model.types import (
    Contract,
    Pairing,
)
from contracts.reasons import Reason
from etl.decode.dead_letters import DeadLetter
from etl.errors import PlanError
from etl.sessions.client_clock import occurred_ms
from etl.sessions.derived_data import DataMaker, check_sources, duration_reader, readers
from etl.sessions.store import SessionEvent, SessionState, Side
from etl.source import RawMessage
from registry.framing import schema_id_of

ROW_IDS = uuid.UUID("5b7e6c1d-3f52-4c0e-9f43-7d1f7a1f6a55")
"""Namespace of the derived rows' ids (UUID version 5). A change would double every row."""

_ROW_IDS_BYTES = ROW_IDS.bytes
_VERSION_BITS = 5 << 76 | 2 << 62
_RANDOM_BITS = ~(15 << 76 | 3 << 62)

VERSION_UNPAIRED = 1
VERSION_PAIRED = 2

_NOTHING: Mapping[str, Any] = {}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


class Derived(NamedTuple):
    """A row of a derived event, as the start's payload and the end's time (Unix ms) give it.

    ``skewed``: the clocks of its two events seem to differ. Either the end's time lies before the
    start's, so the duration was set to 0, or they are farther apart than a start waits.

    What the row says is made when it is asked for; rows are made by column where there are many
    (:func:`etl.run.derived.columns_of`).
    """

    pairing: PairingPlan
    session: str
    start: Mapping[str, Any]
    end_at_ms: int | None
    skewed: bool
    end_occurred_ms: int | None = None
    """By the client's clock, where the duration is taken from it."""

    @property
    def version(self) -> int:
        """Of two rows of one session the one that stays has the higher."""
        return VERSION_UNPAIRED if self.end_at_ms is None else VERSION_PAIRED

    @property
    def partition(self) -> int:
        """Where its start lies."""
        found: int = self.start["partition"]
        return found

    @property
    def offset(self) -> int:
        """Where its start lies."""
        found: int = self.start["offset"]
        return found

    @property
    def message(self) -> Message:
        """The row as a message of the derived event."""
        return self.pairing.message(self)


class PairingPlan:
    """Carries out the pairing that one contract declares."""

    def __init__(self, derived: Contract, pairing: Pairing, start: Contract, end: Contract) -> None:
        """Makes sure that the declaration gives every field of the derived event a value.

        Raises:
            PlanError: it does not.
        """
        self.event = derived.event
        self.prefix = pairing.store_prefix
        self.wait_ms = pairing.wait_seconds * 1000
        self.start_event, self.end_event = pairing.start, pairing.end
        self._pairing = pairing
        self.version = derived.version
        check_sources(derived, pairing, start)
        self._unpaired = DataMaker(derived, pairing, pairing.when_unpaired)
        self._paired = DataMaker(derived, pairing, pairing.when_paired)
        self._seconds = duration_reader(derived, pairing)
        self._keys = {
            Side.START: readers(start, pairing.keys),
            Side.END: readers(end, pairing.keys),
        }
        self._carry = readers(start, pairing.carry)
        context = tuple(field.json_name for field in start.context)
        self._context = tuple(zip(context, readers(start, context), strict=True))
        self._by_client = pairing.duration_from == OCCURRED_AT

    def session_event(
        self, side: Side, message: Message, raw: RawMessage, *, settled_before_ms: int | None = None
    ) -> SessionEvent:
        """A message as the session store keeps it.

        Args:
            side: which of the two the message's event is.
            message: the decoded message.
            raw: where it lies, and its bytes.
            settled_before_ms: set while a lost store is rebuilt: an end that expired before that
                time had been settled.  A start then waits once more: the row that it may give a
                second time is the same row.
        """
        keys = self.keys(side, message)
        if side is Side.START:
            payload = self.start_payload(keys, message, raw)
        else:
            payload = self.end_payload(message, raw)
        at_ms: int = payload["at"]
        expires_ms = at_ms + self.wait_ms
        settled = (
            side is Side.END
            and settled_before_ms is not None
            and max(expires_ms, raw.timestamp_ms) < settled_before_ms
        )
        return SessionEvent(
            prefix=self.prefix,
            session=self.session(keys, message.user_id),
            side=side,
            location=raw.location,
            expires_ms=expires_ms,
            forget_ms=max(at_ms, raw.timestamp_ms) + 2 * self.wait_ms,
            payload=orjson.dumps(payload),
            original=_packed(raw, message.event),
            settled=settled,
        )

    def keys(self, side: Side, message: Message) -> list[Any]:
        """The values of the pairing's keys in one of its two events, as JSON has them."""
        return [read(message.data) for read in self._keys[side]]

    def session(self, keys: Sequence[Any], user_id: str) -> str:
        """``prefix:key.user_id``; a dot inside a key is escaped, so that sessions never collide."""
        return f"{self.prefix}:{'.'.join(map(_escaped, keys))}.{user_id}"

    def start_payload(
        self, keys: Sequence[Any], message: Message, raw: RawMessage
    ) -> dict[str, Any]:
        """What the derived row needs of its start."""
        payload = {
            "at": milliseconds(message.timestamp),
            "partition": raw.partition,
            "offset": raw.offset,
            "keys": keys,
            "user": message.user_id,
            "carry": [read(message.data) for read in self._carry],
        }
        if self._context:
            self._add_context(payload, message)
        return payload

    def _add_context(self, payload: dict[str, Any], message: Message) -> None:
        data = message.data
        said = {name: read(data) for name, read in self._context if data.get(name) is not None}
        if said:
            payload["context"] = said
        if self._by_client and (occurred := occurred_ms(data)) is not None:
            payload["occurred"] = occurred

    def end_payload(self, message: Message, raw: RawMessage) -> dict[str, Any]:
        """What the derived row needs of its end."""
        payload = {
            "at": milliseconds(message.timestamp),
            "partition": raw.partition,
            "offset": raw.offset,
        }
        if self._by_client and (occurred := occurred_ms(message.data)) is not None:
            payload["occurred"] = occurred
        return payload

    def derive(self, state: SessionState) -> Derived | None:
        """The row that a state gives: paired, else unpaired; None while it has no start."""
        if state.start is None:
            return None
        end = {} if state.end is None else orjson.loads(state.end)
        return self.row(state.session, orjson.loads(state.start), end)

    def row(self, session: str, start: Mapping[str, Any], end: Mapping[str, Any]) -> Derived:
        """The row of a start's payload, paired with that of an end, unpaired with an empty one."""
        end_at_ms: int | None = end.get("at")
        elapsed_ms = 0 if end_at_ms is None else end_at_ms - start["at"]
        skewed = not 0 <= elapsed_ms <= self.wait_ms
        return Derived(self, session, start, end_at_ms, skewed, end.get("occurred"))

    def message(self, row: Derived) -> Message:
        """A row as a message."""
        return Message(
            event_id=uuid.UUID(int=_row_id(self._identity(row.start))),
            event=self.event,
            user_id=row.start["user"],
            timestamp=instant(row.start["at"]),
            contract_version=self.version,
            data=self.data(row),
        )

    def row_id(self, start: Mapping[str, Any]) -> bytes:
        """The id of a start's row, as text."""
        digits = b"%032x" % _row_id(self._identity(start))
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return b"-".join(parts)

    def data(self, row: Derived) -> Mapping[str, Any]:
        """A row's typed data."""
        start, end_at_ms = row.start, row.end_at_ms
        context: Mapping[str, Any] = start.get("context", _NOTHING)
        if end_at_ms is None:
            return self._unpaired.data(start["carry"], context)
        elapsed_ms = end_at_ms - start["at"]
        if row.end_occurred_ms is not None and "occurred" in start:
            elapsed_ms = row.end_occurred_ms - start["occurred"]
        return self._paired.data(start["carry"], context, self._seconds(max(0, elapsed_ms)))

    def orphan(self, original: bytes, topic: str) -> DeadLetter:
        """The dead letter of an end whose start never came, from its ``original``."""
        raw = _unpacked(original, topic, self.end_event)
        detail = f"no {self._pairing.start} came within {self._pairing.wait_seconds} s"
        return DeadLetter(raw, Reason.ORPHAN_END, detail, schema_id_of(raw.value or b""))

    def _identity(self, start: Mapping[str, Any]) -> bytes:
        return orjson.dumps([self.event, *start["keys"], start["user"]])


@dataclass(frozen=True, slots=True)
class Plan:
    """All pairings of a catalog: by derived event, and by the event that starts or ends one."""

    pairings: Mapping[str, PairingPlan]
    roles: Mapping[str, tuple[PairingPlan, Side]]

    @property
    def names_in_keys(self) -> frozenset[str]:
        """What keys of starts and ends begin with (:mod:`registry.keys`)."""
        return frozenset((*self.roles, *self.pairings))

    @property
    def longest_wait_ms(self) -> int:
        """The longest waiting time of all pairings; 0 without any."""
        return max((pairing.wait_ms for pairing in self.pairings.values()), default=0)


def plan_for(catalog: Catalog) -> Plan:
    """How the catalog's pairings are carried out.

    Raises:
        PlanError: a declaration cannot be carried out, or two want the same event.
    """
    pairings: dict[str, PairingPlan] = {}
    roles: dict[str, tuple[PairingPlan, Side]] = {}
    for event, declared in catalog.pairings.items():
        start, end = catalog.get(declared.start), catalog.get(declared.end)
        pairings[event] = PairingPlan(catalog.get(event), declared, start, end)
        for name, side in ((declared.start, Side.START), (declared.end, Side.END)):
            if name in roles:
                raise PlanError(f"{name} is half of both {roles[name][0].event} and {event}")
            roles[name] = pairings[event], side
    return Plan(pairings, roles)


def _escaped(key: Any) -> str:
    text: str = key if isinstance(key, str) else orjson.dumps(key).decode()
    if "." in text or "%" in text:
        return text.replace("%", "%25").replace(".", "%2E")
    return text


def _row_id(identity: bytes) -> int:
    """``uuid.uuid5(ROW_IDS, identity).int``; version and variant are set as bits."""
    digest = hashlib.sha1(_ROW_IDS_BYTES + identity, usedforsecurity=False).digest()
    return int.from_bytes(digest[:16]) & _RANDOM_BITS | _VERSION_BITS


def milliseconds(moment: dt.datetime) -> int:
    """Unix time of an aware instant, cut to whole milliseconds."""
    return (moment - _EPOCH) // _MILLISECOND


def instant(unix_ms: int) -> dt.datetime:
    """The instant of a Unix time in milliseconds, in UTC."""
    return _EPOCH + unix_ms * _MILLISECOND


def _packed(raw: RawMessage, event: str) -> bytes:
    """A message's place, time and value, without its topic; the key unless it is the event's name.

    ``partition offset time value``, or ``partition offset time:key-bytes keyvalue``.
    """
    key, value = raw.key or b"", raw.value or b""
    if key == event.encode():
        return b"%d %d %d %b" % (raw.partition, raw.offset, raw.timestamp_ms, value)
    place = b"%d %d %d:%d" % (raw.partition, raw.offset, raw.timestamp_ms, len(key))
    return b"%b %b%b" % (place, key, value)


def _unpacked(packed: bytes, topic: str, event: str) -> RawMessage:
    partition, offset, time, rest = packed.split(b" ", 3)
    timestamp_ms, _, key_bytes = time.partition(b":")
    at = int(key_bytes or 0)
    key, value = (rest[:at] if key_bytes else event.encode()), rest[at:]
    return RawMessage(topic, int(partition), int(offset), key, value, int(timestamp_ms))
