"""Pairs whose start and end lie in one chunk, joined before the store is asked (requirement L4).

The reference is giving the store each event by itself: two entries in a script, a marker, two
states told back, and a row made of the state's JSON.  A pair is one entry, and its row is made of
the messages; the store still says whether it knew anything of the session, and if it did, nothing
was done and the events go the way of the reference.  ``python -m bench.pairs`` compares both.
``tests/etl/run/test_joining.py`` proves them equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from contracts.message import Message
from etl.sessions.pairing import Derived, PairingPlan, Plan
from etl.sessions.store import SessionPair, Side
from etl.source import RawMessage

Given = tuple[RawMessage, Message]


class Joined(NamedTuple):
    """The first start and the first end of a session in a chunk, and the row that they make."""

    stored: SessionPair
    row: Derived


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
                found = self._found[session] = _Found(pairing, session)
            found.add(side, keys, given)
            found.apart = found.apart or apart(raw)

    def pairings(self) -> list[PairingPlan]:
        """Those that have something to join."""
        return list({found.pairing.event: found.pairing for found in self._joinable()}.values())

    def joined(self, pairing: PairingPlan) -> Iterator[Joined]:
        """The first start and the first end of each session that has both."""
        return (found.joined() for found in self._joinable() if found.pairing is pairing)

    def repeated(self, sessions: Iterable[str]) -> Counter[str]:
        """How many of the messages are not the first of their session, by event."""
        repeated = (self._found[session].repeated for session in sessions)
        return Counter(message.event for messages in repeated for message in messages)

    def without(self, sessions: Container[str]) -> list[Given]:
        """The messages of all other sessions, in their order."""
        pairs = zip(self._sessions, self._messages, strict=True)
        return [given for session, given in pairs if session not in sessions]

    def _joinable(self) -> Iterator[_Found]:
        return (
            found
            for found in self._found.values()
            if found.start is not None and found.end is not None and not found.apart
        )


class _Found:
    """What a chunk has of one session."""

    __slots__ = ("apart", "end", "keys", "pairing", "repeated", "session", "start")

    def __init__(self, pairing: PairingPlan, session: str) -> None:
        self.pairing = pairing
        self.session = session
        self.start: Given | None = None
        self.end: Given | None = None
        self.keys: Sequence[Any] = ()
        self.repeated: Sequence[Message] = ()
        self.apart = False

    def add(self, side: Side, keys: Sequence[Any], given: Given) -> None:
        """One more message; the first of each side counts."""
        if side is Side.START and self.start is None:
            self.start, self.keys = given, keys
        elif side is Side.END and self.end is None:
            self.end = given
        else:
            self.repeated = (*self.repeated, given[1])

    def joined(self) -> Joined:
        """Both halves are there."""
        assert self.start is not None
        assert self.end is not None
        pairing, wait_ms = self.pairing, self.pairing.wait_ms
        (start_raw, start_message), (end_raw, end_message) = self.start, self.end
        start = pairing.start_payload(self.keys, start_message, start_raw)
        end = pairing.end_payload(end_message, end_raw)
        start_ms: int = start["at"]
        end_ms: int = end["at"]
        latest_ms = max(start_ms, start_raw.timestamp_ms, end_ms, end_raw.timestamp_ms)
        stored = SessionPair(
            self.session,
            start_raw.location,
            orjson.dumps(start),
            start_ms + wait_ms,
            end_raw.location,
            orjson.dumps(end),
            end_ms + wait_ms,
            latest_ms + 2 * wait_ms,
        )
        return Joined(stored, pairing.row(self.session, start, end))
