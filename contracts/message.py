"""The Kafka message as a value: the message envelope with typed ``data``.

``data`` is keyed by :attr:`~contracts.model.types.Field.name` and holds, by type of the field:
``str`` (string, JSON text), ``uuid.UUID``, aware ``datetime.datetime`` in UTC, ``datetime.date``,
``int``, ``float``, ``bool``, ``list``, ``dict`` (maps and records), or ``None`` where the field is
optional.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANONYMOUS = "anonymous"
"""``user_id`` of a visitor who sent no token (requirement L2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One accepted event. ``timestamp`` is in UTC and whole milliseconds."""

    event_id: uuid.UUID
    event: str
    user_id: str
    timestamp: dt.datetime
    contract_version: int
    data: Mapping[str, Any]
