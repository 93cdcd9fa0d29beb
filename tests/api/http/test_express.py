"""The fast way of single events: it is taken where it should be, and answers as the application.

Each request goes to two fronts over worlds of their own, alike in everything but that one of them
has no express.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.app import create_app
from api.config import ApiConfig
from api.http.express import Express
from api.http.lanes import Lane, Queueing
from api.http.rsgi import RsgiBridge
from api.instrumentation import NoInstrumentation
from tests.api.http.rsgi_request import Request
from tests.api.world import CLICK, ENV, World

EVENT_ID = "8f14e45f-ceea-467f-a000-000000000001"
PATH = "/api/v1/events"


class SameIds(World):
    """A world in which all ids are one, so that it does not matter who asks for one first."""

    def make_id(self) -> uuid.UUID:
        return uuid.UUID(int=7)


@dataclass
class Seen:
    """What a front did with its requests, as far as anybody can see it."""

    answers: list[tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=list)
    logged: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


class Front:
    """A bridge over a world of its own."""

    def __init__(self, world: World, *, has_express: bool, **settings: str) -> None:
        self.world = world
        config = ApiConfig.from_env({**ENV, **settings})
        services = world.services()
        self.express = Express(
            world.pipeline,
            world.gathered,
            counts=world.metrics,
            cors=config.cors,
            make_id=world.make_id,
        )
        self.lane = Lane(
            "test",
            threads=1,
            queueing=Queueing(requests=10, seconds=60.0),
            instrumentation=NoInstrumentation(),
        )
        self.bridge = RsgiBridge(
            create_app(config, services).wsgi_app,
            body_limits={PATH: config.body_limit_bytes},
            timeout_seconds=30.0,
            lane=self.lane,
            lanes={},
            express=self.express if has_express else None,
            make_id=world.make_id,
        )

    async def answer(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        await self.bridge(request, request)
        ((status, headers, body),) = request.answers
        return status, headers, body


def post(body: bytes | Mapping[str, Any], *more: tuple[str, str]) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "host": "api",
        "content-type": "application/json",
        "content-length": str(len(raw)),
    }
    return Request(raw, b"", path=PATH, query_string="", headers=[*headers.items(), *more])


def test_smoke() -> None:
    async def scenario() -> None:
        a = Front(SameIds(), has_express=True)
        b = Front(SameIds(), has_express=False)
        for body in ({**CLICK}, {**CLICK, "token": a.world.good_token}, {**CLICK, "event": "x"}):
            assert await a.answer(post(body)) == await b.answer(post(body))
        assert a.express.taken == 1
        assert a.world.publisher.published == b.world.publisher.published

    asyncio.run(scenario())
