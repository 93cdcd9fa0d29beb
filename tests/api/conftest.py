"""A real Redis for the tests of what the API keeps there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from tests.api.servers import RedisServer, redis_server


@pytest.fixture(scope="module")
def redis_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server; emptied by ``raw``."""
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def raw(redis_running: RedisServer) -> Iterator[redis.Redis]:
    """A client of the emptied server, to look behind the API's back."""
    with closing(redis.Redis(port=redis_running.port)) as client:
        client.flushall()
        yield client
