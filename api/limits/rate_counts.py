"""What clients sent, counted in the Redis that all API processes share; and rates as text.

The edge to the library ``limits``: its sliding window counter is one Lua script per call over two
keys, ``rate:{client/<hash>/…}`` and the one before, each gone after two windows.  Its storage in
memory is not used: it walks over every client in a new thread up to a hundred times a second.
"""

from __future__ import annotations

import limits
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.limits.rate_limit import MAX_WINDOW_SECONDS, Rate, Usage
from api.limits.redis_calls import RedisCalls


class RedisCounts:
    """Counts by key, for all processes together."""

    def __init__(self, redis: RedisCalls, rate: Rate) -> None:
        """Nothing is sent before the first use."""
        self._redis = redis
        self._item = limits.RateLimitItemPerSecond(
            rate.events, rate.window_seconds, namespace="client"
        )
        self._storage = RedisStorage(
            "redis://", connection_pool=redis.connection_pool, key_prefix="rate"
        )
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    def hit(self, client: str, cost: int) -> bool:
        return self._redis.call(lambda _: self._limiter.hit(self._item, client, cost=cost))

    def usage(self, client: str) -> Usage:
        key, window_seconds = self._item.key_for(client), self._item.get_expiry()
        return self._redis.call(
            lambda _: Usage(*self._storage.get_sliding_window(key, window_seconds))
        )


def parse_rate(text: str) -> Rate:
    """A rate like ``600/minute`` or ``1000 per 10 seconds``.

    Raises:
        ValueError: it is none, or its window is longer than a day.
    """
    (item,) = limits.parse_many(text)
    if item.amount < 1 or not 1 <= item.get_expiry() <= MAX_WINDOW_SECONDS:
        raise ValueError("not a rate over a day at most")
    return Rate(item.amount, item.get_expiry())
