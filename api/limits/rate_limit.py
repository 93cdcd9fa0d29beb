"""How much one client may send: a count for each client over a sliding window. Pure over counts.

A client is a network address: the token stands in the body, so whoever wants to be somebody else
only has to write another one, and reading it first would be the work that the limit is to spare.
An IPv6 sender owns a whole /64 and is counted as one.  Addresses are kept as hashes only.

The window is counted as two: what was counted in the one before weighs as much as of it still lies
within the last ``window_seconds``.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from api.errors import CacheUnavailableError, Rejection
from contracts.reasons import DESCRIPTIONS, Reason

_log = logging.getLogger(__name__)

MAX_WINDOW_SECONDS = 24 * 3600
"""What is counted is forgotten after two windows."""

_MAX_CLIENTS = 100_000
"""How many clients one process tells apart within a window, about 15 MB."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many events within any time of that length."""

    events: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a client sent: in the window before, which fades, and in the current one.

    ``previous_seconds`` and ``current_seconds`` tell how long each count still matters: one window
    at most for the former, two for the latter.
    """

    previous: int
    previous_seconds: float
    current: int
    current_seconds: float


class Counts(Protocol):
    """Counts what clients send, each by a key. Safe to share between threads."""

    def hit(self, client: str, cost: int) -> bool:
        """Counts ``cost`` events if that stays within the rate; tells whether it does.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ...

    def usage(self, client: str) -> Usage:
        """What was counted lately.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ...


class InMemoryCounts:
    """Counts within this process: for the time without Redis, and for tests.

    It keeps no more than two windows, of a bounded number of clients each: beyond that the window
    ends early.
    """

    def __init__(
        self, rate: Rate, clock: Callable[[], float], *, max_clients: int = _MAX_CLIENTS
    ) -> None:
        """``clock`` gives seconds."""
        self._rate = rate
        self._clock = clock
        self._max_clients = max_clients
        self._lock = threading.Lock()
        self._started = -math.inf
        self._previous: dict[str, int] = {}
        self._current: dict[str, int] = {}

    def hit(self, client: str, cost: int) -> bool:
        with self._lock:
            if not fits(self._usage(client), self._rate, cost):
                return False
            self._current[client] = self._current.get(client, 0) + cost
            return True

    def usage(self, client: str) -> Usage:
        with self._lock:
            return self._usage(client)

    def _usage(self, client: str) -> Usage:
        now, window = self._clock(), self._rate.window_seconds
        passed = now - self._started
        if passed >= window or len(self._current) >= self._max_clients:
            self._previous = self._current if passed < 2 * window else {}
            self._current = {}
            self._started = now - passed % window if passed < 2 * window else now
        left = self._started + window - now
        return Usage(
            previous=self._previous.get(client, 0),
            previous_seconds=left,
            current=self._current.get(client, 0),
            current_seconds=left + window,
        )


class RateLimit:
    """Refuses what is too much, by the counts that all processes share, else by this one's own."""

    def __init__(self, rate: Rate, *, shared: Counts, local: Counts) -> None:
        self._rate = rate
        self._shared = shared
        self._local = local

    def check(self, address: str | None, *, cost: int = 1) -> None:
        """Counts ``cost`` events of a client.

        Raises:
            Rejection: ``RATE_LIMITED``; nothing was counted.
        """
        client = client_key(address)
        try:
            usage = self._exceeded(self._shared, client, cost)
        except CacheUnavailableError as error:
            _log.debug("rate limit: %s", error)
            usage = self._exceeded(self._local, client, cost)
        if usage is not None:
            raise too_much(usage, self._rate, cost)

    def _exceeded(self, counts: Counts, client: str, cost: int) -> Usage | None:
        return None if counts.hit(client, cost) else counts.usage(client)


def client_key(address: str | None) -> str:
    """A hash of 32 hexadecimal digits for a client's address, as text from a server or a proxy."""
    return hashlib.blake2b(_network(address or "").encode(), digest_size=16).hexdigest()


def _network(address: str) -> str:
    """What one client owns: an IPv4 address, a /64 of IPv6, or else the text as it is."""
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def fits(usage: Usage, rate: Rate, cost: int) -> bool:
    """Whether ``cost`` more events stay within the rate."""
    return _weighed(usage, rate) + cost <= rate.events


def _weighed(usage: Usage, rate: Rate) -> int:
    return math.floor(usage.previous * usage.previous_seconds / rate.window_seconds) + usage.current


def wait_seconds(usage: Usage, rate: Rate, cost: int) -> int:
    """In how many whole seconds ``cost`` events fit if nothing is sent meanwhile; 1 at least."""
    window = rate.window_seconds
    if usage.current + cost <= rate.events:
        left = (rate.events - cost - usage.current) * window / max(usage.previous, 1)
        exact = usage.previous_seconds - left
    else:
        left = (rate.events - cost) * window / max(usage.current, 1)
        exact = usage.current_seconds - min(left, window)
    return max(1, math.ceil(exact))


def too_much(usage: Usage, rate: Rate, cost: int) -> Rejection:
    """The rejection of ``cost`` events, with how long to wait.

    The fields RateLimit and RateLimit-Policy are those of the IETF's draft on rate limit headers
    (draft-ietf-httpapi-ratelimit-headers).
    """
    remaining = max(0, rate.events - _weighed(usage, rate))
    wait = wait_seconds(usage, rate, cost)
    return Rejection(
        Reason.RATE_LIMITED,
        DESCRIPTIONS[Reason.RATE_LIMITED],
        headers={
            "Retry-After": str(wait),
            "RateLimit": f'"events";r={remaining};t={wait}',
            "RateLimit-Policy": f'"events";q={rate.events};w={rate.window_seconds}',
        },
    )
