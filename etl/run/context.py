"""What a run works with, put together in :mod:`etl.app` and in tests."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from etl.config import RunPolicy
from etl.decode.dead_letters import DeadLetters
from etl.decode.decoding import MessageDecoder
from etl.run.journal import RunsTable
from etl.run.lanes import IN_TURN, Lanes
from etl.run.load import Loader
from etl.sequence.ledger import Ledger
from etl.sessions.pairing import Plan
from etl.sessions.store import SessionStore

Clock = Callable[[], dt.datetime]
"""Gives the present as an aware instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Everything but the source, which a run has for itself."""

    topic: str
    decoder: MessageDecoder
    plan: Plan
    store: SessionStore
    ledger: Ledger
    runs: RunsTable
    loader: Loader
    dead_letters: DeadLetters
    policy: RunPolicy
    clock: Clock
    new_id: Callable[[], uuid.UUID] = uuid.uuid4
    lanes: Lanes = IN_TURN
