"""Starts and ends → rows of the event derived from them (requirement L4). Pure.

Everything comes from the contract's ``x-pairing``; no event is named here.

A session's row keeps its id and timestamp for ever: the id is made of the derived event, the keys
and the user, the timestamp is the start's. An unpaired row has version 1, a paired one version 2,
so that an end that comes late replaces the former, in whatever order and how often they are
inserted.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.message import Message
from contracts.model.loader import Catalog
from contracts.model.types import (
    Contract,
    Field,
    FieldType,
    IntegerType,
    NumberType,
    Pairing,
    ValueType,
)
from contracts.reasons import Reason
from etl.decode.dead_letters import DeadLetter
from etl.errors import PlanError
from etl.sessions.store import SessionEvent, SessionState, Side
from etl.source import RawMessage
from registry.errors import EncodeError
from registry.framing import schema_id_of
from registry.values import to_json, to_typed

ROW_IDS = uuid.UUID("5b7e6c1d-3f52-4c0e-9f43-7d1f7a1f6a55")
"""Namespace of the derived rows' ids (UUID version 5). A change would double every row."""

VERSION_UNPAIRED = 1
VERSION_PAIRED = 2

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A row of a derived event. Partition and offset are its start's.

    ``skewed``: the clocks of its two events seem to differ. Either the end's time lies before the
    start's, so the duration was set to 0, or they are farther apart than a start waits.
    """

    session: str
    message: Message
    partition: int
    offset: int
    version: int
    skewed: bool = False


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
        self.end_event = pairing.end
        self._pairing = pairing
        self._version = derived.version
        self._type = to_typed(ValueType(derived.data))
        _check(derived, pairing, start)
        self._seconds = _duration_reader(derived, pairing)
        self._keys = {
            Side.START: _readers(start, pairing.keys),
            Side.END: _readers(end, pairing.keys),
        }
        self._carry = _readers(start, pairing.carry)

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
        keys = [read(message.data) for read in self._keys[side]]
        at_ms = milliseconds(message.timestamp)
        payload: dict[str, Any] = {"at": at_ms, "partition": raw.partition, "offset": raw.offset}
        if side is Side.START:
            carry = [read(message.data) for read in self._carry]
            payload |= {"keys": keys, "user": message.user_id, "carry": carry}
        expires_ms = at_ms + self.wait_ms
        settled = (
            side is Side.END
            and settled_before_ms is not None
            and max(expires_ms, raw.timestamp_ms) < settled_before_ms
        )
        return SessionEvent(
            prefix=self.prefix,
            session=self._session(keys, message.user_id),
            side=side,
            location=raw.location,
            expires_ms=expires_ms,
            forget_ms=max(at_ms, raw.timestamp_ms) + 2 * self.wait_ms,
            payload=orjson.dumps(payload),
            original=_packed(raw, message.event),
            settled=settled,
        )

    def derive(self, state: SessionState) -> Derived | None:
        """The row that an state gives: paired, else unpaired; None while it has no start."""
        if state.start is None:
            return None
        start = orjson.loads(state.start)
        data = dict(zip(self._pairing.carry, start["carry"], strict=True))
        if state.end is None:
            data |= self._pairing.when_unpaired
            return self._derived(state.session, start, data, VERSION_UNPAIRED, skewed=False)
        elapsed_ms = orjson.loads(state.end)["at"] - start["at"]
        data[self._pairing.duration] = self._seconds(max(0, elapsed_ms))
        data |= self._pairing.when_paired
        skewed = not 0 <= elapsed_ms <= self.wait_ms
        return self._derived(state.session, start, data, VERSION_PAIRED, skewed=skewed)

    def orphan(self, original: bytes, topic: str) -> DeadLetter:
        """The dead letter of an end whose start never came, from its ``original``."""
        raw = _unpacked(original, topic, self.end_event)
        detail = f"no {self._pairing.start} came within {self._pairing.wait_seconds} s"
        return DeadLetter(raw, Reason.ORPHAN_END, detail, schema_id_of(raw.value or b""))

    def _session(self, keys: list[Any], user_id: str) -> str:
        """``prefix:key.user_id``; a dot inside a key is escaped, so that sessions never collide."""
        texts = [key if isinstance(key, str) else orjson.dumps(key).decode() for key in keys]
        escaped = [text.replace("%", "%25").replace(".", "%2E") for text in texts]
        return f"{self.prefix}:{'.'.join((*escaped, user_id))}"

    def _derived(
        self,
        session: str,
        start: Mapping[str, Any],
        data: Mapping[str, Any],
        version: int,
        *,
        skewed: bool,
    ) -> Derived:
        identity = orjson.dumps([self.event, *start["keys"], start["user"]]).decode()
        return Derived(
            session=session,
            message=Message(
                event_id=uuid.uuid5(ROW_IDS, identity),
                event=self.event,
                user_id=start["user"],
                timestamp=instant(start["at"]),
                contract_version=self._version,
                data=self._type(data, "/data"),
            ),
            partition=start["partition"],
            offset=start["offset"],
            version=version,
            skewed=skewed,
        )


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


_Reader = Callable[[Mapping[str, Any]], Any]


def _readers(contract: Contract, json_names: tuple[str, ...]) -> tuple[_Reader, ...]:
    """For each field a function from a message's data to its JSON value."""
    fields = _fields(contract)
    return tuple(_reader(fields[json_name]) for json_name in json_names)


def _reader(field: Field) -> _Reader:
    convert = to_json(field.value)
    return lambda data: convert(data[field.name])


def _duration_reader(derived: Contract, pairing: Pairing) -> Callable[[int], float]:
    """From elapsed milliseconds to seconds as the duration's field has them."""
    found: FieldType = _fields(derived)[pairing.duration].value.type
    match found:
        case NumberType():
            return lambda elapsed_ms: elapsed_ms / 1000
        case IntegerType():
            return lambda elapsed_ms: elapsed_ms // 1000
        case _:
            raise PlanError(f"{derived.id}: the duration {pairing.duration} must be a number")


def _fields(contract: Contract) -> dict[str, Field]:
    return {field.json_name: field for field in contract.data.fields}


def _check(derived: Contract, pairing: Pairing, start: Contract) -> None:
    """Every field of the derived event has a source of its own type."""
    fields, carried = _fields(derived), _fields(start)
    for name in pairing.carry:
        if type(fields[name].value.type) is not type(carried[name].value.type):
            raise PlanError(f"{derived.id}: {name} has another type in {start.id}")
    for case, constants, measured in (
        ("when_paired", pairing.when_paired, {pairing.duration}),
        ("when_unpaired", pairing.when_unpaired, set()),
    ):
        given = {*pairing.carry, *constants, *measured}
        if lacking := {name for name, field in fields.items() if field.required} - given:
            raise PlanError(f"{derived.id}: {case} leaves out {', '.join(sorted(lacking))}")
        for name, value in constants.items():
            try:
                to_typed(fields[name].value)(value, f"/x-pairing/{case}/{name}")
            except EncodeError as error:
                raise PlanError(f"{derived.id}: {error}") from error
