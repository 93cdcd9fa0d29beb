"""Pairs whose start and end lie in one chunk, joined before the store is asked (requirement L4).

The reference is giving the store each event by itself: two entries in a script, a marker, two
states told back, and a row made of the state's JSON.  A pair is one entry, and its row is made of
the messages; the store still says whether it knew anything of the session, and if it did, nothing
was done and the events go the way of the reference.  ``python -m bench.pairs`` compares both.
``tests/etl/run/test_joining.py`` proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.message import Message
from etl.sessions.pairing import Derived, PairingPlan, Plan, end_payload
from etl.sessions.store import SessionPair, Side
from etl.source import RawMessage

Given = tuple[RawMessage, Message]


@dataclass(frozen=True, slots=True)
class Joined:
    """The first start and the first end of a session in a chunk, and the row that they make.

    ``repeated`` are the session's other messages in the chunk.
    """

    pairing: PairingPlan
    stored: SessionPair
    row: Derived
    start_event: str
    end_event: str
    repeated: Sequence[Message]


class Together:
    """The starts and ends of a chunk, by session."""

    def __init__(
        self, plan: Plan, messages: Sequence[Given], apart: Callable[[RawMessage], bool]
    ) -> None:
        """A session with a message that has to stay ``apart`` is not joined."""
        self._messages = messages
        self._sessions: list[str] = []
        self._found: dict[str, _Found] = {}
        for given in messages:
            raw, message = given
            pairing, side = plan.roles[message.event]
            keys = pairing.keys(side, message)
            session = pairing.session(keys, message.user_id)
            self._sessions.append(session)
            found = self._found.get(session)
            if found is None:
                found = self._found[session] = _Found(pairing)
            found.add(side, keys, given)
            found.apart = found.apart or apart(raw)

    def joined(self) -> list[Joined]:
        """The first start and the first end of each session that has both, by pairing."""
        joined = [
            found.joined(session)
            for session, found in self._found.items()
            if found.start is not None and found.end is not None and not found.apart
        ]
        return sorted(joined, key=lambda each: each.stored.prefix)

    def without(self, sessions: Container[str]) -> list[Given]:
        """The messages of all other sessions, in their order."""
        pairs = zip(self._sessions, self._messages, strict=True)
        return [given for session, given in pairs if session not in sessions]


class _Found:
    """What a chunk has of one session."""

    __slots__ = ("apart", "end", "keys", "pairing", "repeated", "start")

    def __init__(self, pairing: PairingPlan) -> None:
        self.pairing = pairing
        self.start: Given | None = None
        self.end: Given | None = None
        self.keys: Sequence[Any] = ()
        self.repeated: list[Message] | None = None
        self.apart = False

    def add(self, side: Side, keys: Sequence[Any], given: Given) -> None:
        """One more message; the first of each side counts."""
        if side is Side.START and self.start is None:
            self.start, self.keys = given, keys
        elif side is Side.END and self.end is None:
            self.end = given
        elif self.repeated is None:
            self.repeated = [given[1]]
        else:
            self.repeated.append(given[1])

    def joined(self, session: str) -> Joined:
        """Both halves are there."""
        assert self.start is not None
        assert self.end is not None
        pairing = self.pairing
        (start_raw, start_message), (end_raw, end_message) = self.start, self.end
        start = pairing.start_payload(self.keys, start_message, start_raw)
        end = end_payload(end_message, end_raw)
        start_ms, end_ms = start["at"], end["at"]
        latest_ms = max(start_ms, start_raw.timestamp_ms, end_ms, end_raw.timestamp_ms)
        return Joined(
            pairing,
            SessionPair(
                prefix=pairing.prefix,
                session=session,
                start_location=start_raw.location,
                start=orjson.dumps(start),
                start_expires_ms=start_ms + pairing.wait_ms,
                end_location=end_raw.location,
                end=orjson.dumps(end),
                end_expires_ms=end_ms + pairing.wait_ms,
                forget_ms=latest_ms + 2 * pairing.wait_ms,
            ),
            pairing.row(session, start, end_ms),
            self.start[1].event,
            self.end[1].event,
            self.repeated or (),
        )
