"""The fast way of single events tells the debugger what the application tells it, or nothing."""

from __future__ import annotations

import asyncio

import orjson

from api import paths
from api.app import create_app
from api.config import ApiConfig
from api.http.express import Express
from api.http.lanes import Lane, Queueing
from api.http.observing import Observed
from api.http.rsgi import RsgiBridge
from api.instrumentation import NoInstrumentation
from tests.api.debug.world import DebugWorld
from tests.api.http.rsgi_request import Request
from tests.api.world import CLICK, ENV

BODY = orjson.dumps(CLICK)
HEADERS = (
    ("content-type", "application/json"),
    ("content-length", str(len(BODY))),
    ("origin", "https://shop.example.com"),
    ("x-ugc-sdk", "web/1"),
)


def answered(world: DebugWorld, *headers: tuple[str, str], has_express: bool) -> Express:
    """Sends one event through the front."""
    config = ApiConfig.from_env(ENV)
    express = Express(
        world.pipeline,
        world.seen,
        counts=world.metrics,
        cors=config.cors,
        make_id=world.make_id,
        observer=world.recorder,
    )
    bridge = RsgiBridge(
        create_app(config, world.services()).wsgi_app,
        body_limits={paths.EVENTS: config.body_limit_bytes},
        timeout_seconds=30.0,
        lane=Lane(
            "test",
            threads=2,
            queueing=Queueing(requests=10, seconds=60.0),
            instrumentation=NoInstrumentation(),
        ),
        lanes={},
        express=express if has_express else None,
        make_id=world.make_id,
    )
    request = Request(BODY, path=paths.EVENTS, query_string="", headers=(*HEADERS, *headers))
    with asyncio.Runner() as runner:
        runner.run(bridge(request, request))
        bridge.__rsgi_del__(runner.get_loop())
    assert request.answers[0][0] == 202
    world.recorder.work()
    return express


def test_both_ways_record_the_same() -> None:
    told = []
    for has_express in (True, False):
        world = DebugWorld(applications=())
        express = answered(world, ("x-ugc-debug", "mine"), has_express=has_express)
        assert express.taken == int(has_express)
        ((_, record),) = world.store.before(None, 10)
        document = orjson.loads(record)
        for name in ("milliseconds", "correlation_id", "event_id"):
            del document[name]
        told.append(document)
    assert told[0] == told[1]
    assert told[0]["tag"] == "mine"
    assert told[0]["origin"] == "https://shop.example.com"


class Counting:
    """An observer that wants nothing, and counts what it is asked and handed."""

    def __init__(self) -> None:
        self.asked = 0
        self.kept: list[Observed] = []

    def wants(self, tag: str | None, sender: str | None) -> bool:
        self.asked += 1
        return False

    def keep(self, observed: Observed) -> None:
        self.kept.append(observed)


def calls_of(world: DebugWorld, observer: Counting | None) -> int:
    """How many Python functions are called for one event on the fast way."""
    import sys

    express = Express(
        world.pipeline,
        world.seen,
        counts=world.metrics,
        cors=ApiConfig.from_env(ENV).cors,
        make_id=world.make_id,
        observer=observer,
    )
    request = Request(BODY, path=paths.EVENTS, query_string="", headers=HEADERS)
    calls = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    async def run() -> None:
        headers = express.expected(request)
        assert headers is not None
        sys.setprofile(note)
        try:
            assert await express.run(headers, BODY, 0.0) is not None
        finally:
            sys.setprofile(None)

    with asyncio.Runner() as runner:
        runner.run(run())  # it fills caches
        calls = 0
        runner.run(run())
    return calls


def test_with_the_debugger_off_an_event_costs_no_call_more() -> None:
    """As counted: what is there for the debugger is one comparison with None."""
    off = calls_of(DebugWorld(), None)
    observer = Counting()
    on = calls_of(DebugWorld(), observer)
    assert observer.asked == 2
    assert observer.kept == []
    assert off < on <= off + 12
