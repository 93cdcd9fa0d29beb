"""What the pipeline works with. Pure: each part that talks to the outside is a protocol."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from api.auth.users import Users
from api.instrumentation import Instrumentation, NoInstrumentation
from api.model import Request
from api.pipeline.seen import SeenEvents
from api.pipeline.storing import Publisher
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from registry.keys import KeyMaker, event_key
from registry.topics import LONGEST_RECORD_BYTES

Check = Callable[[Any], Request]
"""Parsed JSON held against the contracts; raises :class:`~api.errors.Rejection`."""

Resolve = Callable[[str | None], str]
"""A token's user id; raises :class:`~api.errors.Rejection`."""


class EventEncoder(Protocol):
    """Makes Kafka values; :class:`registry.serde.Encoder` is one."""

    def encode(
        self,
        contract: Contract,
        *,
        event_id: uuid.UUID,
        user_id: str,
        timestamp: dt.datetime,
        data: Mapping[str, Any],
    ) -> bytes:
        """The Kafka value of one event.

        Raises:
            EncodeError: a value has no image in the contract's types.
        """
        ...

    def image(self, contract: Contract, value: bytes, data: Mapping[str, Any]) -> bytes:
        """What will be kept of ``data``, which ``value`` tells: one text however it was spelt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What the pipeline works with.

    ``value_limit`` tells how long a Kafka value may be, in bytes, as far as it is known now;
    ``encoder`` raises :class:`~api.errors.StoreUnavailableError` while there is none; ``clock``
    gives aware instants; ``key_of`` gives the Kafka key of an event; ``make_id`` makes the ids of
    events that come without one; ``instrumentation`` is told how long each stage takes.
    """

    catalog: Catalog
    users: Users
    encoder: Callable[[], EventEncoder]
    publisher: Publisher
    seen: SeenEvents
    clock: Callable[[], dt.datetime]
    make_id: Callable[[], uuid.UUID]
    instrumentation: Instrumentation = field(default_factory=NoInstrumentation)
    value_limit: Callable[[], int] = lambda: LONGEST_RECORD_BYTES
    key_of: KeyMaker = event_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the JSON of one event may be, in a batch too, and how deep."""

    body_bytes: int = 65_536
    json_depth: int = 32
