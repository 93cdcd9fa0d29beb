"""Keys of the messages in Kafka: made by the API, read by the loader.

=========================  ===================================================================
variable                   meaning (default)
=========================  ===================================================================
KAFKA_KEY                  ``event``: the event's name (requirement L3), so that one event type
                           lies in one partition; ``event,user``: the user as well, so that it
                           spreads over all of them (``event``)
=========================  ===================================================================

With ``event,user`` a key is ``{name}:{who}``, such as ``order_placed:8f0c…`` or
``checkout:8f0c…``.  Equal keys lie in one partition, in the order in which they were accepted.

* ``name`` is the event's, and for the two halves of a pair that of the event which they become:
  so both are in one partition, the start before its end.
* ``who`` is the user's id.  Anonymous visitors have none, and would all be one user: a view of
  theirs goes by the pair's keys, which both halves bear; any other event by its own id, which
  spreads evenly and brings what is sent again to where it was sent before.

What is longer than 128 bytes stands there as its SHA-256.  A topic may hold keys of both forms, as
after a change of the setting: nothing that is stored depends on the partition of a message.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from contracts.errors import SettingError
from contracts.message import ANONYMOUS
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from contracts.settings import Settings
from registry.values import to_json, to_typed

_MARK = ":"
"""Between name and user; no event's name has it."""

_LONGEST_BYTES = 128


class KeyForm(StrEnum):
    """What the key of a message is made of."""

    EVENT = "event"
    EVENT_AND_USER = "event,user"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> KeyForm:
        """The form that KAFKA_KEY names.

        Raises:
            SettingError: it names none.
        """
        try:
            return cls(Settings(env).text("KAFKA_KEY", cls.EVENT).replace(" ", ""))
        except ValueError as error:
            raise SettingError("KAFKA_KEY", " or ".join(cls)) from error


KeyMaker = Callable[[Contract, str, uuid.UUID, Mapping[str, Any]], bytes]
"""From contract, user id, event id and valid data (parsed JSON, by JSON name) to the key."""


def event_key(contract: Contract, _user: str, _event_id: uuid.UUID, _data: object) -> bytes:
    """The event's name: a :data:`KeyMaker`."""
    return contract.event.encode()


def key_maker(catalog: Catalog, form: KeyForm) -> KeyMaker:
    """Makes the keys of one form."""
    match form:
        case KeyForm.EVENT:
            return event_key
        case KeyForm.EVENT_AND_USER:
            return _UserKeys(catalog)


def name_in_key(key: bytes | None) -> str:
    """The name that a key begins with: of the event, or of what it is a half of; "" without a key.

    A key may be anybody's: the name need not be one that a contract has.
    """
    return (key or b"").decode(errors="replace").partition(_MARK)[0]


class KeyCheck:
    """Tells whether a message's key, of either form, fits the event in its value."""

    def __init__(self, catalog: Catalog) -> None:
        wholes = wholes_by_half(catalog)
        self._fitting = {
            event: (event.encode(), f"{wholes.get(event, event)}{_MARK}".encode())
            for event in catalog.versions
        }

    def fits(self, key: bytes | None, event: str) -> bool:
        """Whether it names the event. ``event`` has a contract."""
        name, beginning = self._fitting[event]
        return key == name or (key is not None and key.startswith(beginning))


def wholes_by_half(catalog: Catalog) -> dict[str, str]:
    """Starts and ends → the event that they become."""
    return {
        half: event
        for event, pairing in catalog.pairings.items()
        for half in (pairing.start, pairing.end)
    }


class _UserKeys:
    """Makes keys with the user in them."""

    def __init__(self, catalog: Catalog) -> None:
        wholes = wholes_by_half(catalog)
        self._names = {event: wholes.get(event, event) for event in catalog.versions}
        self._view_of = {
            (contract.event, contract.version): _view_reader(
                contract, catalog.pairings[wholes[contract.event]].keys
            )
            for contract in catalog
            if contract.event in wholes
        }

    def __call__(
        self, contract: Contract, user_id: str, event_id: uuid.UUID, data: Mapping[str, Any]
    ) -> bytes:
        view_of = self._view_of.get((contract.event, contract.version))
        if user_id != ANONYMOUS:
            who = user_id
        elif view_of is not None:
            who = view_of(data)
        else:
            who = str(event_id)
        told = who.encode()
        if len(told) > _LONGEST_BYTES:
            told = hashlib.sha256(told).hexdigest().encode()
        return f"{self._names[contract.event]}{_MARK}".encode() + told


def _view_reader(contract: Contract, keys: tuple[str, ...]) -> Callable[[Mapping[str, Any]], str]:
    """From data to the pair's keys as one text: the same however a UUID or a time is spelt."""
    fields = {field.json_name: field for field in contract.data.fields}
    canonical = [(name, to_typed(fields[name].value), to_json(fields[name].value)) for name in keys]

    def read(data: Mapping[str, Any]) -> str:
        found = [out(typed(data[name], f"/data/{name}")) for name, typed, out in canonical]
        return ".".join(x if isinstance(x, str) else orjson.dumps(x).decode() for x in found)

    return read
