"""The requests that are sent: made before the start, or filled in at the last moment."""

from __future__ import annotations

import itertools
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jwt

SECRET = "a secret of the bench that has 32 bytes or more"
_USERS = 200
_EVENTS_PER_BATCH = 500
_CLICK = {
    "event": "element_click",
    "data": {"element_type": "trailer", "page_type": "movie"},
}
_HOLE = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of requests."""

    batch: bool = False
    ids: bool = False
    """Whether each event has an ``event_id`` of its own."""
    tokens: bool = False
    """Whether its user is signed in."""


def maker(wanted: Wanted) -> Callable[[], bytes]:
    """What gives the next request, each with ids that were never used."""
    tokens = make_tokens() if wanted.tokens else [None]
    templates = itertools.cycle([_template(wanted, token) for token in tokens])
    if not wanted.ids:
        return templates.__next__
    ids = unique_ids()
    if not wanted.batch:

        def single() -> bytes:
            head, tail = next(templates)
            return b"%b%b%b" % (head, next(ids), tail)

        return single

    def batch() -> bytes:
        parts = next(templates)
        filled = [each for pair in zip(parts, ids, strict=False) for each in pair]
        return b"".join(filled[: 2 * len(parts) - 1])

    return batch


def unique_ids() -> Iterator[bytes]:
    """UUIDs of version 4's form: random in front, counted behind."""
    front = f"{random.getrandbits(32):08x}-{random.getrandbits(16):04x}-4000-8000-".encode()
    return map(b"%b%012x".__mod__, ((front, number) for number in itertools.count()))


def make_tokens() -> list[str]:
    """One of each user, the same for a day."""
    today = int(time.time()) // 86_400 * 86_400
    times = {"iat": today - 86_400, "exp": today + 2 * 86_400}
    users = [str(uuid.UUID(int=number)) for number in range(_USERS)]
    claims = [{"sub": user, "iss": "ugc-auth", **times} for user in users]
    return [jwt.encode(each, SECRET, "HS256") for each in claims]


def _template(wanted: Wanted, token: str | None) -> bytes | list[bytes]:
    """A whole request, or with ids its pieces around each."""
    event = {**_CLICK, "token": token, **({"event_id": _HOLE} if wanted.ids else {})}
    document = [event] * _EVENTS_PER_BATCH if wanted.batch else event
    body = json.dumps(document, separators=(",", ":"))
    path = "/api/v1/events/batch" if wanted.batch else "/api/v1/events"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    whole = (head + body).encode()
    return whole.split(_HOLE.encode()) if wanted.ids else whole
